//! Sessions of people who have signed in, sign-ins that failed, and forms that were sent.

use super::error::Result;
use super::records::token16;
use super::rows::Token16;
use super::staff::{StaffRecord, StaffRow};
use crate::audit::Event;
use crate::domain::staff::{CLOCKS_APART, Failures, LOCKED_FOR};
use crate::domain::{StaffId, Timestamp};
use async_trait::async_trait;
use sqlx::FromRow;

/// The blind token of what a browser holds.
pub type SessionKey = Token16;

/// Ended sessions, and forms that were sent, are kept for so long, in seconds.
pub(super) const KEPT_FOR: i64 = 30 * 24 * 3_600;
/// Failures are kept for so long after the last, in seconds; by then all are forgotten.
pub(super) const FAILURES_KEPT_FOR: i64 = 24 * 3_600;
/// Whoever presses twice begins two sessions; the first of them is left for so long, in seconds,
/// since nobody knows which of the two answers the browser shows.
pub(super) const PRESSED_TWICE: i64 = 10;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub key: SessionKey,
    pub staff: StaffId,
    /// Of the account on which it was opened.
    pub revision: i64,
    pub made_at: Timestamp,
    pub seen_at: Timestamp,
    /// When the second step was done; until then it opens nothing.
    pub second_at: Option<Timestamp>,
    /// How often something was tried as its second step.
    pub tries: i64,
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

/// A try, before it is looked at.
#[derive(Clone, Copy)]
pub struct Trying<'a> {
    pub tries: &'a [Try],
    /// The session whose second step it is, and how many tries one has.
    pub half: Option<(SessionKey, i64)>,
    /// What is told of it, given the failures of each of `tries`.
    pub tell: &'a (dyn Fn(&[Failures]) -> Vec<Event> + Send + Sync),
}

/// What becomes of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It must not be looked at before then.
    Wait(Timestamp),
    /// The session has ended, or had all its tries.
    Over,
    /// It was counted as a failure, until it is said to be none. Should it be one, the next is
    /// looked at from then on.
    Counted(Timestamp),
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
    /// Its own tries, which were none.
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
    /// Until when one of these keys waits. It takes none of the lane's connections, so that
    /// whoever is refused costs little.
    async fn waits(&self, keys: &[Token16], now: Timestamp) -> Result<Option<Timestamp>>;
    /// Counts a try under each of its keys, unless one of them must wait, and tells of it.
    /// Counted before it is looked at: of a hundred that come at once, few are looked at.
    async fn try_sign_in(&self, trying: Trying<'_>, now: Timestamp) -> Result<Tried>;
    /// Takes one failure from each key: it was none.
    async fn uncount(&self, keys: &[Token16]) -> Result<()>;
    /// Opens a session that waits for its second step, and ends others of its holder that do;
    /// false where the account was changed meanwhile: an old password must not open a reset one.
    /// Each of `uncounted` was no failure.
    async fn open_session(
        &self,
        session: &SessionRow,
        uncounted: &[Token16],
        event: Event,
    ) -> Result<bool>;
    /// Opens a session after the second step, and says how many codes are left; `None` where the
    /// one before has ended, the account was changed, or the proof was used already.
    async fn complete_session(&self, done: Completed<'_>) -> Result<Option<i64>>;
    /// A session, ended or not, with its holder's account.
    async fn session(&self, key: SessionKey) -> Result<Option<(SessionRow, StaffRow)>>;
    /// Its holder was here.
    async fn see_session(&self, key: SessionKey, now: Timestamp) -> Result<()>;
    /// Ends a session; false where it has ended.
    async fn end_session(&self, key: SessionKey, event: Event, now: Timestamp) -> Result<bool>;
    /// A form is sent. One that was sent before `lost` and never answered is taken for lost, and
    /// the next is the first again: the process may have died.
    async fn press(&self, key: Token16, now: Timestamp, lost: Timestamp) -> Result<Pressed>;
    /// Keeps the answer to a form; the first stands.
    async fn answer_press(&self, key: Token16, answer: &[u8], now: Timestamp) -> Result<()>;
    /// Forgets that a form was sent which came to nothing.
    async fn forget_press(&self, key: Token16) -> Result<()>;
    /// Takes away what nobody needs any more, at most `limit` of each kind; how many of the kind
    /// that had most.
    async fn tidy_sign_ins(&self, now: Timestamp, limit: usize) -> Result<u64>;
}

/// Until when one waits. Further ahead was written by a clock that was wrong; one that is a little
/// ahead of this is not.
pub(super) fn still_waits(until: i64, now: Timestamp) -> Option<Timestamp> {
    let believed = now.plus_seconds(LOCKED_FOR + CLOCKS_APART).0;
    let waits = (now.0 + 1..=believed).contains(&until);
    waits.then(|| Timestamp(until).min(now.plus_seconds(LOCKED_FOR)))
}

pub(super) const WAIT: &str = "SELECT wait_until FROM sign_in_failure WHERE key = $1";

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

/// `$lock` leaves out what somebody else holds, so that nobody waits for it.
macro_rules! forget_old {
    ($table:literal, $age:literal, $($lock:tt)*) => {
        concat!(
            "DELETE FROM ", $table, " WHERE key IN (SELECT c.key FROM ", $table,
            " c WHERE c.", $age, " < $1 ORDER BY c.", $age, " LIMIT $2", $($lock)*, ")"
        )
    };
}

pub(super) use forget_old;

pub(super) const ADD_SESSION: &str = "INSERT INTO session (key, staff, revision, made_at, \
     seen_at, second_at, tries, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const TRY_HALF: &str = "UPDATE session SET tries = tries + 1 \
     WHERE key = $1 AND ended_at IS NULL AND second_at IS NULL AND tries < $2";

pub(super) const END_HALVES: &str = "UPDATE session SET ended_at = $2 \
     WHERE staff = $1 AND second_at IS NULL AND ended_at IS NULL AND made_at < $3";

pub(super) const END_HALF: &str = "UPDATE session SET ended_at = $2 \
     WHERE key = $1 AND ended_at IS NULL AND second_at IS NULL";

pub(super) const TAKE_STEP: &str = "UPDATE staff SET last_step = $2 \
     WHERE id = $1 AND (last_step IS NULL OR last_step < $2)";

pub(super) const TAKE_CODE: &str = "UPDATE staff_code SET used_at = $3 WHERE staff = $1 \
     AND code = $2 AND used_at IS NULL";

pub(super) const SESSION: &str = "SELECT s.key, s.revision AS opened_on, s.made_at AS begun_at, \
     s.seen_at, s.second_at, s.tries, s.ended_at, f.* FROM session s \
     JOIN staff f ON f.id = s.staff WHERE s.key = $1";

pub(super) const SEE_SESSION: &str =
    "UPDATE session SET seen_at = $2 WHERE key = $1 AND ended_at IS NULL AND seen_at < $2";

pub(super) const END_SESSION: &str =
    "UPDATE session SET ended_at = $2 WHERE key = $1 AND ended_at IS NULL";

pub(super) const PRESS: &str = "INSERT INTO form_press (key, pressed_at) VALUES ($1, $2) \
     ON CONFLICT (key) DO UPDATE SET pressed_at = $2 \
     WHERE form_press.answered_at IS NULL AND form_press.pressed_at < $3";

pub(super) const PRESS_ANSWER: &str = "SELECT answer FROM form_press WHERE key = $1";

pub(super) const ANSWER_PRESS: &str = "UPDATE form_press SET answered_at = $3, answer = $2 \
     WHERE key = $1 AND answered_at IS NULL";

pub(super) const FORGET_PRESS: &str =
    "DELETE FROM form_press WHERE key = $1 AND answered_at IS NULL";

#[derive(FromRow)]
pub(super) struct SessionRecord {
    key: Vec<u8>,
    opened_on: i64,
    begun_at: i64,
    seen_at: i64,
    second_at: Option<i64>,
    tries: i64,
    ended_at: Option<i64>,
    #[sqlx(flatten)]
    staff: StaffRecord,
}

impl SessionRecord {
    pub(super) fn rows(self) -> Result<(SessionRow, StaffRow)> {
        let staff = self.staff.row()?;
        let session = SessionRow {
            key: token16(&self.key, "key")?,
            staff: staff.id,
            revision: self.opened_on,
            made_at: Timestamp(self.begun_at),
            seen_at: Timestamp(self.seen_at),
            second_at: self.second_at.map(Timestamp),
            tries: self.tries,
            ended_at: self.ended_at.map(Timestamp),
        };
        Ok((session, staff))
    }
}
