//! What was said on the telephone, and its written form. It is acted on at once; the form is waited
//! for beside it, and chased. It has come when the sender puts something to the referral, or sends
//! another of the same child that says that it was telephoned first.

use super::rows::Facts;
use crate::domain::outcome::WRITTEN_FORM;
use crate::domain::values::YesNo;
use crate::domain::{Children, ClockKind, Priority, Purpose};
use crate::store::work::Addition;
use crate::store::{Batch, Clock, ClockRow, EndedClock, Winding};
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

    /// What the sender puts to it is the form, unless it says again that the form is to follow.
    pub(super) fn form_came(&self, addition: &Addition, clocks: &[Clock], into: &mut Batch) {
        let stated = addition.document.get("form_to_follow").unwrap_or(&Value::Null);
        let follows = !matches!(stated, Value::Null) && stated != "no" && stated != false;
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
}
