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

/// The password that somebody else chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initial {
    /// Its blind token, with the name.
    pub token: Token16,
    /// It opens the account before then.
    pub until: Timestamp,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRow {
    pub id: StaffId,
    /// The blind token of the name that is typed to sign in.
    pub sign_in: Token16,
    pub post: Post,
    pub state: StaffState,
    /// How often it was changed: a change that was made from an older one is not written, and
    /// sessions that were opened on an older one are over.
    pub revision: i64,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
    pub initial: Option<Initial>,
    /// The step of time whose code of the app was taken last.
    pub last_step: Option<i64>,
    /// Names, the password's hash and the app's secret.
    pub record: Sealed,
}

impl StaffRow {
    /// The name under which its record is sealed: it opens with this account's post, state and
    /// revision alone, whoever else can write to the database.
    pub fn sealed_as(&self) -> Vec<u8> {
        let post = &self.post;
        let of = post.agency().map(AgencyId::as_str);
        let of = of.or(post.destination().map(DestinationId::as_str)).unwrap_or_default();
        let (role, lead, state) = (post.role().as_str(), post.is_lead(), self.state.as_str());
        let stands = format!("{}|{state}|{role}|{lead}|{of}", self.revision);
        [b"staff:".as_slice(), self.id.0.as_bytes(), stands.as_bytes()].concat()
    }
}

/// A change of an account. By its new revision it ends all sessions of its holder.
#[derive(Clone, Debug)]
pub struct StaffChange<'a> {
    /// As it is to be, with the revision after that of what it was made from.
    pub row: &'a StaffRow,
    /// Take the place of all codes, used and unused; `None` leaves them.
    pub codes: Option<&'a [Token16]>,
    /// The session that its holder goes on with.
    pub session: Option<&'a SessionRow>,
    pub event: Event,
}

/// Codes that take the place of all others.
#[derive(Clone, Debug)]
pub struct NewCodes<'a> {
    pub staff: StaffId,
    /// Of the account as it was read.
    pub revision: i64,
    pub codes: &'a [Token16],
    /// Tries that were none.
    pub uncounted: &'a [Token16],
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
    /// The account of this name that this initial password opens.
    async fn staff_opened(&self, sign_in: Token16, initial: Token16) -> Result<Option<StaffRow>>;
    /// Changes an account; false where it was changed meanwhile.
    async fn change_staff(&self, change: StaffChange<'_>) -> Result<bool>;
    /// Gives somebody new codes; false where the account was changed meanwhile.
    async fn replace_codes(&self, new: NewCodes<'_>, now: Timestamp) -> Result<bool>;
    /// How many codes were not used.
    async fn codes_left(&self, staff: StaffId) -> Result<i64>;
}

pub(super) const ADD_STAFF: &str = "INSERT INTO staff (id, sign_in, role, agency, destination, \
     lead, state, revision, made_at, changed_at, initial, initial_until, last_step, wrapped_key, \
     record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

pub(super) const STAFF: &str = "SELECT * FROM staff ORDER BY id";

pub(super) const STAFF_NAMED: &str = "SELECT * FROM staff WHERE sign_in = $1";

pub(super) const STAFF_OPENED: &str = "SELECT * FROM staff WHERE sign_in = $1 AND initial = $2";

/// A code that was taken meanwhile stays taken.
pub(super) const CHANGE_STAFF: &str = "UPDATE staff SET role = $3, agency = $4, \
     destination = $5, lead = $6, state = $7, revision = $2, changed_at = $8, initial = $9, \
     initial_until = $10, last_step = CASE WHEN last_step > $11 THEN last_step ELSE $11 END, \
     wrapped_key = $12, record = $13 \
     WHERE id = $1 AND revision + 1 = $2";

/// `$lock` holds the account as it is until the transaction ends.
macro_rules! revision {
    ($($lock:tt)*) => {
        concat!("SELECT revision FROM staff WHERE id = $1", $($lock)*)
    };
}

pub(super) use revision;

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
    initial: Option<Vec<u8>>,
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
        let initial = self.initial.as_deref().map(|token| token16(token, "initial")).transpose()?;
        let until = self.initial_until.map(Timestamp);
        Ok(StaffRow {
            id: StaffId(self.id),
            sign_in: token16(&self.sign_in, "sign_in")?,
            post,
            state: StaffState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            revision: self.revision,
            made_at: Timestamp(self.made_at),
            changed_at: Timestamp(self.changed_at),
            initial: initial.zip(until).map(|(token, until)| Initial { token, until }),
            last_step: self.last_step,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}
