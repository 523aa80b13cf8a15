use super::{SqliteStore, append, many, write};
use crate::audit::{ChainName, Event};
use crate::domain::{MessageId, Timestamp};
use crate::store::deliveries::{Changed, CopyWhy, event, tally};
use crate::store::error::Result;
use crate::store::records::{OutboxRecord, read_all};
use crate::store::rows::*;
use crate::store::statements::*;
use crate::store::traits::RelayStore;
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

const CLAIM: &str = concat!(
    "UPDATE outbox SET fence = fence + 1, attempts = attempts + 1, leased_until = $2 \
     WHERE id IN (SELECT o.id FROM outbox o WHERE o.",
    open!(),
    " AND ",
    due!(),
    " AND ",
    at_its_turn!(),
    " ORDER BY o.priority DESC, o.created_at LIMIT $3) RETURNING ",
    outbox_columns!()
);

const CONFIRM: &str = concat!(
    "UPDATE outbox SET state = 'delivered', delivered_at = $3, leased_until = NULL, \
     last_fault = NULL WHERE id = $1 AND fence = $2 AND ",
    still_open!(),
    " RETURNING id, referral"
);

const FAIL: &str = concat!(
    "UPDATE outbox SET state = 'delivery-failing', leased_until = NULL, next_attempt_at = $3, \
     last_fault = $4 WHERE id = $1 AND fence = $2 AND ",
    still_open!(),
    " RETURNING id, referral"
);

const IS_OPEN: &str = concat!("SELECT id, referral FROM outbox WHERE id = $1 AND ", still_open!());

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
    sqlx::query(MARK_COPY).bind(row.id.0).bind(of.0).bind(why.as_str()).execute(&mut *db).await?;
    write::tallies(db, &[tally("routed", row, now)]).await?;
    Ok(true)
}

#[async_trait]
impl RelayStore for SqliteStore {
    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        let mut tx = self.begin_writing().await?;
        let records = sqlx::query_as(CLAIM)
            .bind(now.0)
            .bind(lease_until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        let mut rows = read_all(records, OutboxRecord::row)?;
        tx.commit().await?;
        rows.sort_unstable_by_key(OutboxRecord::order);
        Ok(rows)
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
            let changed: Option<Changed> = sqlx::query_as(FAIL)
                .bind(one.id.0)
                .bind(one.fence)
                .bind(one.next_attempt_at.0)
                .bind(one.fault)
                .fetch_optional(&mut *tx)
                .await?;
            events.extend(changed.map(|c| event("delivery.failed", &c, Some(one.fault))));
        }
        if events.is_empty() {
            return Ok(());
        }
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        Ok(tx.commit().await?)
    }

    async fn dead(&self, id: MessageId, row: Option<OutboxRow>, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let changed: Option<OutboxRecord> =
            sqlx::query_as(DEAD).bind(id.0).fetch_optional(&mut *tx).await?;
        let Some(record) = changed else { return Ok(false) };
        let original = record.row()?;
        write::tallies(&mut tx, &[tally("dead", &original, now)]).await?;
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
        let mut tx = self.begin_writing().await?;
        let open: Option<Changed> =
            sqlx::query_as(IS_OPEN).bind(id.0).fetch_optional(&mut *tx).await?;
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
            sqlx::query_scalar(NEXT_DUE).bind(now.0).fetch_one(&self.ahead).await?;
        Ok(due.map(Timestamp))
    }

    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>> {
        let record: Option<OutboxRecord> =
            sqlx::query_as(MESSAGE).bind(id.0).fetch_optional(&self.ahead).await?;
        record.map(OutboxRecord::row).transpose()
    }
}
