use super::together::Together;
use super::{PostgresStore, append, column, write};
use crate::audit::{ChainName, Event};
use crate::domain::{MessageId, Timestamp};
use crate::store::deliveries::{Changed, CopyWhy, event, tally};
use crate::store::error::Result;
use crate::store::records::{OutboxRecord, read_all};
use crate::store::rows::*;
use crate::store::statements::*;
use crate::store::traits::RelayStore;
use async_trait::async_trait;
use sqlx::postgres::PgConnection;

/// Rows that another relay is claiming at the moment are passed over; one that it has claimed
/// meanwhile is seen again under the row's lock and is leased then.
const CLAIM: &str = concat!(
    "WITH due AS MATERIALIZED (SELECT o.id AS due_id FROM outbox o WHERE o.",
    open!(),
    " AND ",
    due!(),
    " AND ",
    at_its_turn!(),
    " ORDER BY o.priority DESC, o.created_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE outbox SET fence = fence + 1, attempts = attempts + 1, leased_until = $2 \
     FROM due WHERE id = due_id RETURNING ",
    outbox_columns!()
);

const CONFIRM: &str = concat!(
    "WITH done AS (UPDATE outbox SET state = 'delivered', delivered_at = $3, \
         leased_until = NULL, last_fault = NULL \
         FROM UNNEST($1::uuid[], $2::bigint[]) AS told (told_id, told_fence) \
         WHERE id = told_id AND fence = told_fence AND ",
    still_open!(),
    " RETURNING id, referral, agency, destination, level, priority), \
     counted AS (INSERT INTO tally_delta (hour, what, agency, destination, level, priority, count) \
         SELECT $4, 'delivered', agency, destination, level, priority, count(*) FROM done \
         GROUP BY agency, destination, level, priority) \
     SELECT id, referral FROM done"
);

const FAIL: &str = concat!(
    "UPDATE outbox SET state = 'delivery-failing', leased_until = NULL, \
     next_attempt_at = told_next, last_fault = told_fault \
     FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) \
     AS told (told_id, told_fence, told_next, told_fault) \
     WHERE id = told_id AND fence = told_fence AND ",
    still_open!(),
    " RETURNING id, referral, last_fault"
);

const HOLD_OPEN: &str =
    concat!("SELECT id, referral FROM outbox WHERE id = $1 AND ", still_open!(), " FOR UPDATE");

/// Writes a copy unless it was written before; returns whether it was written now.
async fn copy(
    db: &mut PgConnection,
    of: MessageId,
    why: CopyWhy,
    row: &OutboxRow,
    now: Timestamp,
) -> Result<bool> {
    let there: bool =
        sqlx::query_scalar(COPY_IS_THERE).bind(of.0).bind(why.as_str()).fetch_one(&mut *db).await?;
    if there {
        return Ok(false);
    }
    let mut all = Together::default();
    write::outbox(&mut all, std::slice::from_ref(row));
    write::tallies(&mut all, &[tally("routed", row, now)]);
    all.run(&mut *db).await?;
    sqlx::query(MARK_COPY).bind(row.id.0).bind(of.0).bind(why.as_str()).execute(db).await?;
    Ok(true)
}

#[async_trait]
impl RelayStore for PostgresStore {
    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        let records = sqlx::query_as(CLAIM)
            .bind(now.0)
            .bind(lease_until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        let mut rows = read_all(records, OutboxRecord::row)?;
        rows.sort_unstable_by_key(OutboxRecord::order);
        Ok(rows)
    }

    async fn confirm(&self, done: &[(MessageId, i64)], now: Timestamp) -> Result<Vec<MessageId>> {
        if done.is_empty() {
            return Ok(Vec::new());
        }
        // A mark that is lost with the server is made again: the message is sent once more.
        let mut tx = self.pool.begin_with("BEGIN; SET LOCAL synchronous_commit = off").await?;
        let changed: Vec<Changed> = sqlx::query_as(CONFIRM)
            .bind(column(done, |(id, _)| id.0))
            .bind(column(done, |(_, fence)| *fence))
            .bind(now.0)
            .bind(Tally::hour_of(now).0)
            .fetch_all(&mut *tx)
            .await?;
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let events: Vec<Event> =
            changed.iter().map(|one| event("delivery.confirmed", one, None)).collect();
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(changed.iter().map(Changed::message).collect())
    }

    async fn fail(&self, failed: &[Failure], now: Timestamp) -> Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool.begin().await?;
        let changed: Vec<(uuid::Uuid, Option<uuid::Uuid>, String)> = sqlx::query_as(FAIL)
            .bind(column(failed, |one| one.id.0))
            .bind(column(failed, |one| one.fence))
            .bind(column(failed, |one| one.next_attempt_at.0))
            .bind(column(failed, |one| one.fault))
            .fetch_all(&mut *tx)
            .await?;
        if changed.is_empty() {
            return Ok(());
        }
        let events: Vec<Event> = changed
            .into_iter()
            .map(|(id, referral, fault)| {
                event("delivery.failed", &Changed { id, referral }, Some(&fault))
            })
            .collect();
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        Ok(tx.commit().await?)
    }

    async fn dead(&self, id: MessageId, row: Option<OutboxRow>, now: Timestamp) -> Result<bool> {
        let mut tx = self.pool.begin().await?;
        let changed: Option<OutboxRecord> =
            sqlx::query_as(DEAD).bind(id.0).fetch_optional(&mut *tx).await?;
        let Some(record) = changed else { return Ok(false) };
        let original = record.row()?;
        let mut counted = Together::default();
        write::tallies(&mut counted, &[tally("dead", &original, now)]);
        counted.run(&mut tx).await?;
        let mut events = vec![event("delivery.dead", &Changed::of(&original), None)];
        if let Some(row) = row
            && copy(&mut tx, id, CopyWhy::Dead, &row, now).await?
        {
            events.push(event("delivery.copied", &Changed::of(&row), Some("dead")));
        }
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn divert(&self, id: MessageId, row: OutboxRow, now: Timestamp) -> Result<bool> {
        let mut tx = self.pool.begin().await?;
        // Under the original's lock: what is confirmed meanwhile needs no copy.
        let open: Option<Changed> =
            sqlx::query_as(HOLD_OPEN).bind(id.0).fetch_optional(&mut *tx).await?;
        let Some(original) = open else { return Ok(false) };
        if !copy(&mut tx, id, CopyWhy::Diverted, &row, now).await? {
            return Ok(false);
        }
        let events = [
            event("delivery.diverted", &original, None),
            event("delivery.copied", &Changed::of(&row), Some("diverted")),
        ];
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let due: Option<i64> =
            sqlx::query_scalar(NEXT_DUE).bind(now.0).fetch_one(&self.pool).await?;
        Ok(due.map(Timestamp))
    }

    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>> {
        let record: Option<OutboxRecord> =
            sqlx::query_as(MESSAGE).bind(id.0).fetch_optional(&self.pool).await?;
        record.map(OutboxRecord::row).transpose()
    }
}
