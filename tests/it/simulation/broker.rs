//! The broker: durable queues, and a connection that loses, delays, repeats and refuses.

use super::database::{Pair, pair};
use super::dice::Map;
use super::sim::{Process, count, held};
use super::spec::DESTINATIONS;
use super::store::Database;
use async_trait::async_trait;
use frontdoor::broker::{Broker, BrokerError, Mailbox, PublishOutcome};
use frontdoor::domain::{DestinationId, MessageId, Priority, Timestamp};
use frontdoor::store::{DeliveryState, OutboxRow, QueuedMessage};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Leases after which a message is dead.
const DELIVERY_LIMIT: i32 = 20;

struct Held {
    message: QueuedMessage,
    leased_until: Option<Timestamp>,
}

/// The queues. `true` is a destination's queue for what is immediate.
#[derive(Default)]
struct Queues {
    queues: BTreeMap<(DestinationId, bool), VecDeque<Held>>,
    dead: VecDeque<QueuedMessage>,
    /// How often each message came into a queue.
    held: Map<MessageId, u32>,
    /// The greatest sequence of each pair that came into a queue.
    greatest: Map<Pair, i32>,
    /// Messages whose outcome some process waits for.
    under_way: Map<Pair, Vec<MessageId>>,
    /// When each message was first handed to the broker.
    sent: Map<MessageId, Timestamp>,
    /// Milliseconds that a destination's batches take, where that is long.
    slow: BTreeMap<DestinationId, u64>,
}

/// The broker itself, which outlives every gateway process.
#[derive(Default)]
pub(super) struct Exchange {
    queues: Mutex<Queues>,
    pub down: AtomicBool,
}

impl Exchange {
    /// Whether a queue ever held this message.
    pub(super) fn has_held(&self, id: MessageId) -> bool {
        held(&self.queues).held.contains_key(&id)
    }

    /// When the message was first handed to the broker.
    pub(super) fn sent(&self, id: MessageId) -> Option<Timestamp> {
        held(&self.queues).sent.get(&id).copied()
    }

    /// Every batch for this destination takes so many milliseconds from now on.
    pub(super) fn slow_down(&self, destination: &DestinationId, millis: u64) {
        held(&self.queues).slow.insert(destination.clone(), millis);
    }

    fn slowness(&self, messages: &[OutboxRow]) -> u64 {
        let queues = held(&self.queues);
        let slow = messages.iter().filter_map(|row| queues.slow.get(&row.destination));
        slow.copied().max().unwrap_or_default()
    }

    /// Someone deletes a destination's queues, with all that is in them.
    pub(super) fn delete(&self, destination: &DestinationId) {
        let mut queues = held(&self.queues);
        queues.queues.retain(|(known, _), _| known != destination);
    }

    pub(super) fn declare(&self) {
        let mut queues = held(&self.queues);
        for name in DESTINATIONS {
            for immediate in [true, false] {
                queues.queues.entry((DestinationId::new(name), immediate)).or_default();
            }
        }
    }

    /// Messages in all queues, dead letters included.
    pub(super) fn depth(&self) -> usize {
        let queues = held(&self.queues);
        queues.dead.len() + queues.queues.values().map(VecDeque::len).sum::<usize>()
    }

    /// Whether the queue exists, and what is wrong with the order in which it came.
    fn enqueue(&self, row: &OutboxRow) -> std::result::Result<bool, String> {
        let mut queues = held(&self.queues);
        let queues = &mut *queues;
        let immediate = row.priority == Priority::Immediate;
        let Some(queue) = queues.queues.get_mut(&(row.destination.clone(), immediate)) else {
            return Ok(false);
        };
        queue.push_back(Held {
            message: QueuedMessage {
                id: row.id,
                destination: row.destination.clone(),
                priority: row.priority,
                payload: Vec::new(),
                deliveries: 0,
            },
            leased_until: None,
        });
        let arrivals = queues.held.entry(row.id).or_default();
        *arrivals += 1;
        if *arrivals == 1 && row.sequence > 0 {
            let greatest = queues.greatest.entry(pair(row)).or_default();
            if row.sequence != *greatest + 1 {
                let why = format!(
                    "{} came first as number {} after number {}",
                    row.id, row.sequence, greatest
                );
                return Err(why);
            }
            *greatest = row.sequence;
        }
        Ok(true)
    }
}

/// One process's connection to the broker.
#[derive(Clone)]
pub(super) struct SimBroker {
    pub exchange: Arc<Exchange>,
    pub database: Arc<Database>,
    pub process: Process,
}

/// Takes the messages off the list of those under way, also when the process dies.
struct UnderWay<'a> {
    exchange: &'a Exchange,
    messages: Vec<(Pair, MessageId)>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut queues = held(&self.exchange.queues);
        for (pair, id) in &self.messages {
            if let Some(ids) = queues.under_way.get_mut(pair) {
                if let Some(at) = ids.iter().position(|known| known == id) {
                    ids.remove(at);
                }
                if ids.is_empty() {
                    queues.under_way.remove(pair);
                }
            }
        }
    }
}

impl SimBroker {
    /// What may be sent now: committed, nothing of its pair before it unconfirmed, and no other of
    /// its pair under way.
    fn check(&self, messages: &[OutboxRow]) -> UnderWay<'_> {
        let sim = &self.process.sim;
        let tables = self.database.tables();
        let mut queues = held(&self.exchange.queues);
        let mut listed = Vec::with_capacity(messages.len());
        let now = sim.now();
        for row in messages {
            let pair = pair(row);
            queues.sent.entry(row.id).or_insert(now);
            if !tables.outbox.contains_key(&row.id) {
                sim.found(format!("{} is sent and not committed", row.id));
            }
            let revived =
                |id: &MessageId| tables.outbox.get(id).is_some_and(|entry| entry.revivals > 0);
            if row.sequence == 0 || revived(&row.id) {
                // A copy for MASSTT stands outside the sequence; so does what was there before.
                continue;
            }
            let open = tables.open_pairs.get(&pair).into_iter();
            let mut open = open.flat_map(|open| open.range((1, MessageId(Uuid::nil()))..));
            if let Some((number, first)) = open.find(|(_, id)| !revived(id))
                && row.sequence > *number
            {
                sim.found(format!("{} is sent while {first} before it is unconfirmed", row.id));
            }
            let others = queues.under_way.entry(pair.clone()).or_default();
            let unconfirmed = |id: &MessageId| {
                let state = tables.outbox.get(id).map(|entry| entry.state);
                *id != row.id
                    && matches!(state, Some(DeliveryState::Delivering | DeliveryState::Failing))
            };
            if let Some(other) = others.iter().copied().find(unconfirmed) {
                sim.found(format!("{} is sent while {other} of its pair is under way", row.id));
            }
            others.push(row.id);
            listed.push((pair, row.id));
        }
        UnderWay { exchange: &self.exchange, messages: listed }
    }

    fn enqueue(&self, row: &OutboxRow) -> bool {
        let came = self.exchange.enqueue(row);
        came.unwrap_or_else(|why| {
            self.process.sim.found(why);
            true
        })
    }

    fn publish_one(&self, row: &OutboxRow) -> PublishOutcome {
        let sim = &self.process.sim;
        if sim.planted && sim.below(500) == 0 {
            return PublishOutcome::Confirmed;
        }
        if sim.fault(sim.weather.nack) {
            return PublishOutcome::Nacked;
        }
        if sim.fault(sim.weather.confirm) {
            match sim.below(3) {
                // Lost on its way.
                0 => {}
                // In its queue, and the confirm is lost.
                1 => {
                    self.enqueue(row);
                }
                // On its way still, long after its sender has given it up.
                _ => {
                    let (late, row) = (self.clone(), row.clone());
                    tokio::spawn(async move {
                        late.process.sim.sleep_ms(100, 60_000).await;
                        late.process.sim.note("late-message", late.process.number as u64, 0);
                        late.enqueue(&row);
                    });
                }
            }
            return PublishOutcome::Unknown;
        }
        if !self.enqueue(row) {
            return PublishOutcome::Returned;
        }
        if sim.fault(sim.weather.repeat) {
            self.enqueue(row);
        }
        PublishOutcome::Confirmed
    }
}

#[async_trait]
impl Broker for SimBroker {
    async fn publish(&self, messages: &[OutboxRow]) -> Vec<PublishOutcome> {
        self.process.alive().await;
        let sim = &self.process.sim;
        count(&sim.counts.published, messages.len());
        let first = messages.first().map_or(0, |row| row.id.0.as_u128() as u64);
        self.process.note("publish", first);
        let under_way = self.check(messages);
        if !self.is_up() {
            sim.sleep_ms(1, 100).await;
            return vec![PublishOutcome::Unknown; messages.len()];
        }
        let slow = self.exchange.slowness(messages);
        sim.sleep_ms(1 + slow, 3 + slow).await;
        let outcomes = messages.iter().map(|row| self.publish_one(row)).collect();
        if sim.fault(sim.weather.confirm) {
            // The confirms of the whole batch are slow, at times beyond the relay's patience.
            sim.sleep_ms(100, 20_000).await;
        }
        self.process.alive().await;
        drop(under_way);
        outcomes
    }

    async fn declare(&self) -> Result<(), BrokerError> {
        self.process.alive().await;
        self.process.sim.sleep_ms(1, 50).await;
        self.exchange.declare();
        Ok(())
    }

    fn is_up(&self) -> bool {
        !self.exchange.down.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Mailbox for SimBroker {
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        let mut queues = held(&self.exchange.queues);
        let queues = &mut *queues;
        let mut leased = Vec::new();
        for immediate in [true, false] {
            let Some(queue) = queues.queues.get_mut(&(destination.clone(), immediate)) else {
                continue;
            };
            let free = |held: &Held| held.leased_until.is_none_or(|until| until <= now);
            while let Some(at) = queue.iter().position(free)
                && leased.len() < limit
            {
                queue[at].message.deliveries += 1;
                if queue[at].message.deliveries > DELIVERY_LIMIT {
                    queues.dead.extend(queue.remove(at).map(|held| held.message));
                    continue;
                }
                queue[at].leased_until = Some(until);
                leased.push(queue[at].message.clone());
            }
        }
        Ok(leased)
    }

    async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError> {
        let mut queues = held(&self.exchange.queues);
        for immediate in [true, false] {
            let queue = queues.queues.get_mut(&(destination.clone(), immediate));
            let Some(queue) = queue else { continue };
            if let Some(at) = queue.iter().position(|held| held.message.id == id) {
                queue.remove(at);
                return Ok(());
            }
        }
        Err(BrokerError::NotLeased)
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError> {
        self.process.alive().await;
        Ok(held(&self.exchange.queues).dead.iter().take(limit).cloned().collect())
    }

    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError> {
        self.process.alive().await;
        let mut queues = held(&self.exchange.queues);
        if let Some(at) = queues.dead.iter().position(|dead| dead.id == letter.id) {
            queues.dead.remove(at);
        }
        Ok(())
    }
}
