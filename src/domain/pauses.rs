//! A destination that is not sent anything for a while, because people asked for it.

use super::{DestinationId, Timestamp};

/// Why. Codes and no words: what people write could name somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Its system is being worked on.
    Maintenance,
    /// Its system does not do what it should.
    Fault,
    /// Somebody may be reading who should not.
    Security,
    /// The team moves, or its queue does.
    Move,
}

impl PauseReason {
    pub const ALL: [PauseReason; 4] =
        [PauseReason::Maintenance, PauseReason::Fault, PauseReason::Security, PauseReason::Move];

    pub fn as_str(self) -> &'static str {
        match self {
            PauseReason::Maintenance => "maintenance",
            PauseReason::Fault => "fault",
            PauseReason::Security => "security",
            PauseReason::Move => "move",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// One destination's pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub destination: DestinationId,
    pub reason: PauseReason,
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Who asked for it, as the event chain names them.
    pub by: String,
}
