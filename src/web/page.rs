//! The one way to answer with a page. Whatever a page shows goes through a template (which escapes
//! it) inside the layout, and every answer has the headers that keep a browser from doing anything
//! with it but show it.

use super::assets;
use super::texts::Texts;
use crate::domain::Directory;
use crate::domain::time::Env;
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{StatusCode, header::InvalidHeaderValue};
use arc_swap::ArcSwap;
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// Nothing on a page may ask a browser for any of these.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
);
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What all pages are made with.
pub struct Front {
    pub texts: Arc<Texts>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub env: Arc<dyn Env>,
}

impl Front {
    /// What one answer is made with.
    pub fn frame(&self) -> Frame {
        let mut nonce = [0; 16];
        self.env.entropy(&mut nonce);
        let directory = self.directory.load();
        Frame {
            nonce: STANDARD.encode(nonce),
            authority: directory.authority_name.clone(),
            duty: directory.duty_telephone.clone(),
            out_of_hours: directory.out_of_hours_telephone.clone(),
            signed_in: None,
            csrf: String::new(),
            navigation: Vec::new(),
            exit: false,
            texts: self.texts.clone(),
        }
    }
}

/// What the layout shows around one page. Templates say their words with it.
pub struct Frame {
    /// Scripts that this answer may run bear it; no other answer has the same.
    pub nonce: String,
    pub authority: String,
    pub duty: String,
    pub out_of_hours: String,
    /// Who is signed in.
    pub signed_in: Option<String>,
    /// What the form that signs them out carries.
    pub csrf: String,
    pub navigation: Vec<Link>,
    /// Whether there is a button to leave the page at once.
    pub exit: bool,
    pub(super) texts: Arc<Texts>,
}

/// Somewhere to go.
pub struct Link {
    pub text: String,
    pub address: &'static str,
    /// It is the page that is shown.
    pub current: bool,
}

impl Frame {
    /// The message of this name.
    pub fn say(&self, name: &str) -> String {
        self.texts.say(name)
    }

    /// The message of this name, where there is one.
    pub fn say_if_any(&self, name: &str) -> Option<String> {
        self.texts.say_if_any(name)
    }

    /// The message of this name, with one thing filled in.
    pub fn fill(&self, name: &str, blank: &str, value: &str) -> String {
        self.texts.fill(name, blank, value)
    }

    /// Where a style, script or picture is.
    pub fn asset(&self, plain: &str) -> String {
        assets::address(plain)
    }

    /// A telephone number as a telephone takes it.
    pub fn dial(&self, number: &str) -> String {
        number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }

    /// The answer.
    pub fn answer(&self, status: StatusCode, page: &impl Template) -> HttpResponse {
        match (page.render(), self.policy()) {
            (Ok(text), Ok(policy)) => page_of(status, policy, text),
            _ => HttpResponse::InternalServerError().finish(),
        }
    }

    /// Scripts bear the nonce; styles and pictures come from here; forms go here; nobody frames it.
    fn policy(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        HeaderValue::from_str(&format!(
            "default-src 'none'; script-src 'nonce-{}'; style-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            self.nonce
        ))
    }
}

fn page_of(status: StatusCode, policy: HeaderValue, text: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((OPENER_POLICY, "same-origin"))
        .insert_header((PERMISSIONS_POLICY, PERMISSIONS))
        .body(text)
}
