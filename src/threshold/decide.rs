//! From facts to a decision.

use super::merge::{add_reason, add_route, whole};
use super::policy::{Policy, Receiver, Rule, Target, To, standing};
use crate::domain::facts::{self, FactId, Facts, Role};
use crate::domain::working_days::Duration;
use crate::domain::{
    ChildDecision, ChildHistory, Decision, DestinationId, Level, LinkState, Priority, Purpose,
    Reason, Referral, Route, RuleId, Timestamp,
};
use jiff::civil::Date;

/// The decision on the submission with what is known of its children. `history` has one entry for
/// each child, in order; it is empty where nothing is known of any.
pub fn decide(
    policy: &Policy,
    referral: &Referral,
    history: &[ChildHistory],
    received_at: Timestamp,
) -> Decision {
    decide_facts(policy, &policy.reader.read(referral, received_at), history, received_at)
}

/// The decision on the submission alone: all that its sender may learn (invariant 6).
pub fn decide_for_receipt(
    policy: &Policy,
    referral: &Referral,
    received_at: Timestamp,
) -> Decision {
    decide(policy, referral, &[], received_at)
}

/// As [`decide`], from facts that were read already ([`facts::Reader::read`]).
pub fn decide_facts(
    policy: &Policy,
    children: &[Facts],
    history: &[ChildHistory],
    received_at: Timestamp,
) -> Decision {
    if children.is_empty() {
        return policy.fallback(0, received_at, "the submission names no child");
    }
    let day = policy.reader.day(received_at);
    let rules: Vec<&Rule> = policy.rules.iter().filter(|rule| rule.in_force(day)).collect();
    let nothing_known = ChildHistory::default();
    let decided = children.iter().enumerate().map(|(index, alone)| {
        let known = history.get(index).unwrap_or(&nothing_known);
        let facts = policy.reader.with_history(*alone, known);
        let child = u16::try_from(index).unwrap_or(u16::MAX);
        OneChild { policy, facts, known, received_at, child }.decide(&rules)
    });
    let mut decision = whole(policy, decided.collect(), received_at);
    if !history.is_empty() && history.len() != children.len() {
        let fault = "what is known of the children could not be matched to them";
        let fallback = policy.fallback(children.len(), received_at, fault);
        decision = super::raise(policy, &decision, fallback);
    }
    decision
}

/// The decision on one child of these facts, received on that day, as an example has it: facts from
/// the record are among them, and no case of the child is held by a team.
pub(super) fn decide_example(policy: &Policy, facts: Facts, day: Date) -> ChildDecision {
    let rules: Vec<&Rule> = policy.rules.iter().filter(|rule| rule.in_force(day)).collect();
    let known = ChildHistory::default();
    let received_at = Timestamp::parse(&format!("{day}T12:00:00Z")).unwrap_or(Timestamp(0));
    OneChild { policy, facts, known: &known, received_at, child: 0 }.decide(&rules)
}

impl Policy {
    /// Where a referral goes when deciding failed: to the screening team, urgent, as grave as can
    /// be until a person says otherwise. `failure` goes on record and holds no personal data.
    pub fn fallback(&self, children: usize, received_at: Timestamp, failure: &str) -> Decision {
        let known = ChildHistory::default();
        let facts = self.reader.table().nothing();
        let decided = (0..children.max(1)).map(|index| {
            let child = u16::try_from(index).unwrap_or(u16::MAX);
            let one = OneChild { policy: self, facts, known: &known, received_at, child };
            let level = self.levels.last().unwrap_or(&self.floor).clone();
            let mut draft = Draft { level, priority: Priority::Urgent, ..one.draft() };
            one.note(&mut draft, standing::FAILURE);
            let rule = RuleId::new(standing::FAILURE);
            one.screen(&mut draft, &self.screening, rule);
            one.finish(draft)
        });
        let mut decision = whole(self, decided.collect(), received_at);
        if children == 0 {
            decision.children.clear();
            decision.routes.iter_mut().for_each(|route| route.children.clear());
        }
        decision.failure = Some(failure.to_owned());
        decision
    }
}

impl Policy {
    /// When a destination must have acted that is sent something at `from`: the soonest of the
    /// clocks that apply, so that more urgency never lengthens one.
    pub fn due(
        &self,
        to: &DestinationId,
        priority: Priority,
        rule: Option<Duration>,
        from: Timestamp,
    ) -> Timestamp {
        let due = |duration| self.calendar.due(from, duration);
        let own = self.teams.receivers.get(to).map(|receiver| receiver.clock);
        let is_screening = *to == self.teams.screening;
        let elapsed = match priority {
            Priority::Standard => None,
            Priority::Urgent => Some(self.clocks.urgent),
            Priority::Immediate => Some(self.clocks.immediate),
        };
        // A rule's own clock stands for the destination's, except before the screening team.
        let standard = if is_screening { own } else { rule.or(own) };
        let clocks = [standard, rule, elapsed.map(|minutes| Duration::Elapsed { minutes })];
        let soonest = clocks.into_iter().flatten().map(due).min();
        soonest.unwrap_or_else(|| due(Duration::EndOfNextWorkingDay))
    }
}

/// One child under decision.
struct OneChild<'a> {
    policy: &'a Policy,
    facts: Facts,
    known: &'a ChildHistory,
    received_at: Timestamp,
    child: u16,
}

struct Draft {
    level: Level,
    priority: Priority,
    routes: Vec<Route>,
    reasons: Vec<Reason>,
}

impl OneChild<'_> {
    fn draft(&self) -> Draft {
        let level = self.policy.floor.clone();
        Draft { level, priority: Priority::Standard, routes: Vec::new(), reasons: Vec::new() }
    }

    /// First the rules that stand by themselves, then those that give way to a graver case.
    fn decide(&self, rules: &[&Rule]) -> ChildDecision {
        let mut draft = self.draft();
        let holds = |rule: &&Rule| rule.when.holds(&self.facts);
        let (first, yielding): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().copied().filter(holds).partition(|rule| rule.unless.is_none());
        let mut fired = Vec::with_capacity(first.len());
        for rule in first {
            self.raise(&mut draft, rule);
            fired.push(rule);
        }
        let (level, priority) = (draft.level.rank, draft.priority);
        let screened = fired.iter().any(|rule| self.policy.screens(rule));
        for rule in yielding {
            let passed_over = rule.unless.as_ref().is_some_and(|unless| {
                let graver = level >= unless.level_at_least.rank;
                graver || priority >= unless.priority_at_least || screened
            });
            if !passed_over {
                self.raise(&mut draft, rule);
                fired.push(rule);
            }
        }
        for rule in fired {
            draft.reasons.push(self.reason(rule));
            self.send_all(&mut draft, rule);
        }
        if draft.routes.is_empty() {
            self.note(&mut draft, standing::UNCLEAR);
            self.screen(&mut draft, &self.policy.screening, RuleId::new(standing::UNCLEAR));
        }
        self.finish(draft)
    }

    /// A fact that only selects a team raises neither level nor priority of the case.
    fn raise(&self, draft: &mut Draft, rule: &Rule) {
        if let Some(level) = rule.level.as_ref().filter(|level| level.rank > draft.level.rank) {
            draft.level = level.clone();
        }
        if !self.policy.reads(rule, Role::Team) {
            draft.priority = draft.priority.max(rule.priority);
        }
    }

    /// Where a rule's panel cannot be had, nobody else learns of what no panel has.
    fn send_all(&self, draft: &mut Draft, rule: &Rule) {
        let receives = |to: &To| self.team(to).and_then(|id| self.receiver(id));
        let panel = rule.targets.iter().find(|target| target.to == To::LocalityPanel);
        let lacking = panel.filter(|panel| !receives(&panel.to).is_some_and(|team| team.open));
        for target in &rule.targets {
            let screening = target.to == To::Team(self.policy.teams.screening.clone());
            if lacking.is_none_or(|panel| panel == target || screening) {
                self.send(draft, rule, target);
            }
        }
    }

    fn receiver(&self, id: &DestinationId) -> Option<&Receiver> {
        self.policy.teams.receivers.get(id)
    }

    fn send(&self, draft: &mut Draft, rule: &Rule, target: &Target) {
        let team = self.team(&target.to);
        let receiver = team.and_then(|id| self.receiver(id));
        match (team, receiver) {
            (Some(id), Some(receiver)) if receiver.open => {
                let priority = rule.priority.min(draft.priority);
                let due_at = self.policy.due(id, priority, rule.clock, self.received_at);
                let route = self.route(id, &target.purpose, priority, due_at, rule.id.clone());
                add_route(self.policy, &mut draft.routes, route);
            }
            (Some(_), Some(_)) => self.instead(draft, standing::CLOSED, rule),
            _ => self.instead(draft, standing::NO_TEAM, rule),
        }
    }

    /// What cannot reach its team is screened.
    fn instead(&self, draft: &mut Draft, why: &'static str, rule: &Rule) {
        self.note(draft, why);
        self.screen(draft, &self.policy.screening, rule.id.clone());
    }

    fn team<'t>(&'t self, to: &'t To) -> Option<&'t DestinationId> {
        let teams = &self.policy.teams;
        let locality = || self.policy.reader.locality_of(&self.facts);
        match to {
            To::Team(id) => Some(id),
            To::LocalityPanel => teams.panels.get(locality()?),
            To::LocalityTeam => teams.locality_teams.get(locality()?),
            To::CaseTeam if self.known.link == LinkState::Linked => {
                // That it holds a case is history, which only social work under statute may see.
                let held = self.known.case_team.as_ref().and_then(|team| teams.named(team));
                held.filter(|id| self.receiver(id).is_some_and(|team| team.statutory))
            }
            To::CaseTeam => None,
        }
    }

    fn screen(&self, draft: &mut Draft, purpose: &Purpose, rule: RuleId) {
        let id = &self.policy.teams.screening;
        let due_at = self.policy.due(id, draft.priority, None, self.received_at);
        let route = self.route(id, purpose, draft.priority, due_at, rule);
        add_route(self.policy, &mut draft.routes, route);
    }

    /// Puts the child before the screening team, whatever else was decided, with the priority of
    /// the whole case; and before those who are awake when that team is not.
    fn finish(&self, mut draft: Draft) -> ChildDecision {
        let policy = self.policy;
        let teams = &policy.teams;
        let place = draft.routes.iter().position(|route| route.destination == teams.screening);
        let rule = match place {
            Some(place) => draft.routes[place].rules[0].clone(),
            None => {
                self.note(&mut draft, standing::CONFIRMATION);
                RuleId::new(standing::CONFIRMATION)
            }
        };
        self.screen(&mut draft, &policy.confirmation, rule);
        let urgent = draft.priority >= Priority::Urgent;
        if urgent && !teams.hours.staffed(&policy.calendar, self.received_at) {
            let screened = draft.routes.iter().find(|route| route.destination == teams.screening);
            if let Some(mut route) = screened.cloned() {
                route.destination = teams.out_of_hours.clone();
                route.rules = vec![RuleId::new(standing::OUT_OF_HOURS)];
                self.note(&mut draft, standing::OUT_OF_HOURS);
                add_route(policy, &mut draft.routes, route);
            }
        }
        ChildDecision {
            index: self.child,
            level: draft.level,
            priority: draft.priority,
            routes: draft.routes,
            reasons: draft.reasons,
        }
    }

    fn route(
        &self,
        to: &DestinationId,
        purpose: &Purpose,
        priority: Priority,
        due_at: Timestamp,
        rule: RuleId,
    ) -> Route {
        Route {
            destination: to.clone(),
            purpose: purpose.clone(),
            priority,
            due_at,
            rules: vec![rule],
            children: vec![self.child],
        }
    }

    fn reason(&self, rule: &Rule) -> Reason {
        let mut why = rule.why.clone();
        for fact in [facts::WORDS_NOTICED, facts::WORDS_NEGATED] {
            if rule.reads.contains(&fact) {
                self.name_words(&mut why, fact);
            }
        }
        let history = self.policy.reads(rule, Role::History);
        // A rule on how sure it is who the child is speaks of that alone. Nor does the address tell
        // of anybody whom the child may be.
        let table = self.policy.reader.table();
        let address = facts::ADDRESS_CONTACTS_12M;
        let tells = |fact: &FactId| table.fact(*fact).role == Role::History && *fact != address;
        let of_someone = rule.reads.iter().any(tells) && !rule.reads.contains(&facts::LINK);
        let unreviewed = of_someone && self.known.link == LinkState::Possible;
        let (basis, tasks) = (rule.basis.clone(), rule.tasks.clone());
        // Also how sure it is who the child is: the rule tells of the record that it found.
        let of_household = facts::OF_HOUSEHOLD.iter().any(|fact| rule.reads.contains(fact));
        let closed = self.known.restricted
            || (of_household && self.known.household_restricted)
            || (rule.reads.contains(&address) && self.known.address_restricted);
        let restricted = history && closed;
        Reason { rule: rule.id.clone(), basis, why, tasks, history, unreviewed, restricted }
    }

    /// Names the topics, never the sender's words.
    fn name_words(&self, why: &mut String, fact: FactId) {
        let names = &self.policy.reader.table().fact(fact).values;
        let found = (0_u32..).zip(names).filter(|(bit, _)| self.facts.mask(fact) >> bit & 1 == 1);
        let found: Vec<&str> = found.map(|(_, name)| name.as_str()).collect();
        why.push_str(" Words noticed: ");
        why.push_str(&found.join(", "));
        why.push('.');
    }

    fn note(&self, draft: &mut Draft, id: &'static str) {
        let note = self.policy.standing.get(id);
        let text = |of: fn(&super::Note) -> &String| note.map(of).cloned().unwrap_or_default();
        let (basis, why) = (text(|note| &note.basis), text(|note| &note.why));
        let (rule, tasks) = (RuleId::new(id), Vec::new());
        let (history, unreviewed, restricted) = (false, false, false);
        let reason = Reason { rule, basis, why, tasks, history, unreviewed, restricted };
        add_reason(&mut draft.reasons, reason);
    }
}
