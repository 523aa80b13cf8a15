//! `GET /v1/referrals/{reference}/document`: the referral behind a claim-check, cut to what this
//! destination may see. The read is in the audit chain before a byte is sent.
//!
//! Whether a record is restricted is looked up as the document is read: what became restricted
//! since the referral was decided is closed as well. The named few may read every referral that
//! concerns such a record, so that there is somebody who can be asked.

use super::catalogue as kind;
use super::deliveries::read;
use super::documents;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Access, DestinationPrincipal};
use crate::domain::{
    AgencyId, DestinationId, OutcomeCode, Priority, Reference, ReferralId, Timestamp, message,
};
use crate::followup::feeds::FeedLine;
use crate::followup::reading::document_read;
use crate::pipeline::Listed;
use crate::store::{self, DeliveryRow, OutcomeRow, StoreError, StoredReferral};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Answer<'a> {
    reference: Reference,
    agency: &'a AgencyId,
    received_at: Timestamp,
    respond_by: Timestamp,
    priority: Priority,
    /// How often the sender has added to it.
    revision: i32,
    marks: Value,
    decision: Value,
    referral: Value,
    /// What its sender attached, for those who see it whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    documents: Vec<Listed>,
    /// For those who see history: how old the authority's records were when the referral came.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<History>,
    /// For social work under statute: what teams have decided of it, and why (paragraphs 16 and 21
    /// of the inspection report: others must be able to follow it).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outcomes: Vec<Recorded>,
}

/// What a team recorded of the referral.
#[derive(Serialize)]
struct Recorded {
    at: Timestamp,
    destination: DestinationId,
    /// Indices of the children whom it concerns; none where it concerns all.
    children: Vec<u16>,
    outcome: OutcomeCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    /// All that was said: reasons, evidence, who decided. Of a restricted record, for the named few
    /// alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<Value>,
}

impl Recorded {
    /// Those whose team `may` be read of.
    async fn of(
        state: &ApiState,
        of: ReferralId,
        words: bool,
        may: impl Fn(&DestinationId) -> bool,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = state.follow.outcomes(of).await?.into_iter();
        let rows = rows.filter(|row| may(&row.destination));
        let seen = |row: OutcomeRow| Recorded {
            said: words.then(|| state.desk.said(&row)).flatten(),
            at: row.at,
            destination: row.destination,
            children: row.children.indices(),
            outcome: row.code,
            level: row.level.map(|(code, _)| code),
        };
        Ok(rows.map(seen).collect())
    }
}

#[derive(Serialize)]
struct History {
    sources: Vec<FeedLine>,
    /// Any of them was older than it should be.
    stale: bool,
}

impl History {
    /// A later load tells nothing of what was decided before it: nothing newer is claimed.
    /// And where that cannot be told, the document is shown all the same, and nothing is claimed.
    async fn behind(state: &ApiState, stored: &StoredReferral) -> Self {
        match state.feeds.at(decided_at(stored)).await {
            Ok(sources) => History { stale: sources.iter().any(|source| source.stale), sources },
            Err(_) => History { sources: Vec::new(), stale: true },
        }
    }
}

/// When the referral was decided last: each time whoever it went to was told, but for what tells
/// only of adults or documents.
fn decided_at(stored: &StoredReferral) -> Timestamp {
    let told = |kind: &str| kind == message::ROUTED || kind == message::UPDATED;
    let besides = [message::POSSIBLE_ADULT, message::DOCUMENTS];
    let decided = |row: &&DeliveryRow| told(&row.kind) && !besides.contains(&row.purpose.as_str());
    let messages = stored.deliveries.iter().filter(decided);
    messages.map(|row| row.created_at).max().unwrap_or(stored.row.received_at)
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    access: web::Data<Access>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    let blind = is_blind(req.query_string())?;
    let (stored, restricted) = readable(&state, &caller, &path).await?;
    let row = &stored.row;
    let dossier = state.open(row)?;
    let document = (state.cut)(&caller.destination, &dossier, &restricted)
        .ok_or_else(|| StoreError::Damaged("a dossier cannot be read".to_owned()))?;
    let (mut history, mut outcomes) = (None, Vec::new());
    if caller.destination.statutory {
        let words = restricted.is_empty() || caller.destination.restricted;
        history = Some(History::behind(&state, &stored).await);
        if !blind {
            let may = |team: &DestinationId| staff::may_read(&access, &caller.destination, team);
            outcomes = Recorded::of(&state, row.id, words, may).await?;
        }
    }
    let whole = caller.destination.sees_all();
    let documents = if whole { documents::listed(&state, row.id).await? } else { Vec::new() };
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    document_read(store, env, row.id, &caller.destination.id).await?;
    Ok(HttpResponse::Ok().json(Answer {
        reference: row.reference,
        agency: &row.agency,
        received_at: row.received_at,
        respond_by: document.respond_by,
        priority: document.priority,
        revision: row.revision,
        marks: document.marks,
        decision: document.decision,
        referral: document.referral,
        documents,
        history,
        outcomes,
    }))
}

/// A referral that this destination may read, with the children of it whose records are restricted.
pub(super) async fn readable(
    state: &ApiState,
    caller: &DestinationPrincipal,
    reference: &str,
) -> Result<(StoredReferral, BTreeSet<u16>), Problem> {
    let stored = stored(state, reference).await?;
    let sent = is_sent(&stored, caller);
    if !sent && !caller.destination.restricted {
        return Err(Problem::new(&kind::NOT_FOUND));
    }
    let restricted = restricted(state, stored.row.id).await?;
    if !sent && restricted.is_empty() {
        return Err(Problem::new(&kind::NOT_FOUND));
    }
    Ok((stored, restricted))
}

/// Children who are, or may be, somebody whose record is restricted.
pub(super) async fn restricted(
    state: &ApiState,
    of: ReferralId,
) -> Result<BTreeSet<u16>, StoreError> {
    store::restricted(state.store.as_ref(), state.matches.as_ref(), of).await
}

/// Whoever decides a second time asks to be shown nothing of the first decision.
fn is_blind(query: &str) -> Result<bool, Problem> {
    Ok(read(query, "blind", "true-or-false", |text| text.parse().ok())?.unwrap_or(false))
}

async fn stored(state: &ApiState, reference: &str) -> Result<StoredReferral, Problem> {
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let reference = Reference::parse(reference).ok_or_else(unknown)?;
    state.store.referral(reference).await?.ok_or_else(unknown)
}

fn is_sent(stored: &StoredReferral, to: &DestinationPrincipal) -> bool {
    stored.deliveries.iter().any(|row| row.destination == to.destination.id)
}

/// A referral that this destination was sent; any other is unknown to it.
pub(super) async fn sent_to(
    state: &ApiState,
    caller: &DestinationPrincipal,
    reference: &str,
) -> Result<StoredReferral, Problem> {
    let stored = stored(state, reference).await?;
    if is_sent(&stored, caller) { Ok(stored) } else { Err(Problem::new(&kind::NOT_FOUND)) }
}
