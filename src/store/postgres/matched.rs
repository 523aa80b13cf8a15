//! Writes what follows from a person's word on a match.

use super::column;
use super::together::Together;
use crate::store::error::{Result, StoreError};
use crate::store::matches::*;
use crate::store::records::priority_code;
use crate::store::recounts::{RECOUNTED, Recount};
use crate::store::rows::{LaneSeq, ReferralRow};
use crate::store::statements::{OVERTAKEN, REVISIT};
use sqlx::postgres::PgConnection;

pub(super) fn decisions(all: &mut Together, rows: &[DecisionRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO match_decision (id, referral, child, person, word, at, wrapped_key, record) \
         SELECT * FROM UNNEST(?::uuid[], ?::uuid[], ?::integer[], ?::uuid[], ?::text[], \
         ?::bigint[], ?::bytea[], ?::bytea[])",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| i32::from(r.child)))
    .bind(column(rows, |r| r.person.0))
    .bind(column(rows, |r| r.word.as_str()))
    .bind(column(rows, |r| r.at.0))
    .bind(column(rows, |r| r.by.wrapped_key.as_slice()))
    .bind(column(rows, |r| r.by.body.as_slice()));
}

pub(super) fn apart(all: &mut Together, rows: &[ApartRow], seq: LaneSeq) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO apart (one, other, stands, at, decision, lane_seq) SELECT new.*, ? \
         FROM UNNEST(?::uuid[], ?::uuid[], ?::boolean[], ?::bigint[], ?::uuid[]) AS new",
    )
    .bind(seq)
    .bind(column(rows, |r| r.one.0))
    .bind(column(rows, |r| r.other.0))
    .bind(column(rows, |r| r.stands))
    .bind(column(rows, |r| r.at.0))
    .bind(column(rows, |r| r.decision.0));
}

pub(super) fn withdrawals(all: &mut Together, rows: &[WithdrawalRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO withdrawal (message, referral, person, kind, sent_at, at) \
         SELECT * FROM UNNEST(?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::bigint[], \
         ?::bigint[])",
    )
    .bind(column(rows, |r| r.message.0))
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| r.person.0))
    .bind(column(rows, |r| r.kind.as_str()))
    .bind(column(rows, |r| r.sent_at.0))
    .bind(column(rows, |r| r.at.0));
}

/// Few at a time: each in a statement of its own.
pub(super) async fn revisits(db: &mut PgConnection, rows: &[ReferralRow]) -> Result<()> {
    for row in rows {
        let updated = sqlx::query(REVISIT)
            .bind(row.id.0)
            .bind(row.revision)
            .bind(row.respond_by.0)
            .bind(row.level.as_str())
            .bind(row.level_rank)
            .bind(priority_code(row.priority))
            .bind(row.policy_hash.as_str())
            .bind(row.record.body.as_slice())
            .execute(&mut *db)
            .await?;
        if updated.rows_affected() != 1 {
            return Err(StoreError::Refused(OVERTAKEN.to_owned()));
        }
    }
    Ok(())
}

pub(super) fn recounts(all: &mut Together, rows: &[Recount], seq: LaneSeq) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO recount (lane_seq, referral, person, since, decision) SELECT ?, new.* \
         FROM UNNEST(?::uuid[], ?::uuid[], ?::bigint[], ?::uuid[]) AS new",
    )
    .bind(seq)
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| r.person.0))
    .bind(column(rows, |r| r.since.0))
    .bind(column(rows, |r| r.decision.map(|id| id.0)));
}

pub(super) async fn recounted(db: &mut PgConnection, rows: &[Recount]) -> Result<()> {
    for row in rows {
        let query = sqlx::query(RECOUNTED).bind(row.seq).bind(row.referral.0).bind(row.person.0);
        query.execute(&mut *db).await?;
    }
    Ok(())
}
