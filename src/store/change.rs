//! What a person's word on a match changes, by how the child stood before it.

use super::rows::StoredLink;
use super::settled::settled;
use crate::domain::{LinkState, Word};

/// What a word changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It stands so already.
    Nothing,
    /// Whose word it is: links stay as they are.
    Whose,
    /// The child is that person.
    Join,
    /// The child, which was taken for that person, is one of its own.
    Part,
    /// Nobody is sure any more of what only a person has linked: it is possible again.
    Doubt,
    /// A possible one is none.
    Exclude,
    /// A separated one is possible again.
    Reopen,
}

/// What a word changes in a match; `None` where the child, or the person, is taken.
pub(super) fn change(word: Word, pair: &StoredLink, known: &[StoredLink]) -> Option<Change> {
    // What was said of a record that was merged since was not said of this one.
    let said = pair.decision.is_some() && pair.record == pair.person;
    Some(match (word, pair.state) {
        (Word::Link, LinkState::Linked) | (Word::NotSure, LinkState::Possible) if !said => {
            Change::Whose
        }
        (Word::Link, LinkState::Linked | LinkState::New) | (Word::NotSure, LinkState::Possible) => {
            Change::Nothing
        }
        (Word::Link, _) => {
            // A child is one person, and two children of one referral are two.
            let own = settled(known, usize::from(pair.child));
            let of_its_own = own.is_some_and(|own| own.state == LinkState::New);
            let mut others = known.iter().filter(|link| link.child != pair.child);
            let free = !others.any(|link| link.state.is_settled() && link.person == pair.person);
            return (of_its_own && free).then_some(Change::Join);
        }
        (Word::Separate, LinkState::Linked) => Change::Part,
        (Word::Separate, LinkState::Separate) if said => Change::Nothing,
        (Word::Separate, _) => Change::Exclude,
        (Word::NotSure, LinkState::Linked) if pair.decision.is_some() => Change::Whose,
        (Word::NotSure, LinkState::Linked) => Change::Nothing,
        (Word::NotSure, _) => Change::Reopen,
    })
}
