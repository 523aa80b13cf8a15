//! Rows of matches as the driver gives them, the same for both dialects.

use super::error::Result;
use super::matches::*;
use super::records::{damaged, reference};
use super::rows::{DeliveryState, LaneSeq};
use crate::domain::decision::{CaseStatus, LinkState, Restriction};
use crate::domain::ids::DecisionId;
use crate::domain::matching::WrongBy;
use crate::domain::{AgencyId, DestinationId, MatchId, MessageId, PersonId, ReferralId, Timestamp};
use sqlx::FromRow;
use uuid::Uuid;

fn state(text: &str) -> Result<LinkState> {
    LinkState::parse(text).ok_or_else(|| damaged("state"))
}

fn child(number: i32) -> Result<u16> {
    u16::try_from(number).map_err(|_| damaged("child"))
}

#[derive(FromRow)]
pub(super) struct StatementRecord {
    referral: Uuid,
    reference: String,
    child: i32,
    record: Uuid,
    state: String,
    weight: f32,
    agency: String,
    decision: Option<Uuid>,
    at: i64,
    lane_seq: LaneSeq,
    decided: LaneSeq,
}

impl StatementRecord {
    pub(super) fn row(self) -> Result<Statement> {
        Ok(Statement {
            referral: ReferralId(self.referral),
            reference: reference(&self.reference)?,
            child: child(self.child)?,
            record: PersonId(self.record),
            state: state(&self.state)?,
            weight: self.weight,
            agency: AgencyId::new(&self.agency),
            decision: self.decision.map(DecisionId),
            at: Timestamp(self.at),
            seq: self.lane_seq,
            decided: self.decided,
        })
    }
}

#[derive(FromRow)]
pub(super) struct MatchRecord {
    referral: Uuid,
    reference: String,
    child: i32,
    person: Uuid,
    record: Uuid,
    state: String,
    weight: f32,
    at: i64,
    decision: Option<Uuid>,
}

impl MatchRecord {
    pub(super) fn row(self) -> Result<MatchRow> {
        let (reference, child) = (reference(&self.reference)?, child(self.child)?);
        Ok(MatchRow {
            referral: ReferralId(self.referral),
            id: MatchId { reference, child, person: PersonId(self.person) },
            record: PersonId(self.record),
            state: state(&self.state)?,
            weight: self.weight,
            at: Timestamp(self.at),
            decision: self.decision.map(DecisionId),
        })
    }
}

#[derive(FromRow)]
pub(super) struct PersonFound {
    id: Uuid,
    profile: Vec<u8>,
    case_status: String,
    case_team: Option<String>,
    restricted: bool,
    restriction: Option<String>,
    as_of: Option<i64>,
    fed: bool,
}

impl PersonFound {
    pub(super) fn row(self) -> Result<PersonRecord> {
        Ok(PersonRecord {
            id: PersonId(self.id),
            profile: self.profile,
            case_status: CaseStatus::parse(&self.case_status)
                .ok_or_else(|| damaged("case_status"))?,
            case_team: self.case_team.as_deref().map(DestinationId::new),
            restricted: self.restricted,
            restriction: self.restriction.as_deref().and_then(Restriction::parse),
            as_of: self.as_of.map(Timestamp),
            fed: self.fed,
        })
    }
}

#[derive(FromRow)]
pub(super) struct ChronologyRecord {
    referral: Uuid,
    reference: String,
    child: i32,
    received_at: i64,
    agency: String,
    level: String,
    state: String,
    decision: Option<Uuid>,
}

impl ChronologyRecord {
    pub(super) fn row(self) -> Result<ChronologyRow> {
        Ok(ChronologyRow {
            referral: ReferralId(self.referral),
            reference: reference(&self.reference)?,
            child: child(self.child)?,
            received_at: Timestamp(self.received_at),
            agency: AgencyId::new(&self.agency),
            level: self.level,
            state: state(&self.state)?,
            decision: self.decision.map(DecisionId),
        })
    }
}

#[derive(FromRow)]
pub(super) struct WithdrawnRecord {
    message: Uuid,
    referral: Uuid,
    person: Uuid,
    kind: String,
    sent_at: i64,
    at: i64,
    reference: String,
    destination: String,
    state: String,
    delivered_at: Option<i64>,
}

impl WithdrawnRecord {
    pub(super) fn row(self) -> Result<WithdrawnRow> {
        let withdrawal = WithdrawalRow {
            message: MessageId(self.message),
            referral: ReferralId(self.referral),
            person: PersonId(self.person),
            kind: WrongBy::parse(&self.kind).ok_or_else(|| damaged("kind"))?,
            sent_at: Timestamp(self.sent_at),
            at: Timestamp(self.at),
        };
        Ok(WithdrawnRow {
            withdrawal,
            reference: reference(&self.reference)?,
            destination: DestinationId::new(&self.destination),
            state: DeliveryState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            delivered_at: self.delivered_at.map(Timestamp),
        })
    }
}
