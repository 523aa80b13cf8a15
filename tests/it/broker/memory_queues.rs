//! The embedded broker's queues, in memory.

use async_trait::async_trait;
use frontdoor::domain::{DestinationId, MessageId, Priority, Timestamp};
use frontdoor::store::{QueueStore, QueuedMessage, StoreError};
use std::sync::Mutex;

pub(super) struct Queued {
    message: QueuedMessage,
    leased_until: Timestamp,
    leases: i32,
}

#[derive(Default)]
pub(super) struct MemoryQueues {
    pub(super) queued: Mutex<Vec<Queued>>,
    /// A payload that the store refuses.
    pub(super) refused: Option<Vec<u8>>,
}

impl Queued {
    fn is_dead(&self, now: Timestamp) -> bool {
        self.leases > 20 && self.leased_until <= now
    }
}

#[async_trait]
impl QueueStore for MemoryQueues {
    async fn enqueue(&self, messages: &[QueuedMessage], _: Timestamp) -> Result<(), StoreError> {
        if messages.iter().any(|message| Some(&message.payload) == self.refused.as_ref()) {
            return Err(StoreError::Refused("a payload".to_owned()));
        }
        let mut queued = self.queued.lock().expect("not poisoned");
        queued.extend(messages.iter().map(|message| Queued {
            message: message.clone(),
            leased_until: Timestamp(i64::MIN),
            leases: 0,
        }));
        Ok(())
    }

    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, StoreError> {
        let mut queued = self.queued.lock().expect("not poisoned");
        let mut leased = Vec::new();
        for immediate in [true, false] {
            let theirs = queued.iter_mut().filter(|queued| {
                queued.message.destination == *destination
                    && (queued.message.priority == Priority::Immediate) == immediate
                    && queued.leased_until <= now
                    && !queued.is_dead(now)
            });
            for queued in theirs.take(limit - leased.len()) {
                queued.leased_until = until;
                queued.leases += 1;
                let deliveries = queued.leases;
                leased.push(QueuedMessage { deliveries, ..queued.message.clone() });
            }
        }
        Ok(leased)
    }

    async fn take(&self, destination: &DestinationId, id: MessageId) -> Result<bool, StoreError> {
        let mut queued = self.queued.lock().expect("not poisoned");
        let before = queued.len();
        queued.retain(|one| one.message.id != id || one.message.destination != *destination);
        Ok(queued.len() < before)
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, StoreError> {
        let queued = self.queued.lock().expect("not poisoned");
        let dead = queued.iter().filter(|queued| queued.leases > 20);
        Ok(dead.take(limit).map(|queued| queued.message.clone()).collect())
    }

    async fn bury(&self, id: MessageId, destination: &DestinationId) -> Result<(), StoreError> {
        self.take(destination, id).await.map(|_| ())
    }

    async fn depth(&self, destination: &DestinationId) -> Result<u64, StoreError> {
        let queued = self.queued.lock().expect("not poisoned");
        let theirs = queued.iter().filter(|queued| queued.message.destination == *destination);
        Ok(u64::try_from(theirs.count()).expect("few"))
    }
}
