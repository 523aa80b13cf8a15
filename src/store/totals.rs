//! What was counted, added up by day: all that the operations pages read of the past. However many
//! referrals there are, a day has at most one row for each kind of count, agency, team, level and
//! priority. Days are of UTC.

use super::error::Result;
use super::rows::Tally;
use crate::domain::{AgencyId, Priority, ReferralId, Timestamp};
use async_trait::async_trait;

/// Microseconds of a day.
pub const DAY: i64 = 24 * 3_600_000_000;

/// The start of the day that `at` falls in.
pub fn day_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(DAY))
}

/// Within how long something was done. Steps are fixed, so that a distribution is a few counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    QuarterHour,
    Hour,
    FourHours,
    Day,
    TwoDays,
    FiveDays,
    TenDays,
    Longer,
}

impl Within {
    pub const ALL: [Within; 8] = [
        Within::QuarterHour,
        Within::Hour,
        Within::FourHours,
        Within::Day,
        Within::TwoDays,
        Within::FiveDays,
        Within::TenDays,
        Within::Longer,
    ];

    /// The first step that is long enough. A clock that went back took no time.
    pub fn of(from: Timestamp, to: Timestamp) -> Self {
        let took = to.0.saturating_sub(from.0);
        let enough = |step: &Within| step.micros().is_none_or(|most| took <= most);
        Self::ALL.into_iter().find(enough).unwrap_or(Within::Longer)
    }

    fn micros(self) -> Option<i64> {
        let minutes = match self {
            Within::QuarterHour => 15,
            Within::Hour => 60,
            Within::FourHours => 4 * 60,
            Within::Day => 24 * 60,
            Within::TwoDays => 2 * 24 * 60,
            Within::FiveDays => 5 * 24 * 60,
            Within::TenDays => 10 * 24 * 60,
            Within::Longer => return None,
        };
        Some(minutes * 60_000_000)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Within::QuarterHour => "15-min",
            Within::Hour => "1-h",
            Within::FourHours => "4-h",
            Within::Day => "1-d",
            Within::TwoDays => "2-d",
            Within::FiveDays => "5-d",
            Within::TenDays => "10-d",
            Within::Longer => "longer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// What counts are added up by, besides their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `routed`, over all days asked for: agency, destination, level, priority.
    Flow,
    /// By day and agency: [`FOR_AGENCIES`].
    Agency,
    /// By day and destination: [`ACKNOWLEDGED_IN`] and [`DECIDED_IN`], where the level is how long
    /// it took, and priority.
    Destination,
}

/// The sum of the scores of what was received, as it was received.
pub const SCORE: &str = "score";
/// Of what was received on a day: sent to somebody in the same transaction.
pub const SENT_ON: &str = "sent-on";
/// Of what was received on a day: a named person has it, whenever they said so.
pub const HEARD: &str = "heard";
/// Of what was received on a day: somebody recorded an outcome, whenever they did.
pub const CONCLUDED: &str = "concluded";
/// New referrals to a team, by how long until a named person there had each.
pub const ACKNOWLEDGED_IN: &str = "acknowledged-in";
/// Clocks of decisions that ended, by how long they had run.
pub const DECIDED_IN: &str = "decided-in";

/// One count of one of these of a referral, on the day on which it was received.
pub fn of_referral(what: &str, agency: &AgencyId, id: ReferralId) -> Tally {
    let received_at = id.0.as_u128() >> 80;
    let received_at = Timestamp(i64::try_from(received_at).unwrap_or_default() * 1_000);
    Tally {
        hour: Tally::hour_of(received_at),
        what: what.to_owned(),
        agency: agency.clone(),
        destination: String::new(),
        level: String::new(),
        priority: Priority::Standard,
    }
}

/// One count of how long something took at a team.
pub fn took(
    what: &str,
    destination: &str,
    priority: Priority,
    (from, now): (Timestamp, Timestamp),
) -> Tally {
    Tally {
        hour: Tally::hour_of(now),
        what: what.to_owned(),
        agency: AgencyId::new(""),
        destination: destination.to_owned(),
        level: Within::of(from, now).as_str().to_owned(),
        priority,
    }
}

/// What the operations pages read.
#[async_trait]
pub trait TotalStore: Send + Sync {
    /// Sums of the days that begin at or after `since` and before `until`; `hour` is where the day
    /// begins, and what is not asked for is empty.
    async fn totals(&self, by: By, since: Timestamp, until: Timestamp)
    -> Result<Vec<(Tally, i64)>>;
    /// The first day on which something of a kind was counted: before it, nobody counted.
    async fn first_day(&self, what: &str) -> Result<Option<Timestamp>>;
}

pub(super) const FIRST_DAY: &str = "SELECT min(day) FROM tally_day WHERE what = $1";

/// Days, and what is not folded into them yet.
macro_rules! totals {
    ($columns:literal, $kinds:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", CAST(sum(count) AS bigint) AS count FROM (\
                 SELECT day, what, agency, destination, level, priority, count FROM tally_day \
                 WHERE what IN (",
            $kinds,
            ") AND day >= $1 AND day < $2 UNION ALL \
                 SELECT hour - hour % 86400000000, what, agency, destination, level, priority, \
                 count FROM tally_delta WHERE what IN (",
            $kinds,
            ") AND hour >= $1 AND hour < $2) AS both_kinds \
             GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"
        )
    };
}

const FLOW: &str =
    totals!("CAST(0 AS bigint) AS hour, what, agency, destination, level, priority", "'routed'");

const AGENCIES: &str = totals!(
    "day AS hour, what, agency, '' AS destination, '' AS level, CAST(0 AS smallint) AS priority",
    "'received', 'refused', 'tested', 'score', 'sent-on', 'heard', 'concluded'"
);

const DESTINATIONS: &str = totals!(
    "day AS hour, what, '' AS agency, destination, level, priority",
    "'acknowledged-in', 'decided-in'"
);

impl By {
    pub(super) fn statement(self) -> &'static str {
        match self {
            By::Flow => FLOW,
            By::Agency => AGENCIES,
            By::Destination => DESTINATIONS,
        }
    }
}

/// Whether nobody has acknowledged another message of the referral.
pub(super) const FIRST_HEARD: &str = "SELECT NOT EXISTS (SELECT 1 FROM outbox \
     WHERE referral = $1 AND id <> $2 AND acknowledged_at IS NOT NULL)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_holds_what_took_as_long_as_it_says_and_no_longer() {
        let from = Timestamp(7);
        let took = |micros: i64| Within::of(from, Timestamp(7 + micros)).as_str();
        let minute = 60_000_000;
        assert_eq!(took(-1), "15-min");
        assert_eq!((took(15 * minute), took(15 * minute + 1)), ("15-min", "1-h"));
        assert_eq!((took(1440 * minute), took(1440 * minute + 1)), ("1-d", "2-d"));
        assert_eq!((took(14_400 * minute), took(14_400 * minute + 1)), ("10-d", "longer"));
        for step in Within::ALL {
            assert_eq!(Within::parse(step.as_str()), Some(step));
        }
    }

    #[test]
    fn a_referral_counts_in_the_hour_that_its_id_was_given() {
        let at = Timestamp(1_768_386_600_123_456);
        let id = ReferralId::from_parts(at, [255; 10]);
        let tally = of_referral(HEARD, &AgencyId::new("school"), id);
        assert_eq!((tally.hour, tally.what.as_str()), (Tally::hour_of(at), "heard"));
    }
}
