//! Who the children of a stored referral are, and whom they cannot be.

use super::rows::{HistoryRow, StoredLink};
use super::work::{ChildLink, LinkVerdict};
use crate::domain::{LinkState, PersonId};
use foldhash::{HashMap, HashMapExt, HashSet};

/// Which child is a person that several of one submission might be. Two children of one
/// submission are two people, whatever the weights say: the likeliest it is, but what was settled
/// before stays.
pub(super) fn takers(verdicts: &[LinkVerdict], known: &[StoredLink]) -> HashMap<PersonId, usize> {
    let mut takers: HashMap<PersonId, usize> = HashMap::new();
    for (child, verdict) in verdicts.iter().enumerate() {
        let Some(person) = verdict.person else { continue };
        let stays = |child| settled(known, child).is_some_and(|link| link.person == person);
        let better = takers.get(&person).is_none_or(|first: &usize| {
            !stays(*first) && (stays(child) || verdict.weight > verdicts[*first].weight)
        });
        if better {
            takers.insert(person, child);
        }
    }
    takers
}

/// The person that a stored referral made for one of its children.
pub(super) fn made_before(known: &[StoredLink], child: usize) -> Option<PersonId> {
    settled(known, child).filter(|link| link.state == LinkState::New).map(|link| link.person)
}

/// The link of a child to the person that its referral made before it was added to.
pub(super) fn child_of_its_own(verdict: LinkVerdict, person: PersonId) -> ChildLink {
    let possible = verdict.possible;
    let state = if possible.is_empty() { LinkState::New } else { LinkState::Possible };
    let failed = verdict.failed;
    ChildLink { state, person, fresh: false, weight: 0.0, decision: None, possible, failed }
}

/// Whether a child of a stored referral is already this person.
pub(super) fn is_settled(known: &[StoredLink], person: PersonId) -> bool {
    known.iter().any(|link| link.person == person && link.state.is_settled())
}

/// The person a child of a stored referral already is.
pub(super) fn settled(known: &[StoredLink], child: usize) -> Option<&StoredLink> {
    of_child(known, child).find(|link| link.state.is_settled())
}

/// What stands of one child.
pub(super) fn of_child(
    known: &[StoredLink],
    child: usize,
) -> impl Iterator<Item = &StoredLink> + Clone {
    known.iter().filter(move |link| usize::from(link.child) == child)
}

/// Whom the machine does not look at again for a child: whoever one of the children is, and for
/// itself whoever a person has said it is not.
pub(super) fn not_for(known: &[StoredLink], child: usize) -> HashSet<PersonId> {
    let taken = known.iter().filter(|link| link.state.is_settled());
    let never = of_child(known, child)
        .filter(|link| !link.state.is_settled() && link.state != LinkState::Possible);
    taken.chain(never).map(|link| link.person).collect()
}

/// Leaves to a person what people have told apart, and whoever was adopted. A child that may be
/// either of two is linked to neither; one that is settled is not offered whoever is not that
/// person.
pub(super) fn heed_people(
    verdict: &mut LinkVerdict,
    settled: bool,
    stored: &HashMap<PersonId, HistoryRow>,
) {
    let apart = |one: &PersonId, other: &PersonId| {
        let told = |of, from: &PersonId| stored.get(of).is_some_and(|row| row.apart.contains(from));
        told(one, other) || told(other, one)
    };
    let Some(person) = verdict.person else { return };
    if settled {
        verdict.possible.retain(|(other, _)| !apart(&person, other));
        return;
    }
    let mut all: Vec<PersonId> = verdict.possible.iter().map(|(other, _)| *other).collect();
    all.push(person);
    let adopted = stored.get(&person).is_some_and(|row| row.adoption);
    if adopted || all.iter().any(|one| all.iter().any(|other| apart(one, other))) {
        verdict.possible.insert(0, (person, verdict.weight));
        verdict.state = LinkState::Possible;
        verdict.person = None;
    }
}

/// Everybody whose history may count, each once.
pub(super) fn people_once<'a>(verdicts: impl Iterator<Item = &'a LinkVerdict>) -> Vec<PersonId> {
    let best = |verdict: &LinkVerdict| verdict.possible.first().map(|(person, _)| *person);
    let mut people: Vec<PersonId> =
        verdicts.flat_map(|verdict| verdict.person.into_iter().chain(best(verdict))).collect();
    people.sort_unstable();
    people.dedup();
    people
}
