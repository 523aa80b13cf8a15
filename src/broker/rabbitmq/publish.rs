//! Publishing a batch: all sent at once, then every confirm awaited.

use super::connection::Live;
use crate::broker::message::CONTENT_TYPE;
use crate::broker::topology::{REFERRALS, routing_key};
use crate::broker::traits::PublishOutcome;
use crate::store::OutboxRow;
use futures::future::{MaybeDone, maybe_done};
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};
use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// Longest wait for the confirms of a batch.
const CONFIRMS: Duration = Duration::from_secs(10);
/// AMQP's delivery mode of messages that survive a restart.
const PERSISTENT: u8 = 2;

/// Publishes all; the outcomes are in the order of the messages.
pub(super) async fn publish(live: &Live, messages: &[OutboxRow]) -> Vec<PublishOutcome> {
    let Ok(channel) = live.channel().await else {
        return vec![PublishOutcome::Unknown; messages.len()];
    };
    let answers = send(&channel, messages).await;
    if answers.iter().all(Option::is_some) {
        live.give_back(channel);
    }
    judge(messages, answers)
}

/// Sends all and waits for their confirms; `None` where none came in time or the channel was lost.
async fn send(channel: &Channel, messages: &[OutboxRow]) -> Vec<Option<Confirmation>> {
    let mut sending: Vec<_> =
        messages.iter().map(|row| Box::pin(maybe_done(send_one(channel, row)))).collect();
    // The first poll hands the frames over in order; none is waited for, so that they leave in
    // few system calls. Nobody needs waking yet.
    poll_each(&mut sending);
    let all = async {
        for one in &mut sending {
            one.as_mut().await;
        }
    };
    if timeout(CONFIRMS, all).await.is_err() {
        // Confirms that came while an earlier one was waited for.
        poll_each(&mut sending);
    }
    sending.iter_mut().map(|one| take(one.as_mut())).collect()
}

/// Polls each once, for nobody to be woken.
fn poll_each<F: Future>(futures: &mut [Pin<Box<MaybeDone<F>>>]) {
    let mut nobody = Context::from_waker(Waker::noop());
    for future in futures {
        let _ = future.as_mut().poll(&mut nobody);
    }
}

fn take<F>(one: Pin<&mut MaybeDone<F>>) -> Option<Confirmation>
where
    F: Future<Output = lapin::Result<Confirmation>>,
{
    one.take_output()?.ok()
}

async fn send_one(channel: &Channel, row: &OutboxRow) -> lapin::Result<Confirmation> {
    let Ok(key) = ShortString::try_new(routing_key(&row.destination, row.priority)) else {
        // No queue can be bound by a key that AMQP cannot carry; not sending it is a refusal.
        return Ok(Confirmation::Nack(None));
    };
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    channel
        .basic_publish(REFERRALS.into(), key, options, &row.payload, properties(row))
        .await?
        .await
}

fn properties(row: &OutboxRow) -> BasicProperties {
    let mut id = Uuid::encode_buffer();
    let id: &str = row.id.0.hyphenated().encode_lower(&mut id);
    let properties = BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(id.into());
    match &row.traceparent {
        Some(traceparent) => {
            let mut headers = FieldTable::default();
            headers
                .insert("traceparent".into(), AMQPValue::LongString(traceparent.as_str().into()));
            properties.with_headers(headers)
        }
        None => properties,
    }
}

/// Turns confirms and returned messages into outcomes.
///
/// A returned message comes before its own confirm, and lapin hands it out with whichever confirm
/// it handles next; with many under way that may be another message's. So messages are matched by
/// their ids, over the whole batch.
fn judge(messages: &[OutboxRow], answers: Vec<Option<Confirmation>>) -> Vec<PublishOutcome> {
    let complete = answers.iter().all(Option::is_some);
    let mut returned = HashSet::new();
    let mut outcomes = Vec::with_capacity(answers.len());
    for answer in answers {
        let (outcome, message) = match answer {
            Some(Confirmation::Ack(message)) => (PublishOutcome::Confirmed, message),
            Some(Confirmation::Nack(message)) => (PublishOutcome::Nacked, message),
            Some(Confirmation::NotRequested) | None => (PublishOutcome::Unknown, None),
        };
        outcomes.push(outcome);
        returned.extend(message.and_then(|message| id_of(&message)));
    }
    if returned.is_empty() {
        return outcomes;
    }
    for (row, outcome) in messages.iter().zip(&mut outcomes) {
        if returned.contains(&row.id.0) {
            *outcome = PublishOutcome::Returned;
        } else if !complete {
            // A return that belongs to this one may still be waiting for a confirm to come with.
            *outcome = PublishOutcome::Unknown;
        }
    }
    outcomes
}

fn id_of(message: &BasicReturnMessage) -> Option<Uuid> {
    message.delivery.properties.message_id().as_ref()?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AgencyId, DestinationId, MessageId, Priority, Purpose, Timestamp};
    use PublishOutcome::{Confirmed, Nacked, Returned, Unknown};
    use lapin::message::Delivery;

    fn rows() -> Vec<OutboxRow> {
        let row = |number: u8| OutboxRow {
            id: MessageId::from_parts(Timestamp(0), [number; 10]),
            referral: None,
            refusal: None,
            destination: DestinationId::new("masstt"),
            purpose: Purpose::new("screening"),
            priority: Priority::Standard,
            kind: "referral.routed.v1".to_owned(),
            sequence: 1,
            created_at: Timestamp(0),
            due_at: Timestamp(0),
            payload: Vec::new(),
            traceparent: None,
            agency: AgencyId::new("school"),
            level: "4".to_owned(),
            attempts: 1,
            fence: 1,
            leased_until: None,
        };
        (0..4).map(row).collect()
    }

    /// The server gives a message back.
    fn given_back(row: &OutboxRow) -> Option<BasicReturnMessage> {
        let mut delivery = Delivery::mock(0, "".into(), "".into(), false, Vec::new());
        delivery.properties = properties(row);
        Some(BasicReturnMessage { delivery, reply_code: 312, reply_text: "NO_ROUTE".into() })
    }

    #[test]
    fn a_returned_message_is_known_by_its_id_whichever_confirm_brings_it() {
        let rows = rows();
        let answers = vec![
            Some(Confirmation::Ack(given_back(&rows[2]))),
            Some(Confirmation::Nack(given_back(&rows[3]))),
            Some(Confirmation::Ack(None)),
            Some(Confirmation::Ack(None)),
        ];
        assert_eq!(judge(&rows, answers), [Confirmed, Nacked, Returned, Returned]);
    }

    #[test]
    fn a_confirm_counts_for_nothing_while_a_return_may_be_missing() {
        let rows = rows();
        let ack = || Some(Confirmation::Ack(None));
        let unfinished = vec![ack(), None, ack(), ack()];
        assert_eq!(judge(&rows, unfinished), [Confirmed, Unknown, Confirmed, Confirmed]);
        let returned = Some(Confirmation::Ack(given_back(&rows[3])));
        let unfinished = vec![ack(), None, returned, ack()];
        assert_eq!(judge(&rows, unfinished), [Unknown, Unknown, Unknown, Returned]);
    }
}
