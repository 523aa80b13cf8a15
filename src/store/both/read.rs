use super::{Connection, Own};
use crate::audit::{ChainName, Event};
use crate::domain::ids::RefusalId;
use crate::domain::message::ROUTED;
use crate::domain::{AgencyId, DestinationId, MessageId, Reference, ReferralId, Timestamp};
use crate::store::attachments::{COUNTS, counted};
use crate::store::deliveries::tally;
use crate::store::error::Result;
use crate::store::families::one_each;
use crate::store::notices::{MOOT, OPEN_NOTICES, open_notices};
use crate::store::pages::{REFERRALS, Span};
use crate::store::records::*;
use crate::store::rows::*;
use crate::store::statements::*;
use crate::store::totals::{self, ACKNOWLEDGED_IN, FIRST_HEARD, HEARD};
use crate::store::traits::{ReadStore, SchemaStore};
use async_trait::async_trait;
use uuid::Uuid;

/// Totals and what is not folded into them yet, in one snapshot.
const TALLIES: &str = "SELECT hour, what, agency, destination, level, priority, \
     CAST(sum(count) AS bigint) AS count FROM (SELECT * FROM tally WHERE hour >= $1 \
     UNION ALL SELECT * FROM tally_delta WHERE hour >= $1) AS both_kinds \
     GROUP BY hour, what, agency, destination, level, priority \
     ORDER BY hour, what, agency, destination, level, priority";

/// A referral with its deliveries.
async fn stored(db: &mut Connection, row: ReferralRow) -> Result<StoredReferral> {
    let deliveries: Vec<DeliveryRecord> =
        sqlx::query_as(DELIVERIES_OF).bind(row.id.0).fetch_all(db).await?;
    let mut deliveries = read_all(deliveries, DeliveryRecord::row)?;
    deliveries.sort_unstable_by_key(|delivery| delivery.id);
    Ok(StoredReferral { row, deliveries })
}

async fn links_of(db: &mut Connection, id: Uuid) -> Result<Vec<StoredLink>> {
    Ok(one_each(read_all(sqlx::query_as(LINKS_OF).bind(id).fetch_all(db).await?, LinkRecord::row)?))
}

async fn by_reference(db: &mut Connection, reference: Reference) -> Result<Option<StoredReferral>> {
    let record: Option<ReferralRecord> = sqlx::query_as(REFERRAL_BY_REFERENCE)
        .bind(reference.to_string())
        .fetch_optional(&mut *db)
        .await?;
    match record {
        Some(record) => Ok(Some(stored(db, record.row()?).await?)),
        None => Ok(None),
    }
}

/// A referral with its deliveries and links, as the lane adds to it.
pub(super) async fn with_links(
    db: &mut Connection,
    reference: Reference,
) -> Result<Option<(StoredReferral, Vec<StoredLink>)>> {
    let Some(referral) = by_reference(&mut *db, reference).await? else { return Ok(None) };
    let links = links_of(db, referral.row.id.0).await?;
    Ok(Some((referral, links)))
}

/// What an acknowledgement tells of its referral: how long it took, and that somebody has it.
async fn heard(db: &mut Connection, row: &OutboxRow, now: Timestamp) -> Result<Vec<(Tally, i64)>> {
    let Some(referral) = row.referral else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    if row.kind == ROUTED {
        let took = (row.created_at, now);
        let took = totals::took(ACKNOWLEDGED_IN, row.destination.as_str(), row.priority, took);
        told.push((took, 1));
    }
    let first = sqlx::query_scalar(FIRST_HEARD).bind(referral.0).bind(row.id.0);
    if first.fetch_one(db).await? {
        told.push((totals::of_referral(HEARD, &row.agency, referral), 1));
    }
    Ok(told)
}

#[async_trait]
impl ReadStore for Own {
    async fn referral(&self, reference: Reference) -> Result<Option<StoredReferral>> {
        let mut db = self.readers.acquire().await?;
        by_reference(&mut db, reference).await
    }

    async fn referral_by_id(&self, id: ReferralId) -> Result<Option<StoredReferral>> {
        let mut db = self.readers.acquire().await?;
        let record: Option<ReferralRecord> =
            sqlx::query_as(REFERRAL_BY_ID).bind(id.0).fetch_optional(&mut *db).await?;
        match record {
            Some(record) => Ok(Some(stored(&mut db, record.row()?).await?)),
            None => Ok(None),
        }
    }

    async fn links(&self, id: ReferralId) -> Result<Vec<StoredLink>> {
        let mut db = self.readers.acquire().await?;
        links_of(&mut db, id.0).await
    }

    async fn referrals(
        &self,
        span: Span,
        after: Option<ReferralId>,
        limit: usize,
    ) -> Result<Vec<ReferralRow>> {
        let (after, before) = span.ids(after);
        let query = sqlx::query_as(REFERRALS)
            .bind(after)
            .bind(before)
            .bind(span.since.0)
            .bind(span.until.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        read_all(query.fetch_all(&self.readers).await?, ReferralRecord::row)
    }

    async fn refusal(&self, id: RefusalId) -> Result<Option<RefusalRow>> {
        let record: Option<RefusalRecord> =
            sqlx::query_as(REFUSAL).bind(id.0).fetch_optional(&self.readers).await?;
        record.map(RefusalRecord::row).transpose()
    }

    async fn overview(&self, since: Timestamp) -> Result<Overview> {
        let mut db = self.readers.acquire().await?;
        let tallies = sqlx::query_as(TALLIES).bind(since.0).fetch_all(&mut *db).await?;
        let standing = sqlx::query_as(STANDING_DELIVERIES).bind(since.0).bind(least_id(since));
        let standing = standing.fetch_all(&mut *db).await?;
        let unacknowledged: Vec<(String, i64)> =
            sqlx::query_as(UNACKNOWLEDGED).fetch_all(&mut *db).await?;
        let (outbox_oldest, outbox_waiting): (Option<i64>, i64) =
            sqlx::query_as(WAITING).fetch_one(&mut *db).await?;
        let refusals: Vec<(String, i64, i64)> =
            sqlx::query_as(OPEN_REFUSALS).fetch_all(&mut *db).await?;
        let notices = sqlx::query_as(OPEN_NOTICES).fetch_all(&mut *db).await?;
        let documents = sqlx::query_as(COUNTS).bind(since.0).fetch_all(&mut *db).await?;
        let oldest = |(name, at): (String, i64)| (DestinationId::new(&name), Timestamp(at));
        let open =
            |(name, count, at): (String, i64, i64)| (AgencyId::new(&name), count, Timestamp(at));
        Ok(Overview {
            tallies: read_all(tallies, TallyRecord::row)?,
            deliveries: read_all(standing, stand)?,
            oldest_unacknowledged: unacknowledged.into_iter().map(oldest).collect(),
            outbox_oldest: outbox_oldest.map(Timestamp),
            outbox_waiting,
            refusals: refusals.into_iter().map(open).collect(),
            notices: read_all(notices, open_notices)?,
            documents: read_all(documents, counted)?,
        })
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>> {
        let statement = state.map_or(DELIVERIES, deliveries_in);
        let mut query = sqlx::query_as(statement)
            .bind(after.map_or(Uuid::nil(), |id| id.0))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        if let Some(state) = state {
            query = query.bind(state.as_str());
        }
        read_all(query.fetch_all(&self.readers).await?, DeliveryRecord::row)
    }

    async fn acknowledge(
        &self,
        id: MessageId,
        by: Sealed,
        event: Event,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let changed: Option<OutboxRecord> = sqlx::query_as(ACKNOWLEDGE)
            .bind(id.0)
            .bind(now.0)
            .bind(by.wrapped_key)
            .bind(by.body)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(record) = changed else { return Ok(false) };
        sqlx::query(MOOT).bind(id.0).execute(&mut *tx).await?;
        let row = record.row()?;
        if let Some(referral) = row.referral {
            super::follow::acknowledged(&mut tx, referral, &row.destination, now).await?;
        }
        // Whoever acknowledges at the same time waits for the chain's head: only one was first.
        super::append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        let mut counted = vec![tally("acknowledged", &row, now)];
        counted.extend(heard(&mut tx, &row, now).await?);
        super::write_tallies(&mut tx, &counted).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn redrive(
        &self,
        id: MessageId,
        event: Event,
        now: Timestamp,
    ) -> Result<Option<DeliveryState>> {
        let mut tx = self.begin_writing().await?;
        let state = sqlx::query_scalar(concat!("SELECT state FROM outbox WHERE id = $1", lock!()));
        let state: Option<String> = state.bind(id.0).fetch_optional(&mut *tx).await?;
        let state = state.as_deref().and_then(DeliveryState::parse);
        if matches!(state, Some(DeliveryState::Dead | DeliveryState::Failing)) {
            sqlx::query(REDRIVE).bind(id.0).bind(now.0).execute(&mut *tx).await?;
            super::append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        }
        // Also when nothing was changed: the row's lock is free before this returns.
        tx.commit().await?;
        Ok(state)
    }

    async fn record(&self, chain: ChainName, events: Vec<Event>, now: Timestamp) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        super::append(&mut tx, self.chains()?, chain, now, &events).await?;
        Ok(tx.commit().await?)
    }

    async fn note(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(sqlx::query_scalar(KEPT).bind(name).fetch_optional(&self.readers).await?)
    }

    async fn ping(&self) -> Result<()> {
        self.check_schema().await
    }
}
