//! What those who answer for the front door read of agencies and teams: the screening team, and
//! those who run the gateway.

use super::admission::Permit;
use super::catalogue as kind;
use super::messages::parameter;
use super::problem::Problem;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal, OperationsPrincipal};
use crate::domain::DestinationId;
use crate::followup::quality::three_months;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// Days that a report may go back.
const LONGEST: i64 = 366;

/// Who reads.
pub(super) enum Overseer<'a> {
    Screening(&'a DestinationId),
    Operations,
}

/// A place for the screening team's system, or for an operator.
pub(super) fn admit<'a>(
    state: &'a ApiState,
    team: &'a Result<DestinationPrincipal, Denied>,
    operator: &Result<OperationsPrincipal, Denied>,
) -> Result<(Permit<'a>, Overseer<'a>), Problem> {
    match (team, operator) {
        (Ok(team), _) if team.destination.id == state.screening => {
            Ok((state.admit_destination(team)?, Overseer::Screening(&team.destination.id)))
        }
        (Ok(_), _) => Err(Denied::WrongHolder.into()),
        (_, Ok(operator)) => Ok((state.admit_operations(operator)?, Overseer::Operations)),
        (Err(denied), _) => Err((*denied).into()),
    }
}

/// The day from which a report begins: this month and the two before it, where none is given.
pub(super) fn since(state: &ApiState, query: &str) -> Result<Date, Problem> {
    let now = state.env.now();
    let Some(given) = parameter(query, "since")? else { return Ok(three_months(now)) };
    let today = now.date();
    let days = today.saturating_sub(LONGEST.days())..=today;
    given.parse().ok().filter(|day| days.contains(day)).ok_or_else(|| {
        let ask = "Give a day of the last 366 as YYYY-MM-DD, or leave it out for three months";
        Problem::new(&kind::PARAMETER).fault("since", "day", ask)
    })
}
