//! `GET /v1/referrals/{reference}`: how far a referral has come, for its sender.

use super::admission::Class;
use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use crate::access::AgencyPrincipal;
use crate::domain::Reference;
use crate::pipeline::SenderDesk;
use actix_web::{HttpResponse, web};

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::Other)?;
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let reference = Reference::parse(&path).ok_or_else(unknown)?;
    let sender = SenderDesk {
        store: state.store.as_ref(),
        follow: state.follow.as_ref(),
        ring: &state.keys,
        desk: state.desk.as_ref(),
    };
    let view = sender.view(&caller.agency, reference).await?;
    Ok(HttpResponse::Ok().json(view.ok_or_else(unknown)?))
}
