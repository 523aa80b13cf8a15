//! The store an authority runs: PostgreSQL 15 or later, with as many gateways as it likes.

/// The time by the database's clock, in microseconds.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}
/// Locks what a statement reads until the transaction ends.
macro_rules! lock {
    () => {
        " FOR UPDATE"
    };
}
/// The same, leaving out what somebody else has locked.
macro_rules! lock_others {
    () => {
        " FOR UPDATE OF c SKIP LOCKED"
    };
}

mod adults;
mod clocks;
mod copy;
mod followed;
mod import;
mod keys;
mod lane;
mod locked;
mod matched;
mod news;
mod notices;
mod people;
mod queue;
mod relay;
mod schema;
mod together;
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
use super::notices::NoticeRow;
use super::rows::Tally;
use crate::audit::{ChainKey, ChainName, Event, StoredLinkOfChain};
use crate::domain::{ReferralId, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use together::Together;

/// Connections of one gateway's lane, relay and clocks.
const CONNECTIONS: u32 = 10;

/// Connections for what people and their systems read: however many ask, and however much they
/// ask for, the lane and the relay have theirs.
const READERS: u32 = 4;

/// A read that takes longer is given up. Pages are small; whoever needs more asks again.
const READ_TIMEOUT: (&str, &str) = ("statement_timeout", "4s");

/// Settings of every connection, where the database's address does not say otherwise.
///
/// The plans are the ones that the statements are written for, an index look-up for each key
/// given: PostgreSQL plans once, from no statistics or old ones, and a hash join over a table that
/// was empty at the time would be kept after it has grown. A gateway whose machine is lost must
/// not hold the lane's lock for the hours that TCP waits by default.
const SETTINGS: [(&str, &str); 15] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_memoize", "off"),
    ("enable_material", "off"),
    ("enable_bitmapscan", "off"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("timezone", "UTC"),
];

type Own = PostgresStore;
type Connection = PgConnection;

/// A store in PostgreSQL.
pub struct PostgresStore {
    pool: PgPool,
    readers: PgPool,
    /// The number of the lane's lock.
    lock: i64,
    begin_lane: Arc<str>,
    chains: OnceLock<ChainKey>,
}

impl PostgresStore {
    /// Connects, and verifies that a commit is durable.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached, `Unsafe` when the address cannot be read
    /// or a setting that durability rests on is off.
    pub async fn open(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("frontdoor").disable_statement_logging();
        let stated = options.get_options().unwrap_or_default().to_owned();
        let unstated = |(name, _): &(&str, &str)| !stated.contains(&format!("-c {name}="));
        let options = options.options(SETTINGS.into_iter().filter(unstated));
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await?;
        verify_durability(&pool).await?;
        let readers = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options.options([READ_TIMEOUT]));
        let lock = lane_lock(&pool).await?;
        let begin_lane = locked::begin_statement(lock).into();
        Ok(PostgresStore { pool, readers, lock, begin_lane, chains: OnceLock::new() })
    }

    /// A transaction under the lane's lock for whoever is not the lane.
    async fn begin_locked(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        let mut tx = self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(self.lock).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// A transaction that writes. Each statement sees what was committed before it, also where the
    /// server's default is another: whoever waited for a row reads it as it is now.
    async fn begin_writing(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        Ok(self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?)
    }

    /// The same, of which there is one at a time for a referral's attachments. The referral itself
    /// is not locked: the lane never waits for an upload.
    async fn begin_attaching(
        &self,
        referral: ReferralId,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        let mut tx = self.pool.begin().await?;
        let lock = "SELECT pg_advisory_xact_lock(\
             hashtextextended('frontdoor.attachments:' || CAST($1::uuid AS text), 0))";
        sqlx::query(lock).bind(referral.0).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// The same, of which there is one at a time for this table.
    async fn begin_alone(
        &self,
        table: &'static str,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        let mut tx = self.pool.begin().await?;
        let lock = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
        sqlx::query(AssertSqlSafe(lock)).execute(&mut *tx).await?;
        Ok(tx)
    }

    fn chains(&self) -> Result<&ChainKey> {
        self.chains.get().ok_or_else(super::deliveries::no_chain_key)
    }
}

/// The lane's lock is one for each schema: two authorities in one database do not wait for each
/// other.
async fn lane_lock(pool: &PgPool) -> Result<i64> {
    let schema = "SELECT hashtextextended('frontdoor.lane:' || coalesce(current_schema, ''), 0)";
    Ok(sqlx::query_scalar(schema).fetch_one(pool).await?)
}

/// Refuses a server on which an acknowledged referral could be lost (invariant 1).
async fn verify_durability(pool: &PgPool) -> Result<()> {
    let settings: (String, String, String) = sqlx::query_as(
        "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
         current_setting('synchronous_commit')",
    )
    .fetch_one(pool)
    .await?;
    let (fsync, full_pages, commit) = settings;
    let named = [
        ("fsync", fsync == "on", fsync),
        ("full_page_writes", full_pages == "on", full_pages),
        ("synchronous_commit", matches!(commit.as_str(), "on" | "remote_apply"), commit),
    ];
    match named.into_iter().find(|(_, safe, _)| !safe) {
        None => Ok(()),
        Some((name, _, value)) => Err(StoreError::Unsafe(format!(
            "PostgreSQL runs with {name} = {value}: a referral that was acknowledged could be \
             lost; set {name} = on for this server, database and role"
        ))),
    }
}

/// One array of a column of rows, for `UNNEST`.
fn column<'a, R, T>(rows: &'a [R], get: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(get).collect()
}

/// Appends one link to a chain: the last thing that a transaction does before its commit, since
/// the head stays locked until then.
async fn append(
    connection: &mut PgConnection,
    key: &ChainKey,
    chain: ChainName,
    at: Timestamp,
    events: &[Event],
) -> Result<()> {
    let (number, mac): (i64, Vec<u8>) =
        sqlx::query_as("SELECT number, mac FROM audit_head WHERE chain = $1 FOR UPDATE")
            .bind(chain.as_str())
            .fetch_one(&mut *connection)
            .await?;
    let mut all = Together::default();
    add_link(&mut all, chain, &key.link(chain, (number, &mac), at, events));
    all.run(connection).await
}

/// Adds a link after the head that it was made from, which must be held.
fn add_link(all: &mut Together, chain: ChainName, link: &StoredLinkOfChain) {
    all.part("UPDATE audit_head SET number = ?, mac = ? WHERE chain = ?")
        .bind(link.number)
        .bind(link.mac.clone())
        .bind(chain.as_str());
    all.part("INSERT INTO audit_link (chain, number, at, events, mac) VALUES (?, ?, ?, ?, ?)")
        .bind(chain.as_str())
        .bind(link.number)
        .bind(link.at.0)
        .bind(link.events.clone())
        .bind(link.mac.clone());
}

/// Writes notices and nothing else.
async fn write_notices(db: &mut PgConnection, rows: &[NoticeRow]) -> Result<()> {
    let mut all = Together::default();
    notices::write(&mut all, rows);
    all.run(db).await
}

/// Counts, and writes nothing else.
async fn write_tallies(db: &mut PgConnection, rows: &[(Tally, i64)]) -> Result<()> {
    let mut all = Together::default();
    write::tallies(&mut all, rows);
    all.run(db).await
}
