//! `localities.toml`: which part of the area a home is in, and which teams serve that part.

use super::Team;
use super::agencies::is_name;
use super::fault::Fault;
use super::source::Source;
use crate::domain::DestinationId;
use crate::domain::localities::{Localities, RESERVED};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    locality: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    /// For people who read the file.
    #[serde(rename = "name")]
    _name: String,
    panel: Spanned<String>,
    team: Spanned<String>,
    sectors: Vec<Spanned<String>>,
    #[serde(default)]
    schools: Vec<Spanned<String>>,
}

/// At most so many, so that a fact's values fit in a mask.
const MOST: usize = 120;

/// What the file says.
pub(super) struct Read {
    pub(super) gazetteer: Localities,
    entries: Vec<Entry>,
}

/// Which panel and which social work team serve a locality.
pub(super) struct Serving {
    pub(super) panels: BTreeMap<String, DestinationId>,
    pub(super) teams: BTreeMap<String, DestinationId>,
}

pub(super) fn read(source: &Source, faults: &mut Vec<Fault>) -> Option<Read> {
    let file: File = source.toml(faults)?;
    let names: Vec<String> = file.locality.iter().map(|e| e.id.get_ref().clone()).collect();
    if names.is_empty() || names.len() > MOST {
        let mend = format!("list between one and {MOST} localities");
        faults.push(source.fault(1, format!("lists {} localities", names.len()), mend));
    }
    let mut gazetteer = Localities::new(names.clone());
    for (index, entry) in file.locality.iter().enumerate() {
        let (id, line) = (entry.id.get_ref(), source.line_at(entry.id.span().start));
        if !is_name(id) || RESERVED.contains(&id.as_str()) || names[..index].contains(id) {
            let what = format!("{id} cannot be the id of this locality");
            let mend = "use an id of its own: lower-case letters, digits, -";
            faults.push(source.fault(line, what, mend));
        }
        for sector in &entry.sectors {
            let text = sector.get_ref();
            let line = source.line_at(sector.span().start);
            if !is_sector(text) {
                let what = format!("{text} is no postcode sector");
                faults.push(source.fault(line, what, "write it like HX1 2: outward part, digit"));
            } else if !gazetteer.add_sector(text, index) {
                let what = format!("sector {text} is in two localities, or listed twice");
                faults.push(source.fault(line, what, "leave it in one place"));
            }
        }
        for school in &entry.schools {
            if !gazetteer.add_school(school.get_ref(), index) {
                let line = source.line_at(school.span().start);
                let what = format!("school {} is listed twice", school.get_ref());
                faults.push(source.fault(line, what, "leave it in one place"));
            }
        }
    }
    Some(Read { gazetteer, entries: file.locality })
}

fn is_sector(text: &str) -> bool {
    // A sector is a postcode without its last two letters.
    let postcode = crate::domain::postcode::Postcode::parse(&format!("{text}AA"));
    postcode.is_some_and(|postcode| postcode.sector() == text)
}

/// The teams by locality; each must be a destination.
pub(super) fn serving(
    source: &Source,
    read: &Read,
    known: &BTreeMap<DestinationId, Team>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Serving {
    let mut serving = Serving { panels: BTreeMap::new(), teams: BTreeMap::new() };
    for entry in &read.entries {
        if entry.sectors.is_empty() && entry.schools.is_empty() {
            let line = source.line_at(entry.id.span().start);
            let what = format!("no home is ever in {}", entry.id.get_ref());
            warnings.push(source.fault(line, what, "list its postcode sectors, or take it out"));
        }
        let into = [(&entry.panel, &mut serving.panels), (&entry.team, &mut serving.teams)];
        for (team, by_locality) in into {
            let id = DestinationId::new(team.get_ref());
            if !known.contains_key(&id) {
                let line = source.line_at(team.span().start);
                let what = format!("{id} is not listed in destinations.toml");
                faults.push(source.fault(line, what, "list it there, or name another team"));
            } else if known.get(&id).is_some_and(|team| !team.destination.open) {
                let line = source.line_at(team.span().start);
                let what =
                    format!("{id} is closed, so the screening team gets what is meant for it");
                let mend = "name the team that serves instead, or open it again";
                warnings.push(source.fault(line, what, mend));
            }
            by_locality.insert(entry.id.get_ref().clone(), id);
        }
        let panel = DestinationId::new(entry.panel.get_ref());
        if known.get(&panel).is_some_and(|team| !team.needs_agreement) {
            let line = source.line_at(entry.panel.span().start);
            let what = format!("{panel} is a panel that would receive without agreement");
            faults.push(source.fault(
                line,
                what,
                "set needs_agreement = true in destinations.toml",
            ));
        }
    }
    serving
}
