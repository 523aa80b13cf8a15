//! Signing in, in every state, with invented people.

use super::pages::{self, Account, App, Codes, Password, Second, SetUp};
use crate::domain::staff::SecondStep;
use crate::web::page::Frame;
use crate::web::samples::Sample;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

pub const SAMPLES: &[Sample] = &[
    Sample { name: "signin", make: |frame| password(&frame, None) },
    Sample { name: "signin-wrong", make: |frame| password(&frame, Some("signin-wrong")) },
    Sample { name: "signin-by-app", make: |frame| second(&frame, SecondStep::App, false) },
    Sample { name: "signin-by-list", make: |frame| second(&frame, SecondStep::List, false) },
    Sample { name: "signin-by-list-wrong", make: |frame| second(&frame, SecondStep::List, true) },
    Sample { name: "signin-set-up-app", make: |frame| set_up(&frame, true, false) },
    Sample { name: "signin-set-up-list", make: |frame| set_up(&frame, false, false) },
    Sample { name: "signin-set-up-wrong", make: |frame| set_up(&frame, true, true) },
    Sample { name: "signin-codes", make: |frame| codes(&frame) },
    Sample { name: "signin-account", make: |frame| account(frame, false) },
    Sample { name: "signin-account-wrong", make: |frame| account(frame, true) },
];

const CSRF: &str = "sample";

fn status(wrong: bool) -> Option<StatusCode> {
    wrong.then_some(StatusCode::UNPROCESSABLE_ENTITY)
}

fn password(frame: &Frame, fault: Option<&str>) -> HttpResponse {
    let page =
        Password { fault: fault.map(|name| frame.say(name)), ..Password::new(frame, "/refer") };
    pages::answer(frame, status(fault.is_some()), &page)
}

fn second(frame: &Frame, step: SecondStep, wrong: bool) -> HttpResponse {
    let fault = wrong.then(|| frame.say("signin-wrong"));
    let page = Second { fault, ..Second::new(frame, step, "/refer", CSRF.to_owned()) };
    pages::answer(frame, status(wrong), &page)
}

fn set_up(frame: &Frame, app: bool, wrong: bool) -> HttpResponse {
    let page = SetUp {
        fault: wrong.then(|| frame.say("signin-wrong-code")),
        first: "code",
        sign_in: "otto@council.example".to_owned(),
        app: app.then(App::sample),
        next: String::new(),
        csrf: CSRF.to_owned(),
        frame,
    };
    pages::answer(frame, status(wrong), &page)
}

fn codes(frame: &Frame) -> HttpResponse {
    let codes = (1..=10).map(|n| format!("SAMPL-CODE{n:02}")).collect();
    let page = Codes::new(frame, codes, SecondStep::List, "/refer".to_owned());
    pages::answer(frame, None, &page)
}

fn account(frame: Frame, wrong: bool) -> HttpResponse {
    let frame = Frame { signed_in: Some("Ada Lumb".to_owned()), csrf: CSRF.to_owned(), ..frame };
    let page = Account {
        fault: wrong.then(|| frame.say("signin-wrong")),
        first: "proof",
        sign_in: "ada@ridgeway.example".to_owned(),
        role: "sender".to_owned(),
        since: "Friday 3 July 2026 at 09:59".to_owned(),
        csrf: CSRF.to_owned(),
        frame: &frame,
    };
    pages::answer(&frame, status(wrong), &page)
}
