//! Adults who may be one, under the lane's lock: each pair is told once, and once more when one of
//! them is said to have harmed a child since.

use super::adults::Meeting;
use super::error::StoreError;
use super::lane::LaneParts;
use super::rows::{Batch, StoredLink};
use super::traits::LaneTx;
use super::work::{Concluded, Done};
use crate::domain::{LinkState, PersonId, Reference, Timestamp};
use std::collections::{BTreeSet, HashSet};

/// Writes and tells what is not known of the referral yet.
pub(super) async fn meet(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    reference: Reference,
    meetings: &[Meeting],
    now: Timestamp,
) -> Result<Concluded, StoreError> {
    let done = |rows| Ok(Concluded { rows, done: Done::Looked });
    let Some((stored, links)) = tx.referral(reference).await? else {
        return done(Batch::default());
    };
    let known = tx.adult_pairs(stored.row.id).await?;
    let is_new = |meeting: &&Meeting| {
        let mut of_pair = known
            .iter()
            .filter(|pair| (pair.later, pair.earlier) == (meeting.later, meeting.earlier));
        of_pair.all(|pair| !pair.settled && meeting.seen.is_alleged())
    };
    let mut new = Vec::new();
    for meeting in meetings.iter().filter(is_new) {
        let Some((_, theirs)) = tx.referral(meeting.seen.other).await? else { continue };
        if same_family(&links, &theirs) {
            // By now it is: its history is seen already.
            continue;
        }
        let mut meeting = meeting.clone();
        meeting.seen.restricted = is_restricted(tx, &links, &theirs, now).await?;
        new.push(meeting);
    }
    if new.is_empty() {
        return done(Batch::default());
    }
    done(parts.judge.conclude_meetings(&stored, &new, now)?)
}

/// Whether a child of either is known as a child of the other.
fn same_family(one: &[StoredLink], other: &[StoredLink]) -> bool {
    let settled = |links: &[StoredLink]| -> HashSet<PersonId> {
        links.iter().filter(|link| link.state.is_settled()).map(|link| link.person).collect()
    };
    !settled(one).is_disjoint(&settled(other))
}

/// Whether a child of either is, or may be, somebody whose record is restricted.
async fn is_restricted(
    tx: &mut dyn LaneTx,
    one: &[StoredLink],
    other: &[StoredLink],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let may_be = |link: &&StoredLink| link.state.is_settled() || link.state == LinkState::Possible;
    let people = one.iter().chain(other).filter(may_be).map(|link| link.person);
    let people: Vec<PersonId> = people.collect::<BTreeSet<_>>().into_iter().collect();
    Ok(tx.histories(&people, now, &[]).await?.iter().any(|history| history.restricted))
}
