//! Where somebody who refers comes in: a referral begins here, and goes on here.

use super::answers::Sent;
use super::{Asked, ReferState, address_of, flow, see_other};
use crate::domain::draft::DraftState;
use crate::pipeline::drafts::{Content, Draft, OfColleague};
use crate::web::page::{Frame, Front};
use crate::web::session::Referrer;
use crate::web::times;
use actix_web::error::Error;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

#[derive(Template)]
#[template(path = "refer/home.html")]
pub(super) struct Page<'a> {
    pub frame: &'a Frame,
    /// Nothing was chosen.
    pub wrong: bool,
    /// The answers to whether a child is in danger.
    pub dangers: [(&'static str, String); 3],
    pub drafts: Vec<Line>,
    pub colleagues: Vec<Line>,
    pub sent: Vec<Line>,
    pub csrf: String,
}

/// A draft, or a referral that was one.
pub(super) struct Line {
    pub address: String,
    pub about: String,
    pub reference: String,
    pub when: String,
}

pub(super) async fn page(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    shown(&asked, false).await
}

async fn shown(asked: &Asked<'_>, wrong: bool) -> Result<HttpResponse, Error> {
    let (drafts, writer) = (&asked.state.drafts, &asked.who.writer);
    let lists = async {
        let own = drafts.own(writer, DraftState::Open).await?;
        let colleagues = drafts.of_colleagues(writer).await?;
        let mut sent = drafts.own(writer, DraftState::Sent).await?;
        sent.extend(drafts.sent_by_colleagues(writer).await?);
        Ok((own, colleagues, sent))
    };
    let (own, colleagues, mut sent) = lists.await.map_err(|error| asked.failed(&error))?;
    sent.sort_by_key(|draft| std::cmp::Reverse(draft.changed_at));
    let frame = asked.frame();
    let page = Page {
        wrong,
        dangers: dangers(&frame),
        drafts: own.iter().map(|draft| open_line(&frame, draft)).collect(),
        colleagues: colleagues.iter().map(colleagues_line).collect(),
        sent: sent.iter().filter_map(|draft| sent_line(&frame, draft)).collect(),
        csrf: asked.who.visitor.session.csrf.clone(),
        frame: &frame,
    };
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(frame.answer(status, &page))
}

/// What can be answered before anything else.
pub(super) fn dangers(frame: &Frame) -> [(&'static str, String); 3] {
    [("yes", "answer-yes"), ("no", "answer-no"), ("unknown", "answer-not-known")]
        .map(|(value, message)| (value, frame.say(message)))
}

fn named(frame: &Frame, about: String) -> String {
    if about.is_empty() { frame.say("refer-no-name") } else { about }
}

fn open_line(frame: &Frame, draft: &Draft) -> Line {
    Line {
        address: format!("/refer/{}", draft.id),
        about: named(frame, draft.content.first_child()),
        reference: String::new(),
        when: times::told(draft.changed_at),
    }
}

fn colleagues_line(draft: &OfColleague) -> Line {
    Line {
        address: format!("/refer/{}", draft.id),
        about: draft.author.clone(),
        reference: String::new(),
        when: times::told(draft.changed_at),
    }
}

fn sent_line(frame: &Frame, draft: &Draft) -> Option<Line> {
    let reference = draft.reference?;
    Some(Line {
        address: format!("/refer/sent/{reference}"),
        about: named(frame, draft.content.about.clone()),
        reference: reference.to_string(),
        when: times::told(draft.changed_at),
    })
}

pub(super) async fn begin(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    let sent = Sent(form.into_inner());
    asked.checked(&sent)?;
    let danger = sent.text("danger");
    if !["yes", "no", "unknown"].contains(&danger.as_str()) {
        return shown(&asked, true).await;
    }
    let mut content = Content::default();
    content.answers.insert("danger_now".to_owned(), Value::from(danger));
    // Their name is known; the rest of how to reach them is asked for.
    let referrer = serde_json::json!({ "name": who.writer.name });
    content.answers.insert("referrer".to_owned(), referrer);
    content.seen.insert(("danger".to_owned(), 0));
    let next = flow::resume(&content);
    let id = state.drafts.begin(&who.writer, content).await;
    let id = id.map_err(|error| asked.failed(&error))?;
    Ok(see_other(&address_of(id, next)))
}

pub(super) async fn discard(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    asked.checked(&Sent(form.into_inner()))?;
    let draft = asked.draft(&path).await?;
    let discarded = state.drafts.discard(&who.writer, draft.id).await;
    discarded.map_err(|error| asked.failed(&error))?;
    Ok(see_other("/refer"))
}

pub(super) async fn take_over(
    front: web::Data<Front>,
    state: web::Data<ReferState>,
    who: Referrer,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let asked = Asked { front: &front, state: &state, who: &who };
    asked.checked(&Sent(form.into_inner()))?;
    let id = uuid::Uuid::parse_str(&path).map_err(|_| asked.not_found())?;
    let taken = state.drafts.take_over(&who.writer, crate::domain::DraftId(id)).await;
    if !taken.map_err(|error| asked.failed(&error))? {
        return Err(asked.not_found());
    }
    Ok(see_other(&format!("/refer/{id}")))
}
