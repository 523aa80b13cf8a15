//! `POST /v1/matches/{match}/decision`: a named person says whether a child is a person. The last
//! word stands; saying it again changes nothing.

use super::admission::overloaded;
use super::adults;
use super::catalogue as kind;
use super::document;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal};
use crate::domain::matching::ProposalHash;
use crate::domain::{MatchId, PersonId, Word};
use crate::pipeline::{Heard, Said, close_proposal};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value, json};

const ASK: &str = "Send {\"decision\": …, \"reason\": …, \"by\": {\"name\": …, \"role\": …}}";
/// Characters of a reason.
pub(super) const REASON: usize = 2000;

#[derive(Serialize)]
struct Answer {
    #[serde(rename = "match")]
    id: MatchId,
    state: &'static str,
    /// Whether a person's word stands.
    confirmed: bool,
    /// Who the child is now.
    person: PersonId,
    /// What would be lower, until `confirm_lowering` with its `hash`.
    proposed: Option<Value>,
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    staff::at_the_desk(&state, &caller)?;
    let body = staff::object(&state, &req, payload, ASK).await?;
    if let Some(of) = adults::parse(&path) {
        return adults::decide(&state, &caller, of, &body).await;
    }
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let of = MatchId::parse(&path).ok_or_else(unknown)?;
    let person = state.matches.person(of.person).await?.ok_or_else(unknown)?;
    if person.restricted && !caller.destination.restricted {
        return Err(Denied::WrongHolder.into());
    }
    let (word, lower, by) = read(&body)?;
    // Who is asked after by a record that was merged since is its survivor.
    let of = MatchId { person: person.id, ..of };
    // What is lower of a referral may rest on what is known of any of its children.
    let closed = !caller.destination.restricted && concerns_restricted(&state, of).await?;
    if closed && lower.is_some() {
        return Err(Denied::WrongHolder.into());
    }
    let actor = caller.destination.id.clone();
    let settled = match state.desk.hear(Said { of, word, lower, by, actor }).await {
        Heard::Settled(settled) => settled,
        Heard::Unread(proposed) => {
            return Err(Problem::new(&kind::PROPOSAL_CHANGED).proposed(told(&proposed, closed)?));
        }
        Heard::Taken => return Err(Problem::new(&kind::MATCH_TAKEN)),
        Heard::Unknown => return Err(unknown()),
        Heard::Busy => return Err(overloaded()),
        Heard::Unavailable => return Err(Problem::new(&kind::UNAVAILABLE).retry_after(2)),
        Heard::Failed => return Err(Problem::new(&kind::FAILED)),
    };
    let proposed = settled.proposed.as_deref().map(|proposed| told(proposed, closed));
    Ok(HttpResponse::Ok().json(Answer {
        id: of,
        state: settled.state.as_str(),
        confirmed: settled.confirmed,
        person: settled.person,
        proposed: proposed.transpose()?,
    }))
}

/// Whether a child of the referral is, or may be, somebody whose record is restricted.
async fn concerns_restricted(state: &ApiState, of: MatchId) -> Result<bool, Problem> {
    let Some(stored) = state.store.referral(of.reference).await? else { return Ok(false) };
    Ok(!document::restricted(state, stored.row.id).await?.is_empty())
}

/// A proposal, as much of it as the caller may see.
fn told(proposed: &[u8], closed: bool) -> Result<Value, Problem> {
    let mut proposed = serde_json::from_slice(proposed).map_err(|_| Problem::new(&kind::FAILED))?;
    if closed {
        close_proposal(&mut proposed);
    }
    Ok(proposed)
}

type Read = (Word, Option<ProposalHash>, Vec<u8>);

/// The word, the proposal that it takes, and who says it and why, to be sealed.
fn read(body: &Map<String, Value>) -> Result<Read, Problem> {
    let word = body.get("decision").and_then(Value::as_str).and_then(Word::parse);
    let reason = staff::words(body, "reason", REASON);
    let lower = match body.get("confirm_lowering") {
        None => Some(false),
        Some(given) => given.as_bool(),
    };
    let proposal = body.get("proposal");
    let hash = proposal.and_then(Value::as_str).and_then(ProposalHash::parse);
    let unstated = hash.is_none() && (lower == Some(true) || proposal.is_some());
    let (Some(word), Some(reason), Some(lower), false) = (word, reason, lower, unstated) else {
        let mut problem = Problem::new(&kind::DECISION_NEEDED);
        for (missing, pointer, ask) in [
            (word.is_none(), "/decision", "Say link, separate or not-sure"),
            (reason.is_none(), "/reason", "Say why, in at most 2000 characters"),
            (lower.is_none(), "/confirm_lowering", "Say true or false, or leave it out"),
            (unstated, "/proposal", "Give the `hash` of the proposal that you have read"),
        ] {
            if missing {
                problem = problem.fault(pointer, "decision", ask);
            }
        }
        return Err(problem);
    };
    let nobody = Map::new();
    let by = body.get("by").and_then(Value::as_object).unwrap_or(&nobody);
    let person = staff::person(by, "/by")?;
    let read = hash.filter(|_| lower);
    let mut by = json!({"by": person, "reason": reason, "confirm_lowering": lower});
    if let Some(read) = read {
        by["proposal"] = read.to_string().into();
    }
    Ok((word, read, by.to_string().into_bytes()))
}
