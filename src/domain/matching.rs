//! A match: a child of a referral, and a person whom it may be. What a person says of one stands
//! until a person says otherwise.

use super::{PersonId, Reference, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a match: `<reference>.<child>.<person>`. Tells nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatchId {
    pub reference: Reference,
    /// Index into the referral's children.
    pub child: u16,
    pub person: PersonId,
}

impl MatchId {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let reference = Reference::parse(parts.next()?)?;
        let child = parts.next()?.parse().ok()?;
        let person = PersonId(uuid::Uuid::try_parse(parts.next()?).ok()?);
        parts.next().is_none().then_some(MatchId { reference, child, person })
    }
}

impl fmt::Display for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.reference, self.child, self.person)
    }
}

impl Serialize for MatchId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a person says of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The child is that person.
    Link,
    /// It is not, and is never to be taken for that person again.
    Separate,
    /// Nobody can tell yet: no person's word stands.
    NotSure,
}

impl Word {
    pub fn as_str(self) -> &'static str {
        match self {
            Word::Link => "link",
            Word::Separate => "separate",
            Word::NotSure => "not-sure",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Word::Link, Word::Separate, Word::NotSure].into_iter().find(|word| word.as_str() == text)
    }
}

/// Marks what is proposed, so that a person confirms what they have read and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalHash(pub [u8; 16]);

impl ProposalHash {
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| digits)?;
        Some(ProposalHash(number.to_be_bytes()))
    }
}

impl fmt::Display for ProposalHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// How a wrong history came into what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrongBy {
    /// The referral's child was taken for that person.
    Joined,
    /// The referral's history counted another one that was.
    Counted,
}

impl WrongBy {
    pub fn as_str(self) -> &'static str {
        match self {
            WrongBy::Joined => "joined",
            WrongBy::Counted => "counted",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [WrongBy::Joined, WrongBy::Counted].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A history that is taken back from whoever was sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Withdrawn {
    /// Whose history it is.
    pub person: PersonId,
    pub kind: WrongBy,
    /// From when on it was wrong.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written_and_in_no_other_way() {
        let hash = ProposalHash([7; 16]);
        assert_eq!(ProposalHash::parse(&hash.to_string()), Some(hash));
        let short = &hash.to_string()[1..];
        for bad in ["", short, &format!("+{short}"), &format!("{hash}0")] {
            assert_eq!(ProposalHash::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_match_is_found_again_by_its_name_and_nothing_else_is() {
        let person = PersonId(uuid::Uuid::from_u128(7));
        let id = MatchId { reference: Reference::from_entropy(9), child: 3, person };
        assert_eq!(MatchId::parse(&id.to_string()), Some(id));
        for bad in ["", "x", "7", &format!("{id}.1"), &id.to_string().replace(".3.", ".-3.")] {
            assert_eq!(MatchId::parse(bad), None, "{bad}");
        }
    }
}
