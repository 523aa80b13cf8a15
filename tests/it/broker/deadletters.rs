//! A dead letter is committed as dead, with a copy for MASSTT, before it leaves the broker.

use super::support::{Still, row};
use async_trait::async_trait;
use frontdoor::broker::deadletters::Round;
use frontdoor::broker::{BrokerError, DeadLetters, Mailbox};
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, MessageId, Timestamp};
use frontdoor::store::{Failure, Leave, OutboxRow, QueuedMessage, RelayStore, StoreError};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Writes down in which order things were done.
#[derive(Default)]
struct Desk {
    rows: Vec<OutboxRow>,
    letters: Mutex<Vec<QueuedMessage>>,
    done: Mutex<Vec<String>>,
    copies: Mutex<Vec<OutboxRow>>,
    store_down: bool,
    /// A message of which nothing can be written.
    broken: Option<MessageId>,
}

impl Desk {
    fn with(rows: Vec<OutboxRow>) -> Self {
        let letters = rows.iter().map(|row| QueuedMessage {
            id: row.id,
            destination: row.destination.clone(),
            priority: row.priority,
            payload: row.payload.clone(),
            deliveries: 21,
        });
        Desk { letters: Mutex::new(letters.collect()), rows, ..Desk::default() }
    }

    fn did(&self, what: String) {
        self.done.lock().expect("not poisoned").push(what);
    }
}

#[async_trait]
impl RelayStore for Desk {
    async fn claim_except(
        &self,
        _: &Leave,
        _: Timestamp,
        _: Timestamp,
        _: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn paused(&self, _: Timestamp) -> Result<Vec<DestinationId>, StoreError> {
        Ok(Vec::new())
    }
    async fn release(&self, _: &[(MessageId, i64)]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn confirm(
        &self,
        _: &[(MessageId, i64)],
        _: Timestamp,
    ) -> Result<Vec<MessageId>, StoreError> {
        Ok(Vec::new())
    }
    async fn fail(&self, _: &[Failure], _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
    async fn dead(
        &self,
        id: MessageId,
        copy: Option<OutboxRow>,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        if self.store_down || self.broken == Some(id) {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        self.did(format!("dead {id}"));
        self.copies.lock().expect("not poisoned").extend(copy);
        Ok(true)
    }
    async fn revive(
        &self,
        destination: &DestinationId,
        _: RangeInclusive<i64>,
        _: Timestamp,
        _: usize,
    ) -> Result<usize, StoreError> {
        self.did(format!("revive {destination}"));
        Ok(1)
    }
    async fn divert(
        &self,
        _: &[(MessageId, OutboxRow)],
        _: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(0)
    }
    async fn next_due(&self, _: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(self.rows.iter().find(|row| row.id == id).cloned())
    }
}

#[async_trait]
impl Mailbox for Desk {
    async fn lease(
        &self,
        _: &DestinationId,
        _: Timestamp,
        _: Timestamp,
        _: usize,
    ) -> Result<Vec<QueuedMessage>, BrokerError> {
        Ok(Vec::new())
    }
    async fn acknowledge(&self, _: &DestinationId, _: MessageId) -> Result<(), BrokerError> {
        Err(BrokerError::NotLeased)
    }
    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>, BrokerError> {
        let letters = self.letters.lock().expect("not poisoned");
        Ok(letters.iter().take(limit).cloned().collect())
    }
    async fn bury(&self, letter: &QueuedMessage) -> Result<(), BrokerError> {
        self.did(format!("buried {}", letter.id));
        self.letters.lock().expect("not poisoned").retain(|other| other.id != letter.id);
        Ok(())
    }
}

fn task(desk: &Arc<Desk>, env: &Arc<Still>) -> DeadLetters {
    let masstt = DestinationId::new("masstt");
    DeadLetters { store: desk.clone(), mailbox: desk.clone(), env: env.clone(), masstt }
}

#[tokio::test]
async fn it_is_dead_in_the_store_before_it_is_buried_and_masstt_has_a_copy() {
    let env = Arc::new(Still::new());
    let panel = row(&DestinationId::new("panel"), env.as_ref());
    let own = row(&DestinationId::new("masstt"), env.as_ref());
    let desk = Arc::new(Desk::with(vec![panel.clone(), own.clone()]));
    let round = task(&desk, &env).round().await.expect("read");
    assert_eq!(round, Round { buried: 2, failed: 0 });
    let done = desk.done.lock().expect("not poisoned").clone();
    let order: Vec<String> = [panel.id, own.id]
        .iter()
        .flat_map(|id| [format!("dead {id}"), format!("buried {id}")])
        .collect();
    assert_eq!(done, order);
    let copies = desk.copies.lock().expect("not poisoned");
    assert_eq!(copies.len(), 1, "MASSTT's own dead letter is not copied to itself");
    assert_eq!(copies[0].kind, "referral.delivery-dead.v1");
    assert_eq!((copies[0].referral, copies[0].destination.as_str()), (panel.referral, "masstt"));
}

#[tokio::test]
async fn it_stays_on_the_broker_while_the_store_cannot_commit_it() {
    let env = Arc::new(Still::new());
    let panel = row(&DestinationId::new("panel"), env.as_ref());
    let desk = Arc::new(Desk { store_down: true, ..Desk::with(vec![panel]) });
    let round = task(&desk, &env).round().await.expect("read");
    assert_eq!(round, Round { buried: 0, failed: 1 });
    assert!(desk.done.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn a_letter_that_is_none_of_ours_stays_where_an_operator_can_see_it() {
    let env = Arc::new(Still::new());
    let stranger = row(&DestinationId::new("panel"), env.as_ref());
    let desk = Arc::new(Desk { rows: Vec::new(), ..Desk::with(vec![stranger]) });
    assert_eq!(task(&desk, &env).round().await.expect("read"), Round::default());
    assert_eq!(desk.letters.lock().expect("not poisoned").len(), 1);
    assert_eq!(env.now(), super::support::START);
}

#[tokio::test]
async fn a_letter_that_cannot_be_read_keeps_no_other_from_being_read() {
    let env = Arc::new(Still::new());
    let rows: Vec<OutboxRow> =
        (0..3).map(|_| row(&DestinationId::new("panel"), env.as_ref())).collect();
    let desk = Arc::new(Desk { broken: Some(rows[0].id), ..Desk::with(rows) });
    let round = task(&desk, &env).round().await.expect("read");
    assert_eq!(round, Round { buried: 2, failed: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_full_round_is_followed_by_the_next_at_once_and_masstts_own_are_sent_again() {
    let env = Arc::new(Still::new());
    let rows = (0..2_000).map(|_| row(&DestinationId::new("panel"), env.as_ref())).collect();
    let desk = Arc::new(Desk::with(rows));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let reading = tokio::spawn(task(&desk, &env).run(stopped));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(desk.letters.lock().expect("not poisoned").is_empty());
    let revived = |desk: &Desk| {
        let done = desk.done.lock().expect("not poisoned");
        done.iter().filter(|what| *what == "revive masstt").count()
    };
    let before = revived(&desk);
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(revived(&desk) - before, 10, "every five seconds, with nothing to read");
    stop.send_replace(true);
    reading.await.expect("it ends");
}
