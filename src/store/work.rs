//! What passes through the commit lane, and who judges it there.

use super::adults::Meeting;
use super::attachments::ToTell;
use super::doubting::Doubt;
use super::error::Result;
use super::follow::{Clock, OutcomeRow};
use super::recounts::Recount;
use super::rows::*;
use crate::domain::facts::Facts;
use crate::domain::matching::ProposalHash;
use crate::domain::outcome::Said;
use crate::domain::receipt::Completeness;
use crate::domain::refusal::{Extent, Refusal};
use crate::domain::{
    AgencyId, ChildHistory, DecisionId, DestinationId, LinkState, MatchId, OutcomeId, PersonId,
    Reference, Referral, Timestamp, Unread, Withdrawn, Word,
};
use std::sync::Arc;

/// A child's blocking tokens and opened linkage profile, and where it lives.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ChildProfile {
    pub tokens: Vec<Token>,
    /// Tokens of its home; none where that must not come out.
    pub homes: Vec<Token>,
    pub profile: Vec<u8>,
}

/// An adult of a submission: the place within it, role and profile to be sealed, and tokens.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AdultProfile {
    pub n: u16,
    pub profile: Vec<u8>,
    pub tokens: Vec<Token>,
}

/// By what a repeat of a submission is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatKey {
    /// Token of the sender's key, or of the body where no key was given.
    pub key: Token16,
    pub body: Token16,
    pub expires_at: Timestamp,
}

/// A submission that was read, validated and scored.
#[derive(Clone, Debug)]
pub struct Referred {
    pub agency: AgencyId,
    pub received_at: Timestamp,
    /// The bytes as received.
    pub raw: Vec<u8>,
    /// Where each canonical value stood in what was sent, JSON; empty for canonical submissions.
    pub provenance: Vec<u8>,
    pub referral: Referral,
    /// Of each child, from the submission alone.
    pub facts: Vec<Facts>,
    /// Hash of the policy whose table the facts are of.
    pub facts_of: String,
    pub completeness: Completeness,
    pub children: Vec<ChildProfile>,
    pub adults: Vec<AdultProfile>,
    pub repeat: RepeatKey,
    pub traceparent: Option<String>,
}

/// Something to add to an accepted referral.
#[derive(Clone, Debug)]
pub struct Addition {
    pub agency: AgencyId,
    pub received_at: Timestamp,
    pub reference: Reference,
    pub raw: Vec<u8>,
    /// The addition as JSON, checked for form only.
    pub document: serde_json::Value,
    /// Where it is the sender's whole document again, changed: by what its message is known, with
    /// its last content.
    pub again: Option<RepeatKey>,
    pub repeat: RepeatKey,
    pub traceparent: Option<String>,
}

/// A submission that cannot be accepted and is kept.
#[derive(Clone, Debug)]
pub struct Refused {
    pub agency: AgencyId,
    pub received_at: Timestamp,
    /// As much of the body as was read.
    pub raw: Vec<u8>,
    pub extent: Extent,
    pub refusal: Refusal,
    /// The referral that it was sent to as information, as its sender named it.
    pub about: Option<Reference>,
    /// What it is known by when it comes again.
    pub body: Token16,
    pub key: Option<Token16>,
    pub traceparent: Option<String>,
}

/// What a person says of a match.
#[derive(Clone, Debug)]
pub struct MatchWord {
    pub of: MatchId,
    pub id: DecisionId,
    pub word: Word,
    /// The proposal that the person has read and takes: what is lower without the wrong history.
    pub lower: Option<ProposalHash>,
    /// Who says it, and why, sealed.
    pub by: Sealed,
    /// Whose system said it: for the event.
    pub actor: String,
}

/// What a receiving team says that it decided or did.
#[derive(Clone, Debug)]
pub struct Told {
    pub reference: Reference,
    /// Who says it.
    pub destination: DestinationId,
    pub id: OutcomeId,
    /// What was understood of it, or why not.
    pub said: std::result::Result<Said, Vec<Unread>>,
    /// All of it, JSON, to be sealed.
    pub whole: serde_json::Value,
    /// By what it is known when it comes again.
    pub body: Token16,
    /// It came as a message: where it cannot stand, a message says so.
    pub by_message: bool,
}

/// One thing to write.
#[derive(Clone, Debug)]
pub enum Work {
    Refer(Box<Referred>),
    Add(Box<Addition>),
    Refuse(Box<Refused>),
    Decide(Box<MatchWord>),
    /// The authority's records tell more: this referral's children are looked up again.
    Relink(Reference),
    /// A referral was decided with a history that was wrong.
    Recount(Recount),
    /// Adults of this referral may be those of earlier ones.
    Meet(Reference, Vec<Meeting>),
    /// A receiving team records an outcome.
    Follow(Box<Told>),
    /// Receiving teams are told of what was attached to this referral.
    Attached(Reference),
    /// A second person has decided more gravely than the first.
    Doubt(Doubt),
}

impl Work {
    /// The repeat key, where the work has one.
    pub fn repeat(&self) -> Option<RepeatKey> {
        match self {
            Work::Refer(referred) => Some(referred.repeat),
            Work::Add(addition) => Some(addition.repeat),
            Work::Refuse(_)
            | Work::Decide(_)
            | Work::Relink(_)
            | Work::Recount(_)
            | Work::Meet(..)
            | Work::Follow(_)
            | Work::Attached(_)
            | Work::Doubt(_) => None,
        }
    }

    /// What is kept of work that could not be concluded; a refusal has nothing more to keep.
    pub fn failed(&self) -> Option<Refused> {
        let (agency, received_at, raw, repeat, about, traceparent) = match self {
            Work::Refer(one) => {
                (&one.agency, one.received_at, &one.raw, one.repeat, None, &one.traceparent)
            }
            Work::Add(one) => {
                let about = Some(one.reference);
                (&one.agency, one.received_at, &one.raw, one.repeat, about, &one.traceparent)
            }
            Work::Refuse(_)
            | Work::Decide(_)
            | Work::Relink(_)
            | Work::Recount(_)
            | Work::Meet(..)
            | Work::Follow(_)
            | Work::Attached(_)
            | Work::Doubt(_) => return None,
        };
        Some(Refused {
            agency: agency.clone(),
            received_at,
            raw: raw.clone(),
            extent: Extent::whole(raw),
            refusal: Refusal::failed(),
            about,
            body: repeat.body,
            key: Some(repeat.key),
            traceparent: traceparent.clone(),
        })
    }
}

/// What became of it, once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Written now, or before (`repeat`); `receipt` is the JSON for the sender.
    Accepted { reference: Reference, receipt: Arc<[u8]>, repeat: bool },
    /// The key was used with another body.
    Conflict { first: Reference },
    /// There is no such referral of this sender.
    Unknown,
    /// A refusal, or what could not be concluded, is kept and before people.
    Kept,
    /// A match stands as a person said.
    Settled(Settled),
    /// The child, or another child of its referral, is somebody already: separate that first.
    Taken,
    /// What would be lower, JSON, is not what the person has read: nothing is written.
    Unread(Arc<[u8]>),
    /// An outcome stands, now or before (`repeat`); the answer is JSON.
    Followed { answer: Arc<[u8]>, repeat: bool },
    /// An outcome cannot stand: what is missing, and where.
    Lacking(Vec<Unread>),
    /// A referral was looked at again, and whatever was found is written.
    Looked,
    /// The same, and there may be more to find now.
    LookAgain,
}

/// How a match stands after a person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub state: LinkState,
    /// Whether a person's word stands.
    pub confirmed: bool,
    /// Who the child is now.
    pub person: PersonId,
    /// What would be lower without the wrong history, JSON; it waits for a person's word.
    pub proposed: Option<Arc<[u8]>>,
}

/// How a child of a submission stands to the people known.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildLink {
    /// `Linked` to a person known otherwise; else `person` was made for this child, and is
    /// `Possible` where it may be someone known.
    pub state: LinkState,
    /// The linked person, or the one made for this child.
    pub person: PersonId,
    /// Whether `person` is new with this submission; one made for a referral that is added to
    /// is not.
    pub fresh: bool,
    /// Match weight in bits of the link; 0 when `fresh`.
    pub weight: f32,
    /// The person's decision by which it stands.
    pub decision: Option<DecisionId>,
    /// People for a reviewer, best first, with their weights.
    pub possible: Vec<(PersonId, f32)>,
    /// Comparing failed, so that nothing is known of the child here.
    pub failed: bool,
}

/// What linkage says of one child and its candidates.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LinkVerdict {
    pub state: LinkState,
    pub person: Option<PersonId>,
    pub weight: f32,
    pub possible: Vec<(PersonId, f32)>,
    /// Comparing failed: it stands as new, and that goes on record.
    pub failed: bool,
}

/// A candidate with its opened profile.
pub type Candidate = (PersonId, Arc<[u8]>);

/// Rows to write and the answer to give once they are durable.
#[derive(Debug)]
pub struct Concluded {
    pub rows: Batch,
    pub done: Done,
}

/// A referral with what was put to it.
#[derive(Debug)]
pub struct Added<'a> {
    pub stored: &'a StoredReferral,
    pub addition: &'a Addition,
    pub merged: &'a Referred,
    pub links: &'a [ChildLink],
    pub histories: &'a [ChildHistory],
    /// The clocks of the referral.
    pub clocks: &'a [Clock],
}

/// A referral that is decided again because of what a person said of a match, or the authority's
/// records told later.
#[derive(Debug)]
pub struct Revisit<'a> {
    pub stored: &'a StoredReferral,
    pub referred: &'a Referred,
    pub links: &'a [ChildLink],
    pub histories: &'a [ChildHistory],
    pub clocks: &'a [Clock],
    pub how: How,
    /// What is taken back from everyone who was sent it.
    pub withdrawn: Option<Withdrawn>,
    /// It is the match's own referral: its links and people are written again. Of another one it
    /// is an error where the policy fails: it is tried again.
    pub own: bool,
}

/// The event by which a judge tells that something was lowered. Whose word it was, is added where
/// the word is kept.
pub const LOWERED: &str = "decision.lowered";

/// What deciding again may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// History was added: it only raises.
    Raise,
    /// The same, but where it says no more than before nothing is written.
    Heed,
    /// A wrong history is gone: its reasons go, and what would be lower is proposed.
    Propose,
    /// The same, but where nothing was said by it nothing is written.
    Free,
    /// The same; and what is lower is taken, where it is the proposal that a person has read.
    Lower(ProposalHash),
    /// A person has confirmed what was proposed before, where it is what they have read.
    Take(ProposalHash),
    /// Nothing: it only tells what is proposed.
    Look,
}

/// The stages, as the lane calls them: pure, synchronous, never blocking. The pipeline is one.
pub trait Judge: Send + Sync + 'static {
    /// Opens a sealed profile; `None` when it is damaged, and then it is no candidate.
    fn open_profile(&self, person: PersonId, sealed: &[u8]) -> Option<Vec<u8>>;

    /// Compares one child with its candidates.
    fn link(&self, child: &ChildProfile, candidates: &[Candidate]) -> LinkVerdict;

    /// Decides on a referral and makes its rows.
    fn conclude(
        &self,
        referred: &Referred,
        links: &[ChildLink],
        histories: &[ChildHistory],
        now: Timestamp,
    ) -> Result<Concluded>;

    /// Puts an addition to what is stored: the referral as it now stands, or `Done` when it
    /// cannot be added to.
    fn merge(
        &self,
        stored: &StoredReferral,
        addition: &Addition,
    ) -> Result<std::result::Result<Referred, Done>>;

    /// Decides again after an addition; may only raise.
    fn conclude_addition(&self, added: &Added<'_>, now: Timestamp) -> Result<Concluded>;

    /// Whether two submissions name a child alike, whatever is known of it besides.
    fn is_of_the_same(&self, stored: &StoredReferral, referred: &Referred) -> Result<bool>;

    /// A stored referral as it stands, to be decided again.
    fn reopen(&self, stored: &StoredReferral, now: Timestamp) -> Result<Referred>;

    /// Decides again after a person's word, or late truth, with its rows; and what is proposed, if
    /// anything is.
    fn conclude_revisit(
        &self,
        revisit: &Revisit<'_>,
        now: Timestamp,
    ) -> Result<(Batch, Option<Arc<[u8]>>)>;

    /// Makes the rows of adults who may be those of earlier referrals, with what is told of it.
    fn conclude_meetings(
        &self,
        stored: &StoredReferral,
        meetings: &[Meeting],
        now: Timestamp,
    ) -> Result<Batch>;

    /// What follows from an outcome that a receiving team records.
    fn conclude_outcome(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        before: &[OutcomeRow],
        told: &Told,
        now: Timestamp,
    ) -> Result<Concluded>;

    /// What is told of attachments, and to whom.
    fn conclude_attachments(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        to_tell: &[ToTell],
        now: Timestamp,
    ) -> Result<Batch>;

    /// The referral goes before the screening team again.
    fn conclude_doubt(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        doubt: &Doubt,
        now: Timestamp,
    ) -> Result<Batch>;

    /// Makes the rows of a refusal; `again` is the open refusal of the same body.
    fn conclude_refusal(
        &self,
        refused: &Refused,
        again: Option<crate::domain::ids::RefusalId>,
        now: Timestamp,
    ) -> Result<Concluded>;

    /// The answer to a repeat: the first receipt, or a conflict when the body is another.
    fn repeated(&self, stored: &Repeat, body: Token16) -> Result<Done>;
}
