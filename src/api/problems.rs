//! `GET /problems/{code}`: what a problem's `type` leads to, for people.

use super::catalogue::{self, Kind};
use super::problem::Problem;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    kind: &'static Kind,
    all: &'static [&'static Kind],
}

pub(super) async fn handle(path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let kind = catalogue::find(&path);
    let kind = kind.ok_or_else(|| Problem::new(&catalogue::NO_SUCH_ADDRESS))?;
    let page = Page { kind, all: catalogue::ALL }.render();
    let page = page.map_err(|_| Problem::new(&catalogue::FAILED))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}
