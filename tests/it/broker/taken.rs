//! Two gateways on one RabbitMQ: what a receiving team says to one holds for both.

use super::memory_queues::MemoryQueues;
use super::support::{Still, row};
use async_trait::async_trait;
use frontdoor::broker::{Broker, BrokerError, Embedded, Mailbox, Taken, Topology};
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, MessageId, Timestamp};
use frontdoor::store::{QueuedMessage, StoreError, TakenStore};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// A gateway's view of common queues: it can acknowledge only what it leased itself.
struct Own {
    queues: Arc<Embedded>,
    leased: Mutex<BTreeSet<MessageId>>,
}

#[async_trait]
impl Mailbox for Own {
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        let leased = self.queues.lease(destination, now, until, limit).await?;
        self.leased.lock().expect("not poisoned").extend(leased.iter().map(|one| one.id));
        Ok(leased)
    }
    async fn acknowledge(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> Result<(), BrokerError> {
        if !self.leased.lock().expect("not poisoned").remove(&id) {
            return Err(BrokerError::NotLeased);
        }
        self.queues.acknowledge(destination, id).await
    }
    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError> {
        self.queues.dead_letters(limit).await
    }
    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError> {
        self.queues.bury(letter).await
    }
}

/// What was sent, and what of it was taken.
#[derive(Default)]
struct Notes {
    sent: BTreeSet<(MessageId, DestinationId)>,
    taken: Mutex<BTreeSet<MessageId>>,
}

#[async_trait]
impl TakenStore for Notes {
    async fn note_taken(
        &self,
        destination: &DestinationId,
        id: MessageId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let sent = self.sent.contains(&(id, destination.clone()));
        if sent {
            self.taken.lock().expect("not poisoned").insert(id);
        }
        Ok(sent)
    }
    async fn taken(&self, ids: &[MessageId]) -> Result<Vec<MessageId>, StoreError> {
        let taken = self.taken.lock().expect("not poisoned");
        Ok(ids.iter().filter(|id| taken.contains(id)).copied().collect())
    }
}

#[tokio::test]
async fn an_acknowledgement_at_another_gateway_holds_and_the_message_never_comes_again() {
    let env = Arc::new(Still::new());
    let (masstt, panel) = (DestinationId::new("masstt"), DestinationId::new("panel"));
    let topology = Arc::new(Topology::new([masstt.clone(), panel.clone()]));
    let queues = Arc::new(Embedded::new(Arc::new(MemoryQueues::default()), topology, env.clone()));
    let rows = [row(&masstt, &*env), row(&masstt, &*env)];
    queues.publish(&rows).await;
    let sent = rows.iter().map(|row| (row.id, row.destination.clone())).collect();
    let store = Arc::new(Notes { sent, ..Notes::default() });
    let gateway = || Taken {
        mailbox: Arc::new(Own { queues: queues.clone(), leased: Mutex::default() }),
        store: store.clone(),
        env: env.clone(),
    };
    let (one, other) = (gateway(), gateway());
    let lease = async |at: &Taken| {
        let now = env.now();
        let leased = at.lease(&masstt, now, now.plus_seconds(60), 1).await.expect("leased");
        leased.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert_eq!(lease(&one).await, [rows[0].id]);
    other.acknowledge(&masstt, rows[0].id).await.expect("it is noted");
    other.acknowledge(&masstt, rows[0].id).await.expect("saying it again is harmless");
    // The first gateway's lease runs out; whoever is asked next hands out the other one.
    env.forward(61);
    assert_eq!(lease(&other).await, [rows[1].id]);
    other.acknowledge(&masstt, rows[1].id).await.expect("its own lease");
    env.forward(61);
    assert!(lease(&one).await.is_empty() && lease(&other).await.is_empty());
    // Nobody says of another's messages that they were taken.
    let strange = one.acknowledge(&panel, rows[0].id).await;
    assert!(matches!(strange, Err(BrokerError::NotLeased)), "{strange:?}");
}
