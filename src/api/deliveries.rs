//! `GET /v1/deliveries?state=…&after=…`: where messages stand, for those who run the gateway.

use super::catalogue as kind;
use super::messages::{parameter, whole};
use super::problem::Problem;
use super::state::ApiState;
use crate::access::OperationsPrincipal;
use crate::domain::{DestinationId, MessageId, Priority, ReferralId, Timestamp};
use crate::store::{DeliveryRow, DeliveryState};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct Answer<'a> {
    deliveries: Vec<Delivery<'a>>,
    /// Give it as `after` for the next page; `null` on the last.
    next: Option<MessageId>,
}

#[derive(Serialize)]
struct Delivery<'a> {
    id: MessageId,
    referral: Option<ReferralId>,
    destination: &'a DestinationId,
    purpose: &'a str,
    priority: Priority,
    kind: &'a str,
    sequence: i32,
    state: &'static str,
    created_at: Timestamp,
    due_at: Timestamp,
    delivered_at: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    attempts: i32,
    last_fault: Option<&'a str>,
}

impl<'a> From<&'a DeliveryRow> for Delivery<'a> {
    fn from(row: &'a DeliveryRow) -> Self {
        Delivery {
            id: row.id,
            referral: row.referral,
            destination: &row.destination,
            purpose: row.purpose.as_str(),
            priority: row.priority,
            kind: &row.kind,
            sequence: row.sequence,
            state: row.state.as_str(),
            created_at: row.created_at,
            due_at: row.due_at,
            delivered_at: row.delivered_at,
            acknowledged_at: row.acknowledged_at,
            attempts: row.attempts,
            last_fault: row.last_fault.as_deref(),
        }
    }
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: OperationsPrincipal,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_operations(&caller)?;
    let query = req.query_string();
    let limit = whole(query, "limit", 1..=500, 100)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let wanted = read(query, "state", "delivery-state", DeliveryState::parse)?;
    let after = read(query, "after", "message-id", |id| Uuid::try_parse(id).ok().map(MessageId))?;
    let rows = state.store.deliveries(wanted, after, limit).await?;
    let next = (rows.len() == limit).then(|| rows.last().map(|row| row.id)).flatten();
    let deliveries = rows.iter().map(Delivery::from).collect();
    Ok(HttpResponse::Ok().json(Answer { deliveries, next }))
}

pub(super) fn read<T>(
    query: &str,
    name: &str,
    rule: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(given) = parameter(query, name)? else { return Ok(None) };
    parse(given).map(Some).ok_or_else(|| {
        let ask = "Use a value that the OpenAPI document lists, or leave the parameter out";
        Problem::new(&kind::PARAMETER).fault(name, rule, ask)
    })
}
