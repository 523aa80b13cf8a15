//! FHIR R4, as a receiver in the NHS Booking and Referral Standard (BaRS) answers
//! `$process-message`: 200 and a message Bundle, or an OperationOutcome under the status that fits
//! (booking-and-referral-fhir-api, `specification/`; its guide, "Failure Scenarios").
//!
//! The response is MessageHeader (`response.identifier` names the message that is answered),
//! OperationOutcome (what could not be read, with FHIRPaths) and a Task with our reference: of all
//! resources it is the one that can say "received, answer due by" without repeating the patient.

use super::{
    Accepted, Answer, Outcome, Problem, Request, Told, Verdict, filled, lines, priority, text,
};
use crate::adapter::located::{Data, Located};
use crate::domain::Priority;
use serde_json::{Value, json};

const MEDIA_TYPE: &str = "application/fhir+json";
const PROFILE: &str = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome";
const ERROR_CODES: &str = "https://fhir.nhs.uk/CodeSystem/http-error-codes";
const EVENTS: &str = "https://fhir.nhs.uk/CodeSystem/message-events-bars";
const REFERENCES: &str = "urn:frontdoor:reference";
const RULES: &str = "urn:frontdoor:rule";

/// Ids of the message, what it is about, and where it came from and went to.
pub(super) fn head(decoded: &Located) -> Value {
    let is_header =
        |entry: &&Located| said(entry, &["resource", "resourceType"]) == "MessageHeader";
    let entry = decoded.get("entry").and_then(|entries| match &entries.data {
        Data::List(entries) => entries.iter().find(is_header),
        _ => None,
    });
    let Some(entry) = entry else { return json!({ "id": said(decoded, &["id"]) }) };
    let ids = [
        said(entry, &["resource", "id"]),
        said(entry, &["fullUrl"]).trim_start_matches("urn:uuid:"),
        said(decoded, &["id"]),
    ];
    let destination = entry.get("resource").and_then(|header| header.get("destination")?.at(0));
    json!({
        "id": ids.into_iter().find(|id| is_id(id)).unwrap_or_default(),
        "system": said(entry, &["resource", "eventCoding", "system"]),
        "code": said(entry, &["resource", "eventCoding", "code"]),
        "from": said(entry, &["resource", "source", "endpoint"]),
        "to": destination.map(|destination| said(destination, &["endpoint"])),
    })
}

/// The text at the end of some keys; empty where there is none.
fn said<'d>(from: &'d Located, keys: &[&str]) -> &'d str {
    let found = keys.iter().try_fold(from, |value, key| value.get(key));
    match found.map(|value| &value.data) {
        Some(Data::Text(text)) => text,
        _ => "",
    }
}

/// Whether this can stand where FHIR wants an `id`.
fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

pub(super) fn one(head: &Value, verdict: &Verdict, request: &Request) -> Answer {
    let (status, resource) = match &verdict.outcome {
        // BaRS knows no 201 here: what is created is the receiver's own business.
        Outcome::Accepted(accepted) => (200, message(head, verdict, accepted, request)),
        Outcome::Refused(problem) => {
            let error = json!({ "system": ERROR_CODES, "code": codes(problem).0 });
            let each = problem.faults.iter();
            let each = each.map(|fault| issue(severity(problem), fault, Some(error.clone())));
            let issues = std::iter::once(general(problem)).chain(each).collect();
            (problem.status, outcome(issues, &request.id))
        }
    };
    let body = resource.to_string().into_bytes();
    Answer { status, content_type: MEDIA_TYPE, body }
}

fn message(head: &Value, verdict: &Verdict, accepted: &Accepted, request: &Request) -> Value {
    let notes = lines(accepted);
    let received = json!({
        "severity": "information",
        "code": "informational",
        "details": { "text": notes.first() },
    });
    let unread = accepted.unread.iter().map(|fault| issue("warning", fault, None));
    let issues = std::iter::once(received).chain(unread).collect();
    let [header_id, outcome_id, task_id] = [1, 2, 3].map(|nth| neighbour(&request.id, nth));
    let url = |id: &str| format!("urn:uuid:{id}");
    let header = header(head, &header_id, &url(&outcome_id), &url(&task_id));
    let task = task(verdict, &task_id, accepted, &notes, request);
    json!({
        "resourceType": "Bundle",
        "id": request.id,
        "type": "message",
        "timestamp": request.at,
        "entry": [
            { "fullUrl": url(&header_id), "resource": header },
            { "fullUrl": url(&outcome_id), "resource": outcome(issues, &outcome_id) },
            { "fullUrl": url(&task_id), "resource": task },
        ],
    })
}

/// A UUID beside that of the request.
fn neighbour(id: &str, nth: u32) -> String {
    let mut id = id.to_owned();
    let last = id.pop().and_then(|digit| digit.to_digit(16)).unwrap_or_default();
    id.extend(char::from_digit(last ^ nth, 16));
    id
}

fn header(head: &Value, id: &str, outcome: &str, task: &str) -> Value {
    let given = |pointer| Some(text(head, pointer)).filter(|text| !text.is_empty());
    let code = given("/code").unwrap_or("servicerequest-request");
    let kind = code.strip_suffix("-request").map(|kind| format!("{kind}-response"));
    let answered = given("/id").filter(|id| is_id(id));
    filled(json!({
        "resourceType": "MessageHeader",
        "id": id,
        "eventCoding": {
            "system": given("/system").unwrap_or(EVENTS),
            "code": kind.as_deref().unwrap_or(code),
        },
        "source": { "endpoint": given("/to").unwrap_or("urn:frontdoor") },
        "destination": given("/from").map(|from| json!([{ "endpoint": from }])),
        "response": answered.map(|id| {
            json!({ "identifier": id, "code": "ok", "details": { "reference": outcome } })
        }),
        "focus": [{ "reference": task }],
    }))
}

/// `received`, and nothing more, is what is known of it.
fn task(
    verdict: &Verdict,
    id: &str,
    accepted: &Accepted,
    notes: &[String],
    request: &Request,
) -> Value {
    let receipt = &accepted.receipt;
    let by = Some(text(receipt, "/respond_by")).filter(|by| !by.is_empty());
    let request_of =
        |id: &String| json!([{ "type": "ServiceRequest", "identifier": { "value": id } }]);
    filled(json!({
        "resourceType": "Task",
        "id": id,
        "identifier": [{ "system": REFERENCES, "value": accepted.reference }],
        "basedOn": verdict.message_id.as_ref().filter(|id| !id.is_empty()).map(request_of),
        "status": "received",
        "businessStatus": { "text": verdict.outcome.word() },
        "intent": "order",
        "priority": match priority(receipt) {
            Priority::Immediate => "stat",
            Priority::Urgent => "urgent",
            Priority::Standard => "routine",
        },
        "authoredOn": text(receipt, "/received_at"),
        "lastModified": request.at,
        "restriction": by.map(|by| json!({ "period": { "end": by } })),
        "note": notes.iter().map(|note| json!({ "text": note })).collect::<Vec<_>>(),
    }))
}

fn outcome(issues: Vec<Value>, id: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "id": id,
        "meta": { "profile": [PROFILE] },
        "issue": issues,
    })
}

fn general(problem: &Problem) -> Value {
    let (error, code) = codes(problem);
    json!({
        "severity": severity(problem),
        "code": code,
        "details": {
            "coding": [{ "system": ERROR_CODES, "code": error }],
            "text": problem.text(),
        },
        "diagnostics": problem.detail.as_ref().unwrap_or(&problem.title),
    })
}

fn severity(problem: &Problem) -> &'static str {
    if problem.status >= 500 { "fatal" } else { "error" }
}

/// The code of BaRS and the type of the issue. For rate limits it has no code with `REC`; for sizes
/// and media types there is none nearer than that of 422.
fn codes(problem: &Problem) -> (&'static str, &'static str) {
    match problem.status {
        400 if problem.code == "too-deep" => ("REC_BAD_REQUEST", "too-long"),
        400 if problem.code == "not-readable" => ("REC_BAD_REQUEST", "structure"),
        401 => ("REC_UNAUTHORIZED", "security"),
        403 => ("REC_FORBIDDEN", "forbidden"),
        404 => ("REC_NOT_FOUND", "not-found"),
        408 => ("REC_TIMEOUT", "timeout"),
        409 => ("REC_CONFLICT", "conflict"),
        413 => ("REC_UNPROCESSABLE_ENTITY", "too-long"),
        415 => ("REC_UNPROCESSABLE_ENTITY", "not-supported"),
        422 => ("REC_UNPROCESSABLE_ENTITY", "invariant"),
        429 => ("SEND_TOO_MANY_REQUESTS", "throttled"),
        503 => ("REC_SERVICE_UNAVAILABLE", "transient"),
        400..500 => ("REC_BAD_REQUEST", "invalid"),
        _ => ("REC_SERVER_ERROR", "exception"),
    }
}

fn issue(severity: &str, fault: &Told, error: Option<Value>) -> Value {
    let rule = json!({ "system": RULES, "code": fault.rule });
    let places = fault.at.split(", ").filter(|place| !place.is_empty());
    filled(json!({
        "severity": severity,
        "code": kind(&fault.rule),
        "details": { "coding": error.into_iter().chain([rule]).collect::<Vec<_>>() },
        "diagnostics": fault.ask,
        "expression": places.collect::<Vec<_>>(),
    }))
}

/// The type of an issue, by the rule that was broken.
fn kind(rule: &str) -> &'static str {
    match rule {
        "json" | "encoding" | "incomplete" | "trailing-content" | "object" => "structure",
        _ if rule.starts_with("minimum-") => "required",
        _ if rule.ends_with("-code") => "code-invalid",
        _ => "value",
    }
}
