//! `/ops`: how the gateway fares, for those who run it. Numbers only; no personal data. This page
//! shows what waits now, live; the others (`ops/`) tell of the days gone by.

mod complete;
mod flow;
mod month;
mod reconcile;
pub mod reports;
mod sent;
pub mod sheets;
pub mod shown;
mod suppress;
mod times;

use super::board::{Board, EVERY, Snapshot};
use super::page::{Frame, Front};
use crate::access::{Access, OperationsPrincipal, identify_basic};
use crate::domain::Timestamp;
use crate::domain::time::Env;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use askama::Template;
use futures::stream;
use reports::Reports;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pages that may be open at once.
const VIEWERS: usize = 100;

/// All pages of operations, with the messages that name them.
const PAGES: [(&str, &str); 7] = [
    ("/ops", "ops-now-title"),
    ("/ops/flow", "ops-flow-title"),
    ("/ops/times", "ops-times-title"),
    ("/ops/quality", "ops-complete-title"),
    ("/ops/reconciliation", "ops-reconcile-title"),
    ("/ops/deliveries", "ops-stuck-title"),
    ("/ops/board", "ops-board-title"),
];

/// What the page needs.
pub struct OpsState {
    pub board: Board,
    reports: Arc<Reports>,
    pub env: Arc<dyn Env>,
    viewers: AtomicUsize,
}

impl OpsState {
    pub fn new(board: Board, reports: Reports, env: Arc<dyn Env>) -> Self {
        let reports = Arc::new(reports);
        OpsState { board, reports, env, viewers: AtomicUsize::new(0) }
    }
}

/// Registers the page.
pub(super) fn configure(cfg: &mut ServiceConfig, state: &Arc<OpsState>) {
    cfg.app_data(web::Data::from(Arc::clone(state)))
        .app_data(web::Data::from(Arc::clone(&state.reports)))
        .service(web::resource("/ops").get(page).head(page))
        .service(web::resource("/ops/live").get(live));
    shown::configure(cfg);
}

#[derive(Template)]
#[template(path = "ops.html")]
struct Page<'a> {
    frame: &'a Frame,
    snapshot: Option<&'a Snapshot>,
    now: Timestamp,
    pages: [(&'static str, &'static str); 7],
    here: &'static str,
}

impl Page<'_> {
    /// Seconds as people say them, e.g. `2 h 5 min`.
    fn age(&self, seconds: &i64) -> String {
        match *seconds {
            s if s < 60 => format!("{s} s"),
            s if s < 3600 => format!("{} min", s / 60),
            s if s < 86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
            s => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
        }
    }

    /// Until when the certificate is good.
    fn certificate(&self, snapshot: &Snapshot) -> String {
        match snapshot.certificate {
            Some(left) if left <= 0 => self.frame.say("ops-certificate-ended"),
            Some(left) => self.frame.fill("ops-certificate-ends", "age", &self.age(&left)),
            None => String::new(),
        }
    }
}

async fn page(
    state: web::Data<OpsState>,
    access: web::Data<Access>,
    front: web::Data<Front>,
    req: HttpRequest,
) -> HttpResponse {
    if !may_look(&access, &req) {
        return denied();
    }
    let latest = state.board.latest().await;
    let snapshot = latest.as_ref().map(|(snapshot, _)| snapshot.as_ref());
    answer(&front.frame(), snapshot, state.env.now())
}

pub(super) fn answer(frame: &Frame, snapshot: Option<&Snapshot>, now: Timestamp) -> HttpResponse {
    frame.answer(StatusCode::OK, &Page { frame, snapshot, now, pages: PAGES, here: "/ops" })
}

/// Server-sent events: one snapshot every two seconds, the same for everyone who looks.
async fn live(
    state: web::Data<OpsState>,
    access: web::Data<Access>,
    req: HttpRequest,
) -> HttpResponse {
    if !may_look(&access, &req) {
        return denied();
    }
    let Some(viewer) = Viewer::enter(state) else {
        return HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "30"))
            .finish();
    };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let events = stream::unfold((viewer, ticks), |(viewer, mut ticks)| async move {
        ticks.tick().await;
        let event = match viewer.0.board.latest().await {
            Some((_, json)) => format!("data: {json}\n\n"),
            // A comment keeps the connection open; the page says how old its numbers are.
            None => ": the store does not answer\n\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(Bytes::from(event)), (viewer, ticks)))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events)
}

/// One open page; counted until it is closed.
struct Viewer(web::Data<OpsState>);

impl Viewer {
    fn enter(state: web::Data<OpsState>) -> Option<Self> {
        let one_more = |count: usize| (count < VIEWERS).then_some(count + 1);
        let entered = state.viewers.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        entered.is_ok().then(|| Viewer(state))
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.viewers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Open for demonstrations; otherwise an operations key, as bearer or as Basic password.
fn may_look(access: &Access, req: &HttpRequest) -> bool {
    let bearer = || {
        let mut nothing = Payload::None;
        OperationsPrincipal::from_request(req, &mut nothing).into_inner().is_ok()
    };
    access.settings.ops_open || identify_basic(access, req).is_some() || bearer()
}

fn denied() -> HttpResponse {
    HttpResponse::Unauthorized()
        .insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"frontdoor operations\""))
        .finish()
}
