use super::Own;
use crate::domain::{ReferralId, Timestamp};
use crate::store::error::Result;
use crate::store::pages::Span;
use crate::store::quality::*;
use crate::store::records::{ReferralRecord, read_all};
use crate::store::rows::ReferralRow;
use async_trait::async_trait;

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl QualityStore for Own {
    async fn scores(&self, which: Which<'_>, limit: usize) -> Result<Vec<Scored>> {
        let ((after, before), Span { since, until }) = (which.ids(None), which.span);
        let query = sqlx::query_as(SCORES).bind(after).bind(before).bind(since.0).bind(until.0);
        let query = query.bind(which.agency()).bind(most(limit));
        let rows: Vec<ScoreRecord> = query.fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(scored).collect())
    }

    async fn newest(
        &self,
        which: Which<'_>,
        before: Option<ReferralId>,
        limit: usize,
    ) -> Result<Vec<ReferralRow>> {
        let ((after, before), Span { since, until }) = (which.ids(before), which.span);
        let query = sqlx::query_as(NEWEST).bind(after).bind(before).bind(since.0).bind(until.0);
        let query = query.bind(which.agency()).bind(most(limit));
        read_all(query.fetch_all(&self.readers).await?, ReferralRecord::row)
    }

    async fn counted(&self, since: Timestamp, grain: Grain) -> Result<Vec<Counted>> {
        let query = sqlx::query_as(COUNTED).bind(since.0).bind(grain.micros());
        let rows: Vec<CountRecord> = query.fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(count).collect())
    }

    async fn decided(&self, since: Timestamp, limit: usize) -> Result<Vec<DecidedRow>> {
        let query = sqlx::query_as(DECIDED).bind(since.0).bind(most(limit));
        read_all(query.fetch_all(&self.readers).await?, DecidedRecord::row)
    }
}
