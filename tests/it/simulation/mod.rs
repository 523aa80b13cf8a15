//! Simulation.

mod broker;
mod database;
mod dice;
mod invariants;
mod journal;
mod judge;
mod outbox;
mod receivers;
mod replay;
mod senders;
mod sim;
mod spec;
mod store;
mod world;

use sim::Sim;
use std::sync::Arc;

fn run(seed: u64, senders: u64, operations: u64) -> Arc<Sim> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async { world::live(Sim::new(seed), senders, operations).await })
}

#[test]
fn a_seed() {
    let seed = std::env::var("FRONTDOOR_SIM_SEED").map_or(1, |s| s.parse().expect("number"));
    let seeds = std::env::var("SEEDS").map_or(1, |s| s.parse().expect("number"));
    let mut failed = 0;
    for seed in seed..seed + seeds {
        let started = std::time::Instant::now();
        let sim = run(seed, 32, 40);
        println!("{seed} {:?} {:?} {:?}", sim.digest(), sim.counts, started.elapsed());
        if let Some(report) = sim.report() {
            println!("{report}");
            failed += 1;
        }
    }
    assert_eq!(failed, 0);
}
