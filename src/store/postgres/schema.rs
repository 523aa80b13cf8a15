use super::PostgresStore;
use crate::store::error::Result;
use crate::store::migrations::{APPLIED, CREATE_RECORD, RECORD, judge, missing};
use crate::store::traits::SchemaStore;
use async_trait::async_trait;
use sqlx::raw_sql;

#[async_trait]
impl SchemaStore for PostgresStore {
    async fn migrate(&self) -> Result<Vec<String>> {
        let mut done = Vec::new();
        loop {
            // Two gateways may migrate at once: each step is taken under the lane's lock, and
            // what the other did meanwhile is read again.
            let mut tx = self.begin_locked().await?;
            raw_sql(CREATE_RECORD).execute(&mut *tx).await?;
            let applied: Vec<(i32, bool)> = sqlx::query_as(APPLIED).fetch_all(&mut *tx).await?;
            let Some(next) = missing(&applied).next() else {
                tx.commit().await?;
                return Ok(done);
            };
            raw_sql(next.postgres).execute(&mut *tx).await?;
            sqlx::query(RECORD)
                .bind(next.version)
                .bind(next.name)
                .bind(next.expanding)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            done.push(next.name.to_owned());
        }
    }

    async fn check_schema(&self) -> Result<()> {
        let there: bool = sqlx::query_scalar("SELECT to_regclass('migration') IS NOT NULL")
            .fetch_one(&self.readers)
            .await?;
        if !there {
            return judge(&[]);
        }
        judge(&sqlx::query_as::<_, (i32, bool)>(APPLIED).fetch_all(&self.readers).await?)
    }
}
