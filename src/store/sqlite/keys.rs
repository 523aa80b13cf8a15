use super::SqliteStore;
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::records::KeyRecord;
use crate::store::rows::KeyRow;
use crate::store::statements::{ADD_KEY, EXPIRE_KEY, KEEP, KEPT, KEYS, REVOKE_KEY};
use crate::store::traits::KeyStore;
use async_trait::async_trait;

#[async_trait]
impl KeyStore for SqliteStore {
    async fn keys(&self) -> Result<Vec<KeyRow>> {
        let records: Vec<KeyRecord> = sqlx::query_as(KEYS).fetch_all(&self.readers).await?;
        Ok(records.into_iter().map(KeyRecord::row).collect())
    }

    async fn add_key(&self, key: KeyRow) -> Result<()> {
        sqlx::query(ADD_KEY)
            .bind(key.id)
            .bind(key.owner_kind)
            .bind(key.owner)
            .bind(key.hash)
            .bind(key.created_at.0)
            .bind(key.expires_at.map(|at| at.0))
            .bind(key.revoked_at.map(|at| at.0))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn end_key(&self, id: &str, at: Timestamp, revoked: bool) -> Result<bool> {
        let statement = if revoked { REVOKE_KEY } else { EXPIRE_KEY };
        let changed = sqlx::query(statement).bind(id).bind(at.0).execute(&self.writer).await?;
        Ok(changed.rows_affected() > 0)
    }

    async fn once(&self, name: &str, value: &[u8]) -> Result<Vec<u8>> {
        sqlx::query(KEEP).bind(name).bind(value).execute(&self.writer).await?;
        Ok(sqlx::query_scalar(KEPT).bind(name).fetch_one(&self.writer).await?)
    }
}
