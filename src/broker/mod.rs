//! Getting messages to receiving teams: the outbox relay over one of two brokers.
//!
//! `rabbitmq` is what an authority runs; `embedded` keeps its queues in the store. Both pass the
//! same contract suite. Nothing here gives up on a message.

pub mod copies;
pub mod deadletters;
pub mod embedded;
pub mod rabbitmq;
pub mod relay;
pub mod taken;
pub mod topology;
pub mod traits;

pub use deadletters::DeadLetters;
pub use embedded::Embedded;
pub use rabbitmq::RabbitMq;
pub use relay::{Handover, Relay, RelayHandle};
pub use taken::Taken;
pub use topology::Topology;
pub use traits::{Broker, BrokerError, Mailbox, PublishOutcome};
