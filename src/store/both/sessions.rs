use super::{Connection, Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::staff::{Failures, LOCKED_FOR};
use crate::domain::{StaffId, Timestamp};
use crate::store::error::Result;
use crate::store::rows::Token16;
use crate::store::sessions::*;
use crate::store::staff::StaffRow;
use async_trait::async_trait;

const FAILURES: &str = failures!(lock!());
const FORGET_FAILURES: &str = forget_failures!(lock_others!());
const REVISION: &str = revision!(lock!());

/// Writes a session.
pub(super) async fn add(db: &mut Connection, session: &SessionRow) -> Result<()> {
    let query = sqlx::query(ADD_SESSION).bind(session.key.as_slice()).bind(session.staff.0);
    let query = query.bind(session.made_at.0).bind(session.seen_at.0);
    let query = query.bind(session.second_at.map(|at| at.0));
    query.bind(session.ended_at.map(|at| at.0)).execute(db).await?;
    Ok(())
}

/// Clears what is counted under one key, and takes one failure from each of the others.
async fn no_failures(
    db: &mut Connection,
    cleared: Option<Token16>,
    uncounted: &[Token16],
) -> Result<()> {
    let cleared = cleared.into_iter().map(|key| (key, FORGIVE));
    let mut all: Vec<_> = cleared.chain(uncounted.iter().map(|key| (*key, UNCOUNT))).collect();
    // In the order of whoever counts.
    all.sort_unstable();
    for (key, statement) in all {
        sqlx::query(statement).bind(key.as_slice()).execute(&mut *db).await?;
    }
    Ok(())
}

/// Whoever signs in takes away what nobody needs any more.
async fn tidy(db: &mut Connection, now: Timestamp) -> Result<()> {
    for (statement, age) in [
        (FORGET_FAILURES, FAILURES_KEPT_FOR),
        (FORGET_SESSIONS, KEPT_FOR),
        (FORGET_PRESSES, KEPT_FOR),
    ] {
        sqlx::query(statement).bind(now.plus_seconds(-age).0).execute(&mut *db).await?;
    }
    Ok(())
}

/// Uses a proof up; false where it was used, or the account is not active.
async fn take(db: &mut Connection, staff: StaffId, proof: Proof, now: Timestamp) -> Result<bool> {
    let query = match &proof {
        Proof::Step(step) => sqlx::query(TAKE_STEP).bind(staff.0).bind(*step),
        Proof::Code(code) => sqlx::query(TAKE_CODE).bind(staff.0).bind(code.as_slice()).bind(now.0),
    };
    Ok(query.execute(db).await?.rows_affected() > 0)
}

#[async_trait]
impl SessionStore for Own {
    async fn try_sign_in(&self, tries: &[Try], now: Timestamp) -> Result<Tried> {
        // In one order, so that no two wait for each other.
        let mut tries = tries.to_vec();
        tries.sort_by_key(|one| one.key);
        let mut tx = self.begin_writing().await?;
        let (mut counts, mut wait) = (Vec::new(), None);
        for Try { key, free } in &tries {
            sqlx::query(NOTE_TRY).bind(key.as_slice()).bind(now.0).execute(&mut *tx).await?;
            let query = sqlx::query_as(FAILURES).bind(key.as_slice());
            let (count, last_at, until): (i64, i64, i64) = query.fetch_one(&mut *tx).await?;
            let seconds = (now.0 - last_at) / 1_000_000;
            counts.push((key, Failures::one_more(count, seconds, *free)));
            // Further ahead was written by a clock that was wrong.
            let longest = now.plus_seconds(LOCKED_FOR).0;
            wait = wait.max(Some(until).filter(|until| (now.0 + 1..=longest).contains(until)));
        }
        if let Some(until) = wait {
            return Ok(Tried::Wait(Timestamp(until)));
        }
        let mut free_at = now;
        for (key, failures) in &counts {
            let until = now.plus_seconds(failures.wait());
            free_at = free_at.max(until);
            let query = sqlx::query(COUNT_TRY).bind(key.as_slice()).bind(failures.count);
            query.bind(now.0).bind(until.0).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        let locks = counts.iter().any(|(_, failures)| failures.locks());
        Ok(Tried::Counted { free_at, locks })
    }

    async fn forgive(&self, key: Token16) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        sqlx::query(FORGIVE).bind(key.as_slice()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn open_session(
        &self,
        session: &SessionRow,
        of: &StaffRow,
        uncounted: &[Token16],
        event: Event,
    ) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query_scalar(REVISION).bind(of.id.0);
        let revision: Option<i64> = query.fetch_optional(&mut *tx).await?;
        if revision != Some(of.revision) {
            return Ok(false);
        }
        no_failures(&mut tx, None, uncounted).await?;
        add(&mut tx, session).await?;
        tidy(&mut tx, session.made_at).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, session.made_at, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn complete_session(&self, done: Completed<'_>) -> Result<bool> {
        let now = done.session.made_at;
        let mut tx = self.begin_writing().await?;
        // The account before its sessions, as whoever changes it does.
        if !take(&mut tx, done.session.staff, done.proof, now).await? {
            return Ok(false);
        }
        let query = sqlx::query(END_HALF).bind(done.before.as_slice()).bind(now.0);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        add(&mut tx, done.session).await?;
        no_failures(&mut tx, Some(done.cleared), done.uncounted).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, now, done.events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn session(&self, key: SessionKey) -> Result<Option<(SessionRow, StaffRow)>> {
        let query = sqlx::query_as(SESSION).bind(key.as_slice());
        let record: Option<SessionRecord> = query.fetch_optional(&self.readers).await?;
        record.map(SessionRecord::rows).transpose()
    }

    async fn see_session(&self, key: SessionKey, now: Timestamp) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        sqlx::query(SEE_SESSION).bind(key.as_slice()).bind(now.0).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn end_session(&self, key: SessionKey, event: Event, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(END_SESSION).bind(key.as_slice()).bind(now.0);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn end_sessions(&self, staff: StaffId, event: Event, now: Timestamp) -> Result<u64> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(END_SESSIONS).bind(staff.0).bind(now.0);
        let ended = query.execute(&mut *tx).await?.rows_affected();
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn press(&self, key: Token16, now: Timestamp, lost: Timestamp) -> Result<Pressed> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(PRESS).bind(key.as_slice()).bind(now.0).bind(lost.0);
        let is_first = query.execute(&mut *tx).await?.rows_affected() > 0;
        if is_first {
            tx.commit().await?;
            return Ok(Pressed::First);
        }
        let query = sqlx::query_scalar(PRESS_ANSWER).bind(key.as_slice());
        let answer: Option<Vec<u8>> = query.fetch_one(&mut *tx).await?;
        Ok(answer.map_or(Pressed::Underway, Pressed::Answered))
    }

    async fn answer_press(&self, key: Token16, answer: &[u8], now: Timestamp) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(ANSWER_PRESS).bind(key.as_slice()).bind(answer).bind(now.0);
        query.execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}
