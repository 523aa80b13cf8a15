//! Outcomes and clocks, as this store writes many at once and reads those of many referrals.

use super::together::Together;
use super::{PostgresStore, column};
use crate::domain::{DestinationId, ReferralId};
use crate::store::error::Result;
use crate::store::follow::*;
use crate::store::records::priority_code;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

const START: &str = concat!(
    "INSERT INTO clock (referral, destination, kind, purpose, priority, started_at, amber_at, \
     due_at, by_acknowledgement, children, next_at, stage, alerts) \
     SELECT new.*, new.amber_at, 0, 0 \
     FROM UNNEST(?::uuid[], ?::text[], ?::text[], ?::text[], ?::smallint[], ?::bigint[], \
     ?::bigint[], ?::bigint[], ?::boolean[], ?::bigint[]) AS new (referral, destination, kind, \
     purpose, priority, started_at, amber_at, due_at, by_acknowledgement, children) ",
    join_clock!("greatest", "least")
);

pub(super) fn write(all: &mut Together, rows: &FollowRows) {
    outcomes(all, &rows.outcomes);
    clocks(all, &rows.folded());
}

fn outcomes(all: &mut Together, rows: &[OutcomeRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO outcome (id, referral, destination, code, children, level, level_rank, \
         suggested_rank, told, lowers, at, body, wrapped_key, record) \
         SELECT * FROM UNNEST(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::bigint[], ?::text[], \
         ?::smallint[], ?::smallint[], ?::boolean[], ?::boolean[], ?::bigint[], ?::bytea[], \
         ?::bytea[], ?::bytea[])",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| r.destination.as_str()))
    .bind(column(rows, |r| r.code.as_str()))
    .bind(column(rows, |r| r.children.bits()))
    .bind(column(rows, |r| r.level.as_ref().map(|(code, _)| code.as_str())))
    .bind(column(rows, |r| r.level.as_ref().map(|(_, rank)| *rank)))
    .bind(column(rows, |r| r.suggested_rank))
    .bind(column(rows, |r| r.told))
    .bind(column(rows, |r| r.lowers))
    .bind(column(rows, |r| r.at.0))
    .bind(column(rows, |r| r.body.as_slice()))
    .bind(column(rows, |r| r.record.wrapped_key.as_slice()))
    .bind(column(rows, |r| r.record.body.as_slice()));
}

fn clocks(all: &mut Together, rows: &[ClockRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(START)
        .bind(column(rows, |r| r.referral.0))
        .bind(column(rows, |r| r.destination.as_str()))
        .bind(column(rows, |r| r.kind.as_str()))
        .bind(column(rows, |r| r.purpose.as_str()))
        .bind(column(rows, |r| priority_code(r.priority)))
        .bind(column(rows, |r| r.started_at.0))
        .bind(column(rows, |r| r.amber_at.0))
        .bind(column(rows, |r| r.due_at.0))
        .bind(column(rows, |r| r.by_acknowledgement))
        .bind(column(rows, |r| r.children.bits()));
}

impl PostgresStore {
    /// What was recorded of these referrals, in no order.
    pub(super) async fn outcome_records(&self, all: &[ReferralId]) -> Result<Vec<OutcomeRecord>> {
        let all: Vec<Uuid> = all.iter().map(|id| id.0).collect();
        let query = AssertSqlSafe(format!("{OUTCOMES_OF_ALL} = ANY($1)"));
        Ok(sqlx::query_as(query).bind(all).fetch_all(&self.readers).await?)
    }

    /// Whether a destination was sent one of these.
    pub(super) async fn was_sent_one(
        &self,
        any: &[ReferralId],
        destination: &DestinationId,
    ) -> Result<bool> {
        let all: Vec<Uuid> = any.iter().map(|id| id.0).collect();
        let query = AssertSqlSafe(format!("{WAS_SENT} = ANY($1) AND destination = $2 LIMIT 1"));
        let query = sqlx::query(query).bind(all).bind(destination.as_str());
        Ok(query.fetch_optional(&self.readers).await?.is_some())
    }
}
