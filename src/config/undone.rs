//! What is in order in several files together, and still leaves something undone.

use super::Team;
use super::fault::Fault;
use super::source::Source;
use super::thresholds::Read;
use crate::completeness::Scorer;
use crate::domain::facts::{FactId, Table};
use crate::domain::{DestinationId, Purpose};
use crate::threshold::{Outcomes, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody is named for restricted records.
pub(super) fn restricted(source: &Source, teams: &BTreeMap<DestinationId, Team>) -> Option<Fault> {
    let mut teams = teams.values().map(|team| &team.destination);
    let named = teams.any(|team| team.restricted && team.statutory);
    let what = "no team is named for restricted records, so nobody can be asked what is known from \
                one, or say whose it is";
    let mend = "give a destination that is statutory restricted = true: see docs/restricted.md";
    (!named).then(|| source.fault(0, what, mend))
}

/// What is found out about the policy, and what nothing else in the folder makes use of.
pub(super) fn all(
    source: &Source,
    table: &Table,
    decides: &Read,
    scorer: &Scorer,
    outcomes: &Outcomes,
) -> Vec<Fault> {
    let mut all = decides.warnings.clone();
    all.extend(unread_facts(source, table, decides, scorer));
    all.extend(unused_purposes(source, &decides.policy, outcomes));
    all
}

/// Facts that are read from each referral and say nothing to anyone.
fn unread_facts(source: &Source, table: &Table, decides: &Read, scorer: &Scorer) -> Option<Fault> {
    let Read { policy, routing, .. } = decides;
    let mut read: BTreeSet<FactId> = BTreeSet::new();
    policy.rules.iter().for_each(|rule| read.extend(rule.facts_read()));
    routing.advice.iter().for_each(|advice| read.extend(advice.when.reads()));
    let applies = scorer.items().iter().filter_map(|item| item.applies.as_ref());
    applies.for_each(|applies| read.extend(applies.reads()));
    let facts = (0_u8..).zip(table.facts());
    let unread = facts.filter(|(place, _)| !read.contains(&FactId(*place)));
    let names: Vec<&str> = unread.map(|(_, fact)| fact.name).collect();
    let what = format!("no rule, advice or item of completeness reads {}", names.join(", "));
    let mend = "let a rule read it, if what it says should count";
    (!names.is_empty()).then(|| source.fault(0, what, mend))
}

/// Purposes that neither a rule nor an outcome gives, nor the policy itself.
fn unused_purposes(source: &Source, policy: &Policy, outcomes: &Outcomes) -> Option<Fault> {
    let by_rules = policy.rules.iter().flat_map(|rule| &rule.targets).map(|target| &target.purpose);
    let sends = outcomes.outcomes.values().filter_map(|outcome| outcome.sends.as_ref());
    let used = by_rules.chain(sends.map(|sends| &sends.purpose));
    let used: BTreeSet<&Purpose> = used.chain([&policy.confirmation, &policy.screening]).collect();
    let unused = policy.purposes.iter().filter(|purpose| !used.contains(purpose));
    let names: Vec<&str> = unused.map(Purpose::as_str).collect();
    let what = format!("neither a rule nor an outcome gives purpose {}", names.join(", "));
    let mend = "let one give it, or take it out";
    (!names.is_empty()).then(|| source.fault(source.line_of("purposes:"), what, mend))
}
