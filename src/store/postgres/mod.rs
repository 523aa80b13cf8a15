//! The store an authority runs: PostgreSQL 15 or later, with as many gateways as it likes.

mod audit;
mod clocks;
mod import;
mod keys;
mod lane;
mod people;
mod queue;
mod read;
mod relay;
mod schema;
mod write;

use super::error::{Result, StoreError};
use crate::audit::ChainKey;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

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
const SETTINGS: [(&str, &str); 16] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_memoize", "off"),
    ("enable_material", "off"),
    ("enable_bitmapscan", "off"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("default_transaction_isolation", "read committed"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("timezone", "UTC"),
];

/// A store in PostgreSQL.
pub struct PostgresStore {
    pool: PgPool,
    readers: PgPool,
    /// Takes the lane's lock and opens a transaction, in that order and one message: the lock is
    /// taken in the message's own transaction, which BEGIN goes on with. So a lock that could not
    /// be had leaves nothing open, and the connection can be used again. Under READ COMMITTED
    /// whatever comes after the lock sees all that was committed.
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
        Ok(PostgresStore {
            pool,
            readers,
            begin_lane: format!("SELECT pg_advisory_xact_lock({lock}); BEGIN").into(),
            chains: OnceLock::new(),
        })
    }

    async fn begin_locked(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        Ok(self.pool.begin_with(AssertSqlSafe(self.begin_lane.clone())).await?)
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
    chain: crate::audit::ChainName,
    at: crate::domain::Timestamp,
    events: &[crate::audit::Event],
) -> Result<()> {
    let (number, mac): (i64, Vec<u8>) =
        sqlx::query_as("SELECT number, mac FROM audit_head WHERE chain = $1 FOR UPDATE")
            .bind(chain.as_str())
            .fetch_one(&mut *connection)
            .await?;
    let link = key.link(chain, (number, &mac), at, events);
    sqlx::query(
        "WITH moved AS (UPDATE audit_head SET number = $2, mac = $5 WHERE chain = $1) \
         INSERT INTO audit_link (chain, number, at, events, mac) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(chain.as_str())
    .bind(link.number)
    .bind(link.at.0)
    .bind(link.events)
    .bind(link.mac)
    .execute(connection)
    .await?;
    Ok(())
}
