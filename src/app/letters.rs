//! A broker's mailbox, as the API sees it.

use crate::api::{Letters, LettersError};
use crate::broker::{BrokerError, Mailbox};
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::QueuedMessage;
use async_trait::async_trait;
use std::sync::Arc;

pub(super) struct OfMailbox(pub(super) Arc<dyn Mailbox>);

#[async_trait]
impl Letters for OfMailbox {
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, LettersError> {
        self.0.lease(destination, now, until, limit).await.map_err(unreadable)
    }

    async fn take(&self, destination: &DestinationId, id: MessageId) -> Result<(), LettersError> {
        self.0.acknowledge(destination, id).await.map_err(unreadable)
    }
}

fn unreadable(error: BrokerError) -> LettersError {
    match error {
        BrokerError::NotLeased => LettersError::NotLeased,
        other => LettersError::Unavailable(other.to_string()),
    }
}
