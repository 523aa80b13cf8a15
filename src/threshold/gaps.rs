//! What a policy leaves to nobody: a sign that would be held back, a code that no rule reads, days
//! between two versions of a rule, a level or a team that nothing leads to.

use super::policy::{Rule, To};
use super::possible::Possible;
use super::review::{Finding, Place, Review, in_words};
use crate::domain::DestinationId;
use crate::domain::expression::Expr;
use crate::domain::facts::{CONCERNS, Fact, FactId, INDICATORS, Role};
use std::collections::BTreeSet;

/// What the authority promises never to hold back, whatever its rules say. Rules are held to it.
#[derive(Clone, Debug)]
pub struct NeverHeld {
    /// Whoever answers so goes to the screening team for the gravest purpose. So does every
    /// indicator that has no lane of its own.
    pub strategy: Expr,
    pub lanes: Vec<Lane>,
    /// Concerns that say nothing by themselves.
    pub no_rule: Vec<NoRule>,
}

/// An indicator that is another team's, and by itself no reason for a strategy discussion.
#[derive(Clone, Debug)]
pub struct Lane {
    pub indicator: String,
    pub destination: DestinationId,
    /// Of which children, where the law means only some.
    pub only: Option<Expr>,
}

/// A concern that no rule needs to read.
#[derive(Clone, Debug)]
pub struct NoRule {
    pub concern: String,
}

impl Review<'_> {
    pub(super) fn gaps(
        &mut self,
        never_held: &NeverHeld,
        reached_by_people: &BTreeSet<DestinationId>,
    ) {
        self.answers_go_to_strategy(never_held);
        self.indicators_go_to_strategy(never_held);
        self.lanes(never_held);
        self.concerns(never_held);
        self.versions();
        self.levels();
        self.destinations(reached_by_people);
    }

    /// Whether one of the rules that `serve` takes every child of whom `sign` holds, on every day;
    /// otherwise one that none takes, and when.
    fn uncovered(
        &mut self,
        place: &Place,
        sign: &[&Expr],
        serves: impl Fn(&Self, &Rule) -> bool,
    ) -> Option<String> {
        self.decided.signs += 1;
        let policy = self.policy;
        for index in 0..self.periods.len() {
            let period = &self.periods[index];
            let places: Vec<usize> = period
                .rules
                .iter()
                .copied()
                .filter(|place| policy.rules[*place].unless.is_none())
                .filter(|place| serves(self, &policy.rules[*place]))
                .collect();
            let told = period.told.clone();
            let rules: Vec<&Expr> = places.iter().map(|place| &policy.rules[*place].when).collect();
            if let Possible::Yes(child) = self.can(place, sign, &rules) {
                return Some(format!("{}{told}", in_words(self.table(), &child)));
            }
        }
        None
    }

    fn answers_go_to_strategy(&mut self, never_held: &NeverHeld) {
        let strategy = |review: &Self, rule: &Rule| review.policy.asks_for_strategy(rule);
        if let Some(child) = self.uncovered(&Place::NeverHeld, &[&never_held.strategy], strategy) {
            let what = format!("no rule sends to {} where {child}", self.gravest());
            self.say(Finding::fault(Place::NeverHeld, what, self.mend_strategy()));
        }
    }

    fn indicators_go_to_strategy(&mut self, never_held: &NeverHeld) {
        let fact = self.table().fact(INDICATORS);
        for name in &fact.values {
            let has_lane = never_held.lanes.iter().any(|lane| lane.indicator == *name);
            let Some(bit) = fact.bit(name).filter(|_| !has_lane) else { continue };
            let sign = Expr::Any(INDICATORS, bit);
            let strategy = |review: &Self, rule: &Rule| review.policy.asks_for_strategy(rule);
            if let Some(child) = self.uncovered(&Place::NeverHeld, &[&sign], strategy) {
                let to = self.gravest();
                let what = format!("no rule sends {name} to {to} where {child}");
                let mend = format!("{}, or name its own lane", self.mend_strategy());
                self.say(Finding::fault(Place::NeverHeld, what, mend));
            }
        }
    }

    fn mend_strategy(&self) -> String {
        format!(
            "let a rule without unless, in force on every day, send this to {} for {}",
            self.policy.teams.screening,
            self.gravest()
        )
    }

    fn gravest(&self) -> String {
        self.policy.purposes.last().map_or_else(String::new, |one| one.as_str().to_owned())
    }

    fn lanes(&mut self, never_held: &NeverHeld) {
        let fact = self.table().fact(INDICATORS);
        for (place, lane) in never_held.lanes.iter().enumerate() {
            let Some(bit) = known(self, fact, &lane.indicator, Place::Lane(place)) else {
                continue;
            };
            let again = never_held.lanes[..place].iter().any(|l| l.indicator == lane.indicator);
            if again {
                let what = format!("{} has two lanes", lane.indicator);
                let mend = "leave the one in which it goes";
                self.say(Finding::fault(Place::Lane(place), what, mend));
            }
            let sign = Expr::Any(INDICATORS, bit);
            let sign: Vec<&Expr> = std::iter::once(&sign).chain(&lane.only).collect();
            let serves = |_: &Self, rule: &Rule| sends_to(rule, &lane.destination);
            if let Some(child) = self.uncovered(&Place::Lane(place), &sign, serves) {
                let (id, to) = (&lane.indicator, &lane.destination);
                let what =
                    format!("{id} does not reach {to}: no rule sends it there where {child}");
                let mend =
                    format!("let a rule without unless, in force on every day, send to {to}");
                self.say(Finding::fault(Place::Lane(place), what, mend));
            }
        }
    }

    /// Each concern is read by a rule that says something, on every day.
    fn concerns(&mut self, never_held: &NeverHeld) {
        let (policy, fact) = (self.policy, self.table().fact(CONCERNS));
        let mut excused = BTreeSet::new();
        for (place, one) in never_held.no_rule.iter().enumerate() {
            excused.insert(one.concern.as_str());
            let Some(bit) = known(self, fact, &one.concern, Place::NoRule(place)) else { continue };
            if let Some(rule) = policy.rules.iter().find(|rule| looks_for(rule, CONCERNS, bit)) {
                let what = format!("{} needs a rule after all: {} reads it", one.concern, rule.id);
                self.say(Finding::warning(Place::NoRule(place), what, "take it out of no_rule"));
            }
        }
        for name in fact.values.iter().filter(|name| !excused.contains(name.as_str())) {
            let bit = fact.bit(name).unwrap_or(0);
            let says = |place: &usize| {
                let rule = &policy.rules[*place];
                let says = rule.level.is_some() || !rule.targets.is_empty();
                // Of a child who is not known as well.
                let says = says && !policy.reads(rule, Role::History);
                says && self.children.contains_key(place) && looks_for(rule, CONCERNS, bit)
            };
            let lacking = self.periods.iter().find(|period| !period.rules.iter().any(says));
            let lacking = lacking.map(|period| period.told.clone());
            self.decided.signs += 1;
            if let Some(told) = lacking {
                let what = format!("concern {name} is left to nobody: no rule reads it{told}");
                let mend = "let a rule read it that gives a level or a destination, or list it \
                            under no_rule with the reason";
                self.say(Finding::fault(Place::NeverHeld, what, mend));
            }
        }
    }

    /// Between two versions of a rule there is no day without one.
    fn versions(&mut self) {
        let rules = &self.policy.rules;
        for (place, rule) in rules.iter().enumerate() {
            let Some(from) = rule.from else { continue };
            let others = rules.iter().filter(|other| other.id == rule.id);
            let earlier = others.filter_map(|other| other.until.filter(|until| *until < from));
            let Some(until) = earlier.max() else { continue };
            let next = until.tomorrow().unwrap_or(until);
            let covered = rules.iter().any(|other| other.id == rule.id && other.in_force(next));
            if !covered {
                let what = format!(
                    "begins on {from}, and its version before ends on {until}: no version \
                             is in force between"
                );
                let mend = format!(
                    "let it begin on {next}; where nothing should hold between, give it another id"
                );
                self.say(Finding::fault(Place::Rule(place), what, mend));
            }
        }
    }

    fn levels(&mut self) {
        let policy = self.policy;
        for level in policy.levels.iter().filter(|level| level.rank > policy.floor.rank) {
            if !policy.rules.iter().any(|rule| rule.level.as_ref() == Some(level)) {
                let what = format!("level {} is given by no rule", level.code);
                let mend = "let a rule give it, or take it out";
                self.say(Finding::warning(Place::Level(level.code.clone()), what, mend));
            }
        }
    }

    /// Each destination is sent to, or said to be reached by people.
    fn destinations(&mut self, reached_by_people: &BTreeSet<DestinationId>) {
        let policy = self.policy;
        let teams = &policy.teams;
        for id in teams.receivers.keys() {
            let standing = *id == teams.screening || *id == teams.out_of_hours;
            let mut rules = (0_usize..).zip(&policy.rules);
            let rule = rules.find(|(place, rule)| {
                let (panels, localities) = (&teams.panels, &teams.locality_teams);
                self.children.contains_key(place)
                    && rule.targets.iter().any(|target| match &target.to {
                        To::Team(to) => to == id,
                        To::LocalityPanel => panels.values().any(|panel| panel == id),
                        To::LocalityTeam => localities.values().any(|team| team == id),
                        // Whose cases it holds is known to the records alone.
                        To::CaseTeam => false,
                    })
            });
            let people = reached_by_people.contains(id);
            match rule {
                None if !people && !standing => {
                    let what = format!("{id} is reached by no rule");
                    let mend = "let a rule send to it; where only people send to it, say \
                                reached_by = \"people\"";
                    self.say(Finding::warning(Place::Destination(id.clone()), what, mend));
                }
                Some((_, rule)) if people => {
                    let what = format!(
                        "{id} is said to be reached by people, and rule {} sends \
                                        to it",
                        rule.id
                    );
                    let mend = "take out reached_by, or the destination of the rule";
                    self.say(Finding::warning(Place::Destination(id.clone()), what, mend));
                }
                _ => {}
            }
        }
    }
}

/// The bit of a code that the policy names; a fault where it is none.
fn known(review: &mut Review<'_>, fact: &Fact, code: &str, place: Place) -> Option<u128> {
    let bit = fact.bit(code);
    if bit.is_none() {
        let what = format!("{code} is no code of {}", fact.name);
        review.say(Finding::fault(place, what, format!("use one of: {}", fact.values.join(", "))));
    }
    bit
}

/// Whether a rule sends to a team whatever else is said: where a panel is lacking, nobody beside it
/// is sent to.
fn sends_to(rule: &Rule, destination: &DestinationId) -> bool {
    let mut targets = rule.targets.iter();
    targets.clone().all(|target| target.to != To::LocalityPanel)
        && targets.any(|target| matches!(&target.to, To::Team(id) if id == destination))
}

/// Whether a rule's condition looks for one of these codes.
fn looks_for(rule: &Rule, fact: FactId, codes: u128) -> bool {
    let mut found = false;
    rule.when.visit(&mut |test| {
        found |= matches!(test, Expr::Any(read, mask) if *read == fact && mask & codes != 0);
    });
    found
}
