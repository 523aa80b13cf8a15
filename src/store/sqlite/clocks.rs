use super::relay::count;
use super::{SqliteStore, append, many};
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
    "UPDATE outbox SET breached_at = $1 WHERE id IN (SELECT id FROM outbox WHERE due_at <= $1 \
     AND acknowledged_at IS NULL AND breached_at IS NULL ORDER BY due_at LIMIT $2) RETURNING ",
    delivery_columns!()
);

const FOLD: &str = "INSERT INTO tally (hour, what, agency, destination, level, priority, count) \
     SELECT hour, what, agency, destination, level, priority, sum(count) FROM \
     (SELECT * FROM tally_delta ORDER BY rowid LIMIT $1) \
     WHERE true GROUP BY hour, what, agency, destination, level, priority \
     ON CONFLICT (hour, what, agency, destination, level, priority) \
     DO UPDATE SET count = tally.count + excluded.count";

const FOLDED: &str = "DELETE FROM tally_delta \
     WHERE rowid IN (SELECT rowid FROM tally_delta ORDER BY rowid LIMIT $1)";

#[async_trait]
impl ClockStore for SqliteStore {
    async fn breach(&self, now: Timestamp, limit: usize) -> Result<Vec<DeliveryRow>> {
        let mut tx = self.begin_writing().await?;
        let records = sqlx::query_as(BREACH)
            .bind(now.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        let mut rows = read_all(records, DeliveryRecord::row)?;
        if rows.is_empty() {
            return Ok(rows);
        }
        rows.sort_unstable_by_key(|row| (row.due_at, row.id));
        for rows in rows.chunks(many::ROWS) {
            count(&mut tx, "breached", rows.iter().map(|row| row.id.0), now).await?;
        }
        let breached = |row: &DeliveryRow| {
            let changed = Changed { id: row.id.0, referral: row.referral.map(|id| id.0) };
            event("delivery.breached", &changed, None)
        };
        let events: Vec<Event> = rows.iter().map(breached).collect();
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(rows)
    }

    async fn fold_tallies(&self, limit: usize) -> Result<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.begin_writing().await?;
        sqlx::query(FOLD).bind(limit).execute(&mut *tx).await?;
        let folded = sqlx::query(FOLDED).bind(limit).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(usize::try_from(folded.rows_affected()).unwrap_or_default())
    }

    async fn expire_repeats(&self, now: Timestamp) -> Result<u64> {
        let gone = sqlx::query(EXPIRE_REPEATS).bind(now.0).execute(&self.writer).await?;
        Ok(gone.rows_affected())
    }
}
