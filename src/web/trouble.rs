//! Pages for when something went wrong. Each says what to do, and whom to telephone: somebody may
//! be trying to protect a child.

use super::page::{Frame, Front};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

/// What went wrong, as people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    NotFound,
    NotPermitted,
    SignIn,
    SessionEnded,
    TooMany,
    NotUnderstood,
    Failed,
}

impl Trouble {
    pub const ALL: [Trouble; 7] = [
        Trouble::NotFound,
        Trouble::NotPermitted,
        Trouble::SignIn,
        Trouble::SessionEnded,
        Trouble::TooMany,
        Trouble::NotUnderstood,
        Trouble::Failed,
    ];

    /// The nearest for a status.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Trouble::NotFound,
            StatusCode::FORBIDDEN => Trouble::NotPermitted,
            StatusCode::UNAUTHORIZED => Trouble::SignIn,
            StatusCode::TOO_MANY_REQUESTS => Trouble::TooMany,
            status if status.is_client_error() => Trouble::NotUnderstood,
            _ => Trouble::Failed,
        }
    }

    pub fn status(self) -> StatusCode {
        match self {
            Trouble::NotFound => StatusCode::NOT_FOUND,
            // Whoever signs in again gets in: that is no challenge to the browser.
            Trouble::NotPermitted | Trouble::SessionEnded => StatusCode::FORBIDDEN,
            Trouble::SignIn => StatusCode::UNAUTHORIZED,
            Trouble::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Trouble::NotUnderstood => StatusCode::BAD_REQUEST,
            Trouble::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The messages for its title, and for what to do.
    fn messages(self) -> [&'static str; 2] {
        match self {
            Trouble::NotFound => ["trouble-not-found", "trouble-not-found-what"],
            Trouble::NotPermitted => ["trouble-not-permitted", "trouble-not-permitted-what"],
            Trouble::SignIn => ["trouble-sign-in", "trouble-sign-in-what"],
            Trouble::SessionEnded => ["trouble-session-ended", "trouble-session-ended-what"],
            Trouble::TooMany => ["trouble-too-many", "trouble-too-many-what"],
            Trouble::NotUnderstood => ["trouble-not-understood", "trouble-not-understood-what"],
            Trouble::Failed => ["trouble-failed", "trouble-failed-what"],
        }
    }

    /// The page, as the answer.
    pub fn answer(self, frame: &Frame) -> HttpResponse {
        self.answer_as(frame, self.status())
    }

    fn answer_as(self, frame: &Frame, status: StatusCode) -> HttpResponse {
        let [title, what] = self.messages().map(|name| frame.say(name));
        frame.answer(status, &Page { frame, title, what })
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: String,
    what: String,
}

/// What a person sees in place of a problem document.
pub fn of_status(front: &Front, status: StatusCode) -> HttpResponse {
    Trouble::of_status(status).answer_as(&front.frame(), status)
}
