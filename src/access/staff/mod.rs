//! People who sign in: a password, a second step, and the session that they open.
//!
//! Whether an account exists is never told: an unknown name takes as long, waits as long and is
//! answered with the same words. Nobody can keep a colleague out: see `tries.rs`, `turns.rs` and
//! `initial.rs`.
//!
//! A page asks a [`StaffDesk`], after `same_origin` of `access/origin.rs` has passed the request:
//!
//! 1. [`StaffDesk::sign_in`] with a name and a password: a token for the next step, or a refusal.
//! 2. [`StaffDesk::half`] says which step that is and gives its forms their token.
//!    [`StaffDesk::set_up_page`] and [`StaffDesk::set_up`] where the password was given out,
//!    [`StaffDesk::second_step`] otherwise. Either gives a new token, and the cookie with marks.
//! 3. [`StaffDesk::session`] says for each page who it is; [`StaffDesk::peek`] for what a page asks
//!    for by itself. Each form carries `csrf`, and [`Session::is_csrf`] says whether one is taken;
//!    [`StaffDesk::once`] where it does something once. After the set-up [`StaffDesk::holder`]
//!    still knows the forms of the session before.
//! 4. [`StaffDesk::sign_out`], [`StaffDesk::end_sessions`], [`StaffDesk::new_codes`].
//!
//! Whoever presses twice gets the first answer: a session's token follows from the one before and
//! what was given (`tokens.rs`), and so do the codes of the list.

mod accounts;
mod app_codes;
mod forms;
mod initial;
mod list_codes;
mod marks;
mod password;
mod record;
mod sessions;
mod setting_up;
mod signing;
mod tokens;
mod tries;
mod turns;

pub use accounts::{Account, AccountFault, By, InitialPassword, NewAccount};
pub use app_codes::AppSecret;
pub use forms::{Holder, Once};
pub use list_codes::LISTED;
pub use password::{Weak, check as check_password};
pub use sessions::{Half, Session, SessionLimits};
pub use setting_up::{NewCodes, SetUp, SetUpPage};
pub use signing::{Refused, SignedIn, Step, Stepped};
pub use tokens::SessionToken;

use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{SessionRow, StaffRow, Store, StoreError, Token16};
use marks::Mark;
use std::net::IpAddr;
use std::sync::Arc;
use turns::{Line, Turns};

type Result<T> = std::result::Result<T, StoreError>;

/// Where a sign-in comes from.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The person's own address, also behind a proxy (`access/origin.rs`).
    pub address: IpAddr,
    /// The cookie that was given to this browser to keep for a year.
    pub marks: Option<&'a str>,
}

/// Who may sign in, and who has.
#[derive(Clone)]
pub struct StaffDesk {
    store: Arc<dyn Store>,
    ring: KeyRing,
    env: Arc<dyn Env>,
    turns: Turns,
    limits: SessionLimits,
}

impl StaffDesk {
    pub fn new(
        store: Arc<dyn Store>,
        ring: KeyRing,
        env: Arc<dyn Env>,
        limits: SessionLimits,
    ) -> Self {
        StaffDesk { store, ring, env, turns: Turns::default(), limits }
    }

    /// Does it at its turn, and to its end also when nobody stays to hear: what was counted before
    /// it was looked at does not stay counted by that. `None` at once where too many wait.
    async fn in_turn<T, F>(
        &self,
        line: Line,
        work: impl FnOnce(StaffDesk) -> F,
    ) -> Result<Option<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let Some(turn) = self.turns.take(line).await else { return Ok(None) };
        let work = work(self.clone());
        let done = to_its_end(async move {
            let done = work.await;
            drop(turn);
            done
        });
        done.await.map(Some)
    }

    /// The mark of this account's holder in this browser.
    fn mark(&self, row: Option<&StaffRow>, from: Caller<'_>) -> Option<Mark> {
        Mark::find(&self.ring, row?, from.marks?, self.env.now())
    }

    /// A session on an account as it is, that begins when it says.
    fn begun(&self, token: &SessionToken, row: &StaffRow, done: bool) -> SessionRow {
        let now = self.env.now();
        SessionRow {
            key: token.key(&self.ring),
            staff: row.id,
            revision: row.revision,
            made_at: now,
            seen_at: now,
            second_at: done.then_some(now),
            tries: 0,
            ended_at: None,
        }
    }

    /// The blind token of a name, however it is typed.
    fn sign_in_token(&self, name: &str) -> Token16 {
        self.ring.token16("sign-in", "", record::folded(name).as_bytes())
    }
}

/// Runs it to its end, also when nobody stays to hear.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
