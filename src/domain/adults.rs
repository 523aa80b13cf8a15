//! The adults of a referral, and what is told of one who may also be in another family's. It is
//! possible, never more: no level rests on it, and nobody is linked by it.

use super::{Reference, ReferralId};
use serde::{Serialize, Serializer};
use std::cmp::Ordering;

/// Told in the place of what only the few who are named for it may see.
pub const WHOM_TO_ASK: &str =
    "This record is restricted. Ask the team that the authority has named for restricted records.";

/// What an adult is to the children of a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AdultRole {
    /// Said to have harmed a child, whatever else they are.
    Alleged,
    Mother,
    Father,
    /// A parent's partner, a step-parent, a guardian, a foster carer.
    Carer,
    /// Anyone else who lives there or matters.
    Other,
}

impl AdultRole {
    const ALL: [AdultRole; 5] = [
        AdultRole::Alleged,
        AdultRole::Mother,
        AdultRole::Father,
        AdultRole::Carer,
        AdultRole::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            AdultRole::Alleged => "alleged",
            AdultRole::Mother => "mother",
            AdultRole::Father => "father",
            AdultRole::Carer => "carer",
            AdultRole::Other => "other",
        }
    }

    /// Its place in what is sealed; never given another meaning.
    pub fn code(self) -> u8 {
        self as u8
    }

    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether it matters that these two may be one: somebody is said to have harmed a child, or
    /// both bring children up. A grandmother of two families is no news.
    pub fn matters_with(self, other: Self) -> bool {
        let alleged = self == AdultRole::Alleged || other == AdultRole::Alleged;
        alleged || self != AdultRole::Other && other != AdultRole::Other
    }
}

impl Serialize for AdultRole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Names an adult of a referral. `n` stays the same when the referral is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdultKey {
    pub referral: ReferralId,
    pub n: u16,
}

/// What a person says of two adults who may be one. It is kept and has no other effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdultWord {
    Same,
    NotTheSame,
}

impl AdultWord {
    pub fn as_str(self) -> &'static str {
        match self {
            AdultWord::Same => "same-person",
            AdultWord::NotTheSame => "not-the-same",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [AdultWord::Same, AdultWord::NotTheSame].into_iter().find(|word| word.as_str() == text)
    }
}

/// One step from the prior to the weight. Never a value of either.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    pub field: &'static str,
    pub level: &'static str,
    pub bits: f32,
    pub total: f32,
}

/// An adult of a referral who may be one of an earlier referral about other children.
#[derive(Clone, Debug, PartialEq)]
pub struct AdultSeen {
    pub role: AdultRole,
    /// The earlier referral, and what the adult is there.
    pub other: Reference,
    pub other_role: AdultRole,
    /// A child of either referral is, or may be, somebody whose record is restricted.
    pub restricted: bool,
    pub weight: f32,
    pub probability: f32,
    pub model: String,
    pub evidence: Vec<Bar>,
}

impl AdultSeen {
    /// Whether either is said to have harmed a child.
    pub fn is_alleged(&self) -> bool {
        self.role == AdultRole::Alleged || self.other_role == AdultRole::Alleged
    }

    /// Which is the graver of two: somebody is said to have harmed a child, then what is likelier.
    pub fn gravity(&self, other: &Self) -> Ordering {
        let alleged = self.is_alleged().cmp(&other.is_alleged());
        alleged.then(self.weight.total_cmp(&other.weight))
    }

    /// As a reader may see it. Of a restricted record all but the few who are `named` for it learn
    /// that there is something, and whom to ask.
    pub fn told(&self, said: Option<AdultWord>, named: bool) -> AdultTold<'_> {
        let hidden = self.restricted && !named;
        let shown = || Shown {
            other: Other { reference: self.other, role: self.other_role },
            weight: self.weight,
            probability: self.probability,
            model: &self.model,
            evidence: &self.evidence,
        };
        AdultTold {
            role: self.role,
            state: said.map_or("possible", AdultWord::as_str),
            unconfirmed: said.is_none(),
            restricted: self.restricted,
            ask: hidden.then_some(WHOM_TO_ASK),
            shown: (!hidden).then(shown),
        }
    }
}

/// What a reader is told of it.
#[derive(Clone, Debug, Serialize)]
pub struct AdultTold<'a> {
    role: AdultRole,
    /// `possible`, or what a person has said.
    state: &'static str,
    /// No person has said anything of it.
    unconfirmed: bool,
    restricted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<&'static str>,
    #[serde(flatten)]
    shown: Option<Shown<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct Shown<'a> {
    other: Other,
    weight: f32,
    probability: f32,
    model: &'a str,
    evidence: &'a [Bar],
}

#[derive(Clone, Debug, Serialize)]
struct Other {
    reference: Reference,
    role: AdultRole,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_again_by_their_codes_and_only_some_pairs_matter() {
        for role in AdultRole::ALL {
            assert_eq!(AdultRole::of_code(role.code()), Some(role));
            assert!(role.matters_with(AdultRole::Alleged) && AdultRole::Alleged.matters_with(role));
        }
        assert_eq!(AdultRole::of_code(5), None);
        assert!(AdultRole::Mother.matters_with(AdultRole::Carer));
        assert!(!AdultRole::Other.matters_with(AdultRole::Mother));
        assert!(!AdultRole::Other.matters_with(AdultRole::Other));
    }

    #[test]
    fn of_a_restricted_record_only_the_named_few_see_whose_it_is() {
        let seen = AdultSeen {
            role: AdultRole::Carer,
            other: Reference::from_entropy(9),
            other_role: AdultRole::Alleged,
            restricted: true,
            weight: 7.0,
            probability: 0.97,
            model: "invented".to_owned(),
            evidence: vec![Bar { field: "birth", level: "exact", bits: 11.0, total: 7.0 }],
        };
        let json = |named| serde_json::to_value(seen.told(None, named)).expect("plain data");
        let hidden = json(false);
        assert!(hidden.get("other").is_none() && hidden.get("evidence").is_none(), "{hidden}");
        assert!(hidden["ask"].is_string() && !hidden.to_string().contains(&seen.other.to_string()));
        assert_eq!(json(true)["other"]["reference"], seen.other.to_string());
        assert!(json(true).get("ask").is_none());
    }
}
