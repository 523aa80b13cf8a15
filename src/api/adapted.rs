//! Who sends in a format of its own, and how it is answered.

use super::problem::Problem;
use super::state::ApiState;
use super::submit::accepted;
use crate::access::AgencyPrincipal;
use crate::adapter::answer::{self, Accepted, Outcome as Answer, Request, Verdict, What};
use crate::adapter::manifest::Manifest;
use crate::adapter::told::Told;
use crate::domain::record::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::pipeline::{Adapted, Answered, Canonical};
use crate::telemetry::metric;
use crate::workers::{Fate, Made};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The sender of one call, and the adapter that it speaks to.
pub(super) struct Sender {
    pub state: web::Data<ApiState>,
    pub caller: AgencyPrincipal,
    pub adapter: String,
    pub manifest: Arc<Manifest>,
    request: Request,
}

type Respond = oneshot::Sender<Result<HttpResponse, Problem>>;

impl Sender {
    pub(super) fn new(
        state: web::Data<ApiState>,
        caller: AgencyPrincipal,
        adapter: String,
        manifest: Arc<Manifest>,
        call: String,
    ) -> Sender {
        let request = Request { id: call, at: state.env.now().to_string() };
        Sender { state, caller, adapter, manifest, request }
    }

    /// Puts one item through the pipeline.
    pub(super) async fn take(
        &self,
        item: Made,
        raw: Vec<u8>,
        traceparent: Option<String>,
    ) -> Verdict {
        let made = match item.fate {
            Fate::Made { document, provenance, shape } => {
                Ok(Canonical { document, provenance, shape })
            }
            Fate::Refused { code, faults } => Err(Sender::refusal(&code, faults)),
            Fate::Broke => Err(Refusal::failed()),
        };
        self.put(item.at, raw, traceparent, made).await
    }

    /// Keeps what could not be read.
    pub(super) async fn keep(
        &self,
        at: String,
        raw: Vec<u8>,
        refusal: Refusal,
        traceparent: Option<String>,
    ) -> Verdict {
        self.put(at, raw, traceparent, Err(refusal)).await
    }

    async fn put(
        &self,
        at: String,
        raw: Vec<u8>,
        traceparent: Option<String>,
        made: Result<Canonical, Refusal>,
    ) -> Verdict {
        let adapted = Adapted {
            agency: self.caller.agency.clone(),
            adapter: self.adapter.clone(),
            manifest: self.manifest.clone(),
            at: at.clone(),
            raw,
            traceparent,
            made,
        };
        let answered = self.state.intake.adapted(adapted).await;
        self.verdict(at, answered)
    }

    fn verdict(&self, at: String, answered: Answered) -> Verdict {
        let Answered { outcome, message_id, added, unread } = answered;
        let outcome = match accepted(outcome) {
            Ok((reference, receipt, repeat)) => Answer::Accepted(Accepted {
                status: if repeat || added { 200 } else { 201 },
                reference: reference.to_string(),
                receipt: serde_json::from_slice(&receipt).unwrap_or_default(),
                what: match (repeat, added) {
                    (true, _) => What::Repeat,
                    (false, true) => What::Added,
                    (false, false) => What::New,
                },
                unread,
            }),
            Err(problem) => Answer::Refused(problem.told(&self.state.access.directory.load())),
        };
        Verdict { at, message_id, outcome }
    }

    /// A problem of the whole call.
    pub(super) fn verdict_of(&self, problem: &Problem) -> Verdict {
        let outcome = Answer::Refused(problem.told(&self.state.access.directory.load()));
        Verdict { at: String::new(), message_id: None, outcome }
    }

    /// Answers with a problem of the whole call.
    pub(super) fn refuse(&self, respond: Respond, problem: &Problem) {
        self.answer(respond, &Value::Null, &self.verdict_of(problem));
    }

    /// Answers one document. Whoever has gone meanwhile learns it by sending again.
    pub(super) fn answer(&self, respond: Respond, head: &Value, verdict: &Verdict) {
        self.count(verdict);
        let answer = answer::one(self.manifest.answer, head, verdict, &self.request);
        let status = StatusCode::from_u16(answer.status);
        let mut response = HttpResponse::build(status.unwrap_or(StatusCode::OK));
        response.content_type(answer.content_type);
        match &verdict.outcome {
            Answer::Accepted(accepted) => {
                let location = format!("/v1/referrals/{}", accepted.reference);
                response.insert_header((header::LOCATION, location));
            }
            Answer::Refused(problem) => {
                if let Some(seconds) = problem.retry_after {
                    response.insert_header((header::RETRY_AFTER, seconds));
                }
            }
        }
        let _ = respond.send(Ok(response.body(answer.body)));
    }

    /// Every refusal is counted for its agency, in whose manner ever it is told.
    pub(super) fn count(&self, verdict: &Verdict) {
        if let Answer::Refused(problem) = &verdict.outcome {
            let agency = self.caller.agency.id.as_str().to_owned();
            let code = problem.code.clone();
            metrics::counter!(metric::PROBLEMS, "agency" => agency, "code" => code).increment(1);
        }
    }

    /// A worker's refusal.
    pub(super) fn refusal(code: &str, faults: Vec<Told>) -> Refusal {
        let kind = RefusalKind::from_code(code).unwrap_or(RefusalKind::Failed);
        let unread = |told: Told| Unread { pointer: told.at, rule: told.rule, ask: told.ask };
        Refusal { kind, faults: faults.into_iter().map(unread).collect() }
    }
}
