//! Receiving teams: they lease, read, take, and at times let a lease run out.

use super::broker::SimBroker;
use super::sim::{Sim, count};
use frontdoor::broker::Mailbox;
use frontdoor::domain::{DestinationId, MessageId};
use std::sync::Arc;
use std::time::Duration;

/// Seconds of a receiver's lease.
const LEASE: i64 = 20;

/// One destination's system. It runs until the world ends.
pub(super) struct Receiver {
    pub sim: Arc<Sim>,
    pub broker: SimBroker,
    pub destination: DestinationId,
}

/// Times that a dead message is sent again before its receiver has learnt to read it.
const LESSONS: u32 = 1;

/// A message that no receiver can read: it is given back until it is dead.
fn is_indigestible(id: MessageId) -> bool {
    id.0.as_u128() % 400 == 0
}

impl Receiver {
    fn has_learnt(&self, id: MessageId) -> bool {
        let tables = self.broker.database.tables();
        tables.outbox.get(&id).is_some_and(|entry| entry.revivals >= LESSONS)
    }

    pub(super) async fn run(self) {
        loop {
            let now = self.sim.now();
            let until = now.plus_seconds(LEASE);
            let leased = self.broker.lease(&self.destination, now, until, 64).await;
            let leased = leased.expect("queues do not fail");
            if leased.is_empty() {
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
            count(&self.sim.counts.received, leased.len());
            self.sim.note("leased", 0, leased.len() as u64);
            self.sim.sleep_ms(1, 40).await;
            for message in leased {
                let abandoned = self.sim.fault(self.sim.weather.abandon);
                if abandoned || is_indigestible(message.id) && !self.has_learnt(message.id) {
                    continue;
                }
                count(&self.sim.counts.received, 1);
                // A second taking finds nothing; that is what a repeat is for.
                let _ = self.broker.acknowledge(&self.destination, message.id).await;
                if self.sim.below(4) > 0 {
                    count(&self.sim.counts.received, 1);
                    let now = self.sim.now();
                    self.broker.database.tables().acknowledge(message.id, now);
                }
            }
        }
    }
}
