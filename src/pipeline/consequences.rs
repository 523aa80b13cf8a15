//! What follows from an outcome that stands: clocks end and begin, others are sent the referral,
//! and whoever else is at work on it learns of it.

use super::judge::Rules;
use crate::audit::Event;
use crate::domain::message::{self, Envelope, OutcomeDraft};
use crate::domain::outcome::{RESPOND, Said};
use crate::domain::time::Env;
use crate::domain::{
    Children, ClockKind, DestinationId, MessageId, Priority, Purpose, Route, RuleId, Timestamp,
    Unread,
};
use crate::store::totals::{self, CONCLUDED, DECIDED_IN};
use crate::store::work::Told;
use crate::store::{
    Batch, Clock, ClockRow, DeliveryRow, EndedClock, FollowRows, OutboxRow, OutcomeRow, Sealed,
    StoredReferral, Tally, Winding,
};
use crate::threshold::outcomes::{Follows, From, Onward, Starts};
use crate::threshold::{Policy, add_route};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Seconds within which whoever else has the referral should know of an outcome.
const A_DAY: i64 = 24 * 3600;
/// The clock of a case that is worked on.
const ASSESSMENT: &str = "assessment";

/// One outcome at work.
pub(super) struct Following<'a> {
    pub(super) rules: &'a Rules,
    pub(super) stored: &'a StoredReferral,
    pub(super) clocks: &'a [Clock],
    pub(super) told: &'a Told,
    pub(super) said: &'a Said,
    pub(super) follows: Follows<'a>,
    /// The children whom it concerns, and all whom the team was sent.
    pub(super) children: Vec<u16>,
    pub(super) sent: Vec<u16>,
    /// Of the destinations where it starts clocks, those that were sent all whom it concerns.
    pub(super) reached: BTreeSet<DestinationId>,
    /// All children of the referral.
    pub(super) of: Children,
    /// Whether nobody has recorded anything of the referral before.
    pub(super) first: bool,
    pub(super) now: Timestamp,
}

impl Following<'_> {
    /// Whom it is sent to by this outcome.
    pub(super) fn routes(&self) -> Vec<Route> {
        let rule = RuleId::new(self.said.code.as_str());
        let policy = &self.rules.policy;
        let route = |destination: DestinationId, purpose: Purpose, priority| {
            let new = Route {
                due_at: policy.due(&destination, priority, None, self.now),
                destination,
                purpose,
                priority,
                rules: vec![rule.clone()],
                children: self.children.clone(),
            };
            self.with_what_waits(new)
        };
        let mut routes: Vec<Route> = Vec::new();
        if let (Some(to), Some(sends)) = (&self.follows.to, &self.follows.outcome.sends)
            && *to != self.told.destination
        {
            let sent = route(to.clone(), sends.purpose.clone(), sends.priority);
            routes.extend(self.at_night(&sent));
            routes.push(sent);
        }
        // Where a clock begins at somebody who was never sent it, they are sent it.
        for start in &self.follows.outcome.starts {
            let Some(at) = &start.at else { continue };
            let there = self.reached.contains(at) || *at == self.told.destination;
            if !there && !routes.iter().any(|route| route.destination == *at) {
                let named = Purpose::new(start.clock.as_str());
                let known = policy.gravity(&named) > 0;
                let purpose = if known { named } else { policy.screening.clone() };
                routes.push(route(at.clone(), purpose, Priority::Standard));
            }
        }
        routes
    }

    /// Clocks that begin by it, after [`Following::end`].
    pub(super) fn start(&self, rows: &mut FollowRows) {
        for start in &self.follows.outcome.starts {
            let onward = self.follows.to.as_ref().filter(|_| start.onward);
            let at = start.at.as_ref().or(onward).unwrap_or(&self.told.destination);
            let children = Children::of(&self.children);
            let (from, due_at) = self.runs(start);
            let own =
                |ended: &&mut EndedClock| ended.kind == start.clock && ended.destination == *at;
            if let Some(ended) = rows.ended.iter_mut().find(own) {
                ended.again = ended.again.and(children.among(self.meant(ended)), due_at);
                continue;
            }
            rows.clocks.push(ClockRow {
                referral: self.stored.row.id,
                destination: at.clone(),
                kind: start.clock.clone(),
                purpose: Purpose::new(start.clock.as_str()),
                priority: Priority::Standard,
                started_at: from,
                amber_at: self.rules.outcomes.amber_at(from, due_at),
                due_at,
                by_acknowledgement: false,
                children,
                winding: Winding::Reopen,
            });
        }
        self.begin_again(rows);
        self.stand_in(rows);
    }

    /// Of what comes round: whom this is about. Where nobody is named, those are meant for whom it
    /// still comes.
    fn meant(&self, ended: &EndedClock) -> Children {
        let own = |clock: &&Clock| clock.destination == ended.destination;
        let clock = self.open(ended.kind.as_str()).find(own);
        match clock.filter(|_| self.said.children.is_empty()) {
            Some(clock) if !clock.children.is_empty() => clock.children.and(clock.again.children),
            _ => self.of,
        }
    }

    /// What comes round again, such as a review, does so for the family: for all who have had
    /// theirs, once nobody waits any more.
    fn begin_again(&self, rows: &mut FollowRows) {
        for ended in rows.ended.iter().filter(|ended| ended.waiting.is_empty()) {
            let Some(due_at) = ended.again.due_at.filter(|_| !ended.again.children.is_empty())
            else {
                continue;
            };
            rows.clocks.push(ClockRow {
                referral: ended.referral,
                destination: ended.destination.clone(),
                kind: ended.kind.clone(),
                purpose: Purpose::new(ended.kind.as_str()),
                priority: Priority::Standard,
                started_at: self.now,
                amber_at: self.rules.outcomes.amber_at(self.now, due_at),
                due_at,
                by_acknowledgement: false,
                children: ended.again.children,
                winding: Winding::Reopen,
            });
        }
    }

    /// From when a clock runs, and until when.
    fn runs(&self, start: &Starts) -> (Timestamp, Timestamp) {
        let calendar = &self.rules.policy.calendar;
        let from = match start.from {
            From::Now => self.now,
            From::Receipt => self.stored.row.received_at,
            From::Return => self.said.returned_at.unwrap_or(self.now),
        };
        let due_at = calendar.due(from, start.duration);
        if !start.by_review_on {
            return (from, due_at);
        }
        let day = self.said.review_on.map(|day| calendar.end_of(day));
        (from, day.map_or(due_at, |day| due_at.min(day)))
    }

    /// What is urgent does not wait for the screening team to open: who stands in for it has it.
    fn at_night(&self, sent: &Route) -> Option<Route> {
        let own = self.told.destination == self.rules.policy.teams.out_of_hours;
        let too = at_night(&self.rules.policy, sent, self.now).filter(|_| !own)?;
        Some(self.with_what_waits(too))
    }

    /// What waits there already is not made less grave, nor given more time; nor is what waits here
    /// and was not decided: it is handed over or handed back as it is.
    fn with_what_waits(&self, new: Route) -> Route {
        let policy = &self.rules.policy;
        let back = new.destination == policy.teams.screening
            || new.destination == policy.teams.out_of_hours;
        let undecided = self.follows.outcome.hands_over() || (back && self.follows.level.is_none());
        let here = |clock: &Clock| {
            undecided
                && clock.destination == self.told.destination
                && self.concerns(clock)
                && (clock.priority > Priority::Standard
                    || policy.gravity(&clock.purpose) >= policy.gravity(&policy.screening))
        };
        let waits = |clock: &&Clock| clock.destination == new.destination || here(clock);
        let mut routes = vec![new.clone()];
        for clock in self.open(RESPOND).filter(waits) {
            add_route(policy, &mut routes, as_waiting(clock, &new));
        }
        routes.remove(0)
    }

    /// What the emergency team has decided at night waits for the screening team to confirm it.
    fn stand_in(&self, rows: &mut FollowRows) {
        let policy = &self.rules.policy;
        let (own, screening) = (&self.told.destination, &policy.teams.screening);
        let respond = |ended: &&EndedClock| {
            ended.destination == *own && ended.kind.as_str() == RESPOND && ended.waiting.is_empty()
        };
        let sent_there = self.follows.to.as_ref() == Some(screening);
        let closed = !policy.teams.hours.staffed(&policy.calendar, self.now);
        let done = rows.ended.iter().any(|ended| respond(&ended));
        if *own != policy.teams.out_of_hours || !done || sent_there || !closed {
            return;
        }
        let Some(waiting) = self.open(RESPOND).find(|clock| clock.destination == *screening) else {
            return;
        };
        let last = |to: &DestinationId| {
            let own = self.stored.deliveries.iter().filter(|row| row.destination == *to);
            own.filter(|row| says_what_is_known(row)).map(|row| row.created_at).max()
        };
        let others = waiting.children.without(Children::of(&self.sent));
        if !others.among(self.of).is_empty() || last(screening) > last(own) {
            // There is a child, or something new, that the emergency team was never sent.
            return;
        }
        let due_at = policy.due(screening, Priority::Standard, None, self.now);
        rows.clocks.push(ClockRow {
            referral: waiting.referral,
            destination: screening.clone(),
            kind: waiting.kind.clone(),
            purpose: policy.confirmation.clone(),
            priority: Priority::Standard,
            started_at: self.now,
            amber_at: self.rules.outcomes.amber_at(self.now, due_at),
            due_at,
            by_acknowledgement: false,
            children: waiting.children,
            winding: Winding::Anew,
        });
    }

    /// Every team of social work that has it learns what was recorded; whom it is sent to by it
    /// has a message of its own. What the team for restricted records has recorded, it alone knows.
    pub(super) fn tell_others(&self, routes: &[Route], env: &dyn Env, rows: &mut Batch) {
        let others: BTreeSet<&DestinationId> =
            self.stored.deliveries.iter().map(|row| &row.destination).collect();
        for to in others {
            let known = self.rules.directory.destinations.get(to);
            let statutory = known.is_some_and(|known| known.statutory);
            let sent = routes.iter().any(|route| route.destination == *to);
            let closed = self.is_restricted(&self.told.destination) && !self.is_restricted(to);
            if !statutory || closed || sent || *to == self.told.destination {
                continue;
            }
            let letter = Letter { to, kind: message::OUTCOME, priority: Priority::Standard };
            rows.outbox.push(letter.about(self.stored, env, self.now, |envelope, due_at| {
                message::outcome(&OutcomeDraft {
                    envelope,
                    reference: self.stored.row.reference,
                    destination: to,
                    recorded_by: &self.told.destination,
                    outcome: &self.said.code,
                    level: self.follows.level,
                    due_at,
                })
            }));
        }
    }

    fn is_restricted(&self, team: &DestinationId) -> bool {
        self.rules.directory.destinations.get(team).is_some_and(|known| known.restricted)
    }

    pub(super) fn row(&self, suggested_rank: i16, record: Sealed) -> OutcomeRow {
        let level = self.follows.level.map(|level| (level.code.clone(), level.rank));
        OutcomeRow {
            id: self.told.id,
            referral: self.stored.row.id,
            destination: self.told.destination.clone(),
            code: self.said.code.clone(),
            children: Children::of(&self.children),
            level,
            suggested_rank,
            told: self.said.tells_sender,
            lowers: self.lowers(),
            at: self.now,
            body: self.told.body,
            record,
        }
    }

    /// Whether it steps a case down to early help, or closes one that was being assessed. To close
    /// what was never taken on is neither.
    fn lowers(&self) -> bool {
        let outcome = self.follows.outcome;
        let steps_down = outcome.sends.as_ref().is_some_and(|one| one.to == Onward::EarlyHelp);
        let worked_on = outcome.ends(ASSESSMENT);
        steps_down || (outcome.closes && worked_on)
    }

    pub(super) fn event(&self) -> Event {
        let detail = format!("{} {}", self.told.id, self.said.code);
        let event = Event::new("outcome.recorded", self.told.destination.as_str());
        event.about(self.stored.row.id).detail(detail)
    }

    /// That it was recorded; that it is the referral's first; and how long who has decided took.
    pub(super) fn tallies(&self, rows: &FollowRows) -> Vec<(Tally, i64)> {
        let row = &self.stored.row;
        let mut told = vec![(self.tally(), 1)];
        if self.first {
            told.push((totals::of_referral(CONCLUDED, &row.agency, row.id), 1));
        }
        let own = &self.told.destination;
        let done = |kind: &ClockKind, at: &DestinationId| kind.as_str() == RESPOND && at == own;
        let ended =
            rows.ended.iter().any(|e| done(&e.kind, &e.destination) && e.waiting.is_empty());
        let clock = self.open(RESPOND).find(|clock| clock.destination == *own);
        if let Some(clock) = clock.filter(|_| ended) {
            let time = (clock.started_at, self.now);
            told.push((totals::took(DECIDED_IN, own.as_str(), clock.priority, time), 1));
        }
        told
    }

    fn tally(&self) -> Tally {
        Tally {
            hour: Tally::hour_of(self.now),
            what: "outcome".to_owned(),
            agency: self.stored.row.agency.clone(),
            destination: self.told.destination.as_str().to_owned(),
            level: self.follows.level.map_or(String::new(), |level| level.code.clone()),
            priority: self.stored.row.priority,
        }
    }

    pub(super) fn answer(&self, routes: &[Route], rows: &Batch) -> Value {
        let sent = routes.iter().map(|route| {
            json!({
                "destination": route.destination,
                "purpose": route.purpose,
                "priority": route.priority,
                "due_at": route.due_at,
            })
        });
        let started = rows.follow.clocks.iter().map(|clock| {
            json!({"destination": clock.destination, "clock": clock.kind, "due_at": clock.due_at})
        });
        let ended = rows.follow.ended.iter().filter(|ended| ended.waiting.is_empty());
        let ended = ended.map(|e| json!({"destination": e.destination, "clock": e.kind}));
        let level = self.follows.level;
        json!({
            "reference": self.stored.row.reference,
            "id": self.told.id,
            "destination": self.told.destination,
            "outcome": self.said.code,
            "label": self.follows.outcome.label,
            "level_of_need": level.map(|l| json!({"code": l.code, "label": l.label})),
            "children": self.children,
            "recorded_at": self.now,
            "sent_to": sent.collect::<Vec<_>>(),
            "clocks_started": started.collect::<Vec<_>>(),
            "clocks_ended": ended.collect::<Vec<_>>(),
            "tells_sender": self.said.tells_sender,
        })
    }
}

/// The route to whoever stands in for the screening team, of what is urgent while that is closed.
pub(super) fn at_night(policy: &Policy, sent: &Route, now: Timestamp) -> Option<Route> {
    let teams = &policy.teams;
    let urgent = sent.priority > Priority::Standard && sent.destination == teams.screening;
    let closed = !teams.hours.staffed(&policy.calendar, now);
    let too = || Route { destination: teams.out_of_hours.clone(), ..sent.clone() };
    (urgent && closed).then(too)
}

/// What waits, as a route to where another would go.
pub(super) fn as_waiting(clock: &Clock, to: &Route) -> Route {
    Route {
        purpose: clock.purpose.clone(),
        priority: clock.priority,
        due_at: clock.due_at,
        ..to.clone()
    }
}

/// Whether a message tells what is known of the children, and not what another team recorded.
pub(super) fn says_what_is_known(row: &DeliveryRow) -> bool {
    row.kind == message::ROUTED || row.kind == message::UPDATED
}

/// A message to one team about a referral that it has.
struct Letter<'a> {
    to: &'a DestinationId,
    kind: &'a str,
    priority: Priority,
}

impl Letter<'_> {
    fn about(
        &self,
        stored: &StoredReferral,
        env: &dyn Env,
        now: Timestamp,
        payload: impl FnOnce(Envelope<'_>, Timestamp) -> Vec<u8>,
    ) -> OutboxRow {
        let earlier = stored.deliveries.iter().filter(|row| row.destination == *self.to);
        let sequence = earlier.map(|row| row.sequence).max().unwrap_or(0) + 1;
        let id = MessageId::from_parts(now, env.entropy_id());
        let due_at = now.plus_seconds(A_DAY);
        let envelope = Envelope { id, kind: self.kind, at: now, sequence, traceparent: None };
        OutboxRow {
            id,
            referral: Some(stored.row.id),
            refusal: None,
            destination: self.to.clone(),
            purpose: Purpose::new("outcome"),
            priority: self.priority,
            kind: self.kind.to_owned(),
            sequence,
            created_at: now,
            due_at,
            payload: payload(envelope, due_at),
            traceparent: None,
            agency: stored.row.agency.clone(),
            level: stored.row.level.clone(),
            attempts: 0,
            fence: 0,
            leased_until: None,
        }
    }
}

/// Tells a team that what it sent as a message cannot stand. Its clock runs on, so it is urgent.
pub(super) fn refused(
    stored: &StoredReferral,
    told: &Told,
    faults: &[Unread],
    env: &dyn Env,
    now: Timestamp,
) -> OutboxRow {
    let to = &told.destination;
    let letter = Letter { to, kind: message::OUTCOME_REFUSED, priority: Priority::Urgent };
    letter.about(stored, env, now, |envelope, _| {
        message::outcome_refused(&envelope, stored.row.reference, to, faults)
    })
}
