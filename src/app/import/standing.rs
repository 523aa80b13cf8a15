//! Records as they stand after several rows, each heard in its turn.

use super::Imported;
use super::applying::{Known, NEWER};
use super::reading::{Told, tokens};
use crate::domain::decision::Restriction;
use crate::domain::time::Env;
use crate::domain::{PersonId, Timestamp};
use crate::linkage::Profile;
use crate::linkage::people::{Op, Person};
use crate::store::keys::KeyRing;
use crate::store::{Feed, KnownPerson, Merge, PersonRow, Sealed, Token, Token16};
use std::collections::HashMap;

/// Records in the order in which they were first heard of.
pub(super) struct Standings<'a> {
    ring: &'a KeyRing,
    known: &'a Known,
    places: HashMap<Token16, usize>,
    all: Vec<Standing<'a>>,
}

/// One record.
struct Standing<'a> {
    source: Token16,
    known: Option<&'a KnownPerson>,
    /// The last row that was heard, completed by what stood before.
    heard: Option<(Person, Vec<Token>)>,
    /// Whether its system has taken back that it is another's.
    is_separated: bool,
}

impl<'a> Standings<'a> {
    pub(super) fn new(ring: &'a KeyRing, known: &'a Known) -> Self {
        Standings { ring, known, places: HashMap::new(), all: Vec::new() }
    }

    /// Takes a row up, unless something newer is known of its record.
    pub(super) fn hear(&mut self, row: &Told, told: &mut Imported) {
        let place = *self.places.entry(row.source).or_insert(self.all.len());
        if place == self.all.len() {
            let (source, known) = (row.source, self.known.get(&row.source));
            self.all.push(Standing { source, known, heard: None, is_separated: false });
        }
        self.all[place].hear(self.ring, row, told);
    }

    /// What is to be written.
    pub(super) fn feed(self, env: &dyn Env) -> Feed {
        let mut feed = Feed::default();
        for standing in self.all {
            let Some((person, tokens)) = standing.heard else { continue };
            let now = env.now();
            let fresh = || PersonId::from_parts(now, env.entropy_id());
            let id = standing.known.map_or_else(fresh, |known| known.id);
            if standing.is_separated {
                feed.merges.push(Merge { person: id, into: None, as_of: person.as_of });
            }
            feed.read.extend(standing.known.map(|known| (id, known.changed)));
            let worker = person.case_worker.as_ref();
            feed.people.push(PersonRow {
                id,
                created_at: now,
                profile: self.ring.seal_profile(id, &person.profile.encode(), env),
                case_status: person.case_status,
                case_team: person.case_team,
                restricted: person.restriction.is_some(),
                restriction: person.restriction,
                as_of: person.as_of,
                source: Some(standing.source),
                record: worker.map_or_else(Sealed::default, |worker| {
                    self.ring.seal_record(&record(id), worker.as_bytes(), env)
                }),
                tokens,
            });
        }
        feed
    }
}

impl Standing<'_> {
    fn hear(&mut self, ring: &KeyRing, row: &Told, told: &mut Imported) {
        let as_of = match &self.heard {
            Some((before, _)) => before.as_of,
            None => self.known.and_then(|known| known.as_of),
        };
        if is_older(row.person.as_of, as_of) {
            let why = self.heard.as_ref().map(|(newer, _)| said(newer.line));
            return told.pass_over(row.line(), why.as_deref().unwrap_or(NEWER));
        }
        // Whoever keeps a record and adds it later, alone or in a whole feed, has separated it.
        let is_merged = self.known.is_some_and(|known| known.merged_into.is_some());
        let is_later = is_older(as_of, row.person.as_of);
        self.is_separated |= is_merged && is_later && row.person.op == Op::Add;
        let mut person = row.person.clone();
        if let Some((before, _)) = self.heard.take() {
            told.pass_over(before.line, &said(row.line()));
            person.complete(&before);
        } else if let Some(known) = self.known {
            person.complete(&as_stored(ring, known, &person));
        }
        let is_as_read = person.profile == row.person.profile;
        let tokens = match is_as_read {
            true => row.tokens.clone(),
            false => tokens(ring, &person.profile),
        };
        self.heard = Some((person, tokens));
    }
}

fn said(line: u64) -> String {
    format!("line {line} says it newer of the same record")
}

/// A record as it is stored, for a row to complete itself by. What does not open any more is not
/// there: the import mends it.
fn as_stored(ring: &KeyRing, known: &KnownPerson, row: &Person) -> Person {
    let profile = ring.open_profile(known.id, &known.profile);
    let worker = || ring.open_record(&record(known.id), &known.record).ok();
    let is_asked = !row.given.has("case_worker") && known.record != Sealed::default();
    let unsaid = known.restricted.then_some(Restriction::Yes);
    Person {
        profile: profile.and_then(|plain| Profile::decode(&plain).ok()).unwrap_or_default(),
        case_status: known.case_status,
        case_team: known.case_team.clone(),
        case_worker: is_asked.then(worker).flatten().and_then(|name| String::from_utf8(name).ok()),
        restriction: known.restriction.or(unsaid),
        as_of: known.as_of,
        ..row.clone()
    }
}

/// What a record's sealed part is bound to.
fn record(id: PersonId) -> Vec<u8> {
    [b"person:".as_slice(), id.0.as_bytes()].concat()
}

fn is_older(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one < other)
}
