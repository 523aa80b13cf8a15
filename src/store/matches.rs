//! Rows of matches: what people say of them, who was told apart, what was taken back; and how the
//! API reads them.

use super::error::Result;
use super::rows::{DeliveryState, LaneSeq, Sealed};
use crate::domain::decision::{CaseStatus, LinkState, Restriction};
use crate::domain::ids::DecisionId;
use crate::domain::matching::WrongBy;
use crate::domain::{
    AgencyId, DestinationId, MatchId, MessageId, PersonId, Reference, ReferralId, Timestamp, Word,
};
use async_trait::async_trait;

/// What a person said of a match: append-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    pub id: DecisionId,
    pub referral: ReferralId,
    pub child: u16,
    pub person: PersonId,
    pub word: Word,
    pub at: Timestamp,
    /// Who said it and why, sealed.
    pub by: Sealed,
}

/// A person's word that two people are not one, or (`stands` false) that it is withdrawn:
/// append-only, written for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApartRow {
    pub one: PersonId,
    pub other: PersonId,
    pub stands: bool,
    pub at: Timestamp,
    pub decision: DecisionId,
}

/// A wrong history that one destination was sent, and the message that takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalRow {
    pub message: MessageId,
    pub referral: ReferralId,
    pub person: PersonId,
    pub kind: WrongBy,
    /// When the destination was first sent the referral.
    pub sent_at: Timestamp,
    pub at: Timestamp,
}

/// One statement about a person and a child of a referral, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub referral: ReferralId,
    pub reference: Reference,
    pub child: u16,
    /// The record of which it was said: see [`super::StoredLink::record`].
    pub record: PersonId,
    pub state: LinkState,
    pub weight: f32,
    pub agency: AgencyId,
    pub decision: Option<DecisionId>,
    pub at: Timestamp,
    pub seq: LaneSeq,
    /// When its referral was last decided.
    pub decided: LaneSeq,
}

/// Which matches are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchState {
    /// Possible, for a person to decide.
    Open,
    /// Linked by the machine; nobody has confirmed it.
    Unconfirmed,
    /// Linked or separated by a person.
    Decided,
}

impl MatchState {
    pub const ALL: [MatchState; 3] =
        [MatchState::Open, MatchState::Unconfirmed, MatchState::Decided];

    pub fn as_str(self) -> &'static str {
        match self {
            MatchState::Open => "open",
            MatchState::Unconfirmed => "unconfirmed",
            MatchState::Decided => "decided",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A match as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchRow {
    pub referral: ReferralId,
    pub id: MatchId,
    /// The record of which it was said; the next page begins after it.
    pub record: PersonId,
    pub state: LinkState,
    pub weight: f32,
    pub at: Timestamp,
    /// The person's decision that stands, if one does.
    pub decision: Option<DecisionId>,
}

/// A person as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    pub id: PersonId,
    pub profile: Vec<u8>,
    pub case_status: CaseStatus,
    pub case_team: Option<DestinationId>,
    pub restricted: bool,
    pub restriction: Option<Restriction>,
    pub as_of: Option<Timestamp>,
    /// Whether the authority's own records know the person.
    pub fed: bool,
}

/// How many referrals of a person are shown at most: the newest.
pub const CHRONOLOGY: usize = 1000;

/// A referral of which a child is this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChronologyRow {
    pub referral: ReferralId,
    pub reference: Reference,
    pub child: u16,
    pub received_at: Timestamp,
    pub agency: AgencyId,
    pub level: String,
    pub state: LinkState,
    pub decision: Option<DecisionId>,
}

/// What was taken back from whom, and how far the message that says so has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawnRow {
    pub withdrawal: WithdrawalRow,
    pub reference: Reference,
    pub destination: DestinationId,
    pub state: DeliveryState,
    pub delivered_at: Option<Timestamp>,
}

/// Matches, and what they lead to, as people read them.
#[async_trait]
pub trait MatchStore: Send + Sync {
    /// Matches in a state, by referral, child and record, after one of them. Of a person with
    /// several records there is one.
    async fn matches(
        &self,
        state: MatchState,
        after: Option<(ReferralId, u16, PersonId)>,
        limit: usize,
    ) -> Result<Vec<MatchRow>>;
    /// A person by any of its records.
    async fn person(&self, id: PersonId) -> Result<Option<PersonRecord>>;
    /// Referrals of which a child is this person, oldest first; possible ones are not. The newest
    /// [`CHRONOLOGY`] of them, and one more where there are more.
    async fn chronology(&self, id: PersonId) -> Result<Vec<ChronologyRow>>;
    /// What was taken back, oldest first, after a message.
    async fn withdrawals(
        &self,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<WithdrawnRow>>;
}
