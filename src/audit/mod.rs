//! Event chains: what happened to the data and who read it, in links that cannot be changed or
//! cut without showing (invariant 9).
//!
//! One chain per kind of writer, one link per transaction. A link's MAC covers its chain, number,
//! time, events and the MAC before it, under a key that is not in the database.

use crate::domain::{PersonId, ReferralId, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A kind of writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainName {
    Intake,
    Delivery,
    Desk,
    Import,
}

impl ChainName {
    pub const ALL: [ChainName; 4] =
        [ChainName::Intake, ChainName::Delivery, ChainName::Desk, ChainName::Import];

    pub fn as_str(self) -> &'static str {
        match self {
            ChainName::Intake => "intake",
            ChainName::Delivery => "delivery",
            ChainName::Desk => "desk",
            ChainName::Import => "import",
        }
    }
}

/// Something that happened. Ids and fixed codes only: an event is stored in clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened, e.g. `referral.accepted`, `document.read`, `delivery.confirmed`.
    pub kind: String,
    /// Who did it: an agency, a destination, a staff id, or `frontdoor`.
    pub actor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<ReferralId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Fixed codes or ids that say more, e.g. a message id; never text from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Event {
    pub fn new(kind: &str, actor: &str) -> Self {
        Event {
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            referral: None,
            person: None,
            detail: None,
        }
    }

    pub fn about(mut self, referral: ReferralId) -> Self {
        self.referral = Some(referral);
        self
    }

    pub fn of(mut self, person: PersonId) -> Self {
        self.person = Some(person);
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// A link as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLinkOfChain {
    /// From 1, without gaps.
    pub number: i64,
    pub at: Timestamp,
    /// The events' JSON, exactly as MACed.
    pub events: Vec<u8>,
    pub mac: Vec<u8>,
}

/// MAC of the link before the first.
pub const GENESIS: [u8; 32] = [0; 32];

/// The key under which chains are MACed; it comes from the key provider, not the database.
#[derive(Clone)]
pub struct ChainKey(Hmac<Sha256>);

impl ChainKey {
    pub fn new(key: &[u8; 32]) -> Self {
        // HMAC takes keys of any length; 32 bytes cannot fail.
        ChainKey(Hmac::new_from_slice(key).expect("HMAC takes any key length"))
    }

    /// Makes the next link of a chain from its head.
    pub fn link(
        &self,
        chain: ChainName,
        head: (i64, &[u8]),
        at: Timestamp,
        events: &[Event],
    ) -> StoredLinkOfChain {
        let number = head.0 + 1;
        let events = serde_json::to_vec(events).expect("events are plain data");
        let mac = self.mac(chain, number, at, &events, head.1);
        StoredLinkOfChain { number, at, events, mac }
    }

    fn mac(
        &self,
        chain: ChainName,
        number: i64,
        at: Timestamp,
        events: &[u8],
        before: &[u8],
    ) -> Vec<u8> {
        let mut mac = self.0.clone();
        let name = chain.as_str().as_bytes();
        // Fixed-width numbers and a length for the one name keep the encoding unambiguous.
        mac.update(&[u8::try_from(name.len()).unwrap_or(u8::MAX)]);
        mac.update(name);
        mac.update(&number.to_be_bytes());
        mac.update(&at.0.to_be_bytes());
        mac.update(before);
        mac.update(events);
        mac.finalize().into_bytes().to_vec()
    }

    /// Checks links that follow `head`; names the first that does not hold.
    pub fn verify(
        &self,
        chain: ChainName,
        mut head: (i64, Vec<u8>),
        links: &[StoredLinkOfChain],
    ) -> Result<(i64, Vec<u8>), Break> {
        for link in links {
            let expected_number = head.0 + 1;
            if link.number != expected_number {
                return Err(Break { chain, number: expected_number, why: "a link is missing" });
            }
            let mac = self.mac(chain, link.number, link.at, &link.events, &head.1);
            if mac != link.mac {
                let why = "its content was changed, or an earlier link was";
                return Err(Break { chain, number: link.number, why });
            }
            head = (link.number, mac);
        }
        Ok(head)
    }
}

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chain {} breaks at link {number}: {why}", chain.as_str())]
pub struct Break {
    pub chain: ChainName,
    pub number: i64,
    pub why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain_of(count: i64) -> (ChainKey, Vec<StoredLinkOfChain>) {
        let key = ChainKey::new(&[7; 32]);
        let mut head = (0, GENESIS.to_vec());
        let mut links = Vec::new();
        for number in 0..count {
            let events = [Event::new("referral.accepted", "school-a").detail(number.to_string())];
            let link = key.link(ChainName::Intake, (head.0, &head.1), Timestamp(number), &events);
            head = (link.number, link.mac.clone());
            links.push(link);
        }
        (key, links)
    }

    #[test]
    fn an_untouched_chain_holds_and_any_change_names_its_link() {
        let (key, links) = chain_of(5);
        let start = || (0, GENESIS.to_vec());
        assert!(key.verify(ChainName::Intake, start(), &links).is_ok());
        for at in 0..5usize {
            let mut changed = links.clone();
            changed[at].events[3] ^= 1;
            let broken = key.verify(ChainName::Intake, start(), &changed).expect_err("changed");
            assert_eq!(broken.number, at as i64 + 1);
            let mut cut = links.clone();
            cut.remove(at);
            let verdict = key.verify(ChainName::Intake, start(), &cut);
            // A cut tail does not show within the chain itself: a checkpoint shows it.
            assert_eq!(verdict.is_ok(), at == 4);
        }
    }
}
