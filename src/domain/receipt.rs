//! The receipt: what a sender is told, all of it derived from the submission alone (invariant 6).

use super::record::Unread;
use super::{DestinationId, Priority, Purpose, Reference, RuleId, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub reference: Reference,
    pub status: String,
    pub received_at: Timestamp,
    pub respond_by: Timestamp,
    pub completeness: Completeness,
    pub advice: Vec<String>,
    pub children: Vec<ReceiptChild>,
}

/// How complete the submission is. Never an input to level, priority, clock or destination.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Completeness {
    /// 0 to 100.
    pub score: u8,
    pub missing: Vec<Missing>,
    /// Stated but not readable: kept as stated, unknown to rules, asked for.
    #[serde(default)]
    pub unread: Vec<Unread>,
}

/// One thing that would help, with how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// JSON pointer, e.g. `/children/0/date_of_birth`.
    pub pointer: String,
    pub ask: String,
    pub weight: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptChild {
    pub index: u16,
    pub level_of_need: SuggestedLevel,
    pub priority: Priority,
    pub destinations: Vec<ReceiptDestination>,
    pub reasons: Vec<ReceiptReason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestedLevel {
    pub code: String,
    pub label: String,
    pub basis: String,
    /// Always true: a social worker decides.
    pub suggested: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptDestination {
    pub id: DestinationId,
    pub purpose: Purpose,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptReason {
    pub rule: RuleId,
    pub basis: String,
    pub why: String,
}
