//! A policy as data: levels, rules, clocks and teams of one authority.

use super::examples::Example;
use crate::domain::expression::Expr;
use crate::domain::facts::{FactId, Reader, Role};
use crate::domain::hours::Hours;
use crate::domain::working_days::{Calendar, Duration};
use crate::domain::{DestinationId, Level, Mark, Priority, Purpose, RuleId};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a rule sends: a team by name, or the team that a fact selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    Team(DestinationId),
    /// The early intervention panel of the child's locality.
    LocalityPanel,
    /// The social work team of the child's locality.
    LocalityTeam,
    /// The team that holds the open case of a linked child.
    CaseTeam,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub to: To,
    pub purpose: Purpose,
}

/// The rule is passed over once other rules have made the case as grave as this, or ask the
/// screening team to screen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unless {
    pub level_at_least: Level,
    pub priority_at_least: Priority,
}

/// One rule. It fires for a child when `when` holds of the child's facts.
#[derive(Clone, Debug)]
pub struct Rule {
    pub id: RuleId,
    /// First and last day on which it is in force, by the day of receipt in England.
    pub from: Option<Date>,
    pub until: Option<Date>,
    pub when: Expr,
    /// Facts that it declares to read.
    pub reads: Vec<FactId>,
    pub level: Option<Level>,
    pub targets: Vec<Target>,
    pub priority: Priority,
    /// Replaces the destination's clock where it is shorter, or the priority is standard.
    pub clock: Option<Duration>,
    pub unless: Option<Unless>,
    /// Statute, guidance or local procedure.
    pub basis: String,
    pub why: String,
    /// Paragraphs of the inspection report that it answers.
    pub paragraphs: Vec<u16>,
    /// What a person must do or have done; the machine never does it.
    pub tasks: Vec<String>,
    pub marks: Vec<Mark>,
    /// Stories on both sides of its line.
    pub examples: Vec<Example>,
}

impl Rule {
    pub fn in_force(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Facts that the condition or the placeholders read.
    pub fn facts_read(&self) -> Vec<FactId> {
        let mut reads = self.when.reads();
        reads.extend(self.targets.iter().filter_map(|target| match target.to {
            To::LocalityPanel | To::LocalityTeam => Some(crate::domain::facts::LOCALITY),
            To::CaseTeam => Some(crate::domain::facts::LINK),
            To::Team(_) => None,
        }));
        reads.sort();
        reads.dedup();
        reads
    }
}

/// The words for what happens without a rule of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub basis: String,
    pub why: String,
}

/// Ids of the standing reasons; no rule may take them.
pub mod standing {
    pub const UNCLEAR: &str = "unclear";
    pub const CONFIRMATION: &str = "confirmation";
    pub const NO_TEAM: &str = "no-team";
    pub const CLOSED: &str = "destination-closed";
    pub const OUT_OF_HOURS: &str = "out-of-hours";
    pub const FAILURE: &str = "decision-failed";
    pub const WITHDRAWN: &str = "history-withdrawn";

    pub const ALL: [&str; 7] =
        [UNCLEAR, CONFIRMATION, NO_TEAM, CLOSED, OUT_OF_HOURS, FAILURE, WITHDRAWN];
}

/// Standing reasons by id.
pub type Standing = BTreeMap<&'static str, Note>;

/// Elapsed minutes that never pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    pub immediate: u32,
    pub urgent: u32,
}

/// What the policy needs to know of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// For standard priority.
    pub clock: Duration,
    pub open: bool,
    /// Works only with families who have agreed.
    pub needs_agreement: bool,
    /// Social work under statute: may see history.
    pub statutory: bool,
}

/// The destinations, and which of them serves a locality.
#[derive(Clone, Debug)]
pub struct Teams {
    pub receivers: BTreeMap<DestinationId, Receiver>,
    /// Their ids, names and aliases, each as [`called`] writes it.
    pub names: BTreeMap<String, DestinationId>,
    pub panels: BTreeMap<String, DestinationId>,
    pub locality_teams: BTreeMap<String, DestinationId>,
    /// Everything is in front of this one: MASSTT.
    pub screening: DestinationId,
    /// Takes what is urgent when the screening team is not staffed.
    pub out_of_hours: DestinationId,
    /// When the screening team is staffed.
    pub hours: Hours,
}

impl Teams {
    /// The team that people and other systems call so: MASST is MASSTT.
    pub fn named(&self, name: &DestinationId) -> Option<&DestinationId> {
        self.names.get(&called(name.as_str()))
    }
}

/// A name without what is written differently from hand to hand: case, blanks and signs.
pub fn called(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Everything that decides, of one authority.
#[derive(Clone, Debug)]
pub struct Policy {
    /// In order of gravity, the gravest last. Never empty.
    pub levels: Vec<Level>,
    /// The level suggested where no rule gives one: the lowest that the policy ever suggests.
    pub floor: Level,
    /// In order of gravity, the gravest last.
    pub purposes: Vec<Purpose>,
    /// What everything at the screening team has at least: the first of `purposes`.
    pub confirmation: Purpose,
    pub screening: Purpose,
    pub rules: Vec<Rule>,
    pub standing: Standing,
    pub clocks: Clocks,
    pub teams: Teams,
    pub calendar: Calendar,
    pub reader: Arc<Reader>,
    /// SHA-256 of the configuration, hexadecimal.
    pub hash: String,
}

impl Policy {
    /// Place in the order of gravity; an unknown purpose comes before all.
    pub fn gravity(&self, purpose: &Purpose) -> usize {
        self.purposes.iter().position(|known| known == purpose).map_or(0, |place| place + 1)
    }

    /// Whether a rule asks the screening team for more than confirmation.
    pub fn screens(&self, rule: &Rule) -> bool {
        let screening = To::Team(self.teams.screening.clone());
        let screened = self.gravity(&self.screening);
        rule.targets
            .iter()
            .any(|target| target.to == screening && self.gravity(&target.purpose) >= screened)
    }

    /// Whether a rule says that the threshold is met: it asks the screening team for the gravest.
    pub fn asks_for_strategy(&self, rule: &Rule) -> bool {
        let screening = To::Team(self.teams.screening.clone());
        let mut targets = rule.targets.iter();
        targets.any(|it| it.to == screening && Some(&it.purpose) == self.purposes.last())
    }

    /// Whether a rule reads a fact of this role.
    pub fn reads(&self, rule: &Rule, role: Role) -> bool {
        rule.reads.iter().any(|fact| self.reader.table().fact(*fact).role == role)
    }

    /// The rules of this id: one for each time in which the law was different.
    pub fn rules_of<'a>(&'a self, id: &'a RuleId) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.id == *id)
    }
}
