//! What the pages of signing in show.

use crate::access::staff::{AppSecret, SetUpPage, Step};
use crate::domain::staff::SecondStep;
use crate::web::page::Frame;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use qrcode::QrCode;
use qrcode::render::svg;

#[derive(Template)]
#[template(path = "signin/password.html")]
pub(super) struct Password<'a> {
    pub frame: &'a Frame,
    pub fault: Option<String>,
    pub first: &'static str,
    pub name: String,
    pub next: String,
}

impl<'a> Password<'a> {
    pub(super) fn new(frame: &'a Frame, next: &str) -> Self {
        Password { frame, fault: None, first: "name", name: String::new(), next: next.to_owned() }
    }
}

#[derive(Template)]
#[template(path = "signin/second.html")]
pub(super) struct Second<'a> {
    pub frame: &'a Frame,
    pub fault: Option<String>,
    pub first: &'static str,
    pub title: String,
    pub hint: String,
    pub next: String,
    pub csrf: String,
}

impl<'a> Second<'a> {
    pub(super) fn new(frame: &'a Frame, step: SecondStep, next: &str, csrf: String) -> Self {
        let [title, hint] = match step {
            SecondStep::App => ["signin-by-app", "signin-by-app-hint"],
            SecondStep::List => ["signin-by-list", "signin-by-list-hint"],
        };
        Second {
            fault: None,
            first: "code",
            title: frame.say(title),
            hint: frame.say(hint),
            next: next.to_owned(),
            csrf,
            frame,
        }
    }
}

#[derive(Template)]
#[template(path = "signin/setup.html")]
pub(super) struct SetUp<'a> {
    pub frame: &'a Frame,
    pub fault: Option<String>,
    pub first: &'static str,
    pub sign_in: String,
    pub app: Option<App>,
    pub next: String,
    pub csrf: String,
}

/// The secret of an authenticator app: as text, as a link for the telephone, and as a picture.
pub(super) struct App {
    pub text: String,
    pub url: String,
    /// SVG. It is made of squares alone.
    pub picture: Option<String>,
}

impl App {
    pub(super) fn of(secret: &AppSecret) -> Self {
        App::new(secret.text(), secret.url())
    }

    /// One that opens nothing.
    pub(super) fn sample() -> Self {
        App::new("ABCD EFGH IJKL MNOP".to_owned(), "otpauth://totp/sample?secret=AAAA".to_owned())
    }

    fn new(text: String, url: String) -> Self {
        let code = QrCode::new(url.as_bytes()).ok();
        let picture = code.map(|code| {
            let drawn = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
            // As part of a page it needs no declaration of what it is.
            drawn.split_once("?>").map(|(_, svg)| svg.to_owned()).unwrap_or(drawn)
        });
        App { text, url, picture }
    }
}

impl<'a> SetUp<'a> {
    pub(super) fn new(frame: &'a Frame, page: &SetUpPage, next: &str, csrf: String) -> Self {
        SetUp {
            fault: None,
            first: "password",
            sign_in: page.sign_in.clone(),
            app: page.app.as_ref().map(App::of),
            next: next.to_owned(),
            csrf,
            frame,
        }
    }
}

#[derive(Template)]
#[template(path = "signin/codes.html")]
pub(super) struct Codes<'a> {
    pub frame: &'a Frame,
    pub what: String,
    pub codes: Vec<String>,
    pub next: String,
}

impl<'a> Codes<'a> {
    pub(super) fn new(
        frame: &'a Frame,
        codes: Vec<String>,
        step: SecondStep,
        next: String,
    ) -> Self {
        let what = match step {
            SecondStep::App => "signin-codes-recovery",
            SecondStep::List => "signin-codes-list",
        };
        Codes { what: frame.say(what), codes, next, frame }
    }
}

#[derive(Template)]
#[template(path = "signin/account.html")]
pub(super) struct Account<'a> {
    pub frame: &'a Frame,
    pub fault: Option<String>,
    pub first: &'static str,
    pub sign_in: String,
    pub role: String,
    pub since: String,
    pub csrf: String,
}

/// The address at which a step is done.
pub(super) fn address(step: Step) -> &'static str {
    match step {
        Step::SetUp => "/sign-in/set-up",
        Step::Second(_) => "/sign-in/code",
    }
}

/// A page, whole or with what went wrong.
pub(super) fn answer(
    frame: &Frame,
    fault: Option<StatusCode>,
    page: &impl Template,
) -> HttpResponse {
    frame.answer(fault.unwrap_or(StatusCode::OK), page)
}
