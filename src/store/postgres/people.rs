//! Writing people: by the lane, and by the import under the same lock.

use super::column;
use super::copy::Copy;
use super::together::Together;
use crate::domain::PersonId;
use crate::domain::decision::Restriction;
use crate::store::error::Result;
use crate::store::rows::{LaneSeq, PersonRow, Token};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// Writes people; where an id is known the person is replaced, and changed by the lane's present
/// batch.
pub(super) fn write(all: &mut Together, people: &[PersonRow]) {
    if people.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO person (id, created_at, profile, case_status, case_team, restricted, as_of, \
         source, wrapped_key, record, restriction) \
         SELECT * FROM UNNEST(?::uuid[], ?::bigint[], ?::bytea[], ?::text[], ?::text[], \
         ?::boolean[], ?::bigint[], ?::bytea[], ?::bytea[], ?::bytea[], ?::text[]) \
         ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, \
         case_status = excluded.case_status, case_team = excluded.case_team, \
         restricted = excluded.restricted, as_of = excluded.as_of, source = excluded.source, \
         changed = (SELECT seq FROM lane), wrapped_key = excluded.wrapped_key, \
         record = excluded.record, restriction = excluded.restriction",
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
    .bind(column(people, |p| p.restriction.map(Restriction::as_str)));
}

/// Writes the tokens of people who have none yet, and those that known people gain. A token that
/// a person already has stays as it is.
pub(super) fn tokens(
    all: &mut Together,
    people: &[PersonRow],
    gained: &[(Token, PersonId)],
    seq: LaneSeq,
) {
    let new = sorted(people.iter().flat_map(|p| p.tokens.iter().map(|token| (token.0, p.id.0))));
    let mut gained = sorted(gained.iter().map(|(token, person)| (token.0, person.0)));
    gained.retain(|pair| new.binary_search(pair).is_err());
    if !new.is_empty() {
        all.part(
            "INSERT INTO person_token (token, person, lane_seq) \
             SELECT token, person, ? FROM UNNEST(?::bigint[], ?::uuid[]) AS new (token, person)",
        )
        .bind(seq)
        .bind(column(&new, |pair| pair.0))
        .bind(column(&new, |pair| pair.1));
    }
    if !gained.is_empty() {
        all.part(
            "INSERT INTO person_token (token, person, lane_seq) SELECT token, person, ? \
             FROM UNNEST(?::bigint[], ?::uuid[]) AS new (token, person) \
             WHERE NOT EXISTS (SELECT 1 FROM person_token AS held \
                 WHERE held.token = new.token AND held.person = new.person OFFSET 0)",
        )
        .bind(seq)
        .bind(column(&gained, |pair| pair.0))
        .bind(column(&gained, |pair| pair.1));
    }
}

/// Writes the tokens of a new feed, after [`forget_tokens`].
pub(super) fn feed_tokens(all: &mut Together, people: &[PersonRow], seq: LaneSeq) {
    let pairs = people.iter().flat_map(|p| p.tokens.iter().map(|token| (token.0, p.id.0)));
    let pairs = sorted(pairs);
    if pairs.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO person_token (token, person, lane_seq, fed) \
         SELECT token, person, ?, true \
         FROM UNNEST(?::bigint[], ?::uuid[]) AS new (token, person) \
         WHERE NOT EXISTS (SELECT 1 FROM person_token AS held \
             WHERE held.token = new.token AND held.person = new.person OFFSET 0)",
    )
    .bind(seq)
    .bind(column(&pairs, |pair| pair.0))
    .bind(column(&pairs, |pair| pair.1));
}

/// Writes people of a feed of whom nothing is known yet, with their tokens.
pub(super) async fn copy(db: &mut PgConnection, people: &[&PersonRow], seq: LaneSeq) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let mut rows = Copy::new(11, people.len(), 700);
    for p in people {
        rows.row()
            .field(Some(p.id.0.as_bytes()))
            .number(Some(p.created_at.0))
            .field(Some(&p.profile))
            .field(Some(p.case_status.as_str().as_bytes()))
            .field(p.case_team.as_ref().map(|team| team.as_str().as_bytes()))
            .field(Some(&[u8::from(p.restricted)]))
            .number(p.as_of.map(|at| at.0))
            .field(p.source.as_ref().map(|source| source.as_slice()))
            .field(Some(&p.record.wrapped_key))
            .field(Some(&p.record.body))
            .field(p.restriction.map(|why| why.as_str().as_bytes()));
    }
    let into = "person (id, created_at, profile, case_status, case_team, restricted, as_of, \
        source, wrapped_key, record, restriction)";
    rows.run(db, into).await?;
    let pairs = people.iter().flat_map(|p| p.tokens.iter().map(|token| (token.0, p.id.0)));
    let pairs = sorted(pairs);
    let mut rows = Copy::new(4, pairs.len(), 51);
    for (token, person) in &pairs {
        rows.row()
            .number(Some(*token))
            .field(Some(person.as_bytes()))
            .number(Some(seq))
            .field(Some(&[1]));
    }
    rows.run(db, "person_token (token, person, lane_seq, fed)").await
}

/// Takes away the tokens that people have from an earlier feed. What referrals taught stays.
pub(super) async fn forget_tokens(db: &mut PgConnection, people: &[PersonRow]) -> Result<()> {
    sqlx::query("DELETE FROM person_token WHERE person = ANY($1::uuid[]) AND fed")
        .bind(column(people, |person| person.id.0))
        .execute(db)
        .await?;
    Ok(())
}

/// Writes better profiles of people that referrals made; with the batch's number, so that batches
/// that have read ahead compare again.
pub(super) async fn improve(
    db: &mut PgConnection,
    profiles: &[(PersonId, Vec<u8>)],
    seq: LaneSeq,
) -> Result<()> {
    if profiles.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE person SET profile = new_profile, changed = $3 \
         FROM UNNEST($1::uuid[], $2::bytea[]) AS new (new_id, new_profile) \
         WHERE id = new_id AND source IS NULL",
    )
    .bind(column(profiles, |(person, _)| person.0))
    .bind(column(profiles, |(_, profile)| profile.as_slice()))
    .bind(seq)
    .execute(db)
    .await?;
    Ok(())
}

/// Each once, and in the order of the index that is read by token, so that its pages are visited
/// once.
fn sorted(pairs: impl Iterator<Item = (i64, Uuid)>) -> Vec<(i64, Uuid)> {
    let mut pairs: Vec<(i64, Uuid)> = pairs.collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
