//! Score: how complete a submission is, and what would help most.
//!
//! The score goes to the sender, and to the reports on quality by agency. It is never an input to
//! level, priority, clock or destination (invariant 3), and nothing waits for what is missing.
//!
//! An item's weight counts in full for a readable value, and for "refused": the sender asked, and
//! nobody can say more. "Not known" is an honest answer and counts half; the other half stays on
//! the list of what is missing, since somebody else may know. An answer that could not be read
//! counts nothing and is asked for again.

mod places;

pub use places::is_a_place;

use crate::domain::answer::State;
use crate::domain::expression::Expr;
use crate::domain::facts::Facts;
use crate::domain::receipt::{Completeness, Missing};
use crate::domain::record::{Field, Path};
use crate::domain::{Referral, Unread};
use std::cmp::Reverse;

/// One thing that is asked for.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: String,
    /// Segments of a pointer, `*` for an index: `children`, `*`, `date_of_birth`. What is below
    /// counts.
    pub place: Vec<String>,
    pub weight: u16,
    /// Asked only where this holds of the child, or, outside `children`, of any child.
    pub applies: Option<Expr>,
    pub ask: String,
    /// Who can supply it, e.g. `school`, `gp`, `family`.
    pub who: Vec<String>,
}

impl Item {
    /// Asked once for each child.
    pub fn of_each_child(&self) -> bool {
        self.place.len() > 1 && self.place[0] == "children" && self.place[1] == "*"
    }
}

/// The items of one authority.
#[derive(Clone, Debug, Default)]
pub struct Scorer {
    items: Vec<Item>,
}

/// Halves of an item's weight that an answer satisfies.
const FULL: u8 = 2;
const HALF: u8 = 1;

impl Scorer {
    pub fn new(items: Vec<Item>) -> Self {
        Scorer { items }
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The score from 0 to 100, and what is missing, the weightiest first. `facts` are those of
    /// the submission alone, one for each child.
    pub fn score(&self, referral: &Referral, facts: &[Facts], unread: &[Unread]) -> Completeness {
        let children = facts.len().max(1);
        let given = self.given(referral, children);
        let (mut reached, mut possible) = (0_u64, 0_u64);
        let mut missing = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            let asked = if item.of_each_child() { facts.len() } else { 1 };
            for child in 0..asked {
                if !applies(item, facts, child) {
                    continue;
                }
                let halves = given[index * children + child];
                let weight = u64::from(item.weight);
                possible += weight * u64::from(FULL);
                reached += weight * u64::from(halves);
                if halves < FULL {
                    let lacking = item.weight * u16::from(FULL - halves) / u16::from(FULL);
                    let (pointer, ask) = (pointer(&item.place, child), item.ask.clone());
                    missing.push(Missing { pointer, ask, weight: lacking });
                }
            }
        }
        missing.sort_by_key(|one| Reverse(one.weight));
        let score = (reached * 100 + possible / 2).checked_div(possible).unwrap_or(100);
        let score = u8::try_from(score).unwrap_or(100);
        Completeness { score, missing, unread: unread.to_vec() }
    }

    /// For each item and child the best answer given, in halves.
    fn given(&self, referral: &Referral, children: usize) -> Vec<u8> {
        let mut given = vec![0_u8; self.items.len() * children];
        referral.walk(&mut Path::default(), &mut |at, state| {
            let halves = match state {
                State::Value | State::Refused => FULL,
                State::NotKnown => HALF,
                State::Absent | State::Unreadable => return,
            };
            for (index, item) in self.items.iter().enumerate() {
                if !at.within(&item.place) {
                    continue;
                }
                let child = if item.of_each_child() { at.first_index().unwrap_or(0) } else { 0 };
                if let Some(held) = given.get_mut(index * children + child.min(children - 1)) {
                    *held = halves.max(*held);
                }
            }
        });
        given
    }
}

fn applies(item: &Item, facts: &[Facts], child: usize) -> bool {
    let Some(applies) = &item.applies else { return true };
    match item.of_each_child() {
        true => facts.get(child).is_some_and(|facts| applies.holds(facts)),
        false => facts.iter().any(|facts| applies.holds(facts)),
    }
}

fn pointer(place: &[String], child: usize) -> String {
    let mut pointer = String::new();
    for segment in place {
        pointer.push('/');
        match segment.as_str() {
            "*" => pointer.push_str(&child.to_string()),
            key => pointer.push_str(key),
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::facts::Reader;
    use crate::domain::localities::Localities;
    use crate::domain::phrases::Phrases;
    use serde_json::json;

    fn item(place: &str, weight: u16, applies: Option<Expr>) -> Item {
        let place = place.split('/').skip(1).map(str::to_owned).collect();
        Item { id: "x".into(), place, weight, applies, ask: "Please".into(), who: vec![] }
    }

    fn scored(items: Vec<Item>, document: serde_json::Value) -> Completeness {
        let (referral, unread) = Referral::read(document);
        let reader = Reader::new(Localities::default(), Phrases::default());
        let at = Timestamp::parse("2026-11-24T10:00:00Z").expect("a time");
        Scorer::new(items).score(&referral, &reader.read(&referral, at), &unread)
    }

    #[test]
    fn not_known_counts_half_and_stays_missing_while_refused_is_an_answer() {
        let items = || vec![item("/children/*/date_of_birth", 10, None), item("/worry", 30, None)];
        let full = json!({"children": [{"date_of_birth": "2019-03-04"}], "worry": "refused"});
        assert_eq!(scored(items(), full).score, 100);
        let half = json!({"children": [{"date_of_birth": "not-known"}], "worry": "Bruises"});
        let half = scored(items(), half);
        assert_eq!(half.score, 88);
        assert_eq!(
            (half.missing[0].pointer.as_str(), half.missing[0].weight),
            ("/children/0/date_of_birth", 5)
        );
        let none = scored(items(), json!({"children": [{"date_of_birth": "12/13/2019"}]}));
        assert_eq!(none.score, 0);
        assert_eq!(none.missing[0].pointer, "/worry", "the weightiest first");
        assert_eq!(none.unread.len(), 1);
    }

    #[test]
    fn each_child_is_asked_for_itself_and_only_where_the_item_applies() {
        let reader = Reader::new(Localities::default(), Phrases::default());
        let unborn = Expr::compile("unborn == \"yes\"", reader.table()).expect("sound");
        let items = vec![item("/children/*/expected_date", 10, Some(unborn))];
        let document = json!({"children": [{"unborn": "no"}, {"unborn": "yes"}]});
        let scored = scored(items, document);
        assert_eq!(scored.score, 0);
        assert_eq!(scored.missing.len(), 1);
        assert_eq!(scored.missing[0].pointer, "/children/1/expected_date");
    }

    #[test]
    fn anything_below_a_place_satisfies_it() {
        let items = vec![item("/household/people", 10, None)];
        let document = json!({"children": [{}], "household": {"people": [{"name": "A B"}]}});
        assert_eq!(scored(items, document).score, 100);
    }
}
