//! Whether what a team says of a case can stand: who may say it, and what a decision must say.

use super::outcomes::{By, Case, Need, Onward, Outcome, Outcomes};
use super::policy::Policy;
use crate::domain::outcome::{ACCEPT, Considered, RESPOND, Said, Worker, fault};
use crate::domain::{DestinationId, Level, Purpose, Unread};
use std::collections::BTreeSet;

/// Seconds by which the clocks of two systems may differ.
const CLOCKS_DIFFER: i64 = 15 * 60;

/// Paragraph 22: enquiries were held to gather information although the threshold was met.
pub(super) fn held() -> Unread {
    fault(
        "/outcome",
        "never-hold",
        "A referral is never held for information: its clock goes on running. Record `asked` to \
         ask the sender, and decide on what is known",
    )
}

/// One outcome under question.
pub(super) struct Found<'a, 'o> {
    pub(super) policy: &'a Policy,
    pub(super) outcomes: &'o Outcomes,
    pub(super) case: &'a Case<'a>,
    pub(super) said: &'a Said,
    pub(super) outcome: &'o Outcome,
    pub(super) faults: Vec<Unread>,
}

impl<'o> Found<'_, 'o> {
    /// Everything that is missing is found at once. The level it decides, and to whom it goes on.
    pub(super) fn look(&mut self) -> (Option<&'o Level>, Option<DestinationId>) {
        self.who_may();
        self.what_for();
        self.decides();
        self.children();
        let level = self.level();
        self.needs();
        self.times();
        self.below_what_was_found(level);
        (level, self.onward())
    }

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
        // What it says of another authority's answer decides nothing here.
        let of_another = ends(ACCEPT) && self.said.accepted_in_writing;
        let hands_back = of_another || (!screens && (back || ends(ACCEPT)));
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

    /// What has happened is not yet to come, and what is to come has not passed.
    fn times(&mut self) {
        let ahead = self.case.now.plus_seconds(CLOCKS_DIFFER);
        if self.said.returned_at.is_some_and(|at| at > ahead) {
            let ask = "This is still to come: say when the child returned";
            self.fault("/returned_at", "outcome", ask);
        }
        if self.said.review_on.is_some_and(|day| day < self.case.today) {
            self.fault("/review_on", "outcome", "This day has passed: give one to come");
        }
    }

    /// Paragraphs 22 and 42: closed inappropriately, or graded as a child in need, when child
    /// protection should have been initiated.
    fn below_what_was_found(&mut self, level: Option<&Level>) {
        let below = level.is_some_and(|level| level.rank < self.case.found_rank);
        let lowers = self.outcome.closes || below;
        if !(lowers && self.case.threshold_met) {
            return;
        }
        for (who, pointer) in
            [(&self.said.manager, "/manager"), (&self.said.second_manager, "/second_manager")]
        {
            if who.is_none() {
                let ask = "Closing this, or going below the threshold of significant harm where it \
                           was found, needs a manager and a second manager: name both";
                // The outcome may need a manager anyway: one place is told of once.
                self.faults.retain(|one| one.pointer != pointer);
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
        let to = teams.named(to).unwrap_or(to);
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
