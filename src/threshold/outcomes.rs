//! What receiving teams may decide, and what a decision must say before it counts.
//!
//! Which outcomes there are, an authority writes in `outcomes.yaml`. What no file may lift stands
//! here, each with the paragraph of the inspection report of 2013 that it answers: there is no
//! waiting for information (22); who goes below what the rules found, where the threshold of
//! significant harm was met, needs a manager and a second manager (22, 42); and a decision without
//! a level, a rationale or its evidence is none (16, 21, 37).

use super::policy::Policy;
use crate::domain::outcome::{Considered, Said, Worker, fault};
use crate::domain::working_days::Duration;
use crate::domain::{
    ClockKind, DestinationId, Level, OutcomeCode, Priority, Purpose, Timestamp, Unread,
};
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

/// The clock that runs from the routing of a referral to a destination until it has acted.
pub const RESPOND: &str = "respond";
/// The clock of a destination that was asked to take a case on.
pub const ACCEPT: &str = "accept";
/// The clock of whoever asked: the duty stays until the other has accepted.
pub const HANDOVER: &str = "handover";

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

/// All outcomes and clocks of an authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    pub outcomes: BTreeMap<OutcomeCode, Outcome>,
    /// Clocks with what they are called.
    pub clocks: BTreeMap<ClockKind, String>,
    /// Of these purposes a named person's acknowledgement is all that is asked for.
    pub acknowledged: BTreeSet<Purpose>,
    /// Destinations without a desk here: whoever asks them says that they have accepted.
    pub no_desk: BTreeSet<DestinationId>,
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
    /// The rules found that the threshold of significant harm was met.
    pub threshold_met: bool,
    /// The submission says that the family agrees.
    pub agreed: bool,
    pub received_at: Timestamp,
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
        found.who_may();
        found.what_for();
        found.decides();
        found.children();
        let level = found.level();
        found.needs();
        found.below_what_was_found(level);
        let to = found.onward();
        if found.faults.is_empty() { Ok(Follows { outcome, level, to }) } else { Err(found.faults) }
    }
}

/// Paragraph 22: enquiries were held to gather information although the threshold was met.
fn held() -> Unread {
    fault(
        "/outcome",
        "never-hold",
        "A referral is never held for information: its clock goes on running. Record `asked` to \
         ask the sender, and decide on what is known",
    )
}

struct Found<'a, 'o> {
    policy: &'a Policy,
    outcomes: &'o Outcomes,
    case: &'a Case<'a>,
    said: &'a Said,
    outcome: &'o Outcome,
    faults: Vec<Unread>,
}

impl<'o> Found<'_, 'o> {
    fn fault(&mut self, pointer: &str, rule: &str, ask: impl Into<String>) {
        self.faults.push(fault(pointer, rule, ask));
    }

    fn who_may(&mut self) {
        let teams = &self.policy.teams;
        let own = self.case.recorded_by;
        let may = match self.outcome.by {
            By::Screening => *own == teams.screening || *own == teams.out_of_hours,
            By::Statutory => teams.receivers.get(own).is_some_and(|team| team.statutory),
            By::Anyone => true,
        };
        if !may {
            let ask = "Only social work under statute decides this. To have it looked at again, \
                       record step-up";
            self.fault("/outcome", "who-decides", ask);
        }
    }

    fn what_for(&mut self) {
        let purposes = &self.outcome.purposes;
        let stated = self.case.purpose.filter(|_| !purposes.is_empty());
        if stated.is_some_and(|purpose| !purposes.contains(purpose)) {
            let names = purposes.iter().map(Purpose::as_str).collect::<Vec<_>>().join(", ");
            let ask = format!("This is for what was sent for {names}: record what you decided");
            self.fault("/outcome", "what-for", ask);
        }
    }

    /// Paragraphs 16, 21 and 37: social work ends its part with a decision, at a level. It may hand
    /// the referral back instead: decline what it was asked to take on, or have it screened again.
    fn decides(&mut self) {
        let teams = &self.policy.teams;
        let own = self.case.recorded_by;
        let ends = |kind: &str| self.outcome.ends.iter().any(|ended| ended.as_str() == kind);
        let screens = *own == teams.screening || *own == teams.out_of_hours;
        let back = self.outcome.sends.as_ref().is_some_and(|to| to.to == Onward::Screening);
        let hands_back = !screens && (back || ends(ACCEPT));
        let statutory = teams.receivers.get(own).is_some_and(|team| team.statutory);
        let told = |purpose: &Purpose| self.outcomes.by_acknowledgement(purpose);
        let told = self.case.purpose.is_some_and(told);
        if statutory && ends(RESPOND) && self.outcome.levels.is_empty() && !hands_back && !told {
            let ask = "This decides nothing: record a decision that says at which level of need";
            self.fault("/outcome", "level", ask);
        }
    }

    fn children(&mut self) {
        if self.case.concerned == 0 && self.case.children > 0 {
            let ask = "Your team was sent none of these children: name one that it was sent";
            self.fault("/children", "outcome", ask);
            return;
        }
        let beyond = |child: &u16| usize::from(*child) >= self.case.children;
        if self.said.children.iter().any(beyond) {
            let ask = format!("The referral has {} children, counted from 0", self.case.children);
            self.fault("/children", "outcome", ask);
        }
    }

    /// Paragraphs 16 and 21: a decision says at which level of need.
    fn level(&mut self) -> Option<&'o Level> {
        let levels = &self.outcome.levels;
        let codes = levels.iter().map(|level| level.code.as_str()).collect::<Vec<_>>().join(", ");
        match &self.said.level {
            None if levels.is_empty() => None,
            None => {
                let ask = format!("Say at which level of need: {codes}");
                self.fault("/level_of_need", "level", ask);
                None
            }
            Some(stated) => {
                let level = levels.iter().find(|level| level.code == *stated);
                if level.is_none() {
                    let ask = match levels.is_empty() {
                        true => "Leave level_of_need out: this outcome decides none".to_owned(),
                        false => format!("This outcome is for level {codes}"),
                    };
                    self.fault("/level_of_need", "level", ask);
                }
                level
            }
        }
    }

    /// What social work decides it always says why, on what it rests, and that the history was
    /// considered, whatever the file says; what it merely confirms rests on the rules.
    fn needs(&mut self) {
        let teams = &self.policy.teams;
        let statutory =
            teams.receivers.get(self.case.recorded_by).is_some_and(|team| team.statutory);
        let ends = self.outcome.ends.iter().any(|ended| ended.as_str() == RESPOND);
        let decides = statutory && ends && !self.outcome.levels.is_empty();
        let always = [Need::Rationale, Need::Evidence, Need::History];
        let always = always.iter().filter(|_| decides && self.outcome.purposes.is_empty());
        let stated = self.outcome.needs.iter();
        let needs: BTreeSet<Need> = stated.chain(always).copied().collect();
        for need in needs {
            if let Some((pointer, ask)) = lacks(need, self.said) {
                self.fault(pointer, "decision", ask);
            }
        }
        let own = |manager: &Worker| manager.is(&self.said.by);
        if self.said.manager.as_ref().is_some_and(own) {
            self.fault("/manager", "decision", "A manager is another person than who decides");
        }
    }

    /// Paragraphs 22 and 42: closed inappropriately, or graded as a child in need, when child
    /// protection should have been initiated.
    fn below_what_was_found(&mut self, level: Option<&Level>) {
        let below = level.is_some_and(|level| level.rank < self.case.suggested.rank);
        let lowers = self.outcome.closes || below;
        if !(lowers && self.case.threshold_met) {
            return;
        }
        for (who, pointer) in
            [(&self.said.manager, "/manager"), (&self.said.second_manager, "/second_manager")]
        {
            if who.is_none() {
                let ask = "The rules found that the threshold of significant harm was met. Going \
                           below that needs a manager and a second manager: name both";
                self.faults.push(fault(pointer, "second-manager", ask));
            }
        }
        let people: Vec<&Worker> = [&self.said.by]
            .into_iter()
            .chain(&self.said.manager)
            .chain(&self.said.second_manager)
            .collect();
        let twice =
            people.iter().enumerate().any(|(at, one)| people[..at].iter().any(|o| o.is(one)));
        if twice {
            let ask = "Whoever decides, the manager and the second manager are three people";
            self.fault("/second_manager", "second-manager", ask);
        }
    }

    fn onward(&mut self) -> Option<DestinationId> {
        let teams = &self.policy.teams;
        let Some(sends) = &self.outcome.sends else {
            if self.said.to.is_some() {
                self.fault("/to", "onward", "Leave `to` out: this outcome sends it to nobody");
            }
            return None;
        };
        if sends.to == Onward::Screening {
            return Some(teams.screening.clone());
        }
        let Some(to) = &self.said.to else {
            if !sends.optional {
                self.fault("/to", "onward", "Name the destination that takes it on");
            }
            return None;
        };
        let receiver = teams.receivers.get(to);
        let fits = receiver.is_some_and(|team| match sends.to {
            Onward::Statutory => team.statutory,
            Onward::EarlyHelp => team.needs_agreement,
            Onward::Anyone | Onward::Screening => true,
        });
        if !fits || to == self.case.recorded_by {
            let ask = match sends.to {
                Onward::Statutory => "Name another team of social work under statute",
                Onward::EarlyHelp => "Name a panel or a service of early help",
                _ => "Name another destination of destinations.toml",
            };
            self.fault("/to", "onward", ask);
        } else if !receiver.is_some_and(|team| team.open) {
            self.fault("/to", "closed", "This service is closed: name another");
        } else if receiver.is_some_and(|team| team.needs_agreement)
            && !self.case.agreed
            && !self.said.agreed
        {
            let ask = "Early help needs the family's agreement: say {\"agreed\": true, \"by\": …} \
                       once somebody of the family has given it";
            self.fault("/agreement", "agreement", ask);
        }
        Some(to.clone())
    }
}

/// Where an answer is missing that an outcome needs, and what to ask.
fn lacks(need: Need, said: &Said) -> Option<(&'static str, &'static str)> {
    let (there, pointer, ask) = match need {
        Need::Rationale => (said.rationale, "/rationale", "Say why, so that others can follow it"),
        Need::Evidence => {
            (said.evidence, "/evidence", "Say what it rests on: what was seen, said or found")
        }
        Need::History => (
            said.history != Considered::Unsaid,
            "/history_considered",
            "Say that what is known of the child was considered, or why not",
        ),
        Need::ChildView => (
            said.child_view != Considered::Unsaid,
            "/child_view",
            "Say that the child's own view was considered, or why not",
        ),
        Need::Manager => (said.manager.is_some(), "/manager", "Name the manager who agrees"),
        Need::Programme => (
            said.programme,
            "/programme",
            "Give the programme's name and language, and whether it is taken up",
        ),
        Need::LeadProfessional => {
            (said.lead_professional, "/lead_professional", "Name the lead professional")
        }
        Need::ReviewOn => (said.review_on.is_some(), "/review_on", "Say when it is reviewed"),
        Need::TellSender => {
            (said.tells_sender, "/tell_sender", "Say what the sender is told, or asked")
        }
        Need::ReturnedAt => {
            (said.returned_at.is_some(), "/returned_at", "Say when the child returned")
        }
    };
    (!there).then_some((pointer, ask))
}
