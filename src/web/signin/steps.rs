//! The two steps: a password, then a code; and setting an account up, once.

use super::pages::{self, Codes, Password, Second, SetUp};
use super::{Whence, give, give_marks, next, refusal};
use crate::access::origin::same_origin;
use crate::access::staff::{
    self, Half, SessionToken, SetUpPage, SignedIn, StaffDesk, Step, Stepped,
};
use crate::store::StoreError;
use crate::web::page::Front;
use crate::web::session::{Doors, failed, stop};
use crate::web::trouble::Trouble;
use actix_web::error::Error;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Deserialize;

/// What an authenticator app calls this gateway.
const ISSUER: &str = "Referral gateway";

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

/// What a form of these pages may send.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Form {
    name: String,
    password: String,
    code: String,
    next: String,
    csrf: String,
}

/// One request for a page of signing in.
struct At<'a> {
    front: &'a Front,
    doors: &'a Doors,
    req: &'a HttpRequest,
}

impl At<'_> {
    fn desk(&self) -> &StaffDesk {
        &self.doors.desk
    }

    fn failed(&self, error: &StoreError) -> Error {
        failed(self.front, error)
    }

    /// What another site's page sends is not taken: it could sign somebody in as somebody else.
    fn is_from_here(&self) -> Result<(), Error> {
        if same_origin(self.req) {
            return Ok(());
        }
        Err(stop(Trouble::NotUnderstood.answer(&self.front.frame())))
    }

    /// The step that is due, with the token under which it is; or else from the beginning.
    async fn half(&self) -> Result<(SessionToken, Half), Error> {
        let again = || stop(to("/sign-in", ""));
        let token = self.doors.presented(self.req).ok_or_else(again)?;
        let half = self.desk().half(&token).await.map_err(|error| self.failed(&error))?;
        Ok((token, half.ok_or_else(again)?))
    }

    /// The same for a form that was sent from its page.
    async fn half_of(&self, form: &Form) -> Result<(SessionToken, Half), Error> {
        self.is_from_here()?;
        let (token, half) = self.half().await?;
        if half.holder.is_form(&form.csrf) {
            return Ok((token, half));
        }
        Err(stop(Trouble::NotUnderstood.answer(&self.front.frame())))
    }
}

fn to(address: &str, asked: &str) -> HttpResponse {
    see_other(address, asked).finish()
}

fn see_other(address: &str, asked: &str) -> HttpResponseBuilder {
    let address = match next::is_ours(asked) {
        true => format!("{address}?next={asked}"),
        false => address.to_owned(),
    };
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, address));
    answer
}

pub(super) async fn page(front: web::Data<Front>, asked: web::Query<Asked>) -> HttpResponse {
    let frame = front.frame();
    pages::answer(&frame, None, &Password::new(&frame, &asked.next))
}

pub(super) async fn password(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    req: HttpRequest,
    form: web::Form<Form>,
) -> Result<HttpResponse, Error> {
    let at = At { front: &front, doors: &doors, req: &req };
    at.is_from_here()?;
    let whence = Whence::of(&req, &doors);
    let tried = at.desk().sign_in(&form.name, &form.password, whence.caller()).await;
    let refused = match tried.map_err(|error| at.failed(&error))? {
        SignedIn::Next { token, step } => {
            let mut answer = see_other(pages::address(step), &form.next);
            give(&mut answer, &doors, &token);
            return Ok(answer.finish());
        }
        SignedIn::Refused(refused) => refused,
    };
    let frame = front.frame();
    let page = Password {
        fault: Some(refusal(&front, refused)),
        name: form.name.clone(),
        ..Password::new(&frame, &form.next)
    };
    Ok(pages::answer(&frame, Some(status(refused)), &page))
}

/// Whoever must wait is told so; a wrong password is no challenge to the browser.
fn status(refused: staff::Refused) -> StatusCode {
    match refused.until {
        Some(_) => StatusCode::TOO_MANY_REQUESTS,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

pub(super) async fn code_page(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    req: HttpRequest,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Error> {
    let at = At { front: &front, doors: &doors, req: &req };
    let (_, half) = at.half().await?;
    let Step::Second(step) = half.step else {
        return Ok(to(pages::address(half.step), &asked.next));
    };
    let frame = front.frame();
    let csrf = half.csrf.clone();
    Ok(pages::answer(&frame, None, &Second::new(&frame, step, &asked.next, csrf)))
}

pub(super) async fn code(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    req: HttpRequest,
    form: web::Form<Form>,
) -> Result<HttpResponse, Error> {
    let at = At { front: &front, doors: &doors, req: &req };
    let (token, half) = at.half_of(&form).await?;
    let whence = Whence::of(&req, &doors);
    let stepped = at.desk().second_step(&token, &form.code, whence.caller()).await;
    let refused = match stepped.map_err(|error| at.failed(&error))? {
        Stepped::Done { token, marks, .. } => return at.enter(&token, &marks, &form.next).await,
        Stepped::Over => return Ok(to("/sign-in", &form.next)),
        Stepped::Refused(refused) => refused,
    };
    let Step::Second(step) = half.step else { return Ok(to("/sign-in", &form.next)) };
    let frame = front.frame();
    let csrf = half.csrf.clone();
    let fault = Some(refusal(&front, refused));
    let page = Second { fault, ..Second::new(&frame, step, &form.next, csrf) };
    Ok(pages::answer(&frame, Some(status(refused)), &page))
}

impl At<'_> {
    /// Signed in: to the page that was asked for, or where people of this role begin.
    async fn enter(
        &self,
        token: &SessionToken,
        marks: &str,
        asked: &str,
    ) -> Result<HttpResponse, Error> {
        let session = self.desk().session(token).await.map_err(|error| self.failed(&error))?;
        let Some(session) = session else { return Ok(to("/sign-in", asked)) };
        let mut answer = HttpResponse::SeeOther();
        answer.insert_header((header::LOCATION, next::next(asked, session.post.role())));
        give(&mut answer, self.doors, token);
        give_marks(&mut answer, self.doors, marks);
        Ok(answer.finish())
    }

    async fn set_up_of(&self, token: &SessionToken) -> Result<Option<SetUpPage>, Error> {
        let page = self.desk().set_up_page(token, ISSUER).await;
        page.map_err(|error| self.failed(&error))
    }
}

pub(super) async fn set_up_page(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    req: HttpRequest,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Error> {
    let at = At { front: &front, doors: &doors, req: &req };
    let (token, half) = at.half().await?;
    let Some(page) = at.set_up_of(&token).await? else {
        return Ok(to(pages::address(half.step), &asked.next));
    };
    let frame = front.frame();
    let csrf = half.csrf.clone();
    Ok(pages::answer(&frame, None, &SetUp::new(&frame, &page, &asked.next, csrf)))
}

pub(super) async fn set_up(
    front: web::Data<Front>,
    doors: web::Data<Doors>,
    req: HttpRequest,
    form: web::Form<Form>,
) -> Result<HttpResponse, Error> {
    let at = At { front: &front, doors: &doors, req: &req };
    at.is_from_here()?;
    // Whoever presses twice has no step due any more: the first answer is given again.
    let token = doors.presented(&req).ok_or_else(|| stop(to("/sign-in", "")))?;
    if !at.desk().holder(&token).is_form(&form.csrf) {
        return Err(stop(Trouble::NotUnderstood.answer(&front.frame())));
    }
    let whence = Whence::of(&req, &doors);
    let code = Some(form.code.as_str()).filter(|code| !code.is_empty());
    let done = at.desk().set_up(&token, &form.password, code, whence.caller()).await;
    let (fault, first) = match done.map_err(|error| at.failed(&error))? {
        staff::SetUp::Done { token, marks, codes } => {
            return at.set_up_done((&token, &marks), codes, &form.next).await;
        }
        staff::SetUp::Over => return Ok(to("/sign-in", &form.next)),
        staff::SetUp::Weak(weak) => (weak.to_string(), "password"),
        staff::SetUp::WrongCode => (front.texts.say("signin-wrong-code"), "code"),
        staff::SetUp::Refused(refused) => (refusal(&front, refused), "password"),
    };
    let Some(page) = at.set_up_of(&token).await? else { return Ok(to("/sign-in", &form.next)) };
    let frame = front.frame();
    let csrf = at.desk().holder(&token).form(front.env.as_ref());
    let page = SetUp { fault: Some(fault), first, ..SetUp::new(&frame, &page, &form.next, csrf) };
    Ok(pages::answer(&frame, Some(StatusCode::UNPROCESSABLE_ENTITY), &page))
}

impl At<'_> {
    /// The codes are shown here and nowhere else, in the answer to the form.
    async fn set_up_done(
        &self,
        (token, marks): (&SessionToken, &str),
        codes: Vec<String>,
        asked: &str,
    ) -> Result<HttpResponse, Error> {
        let session = self.desk().session(token).await.map_err(|error| self.failed(&error))?;
        let Some(session) = session else { return Ok(to("/sign-in", asked)) };
        let role = session.post.role();
        let frame = self.front.frame();
        let page = Codes::new(&frame, codes, role.second_step(), next::next(asked, role));
        let mut answer = pages::answer(&frame, None, &page);
        let mut cookies = HttpResponse::Ok();
        give(&mut cookies, self.doors, token);
        give_marks(&mut cookies, self.doors, marks);
        for cookie in cookies.finish().cookies() {
            answer
                .add_cookie(&cookie)
                .map_err(|_| stop(HttpResponse::InternalServerError().finish()))?;
        }
        Ok(answer)
    }
}
