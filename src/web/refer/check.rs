//! All answers on one page, and sending them: once, however often the button is pressed.

use super::answers::{self, Sent, at, count};
use super::flow::{self, Step};
use super::questions::{Field, Of, Section, page_named};
use super::sent;
use super::view;
use super::{Asked, Help, ReferState, address_at, address_of, helps, see_other};
use crate::domain::draft::DraftState;
use crate::domain::{Reference, Unread};
use crate::pipeline::drafts::Draft;
use crate::pipeline::{Outcome, Submission};
use crate::web::page::{Frame, Front};
use crate::web::session::{Referrer, stop};
use crate::web::trouble::Trouble;
use actix_web::error::Error;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

/// Times that what another window writes while a draft is sent is sent after it.
const TRIES: usize = 4;

#[derive(Template)]
#[template(path = "refer/check.html")]
pub(super) struct Page<'a> {
    pub frame: &'a Frame,
    pub parts: Vec<Part>,
    /// Why it cannot be sent.
    pub faults: Vec<Help>,
    pub helps: Vec<Help>,
    /// A child may be in danger now.
    pub urgent: bool,
    pub send: String,
    pub discard: String,
    pub csrf: String,
    /// How often somebody was taken out.
    pub taken_out: u32,
}

/// One part of the story.
pub(super) struct Part {
    pub name: &'static str,
    pub title: String,
    pub sheets: Vec<Sheet>,
    pub add: Option<Add>,
    pub remove: Vec<Remove>,
}

/// The answers of one page.
pub(super) struct Sheet {
    pub title: String,
    pub address: String,
    pub rows: Vec<(String, String)>,
}

/// A way to say more.
pub(super) struct Add {
    pub address: String,
    pub text: String,
}

/// A way to take somebody out.
pub(super) struct Remove {
    pub address: String,
    pub of: &'static str,
    pub n: usize,
    pub text: String,
}

pub(super) async fn page(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let draft = asked.draft(&path).await?;
    if draft.state != DraftState::Open {
        return Ok(see_other(&format!("/refer/{}", draft.id)));
    }
    Ok(shown(&asked, &draft, Vec::new()))
}

fn shown(asked: &Asked<'_>, draft: &Draft, faults: Vec<Help>) -> HttpResponse {
    let frame = asked.frame();
    let helps = helps(draft, asked.weighed(draft).unwrap_or_default());
    let status = match faults.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = page_of(&frame, draft, faults, helps, &asked.who.visitor.session.csrf);
    frame.answer(status, &page)
}

/// What the page shows.
pub(super) fn page_of<'a>(
    frame: &'a Frame,
    draft: &Draft,
    faults: Vec<Help>,
    helps: Vec<Help>,
    csrf: &str,
) -> Page<'a> {
    let steps = flow::steps(&draft.content);
    let part = |section: Section| Part {
        name: section.name(),
        title: frame.say(&format!("refer-part-{}", section.name())),
        sheets: steps
            .iter()
            .filter(|step| step.page.section == section)
            .map(|step| sheet(frame, draft, *step))
            .collect(),
        add: add(frame, draft, section),
        remove: remove_from(frame, draft, section),
    };
    let danger = draft.content.answers.get("danger_now");
    Page {
        parts: Section::ALL.into_iter().map(part).collect(),
        faults,
        helps,
        urgent: danger.is_some_and(|danger| danger != "no"),
        send: format!("/refer/{}/send", draft.id),
        discard: format!("/refer/{}/discard", draft.id),
        csrf: csrf.to_owned(),
        taken_out: draft.content.taken_out,
        frame,
    }
}

fn sheet(frame: &Frame, draft: &Draft, step: Step) -> Sheet {
    let answers = &draft.content.answers;
    let row = |field: &Field| {
        let value = at(answers, &format!("{}{}", step.place(), field.at));
        view::answer(frame, field, value)
            .map(|answer| (frame.say(&view::label(step, field)), answer))
    };
    let title = frame.say(&view::title(step));
    let title = match view::whom(frame, &draft.content, step) {
        Some(whom) => format!("{whom}: {title}"),
        None => title,
    };
    Sheet {
        title,
        address: address_of(draft.id, Some(step)),
        rows: step.page.fields.iter().filter_map(row).collect(),
    }
}

/// Whom a part is about, where there can be several.
fn several(section: Section) -> Option<(Of, &'static str, [&'static str; 2])> {
    match section {
        Section::Children => Some((Of::Child, "child", ["refer-add-child", "refer-remove-child"])),
        Section::Family => {
            Some((Of::Person, "person", ["refer-add-person", "refer-remove-person"]))
        }
        _ => None,
    }
}

fn add(frame: &Frame, draft: &Draft, section: Section) -> Option<Add> {
    let (of, page, [text, _]) = several(section)?;
    let n = count(&draft.content.answers, of.list()?);
    let address = format!("/refer/{}/{page}/{n}", draft.id);
    (n < of.most()).then(|| Add { address, text: frame.say(text) })
}

/// A referral has a child; anybody else can be taken out again.
fn remove_from(frame: &Frame, draft: &Draft, section: Section) -> Vec<Remove> {
    let Some((of, page, [_, text])) = several(section) else { return Vec::new() };
    let there = of.list().map_or(0, |list| count(&draft.content.answers, list));
    if of == Of::Child && there < 2 {
        return Vec::new();
    }
    let one = |n: usize| {
        let step = Step { page: page_named(page)?, n };
        let whom = view::whom(frame, &draft.content, step).unwrap_or_default();
        let address = format!("/refer/{}/remove", draft.id);
        Some(Remove { address, of: page, n, text: frame.fill(text, "name", &whom) })
    };
    (0..there).filter_map(one).collect()
}

pub(super) async fn remove(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let sent = Sent(form.into_inner());
    asked.checked(&sent)?;
    let draft = asked.draft(&path).await?;
    let of = if sent.text("of") == "child" { Of::Child } else { Of::Person };
    if let Ok(n) = sent.text("n").parse() {
        let shape = sent.text("taken-out");
        let saved = state.drafts.save(&who.writer, draft.id, false, |content| {
            // Pressed twice, it would take out whoever moved up.
            if shape == content.taken_out.to_string() {
                answers::remove(content, of, n);
            }
        });
        saved.await.map_err(|error| asked.failed(&error))?;
    }
    Ok(see_other(&format!("/refer/{}/check", draft.id)))
}

pub(super) async fn send(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    asked.checked(&Sent(form.into_inner()))?;
    let draft = asked.draft(&path).await?;
    if draft.state != DraftState::Open {
        return Ok(see_other(&format!("/refer/{}", draft.id)));
    }
    let Some(submission) = asked.submission(&draft) else {
        let ask = asked.front.texts.say("refer-agency-closed");
        return Ok(shown(&asked, &draft, vec![Help { ask, address: None }]));
    };
    // Whoever is at the screen mends it at once: nothing is lost, so no refusal is kept.
    if let Err(faults) = asked.weighed(&draft) {
        return Ok(shown(&asked, &draft, asks(&draft, faults)));
    }
    let mut outcome = state.intake.receive(submission.clone()).await;
    if let Outcome::Conflict { first } = outcome {
        // It was sent before, which nobody noted, and written on since: that is put to it.
        let more = Submission { idempotency_key: None, ..submission };
        outcome = state.intake.inform(first, more).await;
    }
    match outcome {
        Outcome::Accepted { reference, .. } => accepted(&asked, draft, reference).await,
        Outcome::Refused(refusal) => Ok(shown(&asked, &draft, asks(&draft, refusal.faults))),
        _ => Err(stop(Trouble::Failed.answer(&asked.frame()))),
    }
}

/// It is sent whether or not that could be noted with the draft: if it could not, the draft still
/// says NOT SENT, and sending it again is answered with the same reference.
async fn accepted(
    asked: &Asked<'_>,
    mut draft: Draft,
    reference: Reference,
) -> Result<HttpResponse, Error> {
    let writer = &asked.who.writer;
    for _ in 0..TRIES {
        let answers = &draft.content.answers;
        match asked.state.drafts.sent(writer, draft.id, reference, answers).await {
            Ok(None) => return Ok(see_other(&format!("/refer/sent/{reference}?now"))),
            // Another window has written meanwhile: that is put to it.
            Ok(Some(more)) => draft = more,
            Err(error) => {
                tracing::error!(code = "draft-not-noted", %error, "a sent draft does not say so");
                break;
            }
        }
        let Some(submission) = asked.submission(&draft) else { break };
        let more = Submission { idempotency_key: None, ..submission };
        if !matches!(asked.state.intake.inform(reference, more).await, Outcome::Accepted { .. }) {
            break;
        }
    }
    sent::shown(asked, reference, "now").await
}

fn asks(draft: &Draft, faults: Vec<Unread>) -> Vec<Help> {
    let ask = |one: Unread| Help { address: address_at(draft, &one.pointer), ask: one.ask };
    faults.into_iter().map(ask).collect()
}
