use super::together::Together;
use super::{PostgresStore, append, column, people, write};
use crate::audit::{ChainName, Event};
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::records::{KnownRecord, read_all};
use crate::store::rows::{KnownPerson, PersonRow, Token16};
use crate::store::statements::COUNT_PEOPLE;
use crate::store::traits::ImportStore;
use async_trait::async_trait;

#[async_trait]
impl ImportStore for PostgresStore {
    async fn known(&self, sources: &[Token16]) -> Result<Vec<KnownPerson>> {
        let records = sqlx::query_as(
            "SELECT source, id, as_of FROM person \
             WHERE source = ANY($1::bytea[]) AND source IS NOT NULL",
        )
        .bind(column(sources, |source| source.as_slice()))
        .fetch_all(&self.pool)
        .await?;
        read_all(records, KnownRecord::row)
    }

    async fn import(&self, rows: &[PersonRow], event: Event, now: Timestamp) -> Result<()> {
        let chains = self.chains()?;
        let mut tx = self.begin_locked().await?;
        let seq = write::next_seq(&mut tx).await?;
        people::forget_tokens(&mut tx, rows).await?;
        let mut all = Together::default();
        people::write(&mut all, rows);
        people::feed_tokens(&mut all, rows, seq);
        all.run(&mut tx).await?;
        append(&mut tx, chains, ChainName::Import, now, &[event]).await?;
        Ok(tx.commit().await?)
    }

    async fn count_people(&self) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(COUNT_PEOPLE).fetch_one(&self.readers).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
