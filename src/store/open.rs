//! Opens the store that an address names.

use super::error::{Result, StoreError};
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::traits::Store;
use std::sync::Arc;

/// Opens `sqlite:path/to/file.db` (made with its folder when absent) or
/// `postgres://user@host:port/database`, and verifies that a commit is durable there
/// (invariant 1). The schema is not touched: see `SchemaStore`.
///
/// A SQLite file is opened beside a gateway that serves from it: see [`open_alone`].
///
/// # Errors
/// `Unavailable` when the database cannot be reached; `Unsafe` when the address cannot be read or
/// a setting that durability rests on is off.
pub async fn open(url: &str) -> Result<Arc<dyn Store>> {
    if url.starts_with("sqlite:") {
        return Ok(Arc::new(SqliteStore::open(url).await?));
    }
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return Ok(Arc::new(PostgresStore::open(url).await?));
    }
    Err(StoreError::Unsafe(
        "the database's address must begin with sqlite: or postgres:, e.g. \
         sqlite:data/frontdoor.db"
            .to_owned(),
    ))
}

/// As [`open`], for a gateway, and for what must not happen beside one: a SQLite file is for one
/// at a time. PostgreSQL may have any number.
///
/// # Errors
/// As [`open`], and `Unavailable` when another process has the file.
pub async fn open_alone(url: &str) -> Result<Arc<dyn Store>> {
    if url.starts_with("sqlite:") {
        return Ok(Arc::new(SqliteStore::open_alone(url).await?));
    }
    open(url).await
}
