//! What an import reads of the authority's records, what it writes, and what came of it.

use super::rows::{LaneSeq, PersonRow, Sealed, Token16};
use crate::audit::Event;
use crate::domain::decision::{CaseStatus, Restriction};
use crate::domain::{DestinationId, PersonId, Timestamp};

/// A person of the authority's own records, as loaded before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPerson {
    pub source: Token16,
    pub id: PersonId,
    pub as_of: Option<Timestamp>,
    /// Whose record it was found to be.
    pub merged_into: Option<PersonId>,
    /// The batch that changed it last, if one did since it was made.
    pub changed: Option<LaneSeq>,
    pub profile: Vec<u8>,
    pub case_status: CaseStatus,
    pub case_team: Option<DestinationId>,
    pub restricted: bool,
    pub restriction: Option<Restriction>,
    pub record: Sealed,
}

/// What one transaction of an import writes.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Records as they stand, whole; one that is known is replaced under its id, with its tokens.
    pub people: Vec<PersonRow>,
    /// Records whose case was closed, and as of when.
    pub closed: Vec<(PersonId, Timestamp)>,
    /// In their order.
    pub merges: Vec<Merge>,
    /// What the import keeps for itself, by name, sealed; `None` takes it away.
    pub notes: Vec<Note>,
    pub events: Vec<Event>,
    /// What all this was made from, as it was read: people by the batch that changed them last,
    /// and notes. Where any of it is another by now, nothing is written.
    pub read: Vec<(PersonId, Option<LaneSeq>)>,
    pub notes_read: Vec<Note>,
}

/// A value that is kept under its name, sealed; `None` where there is none.
pub type Note = (&'static str, Option<Vec<u8>>);

/// What came of writing a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fed {
    /// It is written; what came of each merge, in their order.
    Written(Vec<Merged>),
    /// What it was made from has changed since it was read: nothing is written. Make it anew.
    Outdated,
}

/// What came of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    Holds,
    /// It made a circle with older ones. It holds, and the oldest of them was undone: that of
    /// this person.
    HoldsInstead(PersonId),
    /// Something newer is known of the record: nothing was done.
    Older,
    /// It would make a circle with newer ones: nothing was done.
    OldestOfCircle,
}

/// A statement that a record is another's, or that it is not after all.
///
/// The merged record keeps its row, its tokens and its links; it only names the survivor. Whoever
/// is found by its tokens, and whoever has its links and history, is from then on the survivor.
/// So a merge is undone by taking the name away, and nothing was lost by it. That each was made
/// and undone stands in the `import` chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    pub person: PersonId,
    /// `None` takes an earlier merge back.
    pub into: Option<PersonId>,
    pub as_of: Option<Timestamp>,
}
