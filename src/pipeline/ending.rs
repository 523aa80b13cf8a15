//! Clocks that an outcome ends: those of whoever records it, and of a case that was handed over.
//! One ends for a child at a time, and runs on while another waits.

use super::consequences::Following;
use crate::domain::outcome::{ACCEPT, HANDOVER, RESPOND, fault};
use crate::domain::{Children, ClockKind, DestinationId, Unread};
use crate::store::{Clock, ClockRow, EndedClock, FollowRows, Winding};
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
        clock.children.is_empty() || !clock.children.among(self.decided()).is_empty()
    }

    fn ended(&self, clock: &Clock, children: Children) -> EndedClock {
        EndedClock {
            referral: clock.referral,
            destination: clock.destination.clone(),
            kind: clock.kind.clone(),
            waiting: clock.children.without(children),
            at: self.now,
        }
    }

    /// # Errors
    /// What it would accept or decline was never handed over.
    pub(super) fn end(&self, rows: &mut FollowRows) -> Result<(), Unread> {
        let outcome = self.follows.outcome;
        if outcome.ends(ACCEPT) {
            self.take_on(rows)?;
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
        Ok(())
    }

    /// Of a case that was handed over: who has answered, and who need keep it no longer.
    fn take_on(&self, rows: &mut FollowRows) -> Result<(), Unread> {
        let outcome = self.follows.outcome;
        let own = &self.told.destination;
        let asked = |clock: &&Clock| clock.destination == *own && self.concerns(clock);
        let mut asked: Vec<&Clock> = self.open(ACCEPT).filter(asked).collect();
        let mut taker = Some(own);
        if asked.is_empty() && self.said.accepted_in_writing {
            // Another authority has no desk here: whoever asked it says that it has accepted.
            let asks = self.open(HANDOVER).any(|clock| clock.destination == *own);
            let no_desk = &self.rules.outcomes.no_desk;
            let there = |clock: &&Clock| {
                asks && no_desk.contains(&clock.destination) && self.concerns(clock)
            };
            asked.extend(self.open(ACCEPT).filter(there));
            taker = None;
        }
        if asked.is_empty() {
            if !outcome.accepts && outcome.sends.is_some() {
                // A service that was never asked to accept declines it all the same.
                return Ok(());
            }
            let ask = "Nothing was handed over to this destination. Where another authority has \
                       accepted it, say {\"by\": …, \"on\": …} in accepted_in_writing";
            return Err(fault("/accepted_in_writing", "handover", ask));
        }
        rows.ended.extend(asked.iter().map(|clock| self.ended(clock, self.decided())));
        if outcome.accepts {
            let children = asked.iter().fold(Children::NONE, |all, one| all.and(one.children));
            self.pass_on(taker, &asked, children.among(self.decided()), rows);
        }
        Ok(())
    }

    /// The duty for these children has passed: whoever had it need not decide any more, and the
    /// clocks of the case run at whoever has it now; of what another authority has taken on, no
    /// clock runs here any more.
    fn pass_on(
        &self,
        taker: Option<&DestinationId>,
        asked: &[&Clock],
        children: Children,
        rows: &mut FollowRows,
    ) {
        let of_them = |clock: &&Clock| {
            clock.children.is_empty() || !clock.children.among(children).is_empty()
        };
        let handed: Vec<&Clock> = self.open(HANDOVER).filter(of_them).collect();
        rows.ended.extend(handed.iter().map(|clock| self.ended(clock, children)));
        let givers: BTreeSet<&DestinationId> =
            handed.iter().map(|clock| &clock.destination).collect();
        let outcomes = &self.rules.outcomes;
        for clock in self.clocks.iter().filter(|clock| clock.ended_at.is_none()).filter(of_them) {
            let responds = clock.kind.as_str() == RESPOND;
            let there = asked.iter().any(|asked| asked.destination == clock.destination);
            let given = givers.contains(&clock.destination) && !there;
            let case = outcomes.follows_the_case(&clock.kind);
            let elsewhere = taker.is_none() && responds && there;
            if elsewhere || (given && (responds || case)) {
                rows.ended.push(self.ended(clock, children));
            }
            if let Some(taker) = taker.filter(|_| given && case) {
                rows.clocks.push(ClockRow {
                    referral: clock.referral,
                    destination: taker.clone(),
                    kind: clock.kind.clone(),
                    purpose: clock.purpose.clone(),
                    priority: clock.priority,
                    started_at: clock.started_at,
                    amber_at: clock.amber_at,
                    due_at: clock.due_at,
                    by_acknowledgement: false,
                    children: clock.children.among(children),
                    winding: Winding::Reopen,
                });
            }
        }
    }
}
