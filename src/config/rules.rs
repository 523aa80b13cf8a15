//! One rule of `thresholds.yaml`.

use super::examples::{self, Story};
use super::fault::Fault;
use super::source::Source;
use super::thresholds::line;
use crate::domain::expression::Expr;
use crate::domain::facts::{FactId, Table};
use crate::domain::working_days::Duration;
use crate::domain::{DestinationId, Level, Mark, Priority, Purpose, RuleId};
use crate::threshold::{Policy, Rule, Target, To, Unless};
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: Spanned<String>,
    effective_from: Option<String>,
    effective_until: Option<String>,
    reads: Vec<Spanned<String>>,
    when: Spanned<String>,
    level: Option<Spanned<String>>,
    #[serde(default)]
    destinations: Vec<TargetEntry>,
    #[serde(default)]
    priority: Priority,
    clock: Option<Duration>,
    unless: Option<UnlessEntry>,
    basis: String,
    why: String,
    #[serde(default)]
    paragraphs: Vec<u16>,
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(default)]
    marks: Vec<Mark>,
    #[serde(default)]
    pub(super) examples: Vec<Story>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetEntry {
    id: Spanned<String>,
    purpose: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnlessEntry {
    level_at_least: Spanned<String>,
    #[serde(default = "urgent")]
    priority_at_least: Priority,
}

fn urgent() -> Priority {
    Priority::Urgent
}

/// The rule, or none where one of its parts cannot be understood; the faults say which.
pub(super) fn rule(
    source: &Source,
    entry: &Entry,
    policy: &Policy,
    faults: &mut Vec<Fault>,
) -> Option<Rule> {
    let before = faults.len();
    let at = line(&entry.id);
    let id = &entry.id.value;
    let table = policy.reader.table();
    let when = expression(source, "when", &entry.when, table, faults);
    let reads = facts(source, &entry.reads, table, faults);
    let level = entry.level.as_ref().and_then(|code| level(source, code, policy, faults));
    let targets: Vec<Target> =
        entry.destinations.iter().filter_map(|t| target(source, t, policy, faults)).collect();
    let unless = entry.unless.as_ref().and_then(|unless| {
        let level_at_least = level_of(source, &unless.level_at_least, policy, faults)?;
        Some(Unless { level_at_least, priority_at_least: unless.priority_at_least })
    });
    if !super::agencies::is_name(id) {
        let mend = "use lower-case letters, digits and -";
        faults.push(source.fault(at, format!("{id} cannot be a rule's id"), mend));
    }
    let examples = examples::read(source, &entry.examples, table, faults);
    let from = source.day(entry.effective_from.as_deref(), at, faults);
    let until = source.day(entry.effective_until.as_deref(), at, faults);
    let when = when?;
    (faults.len() == before).then(|| Rule {
        id: RuleId::new(id),
        from,
        until,
        when,
        reads,
        level,
        targets,
        priority: entry.priority,
        clock: entry.clock,
        unless,
        basis: entry.basis.clone(),
        why: entry.why.split_whitespace().collect::<Vec<_>>().join(" "),
        paragraphs: entry.paragraphs.clone(),
        tasks: entry.tasks.clone(),
        marks: entry.marks.clone(),
        examples,
    })
}

/// An expression that stands under `key`.
pub(super) fn expression(
    source: &Source,
    key: &str,
    text: &Spanned<String>,
    table: &Table,
    faults: &mut Vec<Fault>,
) -> Option<Expr> {
    match Expr::compile(&text.value, table) {
        Ok(expr) => Some(expr),
        Err(fault) => {
            let at = line(text) + fault.line - 1;
            faults.push(source.fault(at, format!("{key} {}", fault.what), fault.mend));
            None
        }
    }
}

fn facts(
    source: &Source,
    names: &[Spanned<String>],
    table: &Table,
    faults: &mut Vec<Fault>,
) -> Vec<FactId> {
    let mut reads = Vec::new();
    for name in names {
        match table.find(&name.value) {
            Some((id, _)) => reads.push(id),
            None => {
                let known: Vec<&str> = table.facts().iter().map(|fact| fact.name).collect();
                let what = format!("reads {}, which is no fact", name.value);
                let mend = format!("use declared facts: {}", known.join(", "));
                faults.push(source.fault(line(name), what, mend));
            }
        }
    }
    reads
}

fn level(
    source: &Source,
    code: &Spanned<String>,
    policy: &Policy,
    faults: &mut Vec<Fault>,
) -> Option<Level> {
    let level = level_of(source, code, policy, faults)?;
    if level.rank < policy.floor.rank {
        let what = format!("level {} is below the floor {}", level.code, policy.floor.code);
        faults.push(source.fault(line(code), what, "leave level out, or lower the floor"));
    }
    Some(level)
}

fn level_of(
    source: &Source,
    code: &Spanned<String>,
    policy: &Policy,
    faults: &mut Vec<Fault>,
) -> Option<Level> {
    let level = policy.levels.iter().find(|level| level.code == code.value).cloned();
    if level.is_none() {
        let known: Vec<&str> = policy.levels.iter().map(|level| level.code.as_str()).collect();
        let mend = format!("use one of: {}", known.join(", "));
        faults.push(source.fault(line(code), format!("{} is no level", code.value), mend));
    }
    level
}

fn target(
    source: &Source,
    entry: &TargetEntry,
    policy: &Policy,
    faults: &mut Vec<Fault>,
) -> Option<Target> {
    let id = DestinationId::new(&entry.id.value);
    let to = match id.as_str() {
        "locality-panel" => To::LocalityPanel,
        "locality-team" => To::LocalityTeam,
        "case-team" => To::CaseTeam,
        _ => To::Team(id.clone()),
    };
    let unknown = matches!(&to, To::Team(id) if !policy.teams.receivers.contains_key(id));
    if unknown {
        let what = format!("{id} is not listed in destinations.toml");
        let placeholders = super::thresholds::PLACEHOLDERS.join(", ");
        let mend = format!("list it there, or use another destination or one of: {placeholders}");
        faults.push(source.fault(line(&entry.id), what, mend));
    }
    let purpose = Purpose::new(&entry.purpose.value);
    if policy.gravity(&purpose) == 0 {
        let known: Vec<&str> = policy.purposes.iter().map(Purpose::as_str).collect();
        let what = format!("{} is no purpose", purpose.as_str());
        let mend = format!("use one of: {}", known.join(", "));
        faults.push(source.fault(line(&entry.purpose), what, mend));
        return None;
    }
    (!unknown).then_some(Target { to, purpose })
}
