//! The in-process broker: queues kept in the store, for one machine and for trying it out.

use super::topology::Topology;
use super::traits::{Broker, BrokerError, Mailbox, PublishOutcome};
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::{OutboxRow, QueueStore, QueuedMessage, StoreError};
use async_trait::async_trait;
use std::sync::Arc;

/// A broker whose confirms are commits of the store.
pub struct Embedded {
    queues: Arc<dyn QueueStore>,
    topology: Arc<Topology>,
    env: Arc<dyn Env>,
}

impl Embedded {
    pub fn new(queues: Arc<dyn QueueStore>, topology: Arc<Topology>, env: Arc<dyn Env>) -> Self {
        Embedded { queues, topology, env }
    }

    async fn enqueue(&self, messages: &[QueuedMessage]) -> PublishOutcome {
        match self.queues.enqueue(messages, self.env.now()).await {
            Ok(()) => PublishOutcome::Confirmed,
            Err(StoreError::Refused(_)) => PublishOutcome::Nacked,
            // A commit whose answer was lost may have taken hold.
            Err(_) => PublishOutcome::Unknown,
        }
    }
}

fn queued(row: &OutboxRow) -> QueuedMessage {
    QueuedMessage {
        id: row.id,
        destination: row.destination.clone(),
        priority: row.priority,
        payload: row.payload.clone(),
        deliveries: 0,
    }
}

#[async_trait]
impl Broker for Embedded {
    async fn publish(&self, messages: &[OutboxRow]) -> Vec<PublishOutcome> {
        let mut outcomes = vec![PublishOutcome::Returned; messages.len()];
        let known: Vec<usize> = (0..messages.len())
            .filter(|i| self.topology.contains(&messages[*i].destination))
            .collect();
        let batch: Vec<QueuedMessage> = known.iter().map(|i| queued(&messages[*i])).collect();
        if batch.is_empty() {
            return outcomes;
        }
        let together = self.enqueue(&batch).await;
        for (i, message) in known.into_iter().zip(batch) {
            // One that the store refuses must not hold up its neighbours.
            outcomes[i] = match together {
                PublishOutcome::Nacked => self.enqueue(&[message]).await,
                outcome => outcome,
            };
        }
        outcomes
    }

    async fn declare(&self) -> Result<(), BrokerError> {
        Ok(())
    }

    fn is_up(&self) -> bool {
        true
    }
}

#[async_trait]
impl Mailbox for Embedded {
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        Ok(self.queues.lease(destination, now, until, limit).await?)
    }

    async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError> {
        match self.queues.take(destination, id).await? {
            true => Ok(()),
            false => Err(BrokerError::NotLeased),
        }
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError> {
        Ok(self.queues.dead_letters(limit).await?)
    }

    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError> {
        Ok(self.queues.bury(letter.id, &letter.destination).await?)
    }
}
