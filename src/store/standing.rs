//! How the children of a stored referral stand, and what is known of whoever they are or may be.

use super::error::StoreError;
use super::histories::{Stored, homes_of};
use super::matches::ApartRow;
use super::rows::*;
use super::settled::{of_child, settled};
use super::traits::LaneTx;
use super::work::*;
use crate::domain::{LinkState, PersonId, ReferralId, Timestamp};
use foldhash::HashMap;
use std::collections::BTreeSet;

/// How the children of a stored referral stand.
pub(super) fn links_of(
    known: &[StoredLink],
    children: usize,
) -> Result<Vec<ChildLink>, StoreError> {
    let link = |child| {
        let own = settled(known, child)
            .ok_or_else(|| StoreError::Damaged("a child is nobody".to_owned()))?;
        let may_be = of_child(known, child).filter(|link| link.state == LinkState::Possible);
        let mut possible: Vec<_> = may_be.map(|link| (link.person, link.weight)).collect();
        possible.sort_by(|one, two| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0)));
        let state = match own.state {
            LinkState::New if !possible.is_empty() => LinkState::Possible,
            state => state,
        };
        Ok(ChildLink {
            state,
            person: own.person,
            fresh: false,
            weight: if own.state == LinkState::Linked { own.weight } else { 0.0 },
            decision: own.decision,
            possible,
            failed: false,
        })
    };
    (0..children).map(link).collect()
}

/// What is known of whoever the children are or may be, and of where they live, without a referral.
pub(super) async fn known_of(
    tx: &mut dyn LaneTx,
    links: &[ChildLink],
    children: &[ChildProfile],
    since: Timestamp,
    referral: ReferralId,
) -> Result<Stored, StoreError> {
    let people = links.iter().flat_map(|link| {
        std::iter::once(link.person).chain(link.possible.iter().map(|(person, _)| *person))
    });
    let people: Vec<PersonId> = people.collect::<BTreeSet<_>>().into_iter().collect();
    read_without(tx, &people, children, since, referral).await
}

/// What is known of people, and of where children live, without a referral.
pub(super) async fn read_without(
    tx: &mut dyn LaneTx,
    people: &[PersonId],
    children: &[ChildProfile],
    since: Timestamp,
    referral: ReferralId,
) -> Result<Stored, StoreError> {
    let rows = tx.histories(people, since, &[referral]).await?;
    let homes = homes_of(children.iter());
    let residents = if homes.is_empty() { Vec::new() } else { tx.residents(&homes, since).await? };
    Ok(Stored::of(rows, residents).without(referral))
}

/// Whom people have told apart from who the child is, it cannot be; `now` is what a word says that
/// is not written yet.
pub(super) fn leave_apart(
    links: &mut [ChildLink],
    read: &HashMap<PersonId, HistoryRow>,
    now: &[ApartRow],
) {
    for link in links {
        let own = link.person;
        let apart = |other: &PersonId| {
            let said = now.iter().find(|row| (row.one, row.other) == (own, *other));
            let before = || read.get(&own).is_some_and(|row| row.apart.contains(other));
            said.map_or_else(before, |row| row.stands)
        };
        link.possible.retain(|(other, _)| !apart(other));
        if link.possible.is_empty() && link.state == LinkState::Possible {
            link.state = LinkState::New;
        }
    }
}
