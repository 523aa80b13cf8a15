//! What senders send: a submission stripped to what the lane, the relay and the clocks act on.

use super::dice::{Dice, mix};
use frontdoor::domain::{AgencyId, DestinationId, Priority, Reference, Referral, Timestamp};
use frontdoor::store::work::{Addition, ChildProfile, Referred, Refused, RepeatKey, Work};
use frontdoor::store::{Token, Token16};
use serde::{Deserialize, Serialize};

pub(super) const MASSTT: &str = "masstt";
/// Where history alone may send a referral.
pub(super) const HISTORY: &str = "panel-history";
pub(super) const DESTINATIONS: [&str; 5] = [MASSTT, "panel-a", "panel-b", "police", HISTORY];

/// Days for which a key answers.
pub(super) const KEY_DAYS: i64 = 90;

/// What is wrong with a submission, so that it can never be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(super) enum Poison {
    #[default]
    None,
    /// The database refuses its row.
    Row,
    /// A stage says that stored data is damaged.
    Damaged,
    /// A stage panics under the lock.
    Panics,
    /// A stage panics while it compares ahead of the lock.
    PanicsAhead,
}

/// One child: who it truly is, and which of its blocking tokens the sender's facts give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub truth: u32,
    /// Bits 0 to 2; bit 3 is a token of a whole crowd.
    pub known: u8,
}

/// Whom referrals concern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Population {
    pub people: u64,
    /// Each so many of them carry the crowd's token, whose block outgrows its cap where the crowd
    /// is large, and falls silent.
    pub crowd: u64,
}

impl Population {
    pub(super) fn draw(&self, dice: &mut Dice) -> Facts {
        let truth = dice.below(self.people);
        let crowd = if truth.is_multiple_of(self.crowd) { 8 } else { 0 };
        let known = u8::try_from(1 + dice.below(7)).unwrap_or(1) | crowd;
        Facts { truth: u32::try_from(truth).unwrap_or(u32::MAX), known }
    }
}

/// A body: children and where they must go, as if rules had fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(super) struct Spec {
    pub serial: u64,
    pub children: Vec<Facts>,
    /// Destination (an index) and priority.
    pub routes: Vec<(usize, Priority)>,
    pub poison: Poison,
}

impl Spec {
    pub(super) fn draw(dice: &mut Dice, serial: u64, people: &Population) -> Self {
        // Twice the same child in one body is two people, whatever it looks like.
        let children = (0..1 + dice.below(3) / 2).map(|_| people.draw(dice)).collect();
        let mut routes = vec![(0, priority(dice))];
        for destination in 1..4 {
            if dice.below(3) == 0 {
                routes.push((destination, priority(dice)));
            }
        }
        Spec { serial, children, routes, poison: Poison::None }
    }

    /// What `more` adds: children at the end; destinations, and only higher priorities.
    pub(super) fn with(mut self, more: &Spec) -> Self {
        self.children.extend(&more.children);
        for (destination, priority) in &more.routes {
            match self.routes.iter_mut().find(|(known, _)| known == destination) {
                Some((_, known)) => *known = (*known).max(*priority),
                None => self.routes.push((*destination, *priority)),
            }
        }
        self.poison = more.poison;
        self
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data")
    }

    pub(super) fn profiles(&self) -> Vec<ChildProfile> {
        self.children.iter().map(|child| profile(*child, self.poison)).collect()
    }
}

fn priority(dice: &mut Dice) -> Priority {
    match dice.below(10) {
        0 => Priority::Immediate,
        1 | 2 => Priority::Urgent,
        _ => Priority::Standard,
    }
}

/// The marks of a profile that no stage can compare.
pub(super) const UNCOMPARABLE: &[u8] = b"uncomparable";

/// The token that a whole crowd carries.
pub(super) const CROWD: Token = Token(4);

/// A child's tokens and profile.
pub(super) fn profile(child: Facts, poison: Poison) -> ChildProfile {
    let tokens = tokens(child);
    let profile = match poison {
        Poison::PanicsAhead => UNCOMPARABLE.to_vec(),
        _ => child.truth.to_be_bytes().to_vec(),
    };
    ChildProfile { tokens, profile, ..ChildProfile::default() }
}

/// The tokens that a child's known facts give.
pub(super) fn tokens(child: Facts) -> Vec<Token> {
    let token = |bit: u64| match bit {
        3 => CROWD,
        bit => Token(mix((u64::from(child.truth) << 8) | bit).cast_signed()),
    };
    (0..4u64).filter(|bit| (child.known >> bit) & 1 == 1).map(token).collect()
}

/// A submission as its sender keeps it, to send it again.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub agency: AgencyId,
    pub spec: Spec,
    pub repeat: (Token16, Token16),
    /// The accepted referral to add to; otherwise a new one.
    pub adds_to: Option<Reference>,
    pub valid_seconds: i64,
}

/// A 16-byte token of two numbers.
pub(super) fn token16(label: u64, number: u64) -> Token16 {
    let mut token = [0; 16];
    token[..8].copy_from_slice(&mix(label ^ mix(number)).to_be_bytes());
    token[8..].copy_from_slice(&number.to_be_bytes());
    token
}

impl Submission {
    /// The work for the lane, received at `now`.
    pub(super) fn work(&self, now: Timestamp) -> Work {
        let repeat = RepeatKey {
            key: self.repeat.0,
            body: self.repeat.1,
            expires_at: now.plus_seconds(self.valid_seconds),
        };
        match self.adds_to {
            Some(reference) => Work::Add(Box::new(Addition {
                agency: self.agency.clone(),
                received_at: now,
                reference,
                again: None,
                raw: self.spec.to_bytes(),
                document: serde_json::to_value(&self.spec).expect("plain data"),
                repeat,
                traceparent: None,
            })),
            None => Work::Refer(Box::new(Referred {
                agency: self.agency.clone(),
                received_at: now,
                provenance: Vec::new(),
                raw: self.spec.to_bytes(),
                referral: Referral::default(),
                facts: Vec::new(),
                facts_of: String::new(),
                completeness: Default::default(),
                children: self.spec.profiles(),
                adults: Vec::new(),
                repeat,
                traceparent: None,
            })),
        }
    }
}

/// A submission below the minimum.
pub(super) fn refusal(agency: &AgencyId, body: Token16, key: Token16, now: Timestamp) -> Work {
    use frontdoor::domain::refusal::{Extent, Refusal, RefusalKind};
    Work::Refuse(Box::new(Refused {
        agency: agency.clone(),
        received_at: now,
        raw: b"{}".to_vec(),
        extent: Extent::whole(b"{}"),
        refusal: Refusal { kind: RefusalKind::BelowMinimum, faults: Vec::new() },
        about: None,
        body,
        key: Some(key),
        traceparent: None,
    }))
}

pub(super) fn destination(index: usize) -> DestinationId {
    DestinationId::new(DESTINATIONS[index])
}
