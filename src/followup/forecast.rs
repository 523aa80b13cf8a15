//! Which open clocks will run out before anyone comes to them, at the pace of the last two weeks.
//!
//! A team comes to its decisions in the order in which their clocks (`respond`) run out. Of those
//! that wait for it, the n-th is reached after n times the time that one has taken of late. Of
//! other clocks, such as that of an assessment, no pace is known. It is a plain
//! rate, with nights and weekends in it, so that anybody can work it out again.

use crate::domain::Timestamp;
use crate::domain::outcome::RESPOND;
use crate::store::{Clock, Stage};
use serde::Serialize;

/// Seconds over which the pace is taken.
pub const WINDOW: i64 = 14 * 24 * 3600;

/// What is to be expected of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forecast {
    InTime,
    /// At this pace it runs out first.
    Late,
    /// It has run out.
    Breached,
    /// There is no pace to tell by: another kind of clock, or nothing was recorded of late.
    Unknown,
}

/// What is to be expected of clocks that are given in the order in which they run out, `before` of
/// their kind ahead of them; `ended` is how many the team ended within [`WINDOW`] before now.
pub fn forecast(clocks: &[Clock], before: u64, ended: u64, now: Timestamp) -> Vec<Forecast> {
    let each = i64::try_from(ended).ok().filter(|ended| *ended > 0).map(|ended| WINDOW / ended);
    let mut place = i64::try_from(before).unwrap_or(i64::MAX);
    let of = |clock: &Clock| {
        let responds = clock.kind.as_str() == RESPOND;
        place = place.saturating_add(i64::from(responds));
        match (clock.stage_at(now), each.filter(|_| responds)) {
            (Stage::Red, _) => Forecast::Breached,
            (_, None) => Forecast::Unknown,
            (_, Some(each)) if now.plus_seconds(each.saturating_mul(place)) > clock.due_at => {
                Forecast::Late
            }
            _ => Forecast::InTime,
        }
    };
    clocks.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        AgencyId, Children, ClockKind, DestinationId, Priority, Purpose, Reference, ReferralId,
    };
    use crate::store::Again;

    fn clock(due_in: i64) -> Clock {
        let at = Timestamp(0);
        Clock {
            referral: ReferralId::from_parts(at, [1; 10]),
            reference: Reference::from_entropy(1),
            agency: AgencyId::new("a"),
            level: "4".to_owned(),
            destination: DestinationId::new("masstt"),
            kind: ClockKind::new("respond"),
            purpose: Purpose::new("screening"),
            priority: Priority::Standard,
            started_at: at,
            amber_at: at,
            due_at: at.plus_seconds(due_in),
            stage: Stage::Green,
            alerts: 0,
            ended_at: None,
            children: Children::of(&[0]),
            again: Again::default(),
        }
    }

    #[test]
    fn the_nth_is_reached_after_n_times_the_time_that_one_takes() {
        let hour = 3600;
        // 336 in two weeks: one an hour.
        let clocks = [-1, hour, 2 * hour - 1, 4 * hour].map(clock);
        let told = forecast(&clocks, 0, 336, Timestamp(0));
        let expected = [Forecast::Breached, Forecast::Late, Forecast::Late, Forecast::InTime];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_later_page_goes_on_and_other_clocks_take_no_place() {
        let hour = 3600;
        let mut assessment = clock(hour);
        assessment.kind = ClockKind::new("assessment");
        let clocks = [assessment, clock(11 * hour)];
        let told = |before| forecast(&clocks, before, 336, Timestamp(0));
        assert_eq!(told(9), [Forecast::Unknown, Forecast::InTime]);
        assert_eq!(told(11), [Forecast::Unknown, Forecast::Late]);
    }

    #[test]
    fn a_team_that_recorded_nothing_gives_no_forecast() {
        let told = forecast(&[clock(-1), clock(9)], 0, 0, Timestamp(0));
        assert_eq!(told, [Forecast::Breached, Forecast::Unknown]);
    }
}
