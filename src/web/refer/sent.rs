//! What became of a referral that was sent: at once after sending, and whenever somebody looks.

use super::answers::Sent;
use super::{Asked, HELPS, Help, ReferState, see_other};
use crate::domain::Reference;
use crate::pipeline::{Outcome, SenderDesk, SenderState, SenderView, Submission};
use crate::web::page::{Frame, Front};
use crate::web::session::{Referrer, stop};
use crate::web::times;
use crate::web::trouble::Trouble;
use actix_web::error::Error;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

#[derive(Template)]
#[template(path = "refer/sent.html")]
pub(super) struct Page<'a> {
    pub frame: &'a Frame,
    pub title: String,
    pub just_sent: bool,
    /// What was missing was just sent after it.
    pub more_sent: bool,
    pub reference: String,
    pub received: String,
    pub status: String,
    /// By when people decide, until they have.
    pub respond_by: Option<String>,
    pub advice: Vec<String>,
    pub told: Vec<Told>,
    /// What people ask.
    pub asked: Vec<String>,
    /// What would help.
    pub helps: Vec<Help>,
    /// Of this showing of the form: what is sent with it twice is taken once.
    pub once: String,
    pub csrf: String,
}

/// What somebody released.
pub(super) struct Told {
    pub label: String,
    pub at: String,
    pub message: Option<String>,
}

pub(super) async fn page(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let reference = seen(&asked, &path).await?;
    shown(&asked, reference, req.query_string()).await
}

/// The reference, where somebody may see what became of it. One that does not exist, and one that
/// is not theirs to see, are told apart by nothing.
async fn seen(asked: &Asked<'_>, reference: &str) -> Result<Reference, Error> {
    let reference = Reference::parse(reference).ok_or_else(|| asked.not_found())?;
    let may = asked.state.drafts.may_see(&asked.who.writer, reference).await;
    match may.map_err(|error| asked.failed(&error))? {
        Some(true) => Ok(reference),
        Some(false) | None => Err(asked.not_found()),
    }
}

pub(super) async fn shown(
    asked: &Asked<'_>,
    reference: Reference,
    after: &str,
) -> Result<HttpResponse, Error> {
    let state = asked.state;
    let agency = asked.front.directory.load().agencies.get(&asked.who.writer.agency).cloned();
    let agency = agency.ok_or_else(|| asked.not_found())?;
    let sender = SenderDesk {
        store: state.store.as_ref(),
        follow: state.store.as_ref(),
        ring: &state.ring,
        desk: state.desk.as_ref(),
    };
    let view = sender.view(&agency, reference).await.map_err(|error| asked.failed(&error))?;
    let view = view.ok_or_else(|| asked.not_found())?;
    let mut entropy = [0; 16];
    asked.front.env.entropy(&mut entropy);
    let once = URL_SAFE_NO_PAD.encode(entropy);
    let frame = asked.frame();
    let page = page_of(&frame, view, after, once, asked.who.visitor.session.csrf.clone());
    Ok(frame.answer(StatusCode::OK, &page))
}

/// What the page shows.
pub(super) fn page_of<'a>(
    frame: &'a Frame,
    view: SenderView,
    after: &str,
    once: String,
    csrf: String,
) -> Page<'a> {
    let decided = view.status == SenderState::Decided;
    let released = view.outcome.into_iter().chain(view.services);
    let mut missing = view.completeness.missing;
    missing.sort_by_key(|one| std::cmp::Reverse(one.weight));
    let just_sent = after == "now";
    let title = if just_sent { "refer-done" } else { "refer-one-sent" };
    Page {
        title: frame.say(title),
        just_sent,
        more_sent: after == "more",
        reference: view.reference.to_string(),
        received: times::told(view.received_at),
        status: frame.say(&status(view.status)),
        respond_by: (!decided).then(|| times::told(view.respond_by)),
        advice: view.advice,
        told: released
            .map(|one| Told { label: one.label, at: times::told(one.at), message: one.message })
            .collect(),
        asked: view.asked.into_iter().map(|one| one.words).collect(),
        helps: missing
            .into_iter()
            .take(HELPS)
            .map(|one| Help { ask: one.ask, address: None })
            .collect(),
        once,
        csrf,
        frame,
    }
}

/// The name of the message of a state.
pub(super) fn status(state: SenderState) -> String {
    let name = serde_json::to_value(state).ok();
    format!("refer-status-{}", name.as_ref().and_then(|name| name.as_str()).unwrap_or_default())
}

pub(super) async fn more(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let sent = Sent(form.into_inner());
    asked.checked(&sent)?;
    let reference = seen(&asked, &path).await?;
    let (words, once) = (sent.text("more"), sent.text("once"));
    let failed = || stop(Trouble::Failed.answer(&asked.frame()));
    let agency = asked.agency().ok_or_else(failed)?;
    let back = see_other(&format!("/refer/sent/{reference}?more"));
    if words.is_empty() {
        return Ok(see_other(&format!("/refer/sent/{reference}")));
    }
    let key = once.bytes().all(|byte| byte.is_ascii_graphic()) && (8..=64).contains(&once.len());
    let submission = Submission {
        agency,
        body: json!({ "worry": words }).to_string().into_bytes(),
        media_type: Some("application/json".to_owned()),
        idempotency_key: key.then(|| format!("more-{once}")),
        traceparent: None,
    };
    let mut outcome = state.intake.inform(reference, submission.clone()).await;
    if let Outcome::Conflict { .. } = outcome {
        // Other words on a page that was sent before: they are as new.
        let new = Submission { idempotency_key: None, ..submission };
        outcome = state.intake.inform(reference, new).await;
    }
    match outcome {
        Outcome::Accepted { .. } => Ok(back),
        _ => Err(failed()),
    }
}
