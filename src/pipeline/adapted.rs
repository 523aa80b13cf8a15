//! What an adapter made of an agency's document: a referral, information on one that the sender
//! sent before under the same message id, or a refusal, told in terms of what was sent.

use super::guard::guarded;
use super::intake::{Outcome, Pipeline, Submission};
use crate::adapter::manifest::Manifest;
use crate::adapter::told::{Told, tell};
use crate::domain::agency::Agency;
use crate::domain::record::Unread;
use crate::domain::refusal::{Extent, Refusal, RefusalKind};
use crate::domain::{Reference, Timestamp};
use crate::store::work::{Addition, RepeatKey, Work};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days for which a sender's message id is known.
const MESSAGE_DAYS: i64 = 90;
/// Hours for which the same content without a message id answers with its first receipt.
const CONTENT_HOURS: i64 = 24;

/// One item, as its adapter made it.
pub struct Adapted {
    pub agency: Arc<Agency>,
    pub adapter: String,
    pub manifest: Arc<Manifest>,
    /// The item's place in what was sent; empty for a whole document.
    pub at: String,
    /// What was sent of it; never printed.
    pub raw: Vec<u8>,
    pub traceparent: Option<String>,
    pub made: Result<Canonical, Refusal>,
}

/// A canonical document, and where its parts are from.
pub struct Canonical {
    pub document: Value,
    /// By JSON pointer: the places in what was sent.
    pub provenance: BTreeMap<String, Vec<String>>,
    /// Where the item has not the shape that the adapter describes.
    pub shape: Vec<Told>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The faults of a refusal have places in what was sent for pointers.
    pub outcome: Outcome,
    /// The sender's own id of it.
    pub message_id: Option<String>,
    /// It was put to the first referral of its message id.
    pub added: bool,
    /// Of what was accepted: what could not be read.
    pub unread: Vec<Told>,
}

impl Pipeline {
    pub(super) async fn take(&self, adapted: Adapted) -> Answered {
        let Adapted { agency, adapter, manifest, at, raw, traceparent, made } = adapted;
        let submission =
            Submission { agency, body: raw, media_type: None, idempotency_key: None, traceparent };
        let canonical = match made {
            Ok(canonical) => canonical,
            Err(refusal) => return self.refused(submission, None, None, refusal).await,
        };
        let message_id = message_id(&canonical.document);
        let received_at = self.env.now();
        let repeat = self.repeat_of(&submission, &adapter, &canonical.document, received_at);
        let Canonical { document, provenance, shape } = canonical;
        let read = guarded("read", || self.validator.validate(document.clone()));
        let told = |faults: &[Unread]| tell(faults, &provenance, &at, &manifest);
        let (outcome, unread) = match read.unwrap_or_else(|| Err(Refusal::failed())) {
            Ok((referral, unread)) => {
                let told = [told(&unread), shape].concat();
                let mut referred =
                    self.referred(&submission, referral, &unread, repeat, received_at);
                referred.provenance = serde_json::to_vec(&provenance).unwrap_or_default();
                (self.submit(Work::Refer(Box::new(referred))).await, told)
            }
            Err(refusal) => {
                let first = match message_id {
                    Some(_) if refusal.kind == RefusalKind::BelowMinimum => {
                        self.first(&repeat, received_at).await
                    }
                    _ => None,
                };
                let Some(first) = first else {
                    let faults = [told(&refusal.faults), shape].concat();
                    let refusal = Refusal { kind: refusal.kind, faults: pointed(faults) };
                    let key = message_id.is_some().then_some(repeat);
                    return self.refused(submission, key, message_id, refusal).await;
                };
                // Too little to stand alone, but something about a referral that does.
                (Outcome::Conflict { first }, shape)
            }
        };
        match outcome {
            Outcome::Conflict { first } if message_id.is_some() => {
                let addition = Addition {
                    agency: submission.agency.id.clone(),
                    received_at,
                    reference: first,
                    raw: submission.body,
                    repeat: self.repeat_about(first, &submission.agency.id, &document, received_at),
                    document,
                    again: true,
                    traceparent: submission.traceparent,
                };
                let outcome = self.submit(Work::Add(Box::new(addition))).await;
                Answered { outcome, message_id, added: true, unread }
            }
            outcome => Answered { outcome, message_id, added: false, unread },
        }
    }

    async fn refused(
        &self,
        submission: Submission,
        key: Option<RepeatKey>,
        message_id: Option<String>,
        refusal: Refusal,
    ) -> Answered {
        let extent = Extent::whole(&submission.body);
        let outcome = self.keep(submission, None, refusal, extent, key).await;
        Answered { outcome, message_id, added: false, unread: Vec::new() }
    }

    /// The same content is a repeat, also in other bytes: what envelopes say of themselves, such
    /// as the time of sending, is no content.
    fn repeat_of(
        &self,
        submission: &Submission,
        adapter: &str,
        document: &Value,
        at: Timestamp,
    ) -> RepeatKey {
        let agency = submission.agency.id.as_str();
        let token = |label: &str, content: &[u8]| {
            self.stages.ring.token16(&format!("adapted:{adapter}:{label}"), agency, content)
        };
        let body = token("content", document.to_string().as_bytes());
        match message_id(document) {
            Some(id) => RepeatKey {
                key: token("message", id.as_bytes()),
                body,
                expires_at: at.plus_seconds(MESSAGE_DAYS * 24 * 3600),
            },
            None => {
                RepeatKey { key: body, body, expires_at: at.plus_seconds(CONTENT_HOURS * 3600) }
            }
        }
    }

    fn repeat_about(
        &self,
        first: Reference,
        agency: &crate::domain::AgencyId,
        document: &Value,
        at: Timestamp,
    ) -> RepeatKey {
        let label = format!("inform:{first}:content");
        let content = document.to_string();
        let body = self.stages.ring.token16(&label, agency.as_str(), content.as_bytes());
        RepeatKey { key: body, body, expires_at: at.plus_seconds(MESSAGE_DAYS * 24 * 3600) }
    }

    /// The referral that this message id was first used for.
    async fn first(&self, repeat: &RepeatKey, at: Timestamp) -> Option<Reference> {
        let stored = self.store.repeats(&[repeat.key], at).await.ok()?;
        stored.first().map(|stored| stored.reference)
    }
}

/// The sender's own id of what it sent.
fn message_id(document: &Value) -> Option<String> {
    let id = match document.get("source_message_id")? {
        Value::String(id) => id.trim().to_owned(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let says = !id.is_empty() && !["not-known", "refused"].contains(&id.as_str());
    says.then_some(id)
}

/// Faults with places in what was sent for pointers.
fn pointed(faults: Vec<Told>) -> Vec<Unread> {
    let unread = |told: Told| Unread { pointer: told.at, rule: told.rule, ask: told.ask };
    faults.into_iter().map(unread).collect()
}
