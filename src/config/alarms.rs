//! When how agencies refer is out of the ordinary: `[alarms]` of `agencies.toml`.

use super::Team;
use super::fault::Fault;
use super::source::Source;
use crate::domain::alarms::{AlarmRules, PrivateFostering};
use crate::domain::{Alerting, DestinationId, RoleId};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmsEntry {
    told: Option<Spanned<String>>,
    silence_weeks: Option<Spanned<u32>>,
    refused_percent: Option<Spanned<u32>>,
    private_fostering: Option<PrivateFosteringEntry>,
    second_look_days: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivateFosteringEntry {
    destination: Spanned<String>,
    months: Spanned<u32>,
}

/// What `[alarms]` says, held against whom the authority has.
pub(super) fn read(
    source: &Source,
    entry: &AlarmsEntry,
    teams: &BTreeMap<DestinationId, Team>,
    alerting: &Alerting,
    faults: &mut Vec<Fault>,
) -> AlarmRules {
    let usual = AlarmRules::default();
    let mut within = |stated: Option<&Spanned<u32>>, usual, range: RangeInclusive<u32>| {
        let Some(stated) = stated else { return usual };
        if !range.contains(stated.get_ref()) {
            let (least, most) = (range.start(), range.end());
            let mend = format!("set a whole number from {least} to {most}");
            let what = format!("{} is out of bounds", stated.get_ref());
            faults.push(source.fault(source.line_at(stated.span().start), what, mend));
        }
        *stated.get_ref()
    };
    let silence_weeks = within(entry.silence_weeks.as_ref(), usual.silence_weeks, 1..=52);
    let refused_percent = within(entry.refused_percent.as_ref(), usual.refused_percent, 1..=99);
    let days = within(entry.second_look_days.as_ref(), usual.second_look_days, 1..=90);
    let private_fostering = entry.private_fostering.as_ref();
    let months = private_fostering.map(|stated| within(Some(&stated.months), 0, 1..=24));
    if let Some(stated) = &entry.told
        && !alerting.roles.contains_key(&RoleId::new(stated.get_ref()))
    {
        let what = format!("{} is no role", stated.get_ref());
        let mend = "name a [[role]] of destinations.toml";
        faults.push(source.fault(source.line_at(stated.span().start), what, mend));
    }
    let destination = private_fostering.map(|stated| &stated.destination);
    if let Some(stated) = destination
        && !teams.contains_key(&DestinationId::new(stated.get_ref()))
    {
        let what = format!("{} is no destination", stated.get_ref());
        let mend = "name a [[destination]] of destinations.toml";
        faults.push(source.fault(source.line_at(stated.span().start), what, mend));
    }
    let destination = destination.map(|stated| DestinationId::new(stated.get_ref()));
    AlarmRules {
        told: entry.told.as_ref().map(|stated| RoleId::new(stated.get_ref())),
        silence_weeks,
        refused_percent,
        private_fostering: destination
            .zip(months)
            .map(|(destination, months)| PrivateFostering { destination, months }),
        second_look_days: days,
    }
}
