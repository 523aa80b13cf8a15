//! `GET /v1/second-looks`: what was drawn to be decided again, without how it was decided; and
//! `POST /v1/second-looks/{id}`: the second decision, after which both are told.

use super::catalogue as kind;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal};
use crate::domain::{OutcomeId, Reference, Timestamp};
use crate::followup::second_looks::LookedAt;
use crate::store::WaitingLook;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

const ASK: &str = "Send {\"level_of_need\": …, \"rationale\": …, \"themes\": […], \
                   \"by\": {\"name\": …, \"role\": …}}";

#[derive(Serialize)]
struct Answer {
    second_looks: Vec<One>,
}

/// Nothing of the first decision, and not whose it was.
#[derive(Serialize)]
struct One {
    id: OutcomeId,
    reference: Reference,
    drawn_at: Timestamp,
}

impl From<WaitingLook> for One {
    fn from(look: WaitingLook) -> Self {
        One { id: look.id, reference: look.reference, drawn_at: look.drawn_at }
    }
}

/// Social work under statute decides a second time, as it decides the first.
fn may_look(state: &ApiState, caller: &DestinationPrincipal) -> Result<(), Problem> {
    let team = &caller.destination;
    let may = team.statutory || team.id == state.screening;
    if may { Ok(()) } else { Err(Denied::WrongHolder.into()) }
}

pub(super) async fn list(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    may_look(&state, &caller)?;
    let waiting = state.oversight.second_looks.waiting(&caller.destination.id).await?;
    let second_looks = waiting.into_iter().map(One::from).collect();
    Ok(HttpResponse::Ok().json(Answer { second_looks }))
}

pub(super) async fn record(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    may_look(&state, &caller)?;
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let id = OutcomeId(Uuid::try_parse(&path).map_err(|_| unknown())?);
    let said = staff::long_object(&state, &req, payload, ASK).await?;
    match state.oversight.second_looks.look(&caller.destination.id, id, said).await? {
        LookedAt::Kept { answer, repeat } => {
            let mut response = if repeat { HttpResponse::Ok() } else { HttpResponse::Created() };
            Ok(response.json(answer))
        }
        LookedAt::Taken => Err(Problem::new(&kind::SECOND_LOOK_TAKEN)),
        LookedAt::Lacking(faults) => Err(Problem::new(&kind::SECOND_LOOK_LACKING).faults(faults)),
        LookedAt::Unknown => Err(unknown()),
    }
}
