//! `GET /v1/destinations/{id}/messages`: leases a receiving team's messages, `immediate` first.

use super::catalogue as kind;
use super::problem::Problem;
use super::state::{ApiState, LettersError};
use crate::access::{Denied, DestinationPrincipal};
use crate::domain::{MessageId, Priority, Timestamp};
use crate::store::{QueuedMessage, StoreError};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

const LIMIT: std::ops::RangeInclusive<u32> = 1..=100;
const LEASE_SECONDS: std::ops::RangeInclusive<u32> = 10..=3600;

#[derive(Serialize)]
struct Answer {
    leased_until: Timestamp,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Message {
    id: MessageId,
    priority: Priority,
    /// How often it was leased, this time included.
    deliveries: i32,
    /// CloudEvents 1.0, as it stands in the queue.
    event: Value,
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    own(&caller, &path)?;
    let limit = whole(req.query_string(), "limit", LIMIT, 10)?;
    let seconds = whole(req.query_string(), "lease_seconds", LEASE_SECONDS, 60)?;
    let now = state.env.now();
    let leased_until = now.plus_seconds(seconds.into());
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let destination = &caller.destination.id;
    let letters = state.letters.lease(destination, now, leased_until, limit).await?;
    let messages = letters.into_iter().map(message).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Answer { leased_until, messages }))
}

fn message(letter: QueuedMessage) -> Result<Message, Problem> {
    let event = serde_json::from_slice(&letter.payload)
        .map_err(|_| StoreError::Damaged(format!("message {} is not JSON", letter.id)))?;
    let QueuedMessage { id, priority, deliveries, .. } = letter;
    Ok(Message { id, priority, deliveries, event })
}

/// Queues are read by their own team's system only.
pub(super) fn own(caller: &DestinationPrincipal, id: &str) -> Result<(), Problem> {
    let mine = caller.destination.id.as_str() == id;
    if mine { Ok(()) } else { Err(Denied::WrongHolder.into()) }
}

/// A whole number from the query, within bounds. Parameters that nobody declared are ignored.
pub(super) fn whole(
    query: &str,
    name: &'static str,
    within: std::ops::RangeInclusive<u32>,
    default: u32,
) -> Result<u32, Problem> {
    let Some(given) = parameter(query, name)? else { return Ok(default) };
    let digits = !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit());
    let number = given.parse().ok().filter(|number| digits && within.contains(number));
    number.ok_or_else(|| {
        let ask = format!("Give a whole number from {} to {}", within.start(), within.end());
        Problem::new(&kind::PARAMETER).fault(name, "whole-number", &ask)
    })
}

/// A query parameter as it stands, given once or not at all: what we read needs no
/// percent-decoding.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<&'a str>, Problem> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values = pairs.filter(|(given, _)| *given == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(Problem::new(&kind::PARAMETER).fault(name, "once", "Give this once")),
    }
}

impl From<LettersError> for Problem {
    fn from(error: LettersError) -> Self {
        match error {
            LettersError::NotLeased => Problem::new(&kind::NOT_LEASED),
            LettersError::Unavailable(_) => Problem::new(&kind::UNAVAILABLE)
                .detail("The queues cannot be reached at this moment; nothing is lost")
                .retry_after(2),
        }
    }
}
