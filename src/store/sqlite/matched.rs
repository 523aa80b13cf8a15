//! Writes what follows from a person's word on a match.

use super::many::each;
use crate::store::error::{Result, StoreError};
use crate::store::records::priority_code;
use crate::store::recounts::RECOUNTED;
use crate::store::rows::{Batch, LaneSeq, ReferralRow};
use crate::store::statements::{OVERTAKEN, REVISIT};
use sqlx::sqlite::SqliteConnection;

pub(super) async fn write(db: &mut SqliteConnection, batch: &Batch, seq: LaneSeq) -> Result<()> {
    revisits(db, &batch.revisits).await?;
    let decided = "INSERT INTO match_decision (id, referral, child, person, word, at, \
         wrapped_key, record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    each!(
        db,
        decided,
        &batch.decisions,
        |r| r.id.0,
        r.referral.0,
        i32::from(r.child),
        r.person.0,
        r.word.as_str(),
        r.at.0,
        r.by.wrapped_key.as_slice(),
        r.by.body.as_slice()
    );
    let apart = "INSERT INTO apart (one, other, stands, at, decision, lane_seq) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    each!(db, apart, &batch.apart, |r| r.one.0, r.other.0, r.stands, r.at.0, r.decision.0, seq);
    let withdrawn = "INSERT INTO withdrawal (message, referral, person, kind, sent_at, at) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    each!(
        db,
        withdrawn,
        &batch.withdrawals,
        |r| r.message.0,
        r.referral.0,
        r.person.0,
        r.kind.as_str(),
        r.sent_at.0,
        r.at.0
    );
    each!(db, RECOUNTED, &batch.recounted, |r| r.seq, r.referral.0, r.person.0);
    let wrong = "INSERT INTO recount (lane_seq, referral, person, since, decision) \
         VALUES ($1, $2, $3, $4, $5)";
    each!(
        db,
        wrong,
        &batch.recounts,
        |r| seq,
        r.referral.0,
        r.person.0,
        r.since.0,
        r.decision.map(|id| id.0)
    );
    Ok(())
}

async fn revisits(db: &mut SqliteConnection, rows: &[ReferralRow]) -> Result<()> {
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
