//! One function, seven verbs, exactly one outcome for each submission.

use crate::domain::Reference;
use crate::domain::agency::Agency;
use crate::domain::refusal::Refusal;
use async_trait::async_trait;
use std::sync::Arc;

/// One authenticated request with everything that the stages and the commit lane need of it.
#[derive(Clone)]
pub struct Submission {
    pub agency: Arc<Agency>,
    /// Exactly the bytes that were sent; never printed.
    pub body: Vec<u8>,
    /// `Content-Type` as sent, e.g. `application/json`; `None` when the sender gave none.
    pub media_type: Option<String>,
    /// 1 to 255 visible ASCII characters (draft-ietf-httpapi-idempotency-key-header).
    pub idempotency_key: Option<String>,
    /// W3C trace context to pass on with every message that this submission causes.
    pub traceparent: Option<String>,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Submission({}, {} bytes)", self.agency.id, self.body.len())
    }
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable. `receipt` is the JSON that the sender is given; `repeat` when it was given before.
    Accepted { reference: Reference, receipt: Arc<[u8]>, repeat: bool },
    /// The same idempotency key came with another body; `first` is what it was first used for.
    Conflict { first: Reference },
    /// Not readable or below the minimum. Already kept (invariant 5).
    Refused(Refusal),
    /// Information on a reference that is not this sender's.
    Unknown,
    /// Nothing is known to be stored: the sender repeats with the same key.
    Unavailable,
    /// Too much at once: send it again shortly.
    Busy,
    /// It cannot be stored as it is; the sender should telephone.
    Failed,
}

/// The way in, as HTTP handlers see it.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Adapts, validates, scores, links, decides and commits.
    async fn receive(&self, submission: Submission) -> Outcome;

    /// Adds to a referral of this sender; decides again and may only raise.
    async fn inform(&self, reference: Reference, submission: Submission) -> Outcome;

    /// The receipt that a submission would get; nothing is stored.
    fn rehearse(&self, submission: &Submission) -> Result<Vec<u8>, Refusal>;

    /// Keeps a refusal that was found before the stages, e.g. a body over the limit. `bytes` is the
    /// body's size as announced or as far as it was read.
    async fn refuse(&self, submission: Submission, refusal: Refusal, bytes: u64) -> Outcome;
}
