//! Replay: a stored referral decided again, under the policy in use and under another one, from the
//! same document and the same history. Nothing is written, and nothing personal is told of it.

use super::judge::{decide_both, from_json, open};
use super::otherwise::{Otherwise, otherwise};
use super::rows::Decided;
use crate::domain::{Decision, Referral, Timestamp};
use crate::store::ReferralRow;
use crate::store::error::Result;
use crate::store::keys::KeyRing;
use crate::threshold::Policy;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Two policies to decide stored referrals by.
pub struct Replay {
    ring: KeyRing,
    in_use: Policy,
    other: Policy,
}

/// One referral decided by both.
#[derive(Debug)]
pub struct Replayed {
    /// Under the policy in use.
    pub before: Decision,
    /// Under the other one.
    pub after: Decision,
    /// As it stands in the store: it may have been decided by an earlier policy, raised by what was
    /// added, or lowered by a person.
    pub stored: Decision,
    /// Whether what was known when it was decided is kept; otherwise nothing was known to either.
    pub history_kept: bool,
}

impl Replay {
    /// `in_force` is the day whose rules the other policy decides by; without it those of the day
    /// of receipt, as the policy in use does.
    pub fn new(ring: KeyRing, in_use: Policy, other: Policy, in_force: Option<Date>) -> Self {
        let other = match in_force {
            Some(day) => always_as_on(other, day),
            None => other,
        };
        Replay { ring, in_use, other }
    }

    /// Decides many, in order, on as many threads as there are processors.
    pub fn decide_all(&self, rows: &[ReferralRow]) -> Vec<Result<Replayed>> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let part = rows.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let decide = |rows: &'_ [ReferralRow]| -> Vec<Result<Replayed>> {
                rows.iter().map(|row| self.decide(row)).collect()
            };
            let parts: Vec<_> =
                rows.chunks(part).map(|rows| scope.spawn(move || decide(rows))).collect();
            let done = parts.into_iter().map(|part| part.join());
            done.flat_map(|part| part.expect("what panics is caught in each")).collect()
        })
    }

    /// Decides a referral by both. An error is that it cannot be opened.
    pub fn decide(&self, row: &ReferralRow) -> Result<Replayed> {
        let dossier = open(&self.ring, row.id, &row.record)?;
        let (referral, _) = Referral::read(from_json(&dossier.canonical)?);
        let Decided { full: stored, made, .. } = from_json(&dossier.decision)?;
        let (at, read_at) = made
            .as_ref()
            .map_or((row.received_at, row.received_at), |made| (made.at, made.read_at));
        let history = made.as_ref().map_or(&[][..], |made| &made.history);
        let decide = |policy: &Policy| {
            let facts = policy.reader.read(&referral, read_at);
            decide_both(policy, &facts, history, at).1
        };
        let (before, after) = (decide(&self.in_use), decide(&self.other));
        Ok(Replayed { before, after, stored, history_kept: made.is_some() })
    }
}

impl Replayed {
    /// What would be otherwise; `None` where nothing is. Of children whose records are `restricted`
    /// now no more is told than that.
    pub fn otherwise(&self, restricted: &BTreeSet<u16>) -> Option<Otherwise> {
        if restricted.is_empty() {
            return otherwise(&self.before, &self.after);
        }
        let close = |decision: &Decision| {
            let mut decision = decision.clone();
            decision.restrict(restricted);
            decision
        };
        otherwise(&close(&self.before), &close(&self.after))
    }

    /// Whether anything that is known of the children may be told by what is otherwise.
    pub fn rests_on_history(&self) -> bool {
        let children = self.before.children.iter().chain(&self.after.children);
        children.flat_map(|child| &child.reasons).any(|reason| reason.history)
    }

    /// Whether the policy in use decides today what is stored.
    pub fn is_as_stored(&self) -> bool {
        let told = |decision: &Decision| {
            let routes = decision.routes.iter().map(|route| {
                let due_at = to_the_millisecond(route.due_at);
                (route.destination.clone(), route.purpose.clone(), route.priority, due_at)
            });
            let children = decision.children.iter();
            let children = children.map(|child| (child.index, child.level.rank, child.priority));
            (decision.level.rank, children.collect::<Vec<_>>(), routes.collect::<BTreeSet<_>>())
        };
        told(&self.before) == told(&self.stored)
    }
}

/// As JSON keeps a time.
fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(1_000))
}

/// The policy whose rules are, on every day, those that are in force on one.
fn always_as_on(mut policy: Policy, day: Date) -> Policy {
    policy.rules.retain(|rule| rule.in_force(day));
    for rule in &mut policy.rules {
        (rule.from, rule.until) = (None, None);
    }
    policy
}
