//! `POST /v1/referrals/{reference}/information`: the sender adds what was missing or is new. It is
//! decided again and may only raise.

use super::admission::Class;
use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use super::submission;
use super::submit::accepted;
use crate::access::AgencyPrincipal;
use crate::domain::Reference;
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::Referral)?;
    let reference = Reference::parse(&path).ok_or(Problem::new(&kind::NOT_FOUND))?;
    let (submission, _memory) =
        submission::receive(&state, &caller, Some(reference), &req, payload).await?;
    let (_, receipt, _) = accepted(state.intake.inform(reference, submission).await)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(receipt))
}
