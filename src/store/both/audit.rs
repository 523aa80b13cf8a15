use super::Own;
use crate::audit::{ChainKey, ChainName, StoredLinkOfChain};
use crate::store::error::Result;
use crate::store::records::ChainLinkRecord;
use crate::store::statements::CHAIN_LINKS;
use crate::store::traits::AuditStore;
use async_trait::async_trait;

#[async_trait]
impl AuditStore for Own {
    fn set_chain_key(&self, key: ChainKey) {
        // Only the first is taken, as the trait says.
        let _ = self.chains.set(key);
    }

    async fn chain(
        &self,
        chain: ChainName,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredLinkOfChain>> {
        let records: Vec<ChainLinkRecord> = sqlx::query_as(CHAIN_LINKS)
            .bind(chain.as_str())
            .bind(after)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
        Ok(records.into_iter().map(ChainLinkRecord::row).collect())
    }
}
