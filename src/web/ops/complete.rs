//! How complete agencies' referrals are, over time.

use super::sheets::{Column, Sheet, Words};
use crate::domain::Timestamp;
use crate::store::Tally;
use crate::store::totals::SCORE;
use std::collections::BTreeMap;

const DAY: i64 = 24 * 3_600;

/// Scores of one agency: their sum and how many.
type Scores = BTreeMap<Timestamp, (i64, i64)>;

/// By agency, as a whole and for each day; over more than a week, for each week.
pub(super) fn sheet(
    words: Words<'_>,
    totals: &[(Tally, i64)],
    since: Timestamp,
    days: i64,
) -> Sheet {
    let mut agencies: BTreeMap<&str, Scores> = BTreeMap::new();
    for (tally, count) in totals {
        let day = agencies.entry(tally.agency.as_str()).or_default();
        let (sum, scored) = day.entry(tally.hour).or_default();
        match tally.what.as_str() {
            SCORE => *sum += count,
            "received" => *scored += count,
            _ => {}
        }
    }
    let step = if days > 7 { 7 } else { 1 };
    let begins = (0..days).step_by(step).map(|day| since.plus_seconds(day * DAY));
    let begins: Vec<Timestamp> = begins.collect();
    let mut columns = words.columns(&["ops-agency", "ops-referrals", "ops-mean"], 1);
    columns.extend(
        begins
            .iter()
            .map(|from| Column { text: from.date().strftime("%-d %b").to_string(), number: true }),
    );
    let length = i64::try_from(step).unwrap_or(1) * DAY;
    let row = |(agency, scores): (&str, Scores)| {
        let mut row = vec![words.agency(agency)];
        row.push(scores.values().map(|(_, scored)| scored).sum::<i64>().to_string());
        row.push(mean(scores.values()));
        row.extend(begins.iter().map(|from| {
            let until = from.plus_seconds(length);
            mean(scores.range(*from..until).map(|(_, scores)| scores))
        }));
        row
    };
    let scored = |(_, scores): &(&str, Scores)| scores.values().any(|(_, scored)| *scored > 0);
    Sheet {
        id: "completeness",
        caption: "ops-complete-caption",
        hint: "ops-complete-hint",
        columns,
        rows: agencies.into_iter().filter(scored).map(row).collect(),
        chart: Some("lines"),
    }
}

/// Rounded; a dash where there is nothing.
fn mean<'a>(scores: impl Iterator<Item = &'a (i64, i64)>) -> String {
    let (sum, count) = scores.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    if count > 0 { ((sum + count / 2) / count).to_string() } else { "–".to_owned() }
}
