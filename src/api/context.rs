//! A request's id and its place in a trace.

use crate::domain::time::Env;
use crate::telemetry::{self, field};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use std::rc::Rc;
use tracing::Span;
use uuid::Uuid;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request's id and trace; in the request's extensions.
#[derive(Clone)]
pub(super) struct CallContext(Rc<Context>);

struct Context {
    request_id: HeaderValue,
    instance: Uuid,
    traceparent: String,
}

impl CallContext {
    /// W3C trace context to pass on.
    pub(super) fn traceparent(&self) -> &str {
        &self.0.traceparent
    }

    /// Names this call in problem documents and log lines: the request id where that is a UUID. A
    /// token of a sender's own choosing goes back in its header and nowhere else, because it may
    /// be a name.
    pub(super) fn instance(&self) -> String {
        self.0.instance.to_string()
    }

    /// The value of `X-Request-Id`.
    pub(super) fn request_id(&self) -> HeaderValue {
        self.0.request_id.clone()
    }

    /// The caller's id where it is a harmless token, else a new one; the caller's trace where it
    /// is well-formed, else a new one.
    pub(super) fn of(req: &ServiceRequest, span: &Span, env: &dyn Env) -> Self {
        let given = req.headers().get(REQUEST_ID).filter(|id| is_token(id.as_bytes()));
        let uuid = given.and_then(|id| Uuid::try_parse_ascii(id.as_bytes()).ok());
        let instance = uuid.unwrap_or_else(|| {
            let mut entropy = [0; 16];
            env.entropy(&mut entropy);
            uuid::Builder::from_random_bytes(entropy).into_uuid()
        });
        let request_id = given.cloned().unwrap_or_else(|| {
            let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
            let text: &str = instance.hyphenated().encode_lower(&mut text);
            HeaderValue::from_str(text).expect("a UUID is visible ASCII")
        });
        if !span.is_disabled() {
            span.record(field::REQUEST_ID, instance.to_string());
        }
        let given = req.headers().get(TRACEPARENT).and_then(|given| given.to_str().ok());
        let given = given.filter(|given| is_traceparent(given));
        if let Some(given) = given {
            telemetry::adopt(span, given);
        }
        let traceparent = telemetry::traceparent(span).unwrap_or_else(|| continued(given, env));
        CallContext(Rc::new(Context { request_id, instance, traceparent }))
    }
}

fn is_token(id: &[u8]) -> bool {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    (1..=64).contains(&id.len()) && id.iter().all(harmless)
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, ids not all zero (W3C Trace Context §3.2).
fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let some_digit = |part: &str| part.bytes().any(|byte| byte != b'0');
    let known = next(2) == Some("00")
        && next(32).is_some_and(some_digit)
        && next(16).is_some_and(some_digit)
        && next(2).is_some();
    known && parts.next().is_none()
}

/// The caller's trace with a new parent id, or a new trace.
fn continued(given: Option<&str>, env: &dyn Env) -> String {
    let parent = env.entropy_u64() | 1;
    match given {
        Some(given) => format!("{}-{parent:016x}-{}", &given[..35], &given[53..]),
        None => {
            format!("00-{:016x}{:016x}-{parent:016x}-00", env.entropy_u64() | 1, env.entropy_u64())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Env for Fixed {
        fn now(&self) -> crate::domain::Timestamp {
            crate::domain::Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.fill(0xab);
        }
    }

    #[test]
    fn a_trace_is_continued_under_a_new_parent_and_nonsense_begins_a_new_one() {
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_traceparent(given));
        let next = continued(Some(given), &Fixed);
        assert_eq!(next, "00-4bf92f3577b34da6a3ce929d0e0e4736-abababababababab-01");
        assert!(is_traceparent(&continued(None, &Fixed)));
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }

    #[test]
    fn a_request_id_is_a_token_of_at_most_64_characters() {
        assert!(is_token(b"5f0c2e2e-6d5f-4f3a-8f43-0d8a5b3f7f11"));
        assert!(is_token(&[b'a'; 64]) && !is_token(&[b'a'; 65]));
        assert!(!is_token(b"") && !is_token(b"two words") && !is_token("né".as_bytes()));
    }
}
