use super::{Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::pauses::Pause;
use crate::domain::{DestinationId, Timestamp};
use crate::store::error::Result;
use crate::store::pauses::*;
use crate::store::records::read_all;
use async_trait::async_trait;

#[async_trait]
impl PauseStore for Own {
    async fn pause(&self, pause: &Pause, event: Event) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(PAUSE).bind(pause.destination.as_str()).bind(pause.reason.as_str());
        let query = query.bind(pause.since.0).bind(pause.until.0).bind(&pause.by);
        query.execute(&mut *tx).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, pause.since, &[event]).await?;
        Ok(tx.commit().await?)
    }

    async fn resume(
        &self,
        destination: &DestinationId,
        event: Event,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query_scalar(RESUME).bind(destination.as_str());
        let until: Option<i64> = query.fetch_optional(&mut *tx).await?;
        let held = until.is_some_and(|until| until > now.0);
        if held {
            append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        }
        tx.commit().await?;
        Ok(held)
    }

    async fn pauses(&self, now: Timestamp) -> Result<Vec<Pause>> {
        let rows = sqlx::query_as(PAUSES).bind(now.0).fetch_all(&self.readers).await?;
        read_all(rows, pause)
    }
}
