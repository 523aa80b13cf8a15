use super::together::Together;
use super::{PostgresStore, append, column};
use crate::audit::{ChainName, Event};
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::notices::*;
use crate::store::records::{OutboxRecord, priority_code, read_all};
use crate::store::statements::outbox_columns;
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

const CLAIM: &str = concat!(
    "WITH due AS MATERIALIZED (",
    due_notices!(),
    " FOR UPDATE SKIP LOCKED) \
     UPDATE notice SET next_attempt_at = $2, attempts = attempts + 1 FROM due WHERE id = due_id \
     RETURNING ",
    notice_columns!()
);

/// Returns whether anyone would see a difference.
const FAIL: &str = concat!(
    "WITH failed AS MATERIALIZED (SELECT id AS failed_id, \
         state <> 'failing' OR last_fault IS DISTINCT FROM $2 AS differs \
         FROM notice WHERE id = $1 AND ",
    open_notice!(),
    " FOR UPDATE) \
     UPDATE notice SET state = 'failing', last_fault = $2, next_attempt_at = $3 \
     FROM failed WHERE id = failed_id RETURNING differs"
);

/// Rows that another gateway is alerting about, or that a person is acknowledging, are passed over.
const UNACKNOWLEDGED: &str = concat!(unacknowledged!(), " FOR UPDATE SKIP LOCKED");

const NOT_SENT: &str =
    concat!("SELECT message, whom FROM notice WHERE message = ANY ($1) AND ", open_notice!());

const ALERTED: &str = "UPDATE outbox SET alerted_at = $2, alerts = alerts + 1 WHERE id = ANY ($1)";

#[derive(FromRow)]
struct DueRecord {
    #[sqlx(flatten)]
    row: OutboxRecord,
    alerts: i32,
}

/// Writes notices that have not been sent yet.
pub(super) fn write(all: &mut Together, rows: &[NoticeRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO notice (id, whom, kind, destination, referral, refusal, message, priority, \
         since, due_at, created_at, next_attempt_at, state, attempts) \
         SELECT new.*, new.created_at, 'waiting', 0 FROM UNNEST(?::uuid[], ?::text[], ?::text[], \
         ?::text[], ?::uuid[], ?::uuid[], ?::uuid[], ?::smallint[], ?::bigint[], ?::bigint[], \
         ?::bigint[]) AS new (id, whom, kind, destination, referral, refusal, message, priority, \
         since, due_at, created_at)",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.whom.to_string()))
    .bind(column(rows, |r| r.kind.as_str()))
    .bind(column(rows, |r| r.destination.as_str()))
    .bind(column(rows, |r| r.referral.map(|id| id.0)))
    .bind(column(rows, |r| r.refusal.map(|id| id.0)))
    .bind(column(rows, |r| r.message.map(|id| id.0)))
    .bind(column(rows, |r| priority_code(r.priority)))
    .bind(column(rows, |r| r.since.0))
    .bind(column(rows, |r| r.due_at.0))
    .bind(column(rows, |r| r.created_at.0));
}

#[async_trait]
impl NoticeStore for PostgresStore {
    async fn alert(
        &self,
        now: Timestamp,
        overdue: Overdue,
        limit: usize,
        tell: Tell<'_>,
    ) -> Result<Vec<Alerted>> {
        let mut tx = self.pool.begin().await?;
        let records: Vec<DueRecord> = sqlx::query_as(UNACKNOWLEDGED)
            .bind(overdue.first.0)
            .bind(overdue.again.0)
            .bind(overdue.latest().0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        let due = read_all(records, |record| Ok((record.row.row()?, record.alerts)))?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = column(&due, |(row, _)| row.id.0);
        let open = sqlx::query_as(NOT_SENT).bind(&ids).fetch_all(&mut *tx).await?;
        let alerts = alerts(due, open, tell);
        sqlx::query(ALERTED).bind(&ids).bind(now.0).execute(&mut *tx).await?;
        let notices: Vec<NoticeRow> =
            alerts.iter().flat_map(|alert| alert.notices.iter().cloned()).collect();
        let mut all = Together::default();
        write(&mut all, &notices);
        all.run(&mut tx).await?;
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &alerted(&alerts)).await?;
        tx.commit().await?;
        Ok(alerts)
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueNotice>> {
        let records = sqlx::query_as(CLAIM)
            .bind(now.0)
            .bind(until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        Ok(in_order(read_all(records, NoticeRecord::due)?))
    }

    async fn notice_sent(&self, notice: &NoticeRow, now: Timestamp) -> Result<bool> {
        let mut tx = self.pool.begin().await?;
        let marked = sqlx::query(SENT).bind(notice.id.0).bind(now.0).execute(&mut *tx).await?;
        if marked.rows_affected() == 0 {
            return Ok(false);
        }
        let events: [Event; 1] = [notice.event("notice.sent", None)];
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn notice_failed(
        &self,
        notice: &NoticeRow,
        fault: &'static str,
        next_attempt_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.pool.begin().await?;
        let differs: Option<bool> = sqlx::query_scalar(FAIL)
            .bind(notice.id.0)
            .bind(fault)
            .bind(next_attempt_at.0)
            .fetch_optional(&mut *tx)
            .await?;
        if differs == Some(true) {
            let events = [notice.event("notice.failed", Some(fault))];
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        }
        tx.commit().await?;
        Ok(differs.is_some())
    }

    async fn open_notices(&self) -> Result<Vec<OpenNotices>> {
        read_all(sqlx::query_as(OPEN_NOTICES).fetch_all(&self.readers).await?, open_notices)
    }
}
