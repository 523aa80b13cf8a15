//! People pause one destination: it is sent nothing until its pause ends. Receiving, deciding and
//! all clocks go on, so that whoever waits is told of as ever.
//!
//! What is immediate is never held back, nor what stands before it. The screening team and who
//! stands in for it cannot be paused at all: whatever has no other place to go goes to them.

use crate::audit::Event;
use crate::domain::pauses::{Pause, PauseReason};
use crate::domain::{DestinationId, Timestamp};
use crate::store::{PauseStore, StoreError};

/// Hours that a pause may last at most: over a weekend, and until people are back.
pub const MOST_HOURS: u8 = 72;

/// What is asked for.
pub struct Wish {
    pub destination: DestinationId,
    pub reason: PauseReason,
    pub hours: u8,
}

/// Why a destination is not paused.
#[derive(Debug, thiserror::Error)]
pub enum NotPaused {
    #[error(
        "{0} cannot be paused: whatever has no other place to go goes there. Stop its system from \
         taking messages instead; what is sent waits in its queue"
    )]
    Fallback(DestinationId),
    #[error("a pause lasts from one hour to {MOST_HOURS}: pause again when it is nearly over")]
    TooLong,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Pauses a destination; `fallbacks` are who may not be. Tells until when.
///
/// # Errors
/// When it may not be paused, or the store fails.
pub async fn pause(
    store: &dyn PauseStore,
    wish: Wish,
    fallbacks: &[DestinationId],
    by: &str,
    now: Timestamp,
) -> Result<Pause, NotPaused> {
    let Wish { destination, reason, hours } = wish;
    if fallbacks.contains(&destination) {
        return Err(NotPaused::Fallback(destination));
    }
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(NotPaused::TooLong);
    }
    let until = now.plus_seconds(i64::from(hours) * 3_600);
    let pause = Pause { destination, reason, since: now, until, by: by.to_owned() };
    let detail = format!("{} {} until {until}", pause.destination, reason.as_str());
    store.pause(&pause, Event::new("destination.paused", by).detail(detail)).await?;
    Ok(pause)
}

/// Ends a pause before its time; false where there was none.
///
/// # Errors
/// When the store fails.
pub async fn resume(
    store: &dyn PauseStore,
    destination: &DestinationId,
    by: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let event = Event::new("destination.resumed", by).detail(destination.to_string());
    store.resume(destination, event, now).await
}
