//! From whom, at which level of need, to whom.

use super::sheets::{Sheet, Words};
use crate::domain::Priority;
use crate::store::Tally;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// New referrals to teams: one that goes to two teams is counted at each.
pub(super) fn sheet(words: Words<'_>, totals: &[(Tally, i64)]) -> Sheet {
    let mut lines: BTreeMap<[&str; 3], [i64; 3]> = BTreeMap::new();
    for (tally, count) in totals.iter().filter(|(tally, _)| tally.what == "routed") {
        let place = [tally.agency.as_str(), &tally.level, &tally.destination];
        let by = lines.entry(place).or_default();
        match tally.priority {
            Priority::Immediate => by[0] += count,
            Priority::Urgent => by[1] += count,
            Priority::Standard => by[2] += count,
        }
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(place, by)| (Reverse(by.iter().sum::<i64>()), *place));
    let row = |([agency, level, team], by): ([&str; 3], [i64; 3])| {
        let mut row = vec![words.agency(agency), words.level(level), words.team(team)];
        row.push(by.iter().sum::<i64>().to_string());
        row.extend(by.iter().map(i64::to_string));
        row
    };
    let columns = words.columns(
        &[
            "ops-agency",
            "ops-level-of-need",
            "ops-team",
            "ops-referrals",
            "ops-immediate",
            "ops-urgent",
            "ops-standard",
        ],
        3,
    );
    Sheet {
        id: "flow",
        caption: "ops-flow-caption",
        hint: "ops-flow-hint",
        columns,
        rows: lines.into_iter().map(row).collect(),
        chart: Some("flow"),
    }
}
