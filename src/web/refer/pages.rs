//! One page of the form after the other.

use super::answers::{self, Fault, Sent};
use super::flow::{self, Step};
use super::questions::{Of, page_named};
use super::view::{self, Question};
use super::{Asked, Help, ReferState, address_of, helps, see_other};
use crate::domain::draft::DraftState;
use crate::pipeline::drafts::Draft;
use crate::store::StoreError;
use crate::web::page::{Frame, Front};
use crate::web::refer::view::Input;
use crate::web::session::Referrer;
use actix_web::error::Error;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "refer/question.html")]
pub(super) struct Page<'a> {
    pub frame: &'a Frame,
    pub title: String,
    pub hint: Option<String>,
    /// The child or person it is about, where there are several.
    pub whom: Option<String>,
    pub questions: Vec<Question>,
    /// The title is the question.
    pub alone: bool,
    pub wrong: bool,
    /// Whether what is left empty can be said to be not known, all at once.
    pub may_skip: bool,
    pub telephone: bool,
    /// A body to point at: where each view of it stands, and what it is called.
    pub bodies: Vec<(u16, String)>,
    pub helps: Vec<Help>,
    pub back: String,
    pub action: String,
    pub csrf: String,
    /// How often somebody was taken out of the draft that is shown.
    pub taken_out: u32,
}

pub(super) async fn resume(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let draft = asked.draft(&path).await?;
    Ok(see_other(&goes_on(&draft)))
}

/// Where whoever opens a draft goes on: what was sent is looked at, not written.
fn goes_on(draft: &Draft) -> String {
    match (draft.state, draft.reference) {
        (DraftState::Open, _) => address_of(draft.id, flow::resume(&draft.content)),
        (_, Some(reference)) => format!("/refer/sent/{reference}"),
        (_, None) => "/refer".to_owned(),
    }
}

pub(super) async fn page(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<Vec<String>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let (draft, step) = found(&asked, &path).await?;
    if draft.state != DraftState::Open {
        return Ok(see_other(&goes_on(&draft)));
    }
    Ok(shown(&asked, &draft, step, &[]))
}

/// The draft and the page of an address.
async fn found(asked: &Asked<'_>, path: &[String]) -> Result<(Draft, Step), Error> {
    let [id, page, rest @ ..] = path else { return Err(asked.not_found()) };
    let draft = asked.draft(id).await?;
    let page = page_named(page).filter(|page| (page.of == Of::Referral) == rest.is_empty());
    let n = rest.first().map_or(Some(0), |n| n.parse().ok());
    let step = page.zip(n).map(|(page, n)| Step { page, n });
    let step = step.filter(|step| step.exists(&draft.content) || draft.state != DraftState::Open);
    Ok((draft, step.ok_or_else(|| asked.not_found())?))
}

fn shown(asked: &Asked<'_>, draft: &Draft, step: Step, faults: &[Fault]) -> HttpResponse {
    let frame = asked.frame();
    let helps = helps(draft, asked.weighed(draft).unwrap_or_default());
    let page = page_of(&frame, draft, step, faults, helps, &asked.who.visitor.session.csrf);
    let status = match faults.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    frame.answer(status, &page)
}

/// What a page shows.
pub(super) fn page_of<'a>(
    frame: &'a Frame,
    draft: &Draft,
    step: Step,
    faults: &[Fault],
    helps: Vec<Help>,
    csrf: &str,
) -> Page<'a> {
    let content = &draft.content;
    let before = flow::before(content, step);
    let back = match before {
        None if flow::resume(content).is_some() => "/refer".to_owned(),
        before => address_of(draft.id, before),
    };
    let questions = view::questions(frame, step, &content.answers, faults);
    Page {
        title: frame.say(&view::title(step)),
        hint: frame.say_if_any(&format!("{}-hint", view::title(step))),
        whom: view::whom(frame, content, step),
        alone: questions.len() == 1,
        questions,
        wrong: !faults.is_empty(),
        may_skip: !step.page.core,
        telephone: step.page.id == "telephone",
        bodies: if step.page.id == "body" { bodies(frame) } else { Vec::new() },
        helps,
        back,
        action: address_of(draft.id, Some(step)),
        csrf: csrf.to_owned(),
        taken_out: content.taken_out,
        frame,
    }
}

fn bodies(frame: &Frame) -> Vec<(u16, String)> {
    vec![(80, frame.say("refer-body-front")), (240, frame.say("refer-body-back"))]
}

pub(super) async fn answer(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<Vec<String>>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let sent = Sent(form.into_inner());
    asked.checked(&sent)?;
    let (draft, step) = found(&asked, &path).await?;
    let was_seen = step.is_seen(&draft.content);
    let by_itself = sent.has("autosave");
    let anyway = sent.has("anyway");
    let shape = sent.text("taken-out");
    let saved = state.drafts.save(&who.writer, draft.id, by_itself, |content| {
        // Opened before somebody was taken out, it is about somebody else now.
        let same = step.page.of == Of::Referral || shape == content.taken_out.to_string();
        if !step.exists(content) || !same {
            return;
        }
        answers::write(&mut content.answers, step, &sent, sent.has("not-known"));
        let in_order = anyway || answers::faults(&content.answers, step).is_empty();
        if in_order && !by_itself {
            content.seen.insert(step.seen_as());
        }
    });
    let saved = match saved.await {
        Err(StoreError::Unavailable(_)) if by_itself => {
            return Ok(HttpResponse::ServiceUnavailable().finish());
        }
        saved => saved.map_err(|error| asked.failed(&error))?,
    };
    let saved = saved.ok_or_else(|| asked.not_found())?;
    if saved.state != DraftState::Open {
        return Ok(match by_itself {
            true => HttpResponse::Conflict().finish(),
            false => see_other(&goes_on(&saved)),
        });
    }
    let moved = step.page.of != Of::Referral && shape != saved.content.taken_out.to_string();
    if moved {
        return Ok(see_other(&address_of(saved.id, None)));
    }
    if by_itself {
        return Ok(HttpResponse::NoContent().finish());
    }
    let faults = answers::faults(&saved.content.answers, step);
    if !faults.is_empty() && !anyway {
        return Ok(shown(&asked, &saved, step, &faults));
    }
    Ok(see_other(&address_of(saved.id, flow::next(&saved.content, step, was_seen))))
}
