//! Rules that can never fire, that say nothing, or that contradict each other.

use super::periods::Period;
use super::policy::{Rule, To};
use super::possible::Possible;
use super::review::{Finding, Place, Review, in_words, raised};
use crate::domain::expression::Expr;
use crate::domain::working_days::Duration;
use crate::domain::{Mark, Priority};

impl Review<'_> {
    pub(super) fn conflicts(&mut self) {
        let rules = 0..self.policy.rules.len();
        for rule in rules.clone() {
            self.can_fire(rule);
            self.says_something(rule);
            self.clock_counts(rule);
        }
        for rule in rules.clone() {
            self.always_gives_way(rule);
            self.levels_of_one_condition(rule);
            self.strategy_is_gravest(rule);
            self.family_would_know(rule);
        }
        // What is said in vain, of rules that are otherwise in order.
        for rule in rules {
            if !self.findings.iter().any(|found| found.place == Place::Rule(rule)) {
                self.says_more_than_others(rule);
            }
        }
    }

    fn can_fire(&mut self, place: usize) {
        match self.can(&Place::Rule(place), &[&self.rule(place).when], &[]) {
            Possible::Yes(child) => {
                self.children.insert(place, *child);
            }
            Possible::No => {
                let table = self.table();
                let read = self.rule(place).when.reads();
                let names: Vec<&str> = read.iter().map(|fact| table.fact(*fact).name).collect();
                let what = format!(
                    "can fire for no child: what it asks of {} excludes itself",
                    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
                );
                let mend = "write || where one of several is enough, or take out what cannot hold";
                self.say(Finding::fault(Place::Rule(place), what, mend));
            }
            Possible::TooLarge => {}
        }
    }

    fn says_something(&mut self, place: usize) {
        let rule = self.rule(place);
        let says = rule.level.is_some()
            || !rule.targets.is_empty()
            || raised(self.policy, rule) > Priority::Standard
            || !rule.marks.is_empty()
            || !rule.tasks.is_empty();
        if !says {
            let what = "says nothing: neither a level nor a destination, an urgency, a mark or a \
                        task";
            let mend = "give it what it is for, or take it out";
            self.say(Finding::fault(Place::Rule(place), what, mend));
        }
    }

    /// A clock that is no shorter than what the priority gives already.
    fn clock_counts(&mut self, place: usize) {
        let rule = self.rule(place);
        let clocks = self.policy.clocks;
        let given = match raised(self.policy, rule) {
            Priority::Standard => return,
            Priority::Urgent => clocks.urgent,
            Priority::Immediate => clocks.immediate,
        };
        if let Some(Duration::Elapsed { minutes }) = rule.clock
            && minutes >= given
        {
            let what = format!(
                "has a clock of {minutes} minutes that never counts: what is {} is due after \
                 {given}",
                rule.priority.as_str()
            );
            let mend = "take clock out, or give fewer minutes";
            self.say(Finding::warning(Place::Rule(place), what, mend));
        }
    }

    fn always_gives_way(&mut self, place: usize) {
        let rule = self.rule(place);
        let Some(unless) = &rule.unless else { return };
        if !self.children.contains_key(&place) {
            return;
        }
        let floor = self.policy.floor.rank >= unless.level_at_least.rank;
        let ways: Vec<Vec<&Expr>> =
            self.periods_of(place).map(|period| self.gives_way_to(place, period)).collect();
        let never = |ways: &Vec<&Expr>| {
            !matches!(self.can(&Place::Rule(place), &[&rule.when], ways), Possible::No)
        };
        if floor || !ways.iter().any(never) {
            let what = "never has an effect: whenever it fires it gives way to another rule";
            let mend = "let when leave out what the graver rules read, or give unless a graver \
                        level_at_least";
            self.say(Finding::fault(Place::Rule(place), what, mend));
        }
    }

    /// Two rules of the same condition give different levels: one of the two is wrong.
    fn levels_of_one_condition(&mut self, place: usize) {
        let rule = self.rule(place);
        let Some(level) = &rule.level else { return };
        for before in 0..place {
            let other = self.rule(before);
            let Some(held) = other.level.as_ref().filter(|held| held.rank != level.rank) else {
                continue;
            };
            let together = self.periods_of(place).any(|period| period.rules.contains(&before));
            if together && self.implies(place, before) && self.implies(before, place) {
                let what = format!(
                    "contradicts rule {}: both fire for the same children, with level {} here and \
                     {} there",
                    other.id, level.code, held.code
                );
                let mend = "decide which level is right, and take the other out";
                self.say(Finding::fault(Place::Rule(place), what, mend));
            }
        }
    }

    /// The gravest purpose says that the threshold is met, which the level must say too.
    fn strategy_is_gravest(&mut self, place: usize) {
        let policy = self.policy;
        let (rule, Some(gravest)) = (self.rule(place), policy.levels.last()) else { return };
        let is_gravest = |rule: &Rule| rule.level.as_ref() == Some(gravest);
        if is_gravest(rule) || !policy.asks_for_strategy(rule) {
            return;
        }
        let in_force: Vec<Vec<&Expr>> = self
            .periods_of(place)
            .map(|period| {
                let rules = period.rules.iter().map(|place| &policy.rules[*place]);
                let rules = rules.filter(|rule| is_gravest(rule) && rule.unless.is_none());
                rules.map(|rule| &rule.when).collect()
            })
            .collect();
        for others in in_force {
            if let Possible::Yes(child) = self.can(&Place::Rule(place), &[&rule.when], &others) {
                let what = format!(
                    "contradicts itself: it says that the threshold is met, and the level that is \
                     suggested is not {}, for example where {}",
                    gravest.code,
                    in_words(self.table(), &child)
                );
                let mend = format!("give it level: \"{}\", or a lesser purpose", gravest.code);
                self.say(Finding::fault(Place::Rule(place), what, mend));
                return;
            }
        }
    }

    /// What works with the family's agreement must not get a child whose family must not know.
    fn family_would_know(&mut self, place: usize) {
        let (policy, rule) = (self.policy, self.rule(place));
        let agreed = |to: &To| match to {
            To::Team(id) => policy.teams.receivers.get(id).is_some_and(|team| team.needs_agreement),
            To::LocalityPanel => true,
            To::LocalityTeam | To::CaseTeam => false,
        };
        if !rule.targets.iter().any(|target| agreed(&target.to)) {
            return;
        }
        for silent in 0..policy.rules.len() {
            let other = self.rule(silent);
            if !other.marks.contains(&Mark::DoNotAlert) {
                continue;
            }
            let together = |period: &&Period| period.rules.contains(&silent);
            let ways: Vec<Vec<&Expr>> = self
                .periods_of(place)
                .filter(together)
                .map(|period| {
                    let mut ways = self.gives_way_to(place, period);
                    ways.extend(self.gives_way_to(silent, period));
                    ways
                })
                .collect();
            for ways in ways {
                if let Possible::Yes(child) =
                    self.can(&Place::Rule(place), &[&rule.when, &other.when], &ways)
                {
                    let what = format!(
                        "contradicts rule {}: it sends to a team that works with the family a \
                         child whose family must not know, for example where {}",
                        other.id,
                        in_words(self.table(), &child)
                    );
                    let mend = format!(
                        "let rule {} send to {} for {}, to which this one gives way",
                        other.id,
                        policy.teams.screening,
                        policy.screening.as_str()
                    );
                    self.say(Finding::fault(Place::Rule(place), what, mend));
                    break;
                }
            }
        }
    }

    fn says_more_than_others(&mut self, place: usize) {
        if let Some(others) = self.says_nothing_more(place) {
            let what = format!(
                "says nothing that is not said already: whenever it fires, {others} \
                                says as much"
            );
            let mend = "take it out, or let it say more";
            self.say(Finding::warning(Place::Rule(place), what, mend));
        } else if let Some(others) = self.level_in_vain(place) {
            let what = format!(
                "gives a level that never counts: whenever it fires, {others} gives \
                                a graver one"
            );
            let mend = "leave level out, or give a graver one";
            self.say(Finding::warning(Place::Rule(place), what, mend));
        }
    }

    /// The rules that say as much whenever this one fires, in every time in which it is in force.
    fn says_nothing_more(&mut self, place: usize) -> Option<String> {
        self.in_every_period(place, |review, other| {
            let (rule, over) = (review.rule(place), review.rule(other));
            if !review.says_as_much(rule, over) || !review.implies(place, other) {
                return false;
            }
            // Of two that say the same, the first is kept.
            other < place || !review.says_as_much(over, rule) || !review.implies(other, place)
        })
    }

    fn level_in_vain(&mut self, place: usize) -> Option<String> {
        let rank = self.rule(place).level.as_ref()?.rank;
        self.in_every_period(place, |review, other| {
            let other_rule = review.rule(other);
            let graver = other_rule.level.as_ref().is_some_and(|level| level.rank > rank);
            graver && other_rule.unless.is_none() && review.implies(place, other)
        })
    }

    /// The names of a rule of each time in which `place` is in force of which `holds` is true.
    fn in_every_period(
        &mut self,
        place: usize,
        mut holds: impl FnMut(&mut Self, usize) -> bool,
    ) -> Option<String> {
        let in_force: Vec<Vec<usize>> =
            self.periods_of(place).map(|period| period.rules.clone()).collect();
        let mut names: Vec<String> = Vec::new();
        for others in in_force {
            let found = others.into_iter().find(|other| *other != place && holds(self, *other))?;
            let name = format!("rule {}", self.rule(found).id);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then(|| names.join(" or "))
    }

    /// Whether `over` says at least what `rule` says, where both fire.
    fn says_as_much(&self, rule: &Rule, over: &Rule) -> bool {
        let policy = self.policy;
        let level = |rule: &Rule| rule.level.as_ref().map(|level| level.rank);
        let panel = |rule: &Rule| rule.targets.iter().any(|target| target.to == To::LocalityPanel);
        let sends = rule.targets.iter().all(|target| {
            over.targets.iter().any(|other| {
                other.to == target.to
                    && policy.gravity(&other.purpose) >= policy.gravity(&target.purpose)
            })
        });
        // Words noticed are named in the reason.
        let words = [crate::domain::facts::WORDS_NOTICED, crate::domain::facts::WORDS_NEGATED];
        let tells = |rule: &Rule, fact| rule.reads.contains(fact);
        level(over) >= level(rule)
            && sends
            && panel(over) <= panel(rule)
            && over.priority >= rule.priority
            && raised(policy, over) >= raised(policy, rule)
            && over.clock == rule.clock
            && (over.unless.is_none() || over.unless == rule.unless)
            && rule.tasks.iter().all(|task| over.tasks.contains(task))
            && rule.marks.iter().all(|mark| over.marks.contains(mark))
            && words.iter().all(|fact| !tells(rule, fact) || tells(over, fact))
    }
}
