//! `POST /v1/referrals/{reference}/acknowledgement`: a named person has the referral. Only this
//! stops the acknowledgement clock. Saying it again changes nothing.

use super::document::sent_to;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::DestinationPrincipal;
use crate::domain::{DestinationId, Reference, Timestamp};
use crate::followup::acknowledgement::acknowledge;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Answer<'a> {
    reference: Reference,
    destination: &'a DestinationId,
    status: &'static str,
    acknowledged_at: Timestamp,
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    let ask = "Send {\"name\": …, \"role\": …}";
    let body = staff::object(&state, &req, payload, ask).await?;
    let person = Value::Object(staff::person(&body, "")?).to_string().into_bytes();
    let stored = sent_to(&state, &caller, &path).await?;
    let destination = &caller.destination.id;
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    let acknowledged_at =
        acknowledge(store, &state.keys, env, &stored, destination, &person).await?;
    Ok(HttpResponse::Ok().json(Answer {
        reference: stored.row.reference,
        destination,
        status: "acknowledged",
        acknowledged_at,
    }))
}
