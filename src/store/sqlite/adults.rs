use super::SqliteStore;
use super::many::{self, each};
use crate::audit::ChainName;
use crate::domain::{AdultKey, AdultMatchId, PersonId, ReferralId, Timestamp};
use crate::store::adults::*;
use crate::store::error::Result;
use crate::store::gather::distinct;
use crate::store::matches::MatchState;
use crate::store::records::read_all;
use crate::store::rows::{Batch, LaneSeq, Token};
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

/// A block over the cap is not read to its end.
const BLOCKS: &str = "SELECT asked.value, held.referral, held.n FROM json_each($1) AS asked \
     JOIN adult_token AS held ON held.token = asked.value \
     WHERE (SELECT count(*) FROM (SELECT 1 FROM adult_token AS block \
         WHERE block.token = asked.value LIMIT $2)) < $2";

const GONE: &str =
    "DELETE FROM adult WHERE referral = $1 AND n NOT IN (SELECT value FROM json_each($2))";

/// Writes what a batch says of adults.
pub(super) async fn write(db: &mut SqliteConnection, rows: &AdultRows, seq: LaneSeq) -> Result<()> {
    many::insert(
        db,
        "INSERT INTO adult (referral, n, lane_seq, profile, compared)",
        &rows.people,
        "ON CONFLICT (referral, n) DO UPDATE SET profile = excluded.profile, \
         lane_seq = excluded.lane_seq, compared = false",
        move |values, r| {
            values.push_bind(r.key.referral.0).push_bind(place(r.key)).push_bind(seq);
            values.push_bind(r.profile.as_slice()).push_bind(false);
        },
    )
    .await?;
    let tokens = rows.people.iter().flat_map(|r| r.tokens.iter().map(|token| (token.0, r.key)));
    many::insert(
        db,
        "INSERT INTO adult_token (token, referral, n)",
        &tokens.collect::<Vec<_>>(),
        "ON CONFLICT DO NOTHING",
        |values, (token, key)| {
            values.push_bind(*token).push_bind(key.referral.0).push_bind(place(*key));
        },
    )
    .await?;
    let found = "INSERT INTO adult_match \
         (id, later, later_n, earlier, earlier_n, alleged, weight, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    each!(
        db,
        found,
        &rows.matches,
        |r| r.id.0,
        r.later.referral.0,
        place(r.later),
        r.earlier.referral.0,
        place(r.earlier),
        r.alleged,
        r.weight,
        r.at.0
    );
    Ok(())
}

/// Takes away adults whom a referral has no more since it was added to, and outdated tokens.
pub(super) async fn forget(db: &mut SqliteConnection, batch: &Batch) -> Result<()> {
    for (referral, places) in read_again(batch) {
        sqlx::query(FORGET_TOKENS).bind(referral.0).execute(&mut *db).await?;
        let gone = sqlx::query(GONE)
            .bind(referral.0)
            .bind(many::numbers(&places.iter().map(|n| i64::from(*n)).collect::<Vec<_>>()));
        gone.execute(&mut *db).await?;
    }
    Ok(())
}

/// Has the adults compared again of referrals whose children are somebody else by this batch.
pub(super) async fn again(db: &mut SqliteConnection, batch: &Batch, seq: LaneSeq) -> Result<()> {
    for referral in to_compare_again(batch) {
        sqlx::query(AGAIN).bind(referral.0).bind(seq).execute(&mut *db).await?;
    }
    Ok(())
}

/// The pairs of a referral that are known, as the lane reads them.
pub(super) async fn pairs(db: &mut SqliteConnection, later: ReferralId) -> Result<Vec<AdultPair>> {
    let records = sqlx::query_as(PAIRS).bind(later.0).fetch_all(db).await?;
    read_all(records, |record| pair(later, record))
}

#[async_trait]
impl AdultStore for SqliteStore {
    async fn adults_waiting(
        &self,
        last: Option<(LaneSeq, AdultKey)>,
        limit: usize,
    ) -> Result<Vec<AdultRow>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (seq, referral, n) = after(last);
        let query = sqlx::query_as(WAITING).bind(limit).bind(seq).bind(referral).bind(n);
        read_all(query.fetch_all(&self.readers).await?, AdultRecord::row)
    }

    async fn adult_blocks(&self, tokens: &[Token]) -> Result<Vec<Vec<AdultKey>>> {
        let tokens = many::numbers(&distinct(tokens));
        let query = sqlx::query_as(BLOCKS).bind(tokens).bind(READ_OF_BLOCK);
        blocks(query.fetch_all(&self.readers).await?)
    }

    async fn settled_people(&self, of: &[ReferralId]) -> Result<Vec<(ReferralId, PersonId)>> {
        let mut found = Vec::new();
        for of in of.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(SETTLED_PEOPLE);
            query.push(" IN ");
            many::push_list(&mut query, of.iter().map(|id| id.0));
            let query = query.build_query_as().persistent(false);
            let rows: Vec<(Uuid, Uuid)> = query.fetch_all(&self.readers).await?;
            found.extend(rows.into_iter().map(|(of, person)| (ReferralId(of), PersonId(person))));
        }
        Ok(found)
    }

    async fn adult(&self, key: AdultKey) -> Result<Option<AdultRow>> {
        let query = sqlx::query_as(ADULT).bind(key.referral.0).bind(place(key));
        query.fetch_optional(&self.readers).await?.map(AdultRecord::row).transpose()
    }

    async fn adults_compared(&self, rows: &[AdultRow]) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        each!(tx, COMPARED, rows, |row| row.key.referral.0, place(row.key), row.seq);
        Ok(tx.commit().await?)
    }

    async fn adult_matches(
        &self,
        state: MatchState,
        after: Option<AdultMatchId>,
        limit: usize,
    ) -> Result<Vec<AdultMatch>> {
        let Some(query) = matches_in(state) else { return Ok(Vec::new()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let query = sqlx::query_as(query).bind(after).bind(limit);
        read_all(query.fetch_all(&self.readers).await?, AdultMatchRecord::row)
    }

    async fn adult_match(&self, id: AdultMatchId) -> Result<Option<AdultMatch>> {
        let query = sqlx::query_as(MATCH).bind(id.0);
        query.fetch_optional(&self.readers).await?.map(AdultMatchRecord::row).transpose()
    }

    async fn decide_adults(&self, decision: AdultDecision, now: Timestamp) -> Result<bool> {
        let AdultDecision { of, word, by, event } = decision;
        let mut tx = self.begin_writing().await?;
        let last = sqlx::query_as(LAST_WORD).bind(of.0).fetch_optional(&mut *tx).await?;
        let (number, is_new) = next_word(last, word);
        let say = sqlx::query(SAY).bind(of.0).bind(number).bind(word.as_str()).bind(now.0);
        say.bind(by.wrapped_key).bind(by.body).execute(&mut *tx).await?;
        super::append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(is_new)
    }
}
