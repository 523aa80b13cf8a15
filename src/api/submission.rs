//! From a request to a [`Submission`]: headers and body are checked, and what cannot be taken is
//! refused and kept (invariant 5), because somebody tried to tell us about a child.

use super::admission::{Class, Reservation, overloaded};
use super::body::{self, BodyFault, BodyLimits};
use super::catalogue::{self as kind, Kind};
use super::context::CallContext;
use super::problem::Problem;
use super::state::ApiState;
use super::submit::accepted;
use crate::access::AgencyPrincipal;
use crate::domain::Reference;
use crate::domain::agency::AgencyState;
use crate::domain::record::Unread;
use crate::domain::refusal::{Extent, Refusal, RefusalKind};
use crate::pipeline::{Outcome, Submission};
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpRequest, web};
use std::sync::Arc;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What is wrong with a request before its body means anything.
struct Fault {
    problem: &'static Kind,
    refusal: RefusalKind,
    /// Names the header or is empty for the body.
    pointer: &'static str,
    rule: &'static str,
    ask: &'static str,
}

impl Fault {
    fn unread(&self) -> Unread {
        let own = str::to_owned;
        Unread { pointer: own(self.pointer), rule: own(self.rule), ask: own(self.ask) }
    }

    fn problem(&self) -> Problem {
        Problem::new(self.problem).faults(vec![self.unread()])
    }

    fn refusal(&self) -> Refusal {
        Refusal { kind: self.refusal, faults: vec![self.unread()] }
    }
}

const TOO_LARGE: Fault = Fault {
    problem: &kind::TOO_LARGE,
    refusal: RefusalKind::TooLarge,
    pointer: "",
    rule: "size",
    ask: "Send the referral in a smaller body, without attachments",
};
const SLOW: Fault = Fault {
    problem: &kind::SLOW_BODY,
    refusal: RefusalKind::NotReadable,
    pointer: "",
    rule: "incomplete",
    ask: "Send it again; it did not arrive whole",
};
const BROKEN: Fault = Fault { problem: &kind::INCOMPLETE, ..SLOW };
const KEY: Fault = Fault {
    problem: &kind::IDEMPOTENCY_KEY,
    refusal: RefusalKind::NotReadable,
    pointer: "",
    rule: "idempotency-key",
    ask: "Send one Idempotency-Key of 1 to 255 visible ASCII characters, or none",
};
const ENCODING: Fault = Fault {
    problem: &kind::CONTENT_ENCODING,
    refusal: RefusalKind::MediaType,
    pointer: "",
    rule: "content-encoding",
    ask: "Send the body uncompressed, without Content-Encoding",
};

/// A submission and the memory set aside for it.
pub(super) type Held<'a> = (Submission, Reservation<'a>);

/// Reads a submission; what cannot be taken is kept as a refusal. `about` is the referral that it
/// is sent to as information.
pub(super) async fn receive<'a>(
    state: &'a ApiState,
    caller: &AgencyPrincipal,
    about: Option<Reference>,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<Held<'a>, Problem> {
    receive_within(state, caller, about, req, payload, state.settings.body_limit).await
}

/// As [`receive`], a body of at most `limit` bytes.
pub(super) async fn receive_within<'a>(
    state: &'a ApiState,
    caller: &AgencyPrincipal,
    about: Option<Reference>,
    req: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Held<'a>, Problem> {
    let read = read(state, caller, Class::Referral, req, payload, limit).await?;
    let testing = caller.agency.state == AgencyState::Testing;
    let (refusal, problem) = match read.fault {
        // Invented or not: people see it, and its sender is told that nobody acts on it.
        _ if testing => {
            let refusal = Refusal { kind: RefusalKind::Testing, faults: Vec::new() };
            (refusal, Problem::new(&kind::TESTING))
        }
        Some(fault) => (fault.refusal(), fault.problem()),
        None => return Ok(read.held),
    };
    let (mut submission, _memory) = read.held;
    if read.fault.is_some_and(|fault| fault.refusal == RefusalKind::TooLarge) {
        // Only its size is kept of a body over the limit.
        submission.body = Vec::new();
    }
    match state.intake.refuse(submission, about, refusal, read.extent).await {
        Outcome::Refused(_) => Err(problem),
        // It is not kept: the sender must hear that nobody here knows of it.
        other => Err(accepted(other).err().unwrap_or(problem)),
    }
}

/// Reads a submission for a dry run; nothing is kept.
pub(super) async fn try_out<'a>(
    state: &'a ApiState,
    caller: &AgencyPrincipal,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<Held<'a>, Problem> {
    let limit = state.settings.body_limit;
    let read = read(state, caller, Class::DryRun, req, payload, limit).await?;
    read.fault.map_or(Ok(read.held), |fault| Err(fault.problem()))
}

/// What came, whether or not it can be taken.
struct Read<'a> {
    held: Held<'a>,
    extent: Extent,
    fault: Option<&'static Fault>,
}

async fn read<'a>(
    state: &'a ApiState,
    caller: &AgencyPrincipal,
    class: Class,
    req: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Read<'a>, Problem> {
    let headers = req.headers();
    let settings = &state.settings;
    let limits = BodyLimits { bytes: limit, time: settings.body_timeout };
    let mut reservation = state.admission.reservation(class);
    let mut bytes = Vec::new();
    let announced = content_length(headers);
    let outcome = body::read(payload, announced, limits, &mut reservation, &mut bytes).await;
    let key = idempotency_key(headers);
    let fault = match outcome {
        Ok(()) => check(headers, &key),
        Err(BodyFault::Crowded) => return Err(overloaded()),
        Err(BodyFault::TooLarge(_)) => Some(&TOO_LARGE),
        Err(BodyFault::Slow) => Some(&SLOW),
        Err(BodyFault::Broken) => Some(&BROKEN),
    };
    let read = match outcome {
        Err(BodyFault::TooLarge(read)) => read,
        _ => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
    };
    let extent = Extent { read, announced, whole: outcome.is_ok() };
    let call = req.extensions().get::<CallContext>().cloned();
    let submission = Submission {
        agency: Arc::clone(&caller.agency),
        body: bytes,
        media_type: text(headers, &header::CONTENT_TYPE),
        idempotency_key: key.ok().flatten(),
        traceparent: call.map(|call| call.traceparent().to_owned()),
    };
    Ok(Read { held: (submission, reservation), extent, fault })
}

fn check(headers: &HeaderMap, key: &Result<Option<String>, ()>) -> Option<&'static Fault> {
    if encoded(headers) {
        return Some(&ENCODING);
    }
    key.is_err().then_some(&KEY)
}

/// Whether a body is compressed.
pub(super) fn encoded(headers: &HeaderMap) -> bool {
    let encoded = |value: &str| !value.trim().eq_ignore_ascii_case("identity");
    text(headers, &header::CONTENT_ENCODING).is_some_and(|value| encoded(&value))
}

/// The media type as it is stated.
pub(super) fn media_type(req: &HttpRequest) -> Option<String> {
    text(req.headers(), &header::CONTENT_TYPE)
}

pub(super) fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// The key when there is one; an error when what was sent cannot be one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ()> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY);
    let Some(key) = given.next() else { return Ok(None) };
    let visible = |byte: &u8| (0x21..=0x7e).contains(byte);
    let bytes = key.as_bytes();
    if given.next().is_some() || !(1..=255).contains(&bytes.len()) || !bytes.iter().all(visible) {
        return Err(());
    }
    key.to_str().map(|key| Some(key.to_owned())).map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        headers.append(HeaderName::from_static(name), value);
        headers
    }

    #[test]
    fn an_idempotency_key_is_1_to_255_visible_ascii_characters_sent_once() {
        let key = |value: &str| idempotency_key(&with(IDEMPOTENCY_KEY, value));
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
        assert_eq!(key("~a!"), Ok(Some("~a!".to_owned())));
        assert!(key(&"k".repeat(255)).is_ok());
        for bad in ["", "two words", &"k".repeat(256), "né"] {
            assert!(key(bad).is_err(), "{bad}");
        }
        let mut twice = with(IDEMPOTENCY_KEY, "a");
        twice.append(HeaderName::from_static(IDEMPOTENCY_KEY), HeaderValue::from_static("b"));
        assert!(idempotency_key(&twice).is_err());
    }
}
