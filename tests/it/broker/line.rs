//! The simulated broker, as one process reaches it.

use super::simulation::{Pair, World, pair};
use async_trait::async_trait;
use frontdoor::broker::{Broker, BrokerError, PublishOutcome};
use frontdoor::store::OutboxRow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// One process's line to the broker.
pub(super) struct Line {
    pub(super) world: Arc<World>,
    pub(super) process: usize,
}

/// What a process has under way; ends with the publication, also when the process crashes.
struct UnderWay<'a>(&'a Line, Vec<Pair>);

impl<'a> UnderWay<'a> {
    fn begin(line: &'a Line, rows: &[OutboxRow]) -> Self {
        let mut under_way = line.world.under_way.lock().expect("not poisoned");
        let pairs: Vec<Pair> = rows.iter().map(pair).collect();
        for key in &pairs {
            let one = (line.process, key.clone());
            assert!(!under_way.contains(&one), "two unconfirmed messages of {key:?} at once");
            under_way.push(one);
        }
        UnderWay(line, pairs)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        // A test that fails has poisoned it; a second panic here would end the whole run.
        if let Ok(mut under_way) = self.0.world.under_way.lock() {
            under_way.retain(|(process, key)| *process != self.0.process || !self.1.contains(key));
        }
    }
}

impl Line {
    /// Everything of the pair that comes before must be marked when this one leaves.
    fn check_turn(&self, row: &OutboxRow) {
        let open = self.world.open();
        let first = open.get(&pair(row)).and_then(|places| {
            places.iter().find(|(sequence, _)| *sequence > 0 && *sequence < row.sequence)
        });
        assert!(first.is_none(), "{row:?} left before {first:?} was marked");
    }

    fn put(&self, row: &OutboxRow) -> PublishOutcome {
        let world = &self.world;
        if world.missing.lock().expect("not poisoned").contains(&row.destination) {
            return PublishOutcome::Returned;
        }
        if world.faulty(30) {
            return PublishOutcome::Nacked;
        }
        let lost_on_the_way = world.faulty(30);
        if lost_on_the_way {
            return PublishOutcome::Unknown;
        }
        let mut arrived = world.arrived.lock().expect("not poisoned");
        if world.arrived_ids.lock().expect("not poisoned").insert(row.id) {
            arrived.push((pair(row), row.sequence, row.id));
        }
        match world.faulty(30) {
            true => PublishOutcome::Unknown,
            false => PublishOutcome::Confirmed,
        }
    }
}

#[async_trait]
impl Broker for Line {
    async fn publish(&self, rows: &[OutboxRow]) -> Vec<PublishOutcome> {
        let world = &self.world;
        if !self.is_up() {
            return vec![PublishOutcome::Unknown; rows.len()];
        }
        let _under_way = UnderWay::begin(self, rows);
        for row in rows {
            self.check_turn(row);
            world.operations.fetch_add(1, Ordering::Relaxed);
            *world.publications.lock().expect("not poisoned").entry(row.id).or_default() += 1;
        }
        let stuck = world.stuck.lock().expect("not poisoned").contains(&rows[0].destination);
        if stuck {
            sleep(Duration::from_secs(10)).await;
            return vec![PublishOutcome::Unknown; rows.len()];
        }
        sleep(Duration::from_micros(world.random.below(5_000))).await;
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            outcomes.push(self.put(row));
            // A crash may come between any two.
            tokio::task::yield_now().await;
        }
        let slow = if world.faulty(20) { 12_000_000 } else { 5_000 };
        sleep(Duration::from_micros(world.random.below(slow))).await;
        outcomes
    }

    async fn declare(&self) -> Result<(), BrokerError> {
        self.world.declared.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn is_up(&self) -> bool {
        self.world.broker_up.load(Ordering::Relaxed)
    }
}
