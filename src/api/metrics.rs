//! `GET /metrics`: Prometheus' text format, for operations. Labels name destinations: whoever sends
//! could see there that history added one, which tells that a child is known (invariant 6).

use super::problem::Problem;
use super::state::ApiState;
use crate::access::{Denied, OperationsPrincipal};
use actix_web::{HttpResponse, web};

const HOW: &str = "Metrics are for operations: let the scraper send `Authorization: Bearer <key>` \
    with a key of `frontdoor keys issue --operations NAME`";

/// Answers whatever the load.
pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: Result<OperationsPrincipal, Denied>,
) -> Result<HttpResponse, Problem> {
    if !state.access.settings.ops_open {
        caller.map_err(|denied| Problem::from(denied).detail(HOW))?.spend()?;
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body((state.metrics)()))
}
