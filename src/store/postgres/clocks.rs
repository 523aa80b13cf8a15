use super::{PostgresStore, append};
use crate::audit::{ChainName, Event};
use crate::domain::Timestamp;
use crate::store::deliveries::{Changed, event};
use crate::store::error::Result;
use crate::store::records::{DeliveryRecord, read_all};
use crate::store::rows::*;
use crate::store::statements::{EXPIRE_REPEATS, delivery_columns};
use crate::store::traits::ClockStore;
use async_trait::async_trait;

/// Only a named person's acknowledgement stops the clock, so a dead message breaches it too.
const BREACH: &str = concat!(
    "WITH late AS MATERIALIZED (SELECT id AS late_id FROM outbox WHERE due_at <= $1 \
         AND acknowledged_at IS NULL AND breached_at IS NULL \
         ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED), \
     marked AS (UPDATE outbox SET breached_at = $1 FROM late WHERE id = late_id RETURNING *), \
     counted AS (INSERT INTO tally_delta (hour, what, agency, destination, level, priority, count) \
         SELECT $3, 'breached', agency, destination, level, priority, count(*) FROM marked \
         GROUP BY agency, destination, level, priority) \
     SELECT ",
    delivery_columns!(),
    " FROM marked ORDER BY due_at, id"
);

/// Rows are taken by their place in the table, which needs no index; two that fold at once take
/// different rows, and touch totals in the same order.
const FOLD: &str = "WITH gone AS (DELETE FROM tally_delta WHERE ctid = ANY (ARRAY(\
         SELECT ctid FROM tally_delta LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING *), \
     folded AS (INSERT INTO tally (hour, what, agency, destination, level, priority, count) \
         SELECT hour, what, agency, destination, level, priority, sum(count)::bigint FROM gone \
         GROUP BY hour, what, agency, destination, level, priority \
         ORDER BY hour, what, agency, destination, level, priority \
         ON CONFLICT (hour, what, agency, destination, level, priority) \
         DO UPDATE SET count = tally.count + excluded.count) \
     SELECT count(*) FROM gone";

#[async_trait]
impl ClockStore for PostgresStore {
    async fn breach(&self, now: Timestamp, limit: usize) -> Result<Vec<DeliveryRow>> {
        let mut tx = self.pool.begin().await?;
        let records = sqlx::query_as(BREACH)
            .bind(now.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(Tally::hour_of(now).0)
            .fetch_all(&mut *tx)
            .await?;
        let rows = read_all(records, DeliveryRecord::row)?;
        if rows.is_empty() {
            return Ok(rows);
        }
        let events: Vec<Event> = rows
            .iter()
            .map(|row| {
                let changed = Changed { id: row.id.0, referral: row.referral.map(|id| id.0) };
                event("delivery.breached", &changed, None)
            })
            .collect();
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(rows)
    }

    async fn fold_tallies(&self, limit: usize) -> Result<usize> {
        let folded: i64 = sqlx::query_scalar(FOLD)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_one(&self.pool)
            .await?;
        Ok(usize::try_from(folded).unwrap_or_default())
    }

    async fn expire_repeats(&self, now: Timestamp) -> Result<u64> {
        let gone = sqlx::query(EXPIRE_REPEATS).bind(now.0).execute(&self.pool).await?;
        Ok(gone.rows_affected())
    }
}
