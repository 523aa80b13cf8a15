//! How agencies refer and teams decide: `GET /v1/quality/agencies` and `GET /v1/quality/teams` for
//! the screening team and operations, and `GET /v1/quality` for an agency of its own referrals.

use super::admission::Class;
use super::catalogue as kind;
use super::messages::parameter;
use super::oversight::{Overseer, admit, since};
use super::problem::Problem;
use super::state::ApiState;
use crate::access::{AgencyPrincipal, Denied, DestinationPrincipal, OperationsPrincipal};
use crate::domain::{AgencyId, ReferralId, Timestamp};
use crate::followup::quality::{Example, OfAgency};
use crate::followup::reading::examples_read;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Answer<'a> {
    since: Timestamp,
    as_of: Timestamp,
    scores_read: usize,
    opened: usize,
    more: bool,
    agencies: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    #[serde(flatten)]
    of: &'a OfAgency,
    /// For the screening team, of one agency at a time: a reference leads to a child's record.
    #[serde(skip_serializing_if = "Option::is_none")]
    good_examples: Option<Vec<Example>>,
}

pub(super) async fn agencies(
    state: web::Data<ApiState>,
    team: Result<DestinationPrincipal, Denied>,
    operator: Result<OperationsPrincipal, Denied>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (_place, overseer) = admit(&state, &team, &operator)?;
    let quality = &state.oversight.quality;
    let query = req.query_string();
    let agency = agency(&state, query)?;
    let report = quality.since(since(&state, query)?, agency.as_ref()).await?;
    let mut agencies = Vec::with_capacity(report.agencies.len());
    for of in &report.agencies {
        let good_examples = match overseer {
            Overseer::Screening(by) if agency.is_some() => {
                let found = quality.examples(of).await?;
                let told: Vec<ReferralId> = found.iter().map(|(id, _)| *id).collect();
                examples_read(state.store.as_ref(), state.env.as_ref(), &told, by).await?;
                Some(found.into_iter().map(|(_, example)| example).collect())
            }
            _ => None,
        };
        agencies.push(One { of, good_examples });
    }
    Ok(HttpResponse::Ok().json(Answer {
        since: report.since,
        as_of: report.as_of,
        scores_read: report.scores_read,
        opened: report.opened,
        more: report.more,
        agencies,
    }))
}

/// One that is configured, so that nobody has reports made of names that they think up.
fn agency(state: &ApiState, query: &str) -> Result<Option<AgencyId>, Problem> {
    let Some(given) = parameter(query, "agency")?.map(AgencyId::new) else { return Ok(None) };
    if !state.access.directory.load().agencies.contains_key(&given) {
        let ask = "Give the id of an agency of agencies.toml, or leave it out for all";
        return Err(Problem::new(&kind::PARAMETER).fault("agency", "name", ask));
    }
    Ok(Some(given))
}

/// Of others an agency learns the middle of its kind, and that only where there are enough.
pub(super) async fn own(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::Other)?;
    Ok(HttpResponse::Ok().json(state.oversight.quality.of(&caller.agency.id).await?))
}

pub(super) async fn teams(
    state: web::Data<ApiState>,
    team: Result<DestinationPrincipal, Denied>,
    operator: Result<OperationsPrincipal, Denied>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (_place, _) = admit(&state, &team, &operator)?;
    let report = state.oversight.consistency.since(since(&state, req.query_string())?).await?;
    Ok(HttpResponse::Ok().json(report.as_ref()))
}
