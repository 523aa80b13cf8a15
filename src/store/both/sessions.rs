use super::staff::{codes_left, stands};
use super::{Connection, Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::staff::Failures;
use crate::domain::{StaffId, Timestamp};
use crate::store::error::Result;
use crate::store::rows::Token16;
use crate::store::sessions::*;
use crate::store::staff::StaffRow;
use async_trait::async_trait;

const FAILURES: &str = failures!(lock!());
/// What is taken away, how old in seconds.
const OLD: [(&str, i64); 3] = [
    (forget_old!("sign_in_failure", "last_at", lock_others!()), FAILURES_KEPT_FOR),
    (forget_old!("session", "made_at", lock_others!()), KEPT_FOR),
    (forget_old!("form_press", "pressed_at", lock_others!()), KEPT_FOR),
];

/// Writes a session.
pub(super) async fn add(db: &mut Connection, session: &SessionRow) -> Result<()> {
    let query = sqlx::query(ADD_SESSION).bind(session.key.as_slice()).bind(session.staff.0);
    let query = query.bind(session.revision).bind(session.made_at.0).bind(session.seen_at.0);
    let query = query.bind(session.second_at.map(|at| at.0)).bind(session.tries);
    query.bind(session.ended_at.map(|at| at.0)).execute(db).await?;
    Ok(())
}

/// Takes one failure from each, in the order of whoever counts.
pub(super) async fn uncount(db: &mut Connection, keys: &[Token16]) -> Result<()> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    for key in keys {
        sqlx::query(UNCOUNT).bind(key.as_slice()).execute(&mut *db).await?;
    }
    Ok(())
}

/// Uses a proof up; false where it was used.
async fn take(db: &mut Connection, staff: StaffId, proof: Proof, now: Timestamp) -> Result<bool> {
    let query = match &proof {
        Proof::Step(step) => sqlx::query(TAKE_STEP).bind(staff.0).bind(*step),
        Proof::Code(code) => sqlx::query(TAKE_CODE).bind(staff.0).bind(code.as_slice()).bind(now.0),
    };
    Ok(query.execute(db).await?.rows_affected() > 0)
}

/// One failure more under a key, and until when it waits by what was counted before.
async fn one_more(
    db: &mut Connection,
    one: Try,
    now: Timestamp,
) -> Result<(Failures, Option<Timestamp>)> {
    let key = one.key.as_slice();
    sqlx::query(NOTE_TRY).bind(key).bind(now.0).execute(&mut *db).await?;
    let query = sqlx::query_as(FAILURES).bind(key);
    let (count, last_at, until): (i64, i64, i64) = query.fetch_one(&mut *db).await?;
    let failures = Failures::one_more(count, (now.0 - last_at) / 1_000_000, one.free);
    let query = sqlx::query(COUNT_TRY).bind(key).bind(failures.count).bind(now.0);
    query.bind(now.plus_seconds(failures.wait()).0).execute(db).await?;
    Ok((failures, still_waits(until, now)))
}

#[async_trait]
impl SessionStore for Own {
    async fn waits(&self, keys: &[Token16], now: Timestamp) -> Result<Option<Timestamp>> {
        let mut wait = None;
        for key in keys {
            let query = sqlx::query_scalar(WAIT).bind(key.as_slice());
            let until: Option<i64> = query.fetch_optional(&self.readers).await?;
            wait = wait.max(until.and_then(|until| still_waits(until, now)));
        }
        Ok(wait)
    }

    async fn try_sign_in(&self, trying: Trying<'_>, now: Timestamp) -> Result<Tried> {
        // In one order, so that no two wait for each other.
        let mut order: Vec<usize> = (0..trying.tries.len()).collect();
        order.sort_by_key(|at| trying.tries[*at].key);
        let mut tx = self.begin_writing().await?;
        if let Some((half, most)) = trying.half {
            let query = sqlx::query(TRY_HALF).bind(half.as_slice()).bind(most);
            if query.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(Tried::Over);
            }
        }
        let (mut counted, mut wait) = (Vec::new(), None);
        for at in order {
            let (failures, until) = one_more(&mut tx, trying.tries[at], now).await?;
            counted.push((at, failures));
            wait = wait.max(until);
        }
        if let Some(until) = wait {
            return Ok(Tried::Wait(until));
        }
        counted.sort_by_key(|(at, _)| *at);
        let failures: Vec<Failures> = counted.into_iter().map(|(_, failures)| failures).collect();
        let events = (trying.tell)(&failures);
        if !events.is_empty() {
            append(&mut tx, self.chains()?, ChainName::Desk, now, &events).await?;
        }
        tx.commit().await?;
        let longest = failures.iter().map(|one| one.wait()).max().unwrap_or_default();
        Ok(Tried::Counted(now.plus_seconds(longest)))
    }

    async fn uncount(&self, keys: &[Token16]) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        uncount(&mut tx, keys).await?;
        Ok(tx.commit().await?)
    }

    async fn open_session(
        &self,
        session: &SessionRow,
        uncounted: &[Token16],
        event: Event,
    ) -> Result<bool> {
        let now = session.made_at;
        let mut tx = self.begin_writing().await?;
        if !stands(&mut tx, session.staff, session.revision).await? {
            return Ok(false);
        }
        let query = sqlx::query(END_HALVES).bind(session.staff.0).bind(now.0);
        query.bind(now.plus_seconds(-PRESSED_TWICE).0).execute(&mut *tx).await?;
        add(&mut tx, session).await?;
        uncount(&mut tx, uncounted).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn complete_session(&self, done: Completed<'_>) -> Result<Option<i64>> {
        let (now, staff) = (done.session.made_at, done.session.staff);
        let mut tx = self.begin_writing().await?;
        if !stands(&mut tx, staff, done.session.revision).await?
            || !take(&mut tx, staff, done.proof, now).await?
        {
            return Ok(None);
        }
        let query = sqlx::query(END_HALF).bind(done.before.as_slice()).bind(now.0);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(None);
        }
        add(&mut tx, done.session).await?;
        let left = codes_left(&mut tx, staff).await?;
        uncount(&mut tx, done.uncounted).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, now, done.events).await?;
        tx.commit().await?;
        Ok(Some(left))
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

    async fn press(&self, key: Token16, now: Timestamp, lost: Timestamp) -> Result<Pressed> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(PRESS).bind(key.as_slice()).bind(now.0).bind(lost.0);
        let is_first = query.execute(&mut *tx).await?.rows_affected() > 0;
        if is_first {
            tx.commit().await?;
            return Ok(Pressed::First);
        }
        let query = sqlx::query_scalar(PRESS_ANSWER).bind(key.as_slice());
        let answer: Option<Option<Vec<u8>>> = query.fetch_optional(&mut *tx).await?;
        Ok(answer.flatten().map_or(Pressed::Underway, Pressed::Answered))
    }

    async fn answer_press(&self, key: Token16, answer: &[u8], now: Timestamp) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(ANSWER_PRESS).bind(key.as_slice()).bind(answer).bind(now.0);
        query.execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn forget_press(&self, key: Token16) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        sqlx::query(FORGET_PRESS).bind(key.as_slice()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn tidy_sign_ins(&self, now: Timestamp, limit: usize) -> Result<u64> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut most = 0;
        for (statement, age) in OLD {
            let mut tx = self.begin_writing().await?;
            let query = sqlx::query(statement).bind(now.plus_seconds(-age).0).bind(limit);
            most = most.max(query.execute(&mut *tx).await?.rows_affected());
            tx.commit().await?;
        }
        Ok(most)
    }
}
