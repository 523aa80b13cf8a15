//! Whether all that came went on and was answered, by the day on which it came.

use super::sheets::{Sheet, Words};
use crate::domain::Timestamp;
use crate::store::Tally;
use crate::store::totals::{CONCLUDED, HEARD, SENT_ON};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What became of what one agency sent on one day.
#[derive(Clone, Copy, Default)]
struct Line {
    refused: i64,
    received: i64,
    sent_on: i64,
    heard: i64,
    concluded: i64,
}

/// The newest day first. Days before `begins`, when the gateway began to keep these counts, are
/// left out.
pub(super) fn sheet(words: Words<'_>, totals: &[(Tally, i64)], begins: Option<Timestamp>) -> Sheet {
    let mut lines: BTreeMap<(Reverse<Timestamp>, &str), Line> = BTreeMap::new();
    let kept = |day: Timestamp| begins.is_some_and(|begins| day >= begins);
    for (tally, count) in totals.iter().filter(|(tally, _)| kept(tally.hour)) {
        let line = lines.entry((Reverse(tally.hour), tally.agency.as_str())).or_default();
        match tally.what.as_str() {
            "refused" => line.refused += count,
            "received" => line.received += count,
            SENT_ON => line.sent_on += count,
            HEARD => line.heard += count,
            CONCLUDED => line.concluded += count,
            _ => {}
        }
    }
    let row = |((Reverse(day), agency), line): ((Reverse<Timestamp>, &str), Line)| {
        let counts = [line.refused, line.received, line.sent_on, line.heard, line.concluded];
        let mut row = vec![day.date().to_string(), words.agency(agency)];
        row.extend(counts.iter().map(i64::to_string));
        row.push(words.say(line.says()));
        row
    };
    let columns = [
        "ops-day",
        "ops-agency",
        "ops-refused",
        "ops-received",
        "ops-sent-on",
        "ops-acknowledged",
        "ops-outcome",
        "ops-adds-up",
    ];
    let mut columns = words.columns(&columns, 2);
    if let Some(last) = columns.last_mut() {
        last.number = false;
    }
    let some = |(_, line): &(_, Line)| line.refused + line.received + line.sent_on > 0;
    Sheet {
        id: "reconciliation",
        caption: "ops-reconcile-caption",
        hint: "ops-reconcile-hint",
        columns,
        rows: lines.into_iter().filter(some).map(row).collect(),
        chart: None,
    }
}

impl Line {
    /// The first step at which it does not add up.
    fn says(self) -> &'static str {
        if self.sent_on != self.received {
            return "ops-not-sent-on";
        }
        match (self.heard >= self.received, self.concluded >= self.received) {
            (true, true) => "ops-all-done",
            (false, _) => "ops-not-acknowledged",
            (true, false) => "ops-not-decided",
        }
    }
}
