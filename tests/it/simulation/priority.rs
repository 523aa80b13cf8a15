//! What is immediate, and what is slow, while much is waiting.

use super::sim::{Sim, held};
use super::spec::{DESTINATIONS, Facts, KEY_DAYS, Poison, Spec, Submission, destination, token16};
use super::world::World;
use frontdoor::domain::{AgencyId, Priority};
use frontdoor::store::work::Done;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Milliseconds that a batch to the slow panel takes.
const SLOW: u64 = 9_000;
const PANEL: usize = 1;

fn submission(serial: u64, routes: Vec<(usize, Priority)>) -> Submission {
    let truth = u32::try_from(serial).expect("few");
    Submission {
        agency: AgencyId::new("school"),
        spec: Spec {
            serial,
            children: vec![Facts { truth, known: 1 }],
            routes,
            poison: Poison::None,
        },
        repeat: (token16(1, serial), token16(2, serial)),
        adds_to: None,
        valid_seconds: KEY_DAYS * 24 * 3600,
    }
}

async fn submit(world: Arc<World>, gate: usize, submission: Submission) {
    loop {
        let lane = held(&world.gates)[gate].clone().expect("nothing dies here");
        if let Ok(done) = lane.submit(submission.work(world.sim.now())).await {
            assert!(matches!(done, Done::Accepted { .. }), "{done:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Longest wait in seconds of a message from its commit to the broker, by destination, of those
/// that are immediate or of the others.
fn longest_wait(world: &World, place: usize, immediate: bool) -> f64 {
    let tables = world.database.tables();
    let rows = tables.outbox.values().map(|entry| &entry.row);
    let chosen = rows.filter(|row| {
        row.destination.as_str() == DESTINATIONS[place]
            && (row.priority == Priority::Immediate) == immediate
    });
    let wait = |row: &frontdoor::store::OutboxRow| {
        let sent = world.exchange.sent(row.id).expect("everything was sent");
        sent.seconds_since(row.created_at)
    };
    chosen.map(wait).fold(0.0, f64::max)
}

#[test]
fn what_is_immediate_does_not_wait_behind_what_is_not_nor_anyone_for_a_slow_panel() {
    super::block_on(async {
        let mut tasks = JoinSet::new();
        let world = World::start(Sim::calm(1), &mut tasks);
        world.receive(&mut tasks);
        world.exchange.slow_down(&destination(PANEL), SLOW);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut sending = JoinSet::new();
        for serial in 0..3_000 {
            let routes = vec![(0, Priority::Standard), (PANEL, Priority::Standard)];
            sending.spawn(submit(world.clone(), 0, submission(serial, routes)));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        for serial in 3_000..3_010 {
            let mut routes = vec![(0, Priority::Immediate)];
            // The slow panel takes two batches at a time of what is immediate, too.
            if serial < 3_002 {
                routes.push((PANEL, Priority::Immediate));
            }
            sending.spawn(submit(world.clone(), 0, submission(serial, routes)));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while let Some(sent) = sending.join_next().await {
            sent.expect("submissions do not panic");
        }
        world.rest().await;
        assert_eq!(world.sim.report(), None);
        let masstt = longest_wait(&world, 0, true);
        assert!(masstt < 1.0, "an immediate message waited {masstt} s on its way to MASSTT");
        let standard = longest_wait(&world, 0, false);
        assert!(standard < 5.0, "MASSTT's messages waited {standard} s for a slow panel");
        let panel = longest_wait(&world, PANEL, true);
        assert!(panel < 2.0, "an immediate message waited {panel} s behind those that are not");
        tasks.shutdown().await;
    });
}
