//! Clock arithmetic against tests/data/policy/clocks.csv, which was worked out apart from the
//! program.

use super::*;
use frontdoor::domain::working_days::{Calendar, Duration, is_bank_holiday};
use jiff::ToSpan as _;
use jiff::civil::{Date, date, time};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Case {
    kind: String,
    from: String,
    n: Option<u32>,
    closed: String,
    due: String,
    why: String,
}

fn cases() -> Vec<Case> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/policy/clocks.csv");
    let mut rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(file).expect("a table");
    rows.deserialize().map(|row| row.expect("a case")).collect()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text} is no time"))
}

impl Case {
    fn duration(&self) -> Duration {
        let n = || self.n.unwrap_or_else(|| panic!("{} has no number", self.why));
        match self.kind.as_str() {
            "elapsed" => Duration::Elapsed { minutes: n() },
            "working_days" => Duration::WorkingDays { days: n().try_into().expect("few") },
            "end_of_next_working_day" => Duration::EndOfNextWorkingDay,
            kind => panic!("{kind} is no clock"),
        }
    }

    fn due(&self) -> Timestamp {
        let closed = self.closed.split_whitespace();
        let closed = closed.map(|day| day.parse::<Date>().expect("a day"));
        Calendar::new(closed, time(17, 0, 0, 0)).due(at(&self.from), self.duration())
    }
}

#[test]
fn every_clock_runs_out_when_the_table_says() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter(|case| case.due() != at(&case.due))
        .map(|case| {
            let (kind, from, due) = (&case.kind, &case.from, &case.due);
            format!("{kind} {:?} from {from}: {} and not {due} ({})", case.n, case.due(), case.why)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_every_kind_of_case() {
    let cases = cases();
    assert!(cases.len() >= 120, "{}", cases.len());
    let years: BTreeSet<&str> = cases.iter().map(|case| &case.from[..4]).collect();
    assert_eq!(years.into_iter().collect::<Vec<_>>(), ["2024", "2025", "2026", "2027", "2028"]);
    for days in [1, 5, 7, 10, 15, 45] {
        let of = |case: &&Case| case.kind == "working_days" && case.n == Some(days);
        assert!(cases.iter().filter(of).count() >= 5, "{days} working days");
    }
    let offset = |text: &str| text[text.len() - 6..].to_owned();
    let changes = cases.iter().filter(|case| offset(&case.from) != offset(&case.due));
    assert!(changes.count() >= 10, "over a change of the clocks");
    assert!(cases.iter().filter(|case| !case.closed.is_empty()).count() >= 10);
}

#[test]
fn bank_holidays_are_those_that_are_listed() {
    let listed = [
        (2024, vec![(1, 1), (3, 29), (4, 1), (5, 6), (5, 27), (8, 26), (12, 25), (12, 26)]),
        (2025, vec![(1, 1), (4, 18), (4, 21), (5, 5), (5, 26), (8, 25), (12, 25), (12, 26)]),
        (2026, vec![(1, 1), (4, 3), (4, 6), (5, 4), (5, 25), (8, 31), (12, 25), (12, 28)]),
        (2027, vec![(1, 1), (3, 26), (3, 29), (5, 3), (5, 31), (8, 30), (12, 27), (12, 28)]),
        (2028, vec![(1, 3), (4, 14), (4, 17), (5, 1), (5, 29), (8, 28), (12, 25), (12, 26)]),
    ];
    for (year, days) in listed {
        let days: Vec<Date> = days.iter().map(|(month, day)| date(year, *month, *day)).collect();
        let all = date(year, 1, 1).series(1.day()).take_while(|day| day.year() == year);
        assert_eq!(all.filter(|day| is_bank_holiday(*day)).collect::<Vec<_>>(), days);
    }
}
