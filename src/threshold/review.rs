//! What is wrong with a policy as a whole, decided when it is loaded.
//!
//! [`super::check`] looks at each rule alone. Here rules are compared with each other and with
//! what the policy promises: which of them can never fire, say nothing, or contradict each other
//! ([`super::conflicts`]); which sign, code or day nobody looks after ([`super::gaps`]); and
//! whether each example comes out as it says ([`super::examples`]). A fault keeps the policy from
//! being used. A warning does not: what it tells of is safe, and somebody should look.

use super::gaps::NeverHeld;
use super::periods::{Period, periods};
use super::policy::{Policy, Rule};
use super::possible::{Possible, possible};
use crate::domain::expression::Expr;
use crate::domain::facts::{FactId, Facts, Role, Shape, Table};
use crate::domain::{DestinationId, Priority};
use std::collections::{BTreeMap, BTreeSet};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Place of the rule in the policy.
    Rule(usize),
    /// Of the rule, and of the example among its own.
    Example(usize, usize),
    /// What is never held back, by answers and concerns.
    NeverHeld,
    /// Place among the lanes.
    Lane(usize),
    /// Place among the codes that need no rule.
    NoRule(usize),
    /// Code of a level.
    Level(String),
    Destination(DestinationId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub place: Place,
    pub what: String,
    pub mend: String,
    /// Safe, and worth a look.
    pub warns: bool,
}

impl Finding {
    pub(super) fn fault(place: Place, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Finding { place, what: what.into(), mend: mend.into(), warns: false }
    }

    pub(super) fn warning(place: Place, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Finding { place, what: what.into(), mend: mend.into(), warns: true }
    }
}

/// How much was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Decided {
    pub rules: usize,
    /// Examples that were run.
    pub examples: usize,
    /// Pairs of rules of which it was decided whether one implies the other.
    pub pairs: usize,
    /// Signs, concerns and answers of which it was decided that they are not held back.
    pub signs: usize,
}

/// Every finding about a policy whose rules are each in order.
pub fn review(
    policy: &Policy,
    never_held: &NeverHeld,
    reached_by_people: &BTreeSet<DestinationId>,
) -> (Vec<Finding>, Decided) {
    let dates: Vec<_> = policy.rules.iter().map(|rule| (rule.from, rule.until)).collect();
    let mut review = Review {
        policy,
        periods: periods(&dates),
        children: BTreeMap::new(),
        too_large: BTreeSet::new(),
        findings: Vec::new(),
        decided: Decided { rules: policy.rules.len(), ..Decided::default() },
    };
    review.conflicts();
    review.gaps(never_held, reached_by_people);
    review.examples();
    for place in std::mem::take(&mut review.too_large) {
        let what = "is too large to decide what it does beside the others";
        let mend = "split it into several rules, each with fewer conditions";
        review.say(Finding::fault(place, what, mend));
    }
    review.findings.sort_by_key(|finding| finding.warns);
    (review.findings, review.decided)
}

/// A policy under review.
pub(super) struct Review<'p> {
    pub(super) policy: &'p Policy,
    pub(super) periods: Vec<Period>,
    /// For each rule that can fire at all, a child of whom it does.
    pub(super) children: BTreeMap<usize, Facts>,
    too_large: BTreeSet<Place>,
    pub(super) findings: Vec<Finding>,
    pub(super) decided: Decided,
}

impl<'p> Review<'p> {
    pub(super) fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn rule(&self, place: usize) -> &'p Rule {
        &self.policy.rules[place]
    }

    pub(super) fn table(&self) -> &'p Table {
        self.policy.reader.table()
    }

    pub(super) fn periods_of(&self, rule: usize) -> impl Iterator<Item = &Period> {
        self.periods.iter().filter(move |period| period.rules.contains(&rule))
    }

    /// [`possible`]; what is too large is told of `place`.
    pub(super) fn can(&mut self, place: &Place, hold: &[&Expr], fail: &[&Expr]) -> Possible {
        let answer = possible(self.table(), hold, fail);
        if matches!(answer, Possible::TooLarge) {
            self.too_large.insert(place.clone());
        }
        answer
    }

    /// Whether one rule's condition holds of every child of whom another's does.
    pub(super) fn implies(&mut self, rule: usize, other: usize) -> bool {
        self.decided.pairs += 1;
        let condition = &self.rule(other).when;
        // One child of whom it does not is enough.
        if self.children.get(&rule).is_none_or(|child| !condition.holds(child)) {
            return false;
        }
        let holds = [&self.rule(rule).when];
        matches!(self.can(&Place::Rule(rule), &holds, &[condition]), Possible::No)
    }

    /// Conditions under which a rule is passed over, of those in force with it.
    pub(super) fn gives_way_to(&self, rule: usize, period: &Period) -> Vec<&'p Expr> {
        let Some(unless) = &self.rule(rule).unless else { return Vec::new() };
        let policy = self.policy;
        let graver = |other: &&Rule| {
            let level = other.level.as_ref().map(|level| level.rank);
            let level = level.is_some_and(|rank| rank >= unless.level_at_least.rank);
            level || raised(policy, other) >= unless.priority_at_least || policy.screens(other)
        };
        let others = period.rules.iter().map(|place| &policy.rules[*place]);
        others.filter(|other| other.unless.is_none()).filter(graver).map(|one| &one.when).collect()
    }
}

/// What a rule raises the priority of the case to: one that only selects a team raises it to
/// nothing.
pub(super) fn raised(policy: &Policy, rule: &Rule) -> Priority {
    if policy.reads(rule, Role::Team) { Priority::Standard } else { rule.priority }
}

/// A child that was found, as a condition would say it.
pub fn in_words(table: &Table, child: &Facts) -> String {
    let nothing = table.nothing();
    let mut said = Vec::new();
    for (place, fact) in (0_u8..).zip(table.facts()) {
        let mask = child.mask(FactId(place));
        if mask == nothing.mask(FactId(place)) {
            continue;
        }
        let names = (0_u32..).zip(&fact.values).filter(|(bit, _)| mask >> bit & 1 == 1);
        said.extend(names.map(|(_, value)| match fact.shape {
            Shape::Choice => format!("{} == \"{value}\"", fact.name),
            Shape::Codes => format!("\"{value}\" in {}", fact.name),
            Shape::Count { .. } => format!("{} == {value}", fact.name),
        }));
    }
    if said.is_empty() { "nothing is said of the child".to_owned() } else { said.join(" && ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts;

    #[test]
    fn a_child_is_told_as_a_condition_would_say_it() {
        let table = Table::new(&[], &[]);
        let mut child = table.nothing();
        assert_eq!(in_words(&table, &child), "nothing is said of the child");
        child.set(facts::AGE, table.fact(facts::AGE).bit("3").expect("an age"));
        child.set(facts::INDICATORS, 0b11);
        let told = "\"child-alone\" in indicators && \"disclosure\" in indicators && age == 3";
        assert_eq!(in_words(&table, &child), told);
    }
}
