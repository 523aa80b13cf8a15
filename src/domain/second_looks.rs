//! A second decision on some of what was closed or stepped down, made without knowing the first:
//! how many are drawn each week, and what the second person can find.

use super::{Level, OutcomeCode, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, time};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// The hour of Monday, in England, at which the week before it is drawn.
const HOUR: i8 = 6;
/// Weeks that are made up for after the gateway was down.
const CAUGHT_UP: usize = 26;

/// How an authority looks a second time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecondLooks {
    /// Outcomes that close a case or step it down.
    pub endings: BTreeSet<OutcomeCode>,
    /// Of each week's endings at least so many are looked at, and at least this percent.
    pub least: usize,
    pub percent: usize,
    /// What a second person can find, by code, in words.
    pub themes: BTreeMap<String, String>,
    pub levels: Vec<Level>,
}

impl SecondLooks {
    /// How many of a week's endings are drawn.
    pub fn drawn_of(&self, endings: usize) -> usize {
        let share = endings.saturating_mul(self.percent).div_ceil(100);
        endings.min(self.least.max(share))
    }
}

/// A week from Monday to Monday, midnight in England.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Week {
    fn ending(monday: Date) -> Week {
        Week { from: midnight(monday.saturating_sub(7.days())), until: midnight(monday) }
    }

    /// The weeks that are to be drawn by now, the oldest first, when `last` was the beginning of
    /// the last one that was. What was before the first is left alone.
    pub fn due(last: Option<Timestamp>, now: Timestamp) -> Vec<Week> {
        let local = zone().to_datetime(now.to_jiff());
        let back = i64::from(local.date().weekday().since(Weekday::Monday));
        let mut monday = local.date().saturating_sub(back.days());
        if back == 0 && local.time() < time(HOUR, 0, 0, 0) {
            monday = monday.saturating_sub(7.days());
        }
        let mut weeks = vec![Week::ending(monday)];
        while let Some(last) = last
            && weeks.len() < CAUGHT_UP
        {
            monday = monday.saturating_sub(7.days());
            let earlier = Week::ending(monday);
            if earlier.from <= last {
                break;
            }
            weeks.push(earlier);
        }
        weeks.retain(|week| last.is_none_or(|last| week.from > last));
        weeks.reverse();
        weeks
    }
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)
}

fn midnight(day: Date) -> Timestamp {
    zone().to_timestamp(day.at(0, 0, 0, 0)).map_or(Timestamp::default(), Timestamp::from_jiff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(last: Option<&str>, now: &str) -> Vec<String> {
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        let weeks = Week::due(last.map(at), at(now));
        weeks.iter().map(|week| format!("{} {}", week.from, week.until)).collect()
    }

    #[test]
    fn a_week_is_drawn_on_the_monday_after_it_at_six_in_england() {
        let summer = ["2026-06-21T23:00:00.000Z 2026-06-28T23:00:00.000Z"];
        assert_eq!(due(None, "2026-06-29T05:00:00Z"), summer, "six o'clock British Summer Time");
        let before = ["2026-06-14T23:00:00.000Z 2026-06-21T23:00:00.000Z"];
        assert_eq!(due(None, "2026-06-29T04:59:59Z"), before);
        assert_eq!(due(None, "2026-07-05T22:59:59Z"), summer, "until the next Monday");
        // The clocks go back on 25 October: the week has an hour more.
        let autumn = ["2026-10-18T23:00:00.000Z 2026-10-26T00:00:00.000Z"];
        assert_eq!(due(None, "2026-10-26T06:00:00Z"), autumn);
    }

    #[test]
    fn weeks_that_were_missed_are_drawn_one_by_one_and_none_twice() {
        let last = "2026-06-14T23:00:00Z";
        let weeks = due(Some(last), "2026-07-08T12:00:00Z");
        assert_eq!(
            weeks,
            [
                "2026-06-21T23:00:00.000Z 2026-06-28T23:00:00.000Z",
                "2026-06-28T23:00:00.000Z 2026-07-05T23:00:00.000Z"
            ]
        );
        assert!(due(Some("2026-06-28T23:00:00Z"), "2026-07-08T12:00:00Z").is_empty());
        assert_eq!(due(Some("2020-01-06T00:00:00Z"), "2026-07-08T12:00:00Z").len(), CAUGHT_UP);
    }

    #[test]
    fn at_least_three_or_a_twentieth_are_drawn_and_never_more_than_there_are() {
        let looks = SecondLooks { least: 3, percent: 5, ..SecondLooks::default() };
        let drawn = [0, 1, 3, 4, 60, 61, 100, 101].map(|endings| looks.drawn_of(endings));
        assert_eq!(drawn, [0, 1, 3, 3, 3, 4, 5, 6]);
    }
}
