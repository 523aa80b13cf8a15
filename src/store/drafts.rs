//! Referrals that are being written at a screen, and who wrote those that were sent.

use super::error::Result;
use super::records::{damaged, reference};
use super::rows::Sealed;
use crate::audit::Event;
use crate::domain::draft::DraftState;
use crate::domain::{AgencyId, DraftId, Reference, StaffId, Timestamp};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// Drafts that are listed at most.
pub(super) const LISTED: i64 = 200;

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    pub id: DraftId,
    pub agency: AgencyId,
    /// Whose it is now: a deputy may have taken it over.
    pub author: StaffId,
    /// It is about somebody who works with children: nobody but its author ever sees it, and it
    /// is in no list and no count of the agency's.
    pub closed: bool,
    pub state: DraftState,
    /// How often it was written. A change that was made from an older one is not written.
    pub revision: i64,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
    /// Of a draft that was sent.
    pub reference: Option<Reference>,
    pub record: Sealed,
}

impl DraftRow {
    /// The name under which its record is sealed.
    pub fn name(id: DraftId) -> Vec<u8> {
        [b"draft:".as_slice(), id.0.as_bytes()].concat()
    }
}

/// Drafts.
#[async_trait]
pub trait DraftStore: Send + Sync {
    async fn add_draft(&self, row: &DraftRow, event: Event) -> Result<()>;
    async fn draft(&self, id: DraftId) -> Result<Option<DraftRow>>;
    /// Writes a draft as it is to be, with the revision of what it was made from; false where it
    /// was written meanwhile.
    async fn change_draft(&self, row: &DraftRow, event: Event) -> Result<bool>;
    /// Somebody's own drafts in this state, what was changed last first.
    async fn drafts_of(&self, author: StaffId, state: DraftState) -> Result<Vec<DraftRow>>;
    /// An agency's drafts in this state that are not closed, what was changed last first.
    async fn drafts_of_agency(&self, agency: &AgencyId, state: DraftState)
    -> Result<Vec<DraftRow>>;
    /// The draft that a referral was.
    async fn draft_sent_as(&self, reference: Reference) -> Result<Option<DraftRow>>;
    /// Of each agency, how many of its drafts are open and not closed, and since when the oldest
    /// of them was not written on.
    async fn open_drafts(&self) -> Result<Vec<(AgencyId, i64, Timestamp)>>;
}

pub(super) const ADD_DRAFT: &str = "INSERT INTO draft (id, agency, author, closed, state, \
     revision, made_at, changed_at, reference, wrapped_key, record) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub(super) const DRAFT: &str = "SELECT * FROM draft WHERE id = $1";

pub(super) const CHANGE_DRAFT: &str = "UPDATE draft SET agency = $2, author = $3, closed = $4, \
     state = $5, revision = revision + 1, made_at = $7, changed_at = $8, reference = $9, \
     wrapped_key = $10, record = $11 WHERE id = $1 AND revision = $6";

pub(super) const DRAFTS_OF: &str = "SELECT * FROM draft WHERE author = $1 AND state = $2 \
     ORDER BY changed_at DESC, id LIMIT $3";

pub(super) const DRAFTS_OF_AGENCY: &str = "SELECT * FROM draft WHERE agency = $1 AND state = $2 \
     AND NOT closed ORDER BY changed_at DESC, id LIMIT $3";

pub(super) const DRAFT_SENT_AS: &str = "SELECT * FROM draft WHERE reference = $1";

pub(super) const OPEN_DRAFTS: &str = "SELECT agency, count(*) AS open, min(changed_at) AS oldest \
     FROM draft WHERE state = 'open' AND NOT closed GROUP BY agency ORDER BY agency";

#[derive(FromRow)]
pub(super) struct DraftRecord {
    id: Uuid,
    agency: String,
    author: Uuid,
    closed: bool,
    state: String,
    revision: i64,
    made_at: i64,
    changed_at: i64,
    reference: Option<String>,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl DraftRecord {
    pub(super) fn row(self) -> Result<DraftRow> {
        Ok(DraftRow {
            id: DraftId(self.id),
            agency: AgencyId::new(&self.agency),
            author: StaffId(self.author),
            closed: self.closed,
            state: DraftState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            revision: self.revision,
            made_at: Timestamp(self.made_at),
            changed_at: Timestamp(self.changed_at),
            reference: self.reference.as_deref().map(reference).transpose()?,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}
