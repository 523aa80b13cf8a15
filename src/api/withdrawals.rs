//! `GET /v1/withdrawals?after=…`: which wrong history was taken back from whom, for the data
//! protection officer. Ids and codes only; the read is in the audit chain before a byte is sent.

use super::deliveries::read;
use super::messages::whole;
use super::problem::Problem;
use super::staff;
use super::state::ApiState;
use crate::access::{Denied, DestinationPrincipal, OperationsPrincipal};
use crate::domain::matching::WrongBy;
use crate::domain::{DestinationId, MessageId, PersonId, Reference, Timestamp};
use crate::followup::reading::withdrawals_read;
use crate::store::{DeliveryState, WithdrawnRow};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct Answer {
    withdrawals: Vec<Withdrawal>,
    /// Give it as `after` for the next page; `null` on the last.
    next: Option<MessageId>,
}

#[derive(Serialize)]
struct Withdrawal {
    /// The message that takes it back.
    message: MessageId,
    reference: Reference,
    person: PersonId,
    kind: WrongBy,
    destination: DestinationId,
    sent_at: Timestamp,
    withdrawn_at: Timestamp,
    /// Whether the destination's queue has that message.
    delivered: bool,
    delivered_at: Option<Timestamp>,
}

impl From<WithdrawnRow> for Withdrawal {
    fn from(row: WithdrawnRow) -> Self {
        let WithdrawnRow { withdrawal, reference, destination, state, delivered_at } = row;
        Withdrawal {
            message: withdrawal.message,
            reference,
            person: withdrawal.person,
            kind: withdrawal.kind,
            destination,
            sent_at: withdrawal.sent_at,
            withdrawn_at: withdrawal.at,
            delivered: matches!(state, DeliveryState::Delivered | DeliveryState::Acknowledged),
            delivered_at,
        }
    }
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    team: Result<DestinationPrincipal, Denied>,
    operator: Result<OperationsPrincipal, Denied>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (team, operator) = (team.as_ref(), operator.as_ref());
    let (_place, by) = match (team, operator) {
        (Ok(team), _) => {
            let place = state.admit_destination(team)?;
            staff::at_the_desk(&state, team)?;
            (place, team.destination.id.as_str())
        }
        (_, Ok(operator)) => (state.admit_operations(operator)?, &*operator.name),
        (Err(denied), _) => return Err((*denied).into()),
    };
    let query = req.query_string();
    let limit = whole(query, "limit", 1..=500, 100)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let after = read(query, "after", "message-id", |id| Uuid::try_parse(id).ok().map(MessageId))?;
    let rows = state.matches.withdrawals(after, limit).await?;
    let next = (rows.len() == limit).then(|| rows.last().map(|row| row.withdrawal.message));
    let read = rows.iter().map(|row| (row.withdrawal.referral, row.withdrawal.person));
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    withdrawals_read(store, env, &read.collect::<Vec<_>>(), by).await?;
    let withdrawals = rows.into_iter().map(Withdrawal::from).collect();
    Ok(HttpResponse::Ok().json(Answer { withdrawals, next: next.flatten() }))
}
