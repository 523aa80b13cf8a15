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
use crate::store::Token16;
use crate::store::work::{Addition, Referred, RepeatKey, Work};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Days for which a sender's message id is known.
const MESSAGE_DAYS: i64 = 90;
/// Hours for which the same content without a message id answers with its first receipt.
const CONTENT_HOURS: i64 = 24;
/// Longest wait for the store to say which referral was first.
const PATIENCE: Duration = Duration::from_secs(10);

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

/// An item on its way: what is said of it at each step.
struct Way {
    submission: Submission,
    adapter: String,
    manifest: Arc<Manifest>,
    at: String,
    canonical: Canonical,
    message_id: Option<String>,
    received_at: Timestamp,
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
        let way = Way { submission, adapter, manifest, at, canonical, message_id, received_at };
        let repeat = self.repeat_of(&way);
        match self.ready(&way, repeat) {
            Ok((referred, unread)) => {
                let outcome = self.submit(Work::Refer(Box::new(referred))).await;
                match outcome {
                    Outcome::Conflict { first } if way.message_id.is_some() => {
                        self.add(way, first, unread).await
                    }
                    outcome => way.answered(outcome, unread),
                }
            }
            Err(refusal) => self.too_little(way, repeat, refusal).await,
        }
    }

    /// Validates and scores; the second part is what could not be read.
    fn ready(&self, way: &Way, repeat: RepeatKey) -> Result<(Referred, Vec<Told>), Refusal> {
        let ready = guarded("read", || {
            let Canonical { document, provenance, shape } = &way.canonical;
            let told = |faults: &[Unread]| tell(faults, provenance, &way.at, &way.manifest);
            match self.validator.validate(document.clone()) {
                Ok((referral, unread)) => {
                    let (from, at) = (&way.submission, way.received_at);
                    let mut referred = self.referred(from, referral, &unread, repeat, at);
                    referred.provenance = serde_json::to_vec(provenance).unwrap_or_default();
                    Ok((referred, [told(&unread), shape.clone()].concat()))
                }
                Err(refusal) => {
                    let faults = [told(&refusal.faults), shape.clone()].concat();
                    Err(Refusal { kind: refusal.kind, faults: pointed(faults) })
                }
            }
        });
        ready.unwrap_or_else(|| Err(Refusal::failed()))
    }

    /// Below the minimum. About a referral that stands it is information all the same; alone it is
    /// refused and kept.
    async fn too_little(&self, way: Way, repeat: RepeatKey, refusal: Refusal) -> Answered {
        if way.message_id.is_some() && refusal.kind == RefusalKind::BelowMinimum {
            match self.first(&repeat, way.received_at).await {
                Ok(Some(first)) => {
                    let shape = way.canonical.shape.clone();
                    return self.add(way, first, shape).await;
                }
                Ok(None) => {}
                Err(outcome) => return way.answered(outcome, Vec::new()),
            }
        }
        // A cancellation that came before what it cancels is not cleared by that.
        let corrects = way.canonical.document.get("corrections").is_some();
        let key = (way.message_id.is_some() && !corrects).then_some(repeat);
        self.refused(way.submission, key, way.message_id, refusal).await
    }

    /// Puts it to the first referral of its message id, unless that is about other children.
    async fn add(&self, mut way: Way, first: Reference, mut unread: Vec<Told>) -> Answered {
        let message = self.repeat_of(&way);
        let addition = Addition {
            agency: way.submission.agency.id.clone(),
            received_at: way.received_at,
            reference: first,
            raw: way.submission.body.clone(),
            document: way.canonical.document.clone(),
            again: Some(message),
            repeat: self.once(way.received_at),
            traceparent: way.submission.traceparent.clone(),
        };
        let outcome = self.submit(Work::Add(Box::new(addition))).await;
        if !matches!(outcome, Outcome::Conflict { .. }) {
            return Answered { added: true, ..way.answered(outcome, unread) };
        }
        let note = serde_json::json!({
            "label": "the sender used its message id before, for other children",
            "text": first.to_string(),
        });
        way.canonical.add_note(note);
        unread.push(Told {
            at: way.at.clone(),
            rule: "message-id".to_owned(),
            ask: format!("This id was used for other children, in {first}; give each its own"),
        });
        let own = RepeatKey { key: message.body, ..message };
        match self.ready(&way, own) {
            Ok((referred, _)) => {
                let outcome = self.submit(Work::Refer(Box::new(referred))).await;
                way.answered(outcome, unread)
            }
            Err(refusal) => self.refused(way.submission, None, way.message_id, refusal).await,
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
    fn repeat_of(&self, way: &Way) -> RepeatKey {
        let content = way.canonical.document.to_string();
        let body = self.token(way, "content", content.as_bytes());
        let after = |seconds: i64| way.received_at.plus_seconds(seconds);
        match &way.message_id {
            Some(id) => RepeatKey {
                key: self.token(way, "message", id.as_bytes()),
                body,
                expires_at: after(MESSAGE_DAYS * 24 * 3600),
            },
            None => RepeatKey { key: body, body, expires_at: after(CONTENT_HOURS * 3600) },
        }
    }

    /// Of its own: whether it is a repeat, its message id has told already. What was said before
    /// and is said again is the last word anew.
    fn once(&self, at: Timestamp) -> RepeatKey {
        let mut key = Token16::default();
        self.env.entropy(&mut key);
        RepeatKey { key, body: key, expires_at: at }
    }

    fn token(&self, way: &Way, label: &str, content: &[u8]) -> Token16 {
        let label = format!("adapted:{}:{label}", way.adapter);
        self.stages.ring.token16(&label, way.submission.agency.id.as_str(), content)
    }

    /// The referral that this message id was first used for.
    async fn first(&self, repeat: &RepeatKey, at: Timestamp) -> Result<Option<Reference>, Outcome> {
        let keys = [repeat.key];
        let asked = tokio::time::timeout(PATIENCE, self.store.repeats(&keys, at)).await;
        match asked {
            Ok(Ok(stored)) => Ok(stored.first().map(|stored| stored.reference)),
            Ok(Err(_)) | Err(_) => Err(Outcome::Unavailable),
        }
    }
}

impl Way {
    fn answered(self, outcome: Outcome, unread: Vec<Told>) -> Answered {
        Answered { outcome, message_id: self.message_id, added: false, unread }
    }
}

impl Canonical {
    fn add_note(&mut self, note: Value) {
        let Value::Object(members) = &mut self.document else { return };
        let notes = members.entry("notes").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(notes) = notes {
            notes.push(note);
        }
    }
}

/// The sender's own id of what it sent.
fn message_id(document: &Value) -> Option<String> {
    let id = match document.get("source_message_id")? {
        Value::String(id) => id.trim().to_owned(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    is_own(&id).then_some(id)
}

/// Whether an id can be one message's own. `TBC`, `N/A`, a running number of a sheet, a bare date,
/// or what a spreadsheet made of a long number, stand for many.
fn is_own(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let rounded = id.parse::<f64>().is_ok() && id.contains(['e', 'E']);
    let is_date = |form| jiff::civil::Date::strptime(form, id).is_ok();
    let dated = ["%Y%m%d", "%Y-%m-%d", "%d/%m/%Y"].into_iter().any(is_date);
    id.len() >= 4 && digits > 0 && !rounded && !dated
}

/// Faults with places in what was sent for pointers.
fn pointed(faults: Vec<Told>) -> Vec<Unread> {
    let unread = |told: Told| Unread { pointer: told.at, rule: told.rule, ask: told.ask };
    faults.into_iter().map(unread).collect()
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn what_stands_for_many_messages_is_no_message_id() {
        for own in ["R-77", "2026/000123", "WM26-0001", "ab12"] {
            assert!(is_own(own), "{own}");
        }
        let shared = ["TBC", "N/A", "none", "-", "1", "17", "1.23457E+11", "unknown", "20240515"];
        for shared in shared {
            assert!(!is_own(shared), "{shared}");
        }
    }
}
