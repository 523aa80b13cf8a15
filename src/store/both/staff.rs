use super::sessions::uncount;
use super::{Connection, Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::{AgencyId, DestinationId, StaffId, Timestamp};
use crate::store::error::Result;
use crate::store::records::read_all;
use crate::store::rows::Token16;
use crate::store::staff::*;
use async_trait::async_trait;

const REVISION: &str = revision!(lock!());

/// Whether the account stands as it was read; it does until the transaction ends. Whoever locks it
/// does so before all else, so that no two wait for each other.
pub(super) async fn stands(db: &mut Connection, staff: StaffId, revision: i64) -> Result<bool> {
    let now: Option<i64> = sqlx::query_scalar(REVISION).bind(staff.0).fetch_optional(db).await?;
    Ok(now == Some(revision))
}

async fn write_codes(db: &mut Connection, staff: StaffId, codes: &[Token16]) -> Result<()> {
    sqlx::query(END_CODES).bind(staff.0).execute(&mut *db).await?;
    for code in codes {
        sqlx::query(ADD_CODE).bind(staff.0).bind(code.as_slice()).execute(&mut *db).await?;
    }
    Ok(())
}

pub(super) async fn codes_left(db: &mut Connection, staff: StaffId) -> Result<i64> {
    Ok(sqlx::query_scalar(CODES_LEFT).bind(staff.0).fetch_one(db).await?)
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
        let query = query.bind(row.initial.as_ref().map(|one| one.token.as_slice()));
        let query = query.bind(row.initial.map(|one| one.until.0)).bind(row.last_step);
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

    async fn staff_opened(&self, sign_in: Token16, initial: Token16) -> Result<Option<StaffRow>> {
        let query = sqlx::query_as(STAFF_OPENED).bind(sign_in.as_slice()).bind(initial.as_slice());
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
        let query = query.bind(row.initial.as_ref().map(|one| one.token.as_slice()));
        let query = query.bind(row.initial.map(|one| one.until.0)).bind(row.last_step);
        let query = query.bind(row.record.wrapped_key.as_slice()).bind(row.record.body.as_slice());
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(codes) = codes {
            write_codes(&mut tx, row.id, codes).await?;
        }
        if let Some(session) = session {
            super::sessions::add(&mut tx, session).await?;
        }
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn replace_codes(&self, new: NewCodes<'_>, now: Timestamp) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        if !stands(&mut tx, new.staff, new.revision).await? {
            return Ok(false);
        }
        write_codes(&mut tx, new.staff, new.codes).await?;
        uncount(&mut tx, new.uncounted).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, now, &[new.event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn codes_left(&self, staff: StaffId) -> Result<i64> {
        codes_left(&mut *self.readers.acquire().await?, staff).await
    }
}
