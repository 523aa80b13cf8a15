//! RabbitMQ: quorum queues, publisher confirms, the mandatory flag; through lapin.
//!
//! One supervised connection publishes; another, made when first needed, reads queues, so that
//! flow control of publishers never holds up receivers.

mod connection;
mod declare;
mod inbound;
mod mailbox;
mod publish;

use super::topology::Topology;
use super::traits::{Broker, BrokerError, Mailbox, PublishOutcome};
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::{OutboxRow, QueuedMessage};
pub use inbound::read_outcomes;

use async_trait::async_trait;
use connection::{Slot, supervise};
use mailbox::Mailroom;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// How to reach RabbitMQ.
#[derive(Clone)]
pub struct Settings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://…`; never logged.
    pub url: String,
    /// Name of this process among the server's connections, e.g. the host's.
    pub name: String,
    /// PEM of the authorities that may sign the server's certificate, instead of the system's.
    pub ca_pem: Option<String>,
}

/// The broker an authority runs.
pub struct RabbitMq {
    topology: Arc<Topology>,
    slot: Arc<Slot>,
    mailroom: Arc<Mailroom>,
    tasks: [AbortHandle; 2],
}

impl RabbitMq {
    /// Starts connecting, and goes on connecting whenever the connection is lost, on the current
    /// Tokio runtime. Returns at once: [`Broker::is_up`] tells whether it is connected.
    pub fn start(settings: Settings, topology: Arc<Topology>, env: Arc<dyn Env>) -> Self {
        let settings = Arc::new(settings);
        let slot = Arc::new(Slot::default());
        let supervisor =
            tokio::spawn(supervise(settings.clone(), topology.clone(), slot.clone(), env.clone()));
        let mailroom = Arc::new(Mailroom::new(settings, topology.clone(), env));
        let sweeper = tokio::spawn(mailbox::sweep_regularly(Arc::downgrade(&mailroom)));
        let tasks = [supervisor.abort_handle(), sweeper.abort_handle()];
        RabbitMq { topology, slot, mailroom, tasks }
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[async_trait]
impl Broker for RabbitMq {
    async fn publish(&self, messages: &[OutboxRow]) -> Vec<PublishOutcome> {
        match self.slot.usable() {
            Some(live) => publish::publish(&live, messages).await,
            None => vec![PublishOutcome::Unknown; messages.len()],
        }
    }

    async fn declare(&self) -> Result<(), BrokerError> {
        let live = self.slot.usable().ok_or_else(connection::down)?;
        declare::declare(&live.connection, &self.topology.all()).await
    }

    fn is_up(&self) -> bool {
        self.slot.usable().is_some()
    }
}

#[async_trait]
impl Mailbox for RabbitMq {
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        self.mailroom.lease(destination, now, until, limit).await
    }

    async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError> {
        self.mailroom.acknowledge(destination, id).await
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError> {
        self.mailroom.dead_letters(limit).await
    }

    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError> {
        self.mailroom.bury(letter.id).await
    }
}
