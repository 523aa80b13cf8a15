//! Sessions of people who have signed in, sign-ins that failed, and forms that were sent.

use super::error::Result;
use super::rows::Token16;
use super::staff::{StaffRecord, StaffRow};
use crate::audit::Event;
use crate::domain::{StaffId, Timestamp};
use async_trait::async_trait;
use sqlx::FromRow;

/// SHA-256 of the token that a browser holds.
pub type SessionKey = [u8; 32];

/// Ended sessions, and forms that were sent, are kept for so long, in seconds.
pub(super) const KEPT_FOR: i64 = 30 * 24 * 3_600;
/// Failures are kept for so long after the last, in seconds; by then all are forgotten.
pub(super) const FAILURES_KEPT_FOR: i64 = 24 * 3_600;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub key: SessionKey,
    pub staff: StaffId,
    pub made_at: Timestamp,
    pub seen_at: Timestamp,
    /// When the second step was done; until then it opens nothing.
    pub second_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A try to sign in, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// The blind token of a name, a browser or an address.
    pub key: Token16,
    /// Failures that cost it nothing.
    pub free: i64,
}

/// What becomes of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It must not be looked at before then.
    Wait(Timestamp),
    /// It was counted as a failure, until it is said to be none. Should it be one, the next is
    /// looked at from `free_at` on, and `locks` says that this is the one that locks.
    Counted { free_at: Timestamp, locks: bool },
}

/// What a second step was done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The app's code of this step of time.
    Step(i64),
    /// A code of the list.
    Code(Token16),
}

/// A second step that was done right.
#[derive(Clone, Debug)]
pub struct Completed<'a> {
    /// The session that waited for it, which ends.
    pub before: SessionKey,
    pub proof: Proof,
    /// The session that takes its place.
    pub session: &'a SessionRow,
    /// What is counted of the account, which is cleared.
    pub cleared: Token16,
    /// What else was counted: one failure less. An account of one's own clears no address.
    pub uncounted: &'a [Token16],
    pub events: &'a [Event],
}

/// What becomes of a form that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    First,
    /// It was sent before, and what it does is not over.
    Underway,
    /// It was sent before, and answered like this.
    Answered(Vec<u8>),
}

/// Sessions and what guards them.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Counts a try under each of its keys, unless one of them must wait. Counted before it is
    /// looked at: of a hundred that come at once, few are looked at.
    async fn try_sign_in(&self, tries: &[Try], now: Timestamp) -> Result<Tried>;
    /// Forgets what failed under a key.
    async fn forgive(&self, key: Token16) -> Result<()>;
    /// Opens a session on the account as it was read, of which each of `uncounted` was no failure;
    /// false where the account was changed meanwhile: an old password must not open a reset one.
    async fn open_session(
        &self,
        session: &SessionRow,
        of: &StaffRow,
        uncounted: &[Token16],
        event: Event,
    ) -> Result<bool>;
    /// Opens a session after the second step; false where the one before has ended, the account
    /// is not active, or the proof was used already.
    async fn complete_session(&self, done: Completed<'_>) -> Result<bool>;
    /// A session, ended or not, with its holder's account.
    async fn session(&self, key: SessionKey) -> Result<Option<(SessionRow, StaffRow)>>;
    /// Its holder was here.
    async fn see_session(&self, key: SessionKey, now: Timestamp) -> Result<()>;
    /// Ends a session; false where it has ended.
    async fn end_session(&self, key: SessionKey, event: Event, now: Timestamp) -> Result<bool>;
    /// Ends all sessions of somebody; how many.
    async fn end_sessions(&self, staff: StaffId, event: Event, now: Timestamp) -> Result<u64>;
    /// A form is sent. One that was sent before `lost` and never answered is taken for lost, and
    /// the next is the first again: the process may have died.
    async fn press(&self, key: Token16, now: Timestamp, lost: Timestamp) -> Result<Pressed>;
    /// Keeps the answer to a form; the first stands.
    async fn answer_press(&self, key: Token16, answer: &[u8], now: Timestamp) -> Result<()>;
}

pub(super) const NOTE_TRY: &str = "INSERT INTO sign_in_failure (key, count, last_at, wait_until) \
     VALUES ($1, 0, $2, 0) ON CONFLICT (key) DO NOTHING";

/// `$lock` holds the row until the transaction ends.
macro_rules! failures {
    ($($lock:tt)*) => {
        concat!("SELECT count, last_at, wait_until FROM sign_in_failure WHERE key = $1", $($lock)*)
    };
}

pub(super) use failures;

pub(super) const COUNT_TRY: &str = "UPDATE sign_in_failure SET count = $2, last_at = $3, \
     wait_until = $4 WHERE key = $1";

/// One less. That another waits as well is looked at by whoever comes next.
pub(super) const UNCOUNT: &str = "UPDATE sign_in_failure SET wait_until = 0, \
     count = CASE WHEN count > 0 THEN count - 1 ELSE 0 END WHERE key = $1";

pub(super) const FORGIVE: &str = "DELETE FROM sign_in_failure WHERE key = $1";

/// `$lock` leaves out what somebody else holds, so that nobody waits for it.
macro_rules! forget_failures {
    ($($lock:tt)*) => {
        concat!(
            "DELETE FROM sign_in_failure WHERE key IN (SELECT c.key FROM sign_in_failure c \
             WHERE c.last_at < $1 ORDER BY c.last_at LIMIT 1000",
            $($lock)*,
            ")"
        )
    };
}

pub(super) use forget_failures;

/// `$lock` holds the account as it is until the transaction ends.
macro_rules! revision {
    ($($lock:tt)*) => {
        concat!("SELECT revision FROM staff WHERE id = $1", $($lock)*)
    };
}

pub(super) use revision;

pub(super) const FORGET_SESSIONS: &str = "DELETE FROM session WHERE made_at < $1";

pub(super) const FORGET_PRESSES: &str = "DELETE FROM form_press WHERE pressed_at < $1";

pub(super) const ADD_SESSION: &str = "INSERT INTO session (key, staff, made_at, seen_at, \
     second_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const END_HALF: &str = "UPDATE session SET ended_at = $2 \
     WHERE key = $1 AND ended_at IS NULL AND second_at IS NULL";

pub(super) const TAKE_STEP: &str = "UPDATE staff SET last_step = $2 \
     WHERE id = $1 AND state = 'active' AND (last_step IS NULL OR last_step < $2)";

pub(super) const TAKE_CODE: &str = "UPDATE staff_code SET used_at = $3 WHERE staff = $1 \
     AND code = $2 AND used_at IS NULL \
     AND EXISTS (SELECT 1 FROM staff WHERE id = $1 AND state = 'active')";

pub(super) const SESSION: &str = "SELECT s.key, s.made_at AS begun_at, s.seen_at, s.second_at, \
     s.ended_at, f.* FROM session s JOIN staff f ON f.id = s.staff WHERE s.key = $1";

pub(super) const SEE_SESSION: &str =
    "UPDATE session SET seen_at = $2 WHERE key = $1 AND ended_at IS NULL AND seen_at < $2";

pub(super) const END_SESSION: &str =
    "UPDATE session SET ended_at = $2 WHERE key = $1 AND ended_at IS NULL";

pub(super) const END_SESSIONS: &str =
    "UPDATE session SET ended_at = $2 WHERE staff = $1 AND ended_at IS NULL";

pub(super) const PRESS: &str = "INSERT INTO form_press (key, pressed_at) VALUES ($1, $2) \
     ON CONFLICT (key) DO UPDATE SET pressed_at = $2 \
     WHERE form_press.answered_at IS NULL AND form_press.pressed_at < $3";

pub(super) const PRESS_ANSWER: &str = "SELECT answer FROM form_press WHERE key = $1";

pub(super) const ANSWER_PRESS: &str = "UPDATE form_press SET answered_at = $3, answer = $2 \
     WHERE key = $1 AND answered_at IS NULL";

#[derive(FromRow)]
pub(super) struct SessionRecord {
    key: Vec<u8>,
    begun_at: i64,
    seen_at: i64,
    second_at: Option<i64>,
    ended_at: Option<i64>,
    #[sqlx(flatten)]
    staff: StaffRecord,
}

impl SessionRecord {
    pub(super) fn rows(self) -> Result<(SessionRow, StaffRow)> {
        let staff = self.staff.row()?;
        let key = SessionKey::try_from(self.key.as_slice());
        let session = SessionRow {
            key: key.map_err(|_| super::records::damaged("key"))?,
            staff: staff.id,
            made_at: Timestamp(self.begun_at),
            seen_at: Timestamp(self.seen_at),
            second_at: self.second_at.map(Timestamp),
            ended_at: self.ended_at.map(Timestamp),
        };
        Ok((session, staff))
    }
}
