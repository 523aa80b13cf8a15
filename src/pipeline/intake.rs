//! The entrance: a submission in, exactly one outcome out.

use super::adapted::{Adapted, Answered};
use super::guard::guarded;
use super::judge::Stages;
use crate::adapter;
use crate::domain::agency::Agency;
use crate::domain::record::Unread;
use crate::domain::refusal::{Extent, Refusal, RefusalKind};
use crate::domain::time::Env;
use crate::domain::{Reference, Referral, Timestamp};
use crate::store::Token16;
use crate::store::lane::{Lane, LaneError};
use crate::store::traits::LaneStore;
use crate::store::work::{Addition, Done, Referred, Refused, RepeatKey, Work};
use crate::threshold;
use crate::validation::Validator;
use async_trait::async_trait;
use std::sync::Arc;

/// Days for which a sender's own key is kept.
const KEY_DAYS: i64 = 90;
/// Hours for which a body without a key answers with its first receipt.
const BODY_HOURS: i64 = 24;

/// A submission as it arrives, from a known agency.
#[derive(Clone)]
pub struct Submission {
    pub agency: Arc<Agency>,
    /// Exactly the bytes that were sent; never printed.
    pub body: Vec<u8>,
    pub media_type: Option<String>,
    pub idempotency_key: Option<String>,
    /// W3C trace context to carry on.
    pub traceparent: Option<String>,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Submission({}, {} bytes)", self.agency.id, self.body.len())
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable. `receipt` is JSON; `repeat` when it had been accepted before.
    Accepted { reference: Reference, receipt: Arc<[u8]>, repeat: bool },
    /// The key was used before with another body.
    Conflict { first: Reference },
    /// Below the minimum, unreadable, or stopped by a defect here; kept, and in front of MASSTT.
    Refused(Refusal),
    /// Information for a reference that is not one of this sender's.
    Unknown,
    /// Not written; the sender should send it again with the same key.
    Unavailable,
    /// Too much at once: send it again shortly.
    Busy,
    /// Nothing of it can be stored; the sender should telephone.
    Failed,
}

/// What the HTTP API calls.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// A new referral.
    async fn receive(&self, submission: Submission) -> Outcome;
    /// Something missing or new for an accepted one.
    async fn inform(&self, reference: Reference, submission: Submission) -> Outcome;
    /// The receipt it would get; nothing is stored.
    fn rehearse(&self, submission: &Submission) -> Result<Vec<u8>, Refusal>;
    /// What an adapter made of an agency's document, or of one item of it.
    async fn adapted(&self, adapted: Adapted) -> Answered;
    /// Keeps what was refused before anything in it was read, e.g. for its size. `about` is the
    /// referral that it was sent to as information.
    async fn refuse(
        &self,
        submission: Submission,
        about: Option<Reference>,
        refusal: Refusal,
        extent: Extent,
    ) -> Outcome;
}

/// Checks the media type and reads the body.
fn read_json(submission: &Submission) -> Result<serde_json::Value, Refusal> {
    adapter::media_type::check(submission.media_type.as_deref())?;
    adapter::json::read(&submission.body)
}

/// Information says where it belongs. A bare list, number or text would take the whole referral's
/// place.
fn in_an_object(document: serde_json::Value) -> Result<serde_json::Value, Refusal> {
    if document.is_object() {
        return Ok(document);
    }
    let fault = Unread {
        pointer: String::new(),
        rule: "object".to_owned(),
        ask: "Send an object in the shape of a referral, e.g. {\"worry\": \"…\"}".to_owned(),
    };
    Err(Refusal { kind: RefusalKind::NotReadable, faults: vec![fault] })
}

/// The pipeline over one lane.
pub struct Pipeline {
    pub stages: Arc<Stages>,
    pub validator: Validator,
    pub lane: Lane,
    /// Where the first referral of a message id is looked up.
    pub store: Arc<dyn LaneStore>,
    pub env: Arc<dyn Env>,
}

impl Pipeline {
    /// Adapt, validate, score: everything that needs nothing but the submission.
    fn read(&self, submission: &Submission) -> Result<Referred, Refusal> {
        let received_at = self.env.now();
        let document = read_json(submission)?;
        let (referral, unread) = self.validator.validate(document)?;
        let repeat = self.repeat_key(None, submission, received_at);
        Ok(self.referred(submission, referral, &unread, repeat, received_at))
    }

    /// Scores a valid referral and makes it ready for the lane.
    pub(super) fn referred(
        &self,
        submission: &Submission,
        referral: Referral,
        unread: &[Unread],
        repeat: RepeatKey,
        received_at: Timestamp,
    ) -> Referred {
        let rules = self.stages.rules.load();
        let facts = rules.policy.reader.read(&referral, received_at);
        let completeness = rules.scorer.score(&referral, &facts, unread);
        let children = self.stages.profiles(&referral, received_at);
        let adults = self.stages.adults_of(&referral, received_at);
        Referred {
            agency: submission.agency.id.clone(),
            received_at,
            raw: submission.body.clone(),
            provenance: Vec::new(),
            referral,
            facts,
            facts_of: rules.policy.hash.clone(),
            completeness,
            children,
            adults,
            repeat,
            traceparent: submission.traceparent.clone(),
        }
    }

    /// `about` is the referral that the submission adds to.
    fn repeat_key(
        &self,
        about: Option<Reference>,
        submission: &Submission,
        at: Timestamp,
    ) -> RepeatKey {
        let what = about.map_or("refer".to_owned(), |reference| format!("inform:{reference}"));
        let agency = submission.agency.id.as_str();
        let token = |label: &str, content: &[u8]| {
            self.stages.ring.token16(&format!("{what}:{label}"), agency, content)
        };
        let body = token("body", &submission.body);
        match &submission.idempotency_key {
            Some(key) => RepeatKey {
                key: token("key", key.as_bytes()),
                body,
                expires_at: at.plus_seconds(KEY_DAYS * 24 * 3600),
            },
            None => RepeatKey { key: body, body, expires_at: at.plus_seconds(BODY_HOURS * 3600) },
        }
    }

    pub(super) async fn submit(&self, work: Work) -> Outcome {
        match self.lane.submit(work).await {
            Ok(Done::Accepted { reference, receipt, repeat }) => {
                Outcome::Accepted { reference, receipt, repeat }
            }
            Ok(Done::Conflict { first }) => Outcome::Conflict { first },
            Ok(Done::Unknown) => Outcome::Unknown,
            // The lane could not conclude it, and has kept it as it was sent.
            Ok(Done::Kept) => Outcome::Refused(Refusal::failed()),
            Ok(
                Done::Settled(_)
                | Done::Taken
                | Done::Unread(_)
                | Done::Looked
                | Done::LookAgain
                | Done::Followed { .. }
                | Done::Lacking(_),
            ) => Outcome::Failed,
            Err(LaneError::Full) => Outcome::Busy,
            Err(LaneError::Unavailable) => Outcome::Unavailable,
            Err(LaneError::Failed) => Outcome::Failed,
        }
    }

    /// Keeps a refusal; the sender hears of it only once it is kept. `repeat` is by what an
    /// accepted one clears it, where that is not the submission's own key.
    pub(super) async fn keep(
        &self,
        submission: Submission,
        about: Option<Reference>,
        refusal: Refusal,
        extent: Extent,
        repeat: Option<RepeatKey>,
    ) -> Outcome {
        let received_at = self.env.now();
        let keyed = repeat.is_some() || submission.idempotency_key.is_some();
        let repeat = repeat.unwrap_or_else(|| self.repeat_key(about, &submission, received_at));
        let refused = Refused {
            agency: submission.agency.id.clone(),
            received_at,
            body: self.identity(repeat.body, extent),
            key: keyed.then_some(repeat.key),
            raw: submission.body,
            extent,
            refusal: refusal.clone(),
            about,
            traceparent: submission.traceparent,
        };
        match self.submit(Work::Refuse(Box::new(refused))).await {
            Outcome::Refused(_) => Outcome::Refused(refusal),
            other => other,
        }
    }

    /// By what a refusal is known when it comes again. A body that did not come whole, or holds
    /// nothing, says not which submission it was: each is one of its own.
    fn identity(&self, body: Token16, extent: Extent) -> Token16 {
        if extent.whole && extent.read > 0 {
            return body;
        }
        let mut own = Token16::default();
        self.env.entropy(&mut own);
        own
    }
}

#[async_trait]
impl Intake for Pipeline {
    async fn receive(&self, submission: Submission) -> Outcome {
        match guarded("read", || self.read(&submission)).unwrap_or_else(|| Err(Refusal::failed())) {
            Ok(referred) => self.submit(Work::Refer(Box::new(referred))).await,
            Err(refusal) => {
                let extent = Extent::whole(&submission.body);
                self.keep(submission, None, refusal, extent, None).await
            }
        }
    }

    async fn inform(&self, reference: Reference, submission: Submission) -> Outcome {
        let about = Some(reference);
        let read = guarded("read", || read_json(&submission).and_then(in_an_object));
        match read.unwrap_or_else(|| Err(Refusal::failed())) {
            Ok(document) => {
                let received_at = self.env.now();
                let addition = Addition {
                    agency: submission.agency.id.clone(),
                    received_at,
                    reference,
                    repeat: self.repeat_key(about, &submission, received_at),
                    raw: submission.body,
                    document,
                    again: None,
                    traceparent: submission.traceparent,
                };
                self.submit(Work::Add(Box::new(addition))).await
            }
            Err(refusal) => {
                let extent = Extent::whole(&submission.body);
                self.keep(submission, about, refusal, extent, None).await
            }
        }
    }

    async fn adapted(&self, adapted: Adapted) -> Answered {
        self.take(adapted).await
    }

    fn rehearse(&self, submission: &Submission) -> Result<Vec<u8>, Refusal> {
        let referred = self.read(submission)?;
        let rules = self.stages.rules.load();
        let at = referred.received_at;
        let alone = threshold::decide_facts(&rules.policy, &referred.facts, &[], at);
        Ok(self.stages.receipt(&rules, Reference::from_entropy(0), &referred, &alone, at))
    }

    async fn refuse(
        &self,
        submission: Submission,
        about: Option<Reference>,
        refusal: Refusal,
        extent: Extent,
    ) -> Outcome {
        self.keep(submission, about, refusal, extent, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn information_that_is_not_an_object_is_refused_and_never_takes_the_referrals_place() {
        assert!(in_an_object(json!({"worry": "more"})).is_ok());
        for bare in [json!([]), json!(["a"]), json!(7), json!("text"), json!(null), json!(true)] {
            let refusal = in_an_object(bare).expect_err("not an object");
            assert_eq!(refusal.faults[0].rule, "object");
        }
    }
}
