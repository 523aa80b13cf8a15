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
use crate::domain::{Children, ClockKind, Priority, Purpose, Route, Timestamp};
use crate::store::work::Addition;
use crate::store::{Again, Batch, Clock, ClockRow, EndedClock, Winding};
use crate::threshold::outcomes::BeforeBirth;
use jiff::Span;
use jiff::civil::Date;
use serde_json::Value;

/// One milestone before a birth.
struct Milestone<'a> {
    birth: &'a BeforeBirth,
    kind: &'a ClockKind,
    weeks: u8,
    /// The soonest day on which one of them is expected, where it is known.
    expected: Option<Date>,
    unborn: &'a [u16],
}

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
            again: Again::default(),
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
            let one = Milestone { birth, kind, weeks: *weeks, expected, unborn: &unborn };
            let mut before = clocks.iter().filter(|clock| clock.kind == *kind).peekable();
            if before.peek().is_none() {
                into.follow.clocks.push(self.milestone(&one));
            }
            // Whoever has taken the case on has its milestones.
            let open = before.filter(|clock| clock.ended_at.is_none());
            into.follow.clocks.extend(open.filter_map(|clock| self.moved_milestone(&one, clock)));
        }
    }

    /// A milestone that begins. What would have run out already is seen to at once.
    fn milestone(&self, one: &Milestone<'_>) -> ClockRow {
        let calendar = &self.rules.policy.calendar;
        let soon = calendar.due(self.now, Duration::EndOfNextWorkingDay);
        let unknown = || calendar.due(self.now, one.birth.unknown);
        let due_at = self.counted_back(one).map_or_else(unknown, |day| day.max(soon));
        ClockRow {
            referral: self.row.id,
            destination: one.birth.at.clone(),
            kind: one.kind.clone(),
            purpose: Purpose::new(one.kind.as_str()),
            priority: Priority::Standard,
            started_at: self.now,
            amber_at: self.rules.outcomes.amber_at(self.now, due_at),
            due_at,
            by_acknowledgement: false,
            children: Children::of(one.unborn),
            winding: Winding::Join,
        }
    }

    /// One that runs already is set again only where the day, which is known now, is another than
    /// it was counted back from, or where it is of another child too; what has run out is not
    /// given more time but by that.
    fn moved_milestone(&self, one: &Milestone<'_>, clock: &Clock) -> Option<ClockRow> {
        let soon = self.rules.policy.calendar.due(self.now, Duration::EndOfNextWorkingDay);
        let due_at = match self.counted_back(one) {
            None => clock.due_at,
            Some(day) if day > soon => day,
            Some(_) => clock.due_at.min(soon),
        };
        let children = clock.children.and(Children::of(one.unborn));
        if due_at == clock.due_at && children == clock.children {
            return None;
        }
        let begins = self.milestone(one);
        Some(ClockRow {
            destination: clock.destination.clone(),
            started_at: clock.started_at,
            amber_at: self.rules.outcomes.amber_at(clock.started_at, due_at),
            due_at,
            children,
            winding: Winding::Anew,
            ..begins
        })
    }

    fn counted_back(&self, one: &Milestone<'_>) -> Option<Timestamp> {
        let back = |day: Date| day.saturating_sub(Span::new().weeks(i64::from(one.weeks)));
        one.expected.map(|day| self.rules.policy.calendar.end_of(back(day)))
    }

    fn is_unborn(&self, child: u16) -> bool {
        let yes = self.rules.policy.reader.table().fact(UNBORN).bit("yes");
        let facts = self.referred.facts.get(usize::from(child));
        facts.is_some_and(|facts| Some(facts.mask(UNBORN)) == yes)
    }
}
