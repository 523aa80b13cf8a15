//! What receiving teams may decide, and what a decision must say before it counts.
//!
//! Which outcomes there are, an authority writes in `outcomes.yaml`. What no file may lift stands
//! here, each with the paragraph of the inspection report of 2013 that it answers: there is no
//! waiting for information (22); who goes below what the rules found, where the threshold of
//! significant harm was met, needs a manager and a second manager (22, 42); and a decision without
//! a level, a rationale or its evidence is none (16, 21, 37).

use super::policy::Policy;
use super::recording::{Found, held};
use crate::domain::outcome::{ACCEPT, HANDOVER, RESPOND, Said, fault};
use crate::domain::working_days::Duration;
use crate::domain::{
    ClockKind, DestinationId, Level, OutcomeCode, Priority, Purpose, Timestamp, Unread,
};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Words for holding a referral back. None of them can be an outcome.
pub const HELD: [&str; 10] = [
    "hold",
    "held",
    "on-hold",
    "pending",
    "awaiting-information",
    "awaiting-info",
    "waiting",
    "more-information-needed",
    "information-requested",
    "deferred",
];

/// Who may record an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The screening team, and those who stand in for it out of hours.
    Screening,
    /// Social work under statute.
    Statutory,
    /// Everyone whom it was sent to.
    Anyone,
}

/// An answer that an outcome needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    Rationale,
    Evidence,
    History,
    ChildView,
    Manager,
    Programme,
    LeadProfessional,
    ReviewOn,
    ReturnedAt,
    TellSender,
}

/// Where an outcome can send a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Onward {
    /// Social work under statute.
    Statutory,
    /// A team that works with families who have agreed.
    EarlyHelp,
    Anyone,
    /// Back to the screening team, which nobody need name.
    Screening,
}

/// To whom an outcome sends the referral, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sends {
    pub to: Onward,
    /// Without `to` it is recorded all the same.
    pub optional: bool,
    pub purpose: Purpose,
    pub priority: Priority,
}

/// A clock that an outcome starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starts {
    pub clock: ClockKind,
    pub duration: Duration,
    /// From the receipt of the referral, from a return that is stated, or else from now.
    pub from: From,
    /// At whoever it is sent to; else at whoever records it.
    pub onward: bool,
    /// At this destination instead.
    pub at: Option<DestinationId>,
    /// At the latest at the end of the day that is stated for the review.
    pub by_review_on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    #[default]
    Now,
    Receipt,
    Return,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: OutcomeCode,
    pub label: String,
    pub by: By,
    /// Levels that it may state; where there are none it states none.
    pub levels: Vec<Level>,
    pub needs: Vec<Need>,
    /// Only of what was sent for one of these purposes; of any where there are none.
    pub purposes: Vec<Purpose>,
    /// Nothing further happens here: the case is closed.
    pub closes: bool,
    /// A case that was handed over is taken on: the duty passes.
    pub accepts: bool,
    pub ends: Vec<ClockKind>,
    pub starts: Vec<Starts>,
    pub sends: Option<Sends>,
    /// Kinds of agency that are told the outcome when somebody releases it; every other one learns
    /// that a person has considered the referral.
    pub told_to: BTreeSet<String>,
    /// Marked in a chronology.
    pub significant: bool,
    /// The sender is asked something. It decides nothing, and no clock waits for the answer.
    pub asks: bool,
}

/// Milestones before a birth (paragraph 30 of the inspection report: they drifted).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeforeBirth {
    /// Whoever is sent an unborn child to work on.
    pub at: DestinationId,
    /// Within what time the day is found out on which the birth is expected.
    pub unknown: Duration,
    /// Clocks, with how many weeks before that day each runs out.
    pub weeks: BTreeMap<ClockKind, u8>,
}

/// All outcomes and clocks of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    pub outcomes: BTreeMap<OutcomeCode, Outcome>,
    /// Clocks with what they are called.
    pub clocks: BTreeMap<ClockKind, String>,
    /// Of these purposes a named person's acknowledgement is all that is asked for.
    pub acknowledged: BTreeSet<Purpose>,
    /// Destinations without a desk here: whoever asks them says that they have accepted.
    pub no_desk: BTreeSet<DestinationId>,
    /// Within what time the written form follows of what was said on the telephone.
    pub written_form: Duration,
    pub before_birth: Option<BeforeBirth>,
    /// Percent of a clock's time after which it is amber.
    pub amber_percent: u8,
    /// Elapsed minutes after which a clock that ran out escalates again, by priority.
    pub repeat_minutes: BTreeMap<Priority, u32>,
}

/// What is known of the children whom an outcome concerns.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub recorded_by: &'a DestinationId,
    /// What it waits there for, while it does.
    pub purpose: Option<&'a Purpose>,
    /// The gravest level that the rules suggest of any of them.
    pub suggested: &'a Level,
    /// The rank of the gravest level that anybody has found of any of them: the rules, a decision
    /// at the gravest level, or a second decision that was graver than the first.
    pub found_rank: i16,
    /// The rules or a decision found that the threshold of significant harm was met, or a second
    /// decision was graver than the first.
    pub threshold_met: bool,
    /// The submission says that the family agrees.
    pub agreed: bool,
    pub now: Timestamp,
    /// Today, where the authority is.
    pub today: Date,
    /// How many children the referral has, and how many of them it concerns that the team was sent.
    pub children: usize,
    pub concerned: usize,
}

/// What follows from an outcome that may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follows<'a> {
    pub outcome: &'a Outcome,
    pub level: Option<&'a Level>,
    pub to: Option<DestinationId>,
}

impl Outcome {
    /// Whether it ends clocks of this kind.
    pub fn ends(&self, kind: &str) -> bool {
        self.ends.iter().any(|ended| ended.as_str() == kind)
    }

    /// Whether it asks another to take the case on, and keeps the duty until they have.
    pub fn hands_over(&self) -> bool {
        self.starts.iter().any(|start| start.clock.as_str() == HANDOVER)
    }

    /// Whether a sender of this kind learns it, and not only that a person has considered it.
    pub fn is_told(&self, kind: &str) -> bool {
        self.asks || self.told_to.contains(kind)
    }
}

impl Outcomes {
    /// When a clock is amber.
    pub fn amber_at(&self, from: Timestamp, due: Timestamp) -> Timestamp {
        let whole = i128::from(due.0) - i128::from(from.0);
        let part = whole.max(0) * i128::from(self.amber_percent) / 100;
        Timestamp(from.0.saturating_add(i64::try_from(part).unwrap_or(i64::MAX)))
    }

    /// Whether an acknowledgement is all that this purpose asks for.
    pub fn by_acknowledgement(&self, purpose: &Purpose) -> bool {
        self.acknowledged.contains(purpose)
    }

    /// Whether a clock is of the case, and passes to whoever takes the case on.
    pub fn follows_the_case(&self, kind: &ClockKind) -> bool {
        let mut starts = self.outcomes.values().flat_map(|outcome| &outcome.starts);
        let handed = [RESPOND, ACCEPT, HANDOVER].contains(&kind.as_str());
        let birth = self.before_birth.as_ref().is_some_and(|one| one.weeks.contains_key(kind));
        birth || (!handed && starts.any(|start| start.onward && start.clock == *kind))
    }

    /// Seconds after which a clock that ran out escalates again.
    pub fn repeat_seconds(&self, priority: Priority) -> i64 {
        i64::from(self.repeat_minutes.get(&priority).copied().unwrap_or(1440)) * 60
    }

    /// What follows from what a team says of a case.
    ///
    /// # Errors
    /// Everything for which it cannot stand yet.
    pub fn follows<'a>(
        &'a self,
        policy: &Policy,
        case: &Case<'_>,
        said: &Said,
    ) -> Result<Follows<'a>, Vec<Unread>> {
        if HELD.contains(&said.code.as_str()) {
            return Err(vec![held()]);
        }
        let Some(outcome) = self.outcomes.get(&said.code) else {
            let known: Vec<&str> = self.outcomes.keys().map(OutcomeCode::as_str).collect();
            return Err(vec![fault(
                "/outcome",
                "outcome",
                format!("Use one of: {}", known.join(", ")),
            )]);
        };
        let outcomes = self;
        let mut found = Found { policy, outcomes, case, said, outcome, faults: Vec::new() };
        let (level, to) = found.look();
        if found.faults.is_empty() { Ok(Follows { outcome, level, to }) } else { Err(found.faults) }
    }
}
