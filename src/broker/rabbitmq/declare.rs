//! Declares exchanges, queues and bindings as the public contract names them.

use super::connection::patiently;
use crate::broker::topology::{
    self, DEAD, DELIVERY_LIMIT, DRAIN_ORDER, OUTCOMES, OUTCOMES_REFUSED, REFERRALS,
};
use crate::broker::traits::BrokerError;
use crate::domain::{DestinationId, Priority};
use futures::StreamExt;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

/// How often an outcome is given out: one a second for longer than any outage.
const OUTCOMES_LIMIT: i32 = 100_000_000;

/// Destinations declared at the same time: each is a chain of round trips.
const ABREAST: usize = 4;

/// Declares everything; harmless when it exists. A destination that fails does not stop others.
///
/// # Errors
/// The first failure, when everything was tried.
pub(super) async fn declare(
    connection: &Connection,
    destinations: &[DestinationId],
) -> Result<(), BrokerError> {
    shared(&patiently(connection.create_channel()).await?).await?;
    let done: Vec<Result<(), BrokerError>> = futures::stream::iter(destinations.to_vec())
        .map(|destination| async move { destination_queues(connection, &destination).await })
        .buffer_unordered(ABREAST)
        .collect()
        .await;
    done.into_iter().collect()
}

/// Exchanges, and the queues that belong to no destination.
async fn shared(channel: &Channel) -> Result<(), BrokerError> {
    exchange(channel, REFERRALS, ExchangeKind::Topic).await?;
    exchange(channel, DEAD, ExchangeKind::Fanout).await?;
    let mut quorum = FieldTable::default();
    quorum.insert(short("x-queue-type")?, text("quorum"));
    queue(channel, DEAD, quorum.clone()).await?;
    bind(channel, DEAD, DEAD, "").await?;
    exchange(channel, OUTCOMES_REFUSED, ExchangeKind::Fanout).await?;
    queue(channel, OUTCOMES_REFUSED, quorum.clone()).await?;
    bind(channel, OUTCOMES_REFUSED, OUTCOMES_REFUSED, "").await?;
    exchange(channel, OUTCOMES, ExchangeKind::Topic).await?;
    // While nothing can be recorded each is given back again and again: that is no fault of theirs.
    quorum.insert(short("x-delivery-limit")?, AMQPValue::LongInt(OUTCOMES_LIMIT));
    quorum.insert(short("x-dead-letter-exchange")?, text(OUTCOMES_REFUSED));
    quorum.insert(short("x-dead-letter-strategy")?, text("at-least-once"));
    quorum.insert(short("x-overflow")?, text("reject-publish"));
    queue(channel, OUTCOMES, quorum).await?;
    bind(channel, OUTCOMES, OUTCOMES, "#").await
}

/// The two queues of a destination, on a channel of their own: an error closes a channel.
pub(super) async fn destination_queues(
    connection: &Connection,
    destination: &DestinationId,
) -> Result<(), BrokerError> {
    let channel = patiently(connection.create_channel()).await?;
    for priority in DRAIN_ORDER {
        queue(&channel, &topology::queue(destination, priority), arguments()?).await?;
    }
    for priority in [Priority::Immediate, Priority::Urgent, Priority::Standard] {
        let queue = topology::queue(destination, priority);
        let key = topology::routing_key(destination, priority);
        bind(&channel, &queue, REFERRALS, &key).await?;
    }
    Ok(())
}

/// `at-least-once` needs `reject-publish`: a full queue refuses rather than drops.
fn arguments() -> Result<FieldTable, BrokerError> {
    let mut arguments = FieldTable::default();
    arguments.insert(short("x-queue-type")?, text("quorum"));
    arguments.insert(short("x-delivery-limit")?, AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments.insert(short("x-dead-letter-exchange")?, text(DEAD));
    arguments.insert(short("x-dead-letter-strategy")?, text("at-least-once"));
    arguments.insert(short("x-overflow")?, text("reject-publish"));
    Ok(arguments)
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> Result<(), BrokerError> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let arguments = FieldTable::default();
    patiently(channel.exchange_declare(short(name)?, kind, options, arguments)).await
}

async fn queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), BrokerError> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    patiently(channel.queue_declare(short(name)?, options, arguments)).await.map(|_| ())
}

async fn bind(
    channel: &Channel,
    queue: &str,
    exchange: &str,
    key: &str,
) -> Result<(), BrokerError> {
    let (queue, exchange, key) = (short(queue)?, short(exchange)?, short(key)?);
    let options = QueueBindOptions::default();
    patiently(channel.queue_bind(queue, exchange, key, options, FieldTable::default())).await
}

/// AMQP's short strings hold 255 bytes.
pub(super) fn short(text: &str) -> Result<ShortString, BrokerError> {
    ShortString::try_new(text).map_err(|_| {
        BrokerError::Unreachable("a name is longer than 255 bytes; shorten the destination".into())
    })
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}
