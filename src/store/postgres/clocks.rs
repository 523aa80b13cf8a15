use super::{PostgresStore, append};
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
         DO UPDATE SET count = tally.count + excluded.count), \
     days AS (INSERT INTO tally_day (what, day, agency, destination, level, priority, count) \
         SELECT what, hour - hour % 86400000000, agency, destination, level, priority, \
         sum(count)::bigint FROM gone GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 \
         ON CONFLICT (what, day, agency, destination, level, priority) \
         DO UPDATE SET count = tally_day.count + excluded.count) \
     SELECT count(*) FROM gone";

/// A page of the keys in their order, which needs no index of when they expire: no referral pays
/// for that. The place to go on is empty when the page was not full. A key that is used again
/// meanwhile is a new one.
const EXPIRE: &str = "WITH page AS MATERIALIZED (SELECT key AS page_key FROM repeat \
         WHERE key > $2 ORDER BY key LIMIT $3), \
     gone AS (DELETE FROM repeat USING page WHERE key = page_key AND expires_at <= $1 RETURNING 1) \
     SELECT (SELECT count(*) FROM gone), \
         (SELECT page_key FROM page ORDER BY page_key OFFSET $3 - 1 LIMIT 1)";

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

    async fn run_down(
        &self,
        now: Timestamp,
        limit: usize,
        ticks: &dyn Ticks,
    ) -> Result<Vec<Clock>> {
        let mut tx = self.pool.begin().await?;
        let ticked = super::follow::run_down(&mut tx, now, limit, ticks).await?;
        if ticked.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = super::together::Together::default();
        super::write::tallies(&mut all, &ticks::overdue(&ticked, now));
        super::notices::write(&mut all, &ticks::notices(&ticked));
        all.run(&mut tx).await?;
        let events = ticks::events(&ticked);
        super::append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(ticked.into_iter().map(|(clock, _)| clock).collect())
    }

    async fn fold_tallies(&self, limit: usize) -> Result<usize> {
        let folded: i64 = sqlx::query_scalar(FOLD)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_one(&self.pool)
            .await?;
        Ok(usize::try_from(folded).unwrap_or_default())
    }

    async fn expire_repeats(
        &self,
        now: Timestamp,
        after: Option<Token16>,
        limit: usize,
    ) -> Result<(u64, Option<Token16>)> {
        let (gone, last): (i64, Option<Vec<u8>>) = sqlx::query_as(EXPIRE)
            .bind(now.0)
            .bind(after.as_ref().map_or(&[][..], |key| key.as_slice()))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_one(&self.pool)
            .await?;
        let last = last.map(|key| token16(&key, "key")).transpose()?;
        Ok((u64::try_from(gone).unwrap_or_default(), last))
    }
}
