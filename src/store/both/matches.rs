use super::{Connection, Own};
use crate::domain::{MessageId, PersonId, ReferralId};
use crate::store::error::Result;
use crate::store::match_records::*;
use crate::store::matches::*;
use crate::store::records::read_all;
use crate::store::statements::{CHRONOLOGY, PERSON, STATEMENTS, WITHDRAWALS, matches_in};
use async_trait::async_trait;
use uuid::Uuid;

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Every statement about a person, as the lane reads them.
pub(super) async fn statements(db: &mut Connection, person: PersonId) -> Result<Vec<Statement>> {
    let records = sqlx::query_as(STATEMENTS).bind(person.0).fetch_all(db).await?;
    read_all(records, StatementRecord::row)
}

#[async_trait]
impl MatchStore for Own {
    async fn matches(
        &self,
        state: MatchState,
        after: Option<(ReferralId, u16, PersonId)>,
        limit: usize,
    ) -> Result<Vec<MatchRow>> {
        let first = (ReferralId(Uuid::nil()), 0, PersonId(Uuid::nil()));
        let (referral, child, person) = after.unwrap_or(first);
        let records = sqlx::query_as(matches_in(state))
            .bind(referral.0)
            .bind(i32::from(child))
            .bind(person.0)
            .bind(count(limit))
            .fetch_all(&self.readers)
            .await?;
        read_all(records, MatchRecord::row)
    }

    async fn person(&self, id: PersonId) -> Result<Option<PersonRecord>> {
        let record: Option<PersonFound> =
            sqlx::query_as(PERSON).bind(id.0).fetch_optional(&self.readers).await?;
        record.map(PersonFound::row).transpose()
    }

    async fn chronology(&self, id: PersonId) -> Result<Vec<ChronologyRow>> {
        let records = sqlx::query_as(CHRONOLOGY).bind(id.0).fetch_all(&self.readers).await?;
        read_all(records, ChronologyRecord::row)
    }

    async fn withdrawals(
        &self,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<WithdrawnRow>> {
        let records = sqlx::query_as(WITHDRAWALS)
            .bind(after.map_or(Uuid::nil(), |id| id.0))
            .bind(count(limit))
            .fetch_all(&self.readers)
            .await?;
        read_all(records, WithdrawnRecord::row)
    }
}
