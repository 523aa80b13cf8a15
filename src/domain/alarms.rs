//! What is out of the ordinary in how agencies refer, what is left undone, and whom
//! the authority tells of it.

use super::{AgencyId, DestinationId, RoleId};
use serde::Serialize;
use std::fmt;

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// An agency refers far less than is expected of it.
    Silence,
    /// Far more than is expected of it.
    Flood,
    /// Much of what it sends is refused.
    Refusals,
    /// Nobody has referred a child in private fostering for a long time (paragraph 34 of the
    /// inspection report: such children were not identified).
    PrivateFostering,
    /// What was drawn to be decided a second time waits for too long (paragraph 37 of the
    /// inspection report: what drifted went unnoticed).
    SecondLooks,
    /// People have paused a destination: it is sent nothing.
    Paused,
}

impl AlarmKind {
    const ALL: [AlarmKind; 6] = [
        AlarmKind::Silence,
        AlarmKind::Flood,
        AlarmKind::Refusals,
        AlarmKind::PrivateFostering,
        AlarmKind::SecondLooks,
        AlarmKind::Paused,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            AlarmKind::Silence => "silence",
            AlarmKind::Flood => "flood",
            AlarmKind::Refusals => "refusals",
            AlarmKind::PrivateFostering => "private-fostering",
            AlarmKind::SecondLooks => "second-looks",
            AlarmKind::Paused => "paused",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One alarm: of a kind there is one about an agency, or one about nobody in particular.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlarmName {
    pub kind: AlarmKind,
    pub agency: Option<AgencyId>,
}

/// `silence police-west`, or the kind alone.
impl fmt::Display for AlarmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.agency {
            Some(agency) => write!(f, "{} {agency}", self.kind.as_str()),
            None => f.write_str(self.kind.as_str()),
        }
    }
}

/// When something is out of the ordinary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRules {
    /// Who is told, once a week while an alarm stands; where it is nobody, alarms are shown only.
    pub told: Option<RoleId>,
    /// Weeks over which it is looked whether an agency is silent.
    pub silence_weeks: u32,
    /// Percent of a week's submissions that may be refused.
    pub refused_percent: u32,
    pub private_fostering: Option<PrivateFostering>,
    /// Days that what was drawn to be decided a second time may wait.
    pub second_look_days: u32,
}

impl Default for AlarmRules {
    fn default() -> Self {
        // Of an agency that refers once a week, five weeks without anything happen by chance
        // seven times in a thousand; four happen eighteen times.
        AlarmRules {
            told: None,
            silence_weeks: 5,
            refused_percent: 20,
            private_fostering: None,
            second_look_days: 14,
        }
    }
}

/// Where children in private fostering are routed, and in how many months one must have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateFostering {
    pub destination: DestinationId,
    pub months: u32,
}
