//! What a sender sees of a referral: derived from the receipt and from the deliveries to the
//! destinations that the receipt names. Destinations that history added leave no trace here
//! (invariant 6).

use super::desk::{Desk, SenderTold, ToldOutcome};
use crate::domain::agency::Agency;
use crate::domain::outcome::WRITTEN_FORM;
use crate::domain::receipt::Completeness;
use crate::domain::{DestinationId, Receipt, Reference, Timestamp};
use crate::store::error::Result;
use crate::store::keys::KeyRing;
use crate::store::seal::Dossier;
use crate::store::{Clock, DeliveryRow, DeliveryState, FollowStore, ReadStore, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;

/// States that a sender sees, from the least to the most advanced. A state never claims more than
/// what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SenderState {
    /// Stored; nothing has been sent on yet.
    Received,
    /// Not getting through to at least one destination; it goes on being tried.
    DeliveryFailing,
    Delivering,
    /// The broker has confirmed it for every destination.
    Delivered,
    /// A named person at every destination has it.
    Acknowledged,
    /// Social work has released at which level of need it has decided.
    Decided,
}

impl SenderState {
    pub const ALL: [SenderState; 6] = [
        SenderState::Received,
        SenderState::DeliveryFailing,
        SenderState::Delivering,
        SenderState::Delivered,
        SenderState::Acknowledged,
        SenderState::Decided,
    ];
}

impl From<DeliveryState> for SenderState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Delivering => SenderState::Delivering,
            // A dead letter was copied to MASSTT; this destination does not have it.
            DeliveryState::Failing | DeliveryState::Dead => SenderState::DeliveryFailing,
            DeliveryState::Delivered => SenderState::Delivered,
            DeliveryState::Acknowledged => SenderState::Acknowledged,
        }
    }
}

/// Where what a sender sees is read.
pub struct SenderDesk<'a> {
    pub store: &'a dyn ReadStore,
    pub follow: &'a dyn FollowStore,
    pub ring: &'a KeyRing,
    pub desk: &'a dyn Desk,
}

impl SenderDesk<'_> {
    /// What an agency sees of its referral; `None` when it is another's or there is none: the two
    /// are told apart by nothing.
    ///
    /// # Errors
    /// When the store does not answer, or what it holds cannot be opened.
    pub async fn view(&self, agency: &Agency, reference: Reference) -> Result<Option<SenderView>> {
        let stored = self.store.referral(reference).await?;
        let stored = stored.filter(|stored| stored.row.agency == agency.id);
        let Some(stored) = stored else { return Ok(None) };
        let plain = self.ring.open_record(&Dossier::name(stored.row.id), &stored.row.record)?;
        let dossier = Dossier::from_bytes(&plain)
            .ok_or_else(|| StoreError::Damaged("a dossier is cut short".to_owned()))?;
        let receipt: Receipt = serde_json::from_slice(dossier.last_receipt())
            .map_err(|_| StoreError::Damaged("a receipt cannot be read".to_owned()))?;
        let recorded = self.follow.outcomes(stored.row.id).await?;
        let mut told = self.desk.told_to_sender(&recorded, &agency.kind);
        let clocks = self.follow.clocks_of(stored.row.id).await?;
        let awaited =
            |clock: &&Clock| clock.kind.as_str() == WRITTEN_FORM && clock.ended_at.is_none();
        told.asked.extend(clocks.iter().find(awaited).map(|clock| (clock.started_at, form(clock))));
        Ok(Some(SenderView::of(receipt, &stored.deliveries, told)))
    }
}

/// What a sender is asked whose written form has not come.
fn form(awaited: &Clock) -> String {
    format!(
        "Put what you said on the telephone in writing by {}: send it as information to this \
         referral, or as a referral that says telephone_first. It is being acted on meanwhile",
        awaited.due_at
    )
}

/// The answer to `GET /v1/referrals/{reference}`.
#[derive(Debug, Serialize)]
pub struct SenderView {
    pub reference: Reference,
    pub status: SenderState,
    pub received_at: Timestamp,
    pub respond_by: Timestamp,
    pub completeness: Completeness,
    pub timeline: Vec<Step>,
    pub destinations: Vec<DestinationView>,
    /// Once a person has released it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ToldOutcome>,
    /// What services that were sent it have released besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ToldOutcome>,
    /// What the sender is asked. No clock waits for an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Asked>,
    /// What the receipt advised.
    #[serde(skip)]
    pub advice: Vec<String>,
}

/// A question to the sender; answer it with `POST /v1/referrals/{reference}/information`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub at: Timestamp,
    pub words: String,
}

/// A state that was reached, and when.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub state: SenderState,
    pub at: Timestamp,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct DestinationView {
    pub id: DestinationId,
    pub state: SenderState,
}

impl SenderView {
    pub fn of(receipt: Receipt, deliveries: &[DeliveryRow], told: SenderTold) -> Self {
        let sent: BTreeMap<&DestinationId, Option<&DeliveryRow>> = receipt
            .children
            .iter()
            .flat_map(|child| &child.destinations)
            .map(|destination| (&destination.id, first_to(&destination.id, deliveries)))
            .collect();
        let state_of = |row: &Option<&DeliveryRow>| {
            row.map_or(SenderState::Received, |row| SenderState::from(row.state))
        };
        let status = sent.values().map(state_of).min().unwrap_or(SenderState::Received);
        let mut timeline = vec![Step { state: SenderState::Received, at: receipt.received_at }];
        // A step counts once the last destination has reached it.
        let mut reached = |state: SenderState, at: fn(&DeliveryRow) -> Option<Timestamp>| {
            let times: Option<Vec<_>> = sent.values().map(|row| row.and_then(at)).collect();
            let last = times.and_then(|times| times.into_iter().max());
            timeline.extend(last.map(|at| Step { state, at }));
        };
        reached(SenderState::Delivered, |row| row.delivered_at.or(row.acknowledged_at));
        reached(SenderState::Acknowledged, |row| row.acknowledged_at);
        let view = |(id, row): (&&DestinationId, _)| DestinationView {
            id: DestinationId::clone(id),
            state: state_of(row),
        };
        let destinations = sent.iter().map(view).collect();
        let decided = told.decided_at;
        timeline.extend(decided.map(|at| Step { state: SenderState::Decided, at }));
        let asked = told.asked.into_iter().map(|(at, words)| Asked { at, words });
        SenderView {
            reference: receipt.reference,
            status: if decided.is_some() { SenderState::Decided } else { status },
            received_at: receipt.received_at,
            respond_by: receipt.respond_by,
            completeness: receipt.completeness,
            timeline,
            destinations,
            outcome: told.outcome,
            services: told.services,
            asked: asked.collect(),
            advice: receipt.advice,
        }
    }
}

/// The first message to a destination: later ones may have been caused by history. A copy of a
/// message that did not get through has no place in the sequence (0), and may be one of a
/// destination that only history added.
fn first_to<'a>(id: &DestinationId, deliveries: &'a [DeliveryRow]) -> Option<&'a DeliveryRow> {
    let to = deliveries.iter().filter(|row| row.destination == *id && row.sequence > 0);
    to.min_by_key(|row| row.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::receipt::{ReceiptChild, ReceiptDestination, SuggestedLevel};
    use crate::domain::{MessageId, Priority, Purpose};

    fn receipt(destinations: &[&str]) -> Receipt {
        let destination = |id: &&str| ReceiptDestination {
            id: DestinationId::new(id),
            purpose: Purpose::new("screening"),
        };
        let level = SuggestedLevel {
            code: "4".to_owned(),
            label: "Child in need".to_owned(),
            basis: "Children Act 1989 s17".to_owned(),
            suggested: true,
        };
        Receipt {
            reference: Reference::from_entropy(7),
            status: "received".to_owned(),
            received_at: Timestamp(1),
            respond_by: Timestamp(9),
            completeness: Completeness::default(),
            advice: Vec::new(),
            children: vec![ReceiptChild {
                index: 0,
                level_of_need: level,
                priority: Priority::Standard,
                destinations: destinations.iter().map(destination).collect(),
                reasons: Vec::new(),
            }],
        }
    }

    fn delivery(destination: &str, sequence: i32, state: DeliveryState) -> DeliveryRow {
        let done = |from: &[DeliveryState]| from.contains(&state);
        let delivered = done(&[DeliveryState::Delivered, DeliveryState::Acknowledged]);
        DeliveryRow {
            id: MessageId::from_parts(Timestamp(1), [1; 10]),
            referral: None,
            destination: DestinationId::new(destination),
            purpose: Purpose::new("screening"),
            priority: Priority::Standard,
            kind: "referral.routed.v1".to_owned(),
            sequence,
            state,
            created_at: Timestamp(1),
            due_at: Timestamp(5),
            delivered_at: delivered.then_some(Timestamp(2)),
            acknowledged_at: done(&[DeliveryState::Acknowledged]).then_some(Timestamp(3)),
            attempts: 1,
            last_fault: None,
        }
    }

    #[test]
    fn destinations_and_messages_that_history_added_change_nothing_a_sender_sees() {
        let without = [delivery("masstt", 1, DeliveryState::Delivered)];
        let with = [
            delivery("case-team", 1, DeliveryState::Failing),
            delivery("masstt", 2, DeliveryState::Delivering),
            delivery("masstt", 1, DeliveryState::Delivered),
            // What failed to reach the case team was copied to MASSTT.
            delivery("masstt", 0, DeliveryState::Failing),
        ];
        let json = |rows: &[DeliveryRow]| {
            serde_json::to_value(SenderView::of(receipt(&["masstt"]), rows, SenderTold::default()))
                .expect("JSON")
        };
        assert_eq!(json(&without), json(&with));
        assert_eq!(json(&with)["status"], "delivered");
    }

    #[test]
    fn the_status_claims_no_more_than_the_slowest_destination_has_reached() {
        let status = |rows: &[DeliveryRow]| {
            SenderView::of(receipt(&["a", "b"]), rows, SenderTold::default()).status
        };
        let a = |state| delivery("a", 1, state);
        let b = |state| delivery("b", 1, state);
        assert_eq!(status(&[]), SenderState::Received);
        let half = [a(DeliveryState::Acknowledged), b(DeliveryState::Delivering)];
        assert_eq!(status(&half), SenderState::Delivering);
        let failing = [a(DeliveryState::Acknowledged), b(DeliveryState::Dead)];
        assert_eq!(status(&failing), SenderState::DeliveryFailing);
        let whole = [a(DeliveryState::Acknowledged), b(DeliveryState::Acknowledged)];
        let view = SenderView::of(receipt(&["a", "b"]), &whole, SenderTold::default());
        assert_eq!(view.status, SenderState::Acknowledged);
        let times: Vec<_> = view.timeline.iter().map(|step| step.at.0).collect();
        assert_eq!(times, [1, 2, 3]);
    }
}
