//! What goes around every request: its id and trace, a time limit, a net under defects, the
//! problem document where one is due, the headers that every answer has, and counting.

use super::catalogue as kind;
use super::context::{CallContext, REQUEST_ID};
use super::people::{self, ForPeople};
use super::problem::Problem;
use super::state::ApiState;
use crate::access::CallSlot;
use crate::domain::Timestamp;
use crate::telemetry::{field, metric, span};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError, web};
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tracing::Instrument as _;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The outermost middleware.
pub(super) async fn frame<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = req.app_data::<web::Data<ApiState>>().cloned() else {
        return next.call(req).await.map(ServiceResponse::map_into_boxed_body);
    };
    let _in_flight = InFlight::enter(&state);
    let started = state.env.now();
    let method = method_label(&req);
    let span = tracing::debug_span!(
        target: "frontdoor::http",
        span::REQUEST,
        { field::METHOD } = method,
        { field::ROUTE } = tracing::field::Empty,
        { field::STATUS } = tracing::field::Empty,
        { field::REQUEST_ID } = tracing::field::Empty,
    );
    let call = CallContext::of(&req, &span, state.env.as_ref());
    let slot = CallSlot::default();
    let person = people::at_browser(&req);
    req.extensions_mut().insert(call.clone());
    req.extensions_mut().insert(slot.clone());

    let longest = longest(&state, &req);
    let handled = AssertUnwindSafe(async { next.call(req).await }).catch_unwind();
    let handled = handled.instrument(span.clone());
    let outcome = match tokio::time::timeout(longest, handled).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_panic)) => Err(Problem::new(&kind::FAILED).into()),
        Err(_elapsed) => Err(Problem::new(&kind::TIMED_OUT).retry_after(2).into()),
    };
    let finish = Finish { state: &state, call: &call, slot: &slot, person, method };
    match outcome {
        Ok(answer) => {
            let (req, response) = answer.map_into_boxed_body().into_parts();
            slot.enter(&req);
            let response = finish.response(response);
            finish.observe(&response, &span, started);
            Ok(ServiceResponse::new(req, response))
        }
        // There is no request left to answer to; the answer travels in an error.
        Err(error) => {
            let response = finish.response(HttpResponse::from_error(error));
            finish.observe(&response, &span, started);
            Err(Finished::from(response).into())
        }
    }
}

/// How long a call may take: whoever sends a document has the time for that besides.
fn longest(state: &ApiState, req: &ServiceRequest) -> Duration {
    let settings = &state.settings;
    let document = req.method() == Method::POST && req.path().ends_with("/documents");
    let more = if document { settings.document_timeout } else { Duration::ZERO };
    settings.request_timeout + more
}

/// Counts a request until its answer's head is written, so that a stop can wait for it.
struct InFlight<'a>(&'a ApiState);

impl<'a> InFlight<'a> {
    fn enter(state: &'a ApiState) -> Self {
        state.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(state)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Puts together the answer to one call.
struct Finish<'a> {
    state: &'a ApiState,
    call: &'a CallContext,
    slot: &'a CallSlot,
    /// Whoever asks is to be told by a page.
    person: Option<web::Data<ForPeople>>,
    method: &'static str,
}

impl Finish<'_> {
    fn response(&self, response: HttpResponse) -> HttpResponse {
        let mut response = match self.problem(&response) {
            None => response,
            Some(problem) => {
                let directory = self.state.access.directory.load();
                let mut document = problem.respond(&self.call.instance(), &directory);
                if let Some(person) = &self.person {
                    let page = (person.0)(document.status());
                    let told = std::mem::replace(&mut document, page);
                    keep_headers(told.headers(), document.headers_mut());
                }
                keep_headers(response.headers(), document.headers_mut());
                let agency = self.slot.caller().unwrap_or("unknown").to_owned();
                let code = problem.kind.code;
                metrics::counter!(metric::PROBLEMS, "agency" => agency, "code" => code)
                    .increment(1);
                document
            }
        };
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.call.request_id());
        if let Some(standing) = self.slot.standing() {
            set_text(headers, RATE_LIMIT, &standing.header());
            set_text(headers, RATE_LIMIT_POLICY, &standing.policy_header());
        }
        secure(headers, self.state.settings.https);
        if self.state.is_stopping() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }

    /// The problem to answer with, when the answer is not one that a handler has written whole.
    fn problem(&self, response: &HttpResponse) -> Option<Problem> {
        if !response.status().is_client_error() && !response.status().is_server_error() {
            return None;
        }
        // A page that says itself what went wrong.
        let written = response.headers().get(header::CONTENT_TYPE);
        if written.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
            return None;
        }
        let Some(error) = response.error() else {
            let written = response.headers().contains_key(header::CONTENT_TYPE);
            return (!written).then(|| Problem::of_status(response.status()));
        };
        Problem::of_error(error).or_else(|| Some(Problem::of_status(response.status())))
    }

    fn observe(&self, response: &HttpResponse, span: &tracing::Span, started: Timestamp) {
        let route = self.slot.route().filter(|route| !route.is_empty()).unwrap_or("unmatched");
        let seconds = self.state.env.now().seconds_since(started).max(0.0);
        let status = status_label(response.status().as_u16());
        if !span.is_disabled() {
            span.record(field::ROUTE, route);
            span.record(field::STATUS, response.status().as_u16());
        }
        let (route, method) = (route.to_owned(), self.method);
        metrics::counter!(
            metric::REQUESTS, "route" => route.clone(), "method" => method, "status" => status
        )
        .increment(1);
        metrics::histogram!(metric::REQUEST_SECONDS, "route" => route, "method" => method)
            .record(seconds);
    }
}

/// A finished answer on its way past the routing.
struct Finished(std::cell::Cell<Option<HttpResponse>>);

impl From<HttpResponse> for Finished {
    fn from(response: HttpResponse) -> Self {
        Finished(std::cell::Cell::new(Some(response)))
    }
}

impl std::fmt::Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an answer in place of a handler's")
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl ResponseError for Finished {
    fn error_response(&self) -> HttpResponse {
        self.0.take().unwrap_or_else(|| HttpResponse::InternalServerError().finish())
    }
}

/// Headers of a bare answer that its problem document must have too.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
        if let Some(value) = from.get(&name)
            && !to.contains_key(&name)
        {
            to.insert(name, value.clone());
        }
    }
}

fn set_text(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// Headers for whatever a browser might do with an answer.
fn secure(headers: &mut HeaderMap, https: bool) {
    let fixed = HeaderValue::from_static;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(header::REFERRER_POLICY, fixed("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, fixed("DENY"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nothing = fixed("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, nothing);
    }
    if https {
        let year = fixed("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

/// A closed set of labels: a method may be any token.
fn method_label(req: &ServiceRequest) -> &'static str {
    match req.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

#[expect(clippy::match_overlapping_arm, reason = "known codes first, then their classes")]
fn status_label(status: u16) -> &'static str {
    match status {
        200 => "200",
        201 => "201",
        204 => "204",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        408 => "408",
        409 => "409",
        413 => "413",
        415 => "415",
        422 => "422",
        429 => "429",
        500 => "500",
        503 => "503",
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
