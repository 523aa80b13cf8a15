use super::{PostgresStore, column};
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::error::Result;
use crate::store::records::{QueuedRecord, priority_code, read_all};
use crate::store::rows::QueuedMessage;
use crate::store::statements::*;
use crate::store::traits::QueueStore;
use async_trait::async_trait;

const LEASE: &str = "WITH next AS MATERIALIZED (SELECT position AS next_position FROM queued \
         WHERE destination = $1 AND NOT dead AND (leased_until IS NULL OR leased_until <= $2) \
         ORDER BY priority DESC, position LIMIT $4 FOR UPDATE SKIP LOCKED) \
     UPDATE queued SET deliveries = deliveries + 1, leased_until = $3 \
     FROM next WHERE position = next_position \
     RETURNING id, destination, priority, payload, deliveries, position";

#[async_trait]
impl QueueStore for PostgresStore {
    async fn enqueue(&self, messages: &[QueuedMessage], now: Timestamp) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO queued (destination, id, priority, payload, deliveries, enqueued_at, \
             dead) SELECT destination, id, priority, payload, deliveries, $6, false \
             FROM UNNEST($1::text[], $2::uuid[], $3::smallint[], $4::bytea[], $5::integer[]) \
             WITH ORDINALITY AS new (destination, id, priority, payload, deliveries, place) \
             ORDER BY place",
        )
        .bind(column(messages, |m| m.destination.as_str()))
        .bind(column(messages, |m| m.id.0))
        .bind(column(messages, |m| priority_code(m.priority)))
        .bind(column(messages, |m| m.payload.as_slice()))
        .bind(column(messages, |m| m.deliveries))
        .bind(now.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(QUEUE_EXHAUST).bind(destination.as_str()).bind(now.0).execute(&mut *tx).await?;
        let mut records: Vec<QueuedRecord> = sqlx::query_as(LEASE)
            .bind(destination.as_str())
            .bind(now.0)
            .bind(until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        records.sort_unstable_by_key(QueuedRecord::order);
        read_all(records, QueuedRecord::row)
    }

    async fn take(&self, destination: &DestinationId, id: MessageId) -> Result<bool> {
        let taken = sqlx::query(QUEUE_TAKE)
            .bind(id.0)
            .bind(destination.as_str())
            .execute(&self.pool)
            .await?;
        Ok(taken.rows_affected() > 0)
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>> {
        let records = sqlx::query_as(QUEUE_DEAD)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        read_all(records, QueuedRecord::row)
    }

    async fn bury(&self, id: MessageId, destination: &DestinationId) -> Result<()> {
        sqlx::query(QUEUE_BURY).bind(id.0).bind(destination.as_str()).execute(&self.pool).await?;
        Ok(())
    }

    async fn depth(&self, destination: &DestinationId) -> Result<u64> {
        let depth: i64 = sqlx::query_scalar(QUEUE_DEPTH)
            .bind(destination.as_str())
            .fetch_one(&self.readers)
            .await?;
        Ok(u64::try_from(depth).unwrap_or_default())
    }
}
