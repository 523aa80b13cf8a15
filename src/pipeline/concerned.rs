//! What is known of the children whom an outcome concerns.

use super::judge::Rules;
use super::rows::Decided;
use crate::domain::{ChildDecision, Children, Purpose, Route, Timestamp, facts};
use crate::store::OutcomeRow;
use crate::store::work::{Referred, Told};
use crate::threshold::outcomes::Case;

/// The children whom an outcome concerns, and the decision on them.
pub(super) struct Concerned<'a> {
    pub(super) rules: &'a Rules,
    pub(super) decided: &'a Decided,
    pub(super) referred: &'a Referred,
    pub(super) children: &'a [u16],
}

impl<'a> Concerned<'a> {
    /// `purpose`: what it waits for at whoever records it; `before`: what was recorded earlier.
    pub(super) fn case(
        &self,
        told: &'a Told,
        purpose: Option<&'a Purpose>,
        before: &[OutcomeRow],
        now: Timestamp,
    ) -> Case<'a> {
        let policy = &self.rules.policy;
        let levels = self.decisions().map(|child| &child.level);
        let suggested = levels.max_by_key(|level| level.rank).unwrap_or(&self.decided.full.level);
        let (doubted, decided) = (self.doubted(), self.decided_at_most(before));
        Case {
            recorded_by: &told.destination,
            purpose,
            suggested,
            found_rank: suggested.rank.max(doubted.unwrap_or(0)).max(decided.unwrap_or(0)),
            threshold_met: self.rules_met() || doubted.is_some() || decided.is_some(),
            agreed: self.agreed(),
            now,
            today: policy.reader.day(now),
            children: self.referred.referral.children.len(),
            concerned: self.children.len(),
        }
    }

    fn decisions(&self) -> impl Iterator<Item = &'a ChildDecision> {
        let all = self.decided.full.children.iter();
        all.filter(|child| self.children.contains(&child.index))
    }

    /// Whether the rules found that the threshold of significant harm is met, or failed.
    fn rules_met(&self) -> bool {
        let full = &self.decided.full;
        let gravest = self.rules.policy.purposes.last();
        let screening = &self.rules.policy.teams.screening;
        let is_met =
            |route: &Route| route.destination == *screening && Some(&route.purpose) == gravest;
        self.decisions().any(|child| child.routes.iter().any(is_met))
            || full.failure.is_some()
            || (self.children.is_empty() && full.routes.iter().any(is_met))
    }

    /// The rank of the gravest second decision that was graver than the first.
    fn doubted(&self) -> Option<i16> {
        let of = |children: &[u16]| children.iter().any(|child| self.children.contains(child));
        let doubts = self.decided.doubts.iter().filter(|doubt| of(&doubt.children));
        doubts.map(|doubt| doubt.rank).max()
    }

    /// The gravest rank, where people have decided of one of them at it before.
    fn decided_at_most(&self, before: &[OutcomeRow]) -> Option<i16> {
        let gravest = self.rules.policy.levels.last().map(|level| level.rank)?;
        let children = Children::of(self.children);
        let same =
            |row: &&OutcomeRow| children.is_empty() || !row.children.among(children).is_empty();
        let mut ranks =
            before.iter().filter(same).filter_map(|row| row.level.as_ref().map(|(_, rank)| *rank));
        ranks.any(|rank| rank == gravest).then_some(gravest)
    }

    fn agreed(&self) -> bool {
        let yes = self.rules.policy.reader.table().fact(facts::AGREEMENT).bit("yes");
        let agreed = |child: &u16| {
            let facts = self.referred.facts.get(usize::from(*child));
            facts.is_some_and(|facts| Some(facts.mask(facts::AGREEMENT)) == yes)
        };
        !self.children.is_empty() && self.children.iter().all(agreed)
    }
}
