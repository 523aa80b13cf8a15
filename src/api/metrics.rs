//! `GET /metrics`: Prometheus' text format.

use super::state::ApiState;
use actix_web::{HttpResponse, web};

pub(super) async fn handle(state: web::Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body((state.metrics)())
}
