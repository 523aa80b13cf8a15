//! A named person at a destination has the referral. Only this stops the acknowledgement clock.

use crate::audit::Event;
use crate::domain::time::Env;
use crate::domain::{DestinationId, MessageId, Timestamp};
use crate::store::keys::KeyRing;
use crate::store::{ReadStore, StoreError, StoredReferral};

/// The name under which the person who acknowledged a message is sealed: JSON `{name, role}`.
pub fn sealed_name(id: MessageId) -> Vec<u8> {
    [b"acknowledged-by:".as_slice(), id.0.as_bytes()].concat()
}

/// Acknowledges everything that this destination was sent of a referral; what was acknowledged
/// before stays as it was, and an update that is still under way is news that nobody has yet.
/// `person` is JSON and is sealed. Returns when the last of it was acknowledged.
///
/// # Errors
/// When the store does not answer; saying it again is harmless.
pub async fn acknowledge(
    store: &dyn ReadStore,
    keys: &KeyRing,
    env: &dyn Env,
    stored: &StoredReferral,
    destination: &DestinationId,
    person: &[u8],
) -> Result<Timestamp, StoreError> {
    let now = env.now();
    let mut last = None;
    for row in stored.deliveries.iter().filter(|row| row.destination == *destination) {
        if row.acknowledged_at.is_none() {
            let event = Event::new("delivery.acknowledged", destination.as_str())
                .about(stored.row.id)
                .detail(row.id.to_string());
            let by = keys.seal_record(&sealed_name(row.id), person, env);
            let changed = store.acknowledge(row.id, by, event, now).await?;
            last = last.max(changed.then_some(now));
        }
        last = last.max(row.acknowledged_at);
    }
    Ok(last.unwrap_or(now))
}
