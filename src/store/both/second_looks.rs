use super::{Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::second_looks::Week;
use crate::domain::{LookId, Timestamp};
use crate::store::error::Result;
use crate::store::records::read_all;
use crate::store::second_looks::*;
use async_trait::async_trait;

const DRAW_WEEK: &str = draw_week!(now!());

#[async_trait]
impl SecondLookStore for Own {
    async fn last_drawn(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let query = sqlx::query_scalar(LAST_DRAWN).bind(now.0);
        let last: Option<i64> = query.fetch_one(&self.readers).await?;
        Ok(last.map(Timestamp))
    }

    async fn draw(&self, week: Week, choose: Choose<'_>, now: Timestamp) -> Result<Option<usize>> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(DRAW_WEEK).bind(week.from.0).bind(now.0).bind(week.until.0);
        let drawn = query.execute(&mut *tx).await?;
        if drawn.rows_affected() == 0 {
            return Ok(None);
        }
        let query = sqlx::query_as(ENDINGS).bind(week.from.0).bind(week.until.0);
        let all = query.fetch_all(&mut *tx).await?;
        let drawn = choose(all.into_iter().map(ending).collect());
        for (id, one) in &drawn {
            let query = sqlx::query(DRAW).bind(id.0).bind(one.id.0).bind(one.referral.0);
            let query = query.bind(one.destination.as_str()).bind(now.0);
            query.execute(&mut *tx).await?;
        }
        let events = events(week, &drawn);
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(Some(drawn.len()))
    }

    async fn waiting_looks(
        &self,
        asking: Asking<'_>,
        after: Option<LookPlace>,
        limit: usize,
    ) -> Result<Vec<WaitingLook>> {
        let (drawn_at, id) = self::after(after);
        let query = sqlx::query_as(WAITING_LOOKS).bind(asking.team.as_str()).bind(asking.screens);
        let query = query.bind(drawn_at).bind(id);
        let query = query.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        read_all(query.fetch_all(&self.readers).await?, waiting)
    }

    async fn looks_waiting(&self) -> Result<(i64, Option<Timestamp>)> {
        let query = sqlx::query_as(LOOKS_WAITING);
        let (count, oldest): (i64, Option<i64>) = query.fetch_one(&self.readers).await?;
        Ok((count, oldest.map(Timestamp)))
    }

    async fn drawn_look(&self, asking: Asking<'_>, id: LookId) -> Result<Option<DrawnLook>> {
        let query = sqlx::query_as(DRAWN_LOOK).bind(asking.team.as_str()).bind(asking.screens);
        let record: Option<DrawnRecord> = query.bind(id.0).fetch_optional(&self.readers).await?;
        record.map(DrawnRecord::row).transpose()
    }

    async fn keep_look(
        &self,
        id: LookId,
        look: &Look,
        themes: &[String],
        event: Event,
    ) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(KEEP_LOOK).bind(id.0).bind(look.at.0).bind(look.by.as_str());
        let query = query.bind(look.level.as_str()).bind(look.agrees);
        let query = query.bind(look.record.wrapped_key.as_slice());
        let kept = query.bind(look.record.body.as_slice()).execute(&mut *tx).await?;
        if kept.rows_affected() == 0 {
            return Ok(false);
        }
        for theme in themes {
            let query = sqlx::query(KEEP_THEME).bind(id.0).bind(theme.as_str()).bind(look.at.0);
            query.execute(&mut *tx).await?;
        }
        append(&mut tx, self.chains()?, ChainName::Desk, look.at, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn looked_since(&self, since: Timestamp) -> Result<Vec<Looked>> {
        let rows = sqlx::query_as(LOOKED_SINCE).bind(since.0).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(looked).collect())
    }

    async fn themes_since(&self, since: Timestamp) -> Result<Vec<Theme>> {
        let rows = sqlx::query_as(THEMES_SINCE).bind(since.0).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(theme).collect())
    }
}
