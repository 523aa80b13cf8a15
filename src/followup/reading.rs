//! Reads of a person's record leave a trace before anything is shown (invariant 9).

use crate::audit::{ChainName, Event};
use crate::domain::time::Env;
use crate::domain::{DestinationId, PersonId, ReferralId};
use crate::store::{ReadStore, StoreError};

/// A receiving team's system reads a referral. Show nothing unless this has succeeded.
pub async fn document_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    referral: ReferralId,
    by: &DestinationId,
) -> Result<(), StoreError> {
    let event = Event::new("document.read", by.as_str()).about(referral);
    store.record(ChainName::Desk, vec![event], env.now()).await
}

/// A receiving team's system reads matches: each a child of a referral, and a person.
pub async fn matches_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    matches: &[(ReferralId, PersonId)],
    by: &DestinationId,
) -> Result<(), StoreError> {
    let event = |(referral, person): &(ReferralId, PersonId)| {
        Event::new("match.read", by.as_str()).about(*referral).of(*person)
    };
    let events: Vec<Event> = matches.iter().map(event).collect();
    if events.is_empty() {
        return Ok(());
    }
    store.record(ChainName::Desk, events, env.now()).await
}

/// A receiving team's system reads a person's chronology.
pub async fn chronology_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    person: PersonId,
    by: &DestinationId,
) -> Result<(), StoreError> {
    let event = Event::new("chronology.read", by.as_str()).of(person);
    store.record(ChainName::Desk, vec![event], env.now()).await
}
