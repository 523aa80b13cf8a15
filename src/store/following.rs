//! A receiving team records an outcome, under the lane's lock: whatever else changes the referral
//! waits for it, and nothing is recorded twice.

use super::error::StoreError;
use super::lane::LaneParts;
use super::rows::Batch;
use super::traits::LaneTx;
use super::work::{Concluded, Done, Told};
use crate::domain::Timestamp;

/// Records what was told, unless it is known already or cannot stand.
pub(super) async fn follow(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    told: &Told,
    now: Timestamp,
) -> Result<Concluded, StoreError> {
    let unknown = || Concluded { rows: Batch::default(), done: Done::Unknown };
    let Some((stored, _)) = tx.referral(told.reference).await? else { return Ok(unknown()) };
    let sent = stored.deliveries.iter().any(|row| row.destination == told.destination);
    if !sent {
        // Another team's referral and one that does not exist are told apart by nothing.
        return Ok(unknown());
    }
    let clocks = tx.clocks(stored.row.id).await?;
    let before = tx.outcomes(stored.row.id).await?;
    parts.judge.conclude_outcome(&stored, &clocks, &before, told, now)
}
