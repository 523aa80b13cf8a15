//! Receiving teams are told of what a sender attached, under the lane's lock: each state once, in
//! the order of the referral's other messages.

use super::error::Result;
use super::lane::LaneParts;
use super::rows::Batch;
use super::traits::LaneTx;
use super::work::{Concluded, Done};
use crate::domain::{Reference, Timestamp};

/// Tells what is to be told of a referral's attachments by now.
pub(super) async fn tell(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    reference: Reference,
    now: Timestamp,
) -> Result<Concluded> {
    let done = |rows| Ok(Concluded { rows, done: Done::Looked });
    let Some((stored, _)) = tx.referral(reference).await? else { return done(Batch::default()) };
    let to_tell = tx.attachments_to_tell(stored.row.id).await?;
    if to_tell.is_empty() {
        // Another gateway was first.
        return done(Batch::default());
    }
    let clocks = tx.clocks(stored.row.id).await?;
    done(parts.judge.conclude_attachments(&stored, &clocks, &to_tell, now)?)
}
