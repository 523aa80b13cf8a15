use super::{Connection, Own, append, write_notices};
use crate::audit::ChainName;
use crate::domain::alarms::AlarmName;
use crate::domain::{AgencyId, DestinationId, Timestamp};
use crate::store::alarms::*;
use crate::store::error::Result;
use crate::store::notices::NoticeRow;
use async_trait::async_trait;

async fn keep(db: &mut Connection, row: &AlarmRow) -> Result<()> {
    let agency = row.name.agency.as_ref().map_or("", AgencyId::as_str);
    let query = sqlx::query(KEEP_ALARM).bind(row.name.kind.as_str()).bind(agency);
    let query = query.bind(row.since.0).bind(row.ended_at.map(|at| at.0));
    query.bind(row.told_at.map(|at| at.0)).execute(db).await?;
    Ok(())
}

#[async_trait]
impl AlarmStore for Own {
    async fn first_received(&self, agency: Option<&AgencyId>) -> Result<Option<Timestamp>> {
        let query = match agency {
            Some(agency) => sqlx::query_scalar(FIRST_RECEIVED_OF).bind(agency.as_str()),
            None => sqlx::query_scalar(FIRST_RECEIVED),
        };
        let hour: Option<i64> = query.fetch_one(&self.readers).await?;
        Ok(hour.map(Timestamp))
    }

    async fn note_active(&self, agencies: &[AgencyId], now: Timestamp) -> Result<()> {
        let known = sqlx::query_scalar("SELECT agency FROM agency_active");
        let known: Vec<String> = known.fetch_all(&self.readers).await?;
        let is_new = |agency: &&AgencyId| !known.iter().any(|known| known == agency.as_str());
        let new: Vec<&AgencyId> = agencies.iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_writing().await?;
        let mut events = Vec::new();
        for agency in new {
            let query = sqlx::query(NOTE_ACTIVE).bind(agency.as_str()).bind(now.0);
            if query.execute(&mut *tx).await?.rows_affected() > 0 {
                events.push(seen_active(agency));
            }
        }
        if !events.is_empty() {
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn active_since(&self, agency: &AgencyId) -> Result<Option<Timestamp>> {
        let query = sqlx::query_scalar(ACTIVE_SINCE).bind(agency.as_str());
        let since: Option<i64> = query.fetch_optional(&self.readers).await?;
        Ok(since.map(Timestamp))
    }

    async fn routed_since(&self, to: &DestinationId, since: Timestamp) -> Result<bool> {
        let query = sqlx::query_scalar(ROUTED_SINCE).bind(to.as_str()).bind(since.0);
        Ok(query.fetch_one(&self.readers).await?)
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        let rows = sqlx::query_as(ALARMS).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().filter_map(alarm).collect())
    }

    async fn settle_alarms(
        &self,
        standing: &[AlarmName],
        notice: Option<&NoticeRow>,
        again: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        // Of two gateways one goes first, and the other sees what it has settled.
        let mut tx = self.begin_alone("alarm").await?;
        let rows = sqlx::query_as(ALARMS).fetch_all(&mut *tx).await?;
        let stood: Vec<AlarmRow> = rows.into_iter().filter_map(alarm).collect();
        let settled = settle(&stood, standing, notice, again, now);
        for row in &settled.rows {
            keep(&mut tx, row).await?;
        }
        if let Some(notice) = notice.filter(|_| settled.tells) {
            write_notices(&mut tx, std::slice::from_ref(notice)).await?;
        }
        if !settled.events.is_empty() {
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &settled.events).await?;
        }
        Ok(tx.commit().await?)
    }
}
