//! Advice of `thresholds.yaml`: what a sender is told to do now.

use super::fault::Fault;
use super::rules::expression;
use super::source::Source;
use super::thresholds::line;
use crate::domain::expression::Expr;
use crate::domain::facts::{self, Role, Table};
use crate::routing::AdviceRule;
use crate::threshold::periods::periods;
use crate::threshold::possible::{Possible, possible};
use crate::threshold::review::in_words;
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advice {
    id: Spanned<String>,
    effective_from: Option<String>,
    effective_until: Option<String>,
    when: Spanned<String>,
    text: String,
}

/// What a text may leave to be filled in.
const BLANKS: [&str; 1] = ["{duty}"];

pub(super) fn advice(
    source: &Source,
    entries: &[Advice],
    table: &Table,
    faults: &mut Vec<Fault>,
) -> Vec<AdviceRule> {
    let mut advice: Vec<AdviceRule> = Vec::new();
    for entry in entries {
        let (id, at) = (&entry.id.value, line(&entry.id));
        let Some(when) = expression(source, "when", &entry.when, table, faults) else { continue };
        if when.reads().iter().any(|fact| table.fact(*fact).role == Role::History) {
            let what = format!("advice {id} depends on history, which a sender must not learn");
            faults.push(source.fault(at, what, "let it read only what the submission says"));
        }
        if advice.iter().any(|other| other.id == *id) {
            let mend = "give each piece of advice an id of its own";
            faults.push(source.fault(at, format!("advice {id} is listed twice"), mend));
        }
        let from = source.day(entry.effective_from.as_deref(), at, faults);
        let until = source.day(entry.effective_until.as_deref(), at, faults);
        let text = entry.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if matches!(possible(table, &[&when], &[]), Possible::No) {
            let what = format!("advice {id} is given to nobody: what it asks excludes itself");
            let mend = "write || where one of several is enough, or take it out";
            faults.push(source.fault(at, what, mend));
        }
        if from.zip(until).is_some_and(|(from, until)| from > until) {
            let mend = "put effective_until after effective_from";
            faults.push(source.fault(at, format!("advice {id} ends before it begins"), mend));
        }
        if BLANKS.iter().fold(text.clone(), |text, blank| text.replace(blank, "")).contains('{') {
            let what = format!("advice {id} leaves a blank that nobody fills in");
            let mend = format!("use only {}", BLANKS.join(", "));
            faults.push(source.fault(at, what, mend));
        }
        advice.push(AdviceRule { id: id.clone(), from, until, when, text });
    }
    call_999(source, entries, &advice, table, faults);
    advice
}

/// On every day each sender who says that a child is in danger, or does not say that none is, is
/// told to call 999.
fn call_999(
    source: &Source,
    entries: &[Advice],
    advice: &[AdviceRule],
    table: &Table,
    faults: &mut Vec<Fault>,
) {
    let answers = ["yes", "unknown"].map(|value| table.fact(facts::DANGER_NOW).bit(value));
    let danger = Expr::Any(facts::DANGER_NOW, answers.into_iter().flatten().sum());
    let dates: Vec<_> = advice.iter().map(|one| (one.from, one.until)).collect();
    for period in periods(&dates) {
        let given = period.rules.iter().map(|place| &advice[*place]);
        let given = given.filter(|advice| advice.text.contains("999"));
        let given: Vec<&Expr> = given.map(|advice| &advice.when).collect();
        if let Possible::Yes(child) = possible(table, &[&danger], &given) {
            let at = entries.first().map_or(0, |entry| line(&entry.id));
            let child = in_words(table, &child);
            let what = format!("no advice says to call 999 where {child}{}", period.told);
            let mend = "let advice that names 999 be given where danger_now is yes, and where it \
                        is unknown";
            faults.push(source.fault(at, what, mend));
            return;
        }
    }
}
