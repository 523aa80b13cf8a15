//! How long teams took, and what their clocks lead one to expect.

use super::sheets::{Column, Sheet, Words};
use crate::domain::{DestinationId, Priority, Timestamp};
use crate::followup::forecast::{Forecast, WINDOW, forecast};
use crate::store::totals::{ACKNOWLEDGED_IN, DECIDED_IN};
use crate::store::{FollowStore, StoreError, Tally, Within};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Clocks of one team that are read for a forecast.
const CLOCKS: usize = 500;

/// What is to be expected of one team's open clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) team: String,
    /// At most [`CLOCKS`].
    pub(crate) open: u64,
    pub(crate) breached: u64,
    pub(crate) late: u64,
    pub(crate) in_time: u64,
    pub(crate) unknown: u64,
    /// Ended in the last fourteen days.
    pub(crate) ended: u64,
}

/// The forecast of `/v1/clocks`, of one team. `None` where nothing waits and nothing has ended.
pub(super) async fn expected(
    store: &dyn FollowStore,
    team: &DestinationId,
    now: Timestamp,
) -> Result<Option<Expected>, StoreError> {
    let ended = store.ended_since(team, now.plus_seconds(-WINDOW)).await?;
    let clocks = store.open_clocks(team, None, CLOCKS).await?;
    if clocks.is_empty() && ended == 0 {
        return Ok(None);
    }
    let mut told = Expected { team: team.to_string(), ended, ..Expected::default() };
    for one in forecast(&clocks, 0, ended, now) {
        told.open += 1;
        *match one {
            Forecast::Breached => &mut told.breached,
            Forecast::Late => &mut told.late,
            Forecast::InTime => &mut told.in_time,
            Forecast::Unknown => &mut told.unknown,
        } += 1;
    }
    Ok(Some(told))
}

/// Acknowledged within, decided within, and the forecast.
pub(super) fn sheets(
    words: Words<'_>,
    totals: &[(Tally, i64)],
    expected: &[Expected],
) -> Vec<Sheet> {
    let steps = |what, id, caption, hint| Sheet {
        id,
        caption,
        hint,
        columns: columns(words),
        rows: distribution(words, totals, what),
        chart: Some("steps"),
    };
    let heard = steps(ACKNOWLEDGED_IN, "acknowledged", "ops-heard-caption", "ops-heard-hint");
    let decided = steps(DECIDED_IN, "decided", "ops-decided-caption", "ops-decided-hint");
    vec![heard, decided, forecasts(words, expected)]
}

fn columns(words: Words<'_>) -> Vec<Column> {
    let mut columns = words.columns(&["ops-team", "ops-priority", "ops-referrals"], 2);
    let name = |step: Within| match step {
        Within::QuarterHour => "ops-within-quarter",
        Within::Hour => "ops-within-hour",
        Within::FourHours => "ops-within-four",
        Within::Day => "ops-within-day",
        Within::TwoDays => "ops-within-two",
        Within::FiveDays => "ops-within-five",
        Within::TenDays => "ops-within-ten",
        Within::Longer => "ops-longer",
    };
    columns.extend(words.columns(&Within::ALL.map(name), 0));
    columns
}

fn distribution(words: Words<'_>, totals: &[(Tally, i64)], what: &str) -> Vec<Vec<String>> {
    let mut lines: BTreeMap<(&str, Reverse<Priority>), [i64; Within::ALL.len()]> = BTreeMap::new();
    for (tally, count) in totals.iter().filter(|(tally, _)| tally.what == what) {
        let line = lines.entry((tally.destination.as_str(), Reverse(tally.priority))).or_default();
        let steps = Within::ALL.iter().zip(line);
        for (_, cell) in steps.filter(|(step, _)| step.as_str() == tally.level) {
            *cell += count;
        }
    }
    let row = |((team, Reverse(priority)), line): ((&str, _), [i64; Within::ALL.len()])| {
        let mut row = vec![words.team(team), words.say(priority_name(priority))];
        row.push(line.iter().sum::<i64>().to_string());
        row.extend(line.iter().map(i64::to_string));
        row
    };
    lines.into_iter().map(row).collect()
}

pub(super) fn priority_name(priority: Priority) -> &'static str {
    match priority {
        Priority::Immediate => "ops-immediate",
        Priority::Urgent => "ops-urgent",
        Priority::Standard => "ops-standard",
    }
}

fn forecasts(words: Words<'_>, expected: &[Expected]) -> Sheet {
    let row = |one: &Expected| {
        let counts = [one.open, one.breached, one.late, one.in_time, one.unknown, one.ended];
        let mut row = vec![words.team(&one.team)];
        row.extend(counts.iter().map(u64::to_string));
        row
    };
    let columns = [
        "ops-team",
        "ops-clocks-open",
        "ops-clocks-breached",
        "ops-clocks-late",
        "ops-clocks-in-time",
        "ops-clocks-unknown",
        "ops-clocks-ended",
    ];
    Sheet {
        id: "forecast",
        caption: "ops-forecast-caption",
        hint: "ops-forecast-hint",
        columns: words.columns(&columns, 1),
        rows: expected.iter().map(row).collect(),
        chart: None,
    }
}
