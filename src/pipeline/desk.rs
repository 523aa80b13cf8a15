//! What people at the desk ask of the pipeline: to take their word on a match, and to say why two
//! records may be one child's.

use super::intake::Pipeline;
use crate::domain::ids::DecisionId;
use crate::domain::matching::ProposalHash;
use crate::domain::outcome;
use crate::domain::{
    AdultMatchId, AdultSeen, DestinationId, MatchId, OutcomeCode, OutcomeId, PersonId, Reference,
    Timestamp, Unread, Word,
};
use crate::linkage::{self, Explanation, Profile};
use crate::store::lane::LaneError;
use crate::store::work::{Done, MatchWord, Settled, Told, Work};
use crate::store::{AdultRow, OutcomeRow, ReferralRow};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A person's word on a match.
#[derive(Clone, Debug)]
pub struct Said {
    pub of: MatchId,
    pub word: Word,
    /// The proposal that the person has read and takes: what is lower without a wrong history.
    pub lower: Option<ProposalHash>,
    /// Who says it and why, JSON; it is sealed.
    pub by: Vec<u8>,
    /// Whose system says it.
    pub actor: DestinationId,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Settled(Settled),
    /// The child, or another of its referral, is somebody already.
    Taken,
    /// What would be lower, JSON, is not what the person has read. Nothing was changed.
    Unread(Arc<[u8]>),
    /// There is no such match.
    Unknown,
    /// Nothing was changed; say it again.
    Busy,
    Unavailable,
    Failed,
}

/// An outcome, as a team sends it.
#[derive(Clone)]
pub struct Recording {
    pub team: DestinationId,
    pub of: Reference,
    pub body: Map<String, Value>,
    /// It came as a message: where it cannot stand, the team is sent a message that says why.
    pub by_message: bool,
}

/// What became of an outcome that a team recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It stands, now or before (`repeat`); the answer is JSON.
    Stands {
        answer: Arc<[u8]>,
        repeat: bool,
    },
    /// It cannot stand: what is missing, and where. Nothing was changed.
    Lacking(Vec<Unread>),
    /// There is no such referral of this team.
    Unknown,
    /// Nothing was changed; say it again.
    Busy,
    Unavailable,
    Failed,
}

/// What a sender learns of what people did, once somebody has released it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderTold {
    /// The last that social work under statute released.
    pub outcome: Option<ToldOutcome>,
    /// When social work last released at which level of need it has decided.
    pub decided_at: Option<Timestamp>,
    /// What others released, oldest first.
    pub services: Vec<ToldOutcome>,
    /// What the sender is asked, and when.
    pub asked: Vec<(Timestamp, String)>,
}

/// An outcome as its sender learns of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ToldOutcome {
    /// A code of outcomes.yaml, or `considered` where the kind of agency learns no more.
    pub code: String,
    pub label: String,
    pub at: Timestamp,
    /// In the words of whoever released it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The name under which a decision on a match is sealed.
pub fn sealed_name(id: DecisionId) -> Vec<u8> {
    [b"match-decision:".as_slice(), id.0.as_bytes()].concat()
}

/// The name under which a word on two adults is sealed.
pub fn sealed_adult_name(id: AdultMatchId) -> Vec<u8> {
    [b"adult-decision:".as_slice(), id.0.as_bytes()].concat()
}

/// The desk's side of the pipeline.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// Takes a person's word; durable when it answers.
    async fn hear(&self, said: Said) -> Heard;

    /// Why a child of a stored referral may be a person: never a value of either. `None` when one
    /// of them cannot be opened.
    fn explain(
        &self,
        referral: &ReferralRow,
        child: u16,
        person: PersonId,
        profile: &[u8],
    ) -> Option<Explanation>;

    /// What is told of two adults who may be one; `None` when one of them cannot be opened.
    fn adult_seen(
        &self,
        later: &AdultRow,
        earlier: &AdultRow,
        restricted: bool,
    ) -> Option<AdultSeen>;

    /// How likely a match weight makes it.
    fn probability(&self, weight: f32) -> f32;

    /// Records what a team says that it decided or did; durable when it answers.
    async fn record(&self, recording: Recording) -> Followed;

    /// All that was said in an outcome; `None` when it cannot be opened.
    fn said(&self, recorded: &OutcomeRow) -> Option<Value>;

    /// What an outcome is called, and whether a chronology marks it.
    fn outcome_named(&self, code: &OutcomeCode) -> Option<(String, bool)>;

    /// What a sender of this kind learns of what was recorded.
    fn told_to_sender(&self, recorded: &[OutcomeRow], kind: &str) -> SenderTold;
}

/// What a sender learns of social work whose kind of agency is not told more.
const CONSIDERED: (&str, &str) = ("considered", "A social worker has considered your referral");
/// The same of whoever else was sent it.
const CONSIDERED_THERE: (&str, &str) = ("considered", "A service has considered your referral");

#[async_trait]
impl Desk for Pipeline {
    async fn hear(&self, said: Said) -> Heard {
        let id = DecisionId::from_parts(self.env.now(), self.env.entropy_id());
        let by = self.stages.ring.seal_record(&sealed_name(id), &said.by, self.env.as_ref());
        let (of, word, lower) = (said.of, said.word, said.lower);
        let actor = said.actor.to_string();
        let verdict = MatchWord { of, id, word, lower, by, actor };
        match self.lane.submit(Work::Decide(Box::new(verdict))).await {
            Ok(Done::Settled(settled)) => Heard::Settled(settled),
            Ok(Done::Taken) => Heard::Taken,
            Ok(Done::Unread(proposed)) => Heard::Unread(proposed),
            Ok(Done::Unknown) => Heard::Unknown,
            Err(LaneError::Full) => Heard::Busy,
            Err(LaneError::Unavailable) => Heard::Unavailable,
            Ok(_) | Err(LaneError::Failed) => Heard::Failed,
        }
    }

    fn explain(
        &self,
        referral: &ReferralRow,
        child: u16,
        person: PersonId,
        profile: &[u8],
    ) -> Option<Explanation> {
        let children = self.stages.children_of(referral).ok()?;
        let child = Profile::decode(&children.get(usize::from(child))?.profile).ok()?;
        let profile = self.stages.ring.open_profile(person, profile)?;
        let mut person = Profile::decode(&profile).ok()?;
        let rules = self.stages.rules.load();
        rules.linkage.shared.clear(&mut person);
        Some(linkage::explain(&rules.linkage.model, &child, &person))
    }

    fn adult_seen(
        &self,
        later: &AdultRow,
        earlier: &AdultRow,
        restricted: bool,
    ) -> Option<AdultSeen> {
        self.stages.adult_seen(later, earlier, restricted)
    }

    fn probability(&self, weight: f32) -> f32 {
        self.stages.rules.load().linkage.model.probability(weight)
    }

    async fn record(&self, recording: Recording) -> Followed {
        let Recording { team, of, body, by_message } = recording;
        let said = match outcome::Said::read(&body) {
            Err(faults) if !by_message => return Followed::Lacking(faults),
            said => said,
        };
        let id = OutcomeId::from_parts(self.env.now(), self.env.entropy_id());
        let whole = Value::Object(body);
        let label = format!("outcome {of}");
        let written = whole.to_string();
        let body = self.stages.ring.token16(&label, team.as_str(), written.as_bytes());
        let told = Told { reference: of, destination: team, id, said, whole, body, by_message };
        match self.lane.submit(Work::Follow(Box::new(told))).await {
            Ok(Done::Followed { answer, repeat }) => Followed::Stands { answer, repeat },
            Ok(Done::Lacking(faults)) => Followed::Lacking(faults),
            Ok(Done::Unknown) => Followed::Unknown,
            Err(LaneError::Full) => Followed::Busy,
            Err(LaneError::Unavailable) => Followed::Unavailable,
            Ok(_) | Err(LaneError::Failed) => Followed::Failed,
        }
    }

    fn said(&self, recorded: &OutcomeRow) -> Option<Value> {
        self.stages.recorded(recorded).ok().map(|recorded| recorded.said)
    }

    fn outcome_named(&self, code: &OutcomeCode) -> Option<(String, bool)> {
        let rules = self.stages.rules.load();
        let outcome = rules.outcomes.outcomes.get(code)?;
        Some((outcome.label.clone(), outcome.significant))
    }

    fn told_to_sender(&self, recorded: &[OutcomeRow], kind: &str) -> SenderTold {
        let rules = self.stages.rules.load();
        let receivers = &rules.policy.teams.receivers;
        let statutory = |team| receivers.get(team).is_some_and(|team| team.statutory);
        let mut told = SenderTold::default();
        for row in recorded.iter().filter(|row| row.told) {
            let known = rules.outcomes.outcomes.get(&row.code);
            let words = || {
                let said = self.said(row)?;
                said.get("tell_sender").and_then(Value::as_str).map(str::to_owned)
            };
            let (code, label, message) = match known {
                Some(outcome) if outcome.asks => {
                    told.asked.extend(words().map(|words| (row.at, words)));
                    continue;
                }
                Some(outcome) if outcome.is_told(kind) => {
                    (outcome.code.as_str(), outcome.label.as_str(), words())
                }
                _ if statutory(&row.destination) => (CONSIDERED.0, CONSIDERED.1, None),
                _ => (CONSIDERED_THERE.0, CONSIDERED_THERE.1, None),
            };
            let (code, label) = (code.to_owned(), label.to_owned());
            let one = ToldOutcome { code, label, at: row.at, message };
            if !statutory(&row.destination) {
                told.services.push(one);
                continue;
            }
            if row.level.is_some() {
                told.decided_at = Some(row.at);
            }
            told.outcome = Some(one);
        }
        told
    }
}
