//! What waits besides what the rules decided: news of a child that changes no route, and the
//! written form of what was said on the telephone. A call is acted on at once; its form is waited
//! for beside that, and chased. It has come when the sender puts something to the referral, or
//! sends another of the same child that says that it was telephoned first.

use super::addition::is_open;
use super::rows::Facts;
use crate::domain::answer::Readable;
use crate::domain::facts::UNBORN;
use crate::domain::outcome::{RESPOND, WRITTEN_FORM};
use crate::domain::values::YesNo;
use crate::domain::working_days::Duration;
use crate::domain::{Children, ClockKind, Priority, Purpose, Route};
use crate::store::work::Addition;
use crate::store::{Batch, Clock, ClockRow, EndedClock, Winding};
use crate::threshold::outcomes::BeforeBirth;
use jiff::Span;
use jiff::civil::Date;
use serde_json::Value;

impl Facts<'_> {
    /// The clock of a written form that is to follow.
    pub(super) fn await_form(&self, into: &mut Batch) {
        if self.referred.referral.form_to_follow.value() != Some(&YesNo(true)) {
            return;
        }
        let policy = &self.rules.policy;
        let due_at = policy.calendar.due(self.now, self.rules.outcomes.written_form);
        into.follow.clocks.push(ClockRow {
            referral: self.row.id,
            destination: policy.teams.screening.clone(),
            kind: ClockKind::new(WRITTEN_FORM),
            purpose: Purpose::new(WRITTEN_FORM),
            priority: Priority::Standard,
            started_at: self.now,
            amber_at: self.rules.outcomes.amber_at(self.now, due_at),
            due_at,
            by_acknowledgement: false,
            children: Children::NONE,
            winding: Winding::Join,
        });
    }

    /// What the sender puts to it in writing is the form, unless it says again that the form is to
    /// follow: something new of the child's safety, or its worry, be it in the words of the call.
    pub(super) fn form_came(
        &self,
        addition: &Addition,
        news: bool,
        clocks: &[Clock],
        into: &mut Batch,
    ) {
        let stated = |member: &str| addition.document.get(member).unwrap_or(&Value::Null);
        let yes = |member: &str| YesNo::read(stated(member)) == Some(YesNo(true));
        let written = news || !is_open(stated("worry")) || yes("telephone_first");
        let follows = yes("form_to_follow") || !written;
        let awaited = |clock: &&Clock| {
            clock.kind.as_str() == WRITTEN_FORM && clock.ended_at.is_none() && !follows
        };
        let ended = clocks.iter().filter(awaited).map(|clock| EndedClock {
            referral: clock.referral,
            destination: clock.destination.clone(),
            kind: clock.kind.clone(),
            waiting: Children::NONE,
            at: self.now,
        });
        into.follow.ended.extend(ended);
    }

    /// What is new of a child is decided on also where it changes no route: it is put to what waits
    /// at the screening team, and where nothing waits to be confirmed (paragraphs 22 and 29 of the
    /// inspection report).
    pub(super) fn heed(&self, news: Children, clocks: &[Clock], into: &mut Batch) {
        let policy = &self.rules.policy;
        let screening = &policy.teams.screening;
        let own =
            |row: &&mut ClockRow| row.destination == *screening && row.kind.as_str() == RESPOND;
        if let Some(row) = into.follow.clocks.iter_mut().find(own) {
            row.children = row.children.and(news);
            return;
        }
        let runs = |clock: &&Clock| {
            clock.destination == *screening
                && clock.kind.as_str() == RESPOND
                && clock.ended_at.is_none()
        };
        let (purpose, priority, due_at) = match clocks.iter().find(runs) {
            Some(clock) => (clock.purpose.clone(), clock.priority, clock.due_at),
            None => {
                let due_at = policy.due(screening, Priority::Standard, None, self.now);
                (policy.confirmation.clone(), Priority::Standard, due_at)
            }
        };
        into.follow.clocks.push(ClockRow {
            referral: self.row.id,
            destination: screening.clone(),
            kind: ClockKind::new(RESPOND),
            purpose,
            priority,
            started_at: self.now,
            amber_at: self.rules.outcomes.amber_at(self.now, due_at),
            due_at,
            by_acknowledgement: false,
            children: news,
            winding: Winding::Reopen,
        });
    }

    /// Milestones before a birth, at whoever is sent an unborn child to work on: counted back from
    /// the day on which the birth is expected. Where it is told later, they are counted from then.
    pub(super) fn before_birth(&self, clocks: &[Clock], into: &mut Batch) {
        let outcomes = &self.rules.outcomes;
        let Some(birth) = &outcomes.before_birth else { return };
        let sent = self.decided.as_sent(&self.rules.policy, true);
        let works = |route: &&Route| {
            route.destination == birth.at && !outcomes.by_acknowledgement(&route.purpose)
        };
        let Some(route) = sent.routes.iter().find(works) else { return };
        let unborn: Vec<u16> =
            route.children.iter().copied().filter(|child| self.is_unborn(*child)).collect();
        if unborn.is_empty() {
            return;
        }
        let expected = unborn.iter().filter_map(|child| {
            let child = self.referred.referral.children.get(usize::from(*child))?;
            Some(child.expected_date.value()?.0)
        });
        let expected = expected.min();
        for (kind, weeks) in &birth.weeks {
            let own = |clock: &&Clock| clock.destination == birth.at && clock.kind == *kind;
            let before = clocks.iter().find(own);
            into.follow
                .clocks
                .extend(self.milestone(birth, kind, *weeks, expected, before, &unborn));
        }
    }

    /// A milestone that runs already is set again only where the day, which is known now, is
    /// another than it was counted back from; what has run out is not given more time but by that.
    fn milestone(
        &self,
        birth: &BeforeBirth,
        kind: &ClockKind,
        weeks: u8,
        expected: Option<Date>,
        before: Option<&Clock>,
        unborn: &[u16],
    ) -> Option<ClockRow> {
        let calendar = &self.rules.policy.calendar;
        let soon = calendar.due(self.now, Duration::EndOfNextWorkingDay);
        let back =
            |day: Date| calendar.end_of(day.saturating_sub(Span::new().weeks(i64::from(weeks))));
        let (due_at, started_at, children) = match (expected.map(back), before) {
            (None, None) => (calendar.due(self.now, birth.unknown), self.now, Children::of(unborn)),
            // What would have run out already is seen to at once.
            (Some(due_at), None) => (due_at.max(soon), self.now, Children::of(unborn)),
            (None, Some(_)) => return None,
            (Some(_), Some(clock)) if clock.ended_at.is_some() => return None,
            (Some(due_at), Some(clock)) => {
                let due_at = if due_at > soon { due_at } else { clock.due_at.min(soon) };
                if due_at == clock.due_at {
                    return None;
                }
                (due_at, clock.started_at, clock.children)
            }
        };
        Some(ClockRow {
            referral: self.row.id,
            destination: birth.at.clone(),
            kind: kind.clone(),
            purpose: Purpose::new(kind.as_str()),
            priority: Priority::Standard,
            started_at,
            amber_at: self.rules.outcomes.amber_at(started_at, due_at),
            due_at,
            by_acknowledgement: false,
            children,
            winding: if before.is_some() { Winding::Anew } else { Winding::Join },
        })
    }

    fn is_unborn(&self, child: u16) -> bool {
        let yes = self.rules.policy.reader.table().fact(UNBORN).bit("yes");
        let facts = self.referred.facts.get(usize::from(child));
        facts.is_some_and(|facts| Some(facts.mask(UNBORN)) == yes)
    }
}
