//! What a broker must do.

use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::{OutboxRow, QueuedMessage, StoreError};
use async_trait::async_trait;

/// What became of one published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The broker has taken responsibility for it, in a queue.
    Confirmed,
    /// No queue took it; it is not delivered.
    Returned,
    /// The broker refused it, e.g. a full queue with `reject-publish`.
    Nacked,
    /// No answer in time, or the connection was lost: it may or may not be there. Send it again
    /// under the same `message_id`.
    Unknown,
}

impl PublishOutcome {
    /// The fixed code kept as a delivery's last fault.
    pub fn fault(self) -> &'static str {
        match self {
            PublishOutcome::Confirmed => "none",
            PublishOutcome::Returned => "returned",
            PublishOutcome::Nacked => "nacked",
            PublishOutcome::Unknown => "unreachable",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("the broker cannot be reached: {0}")]
    Unreachable(String),
    #[error("the lease is not held here: fetch the messages again")]
    NotLeased,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a message that a receiving team sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// It is durable, or its sender was told why it cannot stand.
    Settled,
    /// It is nobody's of whom we know, or nothing that can be read.
    NotOurs(&'static str),
    /// Nothing was changed: it is read again.
    Later,
}

impl Inbound {
    pub fn as_str(self) -> &'static str {
        match self {
            Inbound::Settled => "settled",
            Inbound::NotOurs(_) => "refused",
            Inbound::Later => "later",
        }
    }
}

/// Takes what receiving teams send.
#[async_trait]
pub trait OutcomeSink: Send + Sync + 'static {
    /// `user` is who sent it, as the broker has verified.
    async fn take(&self, user: Option<&str>, body: &[u8]) -> Inbound;
}

/// Sends messages on.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Publishes all, pipelined, persistent and mandatory, and waits for every outcome (bounded by
    /// the implementation's confirm time-out). The outcomes are in the order of the messages.
    async fn publish(&self, messages: &[OutboxRow]) -> Vec<PublishOutcome>;

    /// Declares exchanges and queues for the destinations again; harmless when they exist.
    async fn declare(&self) -> Result<(), BrokerError>;

    /// Whether messages can be sent on now.
    fn is_up(&self) -> bool;
}

/// Reads a destination's queues for a receiving team's system over HTTPS, and dead letters for the
/// relay.
#[async_trait]
pub trait Mailbox: Send + Sync + 'static {
    /// Leases up to `limit` messages until `until`, `immediate` first.
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError>;

    /// Takes a leased message off its queue. Taking it again is harmless where the broker can
    /// tell; otherwise `NotLeased`.
    async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError>;

    /// Dead letters waiting for the relay.
    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError>;

    /// The relay has committed the delivery as dead: the letter can go.
    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError>;
}
