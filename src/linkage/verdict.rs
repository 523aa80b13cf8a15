//! The three outcomes: linked, possible, new.

use super::comparison::{
    Birth, Comparison, Forename, MiddleName, Mother, NhsNumber, Twin, Upn, compare,
};
use super::model::Model;
use super::profile::Profile;
use super::weights::match_weight;
use crate::domain::{LinkState, PersonId};

/// Most candidates that a person is asked to review for one child.
pub const MOST_POSSIBLE: usize = 10;

/// What linkage says of one child.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Verdict {
    pub state: LinkState,
    /// The person the child is, when `Linked`.
    pub person: Option<PersonId>,
    /// Match weight of the best candidate in bits; 0 for `New`.
    pub weight: f32,
    /// Others that a person should look at, the weightiest first.
    pub possible: Vec<(PersonId, f32)>,
}

/// Judges which of the candidates the child is. The order of the candidates does not matter.
///
/// Linked: above the upper threshold, clear of every other child among the candidates, and on
/// more than a shared home and birthday. Possible: between, or not clear. New: below.
pub fn judge(model: &Model, child: &Profile, candidates: &[(PersonId, Profile)]) -> Verdict {
    let mut ranked = rank(model, child, candidates);
    ranked.retain(|ranked| ranked.weight >= model.thresholds.possible);
    let Some(best) = ranked.first() else { return Verdict::default() };
    let weight = best.weight;
    let linked =
        weight >= model.thresholds.linked && best.own && is_clear(model, &ranked, candidates);
    let person = linked.then(|| candidates[best.index].0);
    let others = ranked.iter().map(|ranked| (candidates[ranked.index].0, ranked.weight));
    let others = others.filter(|(other, _)| Some(*other) != person);
    Verdict {
        state: if linked { LinkState::Linked } else { LinkState::Possible },
        person,
        weight,
        possible: others.take(MOST_POSSIBLE).collect(),
    }
}

/// A candidate with its match weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    /// Index into the candidates.
    pub index: usize,
    pub weight: f32,
    /// There is evidence of the child itself, not only of a home and a birthday.
    own: bool,
}

/// Every candidate, the weightiest first; equal weights in the order of their ids.
pub(super) fn rank<P: Ord>(
    model: &Model,
    child: &Profile,
    candidates: &[(P, Profile)],
) -> Vec<Ranked> {
    let weigh = |(index, (_, profile)): (usize, &(P, Profile))| {
        let found = compare(child, profile);
        Ranked { index, weight: match_weight(model, &found), own: is_own(&found) }
    };
    let mut ranked: Vec<Ranked> = candidates.iter().enumerate().map(weigh).collect();
    ranked.sort_by(|one, two| {
        let ids = || candidates[one.index].0.cmp(&candidates[two.index].0);
        two.weight.total_cmp(&one.weight).then_with(ids)
    });
    ranked
}

/// Whether the best is ahead of every other child. A candidate that is plainly a second record of
/// the best one is not another child.
fn is_clear<P>(model: &Model, ranked: &[Ranked], candidates: &[(P, Profile)]) -> bool {
    let Some((best, others)) = ranked.split_first() else { return false };
    let near = others.iter().take_while(|o| o.weight > best.weight - model.thresholds.clear);
    near.take(MOST_POSSIBLE).all(|other| {
        let found = compare(&candidates[best.index].1, &candidates[other.index].1);
        let plainly = model.thresholds.linked + model.thresholds.clear;
        is_own(&found) && !is_contradicted(&found) && match_weight(model, &found) >= plainly
    })
}

/// Something that one child has only one of differs.
fn is_contradicted(found: &Comparison) -> bool {
    found.nhs_number == NhsNumber::Different
        || found.upn == Upn::Different
        || found.middle_name == MiddleName::Different
        || found.mother == Mother::Different
}

/// A twin shares home and birthday; a link needs a name or a number of the child's own. An unborn
/// child has none: its mother and the expected date must do. What may be a twin is never linked by
/// the machine, whatever else agrees.
fn is_own(found: &Comparison) -> bool {
    let named = matches!(
        found.forename,
        Forename::Exact
            | Forename::Family
            | Forename::Typo
            | Forename::Middle
            | Forename::Initial
            | Forename::Swapped
    );
    let own = named
        || found.middle_name == MiddleName::Same
        || found.nhs_number == NhsNumber::Same
        || found.upn == Upn::Same
        || matches!(found.birth, Birth::DueNear | Birth::BornWhenDue);
    own && found.twin == Twin::Missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::standardise::{Stated, standardise};

    fn child(forename: &str) -> Stated {
        Stated {
            forename: forename.to_owned(),
            surname: "Crossdale".to_owned(),
            date_of_birth: "2016-03-09".to_owned(),
            sex: "F".to_owned(),
            address: "12 Mill Lane".to_owned(),
            postcode: "HX1 2XQ".to_owned(),
            mother_name: "Leanne Crossdale".to_owned(),
            ..Stated::default()
        }
    }

    fn judged(child: &Stated, people: &[&Stated]) -> Verdict {
        let people = people.iter().zip(1..);
        let candidates: Vec<_> = people
            .map(|(stated, number)| (PersonId(uuid::Uuid::from_u128(number)), standardise(stated)))
            .collect();
        judge(&Model::shipped(), &standardise(child), &candidates)
    }

    #[test]
    fn the_same_child_is_linked_a_sibling_is_new_and_a_twin_is_never_linked() {
        let imogen = child("Imogen");
        let verdict = judged(&imogen, &[&child("Robyn"), &imogen]);
        assert_eq!(verdict.state, LinkState::Linked);
        assert_eq!(verdict.person, Some(PersonId(uuid::Uuid::from_u128(2))));
        let sibling = Stated { date_of_birth: "2012-11-20".to_owned(), ..child("Robyn") };
        assert_eq!(judged(&imogen, &[&sibling]), Verdict::default());
        assert_ne!(judged(&imogen, &[&child("Robyn")]).state, LinkState::Linked);
    }

    #[test]
    fn two_children_who_fit_alike_are_left_to_a_person() {
        let moved = |address: &str, postcode: &str, mother: &str| Stated {
            address: address.to_owned(),
            postcode: postcode.to_owned(),
            mother_name: mother.to_owned(),
            ..child("Imogen")
        };
        let first = moved("4 Dale Street", "HX3 6DP", "Kelly Hollins");
        let second = moved("7 Ash Grove", "HX6 1AB", "Sana Begum");
        let stated = moved("", "", "");
        let verdict = judged(&stated, &[&first, &second]);
        assert_eq!(verdict.state, LinkState::Possible);
        assert_eq!((verdict.person, verdict.possible.len()), (None, 2));
    }

    #[test]
    fn a_second_record_of_the_same_child_does_not_stand_in_the_way() {
        let imogen = child("Imogen");
        let verdict = judged(&imogen, &[&imogen, &child("Immy")]);
        assert_eq!(verdict.state, LinkState::Linked);
        assert_eq!(verdict.possible.len(), 1);
    }

    #[test]
    fn a_child_linked_by_an_unreadable_date_is_still_linked() {
        let stated = Stated { date_of_birth: "9th March".to_owned(), ..child("Imogen") };
        assert_eq!(judged(&stated, &[&child("Imogen")]).state, LinkState::Linked);
    }
}
