//! Rows as the stores read and write them. Clear members are ids, times, agency, destination,
//! level, priority, score and state; the rest is sealed bytes or blind tokens.

pub use super::batch::Batch;
use crate::domain::decision::{CaseStatus, LinkState, Restriction};
use crate::domain::ids::{DecisionId, RefusalId};
use crate::domain::{
    AgencyId, DestinationId, MessageId, PersonId, Priority, Purpose, Reference, ReferralId, RuleId,
    Timestamp,
};

/// Number of a committed lane batch; grows by one under the lane's lock.
pub type LaneSeq = i64;

/// A blind token: the first eight bytes of an HMAC-SHA-256, as a signed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub i64);

/// A 16-byte blind token of a key or a body, for repeats.
pub type Token16 = [u8; 16];

/// Sealed bytes and the wrapped data key that opens them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sealed {
    pub wrapped_key: Vec<u8>,
    pub body: Vec<u8>,
}

/// Read ahead of the lane's lock: its number up to which this is complete; all people by the tokens
/// asked for; and of them those who are on the shortlist of a child.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Candidates {
    pub horizon: LaneSeq,
    pub blocks: Vec<(Token, Vec<PersonId>)>,
    pub rows: Vec<CandidateRow>,
}

/// A person that shares a blocking token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateRow {
    pub person: PersonId,
    /// Which of the tokens asked for this person carries.
    pub tokens: Vec<Token>,
    /// Sealed linkage profile.
    pub profile: Vec<u8>,
}

/// What is known in clear of a person's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    pub person: PersonId,
    pub case_status: CaseStatus,
    pub case_team: Option<DestinationId>,
    pub referrals: u32,
    pub agencies: u32,
    pub highest_level: i16,
    /// Only the named few may see what is known.
    pub restricted: bool,
    /// It is so because of an adoption: the machine does not link to it.
    pub adoption: bool,
    /// It is so because nobody may learn where the child lives.
    pub address: bool,
    /// People whom a person has told apart from this one.
    pub apart: Vec<PersonId>,
    /// A case of this person was stepped down, or closed after work.
    pub stepped_down: bool,
    /// Their own referrals, of the newest that were said of each record.
    pub contacts: Vec<Contact>,
    /// Brothers and sisters, also those of whom nothing counts.
    pub kin: Vec<Relative>,
}

/// A referral, as history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub referral: ReferralId,
    pub agency: AgencyId,
    pub level_rank: i16,
}

/// Another child of the same referral, taken for a brother or sister, with what was referred of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    pub person: PersonId,
    /// Only the named few may see what is known.
    pub restricted: bool,
    pub contacts: Vec<Contact>,
}

/// Where a child of a referral lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeRow {
    pub token: Token,
    /// When the referral was received.
    pub at: Timestamp,
    pub referral: ReferralId,
    pub child: u16,
}

/// Somebody who lives at a home, or lived there, as a referral says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    pub token: Token,
    pub referral: ReferralId,
    pub person: PersonId,
    /// The referral was received in the time that counts.
    pub recent: bool,
    /// Only the named few may see what is known of the person.
    pub restricted: bool,
    /// Nobody may learn where the person lives.
    pub address: bool,
    /// Whom a person has told apart from this one.
    pub apart: Vec<PersonId>,
}

/// A stored answer to a repeated submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    pub key: Token16,
    pub body: Token16,
    pub referral: ReferralId,
    pub reference: Reference,
    /// The sealed record whose receipt is given again.
    pub record: Sealed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRepeat {
    pub key: Token16,
    pub body: Token16,
    pub referral: ReferralId,
    pub expires_at: Timestamp,
}

/// One accepted referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralRow {
    pub id: ReferralId,
    pub reference: Reference,
    pub agency: AgencyId,
    pub received_at: Timestamp,
    pub respond_by: Timestamp,
    pub level: String,
    pub level_rank: i16,
    pub priority: Priority,
    pub score: u8,
    pub policy_hash: String,
    /// How often it was added to (`information`); a writer states the revision it read.
    pub revision: i32,
    /// Raw submission, canonical referral, decision and receipt: see `seal::Dossier`.
    pub record: Sealed,
}

/// Something added to a referral: the raw body, and the referral's new state. `referral.revision`
/// is the one that was read; the store keeps one more, and refuses where another came first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InformationRow {
    pub referral: ReferralRow,
    pub received_at: Timestamp,
    /// The raw addition, sealed under the referral's data key.
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    pub id: PersonId,
    pub created_at: Timestamp,
    pub profile: Vec<u8>,
    pub case_status: CaseStatus,
    pub case_team: Option<DestinationId>,
    pub restricted: bool,
    /// Why it is restricted, where that is known.
    pub restriction: Option<Restriction>,
    /// When the feed that told of the case was true; `None` for people made by referrals.
    pub as_of: Option<Timestamp>,
    /// The feed's own id for the record (a blind token), so that a delta finds it.
    pub source: Option<Token16>,
    /// Details kept of an imported record, sealed (worker, source id); may be empty.
    pub record: Sealed,
    pub tokens: Vec<Token>,
}

impl PersonRow {
    /// Whether it was true before `as_of`, in microseconds, where both are known.
    pub(super) fn is_older(&self, as_of: Option<i64>) -> bool {
        matches!((self.as_of, as_of), (Some(own), Some(other)) if own.0 < other)
    }
}

/// An append-only statement about a child of a referral and a person.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRow {
    pub referral: ReferralId,
    pub child: u16,
    pub person: PersonId,
    pub state: LinkState,
    /// Match weight in bits; 0 for `new`.
    pub weight: f32,
    pub at: Timestamp,
    pub agency: AgencyId,
    pub level_rank: i16,
    /// The person's decision by which it stands; the machine leaves what has one as it is.
    pub decision: Option<DecisionId>,
}

/// State of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waiting for, or under way to, the broker.
    Delivering,
    /// Tried and not confirmed; it goes on being tried.
    Failing,
    /// The broker has confirmed and not returned it.
    Delivered,
    /// A named person has it.
    Acknowledged,
    /// Dead-lettered; a copy went to MASSTT.
    Dead,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 5] = [
        DeliveryState::Delivering,
        DeliveryState::Failing,
        DeliveryState::Delivered,
        DeliveryState::Acknowledged,
        DeliveryState::Dead,
    ];

    /// The word a sender and the operations pages see.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Delivering => "delivering",
            DeliveryState::Failing => "delivery-failing",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Acknowledged => "acknowledged",
            DeliveryState::Dead => "dead",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A message for one destination, written in the transaction that caused it: the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    pub id: MessageId,
    /// `None` for a message about a refused submission.
    pub referral: Option<ReferralId>,
    pub refusal: Option<RefusalId>,
    pub destination: DestinationId,
    pub purpose: Purpose,
    pub priority: Priority,
    /// CloudEvents type, e.g. `referral.routed.v1`.
    pub kind: String,
    /// Per (referral, destination), from 1.
    pub sequence: i32,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    /// CloudEvents JSON, ready to publish: a claim-check, or encrypted to the destination.
    pub payload: Vec<u8>,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    /// For the roll-ups.
    pub agency: AgencyId,
    pub level: String,
    pub attempts: i32,
    /// Fencing number of the lease under which it is held; grows with each claim.
    pub fence: i64,
    /// Until when it is leased. A row may be leased at birth to the relay of the process that
    /// wrote it, which then need not claim it.
    pub leased_until: Option<Timestamp>,
}

/// Where a message stands, for senders and the operations pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    pub id: MessageId,
    pub referral: Option<ReferralId>,
    pub destination: DestinationId,
    pub purpose: Purpose,
    pub priority: Priority,
    pub kind: String,
    pub sequence: i32,
    pub state: DeliveryState,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    pub attempts: i32,
    /// A fixed code, never text from outside.
    pub last_fault: Option<String>,
}

/// A submission that was refused: kept sealed, and in front of MASSTT until cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRow {
    pub id: RefusalId,
    pub agency: AgencyId,
    pub received_at: Timestamp,
    pub last_at: Timestamp,
    pub count: i32,
    /// Size of the body in bytes as far as it was read.
    pub bytes: i64,
    /// Stable problem code, e.g. `below-minimum`.
    pub problem: String,
    pub body: Token16,
    pub key: Option<Token16>,
    pub record: Sealed,
    pub cleared_at: Option<Timestamp>,
}

/// Counts change by appended deltas, folded later; no shared counter row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tally {
    /// Start of the hour, UTC.
    pub hour: Timestamp,
    /// What is counted: `received`, `refused`, `routed` (a new referral to a team), `updated`,
    /// `copied`, `delivered`, `acknowledged`, `dead`, and what `totals` names.
    pub what: String,
    pub agency: AgencyId,
    /// Empty where none applies.
    pub destination: String,
    pub level: String,
    pub priority: Priority,
}

impl Tally {
    /// The start of the hour that `at` falls in.
    pub fn hour_of(at: Timestamp) -> Timestamp {
        Timestamp(at.0 - at.0.rem_euclid(3_600_000_000))
    }
}

/// A referral as read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReferral {
    pub row: ReferralRow,
    pub deliveries: Vec<DeliveryRow>,
}

/// How a referral's child stands to a person.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredLink {
    pub child: u16,
    pub person: PersonId,
    /// The record of which it was said: another than the person's when that was merged since.
    pub record: PersonId,
    pub state: LinkState,
    pub weight: f32,
    pub level_rank: i16,
    pub decision: Option<DecisionId>,
    /// When it was said.
    pub seq: LaneSeq,
}

/// A failed attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub id: MessageId,
    pub fence: i64,
    pub next_attempt_at: Timestamp,
    /// A fixed code: `returned`, `nacked`, `timeout`, `unreachable`.
    pub fault: &'static str,
}

/// A credential of an agency or a destination. Only the hash of the secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Public part, found in the presented key.
    pub id: String,
    /// `agency` or `destination`.
    pub owner_kind: String,
    pub owner: String,
    /// SHA-256 of the secret part.
    pub hash: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// A message as a receiving system leases it from an embedded queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    pub id: MessageId,
    pub destination: DestinationId,
    pub priority: Priority,
    pub payload: Vec<u8>,
    pub deliveries: i32,
}

/// Numbers for `/ops`: never personal data.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Overview {
    pub tallies: Vec<(Tally, i64)>,
    /// Per destination and state, the number of deliveries and the oldest one's time.
    pub deliveries: Vec<(DestinationId, Priority, String, i64, Timestamp)>,
    /// Delivered and not acknowledged: destination, oldest time.
    pub oldest_unacknowledged: Vec<(DestinationId, Timestamp)>,
    /// Creation time of the oldest message the broker has not confirmed.
    pub outbox_oldest: Option<Timestamp>,
    pub outbox_waiting: i64,
    /// Open refusals: agency, count, oldest.
    pub refusals: Vec<(AgencyId, i64, Timestamp)>,
    pub notices: Vec<super::notices::OpenNotices>,
    /// Documents that are handed to nobody: what is not scanned, and what was found harmful.
    pub documents: Vec<super::attachments::AttachmentCount>,
}

/// Rule ids are clear; they travel with a claim-check.
pub type Rules = Vec<RuleId>;
