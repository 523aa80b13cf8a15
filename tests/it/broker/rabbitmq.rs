//! What only RabbitMQ can do: lose queues and connections.

use super::support::{Still, eventually, row};
use frontdoor::broker::rabbitmq::Settings;
use frontdoor::broker::{Broker, Mailbox, PublishOutcome, RabbitMq, Topology};
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, MessageId, Priority};
use frontdoor::store::OutboxRow;
use lapin::options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn needed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set. Run the tests through scripts/with-services, or `make test`.")
    })
}

pub(super) fn settings(name: &str) -> Settings {
    let url = needed("FRONTDOOR_AMQP_URL");
    Settings { url, name: name.to_owned(), ca_pem: None }
}

/// Tests share one RabbitMQ: each has destinations of its own.
pub(super) fn unique(name: &str) -> DestinationId {
    DestinationId::new(&format!("{name}-{}", uuid::Uuid::new_v4().simple()))
}

async fn started(name: &str, destinations: &[DestinationId]) -> (RabbitMq, Arc<Still>) {
    let env = Arc::new(Still::new());
    let topology = Arc::new(Topology::new(destinations.iter().cloned()));
    let broker = RabbitMq::start(settings(name), topology, env.clone());
    eventually("RabbitMQ is connected", async || broker.is_up().then_some(())).await;
    (broker, env)
}

/// A receiving team's own connection.
async fn receiver() -> Channel {
    let url = needed("FRONTDOOR_AMQP_URL");
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    connection.expect("connected").create_channel().await.expect("a channel")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_deleted_by_hand_shows_as_returned_and_comes_back_when_declared() {
    let team = unique("team");
    let (broker, env) = started("deleted", std::slice::from_ref(&team)).await;
    let row = row(&team, env.as_ref());
    let queue = format!("frontdoor.{team}.standard");
    let channel = receiver().await;
    let deleted = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await;
    deleted.expect("deleted");
    let rows = std::slice::from_ref(&row);
    assert_eq!(broker.publish(rows).await, [PublishOutcome::Returned]);
    broker.declare().await.expect("declared again");
    assert_eq!(broker.publish(rows).await, [PublishOutcome::Confirmed]);
    let now = env.now();
    let leased = broker.lease(&team, now, now.plus_seconds(60), 10).await.expect("leased");
    assert_eq!(leased.iter().map(|message| message.id).collect::<Vec<_>>(), [row.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_declares_a_queue_that_is_missing() {
    let team = unique("team");
    let (broker, env) = started("missing", std::slice::from_ref(&team)).await;
    let channel = receiver().await;
    for lane in ["immediate", "standard"] {
        let queue = format!("frontdoor.{team}.{lane}");
        let options = QueueDeleteOptions::default();
        channel.queue_delete(queue.as_str().into(), options).await.expect("deleted");
    }
    let now = env.now();
    let leased = broker.lease(&team, now, now.plus_seconds(60), 10).await.expect("declared");
    assert!(leased.is_empty());
    let row = row(&team, env.as_ref());
    assert_eq!(broker.publish(&[row]).await, [PublishOutcome::Confirmed]);
    let leased = broker.lease(&team, now, now.plus_seconds(60), 10).await.expect("leased");
    assert_eq!(leased.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_cannot_be_declared_does_not_keep_the_others_waiting() {
    let (bad, good) = (unique("a-bad"), unique("good"));
    // Someone has made a queue of the same name and another kind.
    let channel = receiver().await;
    let queue = format!("frontdoor.{bad}.immediate");
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    let made = channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await;
    made.expect("declared as a classic queue");
    let (broker, env) = started("undeclarable", &[bad.clone(), good.clone()]).await;
    assert!(broker.declare().await.is_err());
    let rows = [row(&bad, env.as_ref()), row(&good, env.as_ref())];
    let outcomes = broker.publish(&rows).await;
    assert_eq!(outcomes, [PublishOutcome::Returned, PublishOutcome::Confirmed]);
    let options = QueueDeleteOptions::default();
    channel.queue_delete(queue.as_str().into(), options).await.expect("deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_persistent_and_carry_their_id_and_only_their_trace_in_the_header() {
    let team = unique("team");
    let (broker, env) = started("properties", std::slice::from_ref(&team)).await;
    let row = OutboxRow { priority: Priority::Immediate, ..row(&team, env.as_ref()) };
    assert_eq!(broker.publish(std::slice::from_ref(&row)).await, [PublishOutcome::Confirmed]);
    let queue = format!("frontdoor.{team}.immediate");
    let channel = receiver().await;
    let got = channel.basic_get(queue.as_str().into(), BasicGetOptions { no_ack: true });
    let got = got.await.expect("asked").expect("a message").delivery;
    assert_eq!(got.routing_key.as_str(), format!("{team}.immediate"));
    assert_eq!(got.exchange.as_str(), "frontdoor.referrals");
    let properties = got.properties;
    let text = |property: &Option<lapin::types::ShortString>| {
        property.as_ref().map(|text| text.as_str().to_owned())
    };
    assert_eq!(text(properties.message_id()), Some(row.id.to_string()));
    let media = text(properties.content_type());
    assert_eq!(media.as_deref(), Some("application/cloudevents+json"));
    assert_eq!(*properties.delivery_mode(), Some(2));
    let headers = properties.headers().as_ref().expect("headers").inner();
    // The server adds its own, `x-delivery-count`.
    let ours = headers.keys().map(|key| key.as_str()).filter(|key| !key.starts_with("x-"));
    assert_eq!(ours.collect::<Vec<_>>(), ["traceparent"]);
    assert_eq!(got.data, row.payload);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_confirm_does_not_wait_for_a_delayed_acknowledgement_of_tcp() {
    let team = unique("team");
    let (broker, env) = started("prompt", std::slice::from_ref(&team)).await;
    let mut waits = Vec::new();
    for _ in 0..21 {
        let row = row(&team, env.as_ref());
        let since = Instant::now();
        assert_eq!(broker.publish(&[row]).await, [PublishOutcome::Confirmed]);
        waits.push(since.elapsed());
    }
    waits.sort();
    // Without TCP_NODELAY every one takes 40 ms and more.
    assert!(waits[10] < Duration::from_millis(38), "median confirm {:?}", waits[10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_gives_up_in_the_middle_keeps_no_message_from_the_next() {
    let team = unique("team");
    let (broker, env) = started("cancelled", std::slice::from_ref(&team)).await;
    let rows: Vec<OutboxRow> = (0..60).map(|_| row(&team, env.as_ref())).collect();
    let outcomes = broker.publish(&rows).await;
    assert_eq!(outcomes, vec![PublishOutcome::Confirmed; rows.len()]);
    let now = env.now();
    let mut cut_off = 0;
    for patience in 0..15 {
        let lease = broker.lease(&team, now, now.plus_seconds(3600), 60);
        let lease = tokio::time::timeout(Duration::from_millis(patience), lease).await;
        cut_off += u32::from(lease.is_err());
    }
    assert!(cut_off > 3, "only {cut_off} of 15 were cut off");
    // The last ones may have got it all: their leases run out.
    let mut got: BTreeSet<MessageId> = BTreeSet::new();
    env.forward(3601);
    let all = async || {
        let now = env.now();
        let leased = broker.lease(&team, now, now.plus_seconds(3600), 60).await.expect("leased");
        got.extend(leased.into_iter().map(|message| message.id));
        (got.len() == rows.len()).then_some(())
    };
    eventually("every message is to be had", all).await;
}

async fn ctl(args: &[&str]) -> String {
    let ctl = needed("FRONTDOOR_TEST_RABBITMQCTL");
    let output = tokio::process::Command::new(&ctl).args(args).output().await;
    String::from_utf8_lossy(&output.expect("rabbitmqctl runs").stdout).into_owned()
}

/// The server's own id of the connection of that name.
async fn connection_pid(name: &str) -> String {
    let listed = ctl(&["list_connections", "pid", "client_properties"]).await;
    let line = listed.lines().find(|line| line.contains(name)).expect("the connection is listed");
    line.split_whitespace().next().expect("a pid").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_the_connection_ended_is_unknown_and_arrives_when_sent_again() {
    let team = unique("team");
    let name = format!("killed-{}", uuid::Uuid::new_v4().simple());
    let (broker, env) = started(&name, std::slice::from_ref(&team)).await;
    let pid = connection_pid(&format!("{name} relay")).await;
    let closing = tokio::spawn(async move { ctl(&["close_connection", &pid, "by a test"]).await });
    let mut sent: BTreeSet<MessageId> = BTreeSet::new();
    let mut unsure: Vec<OutboxRow> = Vec::new();
    while unsure.is_empty() {
        let rows: Vec<OutboxRow> = (0..50).map(|_| row(&team, env.as_ref())).collect();
        sent.extend(rows.iter().map(|row| row.id));
        let outcomes = broker.publish(&rows).await;
        unsure = rows
            .into_iter()
            .zip(outcomes)
            .filter(|(_, outcome)| *outcome != PublishOutcome::Confirmed)
            .map(|(row, outcome)| {
                assert_eq!(outcome, PublishOutcome::Unknown);
                row
            })
            .collect();
    }
    closing.await.expect("closed");
    eventually("it is connected again", async || broker.is_up().then_some(())).await;
    assert_eq!(broker.publish(&unsure).await, vec![PublishOutcome::Confirmed; unsure.len()]);
    let mut got = BTreeSet::new();
    let now = env.now();
    loop {
        let leased = broker.lease(&team, now, now.plus_seconds(60), 500).await.expect("leased");
        if leased.is_empty() {
            break;
        }
        for message in leased {
            got.insert(message.id);
            let _ = broker.acknowledge(&team, message.id).await;
        }
    }
    assert_eq!(got, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_everything_is_unknown_at_once_and_a_bad_address_tells_no_secret() {
    let env = Arc::new(Still::new());
    let team = unique("team");
    let topology = Arc::new(Topology::new([team.clone()]));
    let url = "amqp://user:opensesame@127.0.0.1:1/%2f".to_owned();
    let settings = Settings { url, name: "nobody".to_owned(), ca_pem: None };
    let broker = RabbitMq::start(settings, topology, env.clone());
    let since = Instant::now();
    let rows = [row(&team, env.as_ref())];
    assert_eq!(broker.publish(&rows).await, [PublishOutcome::Unknown]);
    assert!(!broker.is_up());
    let error = broker.declare().await.expect_err("no server").to_string();
    let now = env.now();
    let lease = broker.lease(&team, now, now, 1).await.expect_err("no server").to_string();
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(!error.contains("opensesame") && !lease.contains("opensesame"), "{error} {lease}");
}
