//! Who looks at a page: the session that a browser's cookie names, for handlers to ask for.

use super::page::{Frame, Front, Link};
use super::trouble::Trouble;
use crate::access::origin::same_origin;
use crate::access::staff::{Session, SessionToken, StaffDesk};
use crate::domain::Role;
use crate::pipeline::drafts::Writer;
use crate::store::StoreError;
use actix_web::dev::Payload;
use actix_web::error::{Error, InternalError};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures::future::LocalBoxFuture;
use std::sync::Arc;

/// Where people come in.
pub struct Doors {
    pub desk: Arc<StaffDesk>,
    /// Browsers reach this gateway by HTTPS alone, and give their cookies to nothing else.
    pub secure: bool,
    /// Something in front of the gateway says where people call from.
    pub behind_proxy: bool,
}

impl Doors {
    /// The name of the session's cookie. With the prefix no other host can set it.
    pub fn cookie(&self) -> &'static str {
        if self.secure { "__Host-session" } else { "session" }
    }

    /// The token that a browser brings.
    pub fn presented(&self, req: &HttpRequest) -> Option<SessionToken> {
        let cookie = req.cookie(self.cookie());
        cookie.map(|cookie| SessionToken::presented(cookie.value()))
    }
}

/// Ends the handling of a request with this answer.
pub fn stop(answer: HttpResponse) -> Error {
    InternalError::from_response("a page in its place", answer).into()
}

/// The store does not answer: whoever asked is told so, and what to do.
pub fn failed(front: &Front, error: &StoreError) -> Error {
    tracing::error!(code = "page-failed", %error, "a page could not be made");
    stop(Trouble::Failed.answer(&front.frame()))
}

/// Somebody who is signed in.
pub struct Visitor {
    pub session: Session,
    /// A page of this site has asked, and not another's.
    from_here: bool,
}

impl Visitor {
    /// Whether a form was sent from a page of this session, by the token that it carries.
    pub fn has_sent(&self, csrf: &str) -> bool {
        self.from_here && self.session.is_csrf(csrf)
    }

    /// The frame of a page for them.
    pub fn frame(&self, front: &Front, navigation: Vec<Link>) -> Frame {
        Frame {
            signed_in: Some(self.session.name.clone()),
            csrf: self.session.csrf.clone(),
            navigation,
            ..front.frame()
        }
    }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { visitor(&req).await })
    }
}

async fn visitor(req: &HttpRequest) -> Result<Visitor, Error> {
    let (Some(doors), Some(front)) =
        (req.app_data::<web::Data<Doors>>(), req.app_data::<web::Data<Front>>())
    else {
        return Err(stop(HttpResponse::ServiceUnavailable().finish()));
    };
    let session = match doors.presented(req) {
        Some(token) => doors.desk.session(&token).await.map_err(|error| failed(front, &error))?,
        None => None,
    };
    let session = session.ok_or_else(|| stop(sign_in_first(req, front)))?;
    Ok(Visitor { session, from_here: same_origin(req) })
}

/// Whoever opens a page comes back to it after signing in. What a form has sent is not kept: its
/// page says so, and that what was saved before is.
fn sign_in_first(req: &HttpRequest, front: &Front) -> HttpResponse {
    if req.method() == Method::GET || req.method() == Method::HEAD {
        let address = format!("/sign-in?next={}", req.path());
        return HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish();
    }
    Trouble::SessionEnded.answer(&front.frame())
}

/// Somebody who refers, for an agency.
pub struct Referrer {
    pub visitor: Visitor,
    pub writer: Writer,
}

impl FromRequest for Referrer {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let visitor = visitor(&req).await?;
            let Session { staff, post, name, .. } = &visitor.session;
            let agency = post.agency().filter(|_| post.role() == Role::Sender).cloned();
            let Some(agency) = agency else { return Err(not_permitted(&req)) };
            let (lead, name) = (post.is_lead(), name.clone());
            let writer = Writer { staff: *staff, agency, lead, name };
            Ok(Referrer { visitor, writer })
        })
    }
}

fn not_permitted(req: &HttpRequest) -> Error {
    let front = req.app_data::<web::Data<Front>>();
    let page = front.map(|front| Trouble::NotPermitted.answer(&front.frame()));
    stop(page.unwrap_or_else(|| HttpResponse::build(StatusCode::FORBIDDEN).finish()))
}
