//! Rows as the driver gives them, the same for both dialects, and their reading into rows of the
//! store. What is stored and cannot be read is `Damaged`, named by its column.

use super::error::{Result, StoreError};
use super::feed::*;
use super::rows::*;
use crate::audit::StoredLinkOfChain;
use crate::domain::decision::{CaseStatus, LinkState, Restriction};
use crate::domain::ids::{DecisionId, RefusalId};
use crate::domain::{
    AgencyId, DestinationId, MessageId, PersonId, Priority, Purpose, Reference, ReferralId,
    Timestamp,
};
use sqlx::FromRow;
use uuid::Uuid;

pub(super) fn damaged(column: &str) -> StoreError {
    StoreError::Damaged(format!("column {column} holds what cannot be read"))
}

/// A priority as kept: its place in the order of urgency.
pub(super) fn priority_code(priority: Priority) -> i16 {
    match priority {
        Priority::Standard => 0,
        Priority::Urgent => 1,
        Priority::Immediate => 2,
    }
}

pub(super) fn priority(code: i16) -> Result<Priority> {
    match code {
        0 => Ok(Priority::Standard),
        1 => Ok(Priority::Urgent),
        2 => Ok(Priority::Immediate),
        _ => Err(damaged("priority")),
    }
}

pub(super) fn token16(bytes: &[u8], column: &str) -> Result<Token16> {
    Token16::try_from(bytes).map_err(|_| damaged(column))
}

pub(super) fn reference(text: &str) -> Result<Reference> {
    Reference::parse(text).ok_or_else(|| damaged("reference"))
}

/// Reads every record of an answer, or fails on the first that cannot be read.
pub(super) fn read_all<R, T>(records: Vec<R>, read: impl Fn(R) -> Result<T>) -> Result<Vec<T>> {
    records.into_iter().map(read).collect()
}

#[derive(FromRow)]
pub(super) struct ReferralRecord {
    id: Uuid,
    reference: String,
    agency: String,
    received_at: i64,
    respond_by: i64,
    level: String,
    level_rank: i16,
    priority: i16,
    score: i16,
    policy_hash: String,
    revision: i32,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl ReferralRecord {
    pub(super) fn row(self) -> Result<ReferralRow> {
        Ok(ReferralRow {
            id: ReferralId(self.id),
            reference: reference(&self.reference)?,
            agency: AgencyId::new(&self.agency),
            received_at: Timestamp(self.received_at),
            respond_by: Timestamp(self.respond_by),
            level: self.level,
            level_rank: self.level_rank,
            priority: priority(self.priority)?,
            score: u8::try_from(self.score).map_err(|_| damaged("score"))?,
            policy_hash: self.policy_hash,
            revision: self.revision,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}

#[derive(FromRow)]
pub(super) struct DeliveryRecord {
    id: Uuid,
    referral: Option<Uuid>,
    destination: String,
    purpose: String,
    priority: i16,
    kind: String,
    sequence: i32,
    state: String,
    created_at: i64,
    due_at: i64,
    delivered_at: Option<i64>,
    acknowledged_at: Option<i64>,
    attempts: i32,
    last_fault: Option<String>,
}

impl DeliveryRecord {
    pub(super) fn row(self) -> Result<DeliveryRow> {
        Ok(DeliveryRow {
            id: MessageId(self.id),
            referral: self.referral.map(ReferralId),
            destination: DestinationId::new(&self.destination),
            purpose: Purpose::new(&self.purpose),
            priority: priority(self.priority)?,
            kind: self.kind,
            sequence: self.sequence,
            state: DeliveryState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            created_at: Timestamp(self.created_at),
            due_at: Timestamp(self.due_at),
            delivered_at: self.delivered_at.map(Timestamp),
            acknowledged_at: self.acknowledged_at.map(Timestamp),
            attempts: self.attempts,
            last_fault: self.last_fault,
        })
    }
}

#[derive(FromRow)]
pub(super) struct OutboxRecord {
    id: Uuid,
    referral: Option<Uuid>,
    refusal: Option<Uuid>,
    destination: String,
    purpose: String,
    priority: i16,
    kind: String,
    sequence: i32,
    created_at: i64,
    due_at: i64,
    payload: Vec<u8>,
    traceparent: Option<String>,
    agency: String,
    level: String,
    attempts: i32,
    fence: i64,
    leased_until: Option<i64>,
}

impl OutboxRecord {
    pub(super) fn row(self) -> Result<OutboxRow> {
        Ok(OutboxRow {
            id: MessageId(self.id),
            referral: self.referral.map(ReferralId),
            refusal: self.refusal.map(RefusalId),
            destination: DestinationId::new(&self.destination),
            purpose: Purpose::new(&self.purpose),
            priority: priority(self.priority)?,
            kind: self.kind,
            sequence: self.sequence,
            created_at: Timestamp(self.created_at),
            due_at: Timestamp(self.due_at),
            payload: self.payload,
            traceparent: self.traceparent,
            agency: AgencyId::new(&self.agency),
            level: self.level,
            attempts: self.attempts,
            fence: self.fence,
            leased_until: self.leased_until.map(Timestamp),
        })
    }

    /// The order in which claimed rows are published: `immediate` first, then by age.
    pub(super) fn order(row: &OutboxRow) -> (std::cmp::Reverse<Priority>, Timestamp, MessageId) {
        (std::cmp::Reverse(row.priority), row.created_at, row.id)
    }
}

#[derive(FromRow)]
pub(super) struct LinkRecord {
    child: i32,
    person: Uuid,
    record: Uuid,
    state: String,
    weight: f32,
    level_rank: i16,
    decision: Option<Uuid>,
    lane_seq: LaneSeq,
}

impl LinkRecord {
    pub(super) fn row(self) -> Result<StoredLink> {
        Ok(StoredLink {
            child: u16::try_from(self.child).map_err(|_| damaged("child"))?,
            person: PersonId(self.person),
            record: PersonId(self.record),
            state: LinkState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            weight: self.weight,
            level_rank: self.level_rank,
            decision: self.decision.map(DecisionId),
            seq: self.lane_seq,
        })
    }
}

#[derive(FromRow)]
pub(super) struct HistoryRecord {
    person: Uuid,
    case_status: String,
    case_team: Option<String>,
    restricted: bool,
    adoption: bool,
    address: bool,
    referrals: i64,
    agencies: i64,
    highest_level: i16,
    /// Ids in a list; null where there are none.
    apart: Option<String>,
}

impl HistoryRecord {
    pub(super) fn row(self) -> Result<HistoryRow> {
        Ok(HistoryRow {
            person: PersonId(self.person),
            case_status: CaseStatus::parse(&self.case_status)
                .ok_or_else(|| damaged("case_status"))?,
            case_team: self.case_team.as_deref().map(DestinationId::new),
            referrals: u32::try_from(self.referrals).unwrap_or(u32::MAX),
            agencies: u32::try_from(self.agencies).unwrap_or(u32::MAX),
            highest_level: self.highest_level,
            restricted: self.restricted,
            adoption: self.adoption,
            address: self.address,
            apart: self.apart.as_deref().map_or(Ok(Vec::new()), people)?,
            stepped_down: false,
            contacts: Vec::new(),
            kin: Vec::new(),
        })
    }
}

pub(super) fn people(list: &str) -> Result<Vec<PersonId>> {
    let ids = list.split(',').filter(|id| !id.is_empty());
    let read = |id| Uuid::try_parse(id).map(PersonId).map_err(|_| damaged("apart"));
    ids.map(read).collect()
}

#[derive(FromRow)]
pub(super) struct KnownRecord {
    source: Vec<u8>,
    id: Uuid,
    as_of: Option<i64>,
    merged_into: Option<Uuid>,
    changed: Option<i64>,
    profile: Vec<u8>,
    case_status: String,
    case_team: Option<String>,
    restricted: bool,
    restriction: Option<String>,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl KnownRecord {
    pub(super) fn row(self) -> Result<KnownPerson> {
        Ok(KnownPerson {
            source: token16(&self.source, "source")?,
            id: PersonId(self.id),
            as_of: self.as_of.map(Timestamp),
            merged_into: self.merged_into.map(PersonId),
            changed: self.changed,
            profile: self.profile,
            case_status: CaseStatus::parse(&self.case_status)
                .ok_or_else(|| damaged("case_status"))?,
            case_team: self.case_team.as_deref().map(DestinationId::new),
            restricted: self.restricted,
            restriction: self.restriction.as_deref().and_then(Restriction::parse),
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}

#[derive(FromRow)]
pub(super) struct RepeatRecord {
    key: Vec<u8>,
    body: Vec<u8>,
    referral: Uuid,
    reference: String,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl RepeatRecord {
    pub(super) fn row(self) -> Result<Repeat> {
        Ok(Repeat {
            key: token16(&self.key, "key")?,
            body: token16(&self.body, "body")?,
            referral: ReferralId(self.referral),
            reference: reference(&self.reference)?,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}

#[derive(FromRow)]
pub(super) struct RefusalRecord {
    id: Uuid,
    agency: String,
    received_at: i64,
    last_at: i64,
    count: i32,
    bytes: i64,
    problem: String,
    body: Vec<u8>,
    key: Option<Vec<u8>>,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
    cleared_at: Option<i64>,
}

impl RefusalRecord {
    pub(super) fn row(self) -> Result<RefusalRow> {
        Ok(RefusalRow {
            id: RefusalId(self.id),
            agency: AgencyId::new(&self.agency),
            received_at: Timestamp(self.received_at),
            last_at: Timestamp(self.last_at),
            count: self.count,
            bytes: self.bytes,
            problem: self.problem,
            body: token16(&self.body, "body")?,
            key: self.key.map(|key| token16(&key, "key")).transpose()?,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
            cleared_at: self.cleared_at.map(Timestamp),
        })
    }
}

#[derive(FromRow)]
pub(super) struct KeyRecord {
    id: String,
    owner_kind: String,
    owner: String,
    hash: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl KeyRecord {
    pub(super) fn row(self) -> KeyRow {
        KeyRow {
            id: self.id,
            owner_kind: self.owner_kind,
            owner: self.owner,
            hash: self.hash,
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
        }
    }
}

#[derive(FromRow)]
pub(super) struct QueuedRecord {
    id: Uuid,
    destination: String,
    priority: i16,
    payload: Vec<u8>,
    deliveries: i32,
    position: i64,
}

impl QueuedRecord {
    pub(super) fn row(self) -> Result<QueuedMessage> {
        Ok(QueuedMessage {
            id: MessageId(self.id),
            destination: DestinationId::new(&self.destination),
            priority: priority(self.priority)?,
            payload: self.payload,
            deliveries: self.deliveries,
        })
    }

    /// `immediate` first, then in the order in which they came.
    pub(super) fn order(&self) -> (std::cmp::Reverse<i16>, i64) {
        (std::cmp::Reverse(self.priority), self.position)
    }
}

#[derive(FromRow)]
pub(super) struct ChainLinkRecord {
    number: i64,
    at: i64,
    events: Vec<u8>,
    mac: Vec<u8>,
}

impl ChainLinkRecord {
    pub(super) fn row(self) -> StoredLinkOfChain {
        StoredLinkOfChain {
            number: self.number,
            at: Timestamp(self.at),
            events: self.events,
            mac: self.mac,
        }
    }
}

#[derive(FromRow)]
pub(super) struct TallyRecord {
    hour: i64,
    what: String,
    agency: String,
    destination: String,
    level: String,
    priority: i16,
    count: i64,
}

impl TallyRecord {
    pub(super) fn row(self) -> Result<(Tally, i64)> {
        let tally = Tally {
            hour: Timestamp(self.hour),
            what: self.what,
            agency: AgencyId::new(&self.agency),
            destination: self.destination,
            level: self.level,
            priority: priority(self.priority)?,
        };
        Ok((tally, self.count))
    }
}

/// The least id that a message written at `at` can have.
pub(super) fn least_id(at: Timestamp) -> Uuid {
    MessageId::from_parts(at, [0; 10]).0
}

/// Destination, priority code, state, number, oldest.
pub(super) type StandRecord = (String, i16, String, i64, i64);

pub(super) fn stand(
    (destination, code, state, count, oldest): StandRecord,
) -> Result<(DestinationId, Priority, String, i64, Timestamp)> {
    Ok((DestinationId::new(&destination), priority(code)?, state, count, Timestamp(oldest)))
}
