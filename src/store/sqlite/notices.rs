use super::many::{self, each, push_list};
use super::{SqliteStore, append};
use crate::audit::ChainName;
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::notices::*;
use crate::store::records::{OutboxRecord, priority_code, read_all};
use crate::store::statements::outbox_columns;
use async_trait::async_trait;
use sqlx::FromRow;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

const CLAIM: &str = concat!(
    "UPDATE notice SET next_attempt_at = $2, attempts = attempts + 1 WHERE id IN (",
    due_notices!(),
    ") RETURNING ",
    notice_columns!()
);

/// Whether anyone would see a difference.
const DIFFERS: &str = concat!(
    "SELECT state <> 'failing' OR last_fault IS NOT $2 FROM notice WHERE id = $1 AND ",
    open_notice!()
);

const FAIL: &str =
    "UPDATE notice SET state = 'failing', last_fault = $2, next_attempt_at = $3 WHERE id = $1";

const ALERTED: &str = "UPDATE outbox SET alerted_at = $2, alerts = alerts + 1 WHERE id = $1";

#[derive(FromRow)]
struct DueRecord {
    #[sqlx(flatten)]
    row: OutboxRecord,
    alerts: i32,
}

/// Writes notices that have not been sent yet.
pub(super) async fn write(db: &mut SqliteConnection, rows: &[NoticeRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO notice (id, whom, kind, destination, referral, refusal, message, priority, \
         since, due_at, created_at, next_attempt_at, state, attempts)",
        rows,
        "",
        |values, r| {
            values
                .push_bind(r.id.0)
                .push_bind(r.whom.to_string())
                .push_bind(r.kind.as_str())
                .push_bind(r.destination.to_string())
                .push_bind(r.referral.map(|id| id.0))
                .push_bind(r.refusal.map(|id| id.0))
                .push_bind(r.message.map(|id| id.0))
                .push_bind(priority_code(r.priority))
                .push_bind(r.since.0)
                .push_bind(r.due_at.0)
                .push_bind(r.created_at.0)
                .push_bind(r.created_at.0)
                .push_bind("waiting")
                .push_bind(0);
        },
    )
    .await
}

/// About which of these messages who has a notice that is not sent yet.
async fn not_sent(db: &mut SqliteConnection, messages: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let mut open = Vec::new();
    for messages in messages.chunks(many::ROWS) {
        let mut query = QueryBuilder::new("SELECT message, whom FROM notice WHERE message IN ");
        push_list(&mut query, messages.iter().copied());
        query.push(concat!(" AND ", open_notice!()));
        open.extend(query.build_query_as().persistent(false).fetch_all(&mut *db).await?);
    }
    Ok(open)
}

#[async_trait]
impl NoticeStore for SqliteStore {
    async fn alert(
        &self,
        now: Timestamp,
        overdue: Overdue,
        limit: usize,
        tell: Tell<'_>,
    ) -> Result<Vec<Alerted>> {
        let mut tx = self.begin_writing().await?;
        let records: Vec<DueRecord> = sqlx::query_as(unacknowledged!())
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
        let ids: Vec<Uuid> = due.iter().map(|(row, _)| row.id.0).collect();
        let open = not_sent(&mut tx, &ids).await?;
        let alerts = alerts(due, open, tell);
        each!(tx, ALERTED, &ids, |id| *id, now.0);
        for alert in &alerts {
            write(&mut tx, &alert.notices).await?;
        }
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
            .fetch_all(&self.writer)
            .await?;
        Ok(in_order(read_all(records, NoticeRecord::due)?))
    }

    async fn notice_sent(&self, notice: &NoticeRow, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let marked = sqlx::query(SENT).bind(notice.id.0).bind(now.0).execute(&mut *tx).await?;
        if marked.rows_affected() == 0 {
            return Ok(false);
        }
        let events = [notice.event("notice.sent", None)];
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
        let mut tx = self.begin_writing().await?;
        let differs: Option<bool> = sqlx::query_scalar(DIFFERS)
            .bind(notice.id.0)
            .bind(fault)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(differs) = differs else { return Ok(false) };
        sqlx::query(FAIL)
            .bind(notice.id.0)
            .bind(fault)
            .bind(next_attempt_at.0)
            .execute(&mut *tx)
            .await?;
        if differs {
            let events = [notice.event("notice.failed", Some(fault))];
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn open_notices(&self) -> Result<Vec<OpenNotices>> {
        read_all(sqlx::query_as(OPEN_NOTICES).fetch_all(&self.readers).await?, open_notices)
    }
}
