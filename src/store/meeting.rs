//! Adults who may be one, under the lane's lock: each pair is told once, and once more when one of
//! them is said to have harmed a child since.

use super::adults::Meeting;
use super::error::StoreError;
use super::lane::LaneParts;
use super::rows::Batch;
use super::traits::LaneTx;
use super::work::{Concluded, Done};
use crate::domain::{Reference, Timestamp};

/// Writes and tells what is not known of the referral yet.
pub(super) async fn meet(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    reference: Reference,
    meetings: &[Meeting],
    now: Timestamp,
) -> Result<Concluded, StoreError> {
    let done = |rows| Ok(Concluded { rows, done: Done::Looked });
    let Some((stored, _)) = tx.referral(reference).await? else { return done(Batch::default()) };
    let known = tx.adult_pairs(stored.row.id).await?;
    let is_new = |meeting: &&Meeting| {
        let mut of_pair = known
            .iter()
            .filter(|pair| (pair.later, pair.earlier) == (meeting.later, meeting.earlier));
        of_pair.all(|pair| !pair.settled && meeting.seen.is_alleged())
    };
    let new: Vec<Meeting> = meetings.iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return done(Batch::default());
    }
    done(parts.judge.conclude_meetings(&stored, &new, now)?)
}
