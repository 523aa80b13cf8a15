//! When a team or a telephone line is staffed: the same hours each working day, local time.

use super::Timestamp;
use super::working_days::Calendar;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// Opening hours on working days. A line that never closes has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    zone: TimeZone,
    opens: Time,
    closes: Time,
}

impl Hours {
    pub fn new(opens: Time, closes: Time) -> Self {
        let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        Hours { zone, opens, closes }
    }

    /// Whether somebody is there at this instant.
    pub fn staffed(&self, calendar: &Calendar, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at.to_jiff());
        calendar.is_working_day(local.date()) && (self.opens..self.closes).contains(&local.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn hours_are_local_in_summer_and_closed_on_bank_holidays() {
        let hours = Hours::new(time(8, 45, 0, 0), time(17, 0, 0, 0));
        let staffed = |text: &str| {
            let at = Timestamp::parse(text).expect("a time");
            hours.staffed(&Calendar::default(), at)
        };
        // 16:30 and 17:00 British Summer Time.
        assert!(staffed("2026-07-15T15:30:00Z"));
        assert!(!staffed("2026-07-15T16:00:00Z"));
        assert!(staffed("2026-11-24T16:30:00Z"));
        assert!(!staffed("2026-11-21T12:00:00Z"), "a Saturday");
        assert!(!staffed("2026-12-25T12:00:00Z"), "Christmas Day");
    }
}
