use super::SqliteStore;
use crate::store::error::Result;
use crate::store::migrations::{APPLIED, CREATE_RECORD, RECORD, judge, missing};
use crate::store::traits::SchemaStore;
use async_trait::async_trait;
use sqlx::raw_sql;

#[async_trait]
impl SchemaStore for SqliteStore {
    async fn migrate(&self) -> Result<Vec<String>> {
        let mut done = Vec::new();
        loop {
            let mut tx = self.begin_writing().await?;
            raw_sql(CREATE_RECORD).execute(&mut *tx).await?;
            let applied: Vec<(i32, bool)> = sqlx::query_as(APPLIED).fetch_all(&mut *tx).await?;
            let Some(next) = missing(&applied).next() else {
                tx.commit().await?;
                return Ok(done);
            };
            raw_sql(next.sqlite).execute(&mut *tx).await?;
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

    // Also readiness: readers that are all busy are no reason to send referrals elsewhere.
    async fn check_schema(&self) -> Result<()> {
        let there: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'migration')",
        )
        .fetch_one(&self.ahead)
        .await?;
        if !there {
            return judge(&[]);
        }
        judge(&sqlx::query_as::<_, (i32, bool)>(APPLIED).fetch_all(&self.ahead).await?)
    }
}
