//! Every template in every state, with invented content: what tests render and browsers are shown.
//! The gateway never registers these addresses.

mod reports;

use super::board::{
    AgeLine, AgeOfFeed, AgencyLine, AlarmLine, DeliveryLine, DocumentLine, NoticeLine, RefusalLine,
    Snapshot, ThemeLine,
};
use super::ops::reports::View;
use super::page::{Frame, Front, Link};
use super::trouble::Trouble;
use super::{assets, ops, privacy};
use crate::domain::Timestamp;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use askama::Template;
use futures::stream::{self, StreamExt as _};
use std::convert::Infallible;
use std::sync::Arc;

/// One page in one state.
pub struct Sample {
    pub name: &'static str,
    pub(super) make: fn(Frame) -> HttpResponse,
}

/// Those of all rooms.
pub fn all() -> impl Iterator<Item = &'static Sample> {
    SAMPLES.iter().chain(super::signin::samples::SAMPLES).chain(super::refer::samples::SAMPLES)
}

/// Later pages add their samples here; a test holds that no template is without one.
pub const SAMPLES: &[Sample] = &[
    Sample { name: "layout", make: |frame| plain(&frame, false) },
    Sample { name: "layout-wrong", make: |frame| plain(&frame, true) },
    Sample { name: "layout-signed-in", make: |frame| plain(&signed_in(frame), false) },
    Sample { name: "layout-exit", make: |frame| plain(&exit(frame), false) },
    Sample { name: "layout-all", make: |frame| plain(&exit(signed_in(frame)), true) },
    Sample { name: "not-found", make: |frame| Trouble::NotFound.answer(&frame) },
    Sample { name: "not-permitted", make: |frame| Trouble::NotPermitted.answer(&frame) },
    Sample { name: "sign-in-failed", make: |frame| Trouble::SignIn.answer(&frame) },
    Sample { name: "session-ended", make: |frame| Trouble::SessionEnded.answer(&frame) },
    Sample { name: "too-many", make: |frame| Trouble::TooMany.answer(&frame) },
    Sample { name: "not-understood", make: |frame| Trouble::NotUnderstood.answer(&frame) },
    Sample { name: "failed", make: |frame| Trouble::Failed.answer(&frame) },
    Sample { name: "privacy", make: |frame| privacy::answer(&frame) },
    Sample { name: "ops", make: |frame| ops::answer(&frame, Some(&board()), AT) },
    Sample { name: "ops-without-store", make: |frame| ops::answer(&frame, None, AT) },
    // Operations: days gone by.
    Sample { name: "ops-flow", make: |frame| reports::full(&frame, View::Flow) },
    Sample { name: "ops-times", make: |frame| reports::full(&frame, View::Times) },
    Sample { name: "ops-quality", make: |frame| reports::full(&frame, View::Completeness) },
    Sample {
        name: "ops-reconciliation",
        make: |frame| reports::full(&frame, View::Reconciliation),
    },
    Sample { name: "ops-deliveries", make: |frame| reports::full(&frame, View::Deliveries) },
    Sample { name: "ops-board", make: |frame| reports::full(&frame, View::Board) },
    Sample { name: "ops-board-empty", make: |frame| reports::empty(&frame, View::Board) },
    Sample { name: "ops-flow-empty", make: |frame| reports::empty(&frame, View::Flow) },
    Sample { name: "ops-times-empty", make: |frame| reports::empty(&frame, View::Times) },
    Sample { name: "ops-flow-old", make: |frame| reports::old(&frame, View::Flow) },
    Sample { name: "ops-without-answer", make: |frame| reports::without(&frame, View::Flow) },
];

/// When everything in the samples happens.
const AT: Timestamp = Timestamp(1_768_386_600_000_000);

/// Registers all samples under `/samples/`, with what they load.
pub fn configure(cfg: &mut ServiceConfig, front: &Arc<Front>) {
    cfg.app_data(web::Data::from(Arc::clone(front)))
        .route("/samples/{name}", web::get().to(sample))
        .route("/assets/{name}", web::get().to(assets::serve))
        .route("/ops/live", web::get().to(silent));
}

async fn sample(name: web::Path<String>, front: web::Data<Front>) -> impl Responder {
    match all().find(|sample| sample.name == name.as_str()) {
        Some(sample) => sample.answer(&front),
        None => HttpResponse::NotFound().finish(),
    }
}

/// A live connection on which nothing is said.
async fn silent() -> impl Responder {
    let said = Ok::<_, Infallible>(Bytes::from_static(b": a sample\n\n"));
    let events = stream::iter([said]).chain(stream::pending());
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

impl Sample {
    pub fn answer(&self, front: &Front) -> HttpResponse {
        (self.make)(front.frame())
    }
}

#[derive(Template)]
#[template(path = "sample.html")]
struct Page<'a> {
    frame: &'a Frame,
    wrong: bool,
    back: &'static str,
}

fn plain(frame: &Frame, wrong: bool) -> HttpResponse {
    frame.answer(StatusCode::OK, &Page { frame, wrong, back: "#main-content" })
}

fn exit(mut frame: Frame) -> Frame {
    frame.exit = true;
    frame
}

fn signed_in(mut frame: Frame) -> Frame {
    let link = |text: &str, address, current| Link { text: text.to_owned(), address, current };
    frame.signed_in = Some("Ada Featherstonehaugh-Postlethwaite".to_owned());
    frame.navigation = vec![
        link("New referral", "/refer", true),
        link("Drafts, not sent", "/refer/drafts", false),
        link("What became of referrals", "/refer/sent", false),
    ];
    frame
}

/// A bad day: every list has something in it, and every warning shows.
fn board() -> Snapshot {
    let id = str::to_owned;
    Snapshot {
        as_of: AT,
        outbox_waiting: 1_204,
        outbox_lag: Some(7_260),
        agencies: vec![AgencyLine {
            agency: id("ridgeway-primary"),
            received: 31,
            refused: 2,
            immediate: 1,
            urgent: 9,
            standard: 21,
        }],
        deliveries: vec![DeliveryLine {
            destination: id("early-help.upper-valley"),
            priority: "urgent",
            state: id("delivery-failing"),
            count: 12,
            oldest: 4_000,
        }],
        unacknowledged: vec![AgeLine { destination: id("masstt"), oldest: 90_000 }],
        refusals: vec![RefusalLine { agency: id("police"), count: 1, oldest: 61 }],
        feeds: vec![
            AgeOfFeed { source: id("lcs"), age: Some(200_000), stale: true },
            AgeOfFeed { source: id("ehm"), age: None, stale: true },
        ],
        channel: true,
        notices: vec![NoticeLine {
            to: id("role:duty-manager"),
            state: id("failing"),
            fault: Some(id("unreachable")),
            count: 4,
            oldest: 600,
        }],
        alarms: vec![AlarmLine {
            kind: "silence",
            agency: id("ridgeway-primary"),
            says: id("nothing since Monday, where 31 a week are usual"),
            age: None,
        }],
        themes: vec![ThemeLine {
            destination: id("masstt"),
            label: id("The child's own words were not looked at"),
            times: 4,
            looked_at: 20,
        }],
        documents: vec![DocumentLine {
            state: "quarantined",
            fault: Some(id("unreachable")),
            count: 2,
            oldest: 700,
        }],
        second_looks: 3,
        second_looks_oldest: Some(400_000),
        matches: 1_000,
        matches_more: true,
        matches_oldest: Some(300_000),
        certificate: Some(200_000),
    }
}
