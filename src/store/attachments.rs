//! Documents that senders add to referrals: durable before anything looks at them, scanned
//! afterwards, and told to receiving teams by the lane.

use super::error::{Result, StoreError};
use super::keys::KeyRing;
use super::records::{damaged, reference};
use super::rows::{Sealed, Token16};
use crate::audit::Event;
use crate::domain::{
    AgencyId, AttachmentId, AttachmentKind, AttachmentState, Reference, ReferralId, Timestamp,
};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// One attachment, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRow {
    pub id: AttachmentId,
    pub referral: ReferralId,
    pub agency: AgencyId,
    pub received_at: Timestamp,
    pub kind: AttachmentKind,
    /// Bytes, as they were sent.
    pub size: i64,
    pub state: AttachmentState,
    /// How often it was given to the scanner.
    pub attempts: i32,
    pub scanned_at: Option<Timestamp>,
    /// What the scanner calls what it found.
    pub signature: Option<String>,
    /// Its name.
    pub record: Sealed,
}

impl AttachmentRow {
    /// The name under which its name and its bytes are sealed.
    pub fn name(id: AttachmentId) -> Vec<u8> {
        [b"attachment:".as_slice(), id.0.as_bytes()].concat()
    }

    /// Opens its bytes, off the threads that serve referrals: there may be megabytes of them.
    ///
    /// # Errors
    /// When they do not open with its key.
    pub async fn open(&self, ring: &KeyRing, content: Vec<u8>) -> Result<Vec<u8>> {
        let sealed = Sealed { wrapped_key: self.record.wrapped_key.clone(), body: content };
        let (ring, name) = (ring.clone(), AttachmentRow::name(self.id));
        let opened = tokio::task::spawn_blocking(move || ring.open_record(&name, &sealed)).await;
        opened.map_err(|_| StoreError::Damaged("opening a document failed".to_owned()))?
    }

    /// An event about it.
    pub fn event(&self, what: &str, actor: &str) -> Event {
        Event::new(what, actor).about(self.referral).detail(self.id.to_string())
    }
}

/// An attachment to be kept.
#[derive(Clone, Debug)]
pub struct NewAttachment {
    pub row: AttachmentRow,
    /// The token of the sender's own key.
    pub key: Option<Token16>,
    /// The token of its bytes.
    pub body: Token16,
    /// Its bytes, sealed under the record's key.
    pub content: Vec<u8>,
    /// How many attachments a referral may have, and bytes of all.
    pub most: (i64, i64),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// It is durable.
    Kept,
    /// The same bytes are there already, and this is what was kept.
    Repeat(Box<AttachmentRow>),
    /// The sender's key was used for other bytes.
    KeyReused,
    /// The referral has as many, or as many bytes, as it may have.
    Full,
}

/// What the scanner said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    /// By what name it goes.
    Infected(String),
}

/// What receiving teams are to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToTell {
    pub id: AttachmentId,
    pub state: AttachmentState,
    /// They know nothing of it yet.
    pub is_new: bool,
}

/// Attachments in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentCount {
    pub state: AttachmentState,
    /// The last fault of the scanner, a fixed code.
    pub fault: Option<String>,
    pub count: i64,
    /// When the oldest came.
    pub oldest: Timestamp,
}

/// Attachments.
#[async_trait]
pub trait AttachmentStore: Send + Sync {
    /// Keeps it, with its event; durable when it answers.
    async fn attach(&self, new: &NewAttachment) -> Result<Attached>;
    /// Those of a referral, in the order in which they came.
    async fn attachments(&self, of: ReferralId) -> Result<Vec<AttachmentRow>>;
    /// The sealed bytes.
    async fn attachment_content(&self, id: AttachmentId) -> Result<Option<Vec<u8>>>;
    /// Claims up to `limit` that are to be scanned now: what was never tried first. Whoever claims
    /// has until `until`. A time more than a quarter of an hour ahead was written by a clock that
    /// was wrong, and has run out.
    async fn claim_scans(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<AttachmentRow>>;
    /// The scanner has looked at it. False: that was known.
    async fn scanned(&self, row: &AttachmentRow, said: &Verdict, now: Timestamp) -> Result<bool>;
    /// It could not be scanned, `fault` is a fixed code, and is tried again. Events tell of
    /// changes.
    async fn scan_failed(
        &self,
        row: &AttachmentRow,
        fault: &'static str,
        next_attempt_at: Timestamp,
        now: Timestamp,
    ) -> Result<()>;
    /// Those of which teams are to be told, in their order after one, each with its referral.
    async fn attachments_to_tell(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<(AttachmentId, Reference)>>;
    /// What is not scanned, and what was found harmful since.
    async fn attachment_counts(&self, since: Timestamp) -> Result<Vec<AttachmentCount>>;
}

/// Columns of [`AttachmentRecord`].
macro_rules! attachment_columns {
    () => {
        "id, referral, agency, received_at, kind, size, state, attempts, scanned_at, signature, \
         wrapped_key, record"
    };
}

/// `$lock` leaves out what another gateway has claimed in this moment.
macro_rules! claim_scans {
    ($lock:expr) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT c.id AS due_id FROM attachment c \
             WHERE c.state = 'quarantined' \
             AND NOT (c.next_attempt_at > $1 AND c.next_attempt_at <= $1 + 900000000) \
             ORDER BY c.attempts > 0, c.next_attempt_at LIMIT $3",
            $lock,
            ") UPDATE attachment SET next_attempt_at = $2, attempts = attempts + 1 \
             WHERE id IN (SELECT due_id FROM due) RETURNING ",
            attachment_columns!()
        )
    };
}

pub(super) use {attachment_columns, claim_scans};

pub(super) const ADD: &str = concat!(
    "INSERT INTO attachment (",
    attachment_columns!(),
    ", key, body, next_attempt_at, to_tell) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $4, true)"
);

pub(super) const ADD_CONTENT: &str =
    "INSERT INTO attachment_content (attachment, content) VALUES ($1, $2)";

pub(super) const BY_BODY: &str =
    concat!("SELECT ", attachment_columns!(), " FROM attachment WHERE referral = $1 AND body = $2");

pub(super) const KEY_BODY: &str = "SELECT body FROM attachment WHERE key = $1";

/// How many a referral has, and bytes of all.
pub(super) const SIZE: &str =
    "SELECT count(*), CAST(coalesce(sum(size), 0) AS bigint) FROM attachment WHERE referral = $1";

pub(super) const OF_REFERRAL: &str =
    concat!("SELECT ", attachment_columns!(), " FROM attachment WHERE referral = $1 ORDER BY id");

pub(super) const CONTENT: &str = "SELECT content FROM attachment_content WHERE attachment = $1";

pub(super) const SCANNED: &str = "UPDATE attachment SET state = $2, signature = $3, \
     scanned_at = $4, last_fault = NULL, to_tell = true WHERE id = $1 AND state = 'quarantined'";

pub(super) const LAST_FAULT: &str =
    "SELECT last_fault FROM attachment WHERE id = $1 AND state = 'quarantined'";

pub(super) const SCAN_FAILED: &str = "UPDATE attachment SET last_fault = $2, next_attempt_at = $3 \
     WHERE id = $1 AND state = 'quarantined'";

pub(super) const TO_TELL: &str = "SELECT a.id, r.reference FROM attachment a \
     JOIN referral r ON r.id = a.referral WHERE a.to_tell AND a.id > $1 ORDER BY a.id LIMIT $2";

pub(super) const TO_TELL_OF: &str = "SELECT id, state, told_at IS NULL FROM attachment \
     WHERE referral = $1 AND to_tell ORDER BY id";

/// Where it was scanned meanwhile, that is still to be told.
pub(super) const TOLD: &str =
    "UPDATE attachment SET to_tell = false, told_at = $3 WHERE id = $1 AND state = $2";

pub(super) const COUNTS: &str = "SELECT state, last_fault, count(*), min(received_at) \
     FROM attachment WHERE state = 'quarantined' GROUP BY state, last_fault \
     UNION ALL SELECT state, NULL, count(*), min(received_at) \
     FROM attachment WHERE state = 'infected' AND scanned_at >= $1 GROUP BY state";

#[derive(FromRow)]
pub(super) struct AttachmentRecord {
    id: Uuid,
    referral: Uuid,
    agency: String,
    received_at: i64,
    kind: String,
    size: i64,
    state: String,
    attempts: i32,
    scanned_at: Option<i64>,
    signature: Option<String>,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl AttachmentRecord {
    pub(super) fn row(self) -> Result<AttachmentRow> {
        let kind = AttachmentKind::of_media_type(&self.kind).ok_or_else(|| damaged("kind"))?;
        Ok(AttachmentRow {
            id: AttachmentId(self.id),
            referral: ReferralId(self.referral),
            agency: AgencyId::new(&self.agency),
            received_at: Timestamp(self.received_at),
            kind,
            size: self.size,
            state: state(&self.state)?,
            attempts: self.attempts,
            scanned_at: self.scanned_at.map(Timestamp),
            signature: self.signature,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}

fn state(text: &str) -> Result<AttachmentState> {
    AttachmentState::parse(text).ok_or_else(|| damaged("state"))
}

pub(super) fn to_tell((id, text, is_new): (Uuid, String, bool)) -> Result<ToTell> {
    Ok(ToTell { id: AttachmentId(id), state: state(&text)?, is_new })
}

pub(super) fn of_referral((id, of): (Uuid, String)) -> Result<(AttachmentId, Reference)> {
    Ok((AttachmentId(id), reference(&of)?))
}

pub(super) type CountRecord = (String, Option<String>, i64, i64);

pub(super) fn counted((text, fault, count, oldest): CountRecord) -> Result<AttachmentCount> {
    Ok(AttachmentCount { state: state(&text)?, fault, count, oldest: Timestamp(oldest) })
}
