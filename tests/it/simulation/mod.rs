//! Simulation.

mod broker;
mod database;
mod dice;
mod invariants;
mod journal;
mod judge;
mod outbox;
mod priority;
mod receivers;
mod replay;
mod senders;
mod sim;
mod spec;
mod store;
mod world;

use sim::{Counts, Sim};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use world::{Size, World};

/// Operations of an ordinary test run; a longer one sets `FRONTDOOR_SIM_OPERATIONS`.
const OPERATIONS: u64 = 500_000;

/// A runtime of one thread whose clock moves only when nothing else does.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(future)
}

/// Runs the world of a seed to its end.
fn run(seed: u64) -> Arc<Sim> {
    let size = Size { senders: 12 + seed % 5 * 12, operations: 12 + seed % 3 * 12 };
    block_on(async { World::live(Sim::new(seed), size).await })
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not {text}")))
}

/// Runs one seed after the other on every processor until enough is done; the first report of a
/// broken invariant, if there is one.
fn explore(operations: u64) -> (Counts, u64, Option<String>) {
    let total = Counts::default();
    let (next, broken) = (AtomicU64::new(1), AtomicBool::new(false));
    let worker = || {
        while total.operations() < operations && !broken.load(Ordering::Relaxed) {
            let sim = run(next.fetch_add(1, Ordering::Relaxed));
            total.add(&sim.counts);
            if let Some(report) = sim.report() {
                broken.store(true, Ordering::Relaxed);
                return Some(report);
            }
        }
        None
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let report = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().expect("a world panicked"));
        ended.flatten().next()
    });
    (total, next.into_inner() - 1, report)
}

#[test]
fn in_all_weathers_nothing_is_lost_doubled_or_out_of_order() {
    if let Some(seed) = number("FRONTDOOR_SIM_SEED") {
        let sim = run(seed);
        println!("seed {seed}: {:?} {:?}", sim.digest(), sim.counts);
        assert_eq!(sim.report(), None);
        return;
    }
    let started = Instant::now();
    let (counts, seeds, report) = explore(number("FRONTDOOR_SIM_OPERATIONS").unwrap_or(OPERATIONS));
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    let rate = counts.operations() as f64 / minutes;
    println!("{seeds} seeds, {rate:.0} operations a minute: {counts:?}");
    if let Some(report) = report {
        panic!("{report}");
    }
}

#[test]
fn a_seed_is_always_the_same_story() {
    for seed in [7, 16] {
        assert_eq!(run(seed).digest(), run(seed).digest(), "seed {seed}");
    }
    assert_ne!(run(7).digest(), run(8).digest());
}
