//! `GET /v1/referrals/{reference}`: how far a referral has come, for its sender.

use super::admission::Class;
use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use super::view::SenderView;
use crate::access::AgencyPrincipal;
use crate::domain::outcome::WRITTEN_FORM;
use crate::domain::{Receipt, Reference};
use crate::store::{Clock, StoreError};
use actix_web::{HttpResponse, web};

/// What a sender is asked whose written form has not come.
fn form(awaited: &Clock) -> String {
    format!(
        "Put what you said on the telephone in writing by {}: send it as information to this \
         referral, or as a referral that says telephone_first. It is being acted on meanwhile",
        awaited.due_at
    )
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::Other)?;
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let reference = Reference::parse(&path).ok_or_else(unknown)?;
    let stored = state.store.referral(reference).await?;
    // Another agency's reference and one that does not exist are told apart by nothing.
    let stored = stored.filter(|stored| stored.row.agency == caller.agency.id);
    let stored = stored.ok_or_else(unknown)?;
    let dossier = state.open(&stored.row)?;
    let receipt: Receipt = serde_json::from_slice(dossier.last_receipt())
        .map_err(|_| StoreError::Damaged("a receipt cannot be read".to_owned()))?;
    let recorded = state.follow.outcomes(stored.row.id).await?;
    let mut told = state.desk.told_to_sender(&recorded, &caller.agency.kind);
    let clocks = state.follow.clocks_of(stored.row.id).await?;
    let awaited = |clock: &&Clock| clock.kind.as_str() == WRITTEN_FORM && clock.ended_at.is_none();
    told.asked.extend(clocks.iter().find(awaited).map(|clock| (clock.started_at, form(clock))));
    Ok(HttpResponse::Ok().json(SenderView::of(receipt, &stored.deliveries, told)))
}
