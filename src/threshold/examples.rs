//! Small stories that stand beside a rule and say what it does: the loader runs them.
//!
//! A rule says where a line is. Its examples show one child on either side of it, in words that
//! whoever answers for the policy can judge; and a later change that moves the line without being
//! meant to is refused.

use super::decide::decide_example;
use super::policy::{Policy, Rule, standing};
use super::review::{Finding, Place, Review};
use crate::domain::facts::{FactId, Facts, Table};
use crate::domain::{ChildDecision, DestinationId, Priority, Purpose};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// One story. What it does not say is as when nothing is said and nothing is known.
#[derive(Clone, Debug)]
pub struct Example {
    pub story: String,
    pub says: Facts,
    /// Whether the rule beside which it stands fires.
    pub fires: bool,
    /// What the whole policy suggests, where the example says so.
    pub level: Option<String>,
    pub priority: Option<Priority>,
    /// Every destination, but for those who are awake while the screening team is not.
    pub sent_to: Option<BTreeMap<DestinationId, Purpose>>,
}

impl Review<'_> {
    pub(super) fn examples(&mut self) {
        // Closing a service is no change of the policy, so no example may keep it from closing.
        let mut open = self.policy.clone();
        open.teams.receivers.values_mut().for_each(|receiver| receiver.open = true);
        for (index, rule) in self.policy.rules.iter().enumerate() {
            for (place, example) in rule.examples.iter().enumerate() {
                if let Some(what) = self.otherwise(&open, index, example) {
                    let mend = "mend the rule, if the story is right; or the story, if the line \
                                was meant to move";
                    self.say(Finding::fault(Place::Example(index, place), what, mend));
                }
            }
            self.both_sides(index, rule);
        }
    }

    fn both_sides(&mut self, index: usize, rule: &Rule) {
        let of = |fires| rule.examples.iter().filter(move |example| example.fires == fires);
        let lacking = match (of(true).count(), of(false).count()) {
            (0, 0) => "has no examples",
            (0, _) => "has no example in which it fires",
            (_, 0) => "has no example in which it does not fire",
            _ => {
                let table = self.policy.reader.table();
                let near = |a: &Example| of(false).any(|b| differing(table, &a.says, &b.says) == 1);
                if !of(true).any(near) {
                    let what = "has no two examples close to each other on either side of its line";
                    let mend = "let one that does not fire differ in one fact from one that does";
                    self.say(Finding::warning(Place::Rule(index), what, mend));
                }
                return;
            }
        };
        let mend = "add to examples a story that fires and one like it that does not: {story: …, \
                    says: {…}, fires: true}";
        self.say(Finding::fault(Place::Rule(index), lacking, mend));
    }

    /// How an example comes out otherwise than it says, in any time in which its rule is in force.
    fn otherwise(&mut self, policy: &Policy, index: usize, example: &Example) -> Option<String> {
        let days: Vec<Date> = self.periods_of(index).map(|period| period.day).collect();
        self.decided.examples += 1;
        let told = |day: &Date| {
            let decision = decide_example(policy, example.says, *day);
            let id = &policy.rules[index].id;
            otherwise(policy.teams.out_of_hours.as_str(), example, id.as_str(), &decision)
        };
        let what = days.iter().find_map(told)?;
        Some(format!("says of “{}” {what}", example.story))
    }
}

fn otherwise(awake: &str, example: &Example, id: &str, decided: &ChildDecision) -> Option<String> {
    let fired = decided.reasons.iter().any(|reason| reason.rule.as_str() == id);
    if fired != example.fires {
        let (says, does) = if fired { ("does not fire", "fires") } else { ("fires", "does not") };
        return Some(format!("that the rule {says}, and it {does}"));
    }
    if let Some(level) = example.level.as_ref().filter(|level| **level != decided.level.code) {
        return Some(format!("level {level}, and level {} is suggested", decided.level.code));
    }
    if let Some(priority) = example.priority.filter(|priority| *priority != decided.priority) {
        let (says, is) = (priority.as_str(), decided.priority.as_str());
        return Some(format!("priority {says}, and it is {is}"));
    }
    let says = example.sent_to.as_ref()?;
    let for_the_night = |rules: &[crate::domain::RuleId]| {
        rules.iter().all(|rule| rule.as_str() == standing::OUT_OF_HOURS)
    };
    let routes = decided.routes.iter();
    let routes = routes
        .filter(|route| route.destination.as_str() != awake || !for_the_night(&route.rules))
        .map(|route| (route.destination.clone(), route.purpose.clone()));
    let sent: BTreeMap<DestinationId, Purpose> = routes.collect();
    (sent != *says).then(|| {
        format!("that it is sent to {}, and it is sent to {}", listed(says), listed(&sent))
    })
}

fn listed(sent: &BTreeMap<DestinationId, Purpose>) -> String {
    let each = sent.iter().map(|(id, purpose)| format!("{id} ({})", purpose.as_str()));
    each.collect::<Vec<_>>().join(", ")
}

/// In how many facts two children differ.
fn differing(table: &Table, a: &Facts, b: &Facts) -> usize {
    let ids = (0_u8..).take(table.facts().len()).map(FactId);
    ids.filter(|id| a.mask(*id) != b.mask(*id)).count()
}
