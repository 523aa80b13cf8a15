//! What both stores make of a feed: whether what it was made from still stands, and of merges that
//! make a circle which one is undone.

use super::feed::{Merge, Merged};
use super::rows::LaneSeq;
use crate::audit::Event;
use crate::domain::PersonId;
use uuid::Uuid;

/// What the import reads of a record that it knows.
pub(super) const KNOWN: &str = "SELECT source, id, as_of, merged_into, changed, profile, \
     case_status, case_team, restricted, restriction, wrapped_key, record FROM person \
     WHERE source IS NOT NULL AND ";

/// What a merge is judged by: whom the survivor's record is another's, and so on up to the last,
/// or up to the merged record itself, which makes a circle.
pub(super) const CHAIN: &str = "WITH RECURSIVE up (id, survivor, as_of) AS (\
     SELECT id, merged_into, merged_as_of FROM person WHERE id = $2 \
     UNION SELECT p.id, p.merged_into, p.merged_as_of \
         FROM up JOIN person p ON p.id = up.survivor WHERE up.survivor <> $1) \
     SELECT id, survivor, as_of FROM up";

pub(super) const AS_OF: &str = "SELECT as_of FROM person WHERE id = $1";

pub(super) const MERGE: &str = "UPDATE person SET merged_into = $2, merged_as_of = $3, \
     as_of = coalesce($3, as_of), changed = $4 WHERE id = $1";

pub(super) const UNDO_MERGE: &str =
    "UPDATE person SET merged_into = NULL, merged_as_of = NULL, changed = $2 WHERE id = $1";

pub(super) const CLOSE_CASE: &str = "UPDATE person SET case_status = 'none', case_team = NULL, \
     as_of = $2, changed = $3 WHERE id = $1 AND (as_of IS NULL OR as_of <= $2)";

/// A merge that stands: of whom, into whom, and as of when it was stated.
pub(super) type Link = (Uuid, Option<Uuid>, Option<i64>);

/// What comes of a merge, by the last statement about its record and the chain above the survivor.
/// All of a circle are one person whichever merge is left out, so the oldest statement is.
pub(super) fn judge(merge: &Merge, as_of: Option<i64>, chain: &[Link]) -> Merged {
    let stated = merge.as_of.map(|at| at.0);
    if matches!((stated, as_of), (Some(stated), Some(known)) if stated < known) {
        return Merged::Older;
    }
    if !chain.iter().any(|(_, survivor, _)| *survivor == Some(merge.person.0)) {
        return Merged::Holds;
    }
    // Of equally old ones the one that names the merged record.
    let age = |(id, survivor, as_of): &&Link| (*as_of, *survivor != Some(merge.person.0), *id);
    match chain.iter().min_by_key(age) {
        Some((_, _, as_of)) if *as_of > stated => Merged::OldestOfCircle,
        Some((id, _, _)) => Merged::HoldsInstead(PersonId(*id)),
        None => Merged::Holds,
    }
}

impl Merged {
    pub(super) fn holds(self) -> bool {
        matches!(self, Merged::Holds | Merged::HoldsInstead(_))
    }
}

/// What the audit keeps of a merge.
pub(super) fn merge_events(merge: &Merge, came: Merged) -> Vec<Event> {
    let event = |kind: &str, of: PersonId| Event::new(kind, "frontdoor").of(of);
    let Some(into) = merge.into else {
        let separated = || event("people.separated", merge.person);
        return (came == Merged::Holds).then(separated).into_iter().collect();
    };
    let merged = event("people.merged", merge.person).detail(into.to_string());
    match came {
        Merged::Holds => vec![merged],
        Merged::HoldsInstead(undone) => {
            let by = format!("older of a circle with {} into {into}", merge.person);
            vec![merged, event("people.merge-undone", undone).detail(by)]
        }
        Merged::Older => Vec::new(),
        Merged::OldestOfCircle => {
            let why = format!("into {into}: oldest of a circle");
            vec![event("people.merge-passed-over", merge.person).detail(why)]
        }
    }
}

/// Whether people were changed by the batches they were read with and by none since.
pub(super) fn stands(read: &[(PersonId, Option<LaneSeq>)], now: &[(Uuid, Option<i64>)]) -> bool {
    let now: std::collections::HashMap<_, _> = now.iter().copied().collect();
    read.iter().all(|(person, changed)| now.get(&person.0) == Some(changed))
}
