//! `POST /v1/destinations/{id}/messages/{message}/ack`: takes a leased message off its queue. This
//! says that a system has it; that a person has it is the acknowledgement's business.

use super::catalogue as kind;
use super::messages::own;
use super::problem::Problem;
use super::state::ApiState;
use crate::access::DestinationPrincipal;
use crate::domain::MessageId;
use actix_web::{HttpResponse, web};
use uuid::Uuid;

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    let (destination, message) = path.into_inner();
    own(&caller, &destination)?;
    let message = Uuid::try_parse(&message).map_err(|_| Problem::new(&kind::NOT_FOUND))?;
    state.letters.take(&caller.destination.id, MessageId(message)).await?;
    Ok(HttpResponse::NoContent().finish())
}
