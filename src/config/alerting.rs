//! Whom the authority alerts: the roles, the minutes and the contacts of `destinations.toml`.

use super::Team;
use super::agencies::is_name;
use super::fault::Fault;
use super::source::Source;
use crate::domain::alarms::AlarmRules;
use crate::domain::alerting::{Address, AlertedRole, Alerting};
use crate::domain::{DestinationId, Priority, RoleId, Whom};
use crate::threshold::{Policy, To};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A quarter of an hour, where the file does not say.
const MINUTES: u32 = 15;
/// Nobody waits longer than this for the next alert.
const LONGEST: u32 = 240;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertingEntry {
    acknowledge_immediate_minutes: Option<Spanned<u32>>,
    repeat_minutes: Option<Spanned<u32>>,
    escalates_to: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    id: Spanned<String>,
    name: String,
    contact: Spanned<String>,
}

/// Minutes, roles and whom teams escalate to that do not say otherwise. Contacts of teams are added
/// as the teams are read.
pub(super) fn read(
    source: &Source,
    entry: &AlertingEntry,
    roles: &[RoleEntry],
    faults: &mut Vec<Fault>,
) -> Alerting {
    let mut alerting = Alerting {
        acknowledge_minutes: minutes(source, entry.acknowledge_immediate_minutes.as_ref(), faults),
        repeat_minutes: minutes(source, entry.repeat_minutes.as_ref(), faults),
        roles: BTreeMap::new(),
        teams: BTreeMap::new(),
        escalates_to: Vec::new(),
        alarms: AlarmRules::default(),
    };
    for role in roles {
        let line = source.line_at(role.id.span().start);
        let id = RoleId::new(role.id.get_ref());
        if !is_name(id.as_str()) {
            let mend = "use lower-case letters, digits, - and .";
            faults.push(source.fault(line, format!("{id} cannot be a role's id"), mend));
        }
        if alerting.roles.contains_key(&id) {
            let mend = "give each role an id of its own";
            faults.push(source.fault(line, format!("role {id} is listed twice"), mend));
        }
        if let Some(contact) = address(source, &role.contact, faults) {
            alerting.roles.insert(id, AlertedRole { name: role.name.clone(), contact });
        }
    }
    alerting.escalates_to = escalation(source, &entry.escalates_to, roles, faults);
    alerting
}

fn minutes(source: &Source, stated: Option<&Spanned<u32>>, faults: &mut Vec<Fault>) -> u32 {
    let Some(stated) = stated else { return MINUTES };
    let minutes = *stated.get_ref();
    if !(1..=LONGEST).contains(&minutes) {
        let what = format!("{minutes} minutes would alert nobody in time");
        let mend = format!("set between 1 and {LONGEST} elapsed minutes");
        faults.push(source.fault(source.line_at(stated.span().start), what, mend));
    }
    minutes
}

/// An address as the file states it.
pub(super) fn address(
    source: &Source,
    stated: &Spanned<String>,
    faults: &mut Vec<Fault>,
) -> Option<Address> {
    let address = Address::parse(stated.get_ref());
    if address.is_none() {
        let what = format!("{} is no e-mail address", stated.get_ref());
        let mend = "write one address, like duty@example.org, and nothing beside it";
        faults.push(source.fault(source.line_at(stated.span().start), what, mend));
    }
    address
}

/// The roles that are alerted in turn.
pub(super) fn escalation(
    source: &Source,
    stated: &Spanned<Vec<Spanned<String>>>,
    roles: &[RoleEntry],
    faults: &mut Vec<Fault>,
) -> Vec<RoleId> {
    if stated.get_ref().is_empty() {
        let line = source.line_at(stated.span().start);
        let mend = "name at least one role, the first to be alerted first";
        faults.push(source.fault(line, "escalates_to names nobody", mend));
    }
    for named in stated.get_ref() {
        if !roles.iter().any(|role| role.id.get_ref() == named.get_ref()) {
            let line = source.line_at(named.span().start);
            let what = format!("{} is no role", named.get_ref());
            faults.push(source.fault(line, what, "list it as a [[role]], or name one that is"));
        }
    }
    stated.get_ref().iter().map(|named| RoleId::new(named.get_ref())).collect()
}

/// Whoever everything is in front of, and nobody there can be paged.
pub(super) fn unpaged(source: &Source, alerting: &Alerting, policy: &Policy) -> Vec<Fault> {
    let teams = [&policy.teams.screening, &policy.teams.out_of_hours];
    let unpaged = teams.into_iter().filter(|id| !is_paged(alerting, id));
    let fault = |id: &DestinationId| {
        let what = format!("{id} is sent what is immediate, and nobody there can be paged");
        source.fault(line_of(source, id), what, "give it a contact, an e-mail address")
    };
    unpaged.map(fault).collect()
}

/// Teams that rules send something immediate, and that have no contact.
pub(super) fn unreachable(
    source: &Source,
    teams: &BTreeMap<DestinationId, Team>,
    alerting: &Alerting,
    policy: &Policy,
) -> Vec<Fault> {
    let immediate = policy.rules.iter().filter(|rule| rule.priority == Priority::Immediate);
    let targets: Vec<&To> =
        immediate.flat_map(|rule| rule.targets.iter().map(|target| &target.to)).collect();
    let sent = |id: &DestinationId, team: &Team| {
        targets.iter().any(|to| match to {
            To::Team(named) => named == id,
            To::LocalityPanel => policy.teams.panels.values().any(|panel| panel == id),
            To::LocalityTeam => policy.teams.locality_teams.values().any(|team| team == id),
            To::CaseTeam => team.destination.statutory,
        })
    };
    let unreachable = teams.iter().filter(|(id, team)| sent(id, team) && !is_paged(alerting, id));
    let warning = |(id, _)| {
        let what = format!("rules send {id} what is immediate, and nobody there can be paged");
        let mend = "give it a contact, an e-mail address: see docs/operations.md";
        source.fault(line_of(source, id), what, mend)
    };
    unreachable.map(warning).collect()
}

fn is_paged(alerting: &Alerting, team: &DestinationId) -> bool {
    alerting.contact(&Whom::Destination(team.clone())).is_some()
}

fn line_of(source: &Source, team: &DestinationId) -> usize {
    source.line_of(&format!("id = \"{team}\""))
}
