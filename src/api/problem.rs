//! Problem documents (RFC 9457): what went wrong, where, by which rule and what to do, with the
//! telephone numbers of the duty team, because somebody may be trying to protect a child.
//!
//! A problem never holds a value that a sender sent.

use super::catalogue::{self as kind, Kind};
use crate::access::{Denied, TooMany};
use crate::adapter::answer;
use crate::adapter::told::Told;
use crate::domain::record::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::{Directory, Reference};
use crate::store::StoreError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

pub const MEDIA_TYPE: &str = "application/problem+json";
/// More faults than this are counted in the last one.
const FAULTS: usize = 50;

/// One problem, before it knows of whose request it is.
#[derive(Clone, Debug)]
pub struct Problem {
    pub kind: &'static Kind,
    detail: Option<&'static str>,
    faults: Vec<Unread>,
    first: Option<Reference>,
    proposed: Option<Box<Value>>,
    /// Seconds.
    retry_after: Option<u32>,
    challenge: Option<&'static str>,
    allow: Option<String>,
}

impl Problem {
    pub fn new(kind: &'static Kind) -> Self {
        Problem {
            kind,
            detail: None,
            faults: Vec::new(),
            first: None,
            proposed: None,
            retry_after: None,
            challenge: None,
            allow: None,
        }
    }

    /// Says more than the kind's remedy does. Fixed text only.
    pub fn detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    pub fn faults(mut self, faults: Vec<Unread>) -> Self {
        self.faults = faults;
        self
    }

    /// Adds one fault; `pointer` is an RFC 6901 pointer into the body, or names a header or a
    /// parameter.
    pub fn fault(mut self, pointer: &str, rule: &str, ask: &str) -> Self {
        let (pointer, rule, ask) = (pointer.to_owned(), rule.to_owned(), ask.to_owned());
        self.faults.push(Unread { pointer, rule, ask });
        self
    }

    /// The reference that an idempotency key was first used for.
    pub fn first(mut self, first: Reference) -> Self {
        self.first = Some(first);
        self
    }

    /// What would be lower now, for a person to read.
    pub fn proposed(mut self, proposed: Value) -> Self {
        self.proposed = Some(Box::new(proposed));
        self
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub fn challenge(mut self, challenge: Option<&'static str>) -> Self {
        self.challenge = challenge;
        self
    }

    pub fn allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// The problem behind an error that a handler or an extractor gave up with.
    pub fn of_error(error: &actix_web::Error) -> Option<Self> {
        let ours = error.as_error::<Problem>().cloned();
        ours.or_else(|| error.as_error::<Denied>().map(|denied| (*denied).into()))
    }

    /// The nearest kind for a bare status.
    pub fn of_status(status: StatusCode) -> Self {
        let exact = kind::ALL.iter().copied();
        let general: &[&Kind] = &[&kind::BAD_REQUEST, &kind::NO_SUCH_ADDRESS, &kind::OVERLOADED];
        let known = general.iter().copied().chain(exact).find(|kind| kind.status == status);
        let fallback = if status.is_client_error() { &kind::BAD_REQUEST } else { &kind::FAILED };
        Problem::new(known.unwrap_or(fallback))
    }

    /// The same, to be answered in a sender's own manner.
    pub(super) fn told(&self, directory: &Directory) -> answer::Problem {
        let told = |fault: &Unread| Told {
            at: fault.pointer.clone(),
            rule: fault.rule.clone(),
            ask: fault.ask.clone(),
        };
        // Their remedies speak of canonical JSON; the faults say what to do.
        let of_json =
            [&kind::NOT_READABLE, &kind::DUPLICATE_KEY, &kind::TOO_DEEP, &kind::MEDIA_TYPE]
                .contains(&self.kind);
        answer::Problem {
            status: self.kind.status.as_u16(),
            code: self.kind.code.to_owned(),
            title: self.kind.title.to_owned(),
            detail: self.detail.or((!of_json).then_some(self.kind.remedy)).map(str::to_owned),
            faults: self.faults.iter().take(FAULTS).map(told).collect(),
            duty: answer::Duty {
                in_hours: directory.duty_telephone.clone(),
                out_of_hours: directory.out_of_hours_telephone.clone(),
            },
            reference: self.first.map(|first| first.to_string()),
            retry_after: self.retry_after,
        }
    }

    /// The complete answer.
    pub fn respond(&self, instance: &str, directory: &Directory) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status);
        self.headers(&mut response);
        let more = self.faults.len().saturating_sub(FAULTS);
        let mut faults = self.faults[..self.faults.len() - more].to_vec();
        if more > 0
            && let Some(last) = faults.last_mut()
        {
            last.ask = format!("{} (and {more} more faults after this one)", last.ask);
        }
        let document = Document {
            kind: format!("/problems/{}", self.kind.code),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
            detail: self.detail.unwrap_or(self.kind.remedy),
            instance,
            faults,
            first: self.first,
            proposed: self.proposed.as_deref(),
            duty: Duty {
                in_hours: &directory.duty_telephone,
                out_of_hours: &directory.out_of_hours_telephone,
            },
        };
        response.content_type(MEDIA_TYPE);
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }

    fn headers(&self, response: &mut HttpResponseBuilder) {
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(challenge) = self.challenge {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Unread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed: Option<&'a Value>,
    duty: Duty<'a>,
}

#[derive(Serialize)]
struct Duty<'a> {
    in_hours: &'a str,
    out_of_hours: &'a str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code)
    }
}

/// A bare answer with the right status; the outermost middleware writes the document, because only
/// it knows the request's id and the duty numbers.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.kind.status)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let (kind, detail) = match denied {
            Denied::NoKey => (&kind::NOT_AUTHENTICATED, None),
            Denied::BadKey => (
                &kind::NOT_AUTHENTICATED,
                Some("The key is not known here, has expired or was revoked"),
            ),
            Denied::Inactive => (
                &kind::NOT_PERMITTED,
                Some("The key works, but its holder is not active here; ask the authority"),
            ),
            Denied::WrongHolder => (&kind::NOT_PERMITTED, None),
        };
        let mut problem = Problem::new(kind).challenge(denied.challenge());
        problem.detail = detail;
        problem
    }
}

impl From<TooMany> for Problem {
    fn from(over: TooMany) -> Self {
        Problem::new(&kind::RATE_LIMITED).retry_after(over.retry_after)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Problem::new(match refusal.kind {
            RefusalKind::NotReadable => &kind::NOT_READABLE,
            RefusalKind::DuplicateKey => &kind::DUPLICATE_KEY,
            RefusalKind::TooLarge => &kind::TOO_LARGE,
            RefusalKind::TooDeep => &kind::TOO_DEEP,
            RefusalKind::BelowMinimum => &kind::BELOW_MINIMUM,
            RefusalKind::MediaType => &kind::MEDIA_TYPE,
            RefusalKind::Testing => &kind::TESTING,
            RefusalKind::Failed => &kind::FAILED_KEPT,
        })
        .faults(refusal.faults)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Problem::new(&kind::UNAVAILABLE).retry_after(2),
            // The error's own words stay in the log: they may name tables and hosts.
            other => {
                tracing::error!(error = %other, "the store failed");
                Problem::new(&kind::FAILED)
            }
        }
    }
}
