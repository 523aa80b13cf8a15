//! Putting decisions together so that nothing is ever taken back: history and later information
//! add destinations, raise levels and shorten clocks (invariant 6).

use super::policy::{Note, Policy, standing};
use crate::domain::{ChildDecision, Decision, Reason, Route, RuleId, Timestamp};

/// The decision to route by: all of the one on the submission alone, and what history adds.
pub fn merge(policy: &Policy, alone: &Decision, with_history: Decision) -> Decision {
    raise(policy, alone, with_history)
}

/// The decision after something was added to a referral: it only rises above `previous`.
pub fn raise(policy: &Policy, previous: &Decision, new: Decision) -> Decision {
    let mut children = new.children;
    for earlier in &previous.children {
        match children.iter_mut().find(|child| child.index == earlier.index) {
            Some(child) => raise_child(policy, child, earlier),
            None => children.push(earlier.clone()),
        }
    }
    children.sort_by_key(|child| child.index);
    let mut routes = new.routes;
    for route in &previous.routes {
        add_route(policy, &mut routes, route.clone());
    }
    Decision {
        children,
        routes,
        priority: new.priority.max(previous.priority),
        level: if previous.level.rank > new.level.rank {
            previous.level.clone()
        } else {
            new.level
        },
        respond_by: new.respond_by.min(previous.respond_by),
        policy_hash: new.policy_hash,
        failure: new.failure.or_else(|| previous.failure.clone()),
    }
}

/// What stands of `previous` when a history it rested on was wrong; `right` is the decision without
/// it. Level, priority, clocks and destinations stay until a person confirms what is lower; reasons
/// that came from that history go.
pub fn keep(policy: &Policy, previous: &Decision, right: &Decision) -> Decision {
    let mut kept = previous.clone();
    for child in &mut kept.children {
        let other = right.children.iter().find(|other| other.index == child.index);
        let still = |rule| other.and_then(|other| other.reasons.iter().find(|r| r.rule == rule));
        let reasons = std::mem::take(&mut child.reasons).into_iter();
        let reasons = reasons.filter_map(|reason| match still(reason.rule.clone()) {
            Some(still) => Some(still.clone()),
            None => (!reason.history).then_some(reason),
        });
        child.reasons = reasons.collect();
        if other.is_none_or(|other| is_lower_child(policy, child, other)) {
            let id = standing::WITHDRAWN;
            let note = policy.standing.get(id);
            let text = |of: fn(&Note) -> &String| note.map(of).cloned().unwrap_or_default();
            let (basis, why) = (text(|note| &note.basis), text(|note| &note.why));
            let rule = RuleId::new(id);
            let (tasks, history) = (Vec::new(), true);
            let (unreviewed, restricted) = (false, false);
            let reason = Reason { rule, basis, why, tasks, history, unreviewed, restricted };
            add_reason(&mut child.reasons, reason);
        }
        let routes = other.map_or(&[][..], |other| &other.routes);
        forget_rules(&mut child.routes, &child.reasons, routes);
    }
    let reasons: Vec<Reason> =
        kept.children.iter().flat_map(|child| child.reasons.iter().cloned()).collect();
    forget_rules(&mut kept.routes, &reasons, &right.routes);
    kept.policy_hash.clone_from(&right.policy_hash);
    kept
}

/// Leaves the rules of which there is a reason; where none is left, those that are `right`.
fn forget_rules(routes: &mut [Route], reasons: &[Reason], right: &[Route]) {
    for route in routes {
        route.rules.retain(|rule| reasons.iter().any(|reason| reason.rule == *rule));
        if route.rules.is_empty() {
            let still = right.iter().find(|other| other.destination == route.destination);
            let withdrawn = || vec![RuleId::new(standing::WITHDRAWN)];
            route.rules = still.map_or_else(withdrawn, |still| still.rules.clone());
        }
    }
}

/// Whether one decision is lower than another in a level, a priority, a clock, or a destination
/// and what it is sent there for.
pub fn is_lower(policy: &Policy, than: &Decision, decision: &Decision) -> bool {
    let child = |child: &ChildDecision| {
        let other = decision.children.iter().find(|other| other.index == child.index);
        other.is_none_or(|other| is_lower_child(policy, child, other))
    };
    decision.level.rank < than.level.rank
        || decision.priority < than.priority
        || decision.respond_by > than.respond_by
        || has_less(policy, &than.routes, &decision.routes)
        || than.children.iter().any(child)
}

/// The same of one child.
pub fn is_lower_child(policy: &Policy, than: &ChildDecision, child: &ChildDecision) -> bool {
    child.level.rank < than.level.rank
        || child.priority < than.priority
        || has_less(policy, &than.routes, &child.routes)
}

/// Whether a destination is gone, or has less urgency, more time or a less grave purpose.
fn has_less(policy: &Policy, than: &[Route], routes: &[Route]) -> bool {
    than.iter().any(|route| {
        let same = |other: &&Route| other.destination == route.destination;
        routes.iter().find(same).is_none_or(|other| {
            other.priority < route.priority
                || other.due_at > route.due_at
                || policy.gravity(&other.purpose) < policy.gravity(&route.purpose)
        })
    })
}

fn raise_child(policy: &Policy, child: &mut ChildDecision, earlier: &ChildDecision) {
    if earlier.level.rank > child.level.rank {
        child.level = earlier.level.clone();
    }
    child.priority = child.priority.max(earlier.priority);
    for route in &earlier.routes {
        add_route(policy, &mut child.routes, route.clone());
    }
    for reason in &earlier.reasons {
        add_reason(&mut child.reasons, reason.clone());
    }
}

/// Adds a route; of one destination the highest priority, the earliest time and the gravest
/// purpose hold.
pub fn add_route(policy: &Policy, routes: &mut Vec<Route>, new: Route) {
    let Some(held) = routes.iter_mut().find(|route| route.destination == new.destination) else {
        routes.push(new);
        return;
    };
    held.priority = held.priority.max(new.priority);
    held.due_at = held.due_at.min(new.due_at);
    if policy.gravity(&new.purpose) > policy.gravity(&held.purpose) {
        held.purpose = new.purpose;
    }
    for rule in new.rules {
        if !held.rules.contains(&rule) {
            held.rules.push(rule);
        }
    }
    for child in new.children {
        if !held.children.contains(&child) {
            held.children.push(child);
        }
    }
}

pub(super) fn add_reason(reasons: &mut Vec<Reason>, new: Reason) {
    if !reasons.iter().any(|held| held.rule == new.rule) {
        reasons.push(new);
    }
}

/// The decision on a household from those on its children: one route for each destination. There
/// is at least one child.
pub(super) fn whole(
    policy: &Policy,
    children: Vec<ChildDecision>,
    received_at: Timestamp,
) -> Decision {
    let mut routes: Vec<Route> = Vec::new();
    let mut level = &policy.floor;
    for child in &children {
        for route in &child.routes {
            add_route(policy, &mut routes, route.clone());
        }
        if child.level.rank > level.rank {
            level = &child.level;
        }
    }
    let screening = &policy.teams.screening;
    let screened = routes.iter().filter(|route| route.destination == *screening);
    Decision {
        priority: children.iter().map(|child| child.priority).max().unwrap_or_default(),
        level: level.clone(),
        respond_by: screened.map(|route| route.due_at).min().unwrap_or(received_at),
        policy_hash: policy.hash.clone(),
        failure: None,
        routes,
        children,
    }
}
