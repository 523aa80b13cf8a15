use super::Own;
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::records::{TallyRecord, read_all};
use crate::store::rows::Tally;
use crate::store::totals::{By, FIRST_DAY, TotalStore};
use async_trait::async_trait;

#[async_trait]
impl TotalStore for Own {
    async fn totals(
        &self,
        by: By,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(Tally, i64)>> {
        let query = sqlx::query_as(by.statement()).bind(since.0).bind(until.0);
        read_all(query.fetch_all(&self.readers).await?, TallyRecord::row)
    }

    async fn first_day(&self, what: &str) -> Result<Option<Timestamp>> {
        let query = sqlx::query_scalar(FIRST_DAY).bind(what);
        let day: Option<i64> = query.fetch_one(&self.readers).await?;
        Ok(day.map(Timestamp))
    }
}
