//! `GET /v1/alarms`: what is out of the ordinary in how agencies refer.

use super::oversight::admit;
use super::problem::Problem;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal, OperationsPrincipal};
use crate::followup::alarms::Alarm;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Answer<'a> {
    alarms: &'a [Alarm],
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    team: Result<DestinationPrincipal, Denied>,
    operator: Result<OperationsPrincipal, Denied>,
) -> Result<HttpResponse, Problem> {
    let (_place, _) = admit(&state, &team, &operator)?;
    let alarms = state.oversight.alarms.now().await?;
    Ok(HttpResponse::Ok().json(Answer { alarms: &alarms }))
}
