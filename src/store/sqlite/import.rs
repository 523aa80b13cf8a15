use super::{SqliteStore, append, many, people, write};
use crate::audit::{ChainName, Event};
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::records::{KnownRecord, read_all};
use crate::store::rows::{KnownPerson, PersonRow, Token16};
use crate::store::statements::COUNT_PEOPLE;
use crate::store::traits::ImportStore;
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;

#[async_trait]
impl ImportStore for SqliteStore {
    async fn known(&self, sources: &[Token16]) -> Result<Vec<KnownPerson>> {
        let mut known = Vec::new();
        for sources in sources.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(
                "SELECT source, id, as_of FROM person \
                 WHERE source IS NOT NULL AND source IN ",
            );
            many::push_list(&mut query, sources.iter().map(|source| source.as_slice()));
            let records = query.build_query_as().persistent(false).fetch_all(&self.readers).await?;
            known.extend(read_all(records, KnownRecord::row)?);
        }
        Ok(known)
    }

    async fn import(&self, rows: &[PersonRow], event: Event, now: Timestamp) -> Result<()> {
        let chains = self.chains()?;
        let mut tx = self.begin_writing().await?;
        let seq = write::next_seq(&mut tx).await?;
        people::write(&mut tx, rows).await?;
        people::replace_tokens(&mut tx, rows, seq).await?;
        append(&mut tx, chains, ChainName::Import, now, &[event]).await?;
        Ok(tx.commit().await?)
    }

    async fn count_people(&self) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(COUNT_PEOPLE).fetch_one(&self.readers).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
