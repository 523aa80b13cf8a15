//! `POST /v1/referrals`: a referral comes in.

use super::admission::{Class, overloaded};
use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use super::submission;
use crate::access::AgencyPrincipal;
use crate::domain::Reference;
use crate::pipeline::Outcome;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::Referral)?;
    let (submission, _memory) = submission::receive(&state, &caller, None, &req, payload).await?;
    let (reference, receipt, repeat) = accepted(state.intake.receive(submission).await)?;
    let mut response = if repeat { HttpResponse::Ok() } else { HttpResponse::Created() };
    response.insert_header((header::LOCATION, format!("/v1/referrals/{reference}")));
    response.content_type("application/json");
    Ok(response.body(receipt))
}

/// The receipt of an accepted submission, or the problem that stands in its place.
pub(super) fn accepted(outcome: Outcome) -> Result<(Reference, Bytes, bool), Problem> {
    match outcome {
        Outcome::Accepted { reference, receipt, repeat } => {
            Ok((reference, Bytes::from_owner(receipt), repeat))
        }
        Outcome::Conflict { first } => Err(Problem::new(&kind::KEY_REUSED).first(first)),
        Outcome::Refused(refusal) => Err(refusal.into()),
        Outcome::Unknown => Err(Problem::new(&kind::NOT_FOUND)),
        Outcome::Busy => Err(overloaded()),
        Outcome::Failed => Err(Problem::new(&kind::FAILED)),
        Outcome::Unavailable => Err(Problem::new(&kind::UNAVAILABLE).retry_after(2)),
    }
}
