use super::together::Together;
use super::{PostgresStore, append, column, notices, write};
use crate::audit::{ChainName, Event};
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::deliveries::{Changed, CopyWhy, diverted, event, tally, to_divert};
use crate::store::error::Result;
use crate::store::notices::{NoticeRow, pages};
use crate::store::pauses::{PAUSED, not_paused};
use crate::store::records::{OutboxRecord, read_all};
use crate::store::rows::*;
use crate::store::statements::*;
use crate::store::traits::{Leave, RelayStore, TakenStore};
use async_trait::async_trait;
use sqlx::postgres::PgConnection;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Rows that another relay is claiming at the moment are passed over; one that it has claimed
/// meanwhile is seen again under the row's lock and is leased then.
const CLAIM: &str = concat!(
    "WITH due AS MATERIALIZED (SELECT o.id AS due_id FROM outbox o WHERE o.",
    open!(),
    " AND ",
    due!(),
    " AND ",
    at_its_turn!(),
    " AND ",
    not_paused!(),
    " AND (NOT $4::boolean OR o.state = 'delivering') AND CASE WHEN o.priority = 2 \
         THEN o.destination <> ALL ($5::text[]) ELSE o.destination <> ALL ($6::text[]) END \
     ORDER BY o.priority DESC, o.created_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
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

const RELEASE: &str = concat!(
    "UPDATE outbox SET leased_until = NULL, attempts = attempts - 1 \
     FROM UNNEST($1::uuid[], $2::bigint[]) AS told (told_id, told_fence) \
     WHERE id = told_id AND fence = told_fence AND ",
    still_open!(),
);

/// Returns also whether anyone would see a difference.
const FAIL: &str = concat!(
    "WITH failed AS MATERIALIZED (SELECT id AS failed_id, told_next, told_fault, \
         state <> 'delivery-failing' OR last_fault IS DISTINCT FROM told_fault AS differs \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) \
         AS told (told_id, told_fence, told_next, told_fault) \
         JOIN outbox ON id = told_id WHERE fence = told_fence AND ",
    still_open!(),
    " FOR UPDATE OF outbox) \
     UPDATE outbox SET state = 'delivery-failing', leased_until = NULL, \
     next_attempt_at = told_next, last_fault = told_fault \
     FROM failed WHERE id = failed_id RETURNING id, referral, last_fault, differs"
);

/// In one order, so that two relays never wait for each other.
const HOLD_OPEN: &str = concat!(
    "SELECT id, referral FROM outbox WHERE id = ANY ($1) AND ",
    still_open!(),
    " ORDER BY id FOR UPDATE"
);

const DIVERTED: &str = "SELECT copy_of FROM outbox WHERE copy_of = ANY ($1) AND copy_why = $2";

const MARK_DIVERTED: &str = "UPDATE outbox SET copy_of = told_original, copy_why = $3 \
     FROM UNNEST($1::uuid[], $2::uuid[]) AS told (told_copy, told_original) WHERE id = told_copy";

const TAKEN: &str = "SELECT id FROM outbox WHERE id = ANY ($1) AND taken_at IS NOT NULL";

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
    notices::write(&mut all, &pages(std::slice::from_ref(row)));
    write::tallies(&mut all, &[tally("copied", row, now)]);
    all.run(&mut *db).await?;
    sqlx::query(MARK_COPY).bind(row.id.0).bind(of.0).bind(why.as_str()).execute(db).await?;
    Ok(true)
}

#[async_trait]
impl RelayStore for PostgresStore {
    async fn claim_except(
        &self,
        leave: &Leave,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        let records = sqlx::query_as(CLAIM)
            .bind(now.0)
            .bind(lease_until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(leave.failing)
            .bind(column(&leave.immediate, |destination| destination.as_str()))
            .bind(column(&leave.others, |destination| destination.as_str()))
            .fetch_all(&self.pool)
            .await?;
        let mut rows = read_all(records, OutboxRecord::row)?;
        rows.sort_unstable_by_key(OutboxRecord::order);
        Ok(rows)
    }

    async fn paused(&self, now: Timestamp) -> Result<Vec<DestinationId>> {
        let query = sqlx::query_scalar(PAUSED).bind(now.0);
        let paused: Vec<String> = query.fetch_all(&self.pool).await?;
        Ok(paused.iter().map(|name| DestinationId::new(name)).collect())
    }

    async fn release(&self, rows: &[(MessageId, i64)]) -> Result<()> {
        sqlx::query(RELEASE)
            .bind(column(rows, |(id, _)| id.0))
            .bind(column(rows, |(_, fence)| *fence))
            .execute(&self.pool)
            .await?;
        Ok(())
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
        let changed: Vec<(Uuid, Option<Uuid>, String, bool)> = sqlx::query_as(FAIL)
            .bind(column(failed, |one| one.id.0))
            .bind(column(failed, |one| one.fence))
            .bind(column(failed, |one| one.next_attempt_at.0))
            .bind(column(failed, |one| one.fault))
            .fetch_all(&mut *tx)
            .await?;
        let events: Vec<Event> = changed
            .into_iter()
            .filter(|(_, _, _, differs)| *differs)
            .map(|(id, referral, fault, _)| {
                event("delivery.failed", &Changed { id, referral }, Some(&fault))
            })
            .collect();
        if !events.is_empty() {
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn dead(&self, id: MessageId, row: Option<OutboxRow>, now: Timestamp) -> Result<bool> {
        let mut tx = self.pool.begin().await?;
        let changed: Option<OutboxRecord> =
            sqlx::query_as(DEAD).bind(id.0).bind(now.0).fetch_optional(&mut *tx).await?;
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
            events.extend(pages(&[row]).iter().map(NoticeRow::written));
        }
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn revive(
        &self,
        destination: &DestinationId,
        wait: RangeInclusive<i64>,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize> {
        let mut tx = self.pool.begin().await?;
        let revived: Vec<Changed> = sqlx::query_as(REVIVE)
            .bind(destination.as_str())
            .bind(now.0)
            .bind(wait.start().saturating_mul(1_000_000))
            .bind(wait.end().saturating_mul(1_000_000))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        if revived.is_empty() {
            return Ok(0);
        }
        let events: Vec<Event> =
            revived.iter().map(|one| event("delivery.redriven", one, None)).collect();
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(revived.len())
    }

    async fn divert(&self, copies: &[(MessageId, OutboxRow)], now: Timestamp) -> Result<usize> {
        let mut tx = self.pool.begin().await?;
        // Under the originals' locks: what is confirmed meanwhile needs no copy.
        let asked = column(copies, |(original, _)| original.0);
        let open: Vec<Changed> = sqlx::query_as(HOLD_OPEN).bind(&asked).fetch_all(&mut *tx).await?;
        let there: Vec<Uuid> = sqlx::query_scalar(DIVERTED)
            .bind(&asked)
            .bind(CopyWhy::Diverted.as_str())
            .fetch_all(&mut *tx)
            .await?;
        let (originals, rows) = to_divert(copies, open, &there);
        if rows.is_empty() {
            return Ok(0);
        }
        let tallies: Vec<_> = rows.iter().map(|row| tally("copied", row, now)).collect();
        let mut all = Together::default();
        write::outbox(&mut all, &rows);
        notices::write(&mut all, &pages(&rows));
        write::tallies(&mut all, &tallies);
        all.run(&mut tx).await?;
        sqlx::query(MARK_DIVERTED)
            .bind(column(&rows, |row| row.id.0))
            .bind(column(&originals, |original| original.id))
            .bind(CopyWhy::Diverted.as_str())
            .execute(&mut *tx)
            .await?;
        let events = diverted(&originals, &rows);
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(rows.len())
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

#[async_trait]
impl TakenStore for PostgresStore {
    async fn note_taken(
        &self,
        destination: &DestinationId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<bool> {
        let noted = sqlx::query(NOTE_TAKEN)
            .bind(id.0)
            .bind(destination.as_str())
            .bind(now.0)
            .execute(&self.pool)
            .await?;
        Ok(noted.rows_affected() > 0)
    }

    async fn taken(&self, ids: &[MessageId]) -> Result<Vec<MessageId>> {
        let taken: Vec<Uuid> =
            sqlx::query_scalar(TAKEN).bind(column(ids, |id| id.0)).fetch_all(&self.pool).await?;
        Ok(taken.into_iter().map(MessageId).collect())
    }
}
