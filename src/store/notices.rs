//! Notices: that something waits, and who is told of it. Written in the transaction that causes
//! them; kept until they are sent, or need no telling any more.

use super::error::Result;
use super::records::{damaged, priority, reference};
use super::rows::OutboxRow;
use crate::audit::Event;
use crate::domain::ids::RefusalId;
use crate::domain::{
    DestinationId, MessageId, NoticeId, NoticeKind, Priority, Reference, ReferralId, Timestamp,
    Whom,
};
use async_trait::async_trait;
use sqlx::FromRow;
use std::collections::BTreeSet;
use uuid::Uuid;

/// One notice to one contact. Ids and times only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    pub id: NoticeId,
    pub whom: Whom,
    pub kind: NoticeKind,
    /// Whose work it is about.
    pub destination: DestinationId,
    pub referral: Option<ReferralId>,
    pub refusal: Option<RefusalId>,
    /// The message that it is about: when a person acknowledges that, the notice is moot.
    pub message: Option<MessageId>,
    pub priority: Priority,
    /// Since when the work waits.
    pub since: Timestamp,
    /// By when somebody must have it.
    pub due_at: Timestamp,
    pub created_at: Timestamp,
}

impl NoticeRow {
    /// A notice about a message.
    pub fn about(
        message: &OutboxRow,
        kind: NoticeKind,
        whom: Whom,
        id: NoticeId,
        now: Timestamp,
    ) -> Self {
        NoticeRow {
            id,
            whom,
            kind,
            destination: message.destination.clone(),
            referral: message.referral,
            refusal: message.refusal,
            message: Some(message.id),
            priority: message.priority,
            since: message.created_at,
            due_at: message.due_at,
            created_at: now,
        }
    }

    /// The event that it was written.
    pub fn written(&self) -> Event {
        self.event("notice.written", Some(self.kind.as_str()))
    }

    pub(super) fn event(&self, what: &str, more: Option<&str>) -> Event {
        let more = more.map(|more| format!(" {more}")).unwrap_or_default();
        let event =
            Event::new(what, "frontdoor").detail(format!("{} {}{more}", self.id, self.whom));
        match self.referral {
            Some(referral) => event.about(referral),
            None => event,
        }
    }
}

/// The notices to the destinations that are sent something immediate. There is one for each
/// message, so it has the message's own id.
pub(super) fn pages(outbox: &[OutboxRow]) -> Vec<NoticeRow> {
    let immediate = outbox.iter().filter(|row| row.priority == Priority::Immediate);
    let page = |row: &OutboxRow| {
        let whom = Whom::Destination(row.destination.clone());
        NoticeRow::about(row, NoticeKind::Immediate, whom, NoticeId(row.id.0), row.created_at)
    };
    immediate.map(page).collect()
}

/// A notice to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueNotice {
    pub row: NoticeRow,
    /// Of the referral that it is about.
    pub reference: Option<Reference>,
    /// This one included.
    pub attempts: i32,
}

/// Open notices of one kind of fate, for the operations page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenNotices {
    pub whom: Whom,
    /// `waiting` or `failing`.
    pub state: String,
    /// The last fault, a fixed code.
    pub fault: Option<String>,
    pub count: i64,
    /// When the oldest was written.
    pub oldest: Timestamp,
}

/// Which immediate messages are alerted about: those written at or before `first` that never were,
/// and those that were, at or before `again`.
#[derive(Clone, Copy, Debug)]
pub struct Overdue {
    pub first: Timestamp,
    pub again: Timestamp,
}

impl Overdue {
    /// No message is due whose time is later than this.
    pub(super) fn latest(self) -> Timestamp {
        self.first.max(self.again)
    }
}

/// Who is told of a message about which so many alerts were given before.
pub type Tell<'a> = &'a (dyn Fn(&OutboxRow, i32) -> Vec<NoticeRow> + Send + Sync);

/// A message about which an alert was given now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerted {
    pub message: OutboxRow,
    /// Alerts before this one.
    pub before: i32,
    /// The notices that were written: whoever has one about the message that is not sent yet gets
    /// no other.
    pub notices: Vec<NoticeRow>,
}

/// What paging and alerting need.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Gives the next alert about every immediate message that no named person has acknowledged in
    /// time, however far its delivery has come: notices, events and the count of alerts in one
    /// transaction. At most `limit`; of two gateways one alerts.
    async fn alert(
        &self,
        now: Timestamp,
        overdue: Overdue,
        limit: usize,
        tell: Tell<'_>,
    ) -> Result<Vec<Alerted>>;

    /// Claims up to `limit` notices that are due: what was never tried first, then what is most
    /// urgent, then what is due longest. Whoever claims has until `until`. A time more than a
    /// quarter of an hour ahead was written by a clock that was wrong, and has run out.
    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueNotice>>;

    /// The channel took it. False: that was known.
    async fn notice_sent(&self, notice: &NoticeRow, now: Timestamp) -> Result<bool>;

    /// It could not be sent, `fault` is a fixed code, and is tried again. Events tell of changes.
    /// False: it needs no sending any more.
    async fn notice_failed(
        &self,
        notice: &NoticeRow,
        fault: &'static str,
        next_attempt_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool>;

    /// What is open, for the operations page.
    async fn open_notices(&self) -> Result<Vec<OpenNotices>>;
}

/// Columns of [`NoticeRecord`].
macro_rules! notice_columns {
    () => {
        "id, whom, kind, destination, referral, refusal, message, priority, since, due_at, \
         created_at, attempts, \
         (SELECT reference FROM referral WHERE referral.id = notice.referral) AS reference"
    };
}

/// The predicate of the indexes of what is open.
macro_rules! open_notice {
    () => {
        "state IN ('waiting', 'failing')"
    };
}

/// Ids of what is due at `$1`, `$3` of them at most.
macro_rules! due_notices {
    () => {
        concat!(
            "SELECT id AS due_id FROM notice WHERE ",
            open_notice!(),
            " AND NOT (next_attempt_at > $1 AND next_attempt_at <= $1 + 900000000) \
             ORDER BY state DESC, priority DESC, next_attempt_at LIMIT $3"
        )
    };
}

/// Immediate messages that nobody has acknowledged, with how often that was alerted.
macro_rules! unacknowledged {
    () => {
        concat!(
            "SELECT ",
            outbox_columns!(),
            ", alerts FROM outbox WHERE priority = 2 AND acknowledged_at IS NULL \
             AND coalesce(alerted_at, created_at) <= $3 \
             AND coalesce(alerted_at, created_at) <= CASE WHEN alerts = 0 THEN $1 ELSE $2 END \
             ORDER BY coalesce(alerted_at, created_at) LIMIT $4"
        )
    };
}

pub(super) use {due_notices, notice_columns, open_notice, unacknowledged};

pub(super) const SENT: &str = "UPDATE notice SET state = 'sent', sent_at = $2, last_fault = NULL \
     WHERE id = $1 AND state <> 'sent'";

/// Somebody has the message: whoever was not told yet need not be told any more.
pub(super) const MOOT: &str =
    concat!("UPDATE notice SET state = 'moot' WHERE message = $1 AND ", open_notice!());

pub(super) const OPEN_NOTICES: &str = concat!(
    "SELECT whom, state, last_fault, count(*), min(created_at) FROM notice WHERE ",
    open_notice!(),
    " GROUP BY whom, state, last_fault ORDER BY state, whom, last_fault"
);

#[derive(FromRow)]
pub(super) struct NoticeRecord {
    id: Uuid,
    whom: String,
    kind: String,
    destination: String,
    referral: Option<Uuid>,
    refusal: Option<Uuid>,
    message: Option<Uuid>,
    priority: i16,
    since: i64,
    due_at: i64,
    created_at: i64,
    attempts: i32,
    reference: Option<String>,
}

impl NoticeRecord {
    pub(super) fn due(self) -> Result<DueNotice> {
        let row = NoticeRow {
            id: NoticeId(self.id),
            whom: whom(&self.whom)?,
            kind: NoticeKind::parse(&self.kind).ok_or_else(|| damaged("kind"))?,
            destination: DestinationId::new(&self.destination),
            referral: self.referral.map(ReferralId),
            refusal: self.refusal.map(RefusalId),
            message: self.message.map(MessageId),
            priority: priority(self.priority)?,
            since: Timestamp(self.since),
            due_at: Timestamp(self.due_at),
            created_at: Timestamp(self.created_at),
        };
        let reference = self.reference.as_deref().map(reference).transpose()?;
        Ok(DueNotice { row, reference, attempts: self.attempts })
    }
}

fn whom(text: &str) -> Result<Whom> {
    Whom::parse(text).ok_or_else(|| damaged("whom"))
}

/// State, last fault, how many, and when the oldest was written, of those for one.
pub(super) type OpenRecord = (String, String, Option<String>, i64, i64);

pub(super) fn open_notices(record: OpenRecord) -> Result<OpenNotices> {
    let (to, state, fault, count, oldest) = record;
    Ok(OpenNotices { whom: whom(&to)?, state, fault, count, oldest: Timestamp(oldest) })
}

/// In their order, which an update does not keep.
pub(super) fn in_order(mut due: Vec<DueNotice>) -> Vec<DueNotice> {
    due.sort_by_key(|due| {
        let row = &due.row;
        (due.attempts > 1, std::cmp::Reverse(row.priority), row.created_at, row.id)
    });
    due
}

/// The alerts about messages that are due: whoever has a notice about one of them that is not sent
/// yet (`open`) gets no other.
pub(super) fn alerts(
    due: Vec<(OutboxRow, i32)>,
    open: Vec<(Uuid, String)>,
    tell: Tell<'_>,
) -> Vec<Alerted> {
    let open: BTreeSet<(Uuid, String)> = open.into_iter().collect();
    let alerted = |(message, before): (OutboxRow, i32)| {
        let mut notices = tell(&message, before);
        notices.retain(|notice| !open.contains(&(message.id.0, notice.whom.to_string())));
        Alerted { message, before, notices }
    };
    due.into_iter().map(alerted).collect()
}

/// The events of alerts.
pub(super) fn alerted(alerts: &[Alerted]) -> Vec<Event> {
    let events = |one: &Alerted| {
        let detail = format!("{} {}", one.message.id, one.before.saturating_add(1));
        let mut event = Event::new("delivery.alerted", "frontdoor").detail(detail);
        event.referral = one.message.referral;
        std::iter::once(event).chain(one.notices.iter().map(NoticeRow::written)).collect::<Vec<_>>()
    };
    alerts.iter().flat_map(events).collect()
}
