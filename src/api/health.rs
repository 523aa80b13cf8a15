//! `GET /health/live` and `GET /health/ready`, for whatever starts, watches and balances us.

use super::state::ApiState;
use crate::domain::Timestamp;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::time::Duration;
use tokio::sync::Mutex;

/// A store that takes longer than this to answer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds for which its last answer serves everyone who asks.
const FRESH: f64 = 1.0;

/// When the store was last asked, and whether it answered.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Timestamp, bool)>>);

impl Readiness {
    /// Whether the store answers. It is asked once a second, however many want to know: this
    /// address needs no key.
    async fn store(&self, state: &ApiState) -> bool {
        let mut last = self.0.lock().await;
        let now = state.env.now();
        let fresh = |at: Timestamp| (0.0..FRESH).contains(&now.seconds_since(at));
        if let Some((at, up)) = *last
            && fresh(at)
        {
            return up;
        }
        let ping = tokio::time::timeout(PATIENCE, state.store.ping()).await;
        let up = matches!(ping, Ok(Ok(())));
        *last = Some((state.env.now(), up));
        up
    }
}

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    checks: Checks,
    /// What does not keep submissions from being taken, and wants somebody's eye.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
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
    let store = state.readiness.store(&state).await;
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
    let mut warnings = Vec::new();
    if store && state.feeds.now().await.is_ok_and(|feeds| feeds.iter().any(|feed| feed.stale)) {
        warnings.push("feed-stale");
    }
    response.json(Ready { status, checks, warnings })
}
