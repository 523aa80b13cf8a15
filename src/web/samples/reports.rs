//! The pages of operations that tell of days gone by: full, empty, old, and without a store.

use super::AT;
use crate::domain::pauses::{Pause, PauseReason};
use crate::domain::{AgencyId, DestinationId, Directory, MessageId, Priority, Purpose, Timestamp};
use crate::store::totals::{ACKNOWLEDGED_IN, CONCLUDED, DECIDED_IN, HEARD, SCORE, SENT_ON, day_of};
use crate::store::{DeliveryRow, DeliveryState, Tally, Within};
use crate::web::ops::reports::{Asked, Report, View};
use crate::web::ops::sheets::{Sheet, Words};
use crate::web::ops::{reports, shown};
use crate::web::page::Frame;
use actix_web::HttpResponse;

const DAY: i64 = 24 * 3_600;
const AGENCIES: [&str; 5] =
    ["ridgeway-primary", "police-west", "health-royal-trust", "housing-together", "gp-hebden"];
const TEAMS: [&str; 4] = ["masstt", "early-help.upper-valley", "lado", "out-of-hours"];

/// A page with much on it.
pub(super) fn full(frame: &Frame, view: View) -> HttpResponse {
    show(frame, view, sheets(frame, view, true), AT)
}

pub(super) fn empty(frame: &Frame, view: View) -> HttpResponse {
    show(frame, view, sheets(frame, view, false), AT)
}

/// The store has not answered for an hour.
pub(super) fn old(frame: &Frame, view: View) -> HttpResponse {
    show(frame, view, sheets(frame, view, true), AT.plus_seconds(-3_600))
}

/// The store has never answered.
pub(super) fn without(frame: &Frame, view: View) -> HttpResponse {
    shown::answer(frame, asked(view), None, AT)
}

fn asked(view: View) -> Asked {
    let month = (view == View::Board).then(|| AT.date().first_of_month());
    Asked { view, days: 7, month }
}

fn show(frame: &Frame, view: View, sheets: Vec<Sheet>, as_of: Timestamp) -> HttpResponse {
    shown::answer(frame, asked(view), Some(&Report { as_of, sheets }), AT)
}

fn sheets(frame: &Frame, view: View, full: bool) -> Vec<Sheet> {
    let directory = Directory::default();
    let words = Words { texts: &frame.texts, directory: &directory };
    let since = day_of(AT.plus_seconds(-6 * DAY));
    let mut known = reports::Known { since, days: 7, begins: Some(since), ..Default::default() };
    if full {
        known.totals = totals(since);
        known.expected = TEAMS.map(expected).to_vec();
        known.stuck = (1..=3).map(stuck).collect();
        known.pauses = vec![pause()];
    }
    reports::sheets(words, view, &known)
}

fn totals(since: Timestamp) -> Vec<(Tally, i64)> {
    let mut told = Vec::new();
    let tally = |what: &str, agency: &str, destination: &str, level: &str, day: i64| Tally {
        hour: since.plus_seconds(day * DAY),
        what: what.to_owned(),
        agency: AgencyId::new(agency),
        destination: destination.to_owned(),
        level: level.to_owned(),
        priority: Priority::Standard,
    };
    for (agency, one) in AGENCIES.into_iter().zip(1..) {
        for day in 0..7 {
            let came = (one * 7 + day * 3) % 11;
            let of = |what| tally(what, agency, "", "", day);
            told.push((of("received"), came));
            told.push((of(SENT_ON), came));
            told.push((of(HEARD), came - i64::from(day == 6 && came > 0)));
            told.push((of(CONCLUDED), came - i64::from(day > 3 && came > 0)));
            told.push((of(SCORE), came * (30 + one * 9 + day * 2)));
            told.push((of("refused"), i64::from(day == one)));
        }
        for (team, other) in TEAMS.into_iter().zip(1..) {
            let level = if other == 2 { "3" } else { "4" };
            let routed = tally("routed", agency, team, level, 0);
            told.push((Tally { priority: Priority::Urgent, ..routed.clone() }, one));
            told.push((routed, one * 12 / other));
        }
    }
    for (step, one) in Within::ALL.into_iter().zip(1..) {
        for (team, other) in TEAMS.into_iter().zip(1..) {
            let took = |what| tally(what, "", team, step.as_str(), 0);
            let immediate = Tally { priority: Priority::Immediate, ..took(ACKNOWLEDGED_IN) };
            told.push((immediate, 9 / one));
            told.push((took(ACKNOWLEDGED_IN), 40 * other / one));
            told.push((took(DECIDED_IN), one * one * other % 17));
        }
    }
    told
}

fn expected(team: &str) -> reports::Expected {
    reports::Expected {
        team: team.to_owned(),
        open: 12,
        breached: 2,
        late: 3,
        in_time: 6,
        unknown: 1,
        ended: 40,
    }
}

fn pause() -> Pause {
    Pause {
        destination: DestinationId::new("lado"),
        reason: PauseReason::Maintenance,
        since: AT.plus_seconds(-3_600),
        until: AT.plus_seconds(7_200),
        by: "command-line".to_owned(),
    }
}

fn stuck(number: u8) -> DeliveryRow {
    let dead = number == 1;
    DeliveryRow {
        id: MessageId::from_parts(AT, [number; 10]),
        referral: None,
        destination: DestinationId::new("early-help.upper-valley"),
        purpose: Purpose::new("screening"),
        priority: if dead { Priority::Immediate } else { Priority::Standard },
        kind: crate::domain::message::ROUTED.to_owned(),
        sequence: 1,
        state: if dead { DeliveryState::Dead } else { DeliveryState::Failing },
        created_at: AT.plus_seconds(-7_200),
        due_at: AT,
        delivered_at: None,
        acknowledged_at: None,
        attempts: 21,
        last_fault: Some("unreachable".to_owned()),
    }
}
