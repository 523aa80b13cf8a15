//! How new what was loaded is, by the system that keeps the records.

use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::linkage::people::Person;
use crate::store::keys::KeyRing;
use crate::store::{ReadStore, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the note. Names of systems come from files, where anything may stand: it is sealed.
const FEEDS: &str = "feeds.v1";

/// Systems that are told apart; a file with more has something else in the column.
const MOST: usize = 32;

/// The newest `as_of` of each system whose feed was loaded to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Feeds(pub BTreeMap<String, Timestamp>);

impl Feeds {
    pub(super) fn note(&mut self, person: &Person) {
        let Some(as_of) = person.as_of else { return };
        if let Some(newest) = self.0.get_mut(&person.source) {
            *newest = as_of.max(*newest);
        } else if self.0.len() < MOST {
            self.0.insert(person.source.clone(), as_of);
        }
    }

    /// The newer of both for each system.
    pub(super) fn newer_than(self, mut before: Feeds) -> Feeds {
        for (system, as_of) in self.0 {
            let newest = before.0.entry(system).or_insert(as_of);
            *newest = as_of.max(*newest);
        }
        before
    }

    pub(super) fn to_note(&self, ring: &KeyRing, env: &dyn Env) -> (&'static str, Option<Vec<u8>>) {
        let plain = serde_json::to_vec(self).expect("names and times are plain data");
        (FEEDS, Some(ring.seal_note(FEEDS, &plain, env)))
    }
}

/// What was loaded, by system; empty before the first import.
///
/// # Errors
/// When the store fails, or the note is not as written.
pub async fn feeds<S: ReadStore + ?Sized>(store: &S, ring: &KeyRing) -> Result<Feeds, StoreError> {
    let Some(note) = store.note(FEEDS).await? else { return Ok(Feeds::default()) };
    serde_json::from_slice(&ring.open_note(FEEDS, &note)?)
        .map_err(|_| StoreError::Damaged("the note of feeds is not as written".to_owned()))
}
