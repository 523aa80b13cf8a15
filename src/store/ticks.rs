//! Clocks whose time has come: what each does then, who is told, and what is counted.

use super::follow::{Clock, Stage};
use super::notices::{NoticeRow, open_notice};
use super::rows::Tally;
use crate::audit::Event;
use crate::domain::Timestamp;

/// What a clock does when its time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub stage: Stage,
    pub alerts: i32,
    /// When it does something again.
    pub next_at: Timestamp,
    /// Who is told that it has run out.
    pub notices: Vec<NoticeRow>,
}

/// Says what a clock does when its time has come.
pub trait Ticks: Send + Sync {
    fn tick(&self, clock: &Clock) -> Tick;
}

/// Those whose time has come, the soonest first.
macro_rules! run_down {
    ($($locked:tt)*) => {
        concat!(clock_columns!(), "WHERE c.next_at <= $1 ORDER BY c.next_at LIMIT $2", $($locked)*)
    };
}

pub(super) use run_down;

pub(super) const TICK: &str = "UPDATE clock SET stage = $4, alerts = $5, next_at = $6 \
     WHERE referral = $1 AND destination = $2 AND kind = $3";

/// The events of clocks that have turned amber or red; a red one that escalates again says so.
pub(super) fn events(ticked: &[(Clock, Tick)]) -> Vec<Event> {
    let event = |(clock, tick): &(Clock, Tick)| {
        let kind = match (tick.stage, clock.stage) {
            (Stage::Red, Stage::Red) => "clock.still-red",
            (Stage::Red, _) => "clock.red",
            _ => "clock.amber",
        };
        let detail = format!("{} {}", clock.destination, clock.kind);
        Event::new(kind, "frontdoor").about(clock.referral).detail(detail)
    };
    let notices = ticked.iter().flat_map(|(_, tick)| tick.notices.iter().map(NoticeRow::written));
    ticked.iter().map(event).chain(notices).collect()
}

/// Whom an open notice tells already that a referral is overdue at a destination.
pub(super) const TOLD_OVERDUE: &str = concat!(
    "SELECT whom FROM notice WHERE ",
    open_notice!(),
    " AND referral = $1 AND destination = $2 AND kind = 'overdue'"
);

/// Whoever has an open notice of it gets no other.
pub(super) fn not_told_yet(tick: &mut Tick, told: &[String]) {
    tick.notices.retain(|notice| !told.contains(&notice.whom.to_string()));
}

/// What is told of clocks that have run out.
pub(super) fn notices(ticked: &[(Clock, Tick)]) -> Vec<NoticeRow> {
    ticked.iter().flat_map(|(_, tick)| tick.notices.iter().cloned()).collect()
}

/// One for each clock that has run out.
pub(super) fn overdue(ticked: &[(Clock, Tick)], now: Timestamp) -> Vec<(Tally, i64)> {
    let new = ticked.iter().filter(|(clock, tick)| tick.stage == Stage::Red && clock.alerts == 0);
    let tally = |(clock, _): &(Clock, Tick)| {
        let tally = Tally {
            hour: Tally::hour_of(now),
            what: "overdue".to_owned(),
            agency: clock.agency.clone(),
            destination: clock.destination.as_str().to_owned(),
            level: clock.level.clone(),
            priority: clock.priority,
        };
        (tally, 1)
    };
    new.map(tally).collect()
}
