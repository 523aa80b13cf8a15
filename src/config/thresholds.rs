//! `thresholds.yaml`: levels, rules, standing reasons and advice.

use super::advice::{Advice, advice};
use super::calendar::Days;
use super::fault::Fault;
use super::localities::Serving;
use super::rules::{Entry, rule};
use super::source::Source;
use super::{Team, findings, never_held};
use crate::domain::facts::Reader;
use crate::domain::{DestinationId, Level, Purpose};
use crate::routing::Routing;
use crate::threshold::check::check;
use crate::threshold::review::Decided;
use crate::threshold::{Clocks, Note, Policy, Receiver, Standing, Teams, standing};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names that a fact turns into a team.
pub(super) const PLACEHOLDERS: [&str; 3] = ["locality-panel", "locality-team", "case-team"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) levels: Vec<LevelEntry>,
    floor: Spanned<String>,
    pub(super) purposes: Vec<Spanned<String>>,
    screening: Screening,
    clocks: Minutes,
    pub(super) never_held: never_held::Entry,
    standing: BTreeMap<String, NoteEntry>,
    pub(super) rules: Vec<Entry>,
    advice: Vec<Advice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelEntry {
    pub(super) code: Spanned<String>,
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
    /// For what is found out about a destination.
    pub(super) destinations: &'a Source,
}

/// What the file says, and what there is to say about it.
pub(super) struct Read {
    pub(super) policy: Policy,
    pub(super) routing: Routing,
    pub(super) warnings: Vec<Fault>,
    pub(super) decided: Decided,
}

/// Line of a value.
pub(super) fn line<T>(of: &Spanned<T>) -> usize {
    usize::try_from(of.referenced.line()).unwrap_or(0)
}

pub(super) fn read(source: &Source, context: Context<'_>, faults: &mut Vec<Fault>) -> Option<Read> {
    let file: File = source.yaml(faults)?;
    let levels = levels(source, &file, faults)?;
    let floor = levels.iter().find(|level| level.code == file.floor.value).cloned();
    let Some(floor) = floor else {
        let what = format!("the floor {} is no level", file.floor.value);
        faults.push(source.fault(line(&file.floor), what, "name the code of a level"));
        return None;
    };
    let purposes = file.purposes.iter().map(|text| Purpose::new(&text.value));
    let purposes: Vec<Purpose> = purposes.collect();
    let Some(confirmation) = purposes.first().cloned() else {
        let mend = "list the purposes in order of gravity";
        faults.push(source.fault(line(&file.floor), "lists no purpose", mend));
        return None;
    };
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
        hash: context.hash.clone(),
    };
    purposes_in_order(source, &file, &policy, faults);
    let (warnings, decided) = rules(source, &file, &context, &mut policy, faults);
    let advice = advice(source, &file.advice, context.facts.table(), faults);
    let marked = policy.rules.iter().filter(|rule| !rule.marks.is_empty());
    let routing = Routing {
        advice,
        duty: context.days.duty.clone(),
        calendar: context.days.calendar.clone(),
        reader: context.facts.clone(),
        marks: marked.map(|rule| (rule.id.clone(), rule.marks.clone())).collect(),
        locality_teams: policy.teams.locality_teams.clone(),
    };
    Some(Read { policy, routing, warnings, decided })
}

/// Adds the rules to the policy. What is wrong with one of them is told first: without it the
/// others would seem to leave gaps.
fn rules(
    source: &Source,
    file: &File,
    context: &Context<'_>,
    policy: &mut Policy,
    faults: &mut Vec<Fault>,
) -> (Vec<Fault>, Decided) {
    let before = faults.len();
    let mut lines = Vec::new();
    for entry in &file.rules {
        if let Some(rule) = rule(source, entry, policy, faults) {
            policy.rules.push(rule);
            lines.push(line(&entry.id));
        }
    }
    for found in check(policy) {
        let what = format!("rule {} {}", policy.rules[found.rule].id, found.what);
        faults.push(source.fault(lines[found.rule], what, found.mend));
    }
    let table = policy.reader.table();
    match never_held::read(source, &file.never_held, table, faults) {
        Some(never_held) if faults.len() == before => {
            findings::find(source, file, context, policy, &never_held, faults)
        }
        _ => (Vec::new(), Decided::default()),
    }
}

/// Words noticed ask for screening, so that must be more than what everything gets, and less than
/// what says that the threshold is met.
fn purposes_in_order(source: &Source, file: &File, policy: &Policy, faults: &mut Vec<Fault>) {
    let screening = &file.screening.purpose;
    let (at, purpose) = (line(screening), &screening.value);
    let place = policy.gravity(&policy.screening);
    if place == 0 {
        let known: Vec<&str> = policy.purposes.iter().map(Purpose::as_str).collect();
        let mend = format!("use one of: {}", known.join(", "));
        faults.push(source.fault(at, format!("{purpose} is no purpose"), mend));
    } else if place == 1 || place == policy.purposes.len() {
        let what = format!("screening is for {purpose}, the least or the gravest purpose");
        let mend = "use one between: words in free text ask for it, and never for the gravest";
        faults.push(source.fault(at, what, mend));
    }
    for (index, entry) in file.purposes.iter().enumerate() {
        if file.purposes[..index].iter().any(|other| other.value == entry.value) {
            let what = format!("purpose {} is listed twice", entry.value);
            faults.push(source.fault(line(entry), what, "leave it in one place"));
        }
    }
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
    if screening == out_of_hours {
        let what = format!("{screening} would stand in for itself while it is closed");
        let mend = "name the team that is awake at night under out_of_hours";
        faults.push(source.fault(line(&file.screening.out_of_hours), what, mend));
    }
    Teams {
        receivers: receivers.collect(),
        names: context.teams.values().flat_map(super::destinations::names).collect(),
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
