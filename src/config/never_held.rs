//! What is never held back, as `thresholds.yaml` states it. The rules are held to it.

use super::fault::Fault;
use super::rules::expression;
use super::source::Source;
use super::thresholds::line;
use crate::domain::DestinationId;
use crate::domain::facts::Table;
use crate::threshold::{Lane, NeverHeld, NoRule};
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) strategy: Spanned<String>,
    pub(super) own_lane: Vec<LaneEntry>,
    pub(super) no_rule: Vec<NoRuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaneEntry {
    pub(super) indicator: Spanned<String>,
    destination: Spanned<String>,
    only: Option<Spanned<String>>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoRuleEntry {
    pub(super) concern: Spanned<String>,
    why: String,
}

/// None where a part cannot be understood; the faults say which.
pub(super) fn read(
    source: &Source,
    entry: &Entry,
    table: &Table,
    faults: &mut Vec<Fault>,
) -> Option<NeverHeld> {
    let strategy = expression(source, "strategy", &entry.strategy, table, faults);
    let mut lanes = Vec::new();
    for lane in &entry.own_lane {
        says_why(source, line(&lane.indicator), &lane.why, faults);
        lanes.push(Lane {
            indicator: lane.indicator.value.clone(),
            destination: DestinationId::new(&lane.destination.value),
            only: lane
                .only
                .as_ref()
                .and_then(|only| expression(source, "only", only, table, faults)),
        });
    }
    let mut no_rule = Vec::new();
    for one in &entry.no_rule {
        says_why(source, line(&one.concern), &one.why, faults);
        no_rule.push(NoRule { concern: one.concern.value.clone() });
    }
    Some(NeverHeld { strategy: strategy?, lanes, no_rule })
}

fn says_why(source: &Source, line: usize, why: &str, faults: &mut Vec<Fault>) {
    if why.trim().is_empty() {
        let mend = "give why, in words that a parent would follow";
        faults.push(source.fault(line, "never_held does not say why", mend));
    }
}
