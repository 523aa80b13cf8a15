//! Late truth: of whom the authority's records tell something new, and which earlier referrals
//! that may concern.

use super::error::Result;
use super::records::{damaged, reference};
use super::recounts::Recount;
use super::rows::{CandidateRow, LaneSeq, PersonRow, Token};
use crate::domain::decision::CaseStatus;
use crate::domain::{LinkState, PersonId, Reference};
use async_trait::async_trait;
use foldhash::{HashMap, HashSet};
use uuid::Uuid;

/// A person of whom an import has told something new, and the batch in which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    pub seq: LaneSeq,
    pub person: PersonId,
}

/// How a child of a referral stands to a person: it is that person, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub person: PersonId,
    pub reference: Reference,
    pub state: LinkState,
}

/// News as the gateways follow them.
#[async_trait]
pub trait NewsStore: Send + Sync {
    /// The oldest that were not heard, in their order.
    async fn news(&self, limit: usize) -> Result<Vec<News>>;
    /// Everything up to this one was heard. Two gateways may hear the same.
    async fn heard(&self, last: News) -> Result<()>;
    /// The blocking tokens that the authority's records gave these people and a referral gave
    /// somebody else: of most people none.
    async fn shared_tokens(&self, people: &[PersonId]) -> Result<Vec<Token>>;
    /// All people who carry any of `tokens`, but for blocks over the cap: each may be another's
    /// candidate, so that there is no one child to make a shortlist for.
    async fn sharing(&self, tokens: &[Token]) -> Result<Vec<CandidateRow>>;
    /// Referrals to be decided again without a wrong history, the oldest first, after one of them.
    async fn recounts(&self, after: Option<Recount>, limit: usize) -> Result<Vec<Recount>>;
    /// Children of referrals who are one of these people, by any of their records, or may be.
    async fn standing(&self, people: &[PersonId]) -> Result<Vec<Standing>>;
}

/// A known record before a feed replaces it: id, `as_of`, status of the case.
pub(super) type Before = (Uuid, Option<i64>, String);

/// Of whom the feed tells something by which an earlier referral could be another: who is new, who
/// gained a token, and whose case is another one and open.
pub(super) fn told(rows: &[PersonRow], before: &[Before], tokens: &[(Uuid, i64)]) -> Vec<Uuid> {
    let before: HashMap<Uuid, &str> =
        before.iter().map(|(id, _, status)| (*id, status.as_str())).collect();
    let held: HashSet<(Uuid, i64)> = tokens.iter().copied().collect();
    let is_told = |row: &&PersonRow| {
        before.get(&row.id.0).is_none_or(|status| {
            let status_is_news = *status != row.case_status.as_str();
            (status_is_news && row.case_status != CaseStatus::None)
                || row.tokens.iter().any(|token| !held.contains(&(row.id.0, token.0)))
        })
    };
    rows.iter().filter(is_told).map(|row| row.id.0).collect()
}

/// Person, reference, state.
pub(super) type StandingRecord = (Uuid, String, String);

pub(super) fn standing((person, named, state): StandingRecord) -> Result<Standing> {
    let state = LinkState::parse(&state).ok_or_else(|| damaged("state"))?;
    Ok(Standing { person: PersonId(person), reference: reference(&named)?, state })
}
