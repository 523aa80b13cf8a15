//! Signing in, in two steps, and out again.
//!
//! Every page on which somebody may be stuck says whom to telephone: a child may be waiting.

mod account;
mod next;
mod pages;
pub mod samples;
mod steps;

use super::page::Front;
use super::session::Doors;
use crate::access::origin;
use crate::access::staff::{Caller, Refused, SessionToken};
use crate::domain::Timestamp;
use crate::web::times;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponseBuilder};

/// Registers all pages of signing in.
pub(super) fn configure(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/sign-in").get(steps::page).post(steps::password))
        .service(web::resource("/sign-in/code").get(steps::code_page).post(steps::code))
        .service(web::resource("/sign-in/set-up").get(steps::set_up_page).post(steps::set_up))
        .service(web::resource("/sign-out").post(account::sign_out))
        .service(web::resource("/account").get(account::page))
        .service(web::resource("/account/codes").post(account::codes));
}

/// The cookie with the marks of those who have signed in with this browser. It is kept for a year,
/// and says nothing but that they have.
fn marks_cookie(doors: &Doors) -> &'static str {
    if doors.secure { "__Host-marks" } else { "marks" }
}

/// Whoever asks, as tries are counted.
struct Whence {
    address: std::net::IpAddr,
    marks: Option<String>,
}

impl Whence {
    fn of(req: &HttpRequest, doors: &Doors) -> Self {
        let marks = req.cookie(marks_cookie(doors)).map(|cookie| cookie.value().to_owned());
        Whence { address: origin::address(req, doors.behind_proxy), marks }
    }

    fn caller(&self) -> Caller<'_> {
        Caller { address: self.address, marks: self.marks.as_deref() }
    }
}

/// Gives a browser the token of its session. It goes with the browser's window.
fn give(answer: &mut HttpResponseBuilder, doors: &Doors, token: &SessionToken) {
    let cookie = Cookie::build(doors.cookie(), token.reveal())
        .path("/")
        .http_only(true)
        .secure(doors.secure)
        .same_site(SameSite::Lax);
    answer.cookie(cookie.finish());
}

fn give_marks(answer: &mut HttpResponseBuilder, doors: &Doors, marks: &str) {
    let cookie = Cookie::build(marks_cookie(doors), marks)
        .path("/")
        .http_only(true)
        .secure(doors.secure)
        .same_site(SameSite::Strict)
        .max_age(Duration::days(365));
    answer.cookie(cookie.finish());
}

fn take_away(answer: &mut HttpResponseBuilder, doors: &Doors) {
    let mut cookie = Cookie::build(doors.cookie(), "").path("/").secure(doors.secure).finish();
    cookie.make_removal();
    answer.cookie(cookie);
}

/// What a try that was refused is told. It never says why.
fn refusal(front: &Front, refused: Refused) -> String {
    match refused.until {
        Some(until) => front.texts.fill("signin-wait", "when", &soon(until)),
        None => front.texts.say("signin-wrong"),
    }
}

fn soon(until: Timestamp) -> String {
    // The next full minute: nobody counts seconds.
    times::clock(until.plus_seconds(59))
}
