//! The commit lane's reads, before and under its lock.

use super::{SqliteStore, many, write};
use crate::audit::ChainKey;
use crate::domain::ids::RefusalId;
use crate::domain::{AgencyId, DestinationId, PersonId, Reference, ReferralId, Timestamp};
use crate::store::adults::AdultPair;
use crate::store::attachments::ToTell;
use crate::store::deliveries::no_chain_key;
use crate::store::error::{Result, StoreError};
use crate::store::families::{apart_from, family_of, survivor_of};
use crate::store::follow::{Clock, OutcomeRow};
use crate::store::gather::{self, Choice, Found, READ_OF_BLOCK, distinct, within_cap};
use crate::store::homes::{ResidentRecord, residents};
use crate::store::kin::{self, kin, lowered, recent, settled};
use crate::store::matches::Statement;
use crate::store::records::{HistoryRecord, RepeatRecord, read_all, token16};
use crate::store::recounts::{COUNTED_BY_KIN, RECOUNT_STANDS, Recount, counted};
use crate::store::rows::*;
use crate::store::statements::last_said;
use crate::store::traits::{LaneStore, LaneTx};
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::{Sqlite, SqliteConnection};
use uuid::Uuid;

/// The rows of the asked blocks that are not over the cap; a block over it is not read to its end.
/// Nothing is looked up when no batch was written since.
const BLOCKS: &str = "SELECT asked.value, held.person FROM json_each($1) AS asked \
     JOIN person_token AS held ON held.token = asked.value AND (held.lane_seq > $3 \
         OR held.person IN (SELECT id FROM person WHERE changed > $3)) \
     WHERE (SELECT seq FROM lane) > $3 \
     AND (SELECT count(*) FROM (SELECT 1 FROM person_token AS block \
         WHERE block.token = asked.value LIMIT $2)) < $2";

/// From people, whose ids come between the two, up to their survivors: `(person, id, survivor)`.
const UP: &str = "WITH RECURSIVE up (person, id, survivor) AS (\
     SELECT id, id, merged_into FROM person WHERE id IN ";
const ON: &str = " UNION SELECT up.person, p.id, p.merged_into FROM up \
     JOIN person p ON p.id = up.survivor)";

macro_rules! look {
    ($table:literal, $column:literal, $of:literal, $row:literal) => {
        concat!("JOIN ", $table, " AS ", $row, " ON ", $row, ".", $column, " = ", $of)
    };
}

macro_rules! stands {
    () => {
        last_said!("l")
    };
}

macro_rules! newest {
    ($of:literal) => {
        concat!(
            "JOIN link AS l ON l.rowid IN (SELECT l.rowid FROM link AS l WHERE l.person = ",
            $of,
            " AND ",
            settled!(stands),
            " ORDER BY l.at DESC, l.referral DESC LIMIT 50)"
        )
    };
}

const RESIDENTS: &str = residents!(
    "SELECT h.token, h.at, h.referral, h.child FROM json_each($1) AS asked \
     JOIN home AS h ON h.rowid IN (SELECT rowid FROM home WHERE token = asked.value \
         ORDER BY at DESC LIMIT 50)",
    look,
    stands,
    "group_concat(hex(who))"
);

const LANE_SEQ: &str = "SELECT seq FROM lane";

#[async_trait]
impl LaneStore for SqliteStore {
    async fn candidates(&self, children: &[&[Token]]) -> Result<Candidates> {
        let mut db = self.ahead.acquire().await?;
        // Read first: the rows may be newer than the horizon, never older.
        let horizon: LaneSeq = sqlx::query_scalar(LANE_SEQ).fetch_one(&mut *db).await?;
        let tokens = distinct(children.iter().copied().flatten());
        let pairs = pairs(&mut db, LaneSeq::MIN, &tokens).await?;
        let mut choice = Choice::of(children, gather::by_token(pairs).into_iter());
        loop {
            let wanted = choice.wanted();
            if wanted.is_empty() {
                return Ok(choice.candidates(horizon));
            }
            let (found, survivors) = profiles(&mut db, &wanted).await?;
            if !choice.add(found, survivors) {
                return Ok(choice.candidates(horizon));
            }
        }
    }

    async fn repeats(&self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>> {
        repeats(&mut *self.ahead.acquire().await?, keys, now).await
    }

    async fn histories(&self, people: &[PersonId], since: Timestamp) -> Result<Vec<HistoryRow>> {
        histories(&mut *self.ahead.acquire().await?, people, since, &[]).await
    }

    async fn residents(&self, homes: &[Token], since: Timestamp) -> Result<Vec<Resident>> {
        residents(&mut *self.ahead.acquire().await?, homes, since).await
    }

    async fn begin(&self) -> Result<Box<dyn LaneTx>> {
        let mut tx = self.begin_writing().await?;
        let seq = sqlx::query_scalar(LANE_SEQ).fetch_one(&mut *tx).await?;
        let chains = self.chains.get().cloned();
        Ok(Box::new(SqliteLaneTx { tx, seq, chains, failed: false }))
    }
}

/// Who carries which token, of whoever was written or changed since.
async fn pairs(
    db: &mut SqliteConnection,
    since: LaneSeq,
    tokens: &[i64],
) -> Result<Vec<(i64, Uuid)>> {
    let pairs = sqlx::query_as(BLOCKS).bind(many::numbers(tokens)).bind(READ_OF_BLOCK).bind(since);
    Ok(pairs.fetch_all(db).await?)
}

pub(super) async fn candidates_since(
    db: &mut SqliteConnection,
    since: LaneSeq,
    tokens: &[Token],
) -> Result<Vec<CandidateRow>> {
    let pairs = within_cap(pairs(db, since, &distinct(tokens)).await?);
    let mut people: Vec<Uuid> = pairs.iter().map(|(_, person)| *person).collect();
    people.sort_unstable();
    people.dedup();
    let (found, survivors) = profiles(db, &people).await?;
    Ok(gather::candidates(pairs, found, survivors))
}

/// People's profiles, and the survivors of those merged.
async fn profiles(db: &mut SqliteConnection, people: &[Uuid]) -> Result<(Vec<Found>, Vec<Found>)> {
    let mut found: Vec<Found> = Vec::with_capacity(people.len());
    for chunk in people.chunks(500) {
        let select = "SELECT id, profile, merged_into FROM person WHERE id IN ";
        let mut query = QueryBuilder::new(select);
        many::push_list(&mut query, chunk.iter().copied());
        let read: Vec<Found> = query.build_query_as().persistent(false).fetch_all(&mut *db).await?;
        found.extend(read);
    }
    let mut survivors = Vec::new();
    for merged in gather::merged(&found).chunks(500) {
        let mut query = QueryBuilder::new(UP);
        many::push_list(&mut query, merged.iter().copied());
        query.push(ON).push(
            " SELECT up.person, who.profile, who.id FROM up JOIN person who ON who.id = up.id \
             WHERE up.survivor IS NULL",
        );
        let read: Vec<Found> = query.build_query_as().persistent(false).fetch_all(&mut *db).await?;
        survivors.extend(read);
    }
    Ok((found, survivors))
}

/// One batch's transaction: the writer's only connection until it ends.
struct SqliteLaneTx {
    tx: sqlx::Transaction<'static, Sqlite>,
    seq: LaneSeq,
    chains: Option<ChainKey>,
    /// SQLite undoes only the statement that failed; half a batch must not be committed.
    failed: bool,
}

impl SqliteLaneTx {
    fn noting<T>(&mut self, answer: Result<T>) -> Result<T> {
        self.failed |= answer.is_err();
        answer
    }
}

#[async_trait]
impl LaneTx for SqliteLaneTx {
    fn seq(&self) -> LaneSeq {
        self.seq
    }

    async fn candidates_since(
        &mut self,
        since: LaneSeq,
        tokens: &[Token],
    ) -> Result<Vec<CandidateRow>> {
        let answer = candidates_since(&mut self.tx, since, tokens).await;
        self.noting(answer)
    }

    async fn repeats(&mut self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>> {
        let answer = repeats(&mut self.tx, keys, now).await;
        self.noting(answer)
    }

    async fn open_refusals(&mut self, bodies: &[Token16]) -> Result<Vec<(Token16, RefusalId)>> {
        let answer = open_refusals(&mut self.tx, bodies).await;
        self.noting(answer)
    }

    async fn histories(
        &mut self,
        people: &[PersonId],
        since: Timestamp,
        except: &[ReferralId],
    ) -> Result<Vec<HistoryRow>> {
        let answer = histories(&mut self.tx, people, since, except).await;
        self.noting(answer)
    }

    async fn residents(&mut self, homes: &[Token], since: Timestamp) -> Result<Vec<Resident>> {
        let answer = residents(&mut self.tx, homes, since).await;
        self.noting(answer)
    }

    async fn statements(&mut self, person: PersonId) -> Result<Vec<Statement>> {
        let answer = super::matches::statements(&mut self.tx, person).await;
        self.noting(answer)
    }

    async fn counted_by_kin(
        &mut self,
        person: PersonId,
        since: LaneSeq,
    ) -> Result<Vec<(ReferralId, Reference)>> {
        let query = sqlx::query_as(COUNTED_BY_KIN).bind(person.0).bind(since);
        let read = query.fetch_all(&mut *self.tx).await.map_err(StoreError::from);
        self.noting(read.and_then(|records| read_all(records, counted)))
    }

    async fn recount_stands(&mut self, recount: &Recount) -> Result<bool> {
        let query = sqlx::query_scalar(RECOUNT_STANDS).bind(recount.seq);
        let query = query.bind(recount.referral.0).bind(recount.person.0);
        let answer = query.fetch_one(&mut *self.tx).await.map_err(StoreError::from);
        self.noting(answer)
    }

    async fn adult_pairs(&mut self, later: ReferralId) -> Result<Vec<AdultPair>> {
        let answer = super::adults::pairs(&mut self.tx, later).await;
        self.noting(answer)
    }

    async fn awaited_forms(
        &mut self,
        agency: &AgencyId,
        person: PersonId,
    ) -> Result<Vec<(Reference, DestinationId)>> {
        let answer = super::follow::awaited_forms(&mut self.tx, agency, person).await;
        self.noting(answer)
    }

    async fn attachments_to_tell(&mut self, of: ReferralId) -> Result<Vec<ToTell>> {
        let answer = super::attachments::to_tell_of(&mut self.tx, of).await;
        self.noting(answer)
    }

    async fn clocks(&mut self, of: ReferralId) -> Result<Vec<Clock>> {
        let answer = super::follow::clocks_of(&mut self.tx, of).await;
        self.noting(answer)
    }

    async fn outcomes(&mut self, of: ReferralId) -> Result<Vec<OutcomeRow>> {
        let answer = super::follow::outcomes_of(&mut self.tx, of).await;
        self.noting(answer)
    }

    async fn referral(
        &mut self,
        reference: Reference,
    ) -> Result<Option<(StoredReferral, Vec<StoredLink>)>> {
        let answer = super::read::with_links(&mut self.tx, reference).await;
        self.noting(answer)
    }

    async fn write(&mut self, batch: &Batch) -> Result<()> {
        let answer = match self.chains.clone().ok_or_else(no_chain_key) {
            Ok(chains) => write::batch(&mut self.tx, &chains, batch).await,
            Err(error) => Err(error),
        };
        self.noting(answer)
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        if self.failed {
            return Err(StoreError::Refused("the batch failed and was rolled back".to_owned()));
        }
        Ok(self.tx.commit().await?)
    }
}

async fn repeats(
    db: &mut SqliteConnection,
    keys: &[Token16],
    now: Timestamp,
) -> Result<Vec<Repeat>> {
    let mut query = QueryBuilder::new(
        "SELECT repeat.key, body, referral, reference, wrapped_key, record \
         FROM repeat JOIN referral ON referral.id = repeat.referral WHERE expires_at > ",
    );
    query.push_bind(now.0).push(" AND repeat.key IN ");
    many::push_list(&mut query, keys.iter().map(|key| key.as_slice()));
    let records = query.build_query_as().persistent(false).fetch_all(db).await?;
    read_all(records, RepeatRecord::row)
}

async fn open_refusals(
    db: &mut SqliteConnection,
    bodies: &[Token16],
) -> Result<Vec<(Token16, RefusalId)>> {
    let mut query =
        QueryBuilder::new("SELECT body, id FROM refusal WHERE cleared_at IS NULL AND body IN ");
    many::push_list(&mut query, bodies.iter().map(|body| body.as_slice()));
    let rows: Vec<(Vec<u8>, Uuid)> = query.build_query_as().persistent(false).fetch_all(db).await?;
    read_all(rows, |(body, id)| Ok((token16(&body, "body")?, RefusalId(id))))
}

/// A merged record has the survivor's case; all of a family's links count as one person's, and what
/// restricts one of its records restricts them all. A link counts while no later statement about
/// the same child and person says otherwise.
async fn histories(
    db: &mut SqliteConnection,
    people: &[PersonId],
    since: Timestamp,
    except: &[ReferralId],
) -> Result<Vec<HistoryRow>> {
    let mut query = QueryBuilder::new(UP);
    many::push_list(&mut query, people.iter().map(|person| person.0));
    query.push(ON).push(concat!(
        ", family (person, root, id) AS (SELECT person, id, id FROM up WHERE survivor IS NULL \
         UNION SELECT f.person, f.root, m.id FROM family f JOIN person m ON m.merged_into = f.id) \
         SELECT f.person, p.case_status, p.case_team, max(one.restricted) AS restricted, \
         max(coalesce(one.restriction = 'adoption', 0)) AS adoption, \
         max(coalesce(one.restriction = 'address', 0)) AS address, \
         count(DISTINCT r.id) AS referrals, \
         count(DISTINCT CASE WHEN r.id IS NOT NULL THEN l.agency END) AS agencies, \
         coalesce(max(CASE WHEN r.id IS NOT NULL THEN l.level_rank END), 0) AS highest_level, ",
        apart_from!(
            "IN (SELECT own.id FROM family own WHERE own.person = f.person)",
            "group_concat(hex(who))"
        ),
        " AS apart FROM family f JOIN person p ON p.id = f.root JOIN person one ON one.id = f.id \
         LEFT JOIN link l ON l.person = f.id AND l.state IN ('new', 'linked') \
         AND ",
        last_said!("l"),
        " AND l.at >= ",
    ));
    query.push_bind(since.0);
    query.push(" AND l.referral NOT IN ");
    many::push_list(&mut query, except.iter().map(|id| id.0));
    query.push(" LEFT JOIN referral r ON r.id = l.referral AND r.received_at >= ");
    query.push_bind(since.0);
    query.push(" GROUP BY f.person, p.id, p.case_status, p.case_team");
    let records = query.build_query_as().persistent(false).fetch_all(&mut *db).await?;
    let mut rows = read_all(records, HistoryRecord::row)?;
    let mut query = QueryBuilder::new(UP);
    many::push_list(&mut query, people.iter().map(|person| person.0));
    query.push(ON).push(", since (at) AS (SELECT ").push_bind(since.0);
    query.push("), left_out (id) AS (SELECT id FROM referral WHERE id IN ");
    many::push_list(&mut query, except.iter().map(|id| id.0));
    query.push(")").push(kin!(look, newest, stands));
    kin::add(&mut rows, query.build_query_as().persistent(false).fetch_all(db).await?);
    Ok(rows)
}

async fn residents(
    db: &mut SqliteConnection,
    homes: &[Token],
    since: Timestamp,
) -> Result<Vec<Resident>> {
    let query = sqlx::query_as(RESIDENTS).bind(many::numbers(&distinct(homes))).bind(since.0);
    read_all(query.fetch_all(db).await?, ResidentRecord::row)
}
