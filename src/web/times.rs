//! Times as people in England say them.

use crate::domain::Timestamp;
use jiff::tz::TimeZone;

/// E.g. `Friday 3 July 2026 at 09:59`.
pub(super) fn told(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    zone.to_datetime(at.to_jiff()).strftime("%A %-d %B %Y at %H:%M").to_string()
}

/// E.g. `09:59`.
pub(super) fn clock(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    zone.to_datetime(at.to_jiff()).strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_summer_is_told_in_summer_time() {
        let at = Timestamp::parse("2026-07-03T08:59:00Z").expect("a time");
        assert_eq!(told(at), "Friday 3 July 2026 at 09:59");
    }
}
