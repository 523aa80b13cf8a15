use super::{Connection, Own, append};
use crate::audit::ChainName;
use crate::domain::{AttachmentId, AttachmentState, Reference, ReferralId, Timestamp};
use crate::store::attachments::*;
use crate::store::error::Result;
use crate::store::records::read_all;
use async_trait::async_trait;
use uuid::Uuid;

/// What is to be told of a referral's, as the lane reads it.
pub(super) async fn to_tell_of(db: &mut Connection, of: ReferralId) -> Result<Vec<ToTell>> {
    read_all(sqlx::query_as(TO_TELL_OF).bind(of.0).fetch_all(db).await?, to_tell)
}

/// Notes what was told, as the lane writes it.
pub(super) async fn told(db: &mut Connection, rows: &[ToTell], now: Timestamp) -> Result<()> {
    for one in rows {
        let query = sqlx::query(TOLD).bind(one.id.0).bind(one.state.as_str());
        query.bind(now.0).execute(&mut *db).await?;
    }
    Ok(())
}

/// Why it is not kept, where it is not.
async fn instead(db: &mut Connection, new: &NewAttachment) -> Result<Option<Attached>> {
    let referral = new.row.referral.0;
    if let Some(key) = &new.key {
        let query = sqlx::query_scalar(KEY_BODY).bind(key.as_slice());
        let before: Option<Vec<u8>> = query.fetch_optional(&mut *db).await?;
        if before.is_some_and(|body| body != new.body.as_slice()) {
            return Ok(Some(Attached::KeyReused));
        }
    }
    let query = sqlx::query_as(BY_BODY).bind(referral).bind(new.body.as_slice());
    let before: Option<AttachmentRecord> = query.fetch_optional(&mut *db).await?;
    if let Some(record) = before {
        return Ok(Some(Attached::Repeat(Box::new(record.row()?))));
    }
    let query = sqlx::query_as(SIZE).bind(referral);
    let (count, bytes): (i64, i64) = query.fetch_one(&mut *db).await?;
    let (most, most_bytes) = new.most;
    let full = count >= most || bytes.saturating_add(new.row.size) > most_bytes;
    Ok(full.then_some(Attached::Full))
}

#[async_trait]
impl AttachmentStore for Own {
    async fn attach(&self, new: &NewAttachment) -> Result<Attached> {
        let row = &new.row;
        let mut tx = self.begin_attaching(row.referral).await?;
        if let Some(other) = instead(&mut tx, new).await? {
            return Ok(other);
        }
        let query = sqlx::query(ADD).bind(row.id.0).bind(row.referral.0);
        let query = query.bind(row.agency.as_str()).bind(row.received_at.0);
        let query = query.bind(row.kind.media_type()).bind(row.size).bind(row.state.as_str());
        let query = query.bind(row.attempts).bind(row.scanned_at.map(|at| at.0));
        let query = query.bind(row.signature.as_deref());
        let query = query.bind(row.record.wrapped_key.as_slice()).bind(row.record.body.as_slice());
        let query = query.bind(new.key.as_ref().map(|key| key.as_slice()));
        query.bind(new.body.as_slice()).execute(&mut *tx).await?;
        let query = sqlx::query(ADD_CONTENT).bind(row.id.0).bind(new.content.as_slice());
        query.execute(&mut *tx).await?;
        let events = [row.event("attachment.received", row.agency.as_str())];
        append(&mut tx, self.chains()?, ChainName::Desk, row.received_at, &events).await?;
        tx.commit().await?;
        Ok(Attached::Kept)
    }

    async fn attachments(&self, of: ReferralId) -> Result<Vec<AttachmentRow>> {
        let query = sqlx::query_as(OF_REFERRAL).bind(of.0);
        read_all(query.fetch_all(&self.readers).await?, AttachmentRecord::row)
    }

    async fn attachment_content(&self, id: AttachmentId) -> Result<Option<Vec<u8>>> {
        Ok(sqlx::query_scalar(CONTENT).bind(id.0).fetch_optional(&self.readers).await?)
    }

    async fn claim_scans(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<AttachmentRow>> {
        const CLAIM: &str = claim_scans!(lock_others!());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query_as(CLAIM).bind(now.0).bind(until.0).bind(limit);
        let records = query.fetch_all(&mut *tx).await?;
        tx.commit().await?;
        read_all(records, AttachmentRecord::row)
    }

    async fn scanned(&self, row: &AttachmentRow, said: &Verdict, now: Timestamp) -> Result<bool> {
        let (state, signature, what) = match said {
            Verdict::Clean => (AttachmentState::Clean, None, "attachment.clean"),
            Verdict::Infected(signature) => {
                (AttachmentState::Infected, Some(signature.as_str()), "attachment.infected")
            }
        };
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query(SCANNED).bind(row.id.0).bind(state.as_str());
        let query = query.bind(signature).bind(now.0);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        let events = [row.event(what, "frontdoor")];
        append(&mut tx, self.chains()?, ChainName::Delivery, now, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn scan_failed(
        &self,
        row: &AttachmentRow,
        fault: &'static str,
        next_attempt_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        let query = sqlx::query_scalar(LAST_FAULT).bind(row.id.0);
        let before: Option<Option<String>> = query.fetch_optional(&mut *tx).await?;
        let Some(before) = before else { return Ok(()) };
        let query = sqlx::query(SCAN_FAILED).bind(row.id.0).bind(fault).bind(next_attempt_at.0);
        query.execute(&mut *tx).await?;
        if before.as_deref() != Some(fault) {
            let mut event = row.event("attachment.unscanned", "frontdoor");
            event.detail = Some(format!("{} {fault}", row.id));
            append(&mut tx, self.chains()?, ChainName::Delivery, now, &[event]).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn attachments_to_tell(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<(AttachmentId, Reference)>> {
        let query = sqlx::query_as(TO_TELL).bind(after.map_or(Uuid::nil(), |id| id.0));
        let query = query.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        read_all(query.fetch_all(&self.readers).await?, of_referral)
    }

    async fn attachment_counts(&self, since: Timestamp) -> Result<Vec<AttachmentCount>> {
        let query = sqlx::query_as(COUNTS).bind(since.0);
        read_all(query.fetch_all(&self.readers).await?, counted)
    }
}
