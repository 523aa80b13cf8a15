//! The store of one machine: a SQLite file, one gateway, one writer at a time.

/// The time by the database's clock, in microseconds.
macro_rules! now {
    () => {
        "unixepoch() * 1000000"
    };
}
/// Locks what a statement reads until the transaction ends.
macro_rules! lock {
    () => {
        ""
    };
}
/// The same, leaving out what somebody else has locked.
macro_rules! lock_others {
    () => {
        ""
    };
}

mod adults;
mod clocks;
mod files;
mod followed;
mod import;
mod keys;
mod lane;
mod many;
mod matched;
mod news;
mod notices;
mod people;
mod queue;
mod relay;
mod schema;
mod write;

// The same text for either store, written against `Own`, `Connection` and the macros above.
#[path = "../both/alarms.rs"]
mod alarms;
#[path = "../both/attachments.rs"]
mod attachments;
#[path = "../both/audit.rs"]
mod audit;
#[path = "../both/drafts.rs"]
mod drafts;
#[path = "../both/follow.rs"]
mod follow;
#[path = "../both/matches.rs"]
mod matches;
#[path = "../both/pauses.rs"]
mod pauses;
#[path = "../both/quality.rs"]
mod quality;
#[path = "../both/read.rs"]
mod read;
#[path = "../both/second_looks.rs"]
mod second_looks;
#[path = "../both/sessions.rs"]
mod sessions;
#[path = "../both/staff.rs"]
mod staff;
#[path = "../both/totals.rs"]
mod totals;

use super::error::{Result, StoreError};
use super::statements::{ADD_CHAIN_LINK, MOVE_CHAIN_HEAD};
use crate::audit::{ChainKey, ChainName, Event};
use crate::domain::{ReferralId, Timestamp};
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteSynchronous,
};
use std::fs::File;
use std::sync::OnceLock;
use std::time::Duration;

/// Connections for what people and their systems read; in WAL mode they neither wait for the
/// writer nor hold it up.
const READERS: u32 = 4;

/// Connections for the lane's read ahead and for the relay: however many others read, these are
/// theirs.
const AHEAD: u32 = 2;

use notices::write as write_notices;
use write::tallies as write_tallies;

type Own = SqliteStore;
type Connection = SqliteConnection;

/// A store in a SQLite file.
pub struct SqliteStore {
    /// One connection: whoever has it is this process's only writer, and the next waits its turn
    /// here. A writer of another process is waited for at BEGIN IMMEDIATE.
    writer: SqlitePool,
    readers: SqlitePool,
    ahead: SqlitePool,
    chains: OnceLock<ChainKey>,
    /// Held by a gateway while its store lives, so that there is one.
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens `sqlite:path`, making the file and its folder when absent. Commands open it beside a
    /// gateway.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened, `Unsafe` when the address cannot be read or
    /// the file does not take the settings that durability rests on.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_file(url, false).await
    }

    /// As [`SqliteStore::open`], for a gateway: `Unavailable` when another one has the file.
    pub async fn open_alone(url: &str) -> Result<Self> {
        Self::open_file(url, true).await
    }

    async fn open_file(url: &str, alone: bool) -> Result<Self> {
        let options: SqliteConnectOptions = url.parse()?;
        let path = options.get_filename().to_owned();
        if url.contains(":memory:") || path.as_os_str().is_empty() {
            return Err(StoreError::Unsafe(
                "a store in memory is lost with the process; name a file, e.g. \
                 sqlite:data/frontdoor.db"
                    .to_owned(),
            ));
        }
        files::make(&path)?;
        let lock = if alone { Some(files::lock(&path)?) } else { None };
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
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        let ahead =
            forever().max_connections(AHEAD).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(SqliteStore { writer, readers, ahead, chains: OnceLock::new(), _lock: lock })
    }

    /// Opens a writing transaction: the writer's lock is taken at once, not at the first write,
    /// where it could be refused.
    async fn begin_writing(&self) -> Result<sqlx::Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The same; no other transaction writes meanwhile anyway.
    async fn begin_attaching(&self, _: ReferralId) -> Result<sqlx::Transaction<'static, Sqlite>> {
        self.begin_writing().await
    }

    /// The same; no other transaction writes meanwhile anyway.
    async fn begin_alone(
        &self,
        _table: &'static str,
    ) -> Result<sqlx::Transaction<'static, Sqlite>> {
        self.begin_writing().await
    }

    fn chains(&self) -> Result<&ChainKey> {
        self.chains.get().ok_or_else(super::deliveries::no_chain_key)
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

/// Appends one link to a chain. The transaction has been the only writer since it began, also
/// among processes, so the head cannot move meanwhile.
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
