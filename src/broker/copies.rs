//! MASSTT's copies of messages that do not get through: no path ends without people (invariant 2).

use crate::domain::message::{self, DELIVERY_DEAD, DELIVERY_FAILING, Envelope};
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Priority, Purpose, Timestamp};
use crate::store::OutboxRow;
use serde::Serialize;
use serde_json::Value;

/// Why MASSTT gets a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The broker has not taken the message; it goes on being tried.
    Failing,
    /// The destination gave the message back too often.
    Dead,
}

impl Cause {
    fn kind(self) -> &'static str {
        match self {
            Cause::Failing => DELIVERY_FAILING,
            Cause::Dead => DELIVERY_DEAD,
        }
    }

    /// The purpose under which MASSTT is sent it.
    pub fn purpose(self) -> &'static str {
        match self {
            Cause::Failing => "delivery-failing",
            Cause::Dead => "delivery-dead",
        }
    }
}

/// Schema `referral.delivery-failing.v1` and `referral.delivery-dead.v1`.
#[derive(Serialize)]
struct CopyData<'a> {
    destination: &'a DestinationId,
    purpose: &'a Purpose,
    priority: Priority,
    /// The message that did not get through.
    original: Original<'a>,
    /// The original's own `data`, where it is readable here.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a Value>,
}

#[derive(Serialize)]
struct Original<'a> {
    id: MessageId,
    #[serde(rename = "type")]
    kind: &'a str,
    destination: &'a DestinationId,
    purpose: &'a Purpose,
    priority: Priority,
    created_at: Timestamp,
    due_at: Timestamp,
}

/// A new message to `masstt` about `original`, at least urgent, with the original's clock. It
/// supersedes nothing, so it has no place in the sequence of MASSTT's messages of the referral:
/// sequence 0, which the message leaves out.
pub fn for_masstt(
    original: &OutboxRow,
    cause: Cause,
    masstt: &DestinationId,
    now: Timestamp,
    env: &dyn Env,
) -> OutboxRow {
    let id = MessageId::from_parts(now, env.entropy_id());
    let purpose = Purpose::new(cause.purpose());
    let priority = original.priority.max(Priority::Urgent);
    let event: Option<Value> = serde_json::from_slice(&original.payload).ok();
    let subject = event.as_ref().and_then(|event| event["subject"].as_str()).unwrap_or_default();
    let data = CopyData {
        destination: masstt,
        purpose: &purpose,
        priority,
        original: Original {
            id: original.id,
            kind: &original.kind,
            destination: &original.destination,
            purpose: &original.purpose,
            priority: original.priority,
            created_at: original.created_at,
            due_at: original.due_at,
        },
        about: event.as_ref().and_then(|event| event.get("data")),
    };
    let envelope = Envelope {
        id,
        kind: cause.kind(),
        at: now,
        sequence: 0,
        traceparent: original.traceparent.as_deref(),
    };
    OutboxRow {
        id,
        referral: original.referral,
        refusal: original.refusal,
        destination: masstt.clone(),
        payload: message::write(&envelope, subject, &data),
        purpose,
        priority,
        kind: cause.kind().to_owned(),
        sequence: envelope.sequence,
        created_at: now,
        due_at: original.due_at,
        traceparent: original.traceparent.clone(),
        agency: original.agency.clone(),
        level: original.level.clone(),
        attempts: 0,
        fence: 0,
        leased_until: None,
    }
}
