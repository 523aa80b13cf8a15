use super::{Connection, Own};
use crate::domain::{AgencyId, DestinationId, PersonId, Reference, ReferralId, Timestamp};
use crate::store::error::Result;
use crate::store::follow::*;
use crate::store::records::{read_all, reference};
use crate::store::ticks::*;
use crate::store::written::AWAITED;
use async_trait::async_trait;

/// Ends clocks, and takes away those that begin anew. What a batch starts is written after it.
pub(super) async fn end(db: &mut Connection, rows: &FollowRows) -> Result<()> {
    for one in &rows.ended {
        let query = sqlx::query(END_CLOCK).bind(one.referral.0).bind(one.destination.as_str());
        let ended_at = one.waiting.is_empty().then_some(one.at.0);
        let query = query.bind(one.kind.as_str()).bind(ended_at).bind(one.waiting.bits());
        let (again, again_at) = (one.again.children.bits(), one.again.due_at.map(|at| at.0));
        let query = query.bind(again).bind(again_at);
        let ended = query.execute(&mut *db).await?.rows_affected();
        if ended == 0 || ended_at.is_none() || one.kind.as_str() != "respond" {
            continue;
        }
        let query = sqlx::query(NOT_OVERDUE).bind(one.referral.0).bind(one.destination.as_str());
        query.execute(&mut *db).await?;
    }
    for one in rows.clocks.iter().filter(|one| one.winding != Winding::Join) {
        let query = sqlx::query(FORGET_CLOCK).bind(one.referral.0).bind(one.destination.as_str());
        let query = query.bind(one.kind.as_str()).bind(one.winding == Winding::Anew);
        query.execute(&mut *db).await?;
    }
    Ok(())
}

/// Ends the clocks of a destination that an acknowledgement is all that is asked for.
pub(super) async fn acknowledged(
    db: &mut Connection,
    referral: ReferralId,
    destination: &DestinationId,
    now: Timestamp,
) -> Result<()> {
    let query = sqlx::query(ACKNOWLEDGED).bind(referral.0).bind(destination.as_str());
    if query.bind(now.0).execute(&mut *db).await?.rows_affected() > 0 {
        let query = sqlx::query(NOT_OVERDUE).bind(referral.0).bind(destination.as_str());
        query.execute(db).await?;
    }
    Ok(())
}

/// The clocks of a referral, as the lane reads them.
pub(super) async fn clocks_of(db: &mut Connection, of: ReferralId) -> Result<Vec<Clock>> {
    let clocks = sqlx::query_as(CLOCKS_OF).bind(of.0).fetch_all(db).await?;
    read_all(clocks, ClockRecord::row)
}

/// What was recorded of a referral, as the lane reads it.
pub(super) async fn outcomes_of(db: &mut Connection, of: ReferralId) -> Result<Vec<OutcomeRow>> {
    let outcomes = sqlx::query_as(OUTCOMES_OF).bind(of.0).fetch_all(db).await?;
    read_all(outcomes, OutcomeRecord::row)
}

/// Referrals whose written form an agency owes, and who waits for it.
pub(super) async fn awaited_forms(
    db: &mut Connection,
    agency: &AgencyId,
    person: PersonId,
) -> Result<Vec<(Reference, DestinationId)>> {
    let query = sqlx::query_as(AWAITED).bind(agency.as_str()).bind(person.0);
    let found: Vec<(String, String)> = query.fetch_all(db).await?;
    let read = |(call, to): (String, String)| Ok((reference(&call)?, DestinationId::new(&to)));
    found.into_iter().map(read).collect()
}

/// Moves on clocks whose time has come; others at work on the same take others.
pub(super) async fn run_down(
    db: &mut Connection,
    now: Timestamp,
    limit: usize,
    ticks: &dyn Ticks,
) -> Result<Vec<(Clock, Tick)>> {
    const LOCKED: &str = run_down!(lock_others!());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = sqlx::query_as(LOCKED).bind(now.0).bind(limit);
    let clocks = read_all(query.fetch_all(&mut *db).await?, ClockRecord::row)?;
    let mut ticked = Vec::with_capacity(clocks.len());
    for clock in clocks {
        let mut next = ticks.tick(&clock);
        if !next.notices.is_empty() {
            let told = sqlx::query_scalar(TOLD_OVERDUE).bind(clock.referral.0);
            let told = told.bind(clock.destination.as_str()).fetch_all(&mut *db).await?;
            not_told_yet(&mut next, &told);
        }
        let query = sqlx::query(TICK).bind(clock.referral.0).bind(clock.destination.as_str());
        let query = query.bind(clock.kind.as_str()).bind(next.stage.code()).bind(next.alerts);
        query.bind(next.next_at.0).execute(&mut *db).await?;
        ticked.push((clock, next));
    }
    Ok(ticked)
}

#[async_trait]
impl FollowStore for Own {
    async fn outcomes(&self, of: ReferralId) -> Result<Vec<OutcomeRow>> {
        let rows = sqlx::query_as(OUTCOMES_OF).bind(of.0).fetch_all(&self.readers).await?;
        read_all(rows, OutcomeRecord::row)
    }

    async fn outcomes_of(&self, all: &[ReferralId]) -> Result<Vec<OutcomeRow>> {
        Ok(by_time(read_all(self.outcome_records(all).await?, OutcomeRecord::row)?))
    }

    async fn clocks_of(&self, of: ReferralId) -> Result<Vec<Clock>> {
        let rows = sqlx::query_as(CLOCKS_OF).bind(of.0).fetch_all(&self.readers).await?;
        read_all(rows, ClockRecord::row)
    }

    async fn open_clocks(
        &self,
        destination: &DestinationId,
        place: Option<ClockPlace>,
        limit: usize,
    ) -> Result<Vec<Clock>> {
        let (due, referral, kind) = after(place);
        let query = sqlx::query_as(OPEN_CLOCKS).bind(destination.as_str()).bind(due);
        let query = query.bind(referral).bind(kind).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        read_all(query.fetch_all(&self.readers).await?, ClockRecord::row)
    }

    async fn ahead_of(&self, destination: &DestinationId, place: ClockPlace) -> Result<u64> {
        let (due, referral, kind) = after(Some(place));
        let query = sqlx::query_scalar(AHEAD_OF).bind(destination.as_str()).bind(due);
        let query = query.bind(referral).bind(kind).bind(AHEAD);
        let ahead: i64 = query.fetch_one(&self.readers).await?;
        Ok(u64::try_from(ahead).unwrap_or_default())
    }

    async fn was_sent(&self, any: &[ReferralId], destination: &DestinationId) -> Result<bool> {
        self.was_sent_one(any, destination).await
    }

    async fn ended_since(&self, destination: &DestinationId, since: Timestamp) -> Result<u64> {
        let query = sqlx::query_scalar(ENDED_SINCE).bind(destination.as_str()).bind(since.0);
        let ended: i64 = query.fetch_one(&self.readers).await?;
        Ok(u64::try_from(ended).unwrap_or_default())
    }
}
