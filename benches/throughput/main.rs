//! Speeds beside their aims, as ratios measured in one run on PostgreSQL and RabbitMQ:
//! `make bench`. Prints a table and writes it to `benches/RESULTS.md`.
//!
//! The yardstick is `pgbench`: one indexed look-up among 100,000 rows and one single-row insert of
//! the same payload, with as many clients.

#![expect(unreachable_pub, reason = "in one binary `pub` speaks to its own modules")]

mod cpu;
mod gateway;
mod load;
mod yardstick;

use cpu::Usage;
use gateway::Gateway;
use load::{Report, Shape};
use std::fmt::Write as _;
use std::time::Duration;

const PEOPLE: u32 = 100_000;
const SECONDS: u64 = 20;
/// Requests of each kind for the difference that a sender could notice.
const EACH: u32 = 1000;

struct Run {
    connections: usize,
    report: Report,
    usage: Usage,
    yardstick: f64,
    lag: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut out = String::new();
    let home = gateway::Home::new().await?;
    home.import_people(PEOPLE).await?;
    let gateway = home.start().await?;
    let idle = cpu::resident_megabytes(gateway.id())?;
    let pids = cpu::Pids::of(gateway.id())?;
    let mut runs = Vec::new();
    for connections in [32, 256] {
        warm(&gateway).await?;
        eprintln!("{connections} connections for {SECONDS} s");
        let before = Usage::now(&pids)?;
        let shape = Shape::flat_out(connections, SECONDS);
        let report = load::run(&gateway.url, &gateway.key, shape).await?;
        let lag = gateway.outbox_lag().await?;
        let usage = Usage::now(&pids)?.since(&before);
        gateway.settle().await?;
        eprintln!("pgbench with {connections} clients for {SECONDS} s");
        let yardstick = yardstick::run(connections, SECONDS).await?;
        runs.push(Run { connections, report, usage, yardstick, lag });
    }
    let half = runs.iter().map(|run| run.report.per_second).fold(0.0, f64::max) / 2.0;
    warm(&gateway).await?;
    eprintln!("{half:.0} a second for {SECONDS} s");
    let paced = load::run(&gateway.url, &gateway.key, Shape::paced(64, SECONDS, half)).await?;
    gateway.settle().await?;
    eprintln!("{EACH} known children and {EACH} unknown ones in turn");
    let told = load::known_and_unknown(&gateway.url, &gateway.key, EACH).await?;
    let loaded = cpu::peak_megabytes(gateway.id())?;
    for run in &runs {
        describe(&mut out, run)?;
    }
    writeln!(out, "| p50 at half load ({half:.0}/s) | {:.1} ms | |", paced.percentile(0.5))?;
    writeln!(out, "| p99 at half load | {:.1} ms | ≤ 15 ms |", paced.percentile(0.99))?;
    privacy(&mut out, told)?;
    writeln!(out, "| resident memory, idle | {idle:.0} MB | < 40 MB |")?;
    writeln!(out, "| greatest resident memory | {loaded:.0} MB | < 150 MB |")?;
    let ready = gateway.ready_after;
    writeln!(out, "| start to ready | {} ms | < 300 ms |", ready.as_millis())?;
    finish(gateway, &out).await
}

/// A sender never learns whether a child is known, also not by waiting (invariant 6).
fn privacy(out: &mut String, (known, unknown): (f64, f64)) -> anyhow::Result<()> {
    let apart = 100.0 * (known - unknown).abs() / known.min(unknown);
    writeln!(out, "| median answer, child known ({EACH} requests) | {known:.2} ms | |")?;
    writeln!(out, "| median answer, child not known ({EACH}) | {unknown:.2} ms | |")?;
    writeln!(out, "| difference of the two | {apart:.1} % | < 10 % |")?;
    Ok(())
}

/// A checkpoint, so that no measurement pays for the one before; then a short run that is not
/// measured fills caches, pools and statements, and writes the first full pages after it.
async fn warm(gateway: &Gateway) -> anyhow::Result<()> {
    gateway.settle().await?;
    load::run(&gateway.url, &gateway.key, Shape::flat_out(32, 5)).await?;
    gateway.wait_until_delivered().await
}

fn describe(out: &mut String, run: &Run) -> anyhow::Result<()> {
    let (n, accepted) = (run.connections, run.report.per_second);
    let each = |seconds: f64| seconds * 1000.0 / run.report.accepted as f64;
    let all = run.usage.gateway + run.usage.postgres + run.usage.rabbitmq;
    writeln!(out, "| accepted per second, {n} connections | {accepted:.0} | |")?;
    writeln!(out, "| pgbench per second, {n} clients | {:.0} | |", run.yardstick)?;
    writeln!(out, "| ratio, {n} connections | {:.2} | ≥ 0.45 |", accepted / run.yardstick)?;
    let gateway = each(run.usage.gateway);
    writeln!(out, "| CPU of the gateway, {n} connections | {gateway:.3} ms | ≤ 0.25 ms |")?;
    writeln!(
        out,
        "| CPU of gateway, PostgreSQL, RabbitMQ, {n} connections | {:.3} ms ({:.3} + {:.3} + \
         {:.3}) | ≤ 0.55 ms |",
        each(all),
        gateway,
        each(run.usage.postgres),
        each(run.usage.rabbitmq)
    )?;
    writeln!(out, "| outbox lag at the end, {n} connections | {:.2} s | < 1 s |", run.lag)?;
    writeln!(out, "| not accepted, {n} connections | {} | 0 |", run.report.refused)?;
    Ok(())
}

async fn finish(gateway: Gateway, out: &str) -> anyhow::Result<()> {
    gateway.stop(Duration::from_secs(30)).await?;
    let text = format!(
        "# Measured speeds\n\nWritten by `make bench`, all in one run: PostgreSQL and RabbitMQ \
         private to it, load generator and servers on the same machine, {PEOPLE} people loaded, a \
         checkpoint and five seconds unmeasured before each run under load, \
         bodies of about {} bytes.\n\n| what | measured | aim |\n|---|---|---|\n{out}",
        load::body_size()
    );
    eprintln!("{text}");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md");
    std::fs::write(file, text)?;
    Ok(())
}
