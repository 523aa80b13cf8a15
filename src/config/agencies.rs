//! `agencies.toml`: who may send.

use super::Partner;
use super::alarms::AlarmsEntry;
use super::fault::Fault;
use super::source::Source;
use crate::domain::AgencyId;
use crate::domain::agency::{Agency, AgencyState};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

const KINDS: [&str; 7] =
    ["school", "health", "police", "voluntary", "housing", "local-authority", "public"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    alarms: AlarmsEntry,
    agency: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: String,
    kind: Spanned<String>,
    state: AgencyState,
    telephone: String,
    #[serde(default)]
    adapters: Vec<String>,
    #[serde(default = "rate")]
    rate_per_minute: u32,
    expected_per_week: Option<u32>,
    contact: Option<String>,
}

/// Submissions a minute where the file does not say.
fn rate() -> u32 {
    600
}

pub(super) fn read(
    source: &Source,
    faults: &mut Vec<Fault>,
) -> Option<(BTreeMap<AgencyId, Partner>, AlarmsEntry)> {
    let file: File = source.toml(faults)?;
    let mut partners = BTreeMap::new();
    for entry in file.agency {
        let line = source.line_at(entry.id.span().start);
        let id = AgencyId::new(entry.id.get_ref());
        if !is_name(id.as_str()) {
            faults.push(source.fault(
                line,
                format!("{id} cannot be an agency's id"),
                "use lower-case letters, digits, - and .",
            ));
        }
        if !KINDS.contains(&entry.kind.get_ref().as_str()) {
            faults.push(source.fault(
                source.line_at(entry.kind.span().start),
                format!("{} is no kind of agency", entry.kind.get_ref()),
                format!("use one of: {}", KINDS.join(", ")),
            ));
        }
        let agency = Arc::new(Agency {
            id: id.clone(),
            name: entry.name,
            kind: entry.kind.into_inner(),
            state: entry.state,
            telephone: entry.telephone,
            adapters: entry.adapters,
            rate_per_minute: entry.rate_per_minute.max(1),
            expected_per_week: entry.expected_per_week,
        });
        let partner = Partner { agency, contact: entry.contact };
        if partners.insert(id.clone(), partner).is_some() {
            let mend = "give each agency an id of its own";
            faults.push(source.fault(line, format!("agency {id} is listed twice"), mend));
        }
    }
    Some((partners, file.alarms))
}

/// What may stand in addresses, routing keys and the clear columns of a store.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !text.is_empty() && text.len() <= 64 && text.chars().all(fits)
}
