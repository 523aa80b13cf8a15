//! Messages taken over HTTPS, known to every gateway.
//!
//! With RabbitMQ a lease is an unacknowledged message of one gateway's connection, and behind a
//! load balancer the receiving team's acknowledgement may reach another. That one cannot take the
//! message off the queue; it notes in the store that it was taken, and whichever gateway leases the
//! message next takes it off instead of handing it out.

use super::traits::{BrokerError, Mailbox};
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::{QueuedMessage, TakenStore};
use async_trait::async_trait;
use std::sync::Arc;

/// Leases that may hold nothing but what was taken, before a request is answered with nothing.
const ROUNDS: usize = 8;

/// A mailbox that several gateways read.
pub struct Taken {
    pub mailbox: Arc<dyn Mailbox>,
    pub store: Arc<dyn TakenStore>,
    pub env: Arc<dyn Env>,
}

impl Taken {
    /// Takes off the queue what was taken before; the rest.
    async fn sort(
        &self,
        destination: &DestinationId,
        mut leased: Vec<QueuedMessage>,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        let ids: Vec<MessageId> = leased.iter().map(|message| message.id).collect();
        for id in self.store.taken(&ids).await? {
            leased.retain(|message| message.id != id);
            match self.mailbox.acknowledge(destination, id).await {
                // Its lease has run out meanwhile: it comes again, and goes then.
                Ok(()) | Err(BrokerError::NotLeased) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(leased)
    }
}

#[async_trait]
impl Mailbox for Taken {
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        for _ in 0..ROUNDS {
            let leased = self.mailbox.lease(destination, now, until, limit).await?;
            if leased.is_empty() {
                break;
            }
            let left = self.sort(destination, leased).await?;
            if !left.is_empty() {
                return Ok(left);
            }
        }
        Ok(Vec::new())
    }

    async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError> {
        match self.mailbox.acknowledge(destination, id).await {
            Err(BrokerError::NotLeased) => {
                match self.store.note_taken(destination, id, self.env.now()).await? {
                    true => Ok(()),
                    false => Err(BrokerError::NotLeased),
                }
            }
            done => done,
        }
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError> {
        self.mailbox.dead_letters(limit).await
    }

    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError> {
        self.mailbox.bury(letter).await
    }
}
