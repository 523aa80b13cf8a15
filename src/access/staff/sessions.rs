//! Sessions, as they are looked up for each page.

use super::forms::Holder;
use super::record::Record;
use super::signing::{TRIES, next_step};
use super::{Result, SessionToken, StaffDesk, Step};
use crate::domain::staff::{CLOCKS_APART, StaffState};
use crate::domain::{Post, StaffId, Timestamp};
use crate::store::{Event, SessionKey, SessionRow, StaffRow};

/// A session is noted as seen when it was not for so long, in seconds, or for a tenth of the time
/// after which it is left alone: a page is no write.
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

impl SessionLimits {
    /// When a session ends unless its holder is seen again before.
    fn end_of(self, session: &SessionRow) -> Timestamp {
        let left_alone = session.seen_at.plus_seconds(self.idle);
        left_alone.min(session.made_at.plus_seconds(self.absolute))
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Session {
    key: SessionKey,
    /// Whose forms its pages show.
    pub holder: Holder,
    /// What each form of this page carries.
    pub csrf: String,
    pub staff: StaffId,
    pub post: Post,
    /// As their colleagues call them.
    pub name: String,
    /// How they are known at the sign-in.
    pub sign_in: String,
    pub signed_in_at: Timestamp,
    /// When it ends unless a page is asked for before.
    pub ends_at: Timestamp,
}

impl Session {
    /// Whether a form comes from a page of this session.
    pub fn is_csrf(&self, given: &str) -> bool {
        self.holder.is_form(given)
    }
}

/// Somebody who gave the right password, and no more yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Half {
    pub holder: Holder,
    /// What each form of this page carries.
    pub csrf: String,
    pub step: Step,
}

impl StaffDesk {
    /// Who is signed in with this token, for a page that they asked for; nobody before the second
    /// step, and nobody after the session has ended.
    pub async fn session(&self, token: &SessionToken) -> Result<Option<Session>> {
        self.look_up(token, true).await
    }

    /// The same for what a page asks for by itself: the session lasts no longer by it.
    pub async fn peek(&self, token: &SessionToken) -> Result<Option<Session>> {
        self.look_up(token, false).await
    }

    async fn look_up(&self, token: &SessionToken, seen: bool) -> Result<Option<Session>> {
        let Some((mut session, row)) = self.open(token).await? else { return Ok(None) };
        let now = self.env.now();
        let again_after = SEEN_AGAIN_AFTER.min(self.limits.idle / 10);
        if seen && session.seen_at.plus_seconds(again_after) <= now {
            self.store.see_session(session.key, now).await?;
            session.seen_at = now;
        }
        let Record { name, sign_in, .. } = Record::open(&self.ring, &row)?;
        let holder = Holder::of(&self.ring, session.key);
        Ok(Some(Session {
            key: session.key,
            csrf: holder.form(self.env.as_ref()),
            holder,
            staff: row.id,
            post: row.post,
            name,
            sign_in,
            signed_in_at: session.made_at,
            ends_at: self.limits.end_of(&session),
        }))
    }

    /// What comes next where the password was right and nothing else was done.
    pub async fn half(&self, token: &SessionToken) -> Result<Option<Half>> {
        let row = self.waiting(token).await?;
        let step = row.and_then(|row| next_step(&row, self.env.now()));
        let holder = self.holder(token);
        Ok(step.map(|step| Half { csrf: holder.form(self.env.as_ref()), holder, step }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<()> {
        let event = Event::new("session.ended", &session.staff.to_string());
        self.store.end_session(session.key, event, self.env.now()).await.map(drop)
    }

    /// Takes away what nobody needs any more, at most so many of each kind; how many of the kind
    /// that had most.
    pub async fn tidy(&self, limit: usize) -> Result<u64> {
        self.store.tidy_sign_ins(self.env.now(), limit).await
    }

    /// A session in which both steps were done, that goes on.
    pub(super) async fn open(
        &self,
        token: &SessionToken,
    ) -> Result<Option<(SessionRow, StaffRow)>> {
        let found = self.stands(token).await?;
        Ok(found.filter(|(session, row)| {
            session.second_at.is_some()
                && row.state == StaffState::Active
                && self.env.now() < self.limits.end_of(session)
        }))
    }

    /// The account that waits for its next step under this token.
    pub(super) async fn waiting(&self, token: &SessionToken) -> Result<Option<StaffRow>> {
        let found = self.stands(token).await?;
        let waits = found.filter(|(session, _)| {
            session.second_at.is_none()
                && session.tries < TRIES
                && self.env.now() < session.made_at.plus_seconds(self.limits.idle)
        });
        Ok(waits.map(|(_, row)| row))
    }

    /// Whose session was opened under this token within the time that one between two steps has:
    /// an answer that was lost is given again for so long.
    pub(super) async fn just_entered(&self, token: &SessionToken) -> Result<Option<StaffRow>> {
        let open = self.open(token).await?;
        let just = open
            .filter(|(session, _)| self.env.now() < session.made_at.plus_seconds(self.limits.idle));
        Ok(just.map(|(_, row)| row))
    }

    /// A session that has not ended, on an account that was not changed since. One that begins in
    /// the future was begun by a clock that was wrong.
    async fn stands(&self, token: &SessionToken) -> Result<Option<(SessionRow, StaffRow)>> {
        let found = self.store.session(token.key(&self.ring)).await?;
        let latest = self.env.now().plus_seconds(CLOCKS_APART);
        Ok(found.filter(|(session, row)| {
            session.ended_at.is_none()
                && session.revision == row.revision
                && session.made_at <= latest
        }))
    }
}
