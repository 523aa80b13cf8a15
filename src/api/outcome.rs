//! `POST /v1/referrals/{reference}/outcome`: a receiving team records what it decided or did. What
//! a decision must say, the authority's `outcomes.yaml` lists; a wait for information is no
//! outcome. The same outcome again is answered as the first time.

use super::admission::overloaded;
use super::catalogue as kind;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::DestinationPrincipal;
use crate::domain::Reference;
use crate::pipeline::{Followed, Recording};
use actix_web::{HttpRequest, HttpResponse, web};

const ASK: &str =
    "Send {\"outcome\": …, \"by\": {\"name\": …, \"role\": …, \"worker_type\": …}, …}";

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let reference = Reference::parse(&path).ok_or_else(unknown)?;
    let body = staff::long_object(&state, &req, payload, ASK).await?;
    let team = caller.destination.id.clone();
    // A decision posted to another address than it names would be another child's.
    let stated = |member: &str| body.get(member).map(|stated| stated.as_str().unwrap_or_default());
    let other = stated("reference").is_some_and(|text| Reference::parse(text) != Some(reference));
    for (member, differs) in [
        ("/reference", other),
        ("/destination", stated("destination").is_some_and(|text| text != team.as_str())),
    ] {
        if differs {
            let ask = "It names another than the address or the key does: which is meant?";
            return Err(Problem::new(&kind::OUTCOME_LACKING).fault(member, "outcome", ask));
        }
    }
    let recording = Recording { team, of: reference, body, by_message: false };
    match state.desk.record(recording).await {
        Followed::Stands { answer, repeat } => {
            let mut response = if repeat { HttpResponse::Ok() } else { HttpResponse::Created() };
            Ok(response.content_type("application/json").body(answer.to_vec()))
        }
        Followed::Lacking(faults) => Err(Problem::new(&kind::OUTCOME_LACKING).faults(faults)),
        Followed::Unknown => Err(unknown()),
        Followed::Busy => Err(overloaded()),
        Followed::Unavailable => Err(Problem::new(&kind::UNAVAILABLE).retry_after(2)),
        Followed::Failed => Err(Problem::new(&kind::FAILED)),
    }
}
