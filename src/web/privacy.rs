//! `/privacy`: what families are told about the use of what is known about them.

use super::page::{Frame, Front};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "privacy.html")]
struct Page<'a> {
    frame: &'a Frame,
}

pub(super) async fn page(front: web::Data<Front>) -> HttpResponse {
    answer(&front.frame())
}

pub(super) fn answer(frame: &Frame) -> HttpResponse {
    frame.answer(StatusCode::OK, &Page { frame })
}
