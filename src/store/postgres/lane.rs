//! The commit lane's reads, before and under its lock.

use super::locked::Locked;
use super::{PostgresStore, column, write};
use crate::audit::{ChainKey, ChainName};
use crate::domain::ids::RefusalId;
use crate::domain::{AgencyId, DestinationId, PersonId, Reference, ReferralId, Timestamp};
use crate::store::adults::AdultPair;
use crate::store::attachments::ToTell;
use crate::store::deliveries::no_chain_key;
use crate::store::error::{Result, StoreError};
use crate::store::families::{apart_from, family_of, survivor_of, up_to_survivors};
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
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// The horizon and the blocks in one statement, so in one snapshot: batches become visible in the
/// order of their numbers, so nothing at or below the horizon is missing from the rows. Blocks come
/// from the index alone, none further than to see that it is over the cap.
const AHEAD: &str = "SELECT lane.seq, block.token, block.people FROM lane LEFT JOIN (\
         SELECT asked.token, ARRAY(SELECT person FROM person_token \
             WHERE person_token.token = asked.token LIMIT $2) AS people \
         FROM UNNEST($1::bigint[]) AS asked (token) OFFSET 0) AS block \
     ON cardinality(block.people) > 0 AND cardinality(block.people) < $2";

/// Nothing is looked up when no batch was written since.
const SINCE: &str = "SELECT token, person FROM person_token WHERE token = ANY($1::bigint[]) \
     AND (lane_seq > $3 OR person = ANY(ARRAY(SELECT id FROM person WHERE changed > $3))) \
     AND (SELECT seq FROM lane) > $3 LIMIT $2";

/// As above, no block further than to see that it is over the cap.
const CAPPED: &str = "SELECT asked.token, block.person FROM UNNEST($1::bigint[]) AS asked (token) \
     CROSS JOIN LATERAL (SELECT person FROM person_token \
         WHERE person_token.token = asked.token AND (lane_seq > $3 \
             OR person = ANY(ARRAY(SELECT id FROM person WHERE changed > $3))) \
         LIMIT $2) AS block";

const PROFILES: &str = "SELECT id, profile, merged_into FROM person WHERE id = ANY($1::uuid[])";

/// Whoever the people asked, whose records were merged, are now.
const SURVIVORS: &str = concat!(
    up_to_survivors!("SELECT id, id, merged_into FROM person WHERE id = ANY($1::uuid[])"),
    " SELECT up.person, who.profile, who.id FROM up JOIN person who ON who.id = up.id \
     WHERE up.survivor IS NULL"
);

const REPEATS: &str = "SELECT repeat.key, body, referral, reference, wrapped_key, record \
     FROM repeat CROSS JOIN LATERAL (SELECT reference, wrapped_key, record FROM referral \
         WHERE id = repeat.referral OFFSET 0) AS first \
     WHERE repeat.key = ANY($1::bytea[]) AND expires_at > $2";

const OPEN_REFUSALS: &str = "SELECT body, id FROM refusal \
     WHERE body = ANY($1::bytea[]) AND cleared_at IS NULL";

/// `OFFSET 0` keeps a look-up a look-up: it is not merged into a join. A merged record has the
/// survivor's case; all of a family's links count as one person's, and what restricts one of its
/// records restricts them all.
///
/// A link counts while no later statement about the same child and person says otherwise.
const HISTORIES: &str = concat!(
    up_to_survivors!(
        "SELECT asked.person, p.id, p.merged_into FROM UNNEST($1::uuid[]) AS asked (person) \
         CROSS JOIN LATERAL (SELECT id, merged_into FROM person WHERE id = asked.person OFFSET 0) \
         AS p"
    ),
    ", family (person, id, restricted, restriction) AS (\
         SELECT up.person, p.* FROM up CROSS JOIN LATERAL (\
             SELECT id, restricted, restriction FROM person WHERE id = up.id OFFSET 0) AS p \
         WHERE up.survivor IS NULL \
         UNION SELECT f.person, m.* FROM family f CROSS JOIN LATERAL (\
             SELECT id, restricted, restriction FROM person WHERE merged_into = f.id OFFSET 0) \
         AS m) \
     SELECT root.person, p.case_status, p.case_team, all_of.restricted, all_of.adoption, \
     all_of.address, \
     h.referrals, h.agencies, coalesce(h.highest, 0::smallint) AS highest_level, ",
    apart_from!("= ANY(all_of.ids)", "string_agg(who::text, ',')"),
    " AS apart FROM up AS root \
     CROSS JOIN LATERAL (SELECT case_status, case_team FROM person \
         WHERE id = root.id OFFSET 0) AS p \
     CROSS JOIN LATERAL (SELECT array_agg(f.id) AS ids, bool_or(f.restricted) AS restricted, \
         coalesce(bool_or(f.restriction = 'adoption'), false) AS adoption, \
         coalesce(bool_or(f.restriction = 'address'), false) AS address \
         FROM family f WHERE f.person = root.person) AS all_of \
     CROSS JOIN LATERAL (SELECT count(DISTINCT l.referral) AS referrals, \
         count(DISTINCT l.agency) AS agencies, max(l.level_rank) AS highest \
         FROM link l WHERE l.person = ANY(all_of.ids) \
         AND l.at >= $2 AND l.referral <> ALL($3::uuid[]) \
         AND (SELECT received_at FROM referral WHERE id = l.referral) >= $2 \
         AND l.state IN ('new', 'linked') AND ",
    last_said!("l", " OFFSET 0"),
    ") AS h \
     WHERE root.survivor IS NULL"
);

macro_rules! look {
    ($table:literal, $column:literal, $of:literal, $row:literal) => {
        concat!(
            "CROSS JOIN LATERAL (SELECT * FROM ",
            $table,
            " WHERE ",
            $column,
            " = ",
            $of,
            " OFFSET 0) AS ",
            $row
        )
    };
}

macro_rules! stands {
    () => {
        last_said!("l", " OFFSET 0")
    };
}

macro_rules! newest {
    ($of:literal) => {
        concat!(
            "CROSS JOIN LATERAL (SELECT l.* FROM link l WHERE l.person = ",
            $of,
            " AND ",
            settled!(stands),
            " ORDER BY l.at DESC, l.referral DESC LIMIT 50) AS l"
        )
    };
}

const KIN: &str = concat!(
    up_to_survivors!(
        "SELECT asked.person, p.id, p.merged_into FROM UNNEST($1::uuid[]) AS asked (person) \
         CROSS JOIN LATERAL (SELECT id, merged_into FROM person WHERE id = asked.person OFFSET 0) \
         AS p"
    ),
    ", since (at) AS (SELECT $2::bigint), left_out (id) AS (SELECT UNNEST($3::uuid[]))",
    kin!(look, newest, stands)
);

const RESIDENTS: &str = residents!(
    "SELECT h.token, h.at, h.referral, h.child FROM UNNEST($1::bigint[]) AS asked (token) \
     CROSS JOIN LATERAL (SELECT * FROM home WHERE token = asked.token \
         ORDER BY at DESC LIMIT 50) AS h",
    look,
    stands,
    "string_agg(who::text, ',')"
);

#[async_trait]
impl LaneStore for PostgresStore {
    async fn candidates(&self, children: &[&[Token]]) -> Result<Candidates> {
        let mut db = self.pool.acquire().await?;
        let tokens = distinct(children.iter().copied().flatten());
        let rows: Vec<AheadRow> =
            sqlx::query_as(AHEAD).bind(&tokens).bind(READ_OF_BLOCK).fetch_all(&mut *db).await?;
        let horizon = rows.first().map(|row| row.0).ok_or_else(|| {
            StoreError::Schema("the lane's number is missing; run `frontdoor migrate`".to_owned())
        })?;
        let blocks = rows.into_iter().filter_map(|(_, token, people)| token.zip(people));
        let mut choice = Choice::of(children, blocks);
        loop {
            let wanted = choice.wanted();
            if wanted.is_empty() {
                return Ok(choice.candidates(horizon));
            }
            let found = sqlx::query_as(PROFILES).bind(wanted).fetch_all(&mut *db).await?;
            let survivors = survivors(&mut db, &found).await?;
            if !choice.add(found, survivors) {
                return Ok(choice.candidates(horizon));
            }
        }
    }

    async fn repeats(&self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>> {
        repeats(&mut *self.pool.acquire().await?, keys, now).await
    }

    async fn histories(&self, people: &[PersonId], since: Timestamp) -> Result<Vec<HistoryRow>> {
        histories(&mut *self.pool.acquire().await?, people, since, &[]).await
    }

    async fn residents(&self, homes: &[Token], since: Timestamp) -> Result<Vec<Resident>> {
        residents(&mut *self.pool.acquire().await?, homes, since).await
    }

    async fn begin(&self) -> Result<Box<dyn LaneTx>> {
        let tx = Locked::begin(self).await?;
        Ok(Box::new(PgLaneTx { tx, chains: self.chains.get().cloned(), failed: false }))
    }
}

/// The horizon; a token, and who carries it.
type AheadRow = (LaneSeq, Option<i64>, Option<Vec<Uuid>>);

/// Blocks are small: usually a token's rows are one or two, and one scan reads them all.
fn few(tokens: &[i64]) -> i64 {
    READ_OF_BLOCK + 4 * i64::try_from(tokens.len()).unwrap_or(i64::MAX / 8)
}

/// Whether pairs read up to [`few`] are all; where they are not some block is large.
fn all_read(pairs: &[(i64, Uuid)], tokens: &[i64]) -> bool {
    i64::try_from(pairs.len()).is_ok_and(|read| read < few(tokens))
}

async fn block_by_block(
    db: &mut PgConnection,
    since: LaneSeq,
    tokens: &[i64],
) -> Result<Vec<CandidateRow>> {
    let pairs: Vec<(i64, Uuid)> = sqlx::query_as(CAPPED)
        .bind(tokens)
        .bind(READ_OF_BLOCK)
        .bind(since)
        .fetch_all(&mut *db)
        .await?;
    profiled(db, pairs).await
}

async fn profiled(db: &mut PgConnection, pairs: Vec<(i64, Uuid)>) -> Result<Vec<CandidateRow>> {
    let pairs = within_cap(pairs);
    let mut people = column(&pairs, |pair| pair.1);
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let found = sqlx::query_as(PROFILES).bind(people).fetch_all(&mut *db).await?;
    followed(db, pairs, found).await
}

/// Candidates from what was found, with survivors in the place of those merged.
async fn followed(
    db: &mut PgConnection,
    pairs: Vec<(i64, Uuid)>,
    found: Vec<Found>,
) -> Result<Vec<CandidateRow>> {
    let survivors = survivors(db, &found).await?;
    Ok(gather::candidates(pairs, found, survivors))
}

async fn survivors(db: &mut PgConnection, found: &[Found]) -> Result<Vec<Found>> {
    let merged = gather::merged(found);
    if merged.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(SURVIVORS).bind(merged).fetch_all(db).await?)
}

/// One batch's transaction.
struct PgLaneTx {
    tx: Locked,
    chains: Option<ChainKey>,
    /// PostgreSQL answers COMMIT after a failed statement with a quiet rollback: it must not pass
    /// for a commit.
    failed: bool,
}

impl PgLaneTx {
    fn noting<T>(&mut self, answer: Result<T>) -> Result<T> {
        self.failed |= answer.is_err();
        answer
    }
}

#[async_trait]
impl LaneTx for PgLaneTx {
    fn seq(&self) -> LaneSeq {
        self.tx.seq
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
        let rows: std::result::Result<Vec<(Vec<u8>, Uuid)>, _> = sqlx::query_as(OPEN_REFUSALS)
            .bind(column(bodies, |body| body.as_slice()))
            .fetch_all(&mut *self.tx)
            .await;
        let read = |(body, id): (Vec<u8>, Uuid)| Ok((token16(&body, "body")?, RefusalId(id)));
        let answer = rows.map_err(StoreError::from);
        self.noting(answer.and_then(|rows| read_all(rows, read)))
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
        let chains = self.chains.clone().ok_or_else(no_chain_key);
        let answer = match chains {
            Ok(chains) => {
                let (number, mac) = &self.tx.head;
                let head = (*number, mac.as_slice());
                let link = chains.link(ChainName::Intake, head, batch.at, &batch.audit);
                let link = Some(&link).filter(|_| !batch.audit.is_empty());
                let seq = self.tx.seq + 1;
                let written = write::batch(&mut self.tx, batch, seq, link).await;
                match written {
                    Ok(()) if !batch.desk.is_empty() => {
                        let (desk, at) = (ChainName::Desk, batch.at);
                        super::append(&mut self.tx, &chains, desk, at, &batch.desk).await
                    }
                    other => other,
                }
            }
            Err(error) => Err(error),
        };
        self.noting(answer)
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        if self.failed {
            return Err(StoreError::Refused("the batch failed and was rolled back".to_owned()));
        }
        self.tx.commit().await
    }
}

async fn repeats(db: &mut PgConnection, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>> {
    let records = sqlx::query_as(REPEATS)
        .bind(column(keys, |key| key.as_slice()))
        .bind(now.0)
        .fetch_all(db)
        .await?;
    read_all(records, RepeatRecord::row)
}

async fn histories(
    db: &mut PgConnection,
    people: &[PersonId],
    since: Timestamp,
    except: &[ReferralId],
) -> Result<Vec<HistoryRow>> {
    let mut people = column(people, |person| person.0);
    people.sort_unstable();
    people.dedup();
    let except = column(except, |id| id.0);
    let own = sqlx::query_as(HISTORIES).bind(&people).bind(since.0).bind(&except);
    let mut rows = read_all(own.fetch_all(&mut *db).await?, HistoryRecord::row)?;
    let around = sqlx::query_as(KIN).bind(&people).bind(since.0).bind(&except);
    kin::add(&mut rows, around.fetch_all(db).await?);
    Ok(rows)
}

async fn residents(
    db: &mut PgConnection,
    homes: &[Token],
    since: Timestamp,
) -> Result<Vec<Resident>> {
    let query = sqlx::query_as(RESIDENTS).bind(distinct(homes)).bind(since.0);
    read_all(query.fetch_all(db).await?, ResidentRecord::row)
}

pub(super) async fn candidates_since(
    db: &mut PgConnection,
    since: LaneSeq,
    tokens: &[Token],
) -> Result<Vec<CandidateRow>> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let tokens = distinct(tokens);
    let pairs: Vec<(i64, Uuid)> = sqlx::query_as(SINCE)
        .bind(&tokens)
        .bind(few(&tokens))
        .bind(since)
        .fetch_all(&mut *db)
        .await?;
    if all_read(&pairs, &tokens) {
        return profiled(db, pairs).await;
    }
    block_by_block(db, since, &tokens).await
}
