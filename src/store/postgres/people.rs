//! Writing people: by the lane, and by the import under the same lock.

use super::column;
use crate::domain::PersonId;
use crate::store::error::Result;
use crate::store::rows::{LaneSeq, PersonRow, Token};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// Writes people; where an id is known the person is replaced.
pub(super) async fn write(db: &mut PgConnection, people: &[PersonRow]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO person (id, created_at, profile, case_status, case_team, restricted, as_of, \
         source, wrapped_key, record) \
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], \
         $6::boolean[], $7::bigint[], $8::bytea[], $9::bytea[], $10::bytea[]) \
         ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, \
         case_status = excluded.case_status, case_team = excluded.case_team, \
         restricted = excluded.restricted, as_of = excluded.as_of, source = excluded.source, \
         wrapped_key = excluded.wrapped_key, record = excluded.record",
    )
    .bind(column(people, |p| p.id.0))
    .bind(column(people, |p| p.created_at.0))
    .bind(column(people, |p| p.profile.as_slice()))
    .bind(column(people, |p| p.case_status.as_str()))
    .bind(column(people, |p| p.case_team.as_ref().map(|team| team.as_str())))
    .bind(column(people, |p| p.restricted))
    .bind(column(people, |p| p.as_of.map(|at| at.0)))
    .bind(column(people, |p| p.source.as_ref().map(|source| source.as_slice())))
    .bind(column(people, |p| p.record.wrapped_key.as_slice()))
    .bind(column(people, |p| p.record.body.as_slice()))
    .execute(db)
    .await?;
    Ok(())
}

/// Writes the tokens of people who have none yet.
pub(super) async fn add_tokens(
    db: &mut PgConnection,
    people: &[PersonRow],
    seq: LaneSeq,
) -> Result<()> {
    let pairs = people.iter().flat_map(|p| p.tokens.iter().map(|token| (token.0, p.id.0)));
    insert(db, pairs.collect(), seq, INSERT_TOKENS).await
}

/// Writes the tokens that known people gain. A token that a person already has stays as it is.
pub(super) async fn gain_tokens(
    db: &mut PgConnection,
    gained: &[(Token, PersonId)],
    seq: LaneSeq,
) -> Result<()> {
    insert(db, column(gained, |(token, person)| (token.0, person.0)), seq, GAIN_TOKENS).await
}

const INSERT_TOKENS: &str = "INSERT INTO person_token (token, person, lane_seq) \
     SELECT token, person, $3 FROM UNNEST($1::bigint[], $2::uuid[]) AS new (token, person)";

const GAIN_TOKENS: &str = "INSERT INTO person_token (token, person, lane_seq, gained) \
     SELECT token, person, $3, true FROM UNNEST($1::bigint[], $2::uuid[]) AS new (token, person) \
     WHERE NOT EXISTS (SELECT 1 FROM person_token AS held \
         WHERE held.person = new.person AND held.token = new.token OFFSET 0)";

const REFRESH_TOKENS: &str = "INSERT INTO person_token (token, person, lane_seq) \
     SELECT token, person, $3 FROM UNNEST($1::bigint[], $2::uuid[]) AS new (token, person) \
     WHERE NOT EXISTS (SELECT 1 FROM person_token AS held \
         WHERE held.person = new.person AND held.token = new.token OFFSET 0)";

/// Gives people the tokens of a new feed. What referrals taught stays, with the new number: a
/// changed person must be seen by batches that have read ahead.
pub(super) async fn replace_tokens(
    db: &mut PgConnection,
    people: &[PersonRow],
    seq: LaneSeq,
) -> Result<()> {
    let ids = column(people, |person| person.id.0);
    sqlx::query("DELETE FROM person_token WHERE person = ANY($1::uuid[]) AND gained IS NOT TRUE")
        .bind(&ids)
        .execute(&mut *db)
        .await?;
    sqlx::query("UPDATE person_token SET lane_seq = $2 WHERE person = ANY($1::uuid[])")
        .bind(&ids)
        .bind(seq)
        .execute(&mut *db)
        .await?;
    let pairs = people.iter().flat_map(|p| p.tokens.iter().map(|token| (token.0, p.id.0)));
    insert(db, pairs.collect(), seq, REFRESH_TOKENS).await
}

/// Writes better profiles of people that referrals made. Their tokens get the new number, so
/// that batches that have read ahead compare again.
pub(super) async fn improve(
    db: &mut PgConnection,
    profiles: &[(PersonId, Vec<u8>)],
    seq: LaneSeq,
) -> Result<()> {
    if profiles.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH better AS (UPDATE person SET profile = new_profile \
             FROM UNNEST($1::uuid[], $2::bytea[]) AS new (new_id, new_profile) \
             WHERE id = new_id AND source IS NULL RETURNING id) \
         UPDATE person_token SET lane_seq = $3 FROM better WHERE person = better.id",
    )
    .bind(column(profiles, |(person, _)| person.0))
    .bind(column(profiles, |(_, profile)| profile.as_slice()))
    .bind(seq)
    .execute(db)
    .await?;
    Ok(())
}

async fn insert(
    db: &mut PgConnection,
    mut pairs: Vec<(i64, Uuid)>,
    seq: LaneSeq,
    statement: &'static str,
) -> Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    // Each once, and in the order of the index that is read by token, so that its pages are
    // visited once.
    pairs.sort_unstable();
    pairs.dedup();
    sqlx::query(statement)
        .bind(column(&pairs, |pair| pair.0))
        .bind(column(&pairs, |pair| pair.1))
        .bind(seq)
        .execute(db)
        .await?;
    Ok(())
}
