//! What of a week's outcomes is decided again: `second_looks` and `themes` of `outcomes.yaml`.

use super::agencies::is_name;
use super::fault::Fault;
use super::source::Source;
use super::thresholds::line;
use crate::domain::second_looks::SecondLooks;
use crate::threshold::Policy;
use crate::threshold::outcomes::{Onward, Outcome, Outcomes};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondLooksEntry {
    at_least: usize,
    percent: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThemeEntry {
    code: Spanned<String>,
    label: String,
}

pub(super) fn read(
    source: &Source,
    (entry, themes): (&SecondLooksEntry, &[ThemeEntry]),
    outcomes: &Outcomes,
    policy: &Policy,
    faults: &mut Vec<Fault>,
) -> SecondLooks {
    if entry.percent > 100 {
        let at = source.line_of("second_looks:");
        faults.push(source.fault(at, "percent is over 100", "set it from 0 to 100"));
    }
    let mut known = BTreeMap::new();
    for theme in themes {
        let code = &theme.code.value;
        let mend = "use lower-case letters, digits, - and ., and each code once";
        if !is_name(code) || known.insert(code.clone(), theme.label.clone()).is_some() {
            let what = format!("{code} cannot be a theme's code");
            faults.push(source.fault(line(&theme.code), what, mend));
        }
    }
    let ends = |outcome: &&Outcome| {
        let early_help = |sends| matches!(sends, Onward::EarlyHelp);
        outcome.closes || outcome.sends.as_ref().is_some_and(|sends| early_help(sends.to))
    };
    SecondLooks {
        endings: outcomes.outcomes.values().filter(ends).map(|one| one.code.clone()).collect(),
        least: entry.at_least,
        percent: entry.percent,
        themes: known,
        levels: policy.levels.clone(),
    }
}
