//! Clocks of very many open referrals: what it takes to find those whose time has come, to move
//! them on, and to list what waits for a team, with ten thousand open and with a million, on both
//! stores. Run with `scripts/with-services cargo bench --bench clocks`; it writes
//! `benches/CLOCKS.md`.
//!
//! Aim: no scan. The times are the same however many are open.

use anyhow::{Context, Result, ensure};
use frontdoor::domain::{DestinationId, Reference, Timestamp};
use frontdoor::store::keys::KeyRing;
use frontdoor::store::{Clock, Stage, Store, Tick, Ticks, open};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// Open clocks.
const SIZES: [i64; 2] = [10_000, 1_000_000];
/// Clocks moved on in one transaction, as the gateway does.
const TICKS: usize = 256;
/// Times that each thing is done.
const TIMES: i64 = 20;
const MINUTE: i64 = 60_000_000;
/// Tuesday 24 November 2026, 10:00.
const NOW: Timestamp = Timestamp(1_795_514_400_000_000);

/// Clocks run out one minute after another, a hundred in each; nobody is told.
struct Later;

impl Ticks for Later {
    fn tick(&self, clock: &Clock) -> Tick {
        let next_at = clock.due_at.plus_seconds(365 * 24 * 3600);
        Tick { stage: Stage::Red, alerts: clock.alerts + 1, next_at, notices: Vec::new() }
    }
}

/// Referrals written by one statement.
const TOGETHER: i64 = 2_000;
/// Referrals and their clocks; `{id}` makes an id of a number, `{numbers}` is a table of numbers
/// `i`, `{named}` the rows of one with a reference each.
const REFERRALS: &str = "WITH named (i, reference) AS (VALUES {named}) INSERT INTO \
     referral (id, reference, agency, received_at, respond_by, level, \
     level_rank, priority, score, policy_hash, revision, wrapped_key, record) \
     SELECT {id}, reference, 'school-ridgeway', {now}, {now}, '4', 4, 1, 50, '', 0, {empty}, \
     {empty} FROM named";
const CLOCKS: &str = "INSERT INTO clock (referral, destination, kind, purpose, priority, \
     started_at, amber_at, due_at, by_acknowledgement, stage, alerts, next_at) \
     SELECT {id}, CASE WHEN i % 2 = 0 THEN 'masstt' ELSE 'lado' END, 'respond', 'screening', 1, \
     {now}, {now} + i / 100 * 60000000, {now} + i / 100 * 60000000, {no}, 0, 0, \
     {now} + i / 100 * 60000000 FROM {numbers}";

struct Dialect {
    name: &'static str,
    id: &'static str,
    numbers: &'static str,
    empty: &'static str,
    no: &'static str,
}

const POSTGRES: Dialect = Dialect {
    name: "PostgreSQL",
    id: "('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid",
    numbers: "generate_series({from}::bigint, {to}::bigint) AS numbers (i)",
    empty: "''::bytea",
    no: "false",
};

const SQLITE: Dialect = Dialect {
    name: "SQLite",
    id: "unhex('0000000000007000' || printf('%016x', i))",
    numbers: "(WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n \
              WHERE i < {to}) SELECT i FROM n)",
    empty: "x''",
    no: "0",
};

impl Dialect {
    fn written(&self, statement: &str, from: i64, to: i64) -> String {
        statement
            .replace("{numbers}", self.numbers)
            .replace("{id}", self.id)
            .replace("{empty}", self.empty)
            .replace("{no}", self.no)
            .replace("{now}", &NOW.0.to_string())
            .replace("{from}", &from.to_string())
            .replace("{to}", &to.to_string())
    }
}

/// A figure: what it is, and where it is kept.
type Line = (&'static str, fn(&Times) -> f64);

/// Microseconds: nothing is due; a batch is due and moved on; a page of what waits.
struct Times {
    idle: f64,
    batch: f64,
    page: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let server = std::env::var("FRONTDOOR_DATABASE_URL");
    let server = server.context("run this through scripts/with-services")?;
    let name = format!("clocks_{}", std::process::id());
    run(&server, &format!("CREATE DATABASE {name}")).await?;
    let (host, _) = server.rsplit_once('/').context("a URL with a database")?;
    let dir = tempfile::tempdir()?;
    let file = format!("sqlite:{}", dir.path().join("clocks.db").display());
    let mut out = String::new();
    for (dialect, url) in [(POSTGRES, format!("{host}/{name}")), (SQLITE, file)] {
        let store = open(&url).await?;
        store.migrate().await?;
        store.set_chain_key(KeyRing::for_tests(7).chains().clone());
        let (mut from, mut all) = (1, Vec::new());
        for size in SIZES {
            for first in (from..=size).step_by(TOGETHER as usize) {
                let named = named(first, size.min(first + TOGETHER - 1));
                let statement = dialect.written(REFERRALS, from, size);
                run(&url, &statement.replace("{named}", &named)).await?;
            }
            run(&url, &dialect.written(CLOCKS, from, size)).await?;
            run(&url, "ANALYZE").await?;
            from = size + 1;
            all.push(measure(&store).await?);
        }
        table(&mut out, dialect.name, &all)?;
    }
    run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    let text = format!(
        "# Clocks\n\nWritten by `scripts/with-services cargo bench --bench clocks`, all in one run \
         on {} processors. Microseconds; each the mean of {TIMES}.\n{out}",
        std::thread::available_parallelism()?,
    );
    eprintln!("{text}");
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/CLOCKS.md"), text)?;
    Ok(())
}

fn named(from: i64, to: i64) -> String {
    let row = |i: i64| format!("({i}, '{}')", Reference::from_entropy(i as u64));
    (from..=to).map(row).collect::<Vec<_>>().join(", ")
}

async fn measure(store: &Arc<dyn Store>) -> Result<Times> {
    let mean = |started: Instant| started.elapsed().as_secs_f64() * 1e6 / TIMES as f64;
    let before = Timestamp(NOW.0 - MINUTE);
    let started = Instant::now();
    for _ in 0..TIMES {
        ensure!(store.run_down(before, TICKS, &Later).await?.is_empty(), "none is due");
    }
    let idle = mean(started);
    let started = Instant::now();
    for _ in 0..TIMES {
        let at = Timestamp(NOW.0 + 365 * 24 * 60 * MINUTE);
        ensure!(store.run_down(at, TICKS, &Later).await?.len() == TICKS, "a batch is due");
    }
    let batch = mean(started);
    let masstt = DestinationId::new("masstt");
    let started = Instant::now();
    for _ in 0..TIMES {
        ensure!(store.open_clocks(&masstt, None, 100).await?.len() == 100, "a page");
    }
    Ok(Times { idle, batch, page: mean(started) })
}

fn table(out: &mut String, name: &str, all: &[Times]) -> Result<()> {
    writeln!(
        out,
        "\n| {name} | {} open | {} open | ratio |\n|---|---|---|---|",
        SIZES[0], SIZES[1]
    )?;
    let lines: [Line; 3] = [
        ("look, where none is due", |times| times.idle),
        ("move on 256 that are due, committed", |times| times.batch),
        ("a page of 100 that wait for a team", |times| times.page),
    ];
    for (what, told) in lines {
        let (few, many) = (told(&all[0]), told(&all[1]));
        writeln!(out, "| {what} | {few:.0} | {many:.0} | {:.2} |", many / few)?;
    }
    Ok(())
}

async fn run(url: &str, statement: &str) -> Result<()> {
    let statement = AssertSqlSafe(statement.to_owned());
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await?;
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    } else {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    Ok(())
}
