//! `GET /health/live` and `GET /health/ready`, for whatever starts, watches and balances us.

use super::state::ApiState;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::time::Duration;

/// A store that takes longer than this to answer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    store: &'static str,
    broker: &'static str,
    lane: &'static str,
}

/// The process runs. Says nothing of what is behind it, so that nobody restarts us because a
/// database is down.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Live { status: "live" })
}

/// Submissions can be taken. A broker that is down does not matter for that: the outbox keeps what
/// is to be sent on, and the status says `degraded`.
pub(super) async fn ready(state: web::Data<ApiState>) -> HttpResponse {
    let ping = tokio::time::timeout(PATIENCE, state.store.ping()).await;
    let store = matches!(ping, Ok(Ok(())));
    let (broker, lane) = (state.vitals.broker_up(), state.vitals.lane_up());
    let ready = store && lane && !state.is_stopping();
    let status = match (ready, broker) {
        (true, true) => "ready",
        (true, false) => "degraded",
        (false, _) => "not-ready",
    };
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let word = |up: bool| if up { "up" } else { "down" };
    let checks = Checks { store: word(store), broker: word(broker), lane: word(lane) };
    response.json(Ready { status, checks })
}
