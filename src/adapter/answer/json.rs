//! JSON: the receipt, or a problem document (RFC 9457) as the API gives it, with each fault where
//! the sender knows it (`at`) in place of a pointer into the canonical referral.

use super::{Accepted, Answer, Counts, Outcome, Problem, Request, Verdict, filled};
use serde_json::{Value, json};

/// A line for each item, and one with the counts.
pub(super) const LINES: &str = "application/x-ndjson";
const RECEIPT: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

pub(super) fn one(verdict: &Verdict, request: &Request) -> Answer {
    let (content_type, body) = match &verdict.outcome {
        Outcome::Accepted(accepted) => (RECEIPT, receipt(accepted, verdict.outcome.word())),
        Outcome::Refused(refused) => (PROBLEM, problem(refused, Some(request.id.as_str()))),
    };
    let body = body.to_string().into_bytes();
    Answer { status: verdict.outcome.status(), content_type, body }
}

pub(super) fn line(verdict: &Verdict) -> Vec<u8> {
    let (accepted, refused) = match &verdict.outcome {
        Outcome::Accepted(accepted) => (Some(receipt(accepted, verdict.outcome.word())), None),
        Outcome::Refused(refused) => (None, Some(problem(refused, None))),
    };
    let line = filled(json!({
        "at": verdict.at,
        "message_id": verdict.message_id,
        "status": verdict.outcome.status(),
        "receipt": accepted,
        "problem": refused,
    }));
    format!("{line}\n").into_bytes()
}

pub(super) fn end(counts: &Counts) -> Vec<u8> {
    format!("{}\n", json!({ "counts": counts })).into_bytes()
}

fn receipt(accepted: &Accepted, what: &str) -> Value {
    let mut receipt = accepted.receipt.clone();
    if let Value::Object(members) = &mut receipt {
        members.insert("what".to_owned(), what.into());
        if !accepted.unread.is_empty() {
            members.insert("unread".to_owned(), json!(accepted.unread));
        }
    }
    receipt
}

fn problem(problem: &Problem, instance: Option<&str>) -> Value {
    let duty = &problem.duty;
    filled(json!({
        "type": format!("/problems/{}", problem.code),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "faults": problem.faults,
        "first": problem.reference,
        "retry_after": problem.retry_after,
        "duty": { "in_hours": duty.in_hours, "out_of_hours": duty.out_of_hours },
    }))
}
