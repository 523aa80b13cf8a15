//! What a rule must never be able to do, found when the policy is loaded.
//!
//! The decision is a maximum over the rules that fire (levels, priorities, purposes) and a minimum
//! over their clocks. It is therefore monotone in every fact that rules read only by its presence.
//! Each check below closes one way out of that, so that invariants 2, 3 and 6 hold of every
//! policy that loads, not only of the one that was tested.

use super::policy::{Policy, Rule, To, standing};
use crate::domain::expression::Expr;
use crate::domain::facts::{self, Fact, Facts, Role, Shape};
use crate::domain::working_days::Duration;
use crate::domain::{Priority, Purpose};

/// What is wrong with a rule and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// Place of the rule in the policy.
    pub rule: usize,
    pub what: String,
    pub mend: String,
}

/// Every fault of every rule; none when the policy keeps its promises.
pub fn check(policy: &Policy) -> Vec<RuleFault> {
    let mut faults = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        let one = Check { policy, rule };
        let mut found = Vec::new();
        one.facts_as_declared(&mut found);
        one.signs_of_harm_only_by_presence(&mut found);
        one.words_only_raise_to_urgent_screening(&mut found);
        one.what_selects_a_team_only_adds(&mut found);
        one.history_only_adds(&mut found);
        one.gives_way_only_to_graver(&mut found);
        one.panels_only_with_agreement(&mut found);
        one.clocks_and_dates(&mut found);
        one.names(&policy.rules[..index], &mut found);
        faults.extend(found.into_iter().map(|(what, mend)| RuleFault { rule: index, what, mend }));
    }
    faults
}

type Found = Vec<(String, String)>;

fn say(found: &mut Found, what: impl Into<String>, mend: impl Into<String>) {
    found.push((what.into(), mend.into()));
}

struct Check<'a> {
    policy: &'a Policy,
    rule: &'a Rule,
}

impl Check<'_> {
    fn fact(&self, test: &Expr) -> Option<(facts::FactId, &Fact)> {
        match test {
            Expr::Any(id, _) | Expr::None(id, _) => {
                Some((*id, self.policy.reader.table().fact(*id)))
            }
            _ => None,
        }
    }

    fn facts_as_declared(&self, found: &mut Found) {
        let read = self.rule.facts_read();
        let table = self.policy.reader.table();
        for id in read.iter().filter(|id| !self.rule.reads.contains(id)) {
            let name = table.fact(*id).name;
            say(found, format!("reads {name} without saying so"), format!("add {name} to reads"));
        }
        for id in self.rule.reads.iter().filter(|id| !read.contains(id)) {
            let name = table.fact(*id).name;
            let mend = format!("take {name} out of reads, or use it in when");
            say(found, format!("says that it reads {name}, and does not"), mend);
        }
    }

    /// Adding a concern must never silence a rule (invariant 3).
    fn signs_of_harm_only_by_presence(&self, found: &mut Found) {
        self.rule.when.visit(&mut |test| {
            let Some((_, fact)) = self.fact(test) else { return };
            if !matches!(fact.role, Role::Harm | Role::Words) {
                return;
            }
            let positive = match (test, fact.shape) {
                (Expr::Any(_, mask), Shape::Choice) => Some(*mask) == fact.bit("yes"),
                // Of a count, everything from some number up.
                (Expr::Any(_, mask), Shape::Count { .. }) => {
                    mask & 1 == 0 && *mask == fact.all() & !0 << mask.trailing_zeros()
                }
                (test, _) => matches!(test, Expr::Any(..)),
            };
            if !positive {
                let name = fact.name;
                let what = format!("fires on the absence of {name}");
                let mend = match fact.shape {
                    Shape::Codes => format!(
                        "write \"…\" in {name}; where a rule should give way to graver ones, \
                         use unless"
                    ),
                    _ => {
                        format!("write {name} == \"yes\"; to give way to graver rules, use unless")
                    }
                };
                say(found, what, mend);
            }
        });
    }

    fn words_only_raise_to_urgent_screening(&self, found: &mut Found) {
        let rule = self.rule;
        if !self.policy.reads(rule, Role::Words) {
            return;
        }
        let screening = &self.policy.teams.screening;
        let strays = rule.targets.iter().any(|target| {
            target.to != To::Team(screening.clone()) || target.purpose != self.policy.screening
        });
        let raises = rule.level.is_some() || rule.priority > Priority::Urgent;
        if strays || raises || rule.clock.is_some() {
            say(
                found,
                "lets words in free text do more than raise to urgent screening",
                format!("leave out level and clock, and send only to {screening} for screening"),
            );
        }
    }

    /// Removing an address or an agreement never lowers a level nor lengthens a clock.
    fn what_selects_a_team_only_adds(&self, found: &mut Found) {
        let rule = self.rule;
        if self.policy.reads(rule, Role::Team) && (rule.level.is_some() || rule.clock.is_some()) {
            let table = self.policy.reader.table();
            let team = rule.reads.iter().map(|id| table.fact(*id));
            let team = team.filter(|fact| fact.role == Role::Team).map(|fact| fact.name);
            let names = team.collect::<Vec<_>>().join(" and ");
            say(
                found,
                format!("lets {names} change a level or a clock"),
                format!("give the level in a rule of its own that does not read {names}"),
            );
        }
    }

    /// A rule that reads history is never shown to a sender, so it must not fire without any.
    fn history_only_adds(&self, found: &mut Found) {
        if !self.policy.reads(self.rule, Role::History) {
            return;
        }
        let nothing = self.policy.reader.table().nothing();
        if self.could_hold_with(&self.rule.when, &nothing) {
            say(
                found,
                "reads history and can fire where nothing is known of the child",
                "join the history with &&, and let it test for something known, for example \
                 referrals_12m >= 1",
            );
        }
        // The message itself would tell a team what it may not know.
        let teams = &self.policy.teams;
        let may_know = |to: &To| match to {
            To::Team(id) => teams.receivers.get(id).is_some_and(|team| team.statutory),
            To::LocalityPanel => false,
            To::LocalityTeam => teams
                .locality_teams
                .values()
                .all(|id| teams.receivers.get(id).is_some_and(|team| team.statutory)),
            To::CaseTeam => true,
        };
        if self.rule.targets.iter().any(|target| !may_know(&target.to)) {
            let what = "reads history and sends to a team that may not know of it";
            say(found, what, "send only to destinations that are statutory");
        }
    }

    /// Whether `expr` could hold for some facts whose history is that of `nothing`.
    fn could_hold_with(&self, expr: &Expr, nothing: &Facts) -> bool {
        match expr {
            Expr::Const(value) => *value,
            Expr::Any(..) | Expr::None(..) => {
                let history = self.fact(expr).is_some_and(|(_, fact)| fact.role == Role::History);
                !history || expr.holds(nothing)
            }
            Expr::All(parts) => parts.iter().all(|part| self.could_hold_with(part, nothing)),
            Expr::Either(parts) => parts.iter().any(|part| self.could_hold_with(part, nothing)),
        }
    }

    fn gives_way_only_to_graver(&self, found: &mut Found) {
        let rule = self.rule;
        let Some(unless) = &rule.unless else { return };
        let screening = To::Team(self.policy.teams.screening.clone());
        let own = rule.level.as_ref().is_some_and(|own| own.rank >= unless.level_at_least.rank);
        if own || rule.priority != Priority::Standard {
            say(
                found,
                "gives way to cases that are not graver than itself",
                "give it standard priority, and a level below the one that it gives way to",
            );
        }
        if rule.targets.iter().any(|target| target.to == screening) {
            let what = "would take the child off the screening team's list when it gives way";
            say(found, what, "send to the screening team in a rule without unless");
        }
    }

    /// Agreement refused or not known never goes to a panel.
    fn panels_only_with_agreement(&self, found: &mut Found) {
        let teams = &self.policy.teams;
        let needs = |to: &To| match to {
            To::Team(id) => teams.receivers.get(id).is_some_and(|known| known.needs_agreement),
            To::LocalityPanel => true,
            To::LocalityTeam | To::CaseTeam => false,
        };
        if !self.rule.targets.iter().any(|target| needs(&target.to)) {
            return;
        }
        let yes = self.policy.reader.table().fact(facts::AGREEMENT).bit("yes").unwrap_or(0);
        if !self.rule.when.requires(facts::AGREEMENT, yes) || self.rule.unless.is_none() {
            say(
                found,
                "can send to a team that needs the family's agreement, without it or with a \
                 child at risk",
                "add agreement == \"yes\" && to when, and unless: {level_at_least: …}",
            );
        }
    }

    fn clocks_and_dates(&self, found: &mut Found) {
        let rule = self.rule;
        let pauses = rule.clock.is_some_and(|clock| !matches!(clock, Duration::Elapsed { .. }));
        if rule.priority > Priority::Standard && pauses {
            let mend = "use clock: {elapsed: {minutes: …}}, or standard priority";
            say(found, "has an urgent clock that pauses outside working days", mend);
        }
        let gravest = self.policy.purposes.last();
        let grave = |purpose: &Purpose| Some(purpose) == gravest;
        let is_strategy = rule.targets.iter().any(|target| grave(&target.purpose));
        if is_strategy && rule.priority == Priority::Standard {
            let mend = "give it priority: urgent, or immediate";
            say(found, "meets the threshold and is not urgent", mend);
        }
        if rule.from.zip(rule.until).is_some_and(|(from, until)| from > until) {
            say(found, "ends before it begins", "put effective_until after effective_from");
        }
    }

    fn names(&self, earlier: &[Rule], found: &mut Found) {
        let rule = self.rule;
        if standing::ALL.contains(&rule.id.as_str()) {
            say(found, "has the name of a standing reason", "choose another id");
        }
        let overlaps = |other: &Rule| {
            let starts_after_end =
                |a: &Rule, b: &Rule| a.from.zip(b.until).is_some_and(|(from, until)| from > until);
            !starts_after_end(rule, other) && !starts_after_end(other, rule)
        };
        if earlier.iter().any(|other| other.id == rule.id && overlaps(other)) {
            let mend = "choose another id, or dates that do not overlap";
            say(found, "has the id of another rule in force at the same time", mend);
        }
        if rule.why.trim().is_empty() || rule.basis.trim().is_empty() {
            say(
                found,
                "does not say why",
                "give basis and why, in words that a parent would follow",
            );
        }
    }
}
