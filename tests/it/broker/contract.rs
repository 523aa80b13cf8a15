//! What both brokers must do, in one suite.

use super::memory_queues::MemoryQueues;
use super::rabbitmq::{settings, unique};
use super::support::{Still, eventually, row};
use frontdoor::broker::{
    Broker, BrokerError, Embedded, Mailbox, PublishOutcome, RabbitMq, Topology,
};
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, Priority};
use frontdoor::store::sqlite::SqliteStore;
use frontdoor::store::{OutboxRow, QueueStore, QueuedMessage, SchemaStore};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A broker with two destinations of its own.
struct Home {
    broker: Arc<dyn Broker>,
    mailbox: Arc<dyn Mailbox>,
    env: Arc<Still>,
    one: DestinationId,
    other: DestinationId,
    _folder: Option<tempfile::TempDir>,
}

impl Home {
    /// Queues in memory.
    async fn embedded() -> Home {
        Self::over(Arc::new(MemoryQueues::default()), None)
    }

    /// Queues in a SQLite file, as `serve` keeps them.
    async fn on_sqlite() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("frontdoor.db").display());
        let store = SqliteStore::open_alone(&url).await.expect("opens");
        store.migrate().await.expect("migrates");
        Self::over(Arc::new(store), Some(folder))
    }

    fn over(queues: Arc<dyn QueueStore>, folder: Option<tempfile::TempDir>) -> Home {
        let (one, other) = (DestinationId::new("masstt"), DestinationId::new("panel.upper"));
        let topology = Arc::new(Topology::new([one.clone(), other.clone()]));
        let env = Arc::new(Still::new());
        let broker = Arc::new(Embedded::new(queues, topology, env.clone()));
        Home { broker: broker.clone(), mailbox: broker, env, one, other, _folder: folder }
    }

    async fn rabbitmq() -> Home {
        let (one, other) = (unique("masstt"), unique("panel.upper"));
        let topology = Arc::new(Topology::new([one.clone(), other.clone()]));
        let env = Arc::new(Still::new());
        let broker = Arc::new(RabbitMq::start(settings("contract"), topology, env.clone()));
        eventually("RabbitMQ is connected", async || broker.is_up().then_some(())).await;
        Home { broker: broker.clone(), mailbox: broker, env, one, other, _folder: None }
    }

    fn row(&self, destination: &DestinationId) -> OutboxRow {
        row(destination, self.env.as_ref())
    }

    async fn publish_confirmed(&self, rows: &[OutboxRow]) {
        let outcomes = self.broker.publish(rows).await;
        assert_eq!(outcomes, vec![PublishOutcome::Confirmed; rows.len()]);
    }

    /// Leases for a minute.
    async fn lease(&self, destination: &DestinationId, limit: usize) -> Vec<QueuedMessage> {
        let now = self.env.now();
        let leased = self.mailbox.lease(destination, now, now.plus_seconds(60), limit).await;
        leased.expect("leased")
    }

    /// Leases and acknowledges until nothing comes; repeats stay in.
    async fn drain(&self, destination: &DestinationId) -> Vec<QueuedMessage> {
        let mut all = Vec::new();
        loop {
            let leased = self.lease(destination, 100).await;
            if leased.is_empty() {
                return all;
            }
            for message in &leased {
                let acknowledged = self.mailbox.acknowledge(destination, message.id).await;
                assert!(matches!(acknowledged, Ok(()) | Err(BrokerError::NotLeased)));
            }
            all.extend(leased);
        }
    }
}

async fn what_is_confirmed_is_in_its_queue_as_it_was_written(home: Home) {
    let mut rows: Vec<OutboxRow> = (0..300).map(|_| home.row(&home.one)).collect();
    rows.extend((0..50).map(|_| home.row(&home.other)));
    home.publish_confirmed(&rows).await;
    for destination in [&home.one, &home.other] {
        let got: BTreeSet<_> = home
            .drain(destination)
            .await
            .into_iter()
            .map(|message| (message.id, message.destination.to_string(), message.payload))
            .collect();
        let sent: BTreeSet<_> = rows
            .iter()
            .filter(|row| row.destination == *destination)
            .map(|row| (row.id, row.destination.to_string(), row.payload.clone()))
            .collect();
        assert_eq!(got, sent);
    }
}

async fn first_deliveries_come_in_the_order_of_their_sequence(home: Home) {
    let first = home.row(&home.one);
    let mut sent = Vec::new();
    for sequence in 1..=20 {
        let row = OutboxRow { sequence, referral: first.referral, ..home.row(&home.one) };
        // As the relay does it: the next goes when the one before is confirmed.
        home.publish_confirmed(std::slice::from_ref(&row)).await;
        if sequence % 5 == 0 {
            home.publish_confirmed(std::slice::from_ref(&row)).await;
        }
        sent.push(row.id);
    }
    let mut got = Vec::new();
    for message in home.drain(&home.one).await {
        if !got.contains(&message.id) {
            got.push(message.id);
        }
    }
    assert_eq!(got, sent);
}

async fn a_message_published_again_keeps_its_id(home: Home) {
    let row = home.row(&home.one);
    home.publish_confirmed(std::slice::from_ref(&row)).await;
    home.publish_confirmed(std::slice::from_ref(&row)).await;
    let got = home.drain(&home.one).await;
    assert!(!got.is_empty() && got.iter().all(|message| message.id == row.id));
}

async fn what_no_queue_takes_is_returned_and_its_neighbours_are_not(home: Home) {
    let nowhere = unique("nowhere");
    let mut rows: Vec<OutboxRow> = (0..200).map(|_| home.row(&home.one)).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        if i % 3 == 1 {
            row.destination = nowhere.clone();
        }
    }
    for round in 0..3 {
        let outcomes = home.broker.publish(&rows).await;
        for (i, outcome) in outcomes.into_iter().enumerate() {
            let expected = match i % 3 {
                1 => PublishOutcome::Returned,
                _ => PublishOutcome::Confirmed,
            };
            assert_eq!(outcome, expected, "message {i} of round {round}");
        }
    }
}

async fn immediate_messages_are_leased_first(home: Home) {
    let priorities = [Priority::Standard, Priority::Urgent, Priority::Immediate];
    let rows = priorities.map(|priority| OutboxRow { priority, ..home.row(&home.one) });
    home.publish_confirmed(&rows).await;
    let leased = home.lease(&home.one, 1).await;
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].id, leased[0].priority), (rows[2].id, Priority::Immediate));
    assert_eq!(home.lease(&home.one, 10).await.len(), 2);
}

async fn a_leased_message_is_gone_until_its_lease_runs_out(home: Home) {
    let rows = [home.row(&home.one), home.row(&home.one)];
    home.publish_confirmed(&rows).await;
    let leased = home.lease(&home.one, 10).await;
    assert_eq!(leased.len(), 2);
    assert_eq!(leased[0].deliveries, 1);
    assert!(home.lease(&home.one, 10).await.is_empty());
    home.mailbox.acknowledge(&home.one, rows[0].id).await.expect("it is leased");
    home.env.forward(61);
    let again =
        eventually("the message comes again", async || home.lease(&home.one, 10).await.pop());
    let again = again.await;
    assert_eq!((again.id, again.deliveries), (rows[1].id, 2));
    home.mailbox.acknowledge(&home.one, rows[1].id).await.expect("it is leased again");
    home.env.forward(61);
    assert!(home.lease(&home.one, 10).await.is_empty());
}

async fn an_acknowledgement_without_a_lease_is_refused(home: Home) {
    let row = home.row(&home.one);
    let refused = home.mailbox.acknowledge(&home.one, row.id).await;
    assert!(matches!(refused, Err(BrokerError::NotLeased)), "{refused:?}");
    home.publish_confirmed(std::slice::from_ref(&row)).await;
    let leased = home.lease(&home.one, 1).await;
    home.mailbox.acknowledge(&home.one, leased[0].id).await.expect("leased");
    let twice = home.mailbox.acknowledge(&home.one, leased[0].id).await;
    assert!(matches!(twice, Err(BrokerError::NotLeased)), "{twice:?}");
}

async fn a_message_given_back_too_often_is_dead_until_it_is_buried(home: Home) {
    let row = home.row(&home.other);
    home.publish_confirmed(std::slice::from_ref(&row)).await;
    for round in 1..=21 {
        let leased = eventually("it comes again", async || home.lease(&home.other, 1).await.pop());
        let leased = leased.await;
        assert_eq!((leased.id, leased.deliveries), (row.id, round));
        home.env.forward(61);
    }
    assert!(home.lease(&home.other, 1).await.is_empty());
    let find = async || {
        let letters = home.mailbox.dead_letters(100).await.expect("letters");
        letters.into_iter().find(|letter| letter.id == row.id)
    };
    let letter = eventually("the message is a dead letter", find).await;
    assert_eq!((&letter.destination, &letter.payload), (&row.destination, &row.payload));
    // Not yet buried, it is there again.
    assert!(find().await.is_some());
    home.mailbox.bury(&letter).await.expect("buried");
    assert!(find().await.is_none());
}

macro_rules! contract {
    ($($name:ident)*) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Home::embedded().await).await;
                }
            )*
        }
        mod embedded_on_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Home::on_sqlite().await).await;
                }
            )*
        }
        mod over_rabbitmq {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() { super::$name(super::Home::rabbitmq().await).await; }
            )*
        }
    };
}

contract! {
    what_is_confirmed_is_in_its_queue_as_it_was_written
    first_deliveries_come_in_the_order_of_their_sequence
    a_message_published_again_keeps_its_id
    what_no_queue_takes_is_returned_and_its_neighbours_are_not
    immediate_messages_are_leased_first
    a_leased_message_is_gone_until_its_lease_runs_out
    an_acknowledgement_without_a_lease_is_refused
    a_message_given_back_too_often_is_dead_until_it_is_buried
}

#[tokio::test]
async fn a_message_that_the_embedded_store_refuses_does_not_hold_up_its_neighbours() {
    let env = Arc::new(Still::new());
    let masstt = DestinationId::new("masstt");
    let rows = [row(&masstt, &*env), row(&masstt, &*env), row(&masstt, &*env)];
    let queues = MemoryQueues { refused: Some(rows[1].payload.clone()), ..Default::default() };
    let topology = Arc::new(Topology::new([masstt]));
    let outcomes = Embedded::new(Arc::new(queues), topology, env).publish(&rows).await;
    use PublishOutcome::{Confirmed, Nacked};
    assert_eq!(outcomes, [Confirmed, Nacked, Confirmed]);
}
