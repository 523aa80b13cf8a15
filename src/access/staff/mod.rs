//! People who sign in: a password, a second step, and the session that they open.
//!
//! Whether an account exists is never told: an unknown name takes as long, waits as long and is
//! answered with the same words. Nobody can keep a colleague out: what is guessed at their name
//! from elsewhere never holds up a browser with which they have signed in, and no wait is longer
//! than a quarter of an hour.

mod accounts;
mod app_codes;
mod forms;
mod list_codes;
mod password;
mod record;
mod tokens;

pub use accounts::{Account, AccountFault, InitialPassword, NewAccount, SetUp, SetUpPage};
pub use app_codes::AppSecret;
pub use forms::{Sending, Sent};
pub use list_codes::LISTED;
pub use password::{Weak, check as check_password};
pub use tokens::SessionToken;

use crate::domain::staff::{SecondStep, StaffState};
use crate::domain::time::Env;
use crate::domain::{Post, StaffId, Timestamp};
use crate::store::keys::KeyRing;
use crate::store::{
    ChainName, Completed, Event, Proof, SessionKey, SessionRow, StaffRow, Store, StoreError,
    Token16, Tried, Try,
};
use password::Passwords;
use record::Record;
use std::net::IpAddr;
use std::sync::Arc;
use tokens::Device;

type Result<T> = std::result::Result<T, StoreError>;

/// Failures that an address has free: it may be a whole school's.
const FREE_OF_AN_ADDRESS: i64 = 20;

/// A session is noted as seen when it was not for so long, in seconds: a page is no write.
const SEEN_AGAIN_AFTER: i64 = 60;

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a page.
    pub idle: i64,
    /// From signing in, whatever is done.
    pub absolute: i64,
}

impl Default for SessionLimits {
    fn default() -> Self {
        SessionLimits { idle: 30 * 60, absolute: 12 * 3_600 }
    }
}

/// Where a sign-in comes from.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The person's own address, also behind a proxy.
    pub address: IpAddr,
    /// What [`Stepped::Done`] gave this browser to keep.
    pub device: Option<&'a str>,
}

/// What comes after the right password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To choose a password and a second step.
    SetUp,
    Second(SecondStep),
}

/// The answer to a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The token opens nothing but the next step.
    Next {
        token: SessionToken,
        step: Step,
    },
    Refused(Refused),
}

/// The answer to a second step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// Signed in, under a new token. `device` is for this browser to keep for a year.
    Done {
        token: SessionToken,
        device: String,
        codes_left: i64,
    },
    Refused(Refused),
    /// The password was given too long ago, or not at all: begin again.
    Over,
}

/// Not this time. It never says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Nothing is looked at before then.
    pub until: Option<Timestamp>,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Session {
    key: SessionKey,
    pub staff: StaffId,
    pub post: Post,
    /// As their colleagues call them.
    pub name: String,
    /// What each of its forms carries.
    pub csrf: String,
    pub signed_in_at: Timestamp,
    /// When it ends unless a page is asked for before.
    pub ends_at: Timestamp,
}

impl Session {
    /// Whether a form comes from a page of this session.
    pub fn is_csrf(&self, given: &str) -> bool {
        tokens::same(self.csrf.as_bytes(), given.as_bytes())
    }
}

/// Who may sign in, and who has.
pub struct StaffDesk {
    store: Arc<dyn Store>,
    ring: KeyRing,
    env: Arc<dyn Env>,
    passwords: Passwords,
    limits: SessionLimits,
}

/// The tries of a caller at an account: what is counted, and what is counted of the account.
struct Tries {
    all: Vec<Try>,
    device: Option<Device>,
}

impl Tries {
    fn keys(&self) -> Vec<Token16> {
        self.all.iter().map(|one| one.key).collect()
    }
}

impl StaffDesk {
    pub fn new(
        store: Arc<dyn Store>,
        ring: KeyRing,
        env: Arc<dyn Env>,
        limits: SessionLimits,
    ) -> Self {
        StaffDesk { store, ring, env, passwords: Passwords::default(), limits }
    }

    /// Somebody gives a name and a password.
    pub async fn sign_in(&self, name: &str, password: &str, from: Caller<'_>) -> Result<SignedIn> {
        let now = self.env.now();
        let sign_in = self.sign_in_token(name);
        let tries = self.tries(sign_in, from);
        let (free_at, locks) = match self.store.try_sign_in(&tries.all, now).await? {
            Tried::Wait(until) => return Ok(SignedIn::Refused(Refused { until: Some(until) })),
            Tried::Counted { free_at, locks } => (free_at, locks),
        };
        let row = self.store.staff_named(sign_in).await?;
        let record = row.as_ref().map(|row| Record::open(&self.ring, row)).transpose()?;
        let kept = record.as_ref().map(|record| &record.password);
        let fits = self.passwords.fits(password, kept).await;
        let now = self.env.now();
        let id = row.as_ref().map(|row| row.id);
        let Some((row, step)) = row.filter(|_| fits).and_then(|row| next_step(row, now)) else {
            self.note_failure("sign-in.failed", id, locks, now).await?;
            return Ok(SignedIn::Refused(refused(free_at, now)));
        };
        let token = SessionToken::draw(self.env.as_ref());
        let session = begun(&token, row.id, None, now);
        let event = Event::new("sign-in.begun", &row.id.to_string());
        if !self.store.open_session(&session, &row, &tries.keys(), event).await? {
            return Ok(SignedIn::Refused(refused(free_at, now)));
        }
        Ok(SignedIn::Next { token, step })
    }

    /// Somebody gives a code of their app or of their list.
    pub async fn second_step(
        &self,
        token: &SessionToken,
        code: &str,
        from: Caller<'_>,
    ) -> Result<Stepped> {
        let now = self.env.now();
        let half = self.half(token, now).await?;
        let Some(row) = half.filter(|row| row.state == StaffState::Active) else {
            return Ok(Stepped::Over);
        };
        let tries = self.tries(row.sign_in, from);
        let (free_at, locks) = match self.store.try_sign_in(&tries.all, now).await? {
            Tried::Wait(until) => return Ok(Stepped::Refused(Refused { until: Some(until) })),
            Tried::Counted { free_at, locks } => (free_at, locks),
        };
        if let Some(proof) = self.proof(&row, code, now)?
            && let Some(new) = self.complete(token, &row, proof, &tries, now).await?
        {
            let device = tries.device.unwrap_or_else(|| Device::draw(self.env.as_ref()));
            let device = device.text(&self.ring, row.sign_in);
            let codes_left = self.store.codes_left(row.id).await?;
            return Ok(Stepped::Done { token: new, device, codes_left });
        }
        self.note_failure("second-step.failed", Some(row.id), locks, now).await?;
        Ok(Stepped::Refused(refused(free_at, now)))
    }

    /// What comes next where the password was right and the second step is due.
    pub async fn step(&self, token: &SessionToken) -> Result<Option<Step>> {
        let now = self.env.now();
        let row = self.half(token, now).await?;
        Ok(row.and_then(|row| next_step(row, now)).map(|(_, step)| step))
    }

    /// Who is signed in with this token; nobody before the second step, and nobody after the
    /// session has ended.
    pub async fn session(&self, token: &SessionToken) -> Result<Option<Session>> {
        let now = self.env.now();
        let Some((session, row)) = self.store.session(token.key()).await? else { return Ok(None) };
        let ends_at = session.seen_at.plus_seconds(self.limits.idle);
        let ends_at = ends_at.min(session.made_at.plus_seconds(self.limits.absolute));
        let is_open = session.second_at.is_some()
            && session.ended_at.is_none()
            && row.state == StaffState::Active
            && now < ends_at;
        if !is_open {
            return Ok(None);
        }
        if session.seen_at.plus_seconds(SEEN_AGAIN_AFTER) <= now {
            self.store.see_session(session.key, now).await?;
        }
        let record = Record::open(&self.ring, &row)?;
        let last = session.made_at.plus_seconds(self.limits.absolute);
        Ok(Some(Session {
            key: session.key,
            staff: row.id,
            post: row.post,
            name: record.name,
            csrf: tokens::csrf(&self.ring, session.key),
            signed_in_at: session.made_at,
            ends_at: now.plus_seconds(self.limits.idle).min(last),
        }))
    }

    /// What a form between the two steps carries.
    pub fn csrf(&self, token: &SessionToken) -> String {
        tokens::csrf(&self.ring, token.key())
    }

    /// Whether it comes from a page that was shown to whoever holds the token.
    pub fn is_csrf(&self, token: &SessionToken, given: &str) -> bool {
        tokens::same(self.csrf(token).as_bytes(), given.as_bytes())
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<()> {
        let event = Event::new("session.ended", &session.staff.to_string());
        self.store.end_session(session.key, event, self.env.now()).await.map(drop)
    }

    /// Ends all sessions of somebody; how many. `by` is a staff id, or `command-line`.
    pub async fn end_sessions(&self, staff: StaffId, by: &str) -> Result<u64> {
        let event = Event::new("sessions.ended", by).detail(staff.to_string());
        self.store.end_sessions(staff, event, self.env.now()).await
    }

    /// The account that waits for its second step under this token.
    async fn half(&self, token: &SessionToken, now: Timestamp) -> Result<Option<StaffRow>> {
        let found = self.store.session(token.key()).await?;
        let waits = found.filter(|(session, _)| {
            session.second_at.is_none()
                && session.ended_at.is_none()
                && now < session.made_at.plus_seconds(self.limits.idle)
        });
        Ok(waits.map(|(_, row)| row))
    }

    /// What a code may prove; the store says whether it still does.
    fn proof(&self, row: &StaffRow, code: &str, now: Timestamp) -> Result<Option<Proof>> {
        let code = list_codes::plain(code);
        if list_codes::has_form(&code) {
            return Ok(Some(Proof::Code(list_codes::token(&self.ring, row.id, &code))));
        }
        let app = Record::open(&self.ring, row)?.app;
        let step = app.and_then(|secret| app_codes::step_of(&secret, &code, now));
        Ok(step.map(Proof::Step))
    }

    /// Opens the session in which everything may be done; `None` where the proof was used before.
    async fn complete(
        &self,
        before: &SessionToken,
        row: &StaffRow,
        proof: Proof,
        tries: &Tries,
        now: Timestamp,
    ) -> Result<Option<SessionToken>> {
        let token = SessionToken::draw(self.env.as_ref());
        let actor = row.id.to_string();
        let event = |kind: &str| Event::new(kind, &actor);
        let events = match proof {
            Proof::Step(_) => vec![event("sign-in.completed").detail("app")],
            Proof::Code(_) => vec![event("sign-in.completed").detail("list"), event("code.used")],
        };
        let (cleared, uncounted) = match tries.keys().as_slice() {
            [of_account, others @ ..] => (*of_account, others.to_vec()),
            [] => return Ok(None),
        };
        let done = Completed {
            before: before.key(),
            proof,
            session: &begun(&token, row.id, Some(now), now),
            cleared,
            uncounted: &uncounted,
            events: &events,
        };
        Ok(self.store.complete_session(done).await?.then_some(token))
    }

    /// Under what tries are counted: of a browser that is known for this name alone, of any other
    /// by the name and by where it comes from.
    fn tries(&self, sign_in: Token16, from: Caller<'_>) -> Tries {
        let known = from.device.and_then(|text| Device::presented(&self.ring, sign_in, text));
        if let Some(device) = known {
            let own = Try { key: device.key(&self.ring), free: 0 };
            return Tries { all: vec![own], device: Some(device) };
        }
        let place = self.ring.token16("try-address", "", &network(from.address));
        let name = Try { key: self.name_key(sign_in), free: 0 };
        Tries { all: vec![name, Try { key: place, free: FREE_OF_AN_ADDRESS }], device: None }
    }

    fn name_key(&self, sign_in: Token16) -> Token16 {
        self.ring.token16("try-name", "", &sign_in)
    }

    /// Notes a failure, and that it locked; of a name that nobody has as well, without the name.
    async fn note_failure(
        &self,
        kind: &str,
        of: Option<StaffId>,
        locks: bool,
        now: Timestamp,
    ) -> Result<()> {
        let actor = of.map_or("unknown".to_owned(), |id| id.to_string());
        let locked = locks.then(|| Event::new("sign-in.locked", &actor));
        let events: Vec<Event> = [Event::new(kind, &actor)].into_iter().chain(locked).collect();
        self.store.record(ChainName::Desk, events, now).await
    }

    /// The blind token of a name, however it is typed.
    fn sign_in_token(&self, name: &str) -> Token16 {
        self.ring.token16("sign-in", "", record::folded(name).as_bytes())
    }
}

/// What comes after the password of an account; nothing where the account does not open.
fn next_step(row: StaffRow, now: Timestamp) -> Option<(StaffRow, Step)> {
    let step = match row.state {
        StaffState::New if row.initial_until.is_some_and(|until| now < until) => Step::SetUp,
        StaffState::Active => Step::Second(row.post.role().second_step()),
        StaffState::New | StaffState::Disabled => return None,
    };
    Some((row, step))
}

fn refused(free_at: Timestamp, now: Timestamp) -> Refused {
    Refused { until: Some(free_at).filter(|until| *until > now) }
}

/// A session that begins now.
fn begun(
    token: &SessionToken,
    staff: StaffId,
    second_at: Option<Timestamp>,
    now: Timestamp,
) -> SessionRow {
    SessionRow { key: token.key(), staff, made_at: now, seen_at: now, second_at, ended_at: None }
}

/// What one household or office has of an address: of IPv6 the first half.
fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    }
}
