use super::lane::candidates_since;
use super::{SqliteStore, many};
use crate::domain::{PersonId, Timestamp};
use crate::store::error::Result;
use crate::store::news::*;
use crate::store::records::read_all;
use crate::store::recounts::*;
use crate::store::rows::{CandidateRow, LaneSeq, Token};
use crate::store::statements::{HEARD, NEWS, and_their_records, shared, standing_of};
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

const SHARED: &str = concat!(
    "SELECT own.token FROM person_token AS own WHERE own.fed AND ",
    shared!(),
    " AND own.person IN "
);

/// Before the first referral an import is news to nobody.
const TELL: &str = "INSERT INTO news (lane_seq, person) \
     SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM link) ON CONFLICT DO NOTHING";

/// Keeps of whom something is new, in the transaction that says it.
pub(super) async fn tell(db: &mut SqliteConnection, people: &[Uuid], seq: LaneSeq) -> Result<()> {
    for person in people {
        sqlx::query(TELL).bind(seq).bind(person).execute(&mut *db).await?;
    }
    Ok(())
}

/// The tokens that people have from an earlier feed.
pub(super) async fn fed_tokens(
    db: &mut SqliteConnection,
    people: impl Iterator<Item = Uuid>,
) -> Result<Vec<(Uuid, i64)>> {
    let mut query =
        QueryBuilder::new("SELECT person, token FROM person_token WHERE fed AND person IN ");
    many::push_list(&mut query, people);
    Ok(query.build_query_as().persistent(false).fetch_all(db).await?)
}

/// How a record stands to others.
pub(super) async fn merging(db: &mut SqliteConnection, person: Uuid) -> Result<Merging> {
    let found = sqlx::query_as(MERGING).bind(person).fetch_optional(db).await?;
    Ok(found.unwrap_or(Merging { root: person, ..Merging::default() }))
}

/// After what the authority says of a record. If it is another person's now, or its own again, the
/// children of both are looked at again; and what was counted of the one that it was for its
/// children, or of it for theirs, was wrong.
pub(super) async fn survivor_changed(
    db: &mut SqliteConnection,
    person: Uuid,
    before: Merging,
    (seq, now): (LaneSeq, Timestamp),
) -> Result<()> {
    let after = merging(db, person).await?;
    if after.into == before.into {
        return Ok(());
    }
    if after.root != before.root {
        let query = sqlx::query(MERGED_SINCE).bind(person).bind(seq).bind(now.0);
        query.execute(&mut *db).await?;
        if let Some(was) = before.into {
            let since = (before.seq.unwrap_or_default(), before.at.unwrap_or_default());
            for (parted, of, not) in [(PARTED, person, was), (LEFT_BY, was, person)] {
                let query = sqlx::query(parted).bind(seq).bind(of).bind(not);
                query.bind(since.0).bind(since.1).execute(&mut *db).await?;
            }
        }
    }
    let concerned = [Some(person), after.into, before.into, Some(after.root), Some(before.root)];
    let concerned: BTreeSet<Uuid> = concerned.into_iter().flatten().collect();
    tell(db, &Vec::from_iter(concerned), seq).await
}

#[async_trait]
impl NewsStore for SqliteStore {
    async fn news(&self, limit: usize) -> Result<Vec<News>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(LaneSeq, Uuid)> =
            sqlx::query_as(NEWS).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(|(seq, id)| News { seq, person: PersonId(id) }).collect())
    }

    async fn heard(&self, last: News) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        sqlx::query(HEARD).bind(last.seq).bind(last.person.0).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn shared_tokens(&self, people: &[PersonId]) -> Result<Vec<Token>> {
        let mut query = QueryBuilder::new(SHARED);
        many::push_list(&mut query, people.iter().map(|person| person.0));
        let query = query.build_query_scalar::<i64>().persistent(false);
        Ok(query.fetch_all(&self.readers).await?.into_iter().map(Token).collect())
    }

    async fn sharing(&self, tokens: &[Token]) -> Result<Vec<CandidateRow>> {
        candidates_since(&mut *self.ahead.acquire().await?, LaneSeq::MIN, tokens).await
    }

    async fn recounts(&self, after: Option<Recount>, limit: usize) -> Result<Vec<Recount>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = after.map(|one| (one.seq, one.referral.0, one.person.0));
        let (seq, referral, person) = after.unwrap_or_default();
        let query = sqlx::query_as(RECOUNTS).bind(seq).bind(referral).bind(person).bind(limit);
        read_all(query.fetch_all(&self.readers).await?, recount)
    }

    async fn standing(&self, people: &[PersonId]) -> Result<Vec<Standing>> {
        let mut all = Vec::new();
        for people in people.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(concat!(standing_of!(), " IN "));
            many::push_list(&mut query, people.iter().map(|person| person.0));
            query.push(and_their_records!());
            let records = query.build_query_as().persistent(false).fetch_all(&self.readers).await?;
            all.extend(read_all(records, standing)?);
        }
        Ok(all)
    }
}
