use super::{Connection, Own, append};
use crate::audit::{ChainName, Event};
use crate::domain::draft::DraftState;
use crate::domain::{AgencyId, DraftId, Reference, StaffId, Timestamp};
use crate::store::drafts::*;
use crate::store::error::Result;
use crate::store::records::read_all;
use async_trait::async_trait;

/// Writes a row with a statement that takes all of its columns; false where none was written.
async fn write(db: &mut Connection, statement: &'static str, row: &DraftRow) -> Result<bool> {
    let query = sqlx::query(statement).bind(row.id.0).bind(row.agency.as_str());
    let query = query.bind(row.author.0).bind(row.closed).bind(row.state.as_str());
    let query = query.bind(row.revision).bind(row.made_at.0).bind(row.changed_at.0);
    let query = query.bind(row.reference.map(|reference| reference.to_string()));
    let query = query.bind(row.record.wrapped_key.as_slice()).bind(row.record.body.as_slice());
    Ok(query.execute(db).await?.rows_affected() > 0)
}

#[async_trait]
impl DraftStore for Own {
    async fn add_draft(&self, row: &DraftRow, event: Event) -> Result<()> {
        let mut tx = self.begin_writing().await?;
        write(&mut tx, ADD_DRAFT, row).await?;
        append(&mut tx, self.chains()?, ChainName::Desk, row.changed_at, &[event]).await?;
        Ok(tx.commit().await?)
    }

    async fn draft(&self, id: DraftId) -> Result<Option<DraftRow>> {
        let query = sqlx::query_as(DRAFT).bind(id.0);
        let record: Option<DraftRecord> = query.fetch_optional(&self.readers).await?;
        record.map(DraftRecord::row).transpose()
    }

    async fn change_draft(&self, row: &DraftRow, event: Event) -> Result<bool> {
        let mut tx = self.begin_writing().await?;
        if !write(&mut tx, CHANGE_DRAFT, row).await? {
            return Ok(false);
        }
        append(&mut tx, self.chains()?, ChainName::Desk, row.changed_at, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn drafts_of(&self, author: StaffId, state: DraftState) -> Result<Vec<DraftRow>> {
        let query = sqlx::query_as(DRAFTS_OF).bind(author.0).bind(state.as_str()).bind(LISTED);
        read_all(query.fetch_all(&self.readers).await?, DraftRecord::row)
    }

    async fn drafts_of_agency(
        &self,
        agency: &AgencyId,
        state: DraftState,
    ) -> Result<Vec<DraftRow>> {
        let query = sqlx::query_as(DRAFTS_OF_AGENCY).bind(agency.as_str()).bind(state.as_str());
        read_all(query.bind(LISTED).fetch_all(&self.readers).await?, DraftRecord::row)
    }

    async fn draft_sent_as(&self, reference: Reference) -> Result<Option<DraftRow>> {
        let query = sqlx::query_as(DRAFT_SENT_AS).bind(reference.to_string());
        let record: Option<DraftRecord> = query.fetch_optional(&self.readers).await?;
        record.map(DraftRecord::row).transpose()
    }

    async fn open_drafts(&self) -> Result<Vec<(AgencyId, i64, Timestamp)>> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as(OPEN_DRAFTS).fetch_all(&self.readers).await?;
        let of = |(agency, open, oldest): (String, i64, i64)| {
            (AgencyId::new(&agency), open, Timestamp(oldest))
        };
        Ok(rows.into_iter().map(of).collect())
    }
}
