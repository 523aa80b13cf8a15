//! `GET /v1/second-looks?after=…`: what was drawn to be decided again, without how it was decided;
//! and `POST /v1/second-looks/{id}`: the second decision, after which both are told.

use super::catalogue as kind;
use super::deliveries::read;
use super::messages::whole;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal};
use crate::domain::{LookId, Reference, Timestamp};
use crate::followup::second_looks::LookedAt;
use crate::store::{LookPlace, WaitingLook};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

const ASK: &str = "Send {\"level_of_need\": …, \"rationale\": …, \"themes\": […], \
                   \"by\": {\"name\": …, \"role\": …}}";

#[derive(Serialize)]
struct Answer {
    second_looks: Vec<One>,
    /// Give it as `after` for the next page; `null` on the last.
    next: Option<String>,
}

/// Nothing of the first decision, and not whose it was.
#[derive(Serialize)]
struct One {
    id: LookId,
    reference: Reference,
    /// Whom it concerns: what other children need may have been decided otherwise.
    children: Vec<u16>,
    drawn_at: Timestamp,
}

impl From<WaitingLook> for One {
    fn from(look: WaitingLook) -> Self {
        let WaitingLook { id, reference, children, drawn_at } = look;
        One { id, reference, children: children.indices(), drawn_at }
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
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    may_look(&state, &caller)?;
    let query = req.query_string();
    let limit = usize::try_from(whole(query, "limit", 1..=500, 100)?).unwrap_or(usize::MAX);
    let after = read(query, "after", "look-place", place)?;
    let looks = &state.oversight.second_looks;
    let waiting = looks.waiting(&caller.destination.id, after, limit).await?;
    let next = waiting.last().filter(|_| waiting.len() == limit).map(written);
    let second_looks = waiting.into_iter().map(One::from).collect();
    Ok(HttpResponse::Ok().json(Answer { second_looks, next }))
}

/// `<microseconds>.<id>`.
fn written(look: &WaitingLook) -> String {
    let (drawn_at, id) = look.place();
    format!("{}.{id}", drawn_at.0)
}

fn place(text: &str) -> Option<LookPlace> {
    let (drawn_at, id) = text.split_once('.')?;
    Some((Timestamp(drawn_at.parse().ok()?), LookId(Uuid::try_parse(id).ok()?)))
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
    let id = LookId(Uuid::try_parse(&path).map_err(|_| unknown())?);
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
