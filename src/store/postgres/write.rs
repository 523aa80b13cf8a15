//! Writes one lane batch: one statement for nearly everything, whatever the number of rows.

use super::together::Together;
use super::{adults, attachments, column, follow, followed, matched, notices, people};
use crate::audit::{ChainName, StoredLinkOfChain};
use crate::domain::Timestamp;
use crate::domain::ids::RefusalId;
use crate::store::error::{Result, StoreError};
use crate::store::homes;
use crate::store::records::priority_code;
use crate::store::rows::*;
use crate::store::statements::OVERTAKEN;
use sqlx::postgres::PgConnection;

/// Writes the batch under the lane's lock, with its number and its link of the `intake` chain, if
/// it has one.
pub(super) async fn batch(
    db: &mut PgConnection,
    batch: &Batch,
    seq: LaneSeq,
    link: Option<&StoredLinkOfChain>,
) -> Result<()> {
    information(db, &batch.information).await?;
    matched::revisits(db, &batch.revisits).await?;
    matched::recounted(db, &batch.recounted).await?;
    people::improve(db, &batch.profiles, seq).await?;
    for row in &batch.information {
        sqlx::query(homes::FORGET).bind(row.referral.id.0).execute(&mut *db).await?;
    }
    adults::forget(db, batch).await?;
    adults::again(db, batch, seq).await?;
    follow::end(db, &batch.follow).await?;
    attachments::told(db, &batch.attachments_told, batch.at).await?;
    // Counted and cleared below are also refusals of this batch.
    refusals(db, &batch.refusals).await?;
    refused_again(db, &batch.refused_again).await?;
    let mut all = Together::default();
    all.part("UPDATE lane SET seq = ?").bind(seq);
    referrals(&mut all, &batch.referrals);
    people::write(&mut all, &batch.persons);
    people::tokens(&mut all, &batch.persons, &batch.tokens, seq);
    links(&mut all, &batch.links, seq);
    homes(&mut all, &batch.homes);
    adults::write(&mut all, &batch.adults, seq);
    followed::write(&mut all, &batch.follow);
    matched::decisions(&mut all, &batch.decisions);
    matched::apart(&mut all, &batch.apart, seq);
    matched::withdrawals(&mut all, &batch.withdrawals);
    matched::recounts(&mut all, &batch.recounts, seq);
    outbox(&mut all, &batch.outbox);
    notices::write(&mut all, &batch.notices);
    repeats(&mut all, &batch.repeats);
    clears(&mut all, &batch.clears);
    tallies(&mut all, &batch.tallies);
    if let Some(link) = link {
        super::add_link(&mut all, ChainName::Intake, link);
    }
    all.run(db).await
}

/// Takes the next lane number; only under the lane's lock.
pub(super) async fn next_seq(db: &mut PgConnection) -> Result<LaneSeq> {
    Ok(sqlx::query_scalar("UPDATE lane SET seq = seq + 1 RETURNING seq").fetch_one(db).await?)
}

fn referrals(all: &mut Together, rows: &[ReferralRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO referral (id, reference, agency, received_at, respond_by, level, \
         level_rank, priority, score, policy_hash, revision, wrapped_key, record) \
         SELECT * FROM UNNEST(?::uuid[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], \
         ?::text[], ?::smallint[], ?::smallint[], ?::smallint[], ?::text[], \
         ?::integer[], ?::bytea[], ?::bytea[])",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.reference.to_string()))
    .bind(column(rows, |r| r.agency.as_str()))
    .bind(column(rows, |r| r.received_at.0))
    .bind(column(rows, |r| r.respond_by.0))
    .bind(column(rows, |r| r.level.as_str()))
    .bind(column(rows, |r| r.level_rank))
    .bind(column(rows, |r| priority_code(r.priority)))
    .bind(column(rows, |r| i16::from(r.score)))
    .bind(column(rows, |r| r.policy_hash.as_str()))
    .bind(column(rows, |r| r.revision))
    .bind(column(rows, |r| r.record.wrapped_key.as_slice()))
    .bind(column(rows, |r| r.record.body.as_slice()));
}

async fn information(db: &mut PgConnection, rows: &[InformationRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let updated = sqlx::query(
        "UPDATE referral SET revision = referral.revision + 1, respond_by = new.respond_by, \
         level = new.level, level_rank = new.level_rank, priority = new.priority, \
         score = new.score, policy_hash = new.policy_hash, wrapped_key = new.wrapped_key, \
         record = new.record \
         FROM UNNEST($1::uuid[], $2::integer[], $3::bigint[], $4::text[], $5::smallint[], \
         $6::smallint[], $7::smallint[], $8::text[], $9::bytea[], $10::bytea[]) \
         AS new (id, revision, respond_by, level, level_rank, priority, score, policy_hash, \
         wrapped_key, record) \
         WHERE referral.id = new.id AND referral.revision = new.revision",
    )
    .bind(column(rows, |r| r.referral.id.0))
    .bind(column(rows, |r| r.referral.revision))
    .bind(column(rows, |r| r.referral.respond_by.0))
    .bind(column(rows, |r| r.referral.level.as_str()))
    .bind(column(rows, |r| r.referral.level_rank))
    .bind(column(rows, |r| priority_code(r.referral.priority)))
    .bind(column(rows, |r| i16::from(r.referral.score)))
    .bind(column(rows, |r| r.referral.policy_hash.as_str()))
    .bind(column(rows, |r| r.referral.record.wrapped_key.as_slice()))
    .bind(column(rows, |r| r.referral.record.body.as_slice()))
    .execute(&mut *db)
    .await?;
    if updated.rows_affected() != rows.len() as u64 {
        return Err(StoreError::Refused(OVERTAKEN.to_owned()));
    }
    sqlx::query(
        "INSERT INTO information (referral, revision, received_at, raw) \
         SELECT * FROM UNNEST($1::uuid[], $2::integer[], $3::bigint[], $4::bytea[])",
    )
    .bind(column(rows, |r| r.referral.id.0))
    .bind(column(rows, |r| r.referral.revision.saturating_add(1)))
    .bind(column(rows, |r| r.received_at.0))
    .bind(column(rows, |r| r.raw.as_slice()))
    .execute(db)
    .await?;
    Ok(())
}

fn links(all: &mut Together, rows: &[LinkRow], seq: LaneSeq) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO link (referral, child, person, state, weight, at, agency, level_rank, \
         decision, lane_seq) SELECT new.*, ? FROM UNNEST(?::uuid[], ?::integer[], ?::uuid[], \
         ?::text[], ?::real[], ?::bigint[], ?::text[], ?::smallint[], ?::uuid[]) AS new",
    )
    .bind(seq)
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| i32::from(r.child)))
    .bind(column(rows, |r| r.person.0))
    .bind(column(rows, |r| r.state.as_str()))
    .bind(column(rows, |r| r.weight))
    .bind(column(rows, |r| r.at.0))
    .bind(column(rows, |r| r.agency.as_str()))
    .bind(column(rows, |r| r.level_rank))
    .bind(column(rows, |r| r.decision.map(|id| id.0)));
}

fn homes(all: &mut Together, rows: &[HomeRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO home (token, at, referral, child) \
         SELECT * FROM UNNEST(?::bigint[], ?::bigint[], ?::uuid[], ?::integer[])",
    )
    .bind(column(rows, |r| r.token.0))
    .bind(column(rows, |r| r.at.0))
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| i32::from(r.child)));
}

/// Writes messages that have not been sent on yet.
pub(super) fn outbox(all: &mut Together, rows: &[OutboxRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO outbox (id, referral, refusal, destination, purpose, priority, kind, \
         sequence, created_at, due_at, payload, traceparent, agency, level, attempts, fence, \
         leased_until, next_attempt_at, state) \
         SELECT new.*, new.created_at, 'delivering' FROM UNNEST(?::uuid[], ?::uuid[], \
         ?::uuid[], ?::text[], ?::text[], ?::smallint[], ?::text[], ?::integer[], \
         ?::bigint[], ?::bigint[], ?::bytea[], ?::text[], ?::text[], ?::text[], \
         ?::integer[], ?::bigint[], ?::bigint[]) AS new (id, referral, refusal, \
         destination, purpose, priority, kind, sequence, created_at, due_at, payload, \
         traceparent, agency, level, attempts, fence, leased_until)",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.referral.map(|id| id.0)))
    .bind(column(rows, |r| r.refusal.map(|id| id.0)))
    .bind(column(rows, |r| r.destination.as_str()))
    .bind(column(rows, |r| r.purpose.as_str()))
    .bind(column(rows, |r| priority_code(r.priority)))
    .bind(column(rows, |r| r.kind.as_str()))
    .bind(column(rows, |r| r.sequence))
    .bind(column(rows, |r| r.created_at.0))
    .bind(column(rows, |r| r.due_at.0))
    .bind(column(rows, |r| r.payload.as_slice()))
    .bind(column(rows, |r| r.traceparent.as_deref()))
    .bind(column(rows, |r| r.agency.as_str()))
    .bind(column(rows, |r| r.level.as_str()))
    .bind(column(rows, |r| r.attempts))
    .bind(column(rows, |r| r.fence))
    .bind(column(rows, |r| r.leased_until.map(|at| at.0)));
}

/// A key that is there already has expired: the lane asked under its lock.
fn repeats(all: &mut Together, rows: &[NewRepeat]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO repeat (key, body, referral, expires_at) \
         SELECT * FROM UNNEST(?::bytea[], ?::bytea[], ?::uuid[], ?::bigint[]) \
         ON CONFLICT (key) DO UPDATE SET body = excluded.body, referral = excluded.referral, \
         expires_at = excluded.expires_at",
    )
    .bind(column(rows, |r| r.key.as_slice()))
    .bind(column(rows, |r| r.body.as_slice()))
    .bind(column(rows, |r| r.referral.0))
    .bind(column(rows, |r| r.expires_at.0));
}

async fn refusals(db: &mut PgConnection, rows: &[RefusalRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO refusal (id, agency, received_at, last_at, count, bytes, problem, body, \
         key, wrapped_key, record, cleared_at) \
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], \
         $5::integer[], $6::bigint[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[], \
         $11::bytea[], $12::bigint[])",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.agency.as_str()))
    .bind(column(rows, |r| r.received_at.0))
    .bind(column(rows, |r| r.last_at.0))
    .bind(column(rows, |r| r.count))
    .bind(column(rows, |r| r.bytes))
    .bind(column(rows, |r| r.problem.as_str()))
    .bind(column(rows, |r| r.body.as_slice()))
    .bind(column(rows, |r| r.key.as_ref().map(|key| key.as_slice())))
    .bind(column(rows, |r| r.record.wrapped_key.as_slice()))
    .bind(column(rows, |r| r.record.body.as_slice()))
    .bind(column(rows, |r| r.cleared_at.map(|at| at.0)))
    .execute(db)
    .await?;
    Ok(())
}

async fn refused_again(db: &mut PgConnection, rows: &[(RefusalId, Timestamp)]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE refusal SET count = refusal.count + again.times, \
         last_at = greatest(refusal.last_at, again.at) \
         FROM (SELECT id, count(*)::integer AS times, max(at) AS at \
             FROM UNNEST($1::uuid[], $2::bigint[]) AS seen (id, at) GROUP BY id) AS again \
         WHERE refusal.id = again.id",
    )
    .bind(column(rows, |r| r.0.0))
    .bind(column(rows, |r| r.1.0))
    .execute(db)
    .await?;
    Ok(())
}

fn clears(all: &mut Together, rows: &[(Token16, Timestamp)]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "UPDATE refusal SET cleared_at = cleared.at \
         FROM UNNEST(?::bytea[], ?::bigint[]) AS cleared (key, at) \
         WHERE refusal.key = cleared.key AND refusal.cleared_at IS NULL",
    )
    .bind(column(rows, |r| r.0.as_slice()))
    .bind(column(rows, |r| r.1.0));
}

/// Appends counts.
pub(super) fn tallies(all: &mut Together, rows: &[(Tally, i64)]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO tally_delta (hour, what, agency, destination, level, priority, count) \
         SELECT * FROM UNNEST(?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], \
         ?::smallint[], ?::bigint[])",
    )
    .bind(column(rows, |r| r.0.hour.0))
    .bind(column(rows, |r| r.0.what.as_str()))
    .bind(column(rows, |r| r.0.agency.as_str()))
    .bind(column(rows, |r| r.0.destination.as_str()))
    .bind(column(rows, |r| r.0.level.as_str()))
    .bind(column(rows, |r| priority_code(r.0.priority)))
    .bind(column(rows, |r| r.1));
}
