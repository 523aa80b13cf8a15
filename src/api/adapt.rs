//! `POST /v1/adapters/{adapter}/referrals`: a referral, or a table of them, in an agency's own
//! format, answered in that format's own manner.

use super::adapted::Sender;
use super::admission::{Class, overloaded};
use super::catalogue as kind;
use super::context::CallContext;
use super::problem::Problem;
use super::state::ApiState;
use super::submission;
use super::telling::Telling;
use crate::access::{AgencyPrincipal, Quota};
use crate::adapter::answer::{self, Batch, Counts};
use crate::adapter::manifest::{Decoder, Manifest};
use crate::domain::record::Unread;
use crate::domain::refusal::{Extent, Refusal, RefusalKind};
use crate::pipeline::{Outcome, Submission};
use crate::workers::{Job, Made, Piece, Pool, Run};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

type Respond = oneshot::Sender<Result<HttpResponse, Problem>>;

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let adapter = path.into_inner();
    let pool = state.adapters.load_full();
    let manifest = pool.as_ref().and_then(|pool| pool.manifest(&adapter)).cloned();
    let (Some(pool), Some(manifest), true) =
        (pool, manifest, caller.agency.adapters.contains(&adapter))
    else {
        return Err(not_spoken(&state, &caller, &req, payload).await);
    };
    let call = req.extensions().get::<CallContext>().map(CallContext::instance);
    let sender = Sender::new(state, caller, adapter, manifest, call.unwrap_or_default());
    let (respond, answer) = oneshot::channel();
    // Of its own: what a table holds is taken to its end, whether or not its sender stays to hear.
    actix_web::rt::spawn(take(sender, pool, req, payload, respond));
    answer.await.unwrap_or_else(|_| Err(Problem::new(&kind::FAILED)))
}

/// An adapter that is not there, or that this agency may not use: somebody tried to tell us about
/// a child, so that it is kept (invariant 5).
async fn not_spoken(
    state: &ApiState,
    caller: &AgencyPrincipal,
    req: &HttpRequest,
    payload: web::Payload,
) -> Problem {
    let problem = Problem::new(&kind::NO_ADAPTER);
    let place = match state.admit_agency(caller, Class::Referral) {
        Ok(place) => place,
        Err(problem) => return problem,
    };
    let received = submission::receive(state, caller, None, req, payload).await;
    let (submission, _memory) = match received {
        Ok(received) => received,
        Err(problem) => return problem,
    };
    drop(place);
    let fault = Unread {
        pointer: String::new(),
        rule: "adapter".to_owned(),
        ask: "Send canonical JSON to /v1/referrals, or ask the authority to let you send this \
              format"
            .to_owned(),
    };
    let refusal = Refusal { kind: RefusalKind::MediaType, faults: vec![fault.clone()] };
    kept(state, submission, refusal, problem.faults(vec![fault])).await
}

/// Keeps what is refused before a worker sees it; the problem, once it is kept.
async fn kept(
    state: &ApiState,
    submission: Submission,
    refusal: Refusal,
    problem: Problem,
) -> Problem {
    let extent = Extent::whole(&submission.body);
    match state.intake.refuse(submission, None, refusal, extent).await {
        Outcome::Refused(_) => problem,
        other => super::submit::accepted(other).err().unwrap_or(problem),
    }
}

async fn take(
    sender: Sender,
    pool: Arc<Pool>,
    req: HttpRequest,
    payload: web::Payload,
    respond: Respond,
) {
    let state = sender.state.clone();
    // Until the last row is taken, a stop waits.
    let _under_way = UnderWay::of(&state);
    let stated = submission::media_type(&req);
    let table = sender.manifest.reads(stated.as_deref()).is_some_and(is_table);
    let class = if table { Class::Other } else { Class::Referral };
    let admitted = sender.caller.spend(Quota::Submissions).map_err(Problem::from);
    let _place = match admitted.and_then(|()| state.admission.admit(class)) {
        Ok(place) => place,
        Err(problem) => return sender.refuse(respond, &problem),
    };
    let limit = sender.manifest.limits.bytes;
    let received =
        submission::receive_within(&state, &sender.caller, None, &req, payload, limit).await;
    let (submission, _memory) = match received {
        Ok(received) => received,
        Err(problem) => return sender.refuse(respond, &problem),
    };
    let Some(reads) = sender.manifest.reads(stated.as_deref()) else {
        let (refusal, problem) = other_media_type(&sender.manifest);
        let problem = kept(&state, submission, refusal, problem).await;
        return sender.refuse(respond, &problem);
    };
    let traceparent = submission.traceparent.clone();
    let job = Job {
        adapter: sender.adapter.clone(),
        decoder: reads.decoder,
        agency: sender.caller.agency.id.as_str().to_owned(),
        body: Arc::new(submission.body),
    };
    let body = job.body.clone();
    let batch = table || is_list(reads.decoder, &body);
    let Some(run) = pool.begin(job, batch).await else {
        return sender.refuse(respond, &overloaded());
    };
    Taking { sender: &sender, run, body, traceparent }.all(respond).await;
}

fn is_table(reads: &crate::adapter::manifest::Reads) -> bool {
    reads.decoder == Decoder::Csv
}

/// Whether it is a list of documents.
fn is_list(decoder: Decoder, body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    decoder == Decoder::Json && body.trim_ascii_start().starts_with(b"[")
}

/// Counts a body that is being taken as a request under way.
struct UnderWay(web::Data<ApiState>);

impl UnderWay {
    fn of(state: &web::Data<ApiState>) -> Self {
        state.in_flight.fetch_add(1, Ordering::AcqRel);
        UnderWay(state.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

fn other_media_type(manifest: &Manifest) -> (Refusal, Problem) {
    let known = manifest.reads.iter().flat_map(|reads| &reads.media_types);
    let known: Vec<&str> = known.map(String::as_str).collect();
    let fault = Unread {
        pointer: String::new(),
        rule: "media-type".to_owned(),
        ask: format!("Send it as {}", known.join(" or ")),
    };
    let refusal = Refusal { kind: RefusalKind::MediaType, faults: vec![fault.clone()] };
    (refusal, Problem::new(&kind::MEDIA_TYPE).faults(vec![fault]))
}

/// One body being taken.
struct Taking<'a> {
    sender: &'a Sender,
    run: Run,
    body: Arc<Vec<u8>>,
    traceparent: Option<String>,
}

impl Taking<'_> {
    async fn all(mut self, respond: Respond) {
        let first = match self.next().await {
            Ok(first) => first,
            Err(problem) => return self.sender.refuse(respond, &problem),
        };
        match first {
            Some(Piece::Items(mut items)) if items.len() == 1 && items[0].at.is_empty() => {
                // The worker hears that it is done, and is free before the store is waited for.
                let _ = self.next().await;
                let Taking { sender, body, traceparent, run } = self;
                drop(run);
                let item = items.remove(0);
                let head = item.head.clone();
                let raw = Arc::unwrap_or_clone(body);
                let verdict = sender.take(item, raw, traceparent).await;
                sender.answer(respond, &head, &verdict);
            }
            Some(Piece::Items(items)) => self.many(respond, items).await,
            whole => {
                let whole = whole.unwrap_or(Piece::Broke);
                // What broke a worker is not looked into here.
                let head = match whole {
                    Piece::Broke => serde_json::Value::Null,
                    _ => answer::head_of_undecoded(self.sender.manifest.answer, &self.body),
                };
                let verdict = self.of_the_rest(whole).await;
                self.sender.answer(respond, &head, &verdict);
            }
        }
    }

    /// The next piece. A worker that cannot be started is no fault of the sender's, and nothing
    /// is kept: it is asked to come again.
    async fn next(&mut self) -> Result<Option<Piece>, Problem> {
        self.run.next().await.map_err(|error| {
            tracing::error!(code = "adapter-worker", %error, "no worker can be started");
            Problem::new(&kind::UNAVAILABLE).retry_after(5)
        })
    }

    fn whole(&self) -> Vec<u8> {
        self.body.as_ref().clone()
    }

    /// What cannot be decoded, kept as it was sent.
    async fn of_the_rest(&self, piece: Piece) -> crate::adapter::answer::Verdict {
        let refusal = match piece {
            Piece::Refused { code, faults } => Sender::refusal(&code, faults),
            Piece::Broke | Piece::Items(_) => Refusal::failed(),
        };
        self.sender.keep(String::new(), self.whole(), refusal, self.traceparent.clone()).await
    }

    /// A table or a list: each item is a referral of its own, and is answered as soon as it is
    /// durable.
    async fn many(mut self, respond: Respond, first: Vec<Made>) {
        let manner = self.sender.manifest.answer;
        let (mut told, response) = Telling::begin(manner);
        let _ = respond.send(Ok(response));
        let (mut counts, mut items) = (Counts::new(), Some(first));
        told.say(Batch::begin(manner)).await;
        while let Some(batch) = items.take() {
            let taken = batch.into_iter().map(|mut item| {
                let raw = std::mem::take(&mut item.raw);
                self.sender.take(item, raw, self.traceparent.clone())
            });
            let mut verdicts = futures::future::join_all(taken).await;
            match self.next().await {
                Ok(Some(Piece::Items(next))) => items = Some(next),
                Ok(None) => {}
                Ok(Some(rest)) => verdicts.push(self.of_the_rest(rest).await),
                Err(_) => verdicts.push(self.of_the_rest(Piece::Broke).await),
            }
            let mut text = Vec::new();
            for verdict in &verdicts {
                *counts.entry(verdict.outcome.word()).or_default() += 1;
                self.sender.count(verdict);
                text.extend(Batch::item(manner, verdict));
            }
            told.say(text).await;
        }
        told.say(Batch::end(manner, &counts)).await;
        told.end().await;
    }
}
