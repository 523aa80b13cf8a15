//! What receiving teams send back over AMQP, read one after another from `frontdoor.outcomes`.
//!
//! A message is taken off the queue when what it says is durable, or when its sender was told why
//! it cannot stand. One whose sender is not known goes to `frontdoor.outcomes.refused`, where an
//! operator finds it: nothing is lost, and nobody is believed whom RabbitMQ does not vouch for.

use super::RabbitMq;
use super::connection::{down, patiently};
use super::declare::short;
use crate::broker::topology::{OUTCOMES, OUTCOMES_REFUSED};
use crate::broker::traits::{BrokerError, Inbound, OutcomeSink};
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use metrics::{counter, gauge};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pause when the queue is empty, or nothing can be recorded.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is counted what waits for an operator.
const COUNT_EVERY: Duration = Duration::from_secs(30);

/// Reads outcomes until `stop` is true or its sender is gone.
pub async fn read_outcomes(
    broker: Arc<RabbitMq>,
    sink: Arc<dyn OutcomeSink>,
    mut stop: watch::Receiver<bool>,
) {
    let mut counted = tokio::time::interval(COUNT_EVERY);
    loop {
        let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
        let go_on = async {
            if let Err(error) = drain(&broker, sink.as_ref()).await
                && broker.slot.usable().is_some()
            {
                tracing::warn!(code = "outcomes-unread", %error, "outcomes wait on the broker");
            }
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            biased;
            _ = stopped => return,
            _ = counted.tick() => count(&broker).await,
            () = go_on => {}
        }
    }
}

/// How many wait for an operator. While the broker is away the last number stands.
async fn count(broker: &RabbitMq) {
    let counted = async {
        let live = broker.slot.usable().ok_or_else(down)?;
        let channel: Channel = patiently(live.connection.create_channel()).await?;
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let name = short(OUTCOMES_REFUSED)?;
        let declared = channel.queue_declare(name, options, FieldTable::default());
        Ok::<_, BrokerError>(patiently(declared).await?.message_count())
    };
    if let Ok(waiting) = counted.await {
        gauge!("frontdoor_outcomes_refused_waiting").set(f64::from(waiting));
    }
}

/// Reads until the queue is empty or nothing can be recorded. What was not settled is given out
/// again when the channel is dropped.
async fn drain(broker: &RabbitMq, sink: &dyn OutcomeSink) -> Result<(), BrokerError> {
    let live = broker.slot.usable().ok_or_else(down)?;
    let channel: Channel = patiently(live.connection.create_channel()).await?;
    loop {
        let options = BasicGetOptions { no_ack: false };
        let Some(got) = patiently(channel.basic_get(short(OUTCOMES)?, options)).await? else {
            return Ok(());
        };
        let delivery = got.delivery;
        let user = delivery.properties.user_id().as_ref().map(|user| user.as_str().to_owned());
        let told = sink.take(user.as_deref(), &delivery.data).await;
        counter!("frontdoor_outcomes_received_total", "what" => told.as_str()).increment(1);
        match told {
            Inbound::Settled => {
                patiently(delivery.acker.ack(BasicAckOptions::default())).await?;
            }
            Inbound::NotOurs(why) => {
                tracing::warn!(code = "outcome-refused", why, "an outcome cannot be taken");
                give_back(&delivery, false).await?;
            }
            Inbound::Later => {
                give_back(&delivery, true).await?;
                return Ok(());
            }
        }
    }
}

async fn give_back(delivery: &Delivery, requeue: bool) -> Result<(), BrokerError> {
    let options = BasicNackOptions { requeue, ..BasicNackOptions::default() };
    patiently(delivery.acker.nack(options)).await.map(|_| ())
}
