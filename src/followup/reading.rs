//! Reads of a person's record leave a trace before anything is shown (invariant 9).

use crate::audit::{ChainName, Event};
use crate::domain::time::Env;
use crate::domain::{DestinationId, PersonId, ReferralId};
use crate::store::{AdultMatchRow, AttachmentRow, ReadStore, StoreError};

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

/// A receiving team's system reads what was attached to a referral. Send nothing unless this has
/// succeeded.
pub async fn attachment_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    attachment: &AttachmentRow,
    by: &DestinationId,
) -> Result<(), StoreError> {
    let event = attachment.event("attachment.read", by.as_str());
    store.record(ChainName::Desk, vec![event], env.now()).await
}

/// A receiving team's system reads matches: each a child of a referral, and a person.
pub async fn matches_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    matches: &[(ReferralId, PersonId)],
    by: &DestinationId,
) -> Result<(), StoreError> {
    pairs_read(store, env, "match.read", matches, by.as_str()).await
}

/// A team's system, or an operator, reads whose history was taken back from which referrals.
pub async fn withdrawals_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    withdrawals: &[(ReferralId, PersonId)],
    by: &str,
) -> Result<(), StoreError> {
    pairs_read(store, env, "withdrawal.read", withdrawals, by).await
}

/// One event for each; none where nothing was there to be read.
async fn pairs_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    kind: &str,
    pairs: &[(ReferralId, PersonId)],
    by: &str,
) -> Result<(), StoreError> {
    let event = |(referral, person): &(ReferralId, PersonId)| {
        Event::new(kind, by).about(*referral).of(*person)
    };
    let events: Vec<Event> = pairs.iter().map(event).collect();
    if events.is_empty() {
        return Ok(());
    }
    store.record(ChainName::Desk, events, env.now()).await
}

/// A receiving team's system reads matches of adults: each of two referrals.
pub async fn adults_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    matches: &[AdultMatchRow],
    by: &DestinationId,
) -> Result<(), StoreError> {
    let events = matches.iter().flat_map(|one| {
        let event = |of| Event::new("adult.read", by.as_str()).about(of).detail(one.id.to_string());
        [event(one.later.referral), event(one.earlier.referral)]
    });
    let events: Vec<Event> = events.collect();
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

/// The screening team's system reads which referrals are good examples.
pub async fn examples_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    referrals: &[ReferralId],
    by: &DestinationId,
) -> Result<(), StoreError> {
    let event = |of: &ReferralId| Event::new("example.read", by.as_str()).about(*of);
    let events: Vec<Event> = referrals.iter().map(event).collect();
    if events.is_empty() {
        return Ok(());
    }
    store.record(ChainName::Desk, events, env.now()).await
}
