//! `GET /v1/matches?kind=adult`, and what people say of one: adults of a referral who may be those
//! of an earlier one about other children. What speaks for it is told by field and level; each read
//! is in the audit chain before a byte is sent. A word is kept, and changes nothing else.

use super::catalogue as kind;
use super::decision::REASON;
use super::deliveries::read;
use super::document;
use super::messages::whole;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal};
use crate::domain::adults::AdultTold;
use crate::domain::{AdultMatchId, AdultRole, AdultSeen, AdultWord, Reference, Timestamp};
use crate::followup::reading::adults_read;
use crate::pipeline::desk::sealed_adult_name;
use crate::store::{AdultDecision, AdultMatch, Event, MatchState};
use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

#[derive(Serialize)]
struct Item<'a> {
    id: AdultMatchId,
    kind: &'static str,
    reference: Reference,
    at: Timestamp,
    /// `machine` or `person`.
    by: &'static str,
    #[serde(flatten)]
    told: AdultTold<'a>,
}

/// An id of a match of adults; a child's match has another shape.
pub(super) fn parse(text: &str) -> Option<AdultMatchId> {
    Uuid::try_parse(text).ok().map(AdultMatchId)
}

pub(super) async fn list(
    state: &ApiState,
    caller: &DestinationPrincipal,
    query: &str,
) -> Result<HttpResponse, Problem> {
    let limit = usize::try_from(whole(query, "limit", 1..=100, 20)?).unwrap_or(usize::MAX);
    let wanted = read(query, "state", "match-state", MatchState::parse)?;
    let after = read(query, "after", "match-id", parse)?;
    let wanted = wanted.unwrap_or(MatchState::Open);
    let matches = state.adults.adult_matches(wanted, after, limit).await?;
    let next = (matches.len() == limit).then(|| matches.last().map(|one| one.row.id)).flatten();
    let mut seen = Vec::with_capacity(matches.len());
    for one in &matches {
        seen.push(seen_of(state, one).await?);
    }
    let shown: Vec<Value> = matches
        .iter()
        .zip(&seen)
        .map(|(one, seen)| json!(item(one, seen, caller.destination.restricted)))
        .collect();
    let read: Vec<_> = matches.iter().map(|one| one.row).collect();
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    adults_read(store, env, &read, &caller.destination.id).await?;
    Ok(HttpResponse::Ok().json(json!({"matches": shown, "next": next})))
}

fn item<'a>(one: &AdultMatch, seen: &'a AdultSeen, named: bool) -> Item<'a> {
    let said = one.said.map(|(word, _)| word);
    Item {
        id: one.row.id,
        kind: "adult",
        reference: one.reference,
        at: one.said.map_or(one.row.at, |(_, at)| at),
        by: if said.is_some() { "person" } else { "machine" },
        told: seen.told(said, named),
    }
}

/// Whether a child of either referral is, or may be, somebody whose record is restricted.
async fn is_restricted(state: &ApiState, one: &AdultMatch) -> Result<bool, Problem> {
    for of in [one.row.later.referral, one.row.earlier.referral] {
        if !document::restricted(state, of).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What there is to see of it now. Where an adult cannot be opened it is listed all the same.
async fn seen_of(state: &ApiState, one: &AdultMatch) -> Result<AdultSeen, Problem> {
    let restricted = is_restricted(state, one).await?;
    let later = state.adults.adult(one.row.later).await?;
    let earlier = state.adults.adult(one.row.earlier).await?;
    let seen = later.zip(earlier);
    let seen = seen.and_then(|(one, other)| state.desk.adult_seen(&one, &other, restricted));
    Ok(seen.unwrap_or_else(|| AdultSeen {
        role: AdultRole::Other,
        other: one.other,
        other_role: AdultRole::Other,
        restricted,
        weight: one.row.weight,
        probability: state.desk.probability(one.row.weight),
        model: String::new(),
        evidence: Vec::new(),
    }))
}

pub(super) async fn decide(
    state: &ApiState,
    caller: &DestinationPrincipal,
    of: AdultMatchId,
    body: &Map<String, Value>,
) -> Result<HttpResponse, Problem> {
    let one = state.adults.adult_match(of).await?;
    let one = one.ok_or_else(|| Problem::new(&kind::NOT_FOUND))?;
    let (word, by) = said(body)?;
    if !caller.destination.restricted && is_restricted(state, &one).await? {
        return Err(Denied::WrongHolder.into());
    }
    let by = state.keys.seal_record(&sealed_adult_name(of), &by, state.env.as_ref());
    let event = Event::new("adult.decided", caller.destination.id.as_str());
    let event = event.about(one.row.later.referral).detail(format!("{} {of}", word.as_str()));
    let decision = AdultDecision { of, word, by, event };
    state.adults.decide_adults(decision, state.env.now()).await?;
    let answer = json!({"match": of, "state": word.as_str(), "confirmed": true});
    Ok(HttpResponse::Ok().json(answer))
}

/// The word, and who says it and why, to be sealed.
fn said(body: &Map<String, Value>) -> Result<(AdultWord, Vec<u8>), Problem> {
    let word = body.get("decision").and_then(Value::as_str).and_then(AdultWord::parse);
    let reason = staff::words(body, "reason", REASON);
    let (Some(word), Some(reason)) = (word, reason) else {
        let mut problem = Problem::new(&kind::DECISION_NEEDED);
        if word.is_none() {
            let ask = "Say same-person or not-the-same";
            problem = problem.fault("/decision", "decision", ask);
        }
        if reason.is_none() {
            let ask = "Say why, in at most 2000 characters";
            problem = problem.fault("/reason", "decision", ask);
        }
        return Err(problem);
    };
    let nobody = Map::new();
    let by = body.get("by").and_then(Value::as_object).unwrap_or(&nobody);
    let by = json!({"by": staff::person(by, "/by")?, "reason": reason});
    Ok((word, by.to_string().into_bytes()))
}
