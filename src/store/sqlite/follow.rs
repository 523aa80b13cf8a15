use super::SqliteStore;
use super::many;
use crate::domain::{AgencyId, DestinationId, PersonId, Reference, ReferralId, Timestamp};
use crate::store::error::Result;
use crate::store::follow::*;
use crate::store::records::{priority_code, read_all, reference};
use crate::store::ticks::*;
use crate::store::written::AWAITED;
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

/// Ends clocks, and takes away those that begin anew. What a batch starts is written after it.
async fn end(db: &mut SqliteConnection, rows: &FollowRows) -> Result<()> {
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

pub(super) async fn write(db: &mut SqliteConnection, rows: &FollowRows) -> Result<()> {
    end(db, rows).await?;
    outcomes(db, &rows.outcomes).await?;
    many::insert(
        db,
        "INSERT INTO clock (referral, destination, kind, purpose, priority, started_at, \
         amber_at, due_at, by_acknowledgement, children, next_at, stage, alerts)",
        &rows.folded(),
        join_clock!("max", "min"),
        |values, r| {
            values
                .push_bind(r.referral.0)
                .push_bind(r.destination.as_str())
                .push_bind(r.kind.as_str())
                .push_bind(r.purpose.as_str())
                .push_bind(priority_code(r.priority))
                .push_bind(r.started_at.0)
                .push_bind(r.amber_at.0)
                .push_bind(r.due_at.0)
                .push_bind(r.by_acknowledgement)
                .push_bind(r.children.bits())
                .push_bind(r.amber_at.0)
                .push_bind(0)
                .push_bind(0);
        },
    )
    .await
}

async fn outcomes(db: &mut SqliteConnection, rows: &[OutcomeRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO outcome (id, referral, destination, code, children, level, level_rank, \
         suggested_rank, told, lowers, at, body, wrapped_key, record)",
        rows,
        "",
        |values, r| {
            values
                .push_bind(r.id.0)
                .push_bind(r.referral.0)
                .push_bind(r.destination.as_str())
                .push_bind(r.code.as_str())
                .push_bind(r.children.bits())
                .push_bind(r.level.as_ref().map(|(code, _)| code.as_str()))
                .push_bind(r.level.as_ref().map(|(_, rank)| *rank))
                .push_bind(r.suggested_rank)
                .push_bind(r.told)
                .push_bind(r.lowers)
                .push_bind(r.at.0)
                .push_bind(r.body.as_slice())
                .push_bind(r.record.wrapped_key.as_slice())
                .push_bind(r.record.body.as_slice());
        },
    )
    .await
}

/// Ends the clocks of a destination that an acknowledgement is all that is asked for.
pub(super) async fn acknowledged(
    db: &mut SqliteConnection,
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
pub(super) async fn clocks_of(db: &mut SqliteConnection, of: ReferralId) -> Result<Vec<Clock>> {
    let clocks = sqlx::query_as(CLOCKS_OF).bind(of.0).fetch_all(db).await?;
    read_all(clocks, ClockRecord::row)
}

/// What was recorded of a referral, as the lane reads it.
pub(super) async fn outcomes_of(
    db: &mut SqliteConnection,
    of: ReferralId,
) -> Result<Vec<OutcomeRow>> {
    let outcomes = sqlx::query_as(OUTCOMES_OF).bind(of.0).fetch_all(db).await?;
    read_all(outcomes, OutcomeRecord::row)
}

/// Referrals whose written form an agency owes, and who waits for it.
pub(super) async fn awaited_forms(
    db: &mut SqliteConnection,
    agency: &AgencyId,
    person: PersonId,
) -> Result<Vec<(Reference, DestinationId)>> {
    let query = sqlx::query_as(AWAITED).bind(agency.as_str()).bind(person.0);
    let found: Vec<(String, String)> = query.fetch_all(db).await?;
    let read = |(call, to): (String, String)| Ok((reference(&call)?, DestinationId::new(&to)));
    found.into_iter().map(read).collect()
}

/// Moves on clocks whose time has come.
pub(super) async fn run_down(
    db: &mut SqliteConnection,
    now: Timestamp,
    limit: usize,
    ticks: &dyn Ticks,
) -> Result<Vec<(Clock, Tick)>> {
    const LOCKED: &str = run_down!("");
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
impl FollowStore for SqliteStore {
    async fn outcomes(&self, of: ReferralId) -> Result<Vec<OutcomeRow>> {
        let rows = sqlx::query_as(OUTCOMES_OF).bind(of.0).fetch_all(&self.readers).await?;
        read_all(rows, OutcomeRecord::row)
    }

    async fn outcomes_of(&self, all: &[ReferralId]) -> Result<Vec<OutcomeRow>> {
        let mut found = Vec::new();
        for some in all.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(OUTCOMES_OF_ALL);
            query.push(" IN ");
            many::push_list(&mut query, some.iter().map(|id| id.0));
            let query = query.build_query_as().persistent(false);
            found.extend(read_all(query.fetch_all(&self.readers).await?, OutcomeRecord::row)?);
        }
        Ok(by_time(found))
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
        for some in any.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(WAS_SENT);
            query.push(" IN ");
            many::push_list(&mut query, some.iter().map(|id| id.0));
            query.push(" AND destination = ").push_bind(destination.as_str()).push(" LIMIT 1");
            let query = query.build().persistent(false);
            if query.fetch_optional(&self.readers).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn ended_since(&self, destination: &DestinationId, since: Timestamp) -> Result<u64> {
        let query = sqlx::query_scalar(ENDED_SINCE).bind(destination.as_str()).bind(since.0);
        let ended: i64 = query.fetch_one(&self.readers).await?;
        Ok(u64::try_from(ended).unwrap_or_default())
    }
}
