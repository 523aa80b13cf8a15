//! `GET /v1/clocks?after=…`: what waits for a receiving team, by when its clocks run out, and which
//! of them will run out at its present pace. Operations read any team's with `destination=…`.

use super::catalogue as kind;
use super::deliveries::read;
use super::messages::{parameter, whole};
use super::problem::Problem;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal, OperationsPrincipal};
use crate::domain::{ClockKind, DestinationId, Priority, Reference, ReferralId, Timestamp};
use crate::followup::forecast::{Forecast, WINDOW, forecast};
use crate::store::{Clock, ClockPlace};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct Answer<'a> {
    destination: &'a DestinationId,
    /// Clocks that the team ended in the last fourteen days: the pace of the forecast.
    ended_14d: u64,
    clocks: Vec<One<'a>>,
    /// Give it as `after` for the next page; `null` on the last.
    next: Option<String>,
}

#[derive(Serialize)]
struct One<'a> {
    reference: Reference,
    /// Indices of the children for whom it runs still.
    children: Vec<u16>,
    clock: &'a ClockKind,
    purpose: &'a str,
    priority: Priority,
    started_at: Timestamp,
    amber_at: Timestamp,
    due_at: Timestamp,
    stage: &'static str,
    forecast: Forecast,
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    team: Result<DestinationPrincipal, Denied>,
    operator: Result<OperationsPrincipal, Denied>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = req.query_string();
    let (_place, destination) = match (&team, &operator) {
        (Ok(team), _) => (state.admit_destination(team)?, team.destination.id.clone()),
        (_, Ok(operator)) => {
            let place = state.admit_operations(operator)?;
            let named = parameter(query, "destination")?.map(DestinationId::new);
            let ask = "Name a destination of destinations.toml";
            let unnamed = || Problem::new(&kind::PARAMETER).fault("destination", "name", ask);
            (place, named.ok_or_else(unnamed)?)
        }
        (Err(denied), _) => return Err((*denied).into()),
    };
    let limit = usize::try_from(whole(query, "limit", 1..=500, 100)?).unwrap_or(usize::MAX);
    let after = read(query, "after", "clock-place", place)?;
    let now = state.env.now();
    let ended = state.follow.ended_since(&destination, now.plus_seconds(-WINDOW)).await?;
    let before = match after.clone() {
        Some(place) => state.follow.ahead_of(&destination, place).await?,
        None => 0,
    };
    let clocks = state.follow.open_clocks(&destination, after, limit).await?;
    let forecasts = forecast(&clocks, before, ended, now);
    let next = (clocks.len() == limit).then(|| clocks.last().map(written)).flatten();
    let one = |(clock, forecast)| one(clock, forecast, now);
    let clocks = clocks.iter().zip(forecasts).map(one).collect();
    Ok(HttpResponse::Ok().json(Answer {
        destination: &destination,
        ended_14d: ended,
        clocks,
        next,
    }))
}

fn one(clock: &Clock, forecast: Forecast, now: Timestamp) -> One<'_> {
    One {
        reference: clock.reference,
        children: clock.children.indices(),
        clock: &clock.kind,
        purpose: clock.purpose.as_str(),
        priority: clock.priority,
        started_at: clock.started_at,
        amber_at: clock.amber_at,
        due_at: clock.due_at,
        stage: clock.stage_at(now).as_str(),
        forecast,
    }
}

/// `<microseconds>.<referral>.<kind>`.
fn written(clock: &Clock) -> String {
    let (due, referral, kind) = clock.place();
    format!("{}.{referral}.{kind}", due.0)
}

fn place(text: &str) -> Option<ClockPlace> {
    let mut parts = text.splitn(3, '.');
    let due = parts.next()?.parse().ok()?;
    let referral = Uuid::try_parse(parts.next()?).ok()?;
    Some((Timestamp(due), ReferralId(referral), ClockKind::new(parts.next()?)))
}
