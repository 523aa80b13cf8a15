//! One's own account: who one is here, new codes, and leaving.

use super::pages::{self, Account, Codes};
use super::{Whence, next, refusal, take_away};
use crate::access::staff::{NewCodes, Session};
use crate::web::page::{Frame, Front};
use crate::web::session::{Doors, Visitor, failed, stop};
use crate::web::times;
use crate::web::trouble::Trouble;
use actix_web::error::Error;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Form {
    proof: String,
    csrf: String,
}

pub(super) async fn page(front: web::Data<Front>, visitor: Visitor) -> HttpResponse {
    let frame = visitor.frame(&front, Vec::new());
    pages::answer(&frame, None, &of(&frame, &visitor.session, visitor.session.csrf.clone()))
}

pub(super) fn of<'a>(frame: &'a Frame, session: &Session, csrf: String) -> Account<'a> {
    Account {
        fault: None,
        first: "proof",
        sign_in: session.sign_in.clone(),
        role: session.post.role().to_string(),
        since: times::told(session.signed_in_at),
        csrf,
        frame,
    }
}

/// A form that does not come from a page of this session does nothing.
fn checked(front: &Front, visitor: &Visitor, form: &Form) -> Result<(), Error> {
    if visitor.has_sent(&form.csrf) {
        return Ok(());
    }
    Err(stop(Trouble::NotUnderstood.answer(&front.frame())))
}

pub(super) async fn sign_out(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    visitor: Visitor,
    form: web::Form<Form>,
) -> Result<HttpResponse, Error> {
    checked(&front, &visitor, &form)?;
    doors.desk.sign_out(&visitor.session).await.map_err(|error| failed(&front, &error))?;
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, "/sign-in"));
    // Whatever the browser has kept of the pages goes with it.
    answer.insert_header(("clear-site-data", "\"cache\""));
    take_away(&mut answer, &doors);
    Ok(answer.finish())
}

pub(super) async fn codes(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    req: HttpRequest,
    visitor: Visitor,
    form: web::Form<Form>,
) -> Result<HttpResponse, Error> {
    checked(&front, &visitor, &form)?;
    let Some(token) = doors.presented(&req) else {
        return Err(stop(Trouble::SessionEnded.answer(&front.frame())));
    };
    let whence = Whence::of(&req, &doors);
    let made = doors.desk.new_codes(&token, &form.proof, whence.caller()).await;
    let frame = visitor.frame(&front, Vec::new());
    let role = visitor.session.post.role();
    match made.map_err(|error| failed(&front, &error))? {
        NewCodes::Done(codes) => {
            let page = Codes::new(&frame, codes, role.second_step(), next::next("", role));
            Ok(pages::answer(&frame, None, &page))
        }
        NewCodes::Refused(refused) => {
            let fault = Some(refusal(&front, refused));
            let csrf = visitor.session.csrf.clone();
            let page = Account { fault, ..of(&frame, &visitor.session, csrf) };
            Ok(pages::answer(&frame, Some(StatusCode::UNPROCESSABLE_ENTITY), &page))
        }
        NewCodes::Over => Err(stop(Trouble::SessionEnded.answer(&front.frame()))),
    }
}
