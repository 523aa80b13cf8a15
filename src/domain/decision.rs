//! What was decided of a referral: a suggestion with its reasons, and where it goes.

use super::{DestinationId, Priority, Purpose, RuleId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A level of need of the authority's policy. A social worker decides; this is suggested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    pub code: String,
    pub label: String,
    /// The statutory basis, e.g. `Children Act 1989 s47`.
    pub basis: String,
    /// Place in the policy's order; greater is graver. Not shown to senders.
    pub rank: i16,
}

/// A rule that fired and why, in plain English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub rule: RuleId,
    pub basis: String,
    pub why: String,
    /// What a person must do or have done; the machine never does it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// The rule read history; never shown to a sender (invariant 6).
    #[serde(default)]
    pub history: bool,
    /// The history is of someone whom the child may be: nobody is shown it before a person has
    /// reviewed that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreviewed: bool,
    /// The history is of a record that is restricted: it is for the named few.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
}

/// The rule by which something restricted is told, in place of what is known.
pub const RESTRICTED: &str = "restricted-record";

impl Reason {
    /// That something is restricted, and whom to ask: true of any record, whatever it holds.
    pub fn of_restricted() -> Self {
        Reason {
            rule: RuleId::new(RESTRICTED),
            basis: "A restricted record is for named people alone".to_owned(),
            why: "This is, or may be, a child whose record is restricted. Whatever is known of \
                  the child is for the team that the authority has named for restricted \
                  records: ask that team."
                .to_owned(),
            tasks: Vec::new(),
            history: true,
            unreviewed: false,
            restricted: true,
        }
    }
}

/// One destination for one child or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub destination: DestinationId,
    pub purpose: Purpose,
    pub priority: Priority,
    /// By when the destination must have acted.
    pub due_at: Timestamp,
    /// Rules that brought it here.
    pub rules: Vec<RuleId>,
    /// Indices into `children`.
    pub children: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildDecision {
    /// Index into `children` of the submission.
    pub index: u16,
    pub level: Level,
    pub priority: Priority,
    pub routes: Vec<Route>,
    pub reasons: Vec<Reason>,
}

/// The decision on one submission. `routes` holds one entry per destination and is never empty
/// (invariant 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub children: Vec<ChildDecision>,
    pub routes: Vec<Route>,
    pub priority: Priority,
    /// The gravest child's level.
    pub level: Level,
    /// The soonest time by which someone must answer the sender.
    pub respond_by: Timestamp,
    /// SHA-256 of the policy in force, hexadecimal.
    pub policy_hash: String,
    /// Why policy, linkage or configuration failed, when one did; it went to MASSTT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Decision {
    /// Closes what is known of some children, whose records are restricted now.
    pub fn restrict(&mut self, children: &BTreeSet<u16>) {
        for child in self.children.iter_mut().filter(|child| children.contains(&child.index)) {
            for reason in child.reasons.iter_mut().filter(|reason| reason.history) {
                reason.restricted = true;
            }
            child.reasons.push(Reason::of_restricted());
        }
    }

    /// The rules that brought a route, as far as its destination may learn of them: none of
    /// somebody whom a child only may be; and of restricted records, unless it is `named`, nothing
    /// but that there is one.
    pub fn rules_told(&self, route: &Route, named: bool) -> Vec<RuleId> {
        let mut told = Vec::new();
        let mut tell = |rule: &RuleId| {
            if !told.contains(rule) {
                told.push(rule.clone());
            }
        };
        for rule in &route.rules {
            let reasons = || {
                let all = self.children.iter().flat_map(|child| &child.reasons);
                all.filter(|reason| reason.rule == *rule)
            };
            if !named && reasons().any(|reason| reason.restricted) {
                tell(&RuleId::new(RESTRICTED));
            } else if !reasons().any(|reason| reason.unreviewed) {
                tell(rule);
            }
        }
        told
    }
}

/// What linkage says of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    #[default]
    New,
    /// To be reviewed by a person; history leaves only after review.
    Possible,
    Linked,
    /// A person has said that it is not this one. Never a child's own state.
    Separate,
    /// The person that the referral made, whom a person has found to be another. Never a child's
    /// own state.
    Left,
    /// Whom the child might have been was found to be another, and it may be that one now. Never a
    /// child's own state.
    Moved,
}

impl LinkState {
    pub fn as_str(self) -> &'static str {
        match self {
            LinkState::New => "new",
            LinkState::Possible => "possible",
            LinkState::Linked => "linked",
            LinkState::Separate => "separate",
            LinkState::Left => "left",
            LinkState::Moved => "moved",
        }
    }

    pub const ALL: [LinkState; 6] = [
        LinkState::New,
        LinkState::Possible,
        LinkState::Linked,
        LinkState::Separate,
        LinkState::Left,
        LinkState::Moved,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the child is this person, as far as anyone says.
    pub fn is_settled(self) -> bool {
        matches!(self, LinkState::New | LinkState::Linked)
    }
}

/// The case held by the authority, as the last feed said. The order is by gravity.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default, Hash,
)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStatus {
    #[default]
    None,
    Open,
    Cin,
    Cp,
    Cla,
}

impl CaseStatus {
    pub const ALL: [CaseStatus; 5] =
        [CaseStatus::None, CaseStatus::Open, CaseStatus::Cin, CaseStatus::Cp, CaseStatus::Cla];

    pub fn as_str(self) -> &'static str {
        match self {
            CaseStatus::None => "none",
            CaseStatus::Open => "open",
            CaseStatus::Cin => "cin",
            CaseStatus::Cp => "cp",
            CaseStatus::Cla => "cla",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// Why a record is open to named people only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restriction {
    /// For a reason that the record does not tell.
    Yes,
    /// An identity before or after an adoption: the two are never shown together, and the machine
    /// never links to either.
    Adoption,
    /// A child of somebody who works here.
    Staff,
    /// Where the child lives must not come out.
    Address,
}

impl Restriction {
    pub const ALL: [Restriction; 4] =
        [Restriction::Yes, Restriction::Adoption, Restriction::Staff, Restriction::Address];

    pub fn as_str(self) -> &'static str {
        match self {
            Restriction::Yes => "yes",
            Restriction::Adoption => "adoption",
            Restriction::Staff => "staff",
            Restriction::Address => "address",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|restriction| restriction.as_str() == text)
    }
}

/// What is already known of one child: the only history that rules may read.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChildHistory {
    pub link: LinkState,
    pub case_status: CaseStatus,
    /// The team that holds the open case.
    pub case_team: Option<DestinationId>,
    /// Referrals linked to the child in the last twelve months, this one not counted.
    pub referrals_12m: u32,
    /// Agencies that sent them.
    pub agencies_12m: u32,
    /// The gravest level rank among them.
    pub highest_level_12m: i16,
    /// Within twelve months a case of the child was stepped down to early help, or closed after it
    /// was worked on.
    #[serde(default)]
    pub stepped_down_12m: bool,
    /// The same of the other children of a referral of the child's, taken for brothers and sisters,
    /// in referrals that are not the child's own.
    #[serde(default)]
    pub household_referrals_12m: u32,
    #[serde(default)]
    pub household_agencies_12m: u32,
    #[serde(default)]
    pub household_highest_level_12m: i16,
    /// Referrals of others at the same address.
    #[serde(default)]
    pub address_contacts_12m: u32,
    /// What is known of the child is of a record that only the named few may see. No rule reads it.
    #[serde(default)]
    pub restricted: bool,
    /// Some of what is known of brothers and sisters is.
    #[serde(default)]
    pub household_restricted: bool,
    /// Some of what is known of the address is.
    #[serde(default)]
    pub address_restricted: bool,
}
