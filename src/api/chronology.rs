//! `GET /v1/people/{person}/chronology`: the referrals of which a child is this person, by date.
//! Possible ones are not among them; of very many, the newest are shown, and that there are older
//! ones. The read is in the audit chain before a byte is sent.

use super::catalogue as kind;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::DestinationPrincipal;
use crate::domain::{AgencyId, LinkState, PersonId, Reference, Timestamp};
use crate::followup::reading::chronology_read;
use crate::store::{CHRONOLOGY, ChronologyRow};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct Answer {
    person: PersonId,
    restricted: bool,
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
}

impl From<ChronologyRow> for Entry {
    fn from(row: ChronologyRow) -> Self {
        Entry {
            reference: row.reference,
            child: row.child,
            received_at: row.received_at,
            agency: row.agency,
            level: row.level,
            unconfirmed: row.state == LinkState::Linked && row.decision.is_none(),
        }
    }
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    staff::at_the_desk(&state, &caller)?;
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let id = PersonId(Uuid::try_parse(&path).map_err(|_| unknown())?);
    let person = state.matches.person(id).await?.ok_or_else(unknown)?;
    let id = person.id;
    let shown = !person.restricted || caller.destination.restricted;
    let rows = if shown { state.matches.chronology(id).await? } else { Vec::new() };
    let older = rows.len().saturating_sub(CHRONOLOGY);
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    chronology_read(store, env, id, &caller.destination.id).await?;
    Ok(HttpResponse::Ok().json(Answer {
        person: id,
        restricted: person.restricted,
        as_of: person.as_of.filter(|_| shown),
        source: if person.fed { "records" } else { "referrals" },
        entries: rows.into_iter().skip(older).map(Entry::from).collect(),
        truncated: older > 0,
        ask: (!shown).then_some(staff::WHOM_TO_ASK),
    }))
}
