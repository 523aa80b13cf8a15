//! The store of one machine: a SQLite file, one process, one writer at a time.

mod audit;
mod clocks;
mod import;
mod keys;
mod lane;
mod many;
mod people;
mod queue;
mod read;
mod relay;
mod schema;
mod write;

use super::error::{Result, StoreError};
use super::statements::{ADD_CHAIN_LINK, MOVE_CHAIN_HEAD};
use crate::audit::{ChainKey, ChainName, Event};
use crate::domain::Timestamp;
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteSynchronous,
};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// Connections that only read; in WAL mode they neither wait for the writer nor hold it up.
const READERS: u32 = 4;

/// A store in a SQLite file.
pub struct SqliteStore {
    /// One connection: whoever has it is the only writer, and the next waits its turn here.
    writer: SqlitePool,
    readers: SqlitePool,
    chains: OnceLock<ChainKey>,
    /// Held while the store lives, so that no second process opens the file.
    _lock: File,
}

impl SqliteStore {
    /// Opens `sqlite:path`, making the file and its folder when absent.
    ///
    /// # Errors
    /// `Unavailable` when another process has the file or it cannot be opened, `Unsafe` when the
    /// address cannot be read or the file does not take the settings that durability rests on.
    pub async fn open(url: &str) -> Result<Self> {
        let options: SqliteConnectOptions = url.parse()?;
        let path = options.get_filename().to_owned();
        if url.contains(":memory:") || path.as_os_str().is_empty() {
            return Err(StoreError::Unsafe(
                "a store in memory is lost with the process; name a file, e.g. \
                 sqlite:data/frontdoor.db"
                    .to_owned(),
            ));
        }
        let lock = lock(&path)?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            // What is deleted is overwritten where that costs no page of its own.
            .pragma("secure_delete", "FAST")
            // 32 MiB, kept only as far as used: the blocks' index is read and written all over.
            .pragma("cache_size", "-32768")
            .disable_statement_logging();
        let forever = || {
            SqlitePoolOptions::new()
                .max_lifetime(None)
                .idle_timeout(None)
                .test_before_acquire(false)
        };
        let writer = forever().max_connections(1).connect_with(options.clone()).await?;
        verify_durability(&writer).await?;
        let readers = forever()
            .max_connections(READERS)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(SqliteStore { writer, readers, chains: OnceLock::new(), _lock: lock })
    }

    /// Opens a writing transaction: the writer's lock is taken at once, not at the first write,
    /// where it could be refused.
    async fn begin_writing(&self) -> Result<sqlx::Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    fn chains(&self) -> Result<&ChainKey> {
        self.chains.get().ok_or_else(super::deliveries::no_chain_key)
    }
}

/// Locks `<file>.lock` for this process, making the folder when absent.
fn lock(database: &Path) -> Result<File> {
    let failed = |what: &str, error: std::io::Error| {
        StoreError::Unavailable(format!("{what} of the database {}: {error}", database.display()))
    };
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed("the folder", error))?;
    }
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| failed("the lock file", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
            "another process is using the database {}; stop it first, or use PostgreSQL to run \
             several gateways",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed("the lock", error)),
    }
}

/// Refuses a file that did not take the settings (invariant 1), e.g. on a network drive.
async fn verify_durability(writer: &SqlitePool) -> Result<()> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await?;
    // 2 is FULL, 3 is EXTRA.
    if mode == "wal" && synchronous >= 2 {
        return Ok(());
    }
    Err(StoreError::Unsafe(format!(
        "SQLite runs with journal_mode = {mode}, synchronous = {synchronous}: a referral that was \
         acknowledged could be lost; keep the file on a local disk and leave these settings out \
         of its address"
    )))
}

/// Appends one link to a chain; the writer is alone, so the head cannot move meanwhile.
async fn append(
    connection: &mut SqliteConnection,
    key: &ChainKey,
    chain: ChainName,
    at: Timestamp,
    events: &[Event],
) -> Result<()> {
    let (number, mac): (i64, Vec<u8>) =
        sqlx::query_as("SELECT number, mac FROM audit_head WHERE chain = $1")
            .bind(chain.as_str())
            .fetch_one(&mut *connection)
            .await?;
    let link = key.link(chain, (number, &mac), at, events);
    sqlx::query(MOVE_CHAIN_HEAD)
        .bind(chain.as_str())
        .bind(link.number)
        .bind(link.mac.as_slice())
        .execute(&mut *connection)
        .await?;
    sqlx::query(ADD_CHAIN_LINK)
        .bind(chain.as_str())
        .bind(link.number)
        .bind(link.at.0)
        .bind(link.events)
        .bind(link.mac)
        .execute(connection)
        .await?;
    Ok(())
}
