//! Clocks that an outcome ends: those of whoever records it, and of a case that was handed over.
//! One ends for a child at a time, and runs on while another waits.

use super::consequences::{Following, says_what_is_known};
use crate::domain::outcome::{ACCEPT, HANDOVER, RESPOND, fault};
use crate::domain::{Children, ClockKind, DestinationId, Route, Unread};
use crate::store::{Clock, ClockRow, EndedClock, FollowRows, Winding};
use crate::threshold::add_route;
use std::collections::BTreeSet;

impl Following<'_> {
    /// Clocks of this kind that run.
    pub(super) fn open(&self, kind: &str) -> impl Iterator<Item = &Clock> {
        let kind = ClockKind::new(kind);
        self.clocks.iter().filter(move |clock| clock.kind == kind && clock.ended_at.is_none())
    }

    /// The children whom it concerns, as clocks count them.
    fn decided(&self) -> Children {
        Children::decided(&self.children, &self.sent)
    }

    /// Whether a clock runs for one of the children whom it concerns.
    pub(super) fn concerns(&self, clock: &Clock) -> bool {
        is_of(clock, self.decided())
    }

    fn ended(&self, clock: &Clock, children: Children) -> EndedClock {
        EndedClock {
            referral: clock.referral,
            destination: clock.destination.clone(),
            kind: clock.kind.clone(),
            waiting: clock.children.among(self.of).without(children),
            again: clock.again.without(children),
            at: self.now,
        }
    }

    /// # Errors
    /// What it would accept or decline was never handed over.
    pub(super) fn end(&self, rows: &mut FollowRows) -> Result<(), Unread> {
        let outcome = self.follows.outcome;
        if outcome.ends(ACCEPT) && self.take_on(rows)? == By::Another {
            // Nothing was said of what waits here.
            return Ok(());
        }
        let own = &self.told.destination;
        let teams = &self.rules.policy.teams;
        for kind in outcome.ends.iter().filter(|kind| kind.as_str() != ACCEPT) {
            // Who stands in at night has done its part once the screening team has decided.
            let both = kind.as_str() == RESPOND && *own == teams.screening;
            let its = |clock: &&Clock| {
                clock.destination == *own || (both && clock.destination == teams.out_of_hours)
            };
            let ends = self.open(kind.as_str()).filter(its).filter(|clock| self.concerns(clock));
            rows.ended.extend(ends.map(|clock| self.ended(clock, self.decided())));
        }
        self.keeps(rows);
        self.gives_back(rows);
        Ok(())
    }

    /// Whoever decides of a case that nobody was asked to take on any more, keeps it.
    fn keeps(&self, rows: &mut FollowRows) {
        if self.follows.level.is_none() || self.open(ACCEPT).any(|clock| self.concerns(clock)) {
            return;
        }
        let own = |clock: &&Clock| clock.destination == self.told.destination;
        let kept = self.open(HANDOVER).filter(own).filter(|clock| self.concerns(clock));
        rows.ended.extend(kept.map(|clock| self.ended(clock, self.decided())));
    }

    /// Whoever hands a case back to the screening team without a decision gives its clocks back.
    fn gives_back(&self, rows: &mut FollowRows) {
        let screening = &self.rules.policy.teams.screening;
        let own = &self.told.destination;
        let back = self.follows.to.as_ref() == Some(screening) && self.follows.level.is_none();
        if !back || own == screening || !self.follows.outcome.ends(RESPOND) {
            return;
        }
        let case = |clock: &&Clock| {
            clock.destination == *own
                && clock.ended_at.is_none()
                && self.rules.outcomes.follows_the_case(&clock.kind)
                && self.concerns(clock)
        };
        for clock in self.clocks.iter().filter(case) {
            rows.ended.push(self.ended(clock, self.decided()));
            rows.clocks.push(self.moved(clock, screening, self.decided()));
        }
    }

    /// Of a case that was handed over: who has answered, and who need keep it no longer.
    fn take_on(&self, rows: &mut FollowRows) -> Result<By, Unread> {
        let outcome = self.follows.outcome;
        let own = &self.told.destination;
        // Another authority has no desk here: whoever asked it says what it has answered.
        let by = if self.said.accepted_in_writing { By::Another } else { By::Itself };
        let asks = self.open(HANDOVER).any(|clock| clock.destination == *own);
        let no_desk = &self.rules.outcomes.no_desk;
        let answers = |clock: &&Clock| match by {
            By::Itself => clock.destination == *own,
            By::Another => asks && no_desk.contains(&clock.destination),
        };
        let asked = self.open(ACCEPT).filter(answers).filter(|clock| self.concerns(clock));
        let asked: Vec<&Clock> = asked.collect();
        if asked.is_empty() {
            if !outcome.accepts && outcome.sends.is_some() {
                // A service that was never asked to accept declines it all the same.
                return Ok(By::Itself);
            }
            let ask = "Nothing was handed over to this destination. Where another authority has \
                       answered, say {\"by\": …, \"on\": …} in accepted_in_writing";
            return Err(fault("/accepted_in_writing", "handover", ask));
        }
        let children = asked.iter().fold(Children::NONE, |all, one| all.and(one.children));
        let children = children.among(self.decided());
        rows.ended.extend(asked.iter().map(|clock| self.ended(clock, self.decided())));
        if by == By::Another {
            // Nobody records anything there: what runs there has its answer.
            let there = |clock: &&Clock| {
                asked.iter().any(|asked| asked.destination == clock.destination)
                    && is_of(clock, children)
            };
            rows.ended.extend(self.open(RESPOND).filter(there).map(|c| self.ended(c, children)));
        }
        if outcome.accepts {
            self.pass_on(by, children, rows);
        }
        Ok(by)
    }

    /// The duty for these children has passed. What waited for whoever had it, and the clocks of
    /// the case, run at whoever has it now; of what another authority has taken on, none runs here.
    fn pass_on(&self, by: By, children: Children, rows: &mut FollowRows) {
        let own = &self.told.destination;
        let handed: Vec<&Clock> =
            self.open(HANDOVER).filter(|clock| is_of(clock, children)).collect();
        rows.ended.extend(handed.iter().map(|clock| self.ended(clock, children)));
        let givers: BTreeSet<&DestinationId> = handed
            .iter()
            .map(|clock| &clock.destination)
            .filter(|giver| by == By::Another || *giver != own)
            .collect();
        let open = self.clocks.iter().filter(|clock| clock.ended_at.is_none());
        for clock in open.filter(|clock| is_of(clock, children)) {
            let responds = clock.kind.as_str() == RESPOND;
            let case = self.rules.outcomes.follows_the_case(&clock.kind);
            if !givers.contains(&clock.destination) || !(responds || case) {
                continue;
            }
            rows.ended.push(self.ended(clock, children));
            if by == By::Itself && (case || !self.has_decided_since(&clock.destination)) {
                rows.clocks.push(self.moved(clock, own, children));
            }
        }
    }

    /// Whether the team has decided on all that whoever gave it the case was sent.
    fn has_decided_since(&self, giver: &DestinationId) -> bool {
        let own = |clock: &&Clock| {
            clock.destination == self.told.destination && clock.kind.as_str() == RESPOND
        };
        let decided_at = self.clocks.iter().find(own).and_then(|clock| clock.ended_at);
        let told = self.stored.deliveries.iter().filter(|row| row.destination == *giver);
        let last = told.filter(|row| says_what_is_known(row)).map(|row| row.created_at).max();
        decided_at.is_some() && last < decided_at
    }

    /// A clock that runs elsewhere from now on; what runs there already is not loosened.
    fn moved(&self, clock: &Clock, to: &DestinationId, children: Children) -> ClockRow {
        let policy = &self.rules.policy;
        let route = |clock: &Clock| Route {
            destination: to.clone(),
            purpose: clock.purpose.clone(),
            priority: clock.priority,
            due_at: clock.due_at,
            rules: Vec::new(),
            children: Vec::new(),
        };
        let mut routes = vec![route(clock)];
        if !is_waiting(clock, children) {
            // They have had theirs: it is the next that moves.
            routes[0].due_at = clock.again.due_at.unwrap_or(clock.due_at);
        }
        let there = self.open(clock.kind.as_str()).find(|other| other.destination == *to);
        if let Some(other) = there {
            add_route(policy, &mut routes, route(other));
        }
        let Route { purpose, priority, due_at, .. } = routes.remove(0);
        let moved = clock.children.and(clock.again.children);
        ClockRow {
            referral: clock.referral,
            destination: to.clone(),
            kind: clock.kind.clone(),
            purpose,
            priority,
            started_at: clock.started_at,
            amber_at: self.rules.outcomes.amber_at(clock.started_at, due_at),
            due_at,
            by_acknowledgement: false,
            children: moved.among(self.of).among(children),
            winding: Winding::Reopen,
        }
    }
}

/// Who answers whether a case is taken on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Whoever was asked.
    Itself,
    /// Whoever asked, for an authority that has no desk here.
    Another,
}

/// Whether a clock runs for one of these children.
fn is_of(clock: &Clock, children: Children) -> bool {
    is_waiting(clock, children) || !clock.again.children.among(children).is_empty()
}

/// Whether one of these children has not had its turn yet.
fn is_waiting(clock: &Clock, children: Children) -> bool {
    clock.children.is_empty() || !clock.children.among(children).is_empty()
}
