//! People in memory, by number and by blocking key: what the store is to the gateway. The keys and
//! caps are the gateway's; blocks are kept by key instead of by blind token.

use super::blocking::keys;
use super::evaluate::Stats;
use super::people::{Fault, Person};
use super::profile::Profile;
use crate::domain::PersonId;
use crate::domain::shortlist::{BLOCK_CAP, shortlist};
use foldhash::{HashMap, HashMapExt as _};
use jiff::ToSpan as _;
use jiff::civil::Date;

pub(super) struct Index {
    pub(super) ids: Vec<String>,
    pub(super) profiles: Vec<Profile>,
    /// When the file was true, where its rows do not say.
    pub(super) as_of: Option<Date>,
    blocks: HashMap<String, Vec<u32>>,
}

impl Index {
    pub(super) fn of(
        people: impl Iterator<Item = Result<Person, Fault>>,
        stats: &mut Stats,
    ) -> Self {
        let (ids, profiles, blocks) = (Vec::new(), Vec::new(), HashMap::new());
        let mut index = Index { ids, profiles, as_of: None, blocks };
        for person in people {
            match person {
                Ok(person) => index.add(person, stats),
                Err(fault) => stats.fault(fault),
            }
        }
        let as_of = super::date_all(&mut index.profiles);
        Index { as_of, ..index }
    }

    fn add(&mut self, person: Person, stats: &mut Stats) {
        let Ok(number) = u32::try_from(self.ids.len()) else { return };
        for key in keys(&person.profile) {
            self.blocks.entry(key).or_default().push(number);
            stats.keys += 1;
        }
        self.ids.push(person.id);
        self.profiles.push(person.profile);
        stats.people += 1;
    }

    /// The likeliest of the people who share a block with a child.
    pub(super) fn candidates(&self, child: &Profile) -> Vec<(PersonId, Profile)> {
        let blocks = keys(child).into_iter().filter_map(|key| self.blocks.get(&key));
        let blocks = blocks.filter(|block| block.len() <= BLOCK_CAP).map(Vec::as_slice).collect();
        let numbers = shortlist(blocks).into_iter();
        numbers
            .filter_map(|number| Some((id(number), *self.profiles.get(position(&id(number)))?)))
            .collect()
    }

    /// The file's id of a candidate.
    pub(super) fn name(&self, id: &PersonId) -> &str {
        self.ids.get(position(id)).map_or("", String::as_str)
    }
}

/// The day on which those who are expected are halfway to their birth, most of them: when a file
/// was true that does not say it.
pub(super) fn halfway(profiles: &[Profile]) -> Option<Date> {
    let mut due: Vec<Date> = profiles.iter().filter_map(Profile::due).collect();
    due.sort_unstable();
    due.get(due.len() / 2)?.checked_sub(20.weeks()).ok()
}

/// A person's number in the file as an id, so that the verdict is the gateway's own.
fn id(number: u32) -> PersonId {
    PersonId(uuid::Uuid::from_u128(u128::from(number)))
}

/// The number in the file of a candidate.
pub(super) fn position(id: &PersonId) -> usize {
    usize::try_from(id.0.as_u128()).unwrap_or(usize::MAX)
}
