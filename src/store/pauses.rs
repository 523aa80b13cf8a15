//! Destinations that are sent nothing for a while. The relay's claim reads these rows, so that a
//! pause holds for every gateway from its commit on, and is over when its time is.

use super::error::{Result, StoreError};
use crate::audit::Event;
use crate::domain::pauses::{Pause, PauseReason};
use crate::domain::{DestinationId, Timestamp};
use async_trait::async_trait;

/// Where pauses are kept.
#[async_trait]
pub trait PauseStore: Send + Sync {
    /// Pauses a destination; one that is paused already is so until the new time, for the new
    /// reason.
    async fn pause(&self, pause: &Pause, event: Event) -> Result<()>;
    /// Ends a pause before its time; false where there is none.
    async fn resume(
        &self,
        destination: &DestinationId,
        event: Event,
        now: Timestamp,
    ) -> Result<bool>;
    /// The pauses that hold now, by destination.
    async fn pauses(&self, now: Timestamp) -> Result<Vec<Pause>>;
}

pub(super) const PAUSE: &str = "INSERT INTO destination_pause \
     (destination, reason, since, until, paused_by) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (destination) DO UPDATE SET reason = excluded.reason, since = excluded.since, \
     until = excluded.until, paused_by = excluded.paused_by";

/// A row whose time is over is no pause, and goes as well.
pub(super) const RESUME: &str =
    "DELETE FROM destination_pause WHERE destination = $1 RETURNING until";

pub(super) const PAUSES: &str = "SELECT destination, reason, since, until, paused_by \
     FROM destination_pause WHERE until > $1 ORDER BY destination";

/// Those alone, as the relay reads them.
pub(super) const PAUSED: &str = "SELECT destination FROM destination_pause WHERE until > $1";

/// That row `o` may be sent at `$1`: its destination is not paused, it is immediate, or something
/// immediate waits behind it, which could not be sent before it.
macro_rules! not_paused {
    () => {
        "(o.priority = 2 OR NOT EXISTS (SELECT 1 FROM destination_pause p \
             WHERE p.destination = o.destination AND p.until > $1) \
          OR EXISTS (SELECT 1 FROM outbox i \
             WHERE coalesce(i.referral, i.refusal, i.id) = coalesce(o.referral, o.refusal, o.id) \
             AND i.destination = o.destination AND i.priority = 2 \
             AND i.delivered_at IS NULL AND i.acknowledged_at IS NULL AND i.state <> 'dead'))"
    };
}
pub(super) use not_paused;

/// Destination, reason, since, until, by.
pub(super) type PauseRecord = (String, String, i64, i64, String);

pub(super) fn pause((destination, reason, since, until, by): PauseRecord) -> Result<Pause> {
    let unknown = || StoreError::Damaged(format!("`{reason}` is no reason for a pause"));
    Ok(Pause {
        destination: DestinationId::new(&destination),
        reason: PauseReason::parse(&reason).ok_or_else(unknown)?,
        since: Timestamp(since),
        until: Timestamp(until),
        by,
    })
}
