use super::lane::candidates_since;
use super::{PostgresStore, column};
use crate::domain::{PersonId, Timestamp};
use crate::store::error::Result;
use crate::store::news::*;
use crate::store::records::read_all;
use crate::store::recounts::{MERGED_AT, PARTED, RECOUNTS, Recount, SURVIVOR, Survivor, recount};
use crate::store::rows::{CandidateRow, LaneSeq, Token};
use crate::store::statements::{HEARD, NEWS, and_their_records, shared, standing_of};
use async_trait::async_trait;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

const FED_TOKENS: &str =
    "SELECT person, token FROM person_token WHERE person = ANY($1::uuid[]) AND fed";

const SHARED: &str = concat!(
    "SELECT own.token FROM person_token AS own WHERE own.person = ANY($1::uuid[]) AND own.fed AND ",
    shared!()
);

const STANDING: &str = concat!(standing_of!(), " = ANY($1::uuid[])", and_their_records!());

/// Before the first referral an import is news to nobody.
const TELL: &str = "INSERT INTO news (lane_seq, person) \
     SELECT $1, told FROM UNNEST($2::uuid[]) AS new (told) WHERE EXISTS (SELECT 1 FROM link) \
     ON CONFLICT DO NOTHING";

/// Keeps of whom something is new, in the transaction that says it.
pub(super) async fn tell(db: &mut PgConnection, people: &[Uuid], seq: LaneSeq) -> Result<()> {
    if !people.is_empty() {
        sqlx::query(TELL).bind(seq).bind(people).execute(db).await?;
    }
    Ok(())
}

/// The tokens that people have from an earlier feed.
pub(super) async fn fed_tokens(
    db: &mut PgConnection,
    people: Vec<Uuid>,
) -> Result<Vec<(Uuid, i64)>> {
    Ok(sqlx::query_as(FED_TOKENS).bind(people).fetch_all(db).await?)
}

/// Whose record a person's has become, and when; as kept.
pub(super) async fn survivor(db: &mut PgConnection, person: Uuid) -> Result<Survivor> {
    let found: Option<Survivor> = sqlx::query_as(SURVIVOR).bind(person).fetch_optional(db).await?;
    Ok(found.unwrap_or_default())
}

/// After what the authority says of a record: if it is another's now, or is its own again, the
/// children of both are looked at again, and what was counted for one and is the other's is wrong.
pub(super) async fn survivor_changed(
    db: &mut PgConnection,
    person: Uuid,
    before: Survivor,
    seq: LaneSeq,
    now: Timestamp,
) -> Result<()> {
    let (into, _) = survivor(db, person).await?;
    let (was, since) = before;
    if into == was {
        return Ok(());
    }
    sqlx::query(MERGED_AT).bind(person).bind(now.0).execute(&mut *db).await?;
    if let Some(was) = was {
        for (of, not) in [(person, was), (was, person)] {
            let query = sqlx::query(PARTED).bind(seq).bind(of).bind(not);
            query.bind(since.unwrap_or_default()).execute(&mut *db).await?;
        }
    }
    let concerned: Vec<Uuid> = [Some(person), into, was].into_iter().flatten().collect();
    tell(db, &concerned, seq).await
}

#[async_trait]
impl NewsStore for PostgresStore {
    async fn news(&self, limit: usize) -> Result<Vec<News>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(LaneSeq, Uuid)> =
            sqlx::query_as(NEWS).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(|(seq, id)| News { seq, person: PersonId(id) }).collect())
    }

    async fn heard(&self, last: News) -> Result<()> {
        sqlx::query(HEARD).bind(last.seq).bind(last.person.0).execute(&self.pool).await?;
        Ok(())
    }

    async fn shared_tokens(&self, people: &[PersonId]) -> Result<Vec<Token>> {
        let people = column(people, |person| person.0);
        let tokens: Vec<i64> =
            sqlx::query_scalar(SHARED).bind(people).fetch_all(&self.readers).await?;
        Ok(tokens.into_iter().map(Token).collect())
    }

    async fn sharing(&self, tokens: &[Token]) -> Result<Vec<CandidateRow>> {
        candidates_since(&mut *self.pool.acquire().await?, LaneSeq::MIN, tokens).await
    }

    async fn recounts(&self, limit: usize) -> Result<Vec<Recount>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let records = sqlx::query_as(RECOUNTS).bind(limit).fetch_all(&self.readers).await?;
        read_all(records, recount)
    }

    async fn standing(&self, people: &[PersonId]) -> Result<Vec<Standing>> {
        let people = column(people, |person| person.0);
        let records = sqlx::query_as(STANDING).bind(people).fetch_all(&self.readers).await?;
        read_all(records, standing)
    }
}
