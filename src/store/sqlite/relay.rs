use super::many::{self, each};
use super::{SqliteStore, append, notices, write};
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
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use std::ops::RangeInclusive;
use uuid::Uuid;

const CLAIM: &str = concat!(
    "UPDATE outbox SET fence = fence + 1, attempts = attempts + 1, leased_until = $2 \
     WHERE id IN (SELECT o.id FROM outbox o WHERE o.",
    open!(),
    " AND ",
    due!(),
    " AND ",
    at_its_turn!(),
    " AND ",
    not_paused!(),
    " AND (NOT $4 OR o.state = 'delivering') AND CASE WHEN o.priority = 2 \
         THEN o.destination NOT IN (SELECT value FROM json_each($5)) \
         ELSE o.destination NOT IN (SELECT value FROM json_each($6)) END \
     ORDER BY o.priority DESC, o.created_at LIMIT $3) RETURNING ",
    outbox_columns!()
);

const CONFIRM: &str = concat!(
    "UPDATE outbox SET state = 'delivered', delivered_at = $3, leased_until = NULL, \
     last_fault = NULL WHERE id = $1 AND fence = $2 AND ",
    still_open!(),
    " RETURNING id, referral"
);

const RELEASE: &str = concat!(
    "UPDATE outbox SET leased_until = NULL, attempts = attempts - 1 \
     WHERE id = $1 AND fence = $2 AND ",
    still_open!(),
);

/// Whether anyone will see a difference.
const DIFFERS: &str = "SELECT state <> 'delivery-failing' OR last_fault IS NOT $2 FROM outbox \
     WHERE id = $1";

const FAIL: &str = concat!(
    "UPDATE outbox SET state = 'delivery-failing', leased_until = NULL, next_attempt_at = $3, \
     last_fault = $4 WHERE id = $1 AND fence = $2 AND ",
    still_open!(),
    " RETURNING id, referral"
);

const IS_OPEN: &str = concat!("SELECT id, referral FROM outbox WHERE id = $1 AND ", still_open!());

/// A JSON array of destinations, for `json_each`.
fn names(destinations: &[DestinationId]) -> String {
    let names: Vec<&str> = destinations.iter().map(DestinationId::as_str).collect();
    serde_json::to_string(&names).expect("names are plain data")
}

/// Appends a count of `what` for messages, by where and for whom they are.
pub(super) async fn count(
    db: &mut SqliteConnection,
    what: &str,
    ids: impl Iterator<Item = Uuid>,
    now: Timestamp,
) -> Result<()> {
    let mut query = QueryBuilder::new(
        "INSERT INTO tally_delta (hour, what, agency, destination, level, priority, count) SELECT ",
    );
    query.push_bind(Tally::hour_of(now).0).push(", ").push_bind(what);
    query.push(
        ", agency, destination, level, priority, count(*) FROM outbox \
         WHERE id IN ",
    );
    many::push_list(&mut query, ids);
    query.push(" GROUP BY agency, destination, level, priority");
    query.build().persistent(false).execute(db).await?;
    Ok(())
}

/// Writes a copy unless it was written before; returns whether it was written now.
async fn copy(
    db: &mut SqliteConnection,
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
    write::outbox(&mut *db, std::slice::from_ref(row)).await?;
    notices::write(&mut *db, &pages(std::slice::from_ref(row))).await?;
    sqlx::query(MARK_COPY).bind(row.id.0).bind(of.0).bind(why.as_str()).execute(&mut *db).await?;
    write::tallies(db, &[tally("copied", row, now)]).await?;
    Ok(true)
}

#[async_trait]
impl RelayStore for SqliteStore {
    async fn claim_except(
        &self,
        leave: &Leave,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        let mut tx = self.begin_writing().await?;
        let records = sqlx::query_as(CLAIM)
            .bind(now.0)
            .bind(lease_until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(leave.failing)
            .bind(names(&leave.immediate))
            .bind(names(&leave.others))
            .fetch_all(&mut *tx)
            .await?;
        let mut rows = read_all(records, OutboxRecord::row)?;
        tx.commit().await?;
        rows.sort_unstable_by_key(OutboxRecord::order);
        Ok(rows)
    }

    async fn paused(&self, now: Timestamp) -> Result<Vec<DestinationId>> {
        let query = sqlx::query_scalar(PAUSED).bind(now.0);
        let paused: Vec<String> = query.fetch_all(&self.ahead).await?;
        Ok(paused.iter().map(|name| DestinationId::new(name)).collect())
    }

    async fn release(&self, rows: &[(MessageId, i64)]) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        each!(tx, RELEASE, rows, |(id, fence)| id.0, *fence);
        Ok(tx.commit().await?)
    }

    async fn confirm(&self, done: &[(MessageId, i64)], now: Timestamp) -> Result<Vec<MessageId>> {
        let mut tx = self.begin_writing().await?;
        let mut changed: Vec<Changed> = Vec::with_capacity(done.len());
        for (id, fence) in done {
            let one = sqlx::query_as(CONFIRM).bind(id.0).bind(fence).bind(now.0);
            changed.extend(one.fetch_optional(&mut *tx).await?);
        }
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        for changed in changed.chunks(many::ROWS) {
            count(&mut tx, "delivered", changed.iter().map(|one| one.id), now).await?;
        }
        let events: Vec<Event> =
            changed.iter().map(|one| event("delivery.confirmed", one, None)).collect();
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(changed.iter().map(Changed::message).collect())
    }

    async fn fail(&self, failed: &[Failure], now: Timestamp) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        let mut events: Vec<Event> = Vec::with_capacity(failed.len());
        for one in failed {
            let differs: Option<bool> = sqlx::query_scalar(DIFFERS)
                .bind(one.id.0)
                .bind(one.fault)
                .fetch_optional(&mut *tx)
                .await?;
            let changed: Option<Changed> = sqlx::query_as(FAIL)
                .bind(one.id.0)
                .bind(one.fence)
                .bind(one.next_attempt_at.0)
                .bind(one.fault)
                .fetch_optional(&mut *tx)
                .await?;
            let changed = changed.filter(|_| differs == Some(true));
            events.extend(changed.map(|c| event("delivery.failed", &c, Some(one.fault))));
        }
        if !events.is_empty() {
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn dead(&self, id: MessageId, row: Option<OutboxRow>, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let changed: Option<OutboxRecord> =
            sqlx::query_as(DEAD).bind(id.0).bind(now.0).fetch_optional(&mut *tx).await?;
        let Some(record) = changed else { return Ok(false) };
        let original = record.row()?;
        write::tallies(&mut tx, &[tally("dead", &original, now)]).await?;
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
        let mut tx = self.begin_writing().await?;
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
        let mut tx = self.begin_writing().await?;
        let (mut open, mut there) = (Vec::new(), Vec::new());
        for (original, _) in copies {
            let one = sqlx::query_as(IS_OPEN).bind(original.0);
            open.extend(one.fetch_optional(&mut *tx).await?);
            let copied =
                sqlx::query_scalar(COPY_IS_THERE).bind(original.0).bind(CopyWhy::Diverted.as_str());
            if copied.fetch_one(&mut *tx).await? {
                there.push(original.0);
            }
        }
        let (originals, rows) = to_divert(copies, open, &there);
        if rows.is_empty() {
            return Ok(0);
        }
        write::outbox(&mut tx, &rows).await?;
        notices::write(&mut tx, &pages(&rows)).await?;
        let why = CopyWhy::Diverted.as_str();
        let pairs = rows.iter().zip(&originals);
        each!(tx, MARK_COPY, pairs, |(row, original)| row.id.0, original.id, why);
        let tallies: Vec<_> = rows.iter().map(|row| tally("copied", row, now)).collect();
        write::tallies(&mut tx, &tallies).await?;
        let events = diverted(&originals, &rows);
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(rows.len())
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let due: Option<i64> =
            sqlx::query_scalar(NEXT_DUE).bind(now.0).fetch_one(&self.ahead).await?;
        Ok(due.map(Timestamp))
    }

    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>> {
        let record: Option<OutboxRecord> =
            sqlx::query_as(MESSAGE).bind(id.0).fetch_optional(&self.ahead).await?;
        record.map(OutboxRecord::row).transpose()
    }
}

#[async_trait]
impl TakenStore for SqliteStore {
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
            .execute(&self.writer)
            .await?;
        Ok(noted.rows_affected() > 0)
    }

    async fn taken(&self, ids: &[MessageId]) -> Result<Vec<MessageId>> {
        let mut taken = Vec::new();
        for ids in ids.chunks(many::ROWS) {
            let mut query =
                QueryBuilder::new("SELECT id FROM outbox WHERE taken_at IS NOT NULL AND id IN ");
            many::push_list(&mut query, ids.iter().map(|id| id.0));
            let found = query.build_query_scalar::<Uuid>().persistent(false);
            taken.extend(found.fetch_all(&self.readers).await?.into_iter().map(MessageId));
        }
        Ok(taken)
    }
}
