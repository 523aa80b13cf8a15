//! That something waits, told to somebody by another way than the queues. A notice names whom it
//! is for and never an address: that is looked up in the authority's configuration when the notice
//! is sent, so that a mended address is used at once.

use super::{DestinationId, RoleId};
use std::fmt;

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whom {
    /// A receiving team's own contact.
    Destination(DestinationId),
    /// Somebody whom the authority alerts, e.g. the duty manager.
    Role(RoleId),
}

impl Whom {
    /// As [`Whom`]'s `Display` writes it.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("destination", id) => Some(Whom::Destination(DestinationId::new(id))),
            ("role", id) => Some(Whom::Role(RoleId::new(id))),
            _ => None,
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whom::Destination(id) => write!(f, "destination:{id}"),
            Whom::Role(id) => write!(f, "role:{id}"),
        }
    }
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// Something immediate was sent to a destination just now.
    Immediate,
    /// No named person has acknowledged something immediate in time.
    Unacknowledged,
    /// A clock has run out.
    Overdue,
    /// How agencies refer is out of the ordinary.
    Alarm,
}

impl NoticeKind {
    const ALL: [NoticeKind; 4] =
        [NoticeKind::Immediate, NoticeKind::Unacknowledged, NoticeKind::Overdue, NoticeKind::Alarm];

    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Immediate => "immediate",
            NoticeKind::Unacknowledged => "unacknowledged",
            NoticeKind::Overdue => "overdue",
            NoticeKind::Alarm => "alarm",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
