//! Accounts of people who sign in, and the codes of their second step.

use super::error::Result;
use super::records::{damaged, token16};
use super::rows::{Sealed, Token16};
use super::sessions::SessionRow;
use crate::audit::Event;
use crate::domain::staff::StaffState;
use crate::domain::{AgencyId, DestinationId, Post, Role, StaffId, Timestamp};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRow {
    pub id: StaffId,
    /// The blind token of the name that is typed to sign in.
    pub sign_in: Token16,
    pub post: Post,
    pub state: StaffState,
    /// How often it was changed: a change that was made from an older one is not written.
    pub revision: i64,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
    /// Until when the password that somebody else chose opens it.
    pub initial_until: Option<Timestamp>,
    /// The step of time whose code of the app was taken last.
    pub last_step: Option<i64>,
    /// Names, the password's hash and the app's secret.
    pub record: Sealed,
}

impl StaffRow {
    /// The name under which its record is sealed.
    pub fn name(id: StaffId) -> Vec<u8> {
        [b"staff:".as_slice(), id.0.as_bytes()].concat()
    }
}

/// A change of an account. It ends all sessions of its holder.
#[derive(Clone, Debug)]
pub struct StaffChange<'a> {
    /// As it is to be, with the revision of what it was made from.
    pub row: &'a StaffRow,
    /// Takes the place of all codes, used and unused.
    pub codes: &'a [Token16],
    /// The session that goes on.
    pub session: Option<&'a SessionRow>,
    pub event: Event,
}

/// Accounts.
#[async_trait]
pub trait StaffStore: Send + Sync {
    /// Makes an account; `Refused` where the name to sign in with is taken.
    async fn add_staff(&self, row: &StaffRow, event: Event) -> Result<()>;
    /// All accounts, the oldest first.
    async fn staff(&self) -> Result<Vec<StaffRow>>;
    async fn staff_named(&self, sign_in: Token16) -> Result<Option<StaffRow>>;
    /// Changes an account; false where it was changed meanwhile.
    async fn change_staff(&self, change: StaffChange<'_>) -> Result<bool>;
    /// Gives somebody new codes; the ones before end.
    async fn replace_codes(
        &self,
        staff: StaffId,
        codes: &[Token16],
        event: Event,
        now: Timestamp,
    ) -> Result<()>;
    /// How many codes were not used.
    async fn codes_left(&self, staff: StaffId) -> Result<i64>;
}

pub(super) const ADD_STAFF: &str = "INSERT INTO staff (id, sign_in, role, agency, destination, \
     lead, state, revision, made_at, changed_at, initial_until, last_step, wrapped_key, record) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

pub(super) const STAFF: &str = "SELECT * FROM staff ORDER BY id";

pub(super) const STAFF_NAMED: &str = "SELECT * FROM staff WHERE sign_in = $1";

pub(super) const CHANGE_STAFF: &str = "UPDATE staff SET role = $3, agency = $4, \
     destination = $5, lead = $6, state = $7, revision = revision + 1, changed_at = $8, \
     initial_until = $9, last_step = $10, wrapped_key = $11, record = $12 \
     WHERE id = $1 AND revision = $2";

pub(super) const END_CODES: &str = "DELETE FROM staff_code WHERE staff = $1";

pub(super) const ADD_CODE: &str = "INSERT INTO staff_code (staff, code) VALUES ($1, $2)";

pub(super) const CODES_LEFT: &str =
    "SELECT count(*) FROM staff_code WHERE staff = $1 AND used_at IS NULL";

#[derive(FromRow)]
pub(super) struct StaffRecord {
    id: Uuid,
    sign_in: Vec<u8>,
    role: String,
    agency: Option<String>,
    destination: Option<String>,
    lead: bool,
    state: String,
    revision: i64,
    made_at: i64,
    changed_at: i64,
    initial_until: Option<i64>,
    last_step: Option<i64>,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl StaffRecord {
    pub(super) fn row(self) -> Result<StaffRow> {
        let role = Role::parse(&self.role).ok_or_else(|| damaged("role"))?;
        let agency = self.agency.as_deref().map(AgencyId::new);
        let destination = self.destination.as_deref().map(DestinationId::new);
        let post = Post::new(role, agency, destination, self.lead).map_err(|_| damaged("role"))?;
        Ok(StaffRow {
            id: StaffId(self.id),
            sign_in: token16(&self.sign_in, "sign_in")?,
            post,
            state: StaffState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            revision: self.revision,
            made_at: Timestamp(self.made_at),
            changed_at: Timestamp(self.changed_at),
            initial_until: self.initial_until.map(Timestamp),
            last_step: self.last_step,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}
