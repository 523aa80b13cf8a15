//! Names of things: agencies, destinations, rules, records. All may stand in clear.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Declares a name: a short string that configuration gives.
macro_rules! names {
    ($( $(#[$meta:meta])* $name:ident; )*) => { $(
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub std::sync::Arc<str>);

        impl $name {
            pub fn new(text: &str) -> Self {
                $name(text.into())
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

names! {
    /// A partner agency, as `agencies.toml` names it.
    AgencyId;
    /// A receiving team, as `destinations.toml` names it.
    DestinationId;
    /// A rule of the policy.
    RuleId;
    /// What a receiving team may say that it did, as `outcomes.yaml` names it.
    OutcomeCode;
    /// What a clock is for, e.g. `respond`, `accept`, `conference`.
    ClockKind;
    /// Somebody whom the authority alerts, as `destinations.toml` names them.
    RoleId;
}

/// Declares an id: a UUID version 7 made from a given time and given entropy.
macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident; )*) => { $(
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Time-ordered; `entropy` gives the 74 random bits.
            pub fn from_parts(at: super::Timestamp, entropy: [u8; 10]) -> Self {
                let millis = u64::try_from(at.0 / 1000).unwrap_or_default();
                $name(uuid::Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )* };
}

impl PersonId {
    /// Nobody: no person ever has this id.
    pub const NOBODY: PersonId = PersonId(Uuid::nil());
}

/// What was drawn to be decided again. Random through and through: it tells neither when nor what
/// was decided first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LookId(pub Uuid);

impl LookId {
    pub fn from_entropy(entropy: [u8; 16]) -> Self {
        LookId(uuid::Builder::from_random_bytes(entropy).into_uuid())
    }
}

impl fmt::Display for LookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

ids! {
    /// One accepted referral.
    ReferralId;
    /// One known (or new) child in the linkage store.
    PersonId;
    /// One message to one destination: the AMQP `message_id` and CloudEvents `id`.
    MessageId;
    /// One refused submission.
    RefusalId;
    /// What a person decided of a match.
    DecisionId;
    /// Two adults of different referrals who may be one.
    AdultMatchId;
    /// What one receiving team recorded of a referral.
    OutcomeId;
    /// One document that a sender added to a referral.
    AttachmentId;
    /// One notice to one contact; in an e-mail its Message-ID.
    NoticeId;
    /// Somebody who signs in. Events name people by it.
    StaffId;
    /// A referral that is being written at a screen.
    DraftId;
}

/// How quickly people must act. The order is by urgency: `Immediate` is the greatest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// The destination's own clock.
    #[default]
    Standard,
    /// Four elapsed hours unless the policy says less.
    Urgent,
    /// People are alerted at once.
    Immediate,
}

impl Priority {
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Standard => "standard",
            Priority::Urgent => "urgent",
            Priority::Immediate => "immediate",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Priority::Standard, Priority::Urgent, Priority::Immediate]
            .into_iter()
            .find(|priority| priority.as_str() == text)
    }
}

/// Why a destination is sent a referral, e.g. `screening`, `strategy`, `panel`, `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purpose(pub std::sync::Arc<str>);

impl Purpose {
    pub fn new(text: &str) -> Self {
        Purpose(text.into())
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
