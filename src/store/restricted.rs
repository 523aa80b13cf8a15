//! Whose records are restricted, as it stands now: what became so since must not be shown either.

use super::error::Result;
use super::matches::MatchStore;
use super::traits::ReadStore;
use crate::domain::{LinkState, ReferralId};
use std::collections::BTreeSet;

/// Children of a referral who are, or may be, somebody whose record is restricted.
pub async fn restricted(
    reads: &dyn ReadStore,
    matches: &dyn MatchStore,
    of: ReferralId,
) -> Result<BTreeSet<u16>> {
    let mut children = BTreeSet::new();
    for link in reads.links(of).await? {
        let may_be = link.state.is_settled() || link.state == LinkState::Possible;
        if may_be && !children.contains(&link.child) {
            let person = matches.person(link.person).await?;
            if person.is_some_and(|person| person.restricted) {
                children.insert(link.child);
            }
        }
    }
    Ok(children)
}
