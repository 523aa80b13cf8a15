//! How agencies refer and teams decide: `GET /v1/quality/agencies` and `GET /v1/quality/teams` for
//! the screening team and operations, and `GET /v1/quality` for an agency of its own referrals.

use super::admission::Class;
use super::oversight::{Overseer, admit, since};
use super::problem::Problem;
use super::state::ApiState;
use crate::access::{AgencyPrincipal, Denied, DestinationPrincipal, OperationsPrincipal};
use crate::domain::Timestamp;
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
    /// For the screening team: a reference leads to a child's record.
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
    let report = quality.since(since(&state, req.query_string())?).await?;
    let mut agencies = Vec::with_capacity(report.agencies.len());
    let mut told = Vec::new();
    for of in &report.agencies {
        let good_examples = match overseer {
            Overseer::Operations => None,
            Overseer::Screening(_) => {
                let found = quality.examples(of).await?;
                told.extend(found.iter().map(|(id, _)| *id));
                Some(found.into_iter().map(|(_, example)| example).collect())
            }
        };
        agencies.push(One { of, good_examples });
    }
    if let Overseer::Screening(by) = overseer {
        examples_read(state.store.as_ref(), state.env.as_ref(), &told, by).await?;
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

/// Of others an agency learns the middle of its kind, and that only where there are three.
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
