//! What the handlers need, and what the composition root supplies.

use super::admission::{Admission, AdmissionSettings, Class, Permit};
use super::health::Readiness;
use super::openapi::OpenApi;
use super::problem::Problem;
use crate::access::{Access, AgencyPrincipal, DestinationPrincipal, OperationsPrincipal, Quota};
use crate::domain::agency::Destination;
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Priority, Timestamp};
use crate::followup::Oversight;
use crate::followup::feeds::FeedWatch;
use crate::pipeline::{Desk, Documents, Intake};
use crate::store::keys::KeyRing;
use crate::store::seal::Dossier;
use crate::store::{
    AdultStore, FollowStore, MatchStore, QueuedMessage, ReadStore, ReferralRow, StoreError,
};
use crate::workers::Pool;
use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Limits of the HTTP listener.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Bytes of a submission.
    pub body_limit: usize,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// The same of a document: ten megabytes over a school's line.
    pub document_timeout: Duration,
    /// From the end of the head to the head of the answer; of a document so much after its body.
    pub request_timeout: Duration,
    pub admission: AdmissionSettings,
    /// Answers tell browsers to come by HTTPS only; for a TLS listener or behind such a proxy.
    pub https: bool,
}

impl Default for ApiSettings {
    fn default() -> Self {
        ApiSettings {
            body_limit: 1 << 20,
            body_timeout: Duration::from_secs(15),
            document_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(30),
            admission: AdmissionSettings::default(),
            https: false,
        }
    }
}

/// Why letters cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    #[error("the lease is not held: fetch the messages again")]
    NotLeased,
    #[error("the queues cannot be reached: {0}")]
    Unavailable(String),
}

/// A destination's queues; the composition root puts the broker's mailbox behind it.
#[async_trait]
pub trait Letters: Send + Sync {
    /// Leases up to `limit` messages until `until`, `immediate` first.
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, LettersError>;

    /// Takes a leased message off its queue.
    async fn take(&self, destination: &DestinationId, id: MessageId) -> Result<(), LettersError>;
}

/// Whether the parts behind the listener work now.
pub trait Vitals: Send + Sync {
    /// Messages can be sent on now.
    fn broker_up(&self) -> bool;
    /// The commit lane takes submissions.
    fn lane_up(&self) -> bool;
}

/// What a destination may see of a referral.
#[derive(Clone, Debug)]
pub struct Document {
    /// What whoever opens it must see first.
    pub marks: Value,
    /// The decision with its reasons, cut.
    pub decision: Value,
    /// The canonical referral, cut.
    pub referral: Value,
    /// As far as this destination may learn of it: history only under statute.
    pub priority: Priority,
    pub respond_by: Timestamp,
}

/// Cuts a referral for a destination, of which some children's records are restricted; `None` when
/// the dossier cannot be understood.
pub type Cut =
    Arc<dyn Fn(&Destination, &Dossier, &BTreeSet<u16>) -> Option<Document> + Send + Sync>;

/// Everything the handlers use.
pub struct ApiState {
    pub env: Arc<dyn Env>,
    pub intake: Arc<dyn Intake>,
    pub store: Arc<dyn ReadStore>,
    pub matches: Arc<dyn MatchStore>,
    pub adults: Arc<dyn AdultStore>,
    pub follow: Arc<dyn FollowStore>,
    pub desk: Arc<dyn Desk>,
    pub documents: Documents,
    /// The team whose people decide on matches.
    pub screening: DestinationId,
    /// Who stands in for it when it is closed.
    pub out_of_hours: DestinationId,
    pub letters: Arc<dyn Letters>,
    pub vitals: Arc<dyn Vitals>,
    pub keys: KeyRing,
    /// Whoever reads agencies' own formats; none where there are no adapters.
    pub adapters: Arc<ArcSwapOption<Pool>>,
    pub access: Arc<Access>,
    pub cut: Cut,
    /// Renders the metrics; see `Telemetry::renderer`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub document: OpenApi,
    pub admission: Admission,
    pub settings: ApiSettings,
    /// Set when the server stops taking connections, so that readiness says so.
    pub stopping: AtomicBool,
    /// Requests whose answer's head is not written yet.
    pub in_flight: AtomicUsize,
    pub readiness: Readiness,
    /// How old what the authority's records told us is.
    pub feeds: Arc<FeedWatch>,
    pub oversight: Arc<Oversight>,
}

impl ApiState {
    /// A place for an agency's call, counted against its quota.
    pub(super) fn admit_agency(
        &self,
        caller: &AgencyPrincipal,
        class: Class,
    ) -> Result<Permit<'_>, Problem> {
        let quota = match class {
            Class::Referral => Quota::Submissions,
            Class::DryRun | Class::Document | Class::Other => Quota::Reads,
        };
        caller.spend(quota)?;
        match class {
            Class::DryRun => self.admission.admit_dry_run(&caller.agency.id.0),
            Class::Referral | Class::Document | Class::Other => self.admission.admit(class),
        }
    }

    /// A place for a receiving team's call.
    pub(super) fn admit_destination(
        &self,
        caller: &DestinationPrincipal,
    ) -> Result<Permit<'_>, Problem> {
        caller.spend()?;
        self.admission.admit(Class::Other)
    }

    /// A place for an operator's call.
    pub(super) fn admit_operations(
        &self,
        caller: &OperationsPrincipal,
    ) -> Result<Permit<'_>, Problem> {
        caller.spend()?;
        self.admission.admit(Class::Other)
    }

    /// Opens a referral's dossier.
    pub(super) fn open(&self, row: &ReferralRow) -> Result<Dossier, StoreError> {
        let plain = self.keys.open_record(&Dossier::name(row.id), &row.record)?;
        Dossier::from_bytes(&plain)
            .ok_or_else(|| StoreError::Damaged("a dossier is cut short".to_owned()))
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
