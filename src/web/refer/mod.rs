//! `/refer`: the form for somebody who refers, perhaps twice a year. One thing on each page; what
//! is answered is saved at once; nothing is ever required but what a referral cannot be without.

mod answers;
mod check;
mod flow;
mod home;
mod options;
mod pages;
mod questions;
pub mod samples;
mod sent;
mod view;

pub use view::message_names;

use super::page::{Frame, Front, Link};
use super::session::{Referrer, failed, stop};
use super::trouble::Trouble;
use crate::domain::agency::{Agency, AgencyState};
use crate::domain::receipt::Missing;
use crate::domain::{DraftId, Receipt, Unread};
use crate::pipeline::drafts::{Draft, Drafts};
use crate::pipeline::{Desk, Intake, Submission};
use crate::store::{Store, StoreError, keys::KeyRing};
use actix_web::HttpResponse;
use actix_web::error::Error;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use answers::Sent;
use serde_json::Value;
use std::sync::Arc;

/// What one page may send, in bytes: all of a long story, and no document.
const MOST_SENT: usize = 256 * 1024;

/// What the form needs.
pub struct ReferState {
    pub drafts: Drafts,
    pub intake: Arc<dyn Intake>,
    pub desk: Arc<dyn Desk>,
    pub store: Arc<dyn Store>,
    pub ring: KeyRing,
}

/// Registers all pages of the form.
pub(super) fn configure(cfg: &mut ServiceConfig, state: &Arc<ReferState>) {
    cfg.app_data(web::Data::from(Arc::clone(state)))
        .app_data(web::FormConfig::default().limit(MOST_SENT))
        .service(web::resource("/refer").get(home::page).post(home::begin))
        .service(web::resource("/refer/sent/{reference}").get(sent::page))
        .service(web::resource("/refer/sent/{reference}/more").post(sent::more))
        .service(web::resource("/refer/{draft}").get(pages::resume))
        .service(web::resource("/refer/{draft}/check").get(check::page))
        .service(web::resource("/refer/{draft}/send").post(check::send))
        .service(web::resource("/refer/{draft}/remove").post(check::remove))
        .service(web::resource("/refer/{draft}/discard").post(home::discard))
        .service(web::resource("/refer/{draft}/take-over").post(home::take_over))
        .service(web::resource("/refer/{draft}/{page}").get(pages::page).post(pages::answer))
        .service(web::resource("/refer/{draft}/{page}/{n}").get(pages::page).post(pages::answer));
}

/// One request of somebody who refers: who it is, and what its page is made with.
pub(super) struct Asked<'a> {
    pub front: &'a Front,
    pub state: &'a ReferState,
    pub who: &'a Referrer,
}

impl Asked<'_> {
    fn frame(&self) -> Frame {
        let text = self.front.texts.say("refer-home");
        let home = Link { text, address: "/refer", current: false };
        let frame = self.who.visitor.frame(self.front, vec![home]);
        Frame { exit: true, ..frame }
    }

    fn failed(&self, error: &StoreError) -> Error {
        failed(self.front, error)
    }

    fn not_found(&self) -> Error {
        stop(Trouble::NotFound.answer(&self.frame()))
    }

    /// A form that does not come from a page of this session does nothing.
    fn checked(&self, sent: &Sent) -> Result<(), Error> {
        if self.who.visitor.has_sent(&sent.text("csrf")) {
            return Ok(());
        }
        Err(stop(Trouble::NotUnderstood.answer(&self.frame())))
    }

    /// One's own draft, open or not.
    async fn draft(&self, id: &str) -> Result<Draft, Error> {
        let id = uuid::Uuid::parse_str(id).map(DraftId).map_err(|_| self.not_found())?;
        let draft = self.state.drafts.open(&self.who.writer, id).await;
        draft.map_err(|error| self.failed(&error))?.ok_or_else(|| self.not_found())
    }

    /// The agency that somebody refers for, as long as it may send.
    fn agency(&self) -> Option<Arc<Agency>> {
        let directory = self.front.directory.load();
        let agency = directory.agencies.get(&self.who.writer.agency).cloned();
        agency.filter(|agency| agency.state == AgencyState::Active)
    }

    /// A draft as the submission that it would be.
    fn submission(&self, draft: &Draft) -> Option<Submission> {
        Some(Submission {
            agency: self.agency()?,
            body: serde_json::to_vec(&Value::Object(draft.content.answers.clone())).ok()?,
            media_type: Some("application/json".to_owned()),
            idempotency_key: Some(format!("draft-{}", draft.id)),
            traceparent: None,
        })
    }

    /// What would help most, the weightiest first; or, below the minimum, what cannot be left out.
    fn weighed(&self, draft: &Draft) -> Result<Vec<Missing>, Vec<Unread>> {
        let Some(submission) = self.submission(draft) else { return Ok(Vec::new()) };
        let receipt = self.state.intake.rehearse(&submission).map_err(|refusal| refusal.faults)?;
        let receipt = serde_json::from_slice::<Receipt>(&receipt).ok();
        let mut missing = receipt.map(|receipt| receipt.completeness.missing).unwrap_or_default();
        missing.sort_by_key(|one| std::cmp::Reverse(one.weight));
        Ok(missing)
    }
}

/// Something that is asked for, and the page on which it is answered.
pub(super) struct Help {
    pub ask: String,
    pub address: Option<String>,
}

/// Asks that stand beside a page: more would not be read.
const HELPS: usize = 4;

/// What would help most, as a page shows it.
fn helps(draft: &Draft, missing: Vec<Missing>) -> Vec<Help> {
    let help = |one: Missing| Help { address: address_at(draft, &one.pointer), ask: one.ask };
    missing.into_iter().take(HELPS).map(help).collect()
}

/// The page of a draft on which a place of the referral is asked for.
fn address_at(draft: &Draft, pointer: &str) -> Option<String> {
    let step = flow::step_at(&draft.content, pointer)?;
    Some(format!("/refer/{}/{}", draft.id, step.path()))
}

/// Where a draft goes on.
fn address_of(draft: DraftId, step: Option<flow::Step>) -> String {
    let end = step.map_or_else(|| "check".to_owned(), |step| step.path());
    format!("/refer/{draft}/{end}")
}

/// To another page.
fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}
