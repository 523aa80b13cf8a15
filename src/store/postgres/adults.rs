use super::together::Together;
use super::{PostgresStore, column};
use crate::audit::ChainName;
use crate::domain::{AdultKey, AdultMatchId, PersonId, ReferralId, Timestamp};
use crate::store::adults::*;
use crate::store::error::Result;
use crate::store::gather::distinct;
use crate::store::matches::MatchState;
use crate::store::records::read_all;
use crate::store::rows::{Batch, LaneSeq, Token};
use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// No block further than to see that it is over the cap.
const BLOCKS: &str = "SELECT asked.token, block.referral, block.n \
     FROM UNNEST($1::bigint[]) AS asked (token) CROSS JOIN LATERAL (\
         SELECT referral, n FROM adult_token WHERE adult_token.token = asked.token LIMIT $2) \
     AS block";

const GONE: &str = "DELETE FROM adult WHERE referral = $1 AND n <> ALL($2)";

/// Adds what a batch writes of adults. Of one referral there is one row for each.
pub(super) fn write(all: &mut Together, rows: &AdultRows, seq: LaneSeq) {
    people(all, &rows.people, seq);
    matches(all, &rows.matches);
}

fn people(all: &mut Together, rows: &[NewAdult], seq: LaneSeq) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO adult (referral, n, profile, lane_seq, compared) SELECT new.*, ?, false \
         FROM UNNEST(?::uuid[], ?::integer[], ?::bytea[]) AS new \
         ON CONFLICT (referral, n) DO UPDATE SET profile = excluded.profile, \
         lane_seq = excluded.lane_seq, compared = false",
    )
    .bind(seq)
    .bind(column(rows, |r| r.key.referral.0))
    .bind(column(rows, |r| place(r.key)))
    .bind(column(rows, |r| r.profile.as_slice()));
    let tokens = || rows.iter().flat_map(|r| r.tokens.iter().map(|token| (token.0, r.key)));
    all.part(
        "INSERT INTO adult_token (token, referral, n) \
         SELECT * FROM UNNEST(?::bigint[], ?::uuid[], ?::integer[]) ON CONFLICT DO NOTHING",
    )
    .bind(tokens().map(|(token, _)| token).collect::<Vec<_>>())
    .bind(tokens().map(|(_, key)| key.referral.0).collect::<Vec<_>>())
    .bind(tokens().map(|(_, key)| place(key)).collect::<Vec<_>>());
}

fn matches(all: &mut Together, rows: &[AdultMatchRow]) {
    if rows.is_empty() {
        return;
    }
    all.part(
        "INSERT INTO adult_match (id, later, later_n, earlier, earlier_n, alleged, weight, at) \
         SELECT * FROM UNNEST(?::uuid[], ?::uuid[], ?::integer[], ?::uuid[], ?::integer[], \
         ?::boolean[], ?::real[], ?::bigint[])",
    )
    .bind(column(rows, |r| r.id.0))
    .bind(column(rows, |r| r.later.referral.0))
    .bind(column(rows, |r| place(r.later)))
    .bind(column(rows, |r| r.earlier.referral.0))
    .bind(column(rows, |r| place(r.earlier)))
    .bind(column(rows, |r| r.alleged))
    .bind(column(rows, |r| r.weight))
    .bind(column(rows, |r| r.at.0));
}

/// Takes away adults whom a referral has no more since it was added to, and outdated tokens.
pub(super) async fn forget(db: &mut PgConnection, batch: &Batch) -> Result<()> {
    for (referral, places) in read_again(batch) {
        sqlx::query(FORGET_TOKENS).bind(referral.0).execute(&mut *db).await?;
        let gone = sqlx::query(GONE).bind(referral.0).bind(places);
        gone.execute(&mut *db).await?;
    }
    Ok(())
}

/// Has the adults compared again of referrals whose children are somebody else by this batch.
pub(super) async fn again(db: &mut PgConnection, batch: &Batch, seq: LaneSeq) -> Result<()> {
    for referral in to_compare_again(batch) {
        sqlx::query(AGAIN).bind(referral.0).bind(seq).execute(&mut *db).await?;
    }
    Ok(())
}

/// The pairs of a referral that are known, as the lane reads them.
pub(super) async fn pairs(db: &mut PgConnection, later: ReferralId) -> Result<Vec<AdultPair>> {
    let records = sqlx::query_as(PAIRS).bind(later.0).fetch_all(db).await?;
    read_all(records, |record| pair(later, record))
}

#[async_trait]
impl AdultStore for PostgresStore {
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
        let query = sqlx::query_as(BLOCKS).bind(distinct(tokens)).bind(READ_OF_BLOCK);
        blocks(query.fetch_all(&self.readers).await?)
    }

    async fn settled_people(&self, of: &[ReferralId]) -> Result<Vec<(ReferralId, PersonId)>> {
        let of: Vec<Uuid> = of.iter().map(|id| id.0).collect();
        let query = sqlx::query_as(AssertSqlSafe(format!("{SETTLED_PEOPLE} = ANY($1)"))).bind(of);
        let rows: Vec<(Uuid, Uuid)> = query.fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(|(of, person)| (ReferralId(of), PersonId(person))).collect())
    }

    async fn adult(&self, key: AdultKey) -> Result<Option<AdultRow>> {
        let query = sqlx::query_as(ADULT).bind(key.referral.0).bind(place(key));
        query.fetch_optional(&self.readers).await?.map(AdultRecord::row).transpose()
    }

    async fn adults_compared(&self, rows: &[AdultRow]) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        for row in rows {
            let (key, seq) = (row.key, row.seq);
            let query = sqlx::query(COMPARED).bind(key.referral.0).bind(place(key)).bind(seq);
            query.execute(&mut *tx).await?;
        }
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
        let mut tx = self.begin_locked().await?;
        let last = sqlx::query_as(LAST_WORD).bind(of.0).fetch_optional(&mut *tx).await?;
        let (number, is_new) = next_word(last, word);
        let say = sqlx::query(SAY).bind(of.0).bind(number).bind(word.as_str()).bind(now.0);
        say.bind(by.wrapped_key).bind(by.body).execute(&mut *tx).await?;
        super::append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(is_new)
    }
}
