//! Outcomes and clocks, as this store writes many at once and reads those of many referrals.

use super::{SqliteStore, follow, many};
use crate::domain::{DestinationId, ReferralId};
use crate::store::error::Result;
use crate::store::follow::*;
use crate::store::records::priority_code;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

pub(super) async fn write(db: &mut SqliteConnection, rows: &FollowRows) -> Result<()> {
    follow::end(db, rows).await?;
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

impl SqliteStore {
    /// What was recorded of these referrals, in no order.
    pub(super) async fn outcome_records(&self, all: &[ReferralId]) -> Result<Vec<OutcomeRecord>> {
        let mut found = Vec::new();
        for some in all.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(OUTCOMES_OF_ALL);
            query.push(" IN ");
            many::push_list(&mut query, some.iter().map(|id| id.0));
            let query = query.build_query_as().persistent(false);
            found.extend(query.fetch_all(&self.readers).await?);
        }
        Ok(found)
    }

    /// Whether a destination was sent one of these.
    pub(super) async fn was_sent_one(
        &self,
        any: &[ReferralId],
        destination: &DestinationId,
    ) -> Result<bool> {
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
}
