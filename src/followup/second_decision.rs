//! What a second person says of an outcome: whether it can be kept, and whether it is somebody who
//! had no part in the first decision.

use super::consistency::Said;
use crate::domain::outcome::{Worker, fault};
use crate::domain::second_looks::SecondLooks;
use crate::domain::{Level, Unread};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Characters of a rationale, and of a name or a role.
const LONG: usize = 8_000;
const SHORT: usize = 200;

/// A second decision that can be kept.
pub(super) struct Read<'a> {
    pub(super) level: &'a Level,
    pub(super) themes: Vec<String>,
    pub(super) by: Worker,
}

/// # Errors
/// Every member that is missing or cannot be understood.
pub(super) fn read<'a>(
    rules: &'a SecondLooks,
    said: &Map<String, Value>,
) -> Result<Read<'a>, Vec<Unread>> {
    let mut faults = Vec::new();
    let mut lacks = |at: &str, ask: String| faults.push(fault(at, "second-look", ask));
    let stated = text(said.get("level_of_need"), LONG);
    let level = rules.levels.iter().find(|level| Some(level.code.as_str()) == stated);
    if level.is_none() {
        let codes: Vec<&str> = rules.levels.iter().map(|level| level.code.as_str()).collect();
        lacks("/level_of_need", format!("Say at which level of need: {}", codes.join(", ")));
    }
    if text(said.get("rationale"), LONG).is_none() {
        lacks("/rationale", format!("Say why, in at most {LONG} characters"));
    }
    let themes = themes(rules, said.get("themes"));
    if themes.is_none() {
        let known: Vec<&str> = rules.themes.keys().map(String::as_str).collect();
        lacks("/themes", format!("List codes, or leave it out: {}", known.join(", ")));
    }
    let by = person(said.get("by"));
    if by.is_none() {
        let ask = "Give {\"name\": …, \"role\": …} of the person who decides";
        lacks("/by", ask.to_owned());
    }
    match (level, themes, by, faults.is_empty()) {
        (Some(level), Some(themes), Some(by), true) => Ok(Read { level, themes, by }),
        _ => Err(faults),
    }
}

/// The fault where a person had a part in one of these decisions, or that cannot be told because
/// one cannot be read.
pub(super) fn by_another(
    by: &Worker,
    earlier: impl Iterator<Item = Option<Said>>,
) -> Option<Unread> {
    for said in earlier {
        let Some(said) = said else {
            let ask = "Who decided first cannot be read, so that nobody can be told apart from \
                       them: ask whoever runs the gateway to look at this record";
            return Some(fault("/by", "first-decision", ask));
        };
        if said.people().any(|one| by.is(&one)) {
            let ask = "Another person decides than those who decided first";
            return Some(fault("/by/name", "second-look", ask));
        }
    }
    None
}

fn text(value: Option<&Value>, most: usize) -> Option<&str> {
    let text = value.and_then(Value::as_str).map(str::trim);
    text.filter(|text| !text.is_empty() && text.chars().count() <= most)
}

fn person(by: Option<&Value>) -> Option<Worker> {
    let part = |part: &str| text(by?.get(part), SHORT).map(str::to_owned);
    Some(Worker { name: part("name")?, role: part("role")?, worker_type: None })
}

/// Each theme once; `None` where one is none that the authority knows.
fn themes(rules: &SecondLooks, stated: Option<&Value>) -> Option<Vec<String>> {
    let Some(stated) = stated.filter(|stated| !stated.is_null()) else { return Some(Vec::new()) };
    let read = stated.as_array()?.iter().map(|code| {
        let code = code.as_str()?;
        rules.themes.contains_key(code).then(|| code.to_owned())
    });
    let read: Option<BTreeSet<String>> = read.collect();
    read.map(|read| read.into_iter().collect())
}
