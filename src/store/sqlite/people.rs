//! Writing people: by the lane, and by the import.

use super::many::{self, each};
use crate::domain::PersonId;
use crate::domain::decision::Restriction;
use crate::store::error::Result;
use crate::store::rows::{LaneSeq, PersonRow, Token};
use sqlx::sqlite::SqliteConnection;

/// Writes people; where an id is known the person is replaced, and changed by the lane's present
/// batch.
pub(super) async fn write(db: &mut SqliteConnection, people: &[PersonRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO person (id, created_at, profile, case_status, case_team, restricted, as_of, \
         source, wrapped_key, record, restriction)",
        people,
        "ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, \
         case_status = excluded.case_status, case_team = excluded.case_team, \
         restricted = excluded.restricted, as_of = excluded.as_of, source = excluded.source, \
         changed = (SELECT seq FROM lane), wrapped_key = excluded.wrapped_key, \
         record = excluded.record, restriction = excluded.restriction",
        |values, p| {
            values
                .push_bind(p.id.0)
                .push_bind(p.created_at.0)
                .push_bind(p.profile.as_slice())
                .push_bind(p.case_status.as_str())
                .push_bind(p.case_team.as_ref().map(|team| team.as_str()))
                .push_bind(p.restricted)
                .push_bind(p.as_of.map(|at| at.0))
                .push_bind(p.source.as_ref().map(|source| source.as_slice()))
                .push_bind(p.record.wrapped_key.as_slice())
                .push_bind(p.record.body.as_slice())
                .push_bind(p.restriction.map(Restriction::as_str));
        },
    )
    .await
}

/// Writes the tokens of people; one that a person already has stays as it is.
pub(super) async fn add_tokens(
    db: &mut SqliteConnection,
    people: &[PersonRow],
    seq: LaneSeq,
) -> Result<()> {
    let pairs = people.iter().flat_map(|p| p.tokens.iter().map(|token| (*token, p.id)));
    insert_tokens(db, &pairs.collect::<Vec<_>>(), None, seq).await
}

/// Writes the tokens that known people gain. One that a person already has stays as it is.
pub(super) async fn gain_tokens(
    db: &mut SqliteConnection,
    gained: &[(Token, PersonId)],
    seq: LaneSeq,
) -> Result<()> {
    insert_tokens(db, gained, None, seq).await
}

async fn insert_tokens(
    db: &mut SqliteConnection,
    pairs: &[(Token, PersonId)],
    fed: Option<bool>,
    seq: LaneSeq,
) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO person_token (token, person, lane_seq, fed)",
        pairs,
        "ON CONFLICT (person, token) DO NOTHING",
        move |values, (token, person)| {
            values.push_bind(token.0).push_bind(person.0).push_bind(seq).push_bind(fed);
        },
    )
    .await
}

/// Gives people the tokens of a new feed, in place of those of the one before. What referrals
/// taught stays.
pub(super) async fn replace_tokens(
    db: &mut SqliteConnection,
    people: &[PersonRow],
    seq: LaneSeq,
) -> Result<()> {
    let old = "DELETE FROM person_token WHERE person = $1 AND fed";
    each!(db, old, people, |person| person.id.0);
    let pairs = people.iter().flat_map(|p| p.tokens.iter().map(|token| (*token, p.id)));
    insert_tokens(db, &pairs.collect::<Vec<_>>(), Some(true), seq).await
}

/// Writes better profiles of people that referrals made; with the batch's number, so that batches
/// that have read ahead compare again.
pub(super) async fn improve(
    db: &mut SqliteConnection,
    profiles: &[(PersonId, Vec<u8>)],
    seq: LaneSeq,
) -> Result<()> {
    let better = "UPDATE person SET profile = $2, changed = $3 WHERE id = $1 AND source IS NULL";
    each!(db, better, profiles, |(person, profile)| person.0, profile.as_slice(), seq);
    Ok(())
}
