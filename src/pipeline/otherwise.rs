//! What two decisions on one referral differ in, child by child: level, priority, destinations with
//! their clocks, and the rules that fire in one of them only. Codes, ids and a policy's own words;
//! nothing of what was sent.

use crate::domain::{
    ChildDecision, Decision, DestinationId, Level, Priority, Purpose, Reason, Route, RuleId,
    Timestamp,
};
use serde::Serialize;

/// What would be otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Otherwise {
    pub children: Vec<ChildOtherwise>,
    #[serde(skip)]
    pub how: How,
}

/// In what ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// A child's level or priority is greater.
    pub raised: bool,
    /// One is less.
    pub lowered: bool,
    /// A destination more or fewer, or for another purpose.
    pub routed_elsewhere: bool,
    /// A destination's clock is another.
    pub timed_otherwise: bool,
    /// Other rules fire.
    pub other_rules: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChildOtherwise {
    /// Index into `children` of the submission; absent where it named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u16>,
    pub level: Change<String>,
    pub priority: Change<Priority>,
    /// Those that are otherwise.
    pub destinations: Vec<DestinationOtherwise>,
    pub rules_gained: Vec<RuleTold>,
    pub rules_lost: Vec<RuleTold>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    pub before: T,
    pub after: T,
}

/// One destination, where it is sent to under only one policy, or otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DestinationOtherwise {
    pub id: DestinationId,
    pub before: Option<RouteTold>,
    pub after: Option<RouteTold>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteTold {
    pub purpose: Purpose,
    pub priority: Priority,
    pub due_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTold {
    pub rule: RuleId,
    pub why: String,
}

/// A child's part of a decision; of a referral that names no child, all of it.
struct Part<'a> {
    index: Option<u16>,
    level: &'a Level,
    priority: Priority,
    routes: &'a [Route],
    reasons: &'a [Reason],
}

fn parts(decision: &Decision) -> Vec<Part<'_>> {
    if decision.children.is_empty() {
        let Decision { level, priority, routes, .. } = decision;
        return vec![Part { index: None, level, priority: *priority, routes, reasons: &[] }];
    }
    decision.children.iter().map(part).collect()
}

fn part(child: &ChildDecision) -> Part<'_> {
    let ChildDecision { index, level, priority, routes, reasons } = child;
    Part { index: Some(*index), level, priority: *priority, routes, reasons }
}

/// What `after` has otherwise than `before`; both are decisions on the same children.
pub(super) fn otherwise(before: &Decision, after: &Decision) -> Option<Otherwise> {
    let mut how = How::default();
    let (before, after) = (parts(before), parts(after));
    let pairs = before.iter().zip(&after);
    let children: Vec<_> = pairs.filter_map(|(one, other)| child(one, other, &mut how)).collect();
    (!children.is_empty()).then_some(Otherwise { children, how })
}

fn child(before: &Part<'_>, after: &Part<'_>, how: &mut How) -> Option<ChildOtherwise> {
    let one = ChildOtherwise {
        index: before.index,
        level: Change { before: before.level.code.clone(), after: after.level.code.clone() },
        priority: Change { before: before.priority, after: after.priority },
        destinations: destinations(before.routes, after.routes, how),
        rules_gained: only(after.reasons, before.reasons),
        rules_lost: only(before.reasons, after.reasons),
    };
    let (was, is) = (before.level.rank, after.level.rank);
    how.raised |= is > was || after.priority > before.priority;
    how.lowered |= is < was || after.priority < before.priority;
    let other_rules = !one.rules_gained.is_empty() || !one.rules_lost.is_empty();
    how.other_rules |= other_rules;
    let same = was == is
        && one.level.before == one.level.after
        && before.priority == after.priority
        && one.destinations.is_empty()
        && !other_rules;
    (!same).then_some(one)
}

fn destinations(before: &[Route], after: &[Route], how: &mut How) -> Vec<DestinationOtherwise> {
    let told = |route: &Route| RouteTold {
        purpose: route.purpose.clone(),
        priority: route.priority,
        due_at: route.due_at,
    };
    let at = |routes: &[Route], id: &DestinationId| {
        routes.iter().find(|route| route.destination == *id).map(told)
    };
    let mut ids: Vec<&DestinationId> =
        before.iter().chain(after).map(|route| &route.destination).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut all = Vec::new();
    for id in ids {
        let (before, after) = (at(before, id), at(after, id));
        if before == after {
            continue;
        }
        let purpose = |route: &Option<RouteTold>| route.as_ref().map(|one| one.purpose.clone());
        how.routed_elsewhere |= purpose(&before) != purpose(&after);
        if let (Some(before), Some(after)) = (&before, &after) {
            how.timed_otherwise |= before.due_at != after.due_at;
        }
        all.push(DestinationOtherwise { id: id.clone(), before, after });
    }
    all
}

/// The rules that fired here and not there. Of one that tells of a restricted record no more is
/// said than that there is one.
fn only(here: &[Reason], there: &[Reason]) -> Vec<RuleTold> {
    let mut told: Vec<RuleTold> = Vec::new();
    for reason in here {
        if there.iter().any(|other| other.rule == reason.rule) {
            continue;
        }
        let closed = reason.restricted.then(Reason::of_restricted);
        let Reason { rule, why, .. } = closed.as_ref().unwrap_or(reason);
        if told.iter().all(|other| other.rule != *rule) {
            told.push(RuleTold { rule: rule.clone(), why: why.clone() });
        }
    }
    told
}
