//! Times in which the same entries of a policy are in force.

use jiff::civil::{Date, date};
use std::collections::BTreeSet;

/// First and last day on which an entry is in force.
pub type Dates = (Option<Date>, Option<Date>);

/// A time in which the same entries are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// A day in it: the first, unless it has no beginning.
    pub day: Date,
    /// For messages; empty where there is one period only.
    pub told: String,
    /// Places of the entries in force.
    pub rules: Vec<usize>,
}

/// The periods of entries with these dates, in order. There is one at least.
pub fn periods(entries: &[Dates]) -> Vec<Period> {
    let begins = entries.iter().filter_map(|(from, _)| *from);
    let ends = entries.iter().filter_map(|(_, until)| (*until)?.tomorrow().ok());
    let changes: BTreeSet<Date> = begins.chain(ends).collect();
    let first = changes.first().copied();
    // Any day will do where nothing ever changes.
    let before = first.map_or(date(2000, 1, 1), |day| day.yesterday().unwrap_or(day));
    let told = first.map_or_else(String::new, |day| format!(", before {day}"));
    let from = changes.iter().map(|day| (*day, format!(", from {day}")));
    let each = [(before, told)].into_iter().chain(from);
    let in_force = |day: Date| {
        let holds = move |(from, until): &Dates| {
            from.is_none_or(|from| from <= day) && until.is_none_or(|until| day <= until)
        };
        (0..entries.len()).filter(|place| holds(&entries[*place])).collect()
    };
    each.map(|(day, told)| Period { day, told, rules: in_force(day) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_law_makes_two_periods_and_no_date_makes_one() {
        let always = periods(&[(None, None), (None, None)]);
        assert_eq!((always.len(), always[0].rules.as_slice()), (1, &[0, 1][..]));
        let (last, first) = (date(2026, 11, 30), date(2026, 12, 1));
        let changed = periods(&[(None, Some(last)), (Some(first), None), (None, None)]);
        let rules: Vec<&[usize]> = changed.iter().map(|one| one.rules.as_slice()).collect();
        assert_eq!(rules, [&[0, 2][..], &[1, 2]]);
        assert_eq!((changed[0].day, changed[1].day), (last, first));
        assert!(changed[1].told.contains("2026-12-01"));
    }
}
