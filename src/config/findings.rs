//! What is found out about a policy as a whole, with the lines that it is about.

use super::fault::Fault;
use super::source::Source;
use super::thresholds::{Context, File, line};
use crate::threshold::review::{Decided, Finding, Place, review};
use crate::threshold::{NeverHeld, Policy};

/// Adds the faults, and returns the warnings and how much was decided.
pub(super) fn find(
    source: &Source,
    file: &File,
    context: &Context<'_>,
    policy: &Policy,
    never_held: &NeverHeld,
    faults: &mut Vec<Fault>,
) -> (Vec<Fault>, Decided) {
    let by_people = context.teams.iter().filter(|(_, team)| team.reached_by_people);
    let by_people = by_people.map(|(id, _)| id.clone()).collect();
    let (findings, decided) = review(policy, never_held, &by_people);
    let (warnings, wrong): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|found| found.warns);
    let place = |found: Finding| placed(source, file, context, found);
    faults.extend(wrong.into_iter().map(place));
    (warnings.into_iter().map(place).collect(), decided)
}

fn placed(source: &Source, file: &File, context: &Context<'_>, found: Finding) -> Fault {
    let Finding { place, what, mend, .. } = found;
    let lanes = &file.never_held.own_lane;
    match place {
        Place::Rule(rule) => {
            let id = &file.rules[rule].id;
            source.fault(line(id), format!("rule {} {what}", id.value), mend)
        }
        Place::Example(rule, example) => {
            let entry = &file.rules[rule];
            let at = line(&entry.examples[example].story);
            source.fault(at, format!("an example of rule {} {what}", entry.id.value), mend)
        }
        Place::NeverHeld => {
            source.fault(line(&file.never_held.strategy), format!("never_held: {what}"), mend)
        }
        Place::Lane(lane) => source.fault(line(&lanes[lane].indicator), what, mend),
        Place::NoRule(one) => source.fault(line(&file.never_held.no_rule[one].concern), what, mend),
        Place::Level(code) => {
            let entry = file.levels.iter().find(|entry| entry.code.value == code);
            source.fault(entry.map_or(0, |entry| line(&entry.code)), what, mend)
        }
        Place::Destination(id) => {
            let destinations = context.destinations;
            destinations.fault(destinations.line_of(&format!("id = \"{id}\"")), what, mend)
        }
    }
}
