//! What is in order in several files together, and still leaves something undone.

use super::Team;
use super::fault::Fault;
use super::source::Source;
use crate::completeness::Scorer;
use crate::domain::DestinationId;
use crate::domain::facts::{FactId, Table};
use crate::routing::Routing;
use crate::threshold::Policy;
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

/// Facts that are read from each referral and say nothing to anyone.
pub(super) fn unread_facts(
    source: &Source,
    table: &Table,
    policy: &Policy,
    routing: &Routing,
    scorer: &Scorer,
) -> Option<Fault> {
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
