//! `thresholds.yaml`: levels, rules, standing reasons and advice.

use super::Team;
use super::calendar::Days;
use super::fault::Fault;
use super::localities::Serving;
use super::rules::{Advice, Entry, advice, rule};
use super::source::Source;
use crate::domain::facts::Reader;
use crate::domain::{DestinationId, Level, Purpose};
use crate::routing::Routing;
use crate::threshold::check::check;
use crate::threshold::{Clocks, Note, Policy, Receiver, Standing, Teams, standing};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names that a fact turns into a team.
pub(super) const PLACEHOLDERS: [&str; 3] = ["locality-panel", "locality-team", "case-team"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    levels: Vec<LevelEntry>,
    floor: Spanned<String>,
    purposes: Vec<String>,
    screening: Screening,
    clocks: Minutes,
    standing: BTreeMap<String, NoteEntry>,
    rules: Vec<Entry>,
    advice: Vec<Advice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelEntry {
    code: Spanned<String>,
    label: String,
    basis: String,
    rank: i16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Screening {
    team: Spanned<String>,
    out_of_hours: Spanned<String>,
    purpose: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Minutes {
    immediate: Spanned<u32>,
    urgent: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteEntry {
    basis: String,
    why: String,
}

/// What the other files say that rules refer to.
pub(super) struct Context<'a> {
    pub(super) teams: &'a BTreeMap<DestinationId, Team>,
    pub(super) serving: Serving,
    pub(super) days: &'a Days,
    pub(super) facts: &'a Arc<Reader>,
    pub(super) hash: String,
}

/// Line of a value.
pub(super) fn line<T>(of: &Spanned<T>) -> usize {
    usize::try_from(of.referenced.line()).unwrap_or(0)
}

pub(super) fn read(
    source: &Source,
    context: Context<'_>,
    faults: &mut Vec<Fault>,
) -> Option<(Policy, Routing)> {
    let file: File = source.yaml(faults)?;
    let levels = levels(source, &file, faults)?;
    let floor = levels.iter().find(|level| level.code == file.floor.value).cloned();
    let Some(floor) = floor else {
        let what = format!("the floor {} is no level", file.floor.value);
        faults.push(source.fault(line(&file.floor), what, "name the code of a level"));
        return None;
    };
    let purposes: Vec<Purpose> = file.purposes.iter().map(|text| Purpose::new(text)).collect();
    let confirmation = purposes.first()?.clone();
    let teams = teams(source, &file, &context, faults);
    let clocks = clocks(source, &file, faults);
    let standing = standing_notes(source, &file, faults);
    let mut policy = Policy {
        levels,
        floor,
        screening: Purpose::new(&file.screening.purpose.value),
        purposes,
        confirmation,
        rules: Vec::new(),
        standing,
        clocks,
        teams,
        calendar: context.days.calendar.clone(),
        reader: context.facts.clone(),
        hash: context.hash,
    };
    if policy.gravity(&policy.screening) == 0 {
        let what = format!("{} is no purpose", file.screening.purpose.value);
        let mend = format!("use one of: {}", file.purposes.join(", "));
        faults.push(source.fault(line(&file.screening.purpose), what, mend));
    }
    let mut lines = Vec::new();
    for entry in &file.rules {
        if let Some(rule) = rule(source, entry, &policy, faults) {
            policy.rules.push(rule);
            lines.push(line(&entry.id));
        }
    }
    for found in check(&policy) {
        let what = format!("rule {} {}", policy.rules[found.rule].id, found.what);
        faults.push(source.fault(lines[found.rule], what, found.mend));
    }
    let advice = advice(source, &file.advice, context.facts.table(), faults);
    let marked = policy.rules.iter().filter(|rule| !rule.marks.is_empty());
    let routing = Routing {
        advice,
        duty: context.days.duty.clone(),
        calendar: context.days.calendar.clone(),
        reader: context.facts.clone(),
        marks: marked.map(|rule| (rule.id.clone(), rule.marks.clone())).collect(),
    };
    Some((policy, routing))
}

fn levels(source: &Source, file: &File, faults: &mut Vec<Fault>) -> Option<Vec<Level>> {
    let mut levels: Vec<Level> = Vec::new();
    for entry in &file.levels {
        let code = entry.code.value.clone();
        let repeated = levels.iter().any(|level| level.code == code || level.rank == entry.rank);
        // Ranks are counted by a fact of history, which knows one digit.
        if repeated || !(0..=9).contains(&entry.rank) {
            let what = format!("level {code} repeats a code or a rank, or its rank is not 0 to 9");
            let mend = "give each level a code and a rank of its own";
            faults.push(source.fault(line(&entry.code), what, mend));
        }
        let (label, basis) = (entry.label.clone(), entry.basis.clone());
        levels.push(Level { code, label, basis, rank: entry.rank });
    }
    levels.sort_by_key(|level| level.rank);
    if levels.is_empty() {
        faults.push(source.fault(1, "lists no level", "list the levels of need"));
    }
    (!levels.is_empty()).then_some(levels)
}

fn teams(source: &Source, file: &File, context: &Context<'_>, faults: &mut Vec<Fault>) -> Teams {
    let receivers = context.teams.iter().map(|(id, team)| {
        let receiver = Receiver {
            clock: team.destination.clock,
            open: team.destination.open,
            needs_agreement: team.needs_agreement,
            statutory: team.destination.statutory,
        };
        (id.clone(), receiver)
    });
    let mut always = |named: &Spanned<String>| {
        let id = DestinationId::new(&named.value);
        let team = context.teams.get(&id).map(|team| &team.destination);
        if !team.is_some_and(|team| team.open && team.statutory) {
            let what = format!("{id} must be able to receive everything, and is not");
            let mend = "list it in destinations.toml as statutory and open";
            faults.push(source.fault(line(named), what, mend));
        }
        id
    };
    let screening = always(&file.screening.team);
    let out_of_hours = always(&file.screening.out_of_hours);
    Teams {
        receivers: receivers.collect(),
        panels: context.serving.panels.clone(),
        locality_teams: context.serving.teams.clone(),
        screening,
        out_of_hours,
        hours: context.days.duty.hours.clone(),
    }
}

/// Urgent is four elapsed hours unless the policy says less.
const LONGEST_URGENT: u32 = 240;

fn clocks(source: &Source, file: &File, faults: &mut Vec<Fault>) -> Clocks {
    let (immediate, urgent) = (file.clocks.immediate.value, file.clocks.urgent.value);
    if urgent > LONGEST_URGENT || urgent == 0 {
        let what = format!("urgent is {urgent} minutes");
        let mend = format!("set between 1 and {LONGEST_URGENT} elapsed minutes");
        faults.push(source.fault(line(&file.clocks.urgent), what, mend));
    }
    if immediate > urgent || immediate == 0 {
        let what = format!("immediate is {immediate} minutes");
        let mend = "set between 1 minute and what urgent allows";
        faults.push(source.fault(line(&file.clocks.immediate), what, mend));
    }
    Clocks { immediate, urgent }
}

fn standing_notes(source: &Source, file: &File, faults: &mut Vec<Fault>) -> Standing {
    let mut notes = Standing::new();
    for id in standing::ALL {
        match file.standing.get(id) {
            Some(note) => {
                let (basis, why) = (note.basis.clone(), note.why.clone());
                notes.insert(id, Note { basis, why });
            }
            None => {
                let what = format!("standing lacks {id}");
                faults.push(source.fault(0, what, "give its basis and why under standing"));
            }
        }
    }
    for id in file.standing.keys().filter(|id| !standing::ALL.contains(&id.as_str())) {
        let mend = format!("use only: {}", standing::ALL.join(", "));
        faults.push(source.fault(0, format!("{id} is no standing reason"), mend));
    }
    notes
}
