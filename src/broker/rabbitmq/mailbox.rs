//! Reading queues for receiving teams over HTTPS, and dead letters for the relay.
//!
//! A lease is an unacknowledged message of a channel in this process; when it runs out, the
//! message is given back. Every queue pair has a channel of its own, so that trouble with one
//! destination's queues ends no other's leases.

use super::Settings;
use super::connection::{connect, down, patiently};
use super::declare::{destination_queues, short};
use crate::broker::topology::{self, DEAD, DRAIN_ORDER, Topology, read_routing_key};
use crate::broker::traits::BrokerError;
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::QueuedMessage;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions};
use lapin::types::AMQPValue;
use lapin::{Channel, Connection};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a failed connection is not tried again.
const HOLD_OFF: Duration = Duration::from_secs(1);
/// How often leases that have run out are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Dead letters are held until they are buried.
const FOR_EVER: Timestamp = Timestamp(i64::MAX);

/// All the desks, over one connection.
pub(super) struct Mailroom {
    settings: Arc<Settings>,
    topology: Arc<Topology>,
    env: Arc<dyn Env>,
    line: tokio::sync::Mutex<Line>,
    desks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Desk>>>>,
}

#[derive(Default)]
struct Line {
    connection: Option<Arc<Connection>>,
    failed_at: Option<Instant>,
}

/// One destination's queues, or the dead letters'.
#[derive(Default)]
struct Desk {
    channel: Option<Channel>,
    held: Vec<Held>,
}

/// A message held here, not acknowledged.
struct Held {
    id: MessageId,
    until: Timestamp,
    delivery: Delivery,
}

impl Mailroom {
    pub(super) fn new(settings: Arc<Settings>, topology: Arc<Topology>, env: Arc<dyn Env>) -> Self {
        let (line, desks) = Default::default();
        Mailroom { settings, topology, env, line, desks }
    }

    /// Leases up to `limit` messages, `immediate` first; first gives back what has run out.
    pub(super) async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        let desk = self.desk(destination.as_str());
        let mut desk = desk.lock().await;
        desk.sweep(now).await;
        let queues = DRAIN_ORDER.map(|priority| topology::queue(destination, priority));
        let first = self.fetch(&mut desk, &queues, until, limit).await;
        // A queue deleted by hand ends the channel, and its leases: declare it and look again.
        match first {
            Err(_) if self.topology.contains(destination) => {
                destination_queues(&*self.connection().await?, destination).await?;
                self.fetch(&mut desk, &queues, until, limit).await
            }
            fetched => fetched,
        }
    }

    pub(super) async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError> {
        self.desk(destination.as_str()).lock().await.acknowledge(id).await
    }

    /// Those held already, and up to `limit` more: one that cannot be buried blocks no other.
    pub(super) async fn dead_letters(
        &self,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        let desk = self.desk(DEAD);
        let mut desk = desk.lock().await;
        desk.drop_if_lost();
        self.fetch(&mut desk, &[DEAD.to_owned()], FOR_EVER, limit).await?;
        Ok(desk.held.iter().filter_map(|held| read(held.id, &held.delivery)).collect())
    }

    pub(super) async fn bury(&self, id: MessageId) -> Result<(), BrokerError> {
        self.desk(DEAD).lock().await.acknowledge(id).await
    }

    fn desk(&self, name: &str) -> Arc<tokio::sync::Mutex<Desk>> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        match desks.get(name) {
            Some(desk) => desk.clone(),
            None => desks.entry(name.to_owned()).or_default().clone(),
        }
    }

    async fn connection(&self) -> Result<Arc<Connection>, BrokerError> {
        let mut line = self.line.lock().await;
        if let Some(connection) = &line.connection
            && connection.status().connected()
        {
            return Ok(connection.clone());
        }
        if line.failed_at.is_some_and(|at| at.elapsed() < HOLD_OFF) {
            return Err(down());
        }
        line.connection = None;
        match connect(&self.settings, "mailbox").await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *line = Line { connection: Some(connection.clone()), failed_at: None };
                Ok(connection)
            }
            Err(error) => {
                line.failed_at = Some(Instant::now());
                Err(error)
            }
        }
    }

    /// Gets up to `limit` messages from the queues in turn, and holds them. After an error, or when
    /// the caller gives up meanwhile, the channel is gone, and with it every lease of the desk: the
    /// server gives them out again.
    async fn fetch(
        &self,
        desk: &mut Desk,
        queues: &[String],
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        desk.drop_if_lost();
        // Out of the desk until all is done. A call that is cancelled in the middle may have asked
        // for a message that nobody then holds: dropped, the channel closes, and it is given out
        // again.
        let channel = match desk.channel.take() {
            Some(channel) => channel,
            None => patiently(self.connection().await?.create_channel()).await?,
        };
        let fetched = desk.get(&channel, queues, until, limit).await;
        match fetched.is_ok() {
            true => desk.channel = Some(channel),
            false => desk.held.clear(),
        }
        fetched
    }

    async fn sweep(&self) {
        let now = self.env.now();
        let desks: Vec<_> = {
            let desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
            desks.values().cloned().collect()
        };
        for desk in desks {
            // One in use sweeps for itself.
            if let Ok(mut desk) = desk.try_lock() {
                desk.sweep(now).await;
            }
        }
    }
}

impl Desk {
    async fn get(
        &mut self,
        channel: &Channel,
        queues: &[String],
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        let mut fetched = Vec::new();
        for queue in queues {
            while fetched.len() < limit {
                let options = BasicGetOptions { no_ack: false };
                let got = patiently(channel.basic_get(short(queue)?, options)).await?;
                let Some(message) = got else { break };
                let delivery = message.delivery;
                let id = id_of(&delivery);
                match id.and_then(|id| Some((id, read(id, &delivery)?))) {
                    Some((id, message)) => {
                        fetched.push(message);
                        self.held.push(Held { id, until, delivery });
                    }
                    // Put there by someone else: out of the way of our messages. In the queue of
                    // dead letters it stays unacknowledged, for an operator to look at.
                    None if queue != DEAD => {
                        give_back(&delivery, false).await;
                    }
                    None => {}
                }
            }
        }
        Ok(fetched)
    }

    /// Acknowledges every copy of a message that is held. As in [`Mailroom::fetch`], the channel is
    /// out of the desk meanwhile.
    async fn acknowledge(&mut self, id: MessageId) -> Result<(), BrokerError> {
        self.drop_if_lost();
        let channel = self.channel.take();
        let mut acknowledged = false;
        for held in self.held.extract_if(.., |held| held.id == id) {
            let ack = held.delivery.acker.ack(BasicAckOptions::default());
            acknowledged |= patiently(ack).await?;
        }
        self.channel = channel;
        acknowledged.then_some(()).ok_or(BrokerError::NotLeased)
    }

    /// Gives back every message whose lease has run out.
    async fn sweep(&mut self, now: Timestamp) {
        self.drop_if_lost();
        let channel = self.channel.take();
        for held in self.held.extract_if(.., |held| held.until <= now) {
            give_back(&held.delivery, true).await;
        }
        self.channel = channel;
    }

    fn drop_if_lost(&mut self) {
        if !self.channel.as_ref().is_some_and(|channel| channel.status().connected()) {
            self.held.clear();
            self.channel = None;
        }
    }
}

/// A failure means that the channel is gone, and then the server has given it back by itself.
async fn give_back(delivery: &Delivery, requeue: bool) {
    let options = BasicNackOptions { requeue, ..BasicNackOptions::default() };
    let _ = patiently(delivery.acker.nack(options)).await;
}

fn id_of(delivery: &Delivery) -> Option<MessageId> {
    let id = delivery.properties.message_id().as_ref()?.as_str();
    id.parse().ok().map(MessageId)
}

fn read(id: MessageId, delivery: &Delivery) -> Option<QueuedMessage> {
    // A dead letter keeps the routing key under which it was published.
    let (destination, priority) = read_routing_key(delivery.routing_key.as_str())?;
    let headers = delivery.properties.headers().as_ref();
    let returned = headers.and_then(|headers| headers.inner().get("x-delivery-count"));
    let returned = match returned {
        Some(AMQPValue::LongLongInt(count)) => i32::try_from(*count).unwrap_or(i32::MAX),
        Some(AMQPValue::LongInt(count)) => *count,
        _ => 0,
    };
    let payload = delivery.data.clone();
    Some(QueuedMessage { id, destination, priority, payload, deliveries: returned + 1 })
}

/// Gives back leases that have run out, as long as the mailroom is there.
pub(super) async fn sweep_regularly(mailroom: Weak<Mailroom>) {
    loop {
        sleep(SWEEP_EVERY).await;
        match mailroom.upgrade() {
            Some(mailroom) => mailroom.sweep().await,
            None => return,
        }
    }
}
