//! Answers in the sender's manner: what became of what an agency sent, in the format that its own
//! systems read, so that nobody has to write a second client to learn that a referral arrived.
//!
//! - JSON: the receipt with `what` and `unread`, or a problem document (RFC 9457); a batch is
//!   answered line by line.
//! - FHIR R4 (NHS Booking and Referral Standard): a message that responds, or an OperationOutcome.
//! - HL7 version 2.5: RRI^I12, or ACK with ERR segments.
//! - CSV (RFC 4180): a row for each row.
//!
//! An answer repeats nothing of what was sent save what its format needs: ids that say which
//! message is answered, where to send the answer, and the names and numbers in PRD and PID that
//! RRI^I12 demands. Whatever manner, a refusal says whom to telephone.

mod csv;
mod fhir;
mod hl7v2;
mod json;

#[cfg(test)]
mod tests;

pub use super::manifest::Manner;
pub use super::told::Told;

use super::located::Located;
use crate::domain::{Priority, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// What became of one item: a document, or a row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Where the item stands in what was sent: `row 4`, `/3`; empty for a whole document.
    pub at: String,
    /// The sender's own id of it, where it has one.
    pub message_id: Option<String>,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Accepted(Accepted),
    Refused(Problem),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// 200 or 201.
    pub status: u16,
    pub reference: String,
    /// As `schemas/receipt.v1.schema.json` describes it.
    pub receipt: Value,
    pub what: What,
    /// What could not be read, in the sender's own terms.
    pub unread: Vec<Told>,
}

/// What an accepted item was to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    New,
    /// The same was sent before, and nothing was added.
    Repeat,
    /// Information put to the first referral of this message id.
    Added,
}

impl Outcome {
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Accepted(Accepted { what: What::New, .. }) => "accepted",
            Outcome::Accepted(Accepted { what: What::Repeat, .. }) => "repeat",
            Outcome::Accepted(Accepted { what: What::Added, .. }) => "added",
            Outcome::Refused(_) => "refused",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Outcome::Accepted(accepted) => accepted.status,
            Outcome::Refused(problem) => problem.status,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: u16,
    /// Tail of the problem's type, e.g. `below-minimum`.
    pub code: String,
    pub title: String,
    pub detail: Option<String>,
    pub faults: Vec<Told>,
    pub duty: Duty,
    /// The first referral, where it is about that.
    pub reference: Option<String>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
}

/// Whom to telephone instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    pub in_hours: String,
    pub out_of_hours: String,
}

impl Problem {
    /// All of it but the faults, for people to read.
    fn text(&self) -> String {
        let Duty { in_hours, out_of_hours } = &self.duty;
        let first = self.reference.as_ref().map(|first| format!("The first referral is {first}"));
        let again = self.retry_after.map(|seconds| format!("Try again after {seconds} seconds"));
        let call = format!("Duty team: telephone {in_hours}, out of hours {out_of_hours}");
        let sentences = [Some(self.title.clone()), self.detail.clone(), first, again, Some(call)];
        let ended = |sentence: String| format!("{}.", sentence.trim_end_matches('.'));
        sentences.into_iter().flatten().map(ended).collect::<Vec<_>>().join(" ")
    }
}

/// Of the request that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The call's UUID. Never a token of the sender's own choosing, which may be a name.
    pub id: String,
    /// Now: RFC 3339, in UTC.
    pub at: String,
}

/// An answer ready to be sent. `Location` and `Retry-After` are its caller's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// What the answer needs of the decoded document; small, and for [`one`] only.
pub fn head(manner: Manner, decoded: &Located) -> Value {
    match manner {
        Manner::Fhir => fhir::head(decoded),
        Manner::Hl7v2 => hl7v2::head(decoded),
        Manner::Json | Manner::Csv => Value::Null,
    }
}

/// The same of a body that could not be decoded, as far as its beginning can be: an HL7 sender
/// finds the message that an answer is about by its MSH-10.
pub fn head_of_undecoded(manner: Manner, body: &[u8]) -> Value {
    match manner {
        Manner::Hl7v2 => hl7v2::head_of_undecoded(body),
        Manner::Fhir | Manner::Json | Manner::Csv => Value::Null,
    }
}

/// Answers one document. `head` is what [`head`] took from it; null where there is nothing to take.
pub fn one(manner: Manner, head: &Value, verdict: &Verdict, request: &Request) -> Answer {
    match manner {
        Manner::Json => json::one(verdict, request),
        Manner::Fhir => fhir::one(head, verdict, request),
        Manner::Hl7v2 => hl7v2::one(head, verdict, request),
        Manner::Csv => csv::one(verdict),
    }
}

/// How many items of a batch became what, by [`Outcome::word`].
pub type Counts = BTreeMap<&'static str, usize>;

/// The pieces of an answer to a batch, to be sent one after the other: CSV, or lines of JSON. FHIR
/// and HL7 version 2 have no batches here.
pub struct Batch;

impl Batch {
    pub fn content_type(manner: Manner) -> &'static str {
        if manner == Manner::Csv { csv::MEDIA_TYPE } else { json::LINES }
    }

    pub fn begin(manner: Manner) -> Vec<u8> {
        if manner == Manner::Csv { csv::header() } else { Vec::new() }
    }

    pub fn item(manner: Manner, verdict: &Verdict) -> Vec<u8> {
        if manner == Manner::Csv { csv::row(verdict) } else { json::line(verdict) }
    }

    /// Who does not get a last line of JSON knows that the answer was cut off. A table has only
    /// its rows to count.
    pub fn end(manner: Manner, counts: &Counts) -> Vec<u8> {
        if manner == Manner::Csv { Vec::new() } else { json::end(counts) }
    }
}

/// The text at a pointer; empty where there is none.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a pointer; empty where there is none.
fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// An object without its members that say nothing.
fn filled(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, member| match member {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        });
    }
    object
}

/// The receipt for people to read, what is most pressing first.
fn lines(accepted: &Accepted) -> Vec<String> {
    let Accepted { reference, receipt, .. } = accepted;
    let first = match accepted.what {
        What::New => {
            format!("Received under the reference {reference}. Nobody has decided on it yet.")
        }
        What::Repeat => format!("Received before, as {reference}. Nothing was added to it."),
        What::Added => format!("Added to the referral {reference}, which was sent before."),
    };
    let mut lines = vec![first];
    lines.extend(list(receipt, "/advice").iter().filter_map(Value::as_str).map(str::to_owned));
    if let Some(by) = in_england(text(receipt, "/respond_by")) {
        lines.push(format!("Somebody must have answered you by {by}. If nobody has, ring."));
    }
    let children = list(receipt, "/children").iter().zip(1..);
    lines.extend(children.map(|(child, nth)| of_child(child, nth)));
    let missing = list(receipt, "/completeness/missing").iter();
    lines.extend(missing.map(|one| format!("It would help to add: {}", text(one, "/ask"))));
    lines
}

/// A fault for people to read.
fn fault(told: &Told) -> String {
    if told.at.is_empty() { told.ask.clone() } else { format!("{}: {}", told.at, told.ask) }
}

fn of_child(child: &Value, nth: usize) -> String {
    format!(
        "Child {nth}: level of need {}, {}, is suggested, and a social worker decides; priority \
         {}; goes to {}.",
        text(child, "/level_of_need/code"),
        text(child, "/level_of_need/label"),
        text(child, "/priority"),
        destinations(child).join(", "),
    )
}

/// Where a child's referral goes: `masstt (strategy)`.
fn destinations(child: &Value) -> Vec<String> {
    let told = |one: &Value| format!("{} ({})", text(one, "/id"), text(one, "/purpose"));
    list(child, "/destinations").iter().map(told).collect()
}

/// The most pressing priority of any child.
fn priority(receipt: &Value) -> Priority {
    let children = list(receipt, "/children").iter();
    let given = children.filter_map(|child| Priority::parse(text(child, "/priority")));
    given.max().unwrap_or_default()
}

/// An instant as clocks in England show it.
fn in_england(at: &str) -> Option<String> {
    let at = Timestamp::parse(at)?.to_jiff().in_tz("Europe/London").ok()?;
    Some(at.strftime("%H:%M on %-d %B %Y").to_string())
}
