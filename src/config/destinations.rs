//! `destinations.toml`: who receives.

use super::Team;
use super::agencies::is_name;
use super::alerting::{self, AlertingEntry, RoleEntry};
use super::fault::Fault;
use super::source::Source;
use crate::domain::DestinationId;
use crate::domain::agency::{Destination, FieldList, Payload};
use crate::domain::alerting::{Alerting, Reached};
use crate::domain::working_days::Duration;
use crate::threshold::called;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What a destination sees that is not statutory and has no list of its own.
    default_fields: Vec<String>,
    alerting: AlertingEntry,
    role: Vec<RoleEntry>,
    destination: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    statutory: bool,
    #[serde(default)]
    needs_agreement: bool,
    fields: Option<Vec<String>>,
    clock: Duration,
    #[serde(default = "yes")]
    open: bool,
    #[serde(default)]
    restricted: bool,
    amqp_user: Option<String>,
    reached_by: Option<ReachedBy>,
    contact: Option<Spanned<String>>,
    escalates_to: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Who sends to a destination that no rule sends to.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReachedBy {
    People,
}

fn yes() -> bool {
    true
}

/// The last part of a routing key, which a destination's id must not look like.
const PRIORITIES: [&str; 3] = [".immediate", ".urgent", ".standard"];

pub(super) fn read(
    source: &Source,
    faults: &mut Vec<Fault>,
) -> Option<(BTreeMap<DestinationId, Team>, Alerting)> {
    let file: File = source.toml(faults)?;
    let mut alerting = alerting::read(source, &file.alerting, &file.role, faults);
    let (mut teams, mut known) = (BTreeMap::new(), BTreeMap::new());
    for entry in file.destination {
        let line = source.line_at(entry.id.span().start);
        let id = DestinationId::new(entry.id.get_ref());
        let ambiguous = PRIORITIES.iter().any(|end| id.as_str().ends_with(end));
        if !is_name(id.as_str())
            || ambiguous
            || super::thresholds::PLACEHOLDERS.contains(&id.as_str())
        {
            faults.push(source.fault(
                line,
                format!("{id} cannot be a destination's id"),
                "use lower-case letters, digits, - and ., and neither a priority nor a placeholder",
            ));
        }
        let reached = reached(source, &entry, &file.role, &alerting, faults);
        for field in entry.fields.iter().flatten().chain(&file.default_fields) {
            let place: Vec<String> = field.split('/').skip(1).map(str::to_owned).collect();
            if !field.starts_with('/') || !crate::completeness::is_a_place(&place) {
                let what = format!("{field} is no place in a referral");
                faults.push(source.fault(line, what, "write it like /children/*/given_name"));
            }
        }
        let fields = match entry.fields {
            Some(fields) => FieldList::Only(fields),
            None if entry.statutory => FieldList::All,
            None => FieldList::Only(file.default_fields.clone()),
        };
        let destination = Arc::new(Destination {
            id: id.clone(),
            name: entry.name,
            aliases: entry.aliases,
            statutory: entry.statutory,
            fields,
            payload: Payload::ClaimCheck,
            clock: entry.clock,
            open: entry.open,
            restricted: entry.restricted,
        });
        alerting.teams.insert(id.clone(), reached);
        let team = Team {
            destination,
            amqp_user: entry.amqp_user,
            needs_agreement: entry.needs_agreement,
            reached_by_people: matches!(entry.reached_by, Some(ReachedBy::People)),
        };
        let user = team.amqp_user.as_ref();
        if user.is_some() && teams.values().any(|other: &Team| other.amqp_user.as_ref() == user) {
            let what = format!("{id} has the broker user of another destination");
            faults.push(source.fault(line, what, "give each destination a user of its own"));
        }
        if let Some(what) = called_twice(&team, &mut known) {
            faults.push(source.fault(line, what, "leave the name with one of the two"));
        }
        if teams.insert(id.clone(), team).is_some() {
            let mend = "give each destination an id of its own";
            faults.push(source.fault(line, format!("destination {id} is listed twice"), mend));
        }
    }
    faults.dedup();
    Some((teams, alerting))
}

/// What a team is called.
pub(super) fn names(team: &Team) -> Vec<(String, DestinationId)> {
    let Destination { id, name, aliases, .. } = team.destination.as_ref();
    let all = [id.as_str(), name.as_str()].into_iter().chain(aliases.iter().map(String::as_str));
    all.map(|name| (called(name), id.clone())).collect()
}

/// Whether a team has a name that another one has, however it is written.
fn called_twice(team: &Team, known: &mut BTreeMap<String, DestinationId>) -> Option<String> {
    let other = |(name, id)| known.insert(name, id).filter(|other| *other != team.destination.id);
    let others: Vec<DestinationId> = names(team).into_iter().filter_map(other).collect();
    let other = others.first()?;
    Some(format!("{} has a name or alias of {other}", team.destination.id))
}

/// How a team is reached: its own contact, and whom it escalates to.
fn reached(
    source: &Source,
    entry: &Entry,
    roles: &[RoleEntry],
    alerting: &Alerting,
    faults: &mut Vec<Fault>,
) -> Reached {
    let contact = entry.contact.as_ref();
    let contact = contact.and_then(|stated| alerting::address(source, stated, faults));
    let escalates_to = match &entry.escalates_to {
        Some(stated) => alerting::escalation(source, stated, roles, faults),
        None => alerting.escalates_to.clone(),
    };
    Reached { contact, escalates_to }
}
