//! `POST /v1/referrals/validate`: the receipt that a submission would get. Nothing is stored.

use super::admission::Class;
use super::problem::Problem;
use super::state::ApiState;
use super::submission;
use crate::access::AgencyPrincipal;
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::DryRun)?;
    let (submission, _memory) = submission::try_out(&state, &caller, &req, payload).await?;
    let receipt = state.intake.rehearse(&submission)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(receipt))
}
