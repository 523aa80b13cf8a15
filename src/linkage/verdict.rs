//! The three outcomes: linked, possible, new.

use super::comparison::{
    Address, Birth, Comparison, Father, Forename, MiddleName, Mother, NhsNumber, OtherId, Phone,
    Upn,
};
use super::model::Model;
use super::profile::Profile;
use super::weights::{Weighed, weigh};
use crate::domain::{LinkState, PersonId};

/// Most candidates that a person is asked to review for one child.
pub const MOST_POSSIBLE: usize = 10;

/// Candidates that are compared with one another: those that come into question.
const MOST_RIVALS: usize = 10;

/// Match weight in bits up to which a candidate takes nothing from others that could be seen.
const NO_RIVAL: f32 = -7.0;

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
/// Linked: above the upper threshold, rivals considered, and on more than a shared home and
/// birthday. Possible: between. New: below.
pub fn judge(model: &Model, child: &Profile, candidates: &[(PersonId, Profile)]) -> Verdict {
    conclude(model, rank(model, child, candidates), candidates)
}

/// The outcome of candidates that are ranked.
pub(super) fn conclude(
    model: &Model,
    mut ranked: Vec<Ranked>,
    candidates: &[(PersonId, Profile)],
) -> Verdict {
    ranked.retain(|ranked| ranked.weight >= model.thresholds.possible);
    let Some(best) = ranked.first() else { return Verdict::default() };
    let weight = best.weight;
    let linked = weight >= model.thresholds.linked && best.own;
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
    /// Match weight in bits, less what its rivals take: a child is one of them at most.
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
        let Weighed { found, weight } = weigh(model, child, profile);
        Ranked { index, weight, own: is_own(&found) }
    };
    let mut ranked: Vec<Ranked> = candidates.iter().enumerate().map(weigh).collect();
    let order = |one: &Ranked, two: &Ranked| {
        let ids = || candidates[one.index].0.cmp(&candidates[two.index].0);
        two.weight.total_cmp(&one.weight).then_with(ids)
    };
    ranked.sort_by(order);
    consider_rivals(model, &mut ranked, candidates);
    ranked.sort_by(order);
    ranked
}

/// The odds of each candidate against all others: `odds / (1 + the odds of its rivals)`. A
/// candidate that is plainly a second record of the same child is no rival.
fn consider_rivals<P>(model: &Model, ranked: &mut [Ranked], candidates: &[(P, Profile)]) {
    let odds: Vec<f64> = ranked.iter().map(|ranked| f64::from(ranked.weight).exp2()).collect();
    let weighty = ranked.iter().take_while(|ranked| ranked.weight > NO_RIVAL).count();
    let weighty = weighty.min(MOST_RIVALS);
    // Summed up and not subtracted, for one may outweigh the others by more than a sum can tell.
    let mut against = vec![odds[weighty..].iter().sum::<f64>(); weighty];
    for one in 0..weighty {
        for two in one + 1..weighty {
            if !is_second_record(model, candidates, ranked[one].index, ranked[two].index) {
                against[one] += odds[two];
                against[two] += odds[one];
            }
        }
    }
    let all: f64 = odds.iter().sum();
    for (place, ranked) in ranked.iter_mut().enumerate() {
        let rivals = against.get(place).copied().unwrap_or(all);
        ranked.weight -= (1.0 + rivals).log2() as f32;
    }
}

/// Whether two candidates are plainly records of one child.
fn is_second_record<P>(model: &Model, of: &[(P, Profile)], one: usize, two: usize) -> bool {
    let Weighed { found, weight } = weigh(model, &of[one].1, &of[two].1);
    weight >= model.thresholds.linked && is_own(&found) && !is_contradicted(&found)
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
pub(super) fn is_own(found: &Comparison) -> bool {
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
        || matches!(
            found.birth,
            Birth::DueNear | Birth::BornWhenDue | Birth::BothUnborn | Birth::BornSince
        );
    own && !found.may_be_twins() && is_corroborated(found)
}

/// Something besides the name agrees: the machine links nobody by a name alone, however rare.
fn is_corroborated(found: &Comparison) -> bool {
    let born = !matches!(
        found.birth,
        Birth::Missing | Birth::SameYear | Birth::Different | Birth::Adult | Birth::BornSince
    );
    let numbered = found.nhs_number == NhsNumber::Same
        || found.upn == Upn::Same
        || found.other_id == OtherId::Same;
    let at_home = matches!(found.address, Address::Home | Address::Postcode | Address::Previous)
        || matches!(found.mother, Mother::Full | Mother::Part)
        || matches!(found.father, Father::Full | Father::Part)
        || found.phone == Phone::Same;
    born || numbered || at_home
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
    fn nobody_is_linked_by_a_name_alone_however_rare() {
        let named = Stated {
            forename: "Imogen".to_owned(),
            surname: "Crossdale".to_owned(),
            ..Stated::default()
        };
        assert_eq!(judged(&named, &[&child("Imogen")]).state, LinkState::Possible);
    }

    #[test]
    fn a_child_linked_by_an_unreadable_date_is_still_linked() {
        let stated = Stated { date_of_birth: "9th March".to_owned(), ..child("Imogen") };
        assert_eq!(judged(&stated, &[&child("Imogen")]).state, LinkState::Linked);
    }
}
