//! `GET /v1/matches?state=…&after=…`: whom a child may be, for people to decide. What speaks for it
//! is told by field and level, never by a value; each read is in the audit chain before a byte is
//! sent.
//!
//! Who somebody was before an adoption and who after it must not be put together by whoever is not
//! named for restricted records: they see of all such records of a child one line, with no id that
//! could lead anywhere. A page never ends within a child, so that it is one line on any page.

use super::adults;
use super::catalogue as kind;
use super::deliveries::read;
use super::messages::whole;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::DestinationPrincipal;
use crate::domain::decision::Restriction;
use crate::domain::{LinkState, MatchId, PersonId, Reference, ReferralId, Timestamp};
use crate::followup::reading::matches_read;
use crate::pipeline::{Evidence, Explanation};
use crate::store::{MatchRow, MatchState, PersonRecord, StoreError};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Matches of a child read at once to end its page: far more than one has.
const MORE: usize = 100;

#[derive(Serialize)]
struct Answer {
    matches: Vec<Match>,
    /// Give it as `after` for the next page; `null` on the last.
    next: Option<MatchId>,
}

#[derive(Serialize)]
struct Match {
    reference: Reference,
    child: u16,
    state: &'static str,
    /// `machine` or `person`.
    by: &'static str,
    /// The machine linked it, and nobody has confirmed it.
    unconfirmed: bool,
    at: Timestamp,
    /// Nothing for whoever may not put adopted people together.
    #[serde(flatten)]
    who: Option<Who>,
    /// Only the named few may see the record.
    restricted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<&'static str>,
    #[serde(flatten)]
    why: Option<Why>,
}

#[derive(Serialize)]
struct Who {
    id: MatchId,
    person: PersonId,
    weight: f32,
    probability: f32,
}

#[derive(Serialize)]
struct Why {
    model: String,
    evidence: Vec<Bar>,
}

/// One step from the prior to the weight.
#[derive(Serialize)]
struct Bar {
    field: &'static str,
    level: &'static str,
    bits: f32,
    total: f32,
}

impl Why {
    /// The bars end at the weight that the match has: what the pair weighs by itself, less what
    /// others who fit as well take from it, or more or less as was known when it was weighed.
    fn of(mut explained: Explanation, weight: f32) -> Self {
        let apart = weight - explained.weight;
        if apart.abs() >= 0.05 {
            let level = if apart < 0.0 { "others fit as well" } else { "known when weighed" };
            explained.evidence.push(Evidence { field: "rivals", level, bits: apart });
        }
        let mut total = 0.0;
        let bars = explained.evidence.into_iter().map(|one| {
            total += one.bits;
            Bar { field: one.field, level: one.level, bits: one.bits, total }
        });
        Why { evidence: bars.collect(), model: explained.model }
    }
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    staff::at_the_desk(&state, &caller)?;
    let query = req.query_string();
    let kind_of = |text: &str| ["child", "adult"].into_iter().find(|kind| *kind == text);
    if read(query, "kind", "match-kind", kind_of)? == Some("adult") {
        return adults::list(&state, &caller, query).await;
    }
    let limit = whole(query, "limit", 1..=100, 20)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let wanted = read(query, "state", "match-state", MatchState::parse)?;
    let after = match read(query, "after", "match-id", MatchId::parse)? {
        None => None,
        Some(id) => {
            let stored = state.store.referral(id.reference).await?;
            let stored = stored.ok_or_else(|| {
                Problem::new(&kind::PARAMETER).fault("after", "match-id", "Give a page's `next`")
            })?;
            // Between two records of a child there is a page's end for the named few alone.
            let end = if caller.destination.restricted { id.person } else { PersonId(Uuid::max()) };
            Some((stored.row.id, id.child, end))
        }
    };
    let wanted = wanted.unwrap_or(MatchState::Open);
    let (rows, next) = page(&state, wanted, after, limit).await?;
    let named = caller.destination.restricted;
    let mut matches = Vec::with_capacity(rows.len());
    let (mut read, mut adopted) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in rows {
        let person = state.matches.person(row.id.person).await?;
        let why = person.as_ref().and_then(|person| person.restriction);
        let secret = why == Some(Restriction::Adoption) && !named;
        if secret && !adopted.insert((row.referral, row.id.child)) {
            continue;
        }
        read.push((row.referral, row.id.person));
        let shown = shown(&state, row, person, named).await?;
        matches.push(if secret { Match { who: None, ..shown } } else { shown });
    }
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    matches_read(store, env, &read, &caller.destination.id).await?;
    Ok(HttpResponse::Ok().json(Answer { matches, next }))
}

/// A page that ends with a child, and where the next one begins.
async fn page(
    state: &ApiState,
    wanted: MatchState,
    after: Option<(ReferralId, u16, PersonId)>,
    limit: usize,
) -> Result<(Vec<MatchRow>, Option<MatchId>), StoreError> {
    let mut rows = state.matches.matches(wanted, after, limit).await?;
    let mut next = None;
    while let Some(last) = rows.last().filter(|_| rows.len() >= limit) {
        let (referral, child, record) = (last.referral, last.id.child, last.record);
        // Nobody comes after that person: the whole child was shown.
        let end = PersonId(Uuid::max());
        next = Some(MatchId { person: end, ..last.id });
        let after = Some((referral, child, record));
        let more = state.matches.matches(wanted, after, MORE).await?;
        let whole = more.len();
        let same = |row: &MatchRow| row.referral == referral && row.id.child == child;
        let same: Vec<MatchRow> = more.into_iter().take_while(same).collect();
        let ends = same.len() < MORE;
        let is_last = whole == same.len() && ends;
        rows.extend(same);
        if ends {
            return Ok((rows, next.filter(|_| !is_last)));
        }
    }
    Ok((rows, next))
}

/// A match with what speaks for it, unless the record is restricted and the reader not `named`.
async fn shown(
    state: &ApiState,
    row: MatchRow,
    person: Option<PersonRecord>,
    named: bool,
) -> Result<Match, Problem> {
    let restricted = person.as_ref().is_some_and(|person| person.restricted);
    let mut why = None;
    if let Some(person) = person.filter(|_| !restricted || named)
        && let Some(stored) = state.store.referral(row.id.reference).await?
    {
        let explained = state.desk.explain(&stored.row, row.id.child, person.id, &person.profile);
        why = explained.map(|explained| Why::of(explained, row.weight));
    }
    let by = if row.decision.is_some() { "person" } else { "machine" };
    let who = Who {
        id: row.id,
        person: row.id.person,
        weight: row.weight,
        probability: state.desk.probability(row.weight),
    };
    Ok(Match {
        reference: row.id.reference,
        child: row.id.child,
        state: row.state.as_str(),
        by,
        unconfirmed: row.state == LinkState::Linked && row.decision.is_none(),
        at: row.at,
        who: Some(who),
        restricted,
        ask: (restricted && !named).then_some(staff::WHOM_TO_ASK),
        why,
    })
}
