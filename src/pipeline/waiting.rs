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
use crate::domain::{Children, ClockKind, Priority, Purpose, Timestamp};
use crate::store::work::Addition;
use crate::store::{Again, Batch, Clock, ClockRow, EndedClock, Winding};
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

    /// Milestones before a birth: of each unborn child whom whoever works on such children is sent
    /// to decide on, after the messages of `into`. Where one runs for it already, wherever, it runs
    /// on there.
    pub(super) fn before_birth(&self, clocks: &[Clock], into: &mut Batch) {
        let Some(birth) = &self.rules.outcomes.before_birth else { return };
        let decides = |row: &&ClockRow| {
            row.destination == birth.at && row.kind.as_str() == RESPOND && !row.by_acknowledgement
        };
        let Some(sent) = into.follow.clocks.iter().find(decides) else { return };
        let unborn = self.unborn().among(sent.children);
        let mut milestones = Vec::new();
        for (kind, weeks) in &birth.weeks {
            let open = clocks.iter().filter(|one| one.kind == *kind && one.ended_at.is_none());
            let runs = open.fold(Children::NONE, |all, clock| all.and(clock.children));
            let children = unborn.without(runs);
            if !children.is_empty() {
                milestones.push(self.milestone(birth, kind, *weeks, children));
            }
        }
        into.follow.clocks.extend(milestones);
    }

    /// One that begins. What would have run out already is seen to at once.
    fn milestone(
        &self,
        birth: &BeforeBirth,
        kind: &ClockKind,
        weeks: u8,
        children: Children,
    ) -> ClockRow {
        let calendar = &self.rules.policy.calendar;
        let soon = calendar.due(self.now, Duration::EndOfNextWorkingDay);
        let unknown = || calendar.due(self.now, birth.unknown);
        let due_at = self.counted_back(children, weeks).map_or_else(unknown, |day| day.max(soon));
        ClockRow {
            referral: self.row.id,
            destination: birth.at.clone(),
            kind: kind.clone(),
            purpose: Purpose::new(kind.as_str()),
            priority: Priority::Standard,
            started_at: self.now,
            amber_at: self.rules.outcomes.amber_at(self.now, due_at),
            due_at,
            by_acknowledgement: false,
            children,
            winding: Winding::Reopen,
        }
    }

    /// Where another day is told on which a birth is expected, its milestones are set again,
    /// wherever they run. What has run out is not given more time but by that.
    pub(super) fn another_day(&self, clocks: &[Clock], into: &mut Batch) {
        let Some(birth) = &self.rules.outcomes.before_birth else { return };
        let soon = self.rules.policy.calendar.due(self.now, Duration::EndOfNextWorkingDay);
        for clock in clocks.iter().filter(|clock| clock.ended_at.is_none()) {
            let Some(weeks) = birth.weeks.get(&clock.kind) else { continue };
            let due_at = match self.counted_back(clock.children, *weeks) {
                None => continue,
                Some(day) if day > soon => day,
                Some(_) => clock.due_at.min(soon),
            };
            if due_at != clock.due_at {
                into.follow.clocks.push(ClockRow {
                    destination: clock.destination.clone(),
                    started_at: clock.started_at,
                    amber_at: self.rules.outcomes.amber_at(clock.started_at, due_at),
                    due_at,
                    winding: Winding::Anew,
                    ..self.milestone(birth, &clock.kind, *weeks, clock.children)
                });
            }
        }
    }

    /// So many weeks before the soonest day on which one of these children is expected.
    fn counted_back(&self, children: Children, weeks: u8) -> Option<Timestamp> {
        let all = (0..).zip(&self.referred.referral.children);
        let days = all
            .filter(|(child, _)| children.has(*child) && self.is_unborn(*child))
            .filter_map(|(_, child)| child.expected_date.value().map(|day| day.0));
        let back = |day: Date| day.saturating_sub(Span::new().weeks(i64::from(weeks)));
        days.min().map(|day| self.rules.policy.calendar.end_of(back(day)))
    }

    fn unborn(&self) -> Children {
        let all = 0..u16::try_from(self.referred.facts.len()).unwrap_or(u16::MAX);
        Children::of(&all.filter(|child| self.is_unborn(*child)).collect::<Vec<_>>())
    }

    fn is_unborn(&self, child: u16) -> bool {
        let yes = self.rules.policy.reader.table().fact(UNBORN).bit("yes");
        let facts = self.referred.facts.get(usize::from(child));
        facts.is_some_and(|facts| Some(facts.mask(UNBORN)) == yes)
    }
}
