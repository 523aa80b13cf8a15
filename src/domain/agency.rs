//! Partner agencies and receiving teams, as the authority's configuration describes them.

use super::working_days::Duration;
use super::{AgencyId, DestinationId};

/// Whether an agency may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgencyState {
    Inactive,
    Testing,
    Active,
}

/// A partner agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub id: AgencyId,
    pub name: String,
    /// `school`, `health`, `police`, `voluntary`, `housing`, `local-authority`, `public`.
    pub kind: String,
    pub state: AgencyState,
    /// Whom MASSTT calls about a refused submission.
    pub telephone: String,
    /// Adapters it may use.
    pub adapters: Vec<String>,
    /// Submissions a minute that it may send before it is asked to wait.
    pub rate_per_minute: u32,
    /// Referrals a week in ordinary times; silence is noticed against it.
    pub expected_per_week: Option<u32>,
}

/// Which canonical fields a destination may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldList {
    /// Statutory social-work destinations.
    All,
    /// Pointer patterns, e.g. `/children/*/given_name`; a pattern covers what is below it.
    Only(Vec<String>),
}

/// Form of the message on the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Reference, level, priority, rule ids; the rest over HTTPS.
    ClaimCheck,
}

/// A receiving team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub id: DestinationId,
    pub name: String,
    /// Other names it goes by, e.g. MASST.
    pub aliases: Vec<String>,
    /// Sees everything, history and other households included.
    pub statutory: bool,
    pub fields: FieldList,
    pub payload: Payload,
    /// Its clock for `standard` priority.
    pub clock: Duration,
    /// A closed service cannot receive; what was meant for it goes to MASSTT.
    pub open: bool,
    /// The named few who may see records that are restricted.
    pub restricted: bool,
}

impl Destination {
    /// Whether it sees a referral whole. What a sender attached cannot be cut, so nobody else reads
    /// it.
    pub fn sees_all(&self) -> bool {
        self.statutory && self.fields == FieldList::All
    }
}
