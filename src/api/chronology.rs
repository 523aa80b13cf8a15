//! `GET /v1/people/{person}/chronology`: the referrals of which a child is this person, by date,
//! each with what teams recorded of it. Possible ones are not among them; of very many, the newest
//! are shown, and that there are older ones. The read is in the audit chain before a byte is sent.
//!
//! It is made anew each time, at any hour: the screening team reads it, and whoever stands in for
//! it at night; any other team of social work reads that of a child whom it was sent.

use super::catalogue as kind;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Access, Denied, DestinationPrincipal};
use crate::domain::{
    AgencyId, DestinationId, LinkState, OutcomeCode, PersonId, Reference, ReferralId, Timestamp,
};
use crate::followup::reading::chronology_read;
use crate::store::{CHRONOLOGY, ChronologyRow, OutcomeRow, StoreError};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Serialize)]
struct Answer {
    person: PersonId,
    restricted: bool,
    /// When it was made: all that was recorded until then is in it.
    read_at: Timestamp,
    /// When the authority's own record was true; `null` for people known from referrals only.
    as_of: Option<Timestamp>,
    /// `records` or `referrals`.
    source: &'static str,
    entries: Vec<Entry>,
    /// There are older ones, which are not shown.
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<&'static str>,
}

#[derive(Serialize)]
struct Entry {
    reference: Reference,
    child: u16,
    received_at: Timestamp,
    agency: AgencyId,
    level: String,
    /// The machine linked it, and nobody has confirmed it.
    unconfirmed: bool,
    outcomes: Vec<Step>,
}

/// What a team recorded of a referral.
#[derive(Serialize)]
struct Step {
    at: Timestamp,
    destination: DestinationId,
    outcome: OutcomeCode,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    /// A significant event.
    significant: bool,
}

impl Step {
    fn of(state: &ApiState, row: OutcomeRow) -> Self {
        let named = state.desk.outcome_named(&row.code);
        let (label, significant) = named.unwrap_or_else(|| (row.code.to_string(), false));
        let level = row.level.map(|(code, _)| code);
        Step {
            at: row.at,
            destination: row.destination,
            outcome: row.code,
            label,
            level,
            significant,
        }
    }
}

impl Entry {
    fn of(row: ChronologyRow, outcomes: Vec<Step>) -> Self {
        Entry {
            reference: row.reference,
            child: row.child,
            received_at: row.received_at,
            agency: row.agency,
            level: row.level,
            unconfirmed: row.state == LinkState::Linked && row.decision.is_none(),
            outcomes,
        }
    }
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    access: web::Data<Access>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    if !caller.destination.statutory {
        return Err(Denied::WrongHolder.into());
    }
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let id = PersonId(Uuid::try_parse(&path).map_err(|_| unknown())?);
    let person = state.matches.person(id).await?.ok_or_else(unknown)?;
    let id = person.id;
    let shown = !person.restricted || caller.destination.restricted;
    let rows = if shown { state.matches.chronology(id).await? } else { Vec::new() };
    if !by_office(&state, &caller) {
        let referrals: Vec<ReferralId> = rows.iter().map(|row| row.referral).collect();
        if !state.follow.was_sent(&referrals, &caller.destination.id).await? {
            return Err(unknown());
        }
    }
    let older = rows.len().saturating_sub(CHRONOLOGY);
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    chronology_read(store, env, id, &caller.destination.id).await?;
    let shown_rows = rows.into_iter().skip(older).collect();
    let entries = entries(&state, &access, &caller, shown_rows).await?;
    Ok(HttpResponse::Ok().json(Answer {
        person: id,
        restricted: person.restricted,
        read_at: state.env.now(),
        as_of: person.as_of.filter(|_| shown),
        source: if person.fed { "records" } else { "referrals" },
        entries,
        truncated: older > 0,
        ask: (!shown).then_some(staff::WHOM_TO_ASK),
    }))
}

/// The screening team, whoever stands in for it, and the named few for restricted records.
fn by_office(state: &ApiState, caller: &DestinationPrincipal) -> bool {
    let team = &caller.destination;
    team.id == state.screening || team.id == state.out_of_hours || team.restricted
}

/// Of each referral what was recorded of this child; what the team for restricted records has
/// recorded, it alone reads.
async fn entries(
    state: &ApiState,
    access: &Access,
    caller: &DestinationPrincipal,
    rows: Vec<ChronologyRow>,
) -> Result<Vec<Entry>, StoreError> {
    let referrals: Vec<ReferralId> = rows.iter().map(|row| row.referral).collect();
    let mut of: HashMap<ReferralId, Vec<OutcomeRow>> = HashMap::new();
    for outcome in state.follow.outcomes_of(&referrals).await? {
        if staff::may_read(access, &caller.destination, &outcome.destination) {
            of.entry(outcome.referral).or_default().push(outcome);
        }
    }
    let entry = |row: ChronologyRow| {
        let outcomes = of.get(&row.referral).into_iter().flatten();
        let own = outcomes.filter(|outcome| outcome.children.has(row.child)).cloned();
        let steps = own.map(|outcome| Step::of(state, outcome)).collect();
        Entry::of(row, steps)
    };
    Ok(rows.into_iter().map(entry).collect())
}
