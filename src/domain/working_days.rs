//! Clocks of the law: elapsed time, working days, end of the next working day.
//! Computed in Europe/London; England's bank holidays are computed, not listed.

use super::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, civil};
use std::collections::BTreeSet;

/// A duration as the policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// Minutes that never pause.
    Elapsed { minutes: u32 },
    /// Ends with the n-th working day after the day of receipt.
    WorkingDays { days: u16 },
    /// Ends with the next working day.
    EndOfNextWorkingDay,
}

/// Working hours and closures of one authority.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    /// Local closures besides weekends and bank holidays.
    closures: BTreeSet<Date>,
    /// When a working day ends, local time.
    day_ends: civil::Time,
}

impl Calendar {
    pub fn new(closures: impl IntoIterator<Item = Date>, day_ends: civil::Time) -> Self {
        let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        Calendar { zone, closures: closures.into_iter().collect(), day_ends }
    }

    /// Neither a weekend, nor a bank holiday in England, nor a local closure.
    pub fn is_working_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !is_bank_holiday(date)
            && !self.closures.contains(&date)
    }

    /// When a clock that starts at `from` runs out.
    pub fn due(&self, from: Timestamp, duration: Duration) -> Timestamp {
        match duration {
            Duration::Elapsed { minutes } => from.plus_seconds(i64::from(minutes) * 60),
            Duration::EndOfNextWorkingDay => self.end_of_working_day(from, 1),
            Duration::WorkingDays { days } => self.end_of_working_day(from, days),
        }
    }

    /// When the working day of a date ends, whether or not it is one.
    pub fn end_of(&self, date: Date) -> Timestamp {
        let end = self.zone.to_timestamp(date.to_datetime(self.day_ends));
        end.map_or(Timestamp(i64::MAX), Timestamp::from_jiff)
    }

    fn end_of_working_day(&self, from: Timestamp, days: u16) -> Timestamp {
        let mut date = self.zone.to_datetime(from.to_jiff()).date();
        let mut left = days.max(1);
        while left > 0 {
            date = date.saturating_add(1.day());
            if self.is_working_day(date) {
                left -= 1;
            }
            if date == Date::MAX {
                break;
            }
        }
        self.end_of(date)
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Calendar::new([], civil::time(17, 0, 0, 0))
    }
}

/// A bank holiday in England and Wales (Banking and Financial Dealings Act 1971, Schedule 1, and
/// the standing proclamations), with substitute days. One-off proclamations are local closures.
pub fn is_bank_holiday(date: Date) -> bool {
    let (month, day) = (date.month(), date.day());
    let monday = date.weekday() == Weekday::Monday;
    let easter = easter_sunday(date.year());
    let new_year = match date.weekday() {
        Weekday::Saturday | Weekday::Sunday => false,
        Weekday::Monday => month == 1 && day <= 3,
        _ => month == 1 && day == 1,
    };
    new_year
        || date == easter.saturating_sub(2.days())
        || date == easter.saturating_add(1.day())
        || (monday && month == 5 && (day <= 7 || day >= 25))
        || (monday && month == 8 && day >= 25)
        || is_christmas(date)
}

/// Christmas Day and Boxing Day or their substitutes.
fn is_christmas(date: Date) -> bool {
    if date.month() != 12 {
        return false;
    }
    match (date.day(), date.weekday()) {
        (25 | 26, Weekday::Saturday | Weekday::Sunday) => false,
        (25 | 26, _) => true,
        // The 25th or 26th fell on a weekend: the following Monday, and Tuesday for the second.
        (27, Weekday::Monday | Weekday::Tuesday) => true,
        (28, Weekday::Monday | Weekday::Tuesday) => true,
        _ => false,
    }
}

/// Gregorian Easter by the Meeus/Jones/Butcher rule (Meeus, Astronomical Algorithms, ch. 8).
fn easter_sunday(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    let month = i8::try_from(month).unwrap_or(4);
    let day = i8::try_from(day).unwrap_or(1);
    Date::new(year, month, day).unwrap_or(Date::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn bank_holidays_of_2026_and_2027_are_those_of_the_gazette() {
        let listed = [
            date(2026, 1, 1),
            date(2026, 4, 3),
            date(2026, 4, 6),
            date(2026, 5, 4),
            date(2026, 5, 25),
            date(2026, 8, 31),
            date(2026, 12, 25),
            date(2026, 12, 28),
            date(2027, 1, 1),
            date(2027, 3, 26),
            date(2027, 3, 29),
            date(2027, 5, 3),
            date(2027, 5, 31),
            date(2027, 8, 30),
            date(2027, 12, 27),
            date(2027, 12, 28),
        ];
        let computed: Vec<Date> = date(2026, 1, 1)
            .series(1.day())
            .take_while(|day| day.year() < 2028)
            .filter(|day| is_bank_holiday(*day))
            .collect();
        assert_eq!(computed, listed);
    }

    #[test]
    fn a_referral_on_friday_afternoon_is_due_at_the_end_of_monday() {
        let calendar = Calendar::default();
        let friday = Timestamp::parse("2026-11-20T16:30:00Z").expect("a time");
        let due = calendar.due(friday, Duration::EndOfNextWorkingDay);
        assert_eq!(due.to_string(), "2026-11-23T17:00:00.000Z");
        let elapsed = calendar.due(friday, Duration::Elapsed { minutes: 240 });
        assert_eq!(elapsed.to_string(), "2026-11-20T20:30:00.000Z");
    }
}
