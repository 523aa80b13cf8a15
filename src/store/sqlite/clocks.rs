use super::relay::count;
use super::{SqliteStore, append, many};
use crate::audit::{ChainName, Event};
use crate::domain::Timestamp;
use crate::store::deliveries::{Changed, event};
use crate::store::error::Result;
use crate::store::follow::Clock;
use crate::store::records::{DeliveryRecord, read_all, token16};
use crate::store::rows::*;
use crate::store::statements::delivery_columns;
use crate::store::ticks::{self, Ticks};
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

/// As [`FOLD`], into days.
const FOLD_DAYS: &str = "INSERT INTO tally_day \
     (what, day, agency, destination, level, priority, count) \
     SELECT what, hour - hour % 86400000000, agency, destination, level, priority, sum(count) FROM \
     (SELECT * FROM tally_delta ORDER BY rowid LIMIT $1) \
     WHERE true GROUP BY 1, 2, 3, 4, 5, 6 \
     ON CONFLICT (what, day, agency, destination, level, priority) \
     DO UPDATE SET count = tally_day.count + excluded.count";

const FOLDED: &str = "DELETE FROM tally_delta \
     WHERE rowid IN (SELECT rowid FROM tally_delta ORDER BY rowid LIMIT $1)";

/// The last key of a page of keys in their order, where the page is full. The order needs no
/// index of when they expire: no referral pays for that.
const PAGE_END: &str = "SELECT key FROM repeat WHERE key > $1 ORDER BY key LIMIT 1 OFFSET $2";

const EXPIRE: &str = "DELETE FROM repeat \
     WHERE key > $2 AND ($3 IS NULL OR key <= $3) AND expires_at <= $1";

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

    async fn run_down(
        &self,
        now: Timestamp,
        limit: usize,
        ticks: &dyn Ticks,
    ) -> Result<Vec<Clock>> {
        let mut tx = self.begin_writing().await?;
        let ticked = super::follow::run_down(&mut tx, now, limit, ticks).await?;
        if ticked.is_empty() {
            return Ok(Vec::new());
        }
        super::write::tallies(&mut tx, &ticks::overdue(&ticked, now)).await?;
        super::notices::write(&mut tx, &ticks::notices(&ticked)).await?;
        let events = ticks::events(&ticked);
        super::append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(ticked.into_iter().map(|(clock, _)| clock).collect())
    }

    async fn fold_tallies(&self, limit: usize) -> Result<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.begin_writing().await?;
        sqlx::query(FOLD).bind(limit).execute(&mut *tx).await?;
        sqlx::query(FOLD_DAYS).bind(limit).execute(&mut *tx).await?;
        let folded = sqlx::query(FOLDED).bind(limit).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(usize::try_from(folded.rows_affected()).unwrap_or_default())
    }

    async fn expire_repeats(
        &self,
        now: Timestamp,
        after: Option<Token16>,
        limit: usize,
    ) -> Result<(u64, Option<Token16>)> {
        let from = after.as_ref().map_or(&[][..], |key| key.as_slice());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.begin_writing().await?;
        let last: Option<Vec<u8>> = sqlx::query_scalar(PAGE_END)
            .bind(from)
            .bind(limit - 1)
            .fetch_optional(&mut *tx)
            .await?;
        let gone = sqlx::query(EXPIRE)
            .bind(now.0)
            .bind(from)
            .bind(last.as_deref())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok((gone.rows_affected(), last.map(|key| token16(&key, "key")).transpose()?))
    }
}
