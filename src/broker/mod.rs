//! Getting messages to receiving teams: the outbox relay over one of two brokers.
//!
//! `rabbitmq` is what an authority runs; `embedded` keeps its queues in the store. Both pass the
//! same contract suite. Nothing here gives up on a message.

pub mod traits;

pub use traits::{Broker, BrokerError, Mailbox, PublishOutcome};
