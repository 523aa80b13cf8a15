//! A person whose browser asked for a page is told of a problem by a page, and not by JSON.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Data;

type Make = Box<dyn Fn(StatusCode) -> HttpResponse + Send + Sync>;

/// Makes the page for a status. Registered with the pages, as application data.
pub struct ForPeople(pub Make);

/// What only programs ask for, whatever they say that they accept.
const FOR_PROGRAMS: [&str; 4] = ["/v1/", "/health/", "/metrics", "/docs/"];

/// How to make the page, if whoever asks is a person at a browser.
pub(super) fn at_browser(req: &ServiceRequest) -> Option<Data<ForPeople>> {
    let program = FOR_PROGRAMS.iter().any(|path| req.path().starts_with(path));
    let page = [Method::GET, Method::HEAD, Method::POST].contains(req.method());
    let accepts = req.headers().get_all(header::ACCEPT);
    let html = accepts.filter_map(|value| value.to_str().ok()).any(|v| v.contains("text/html"));
    if program || !page || !html {
        return None;
    }
    req.app_data::<Data<ForPeople>>().cloned()
}
