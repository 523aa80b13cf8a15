//! Writes one lane batch.

use super::many::{self, each};
use super::{adults, attachments, followed, matched, notices, people};
use crate::audit::{ChainKey, ChainName};
use crate::store::error::{Result, StoreError};
use crate::store::homes;
use crate::store::records::priority_code;
use crate::store::rows::*;
use crate::store::statements::OVERTAKEN;
use sqlx::sqlite::SqliteConnection;

/// Writes the batch and gives it the next number.
pub(super) async fn batch(
    db: &mut SqliteConnection,
    chains: &ChainKey,
    batch: &Batch,
) -> Result<()> {
    let seq = next_seq(db).await?;
    referrals(db, &batch.referrals).await?;
    for row in &batch.information {
        information(db, row).await?;
    }
    each!(db, homes::FORGET, &batch.information, |row| row.referral.id.0);
    homes(db, &batch.homes).await?;
    people::write(db, &batch.persons).await?;
    people::add_tokens(db, &batch.persons, seq).await?;
    people::improve(db, &batch.profiles, seq).await?;
    people::gain_tokens(db, &batch.tokens, seq).await?;
    links(db, &batch.links, seq).await?;
    adults::forget(db, batch).await?;
    adults::again(db, batch, seq).await?;
    adults::write(db, &batch.adults, seq).await?;
    followed::write(db, &batch.follow).await?;
    matched::write(db, batch, seq).await?;
    attachments::told(db, &batch.attachments_told, batch.at).await?;
    outbox(db, &batch.outbox).await?;
    notices::write(db, &batch.notices).await?;
    repeats(db, &batch.repeats).await?;
    refusals(db, &batch.refusals).await?;
    let again = "UPDATE refusal SET count = count + 1, last_at = max(last_at, $2) WHERE id = $1";
    each!(db, again, &batch.refused_again, |(id, at)| id.0, at.0);
    let clear = "UPDATE refusal SET cleared_at = $2 WHERE key = $1 AND cleared_at IS NULL";
    each!(db, clear, &batch.clears, |(key, at)| key.as_slice(), at.0);
    tallies(db, &batch.tallies).await?;
    for (chain, events) in [(ChainName::Intake, &batch.audit), (ChainName::Desk, &batch.desk)] {
        if !events.is_empty() {
            super::append(db, chains, chain, batch.at, events).await?;
        }
    }
    Ok(())
}

/// Takes the next lane number.
pub(super) async fn next_seq(db: &mut SqliteConnection) -> Result<LaneSeq> {
    Ok(sqlx::query_scalar("UPDATE lane SET seq = seq + 1 RETURNING seq").fetch_one(db).await?)
}

async fn referrals(db: &mut SqliteConnection, rows: &[ReferralRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO referral (id, reference, agency, received_at, respond_by, level, \
         level_rank, priority, score, policy_hash, revision, wrapped_key, record)",
        rows,
        "",
        |values, r| {
            values
                .push_bind(r.id.0)
                .push_bind(r.reference.to_string())
                .push_bind(r.agency.as_str())
                .push_bind(r.received_at.0)
                .push_bind(r.respond_by.0)
                .push_bind(r.level.as_str())
                .push_bind(r.level_rank)
                .push_bind(priority_code(r.priority))
                .push_bind(i16::from(r.score))
                .push_bind(r.policy_hash.as_str())
                .push_bind(r.revision)
                .push_bind(r.record.wrapped_key.as_slice())
                .push_bind(r.record.body.as_slice());
        },
    )
    .await
}

async fn information(db: &mut SqliteConnection, row: &InformationRow) -> Result<()> {
    let referral = &row.referral;
    let updated = sqlx::query(
        "UPDATE referral SET revision = revision + 1, respond_by = $3, level = $4, \
         level_rank = $5, priority = $6, score = $7, policy_hash = $8, wrapped_key = $9, \
         record = $10 WHERE id = $1 AND revision = $2",
    )
    .bind(referral.id.0)
    .bind(referral.revision)
    .bind(referral.respond_by.0)
    .bind(referral.level.as_str())
    .bind(referral.level_rank)
    .bind(priority_code(referral.priority))
    .bind(i16::from(referral.score))
    .bind(referral.policy_hash.as_str())
    .bind(referral.record.wrapped_key.as_slice())
    .bind(referral.record.body.as_slice())
    .execute(&mut *db)
    .await?;
    if updated.rows_affected() != 1 {
        return Err(StoreError::Refused(OVERTAKEN.to_owned()));
    }
    sqlx::query(
        "INSERT INTO information (referral, revision, received_at, raw) VALUES ($1, $2, $3, $4)",
    )
    .bind(referral.id.0)
    .bind(referral.revision.saturating_add(1))
    .bind(row.received_at.0)
    .bind(row.raw.as_slice())
    .execute(db)
    .await?;
    Ok(())
}

async fn links(db: &mut SqliteConnection, rows: &[LinkRow], seq: LaneSeq) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO link (referral, child, person, state, weight, at, agency, level_rank, \
         decision, lane_seq)",
        rows,
        "",
        move |values, r| {
            values
                .push_bind(r.referral.0)
                .push_bind(i32::from(r.child))
                .push_bind(r.person.0)
                .push_bind(r.state.as_str())
                .push_bind(r.weight)
                .push_bind(r.at.0)
                .push_bind(r.agency.as_str())
                .push_bind(r.level_rank)
                .push_bind(r.decision.map(|id| id.0))
                .push_bind(seq);
        },
    )
    .await
}

async fn homes(db: &mut SqliteConnection, rows: &[HomeRow]) -> Result<()> {
    let head = "INSERT INTO home (token, at, referral, child)";
    many::insert(db, head, rows, "", |values, r| {
        let child = i32::from(r.child);
        values.push_bind(r.token.0).push_bind(r.at.0).push_bind(r.referral.0).push_bind(child);
    })
    .await
}

/// Writes messages that have not been sent on yet.
pub(super) async fn outbox(db: &mut SqliteConnection, rows: &[OutboxRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO outbox (id, referral, refusal, destination, purpose, priority, kind, \
         sequence, created_at, due_at, payload, traceparent, agency, level, attempts, fence, \
         leased_until, next_attempt_at, state)",
        rows,
        "",
        |values, r| {
            values
                .push_bind(r.id.0)
                .push_bind(r.referral.map(|id| id.0))
                .push_bind(r.refusal.map(|id| id.0))
                .push_bind(r.destination.as_str())
                .push_bind(r.purpose.as_str())
                .push_bind(priority_code(r.priority))
                .push_bind(r.kind.as_str())
                .push_bind(r.sequence)
                .push_bind(r.created_at.0)
                .push_bind(r.due_at.0)
                .push_bind(r.payload.as_slice())
                .push_bind(r.traceparent.as_deref())
                .push_bind(r.agency.as_str())
                .push_bind(r.level.as_str())
                .push_bind(r.attempts)
                .push_bind(r.fence)
                .push_bind(r.leased_until.map(|at| at.0))
                .push_bind(r.created_at.0)
                .push_bind(DeliveryState::Delivering.as_str());
        },
    )
    .await
}

/// A key that is there already has expired: the lane asked under its lock.
async fn repeats(db: &mut SqliteConnection, rows: &[NewRepeat]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO repeat (key, body, referral, expires_at)",
        rows,
        "ON CONFLICT (key) DO UPDATE SET body = excluded.body, referral = excluded.referral, \
         expires_at = excluded.expires_at",
        |values, r| {
            values
                .push_bind(r.key.as_slice())
                .push_bind(r.body.as_slice())
                .push_bind(r.referral.0)
                .push_bind(r.expires_at.0);
        },
    )
    .await
}

async fn refusals(db: &mut SqliteConnection, rows: &[RefusalRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO refusal (id, agency, received_at, last_at, count, bytes, problem, body, \
         key, wrapped_key, record, cleared_at)",
        rows,
        "",
        |values, r| {
            values
                .push_bind(r.id.0)
                .push_bind(r.agency.as_str())
                .push_bind(r.received_at.0)
                .push_bind(r.last_at.0)
                .push_bind(r.count)
                .push_bind(r.bytes)
                .push_bind(r.problem.as_str())
                .push_bind(r.body.as_slice())
                .push_bind(r.key.as_ref().map(|key| key.as_slice()))
                .push_bind(r.record.wrapped_key.as_slice())
                .push_bind(r.record.body.as_slice())
                .push_bind(r.cleared_at.map(|at| at.0));
        },
    )
    .await
}

/// Appends counts.
pub(super) async fn tallies(db: &mut SqliteConnection, rows: &[(Tally, i64)]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO tally_delta (hour, what, agency, destination, level, priority, count)",
        rows,
        "",
        |values, (tally, count)| {
            values
                .push_bind(tally.hour.0)
                .push_bind(tally.what.as_str())
                .push_bind(tally.agency.as_str())
                .push_bind(tally.destination.as_str())
                .push_bind(tally.level.as_str())
                .push_bind(priority_code(tally.priority))
                .push_bind(*count);
        },
    )
    .await
}
