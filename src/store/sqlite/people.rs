//! Writing people: by the lane, and by the import.

use super::many;
use crate::domain::PersonId;
use crate::store::error::Result;
use crate::store::rows::{LaneSeq, PersonRow, Token};
use sqlx::sqlite::SqliteConnection;

/// Writes people; where an id is known the person is replaced.
pub(super) async fn write(db: &mut SqliteConnection, people: &[PersonRow]) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO person (id, created_at, profile, case_status, case_team, restricted, as_of, \
         source, wrapped_key, record)",
        people,
        "ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, \
         case_status = excluded.case_status, case_team = excluded.case_team, \
         restricted = excluded.restricted, as_of = excluded.as_of, source = excluded.source, \
         wrapped_key = excluded.wrapped_key, record = excluded.record",
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
                .push_bind(p.record.body.as_slice());
        },
    )
    .await
}

/// Writes the tokens of new people and those that known people gain. A token that a person
/// already has stays as it is.
pub(super) async fn add_tokens(
    db: &mut SqliteConnection,
    people: &[PersonRow],
    gained: &[(Token, PersonId)],
    seq: LaneSeq,
) -> Result<()> {
    let of_people = people.iter().flat_map(|p| p.tokens.iter().map(|token| (*token, p.id)));
    let pairs: Vec<(Token, PersonId)> = of_people.chain(gained.iter().copied()).collect();
    many::insert(
        db,
        "INSERT INTO person_token (token, person, lane_seq)",
        &pairs,
        "ON CONFLICT (person, token) DO NOTHING",
        move |values, (token, person)| {
            values.push_bind(token.0).push_bind(person.0).push_bind(seq);
        },
    )
    .await
}
