use super::{Connection, Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::{AgencyId, DestinationId, StaffId, Timestamp};
use crate::store::error::Result;
use crate::store::records::read_all;
use crate::store::rows::Token16;
use crate::store::sessions::END_SESSIONS;
use crate::store::staff::*;
use async_trait::async_trait;

async fn write_codes(db: &mut Connection, staff: StaffId, codes: &[Token16]) -> Result<()> {
    sqlx::query(END_CODES).bind(staff.0).execute(&mut *db).await?;
    for code in codes {
        sqlx::query(ADD_CODE).bind(staff.0).bind(code.as_slice()).execute(&mut *db).await?;
    }
    Ok(())
}

#[async_trait]
impl StaffStore for Own {
    async fn add_staff(&self, row: &StaffRow, event: Event) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        let post = &row.post;
        let query = sqlx::query(ADD_STAFF).bind(row.id.0).bind(row.sign_in.as_slice());
        let query = query.bind(post.role().as_str()).bind(post.agency().map(AgencyId::as_str));
        let query = query.bind(post.destination().map(DestinationId::as_str));
        let query = query.bind(post.is_lead()).bind(row.state.as_str()).bind(row.revision);
        let query = query.bind(row.made_at.0).bind(row.changed_at.0);
        let query = query.bind(row.initial_until.map(|at| at.0)).bind(row.last_step);
        let query = query.bind(row.record.wrapped_key.as_slice()).bind(row.record.body.as_slice());
        query.execute(&mut *tx).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, row.changed_at, &[event]).await?;
        Ok(tx.commit().await?)
    }

    async fn staff(&self) -> Result<Vec<StaffRow>> {
        read_all(sqlx::query_as(STAFF).fetch_all(&self.readers).await?, StaffRecord::row)
    }

    async fn staff_named(&self, sign_in: Token16) -> Result<Option<StaffRow>> {
        let query = sqlx::query_as(STAFF_NAMED).bind(sign_in.as_slice());
        let record: Option<StaffRecord> = query.fetch_optional(&self.readers).await?;
        record.map(StaffRecord::row).transpose()
    }

    async fn change_staff(&self, change: StaffChange<'_>) -> Result<bool> {
        let StaffChange { row, codes, session, event } = change;
        let (post, now) = (&row.post, row.changed_at);
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(CHANGE_STAFF).bind(row.id.0).bind(row.revision);
        let query = query.bind(post.role().as_str()).bind(post.agency().map(AgencyId::as_str));
        let query = query.bind(post.destination().map(DestinationId::as_str));
        let query = query.bind(post.is_lead()).bind(row.state.as_str()).bind(now.0);
        let query = query.bind(row.initial_until.map(|at| at.0)).bind(row.last_step);
        let query = query.bind(row.record.wrapped_key.as_slice()).bind(row.record.body.as_slice());
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        write_codes(&mut tx, row.id, codes).await?;
        sqlx::query(END_SESSIONS).bind(row.id.0).bind(now.0).execute(&mut *tx).await?;
        if let Some(session) = session {
            super::sessions::add(&mut tx, session).await?;
        }
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn replace_codes(
        &self,
        staff: StaffId,
        codes: &[Token16],
        event: Event,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        write_codes(&mut tx, staff, codes).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        Ok(tx.commit().await?)
    }

    async fn codes_left(&self, staff: StaffId) -> Result<i64> {
        Ok(sqlx::query_scalar(CODES_LEFT).bind(staff.0).fetch_one(&self.readers).await?)
    }
}
