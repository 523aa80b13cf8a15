//! Loading people from the authority's own records: a whole feed, or what changed since.
//!
//! Rows are standardised on several threads ahead of the write, and written in batches. An import
//! that was killed goes on behind the last batch that it wrote. An older statement about a record
//! never replaces a newer one.

mod applying;
mod reading;
mod resuming;
mod standing;

use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::linkage::people::{Fault, Person};
use crate::store::Store;
use crate::store::keys::KeyRing;
use anyhow::{Context, Result, bail};
use reading::Reader;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Faults, and statements passed over, that are told by their lines; more are only counted.
const MOST_TOLD: usize = 1_000;

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Records that were added, or replaced by a newer statement.
    pub loaded: usize,
    pub merged: usize,
    pub closed: usize,
    /// Rows that were not read or not applied, and the first of them, each with its line and mend.
    pub unread: usize,
    pub faults: Vec<String>,
    /// Rows that say nothing new, and the first of them, each with its line.
    pub over: usize,
    pub passed_over: Vec<String>,
    /// Merges that were undone, since newer ones make a circle with them, and the first of them.
    pub undone: usize,
    pub undone_merges: Vec<String>,
    /// The line up to which an earlier run had loaded the file.
    pub resumed_after: Option<u64>,
    /// The line from which on nothing could be read: the file was not loaded to its end.
    pub broken_off_at: Option<u64>,
    /// How many systems the file tells the age of. Where it is none, no feed is newer than before.
    pub systems: usize,
}

impl Imported {
    fn fault(&mut self, fault: Fault) {
        self.unread += 1;
        self.broken_off_at = self.broken_off_at.or(fault.lost.then_some(fault.line));
        tell(&mut self.faults, [fault.to_string()]);
    }

    fn pass_over(&mut self, line: u64, why: &str) {
        self.over += 1;
        tell(&mut self.passed_over, [format!("line {line}: {why}")]);
    }

    fn undo(&mut self, told: String) {
        self.undone += 1;
        tell(&mut self.undone_merges, [told]);
    }

    /// Adds what a part of the file did.
    fn add(&mut self, part: Imported) {
        self.loaded += part.loaded;
        self.merged += part.merged;
        self.closed += part.closed;
        self.unread += part.unread;
        self.over += part.over;
        self.undone += part.undone;
        tell(&mut self.faults, part.faults);
        tell(&mut self.passed_over, part.passed_over);
        tell(&mut self.undone_merges, part.undone_merges);
    }
}

fn tell(first: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    let room = MOST_TOLD.saturating_sub(first.len());
    first.extend(more.into_iter().take(room));
}

/// What is said of the file as a whole, of rows that do not say it themselves.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// The system that keeps the records.
    pub source: Option<String>,
    /// When the file was true. It makes the feed of each of its systems as new, even where no row
    /// says anything: then nothing has changed.
    pub as_of: Option<Timestamp>,
}

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Bytes of the file that were read, and all of them.
    pub bytes: u64,
    pub of: u64,
    pub rows: u64,
}

/// One import.
pub struct Import<'a> {
    pub store: &'a dyn Store,
    pub ring: &'a KeyRing,
    pub env: &'a dyn Env,
    /// Comma-separated values, or one JSON object a line where the name ends in `.ndjson`.
    pub file: &'a Path,
    /// Rows say what changed, and when.
    pub delta: bool,
    pub whole: Whole,
    /// Told after each batch.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// Loads a whole feed.
pub async fn import_people(
    store: &dyn Store,
    ring: &KeyRing,
    env: &dyn Env,
    file: &Path,
) -> Result<Imported> {
    let (delta, whole) = (false, Whole::default());
    Import { store, ring, env, file, delta, whole, progress: &|_| {} }.run().await
}

impl Import<'_> {
    /// Loads the file, in bounded memory.
    ///
    /// # Errors
    /// When the file cannot be opened or names no records, or the store fails. What was written
    /// until then stays, and the same command goes on behind it. A file that cannot be read to its
    /// end is none: [`Imported::broken_off_at`] tells it, and no feed is newer for it.
    pub async fn run(&self) -> Result<Imported> {
        let name = self.file.display();
        let today = self.env.now().date();
        if self.whole.as_of.is_some_and(|as_of| reading::is_ahead(as_of, today)) {
            bail!("the time given for the file lies in the future; give when it was true");
        }
        let identity =
            self.identity().with_context(|| format!("the file {name} cannot be read"))?;
        let mut imported = Imported {
            resumed_after: resuming::resume(self.store, self.ring, identity).await?,
            ..Imported::default()
        };
        let after = imported.resumed_after.unwrap_or_default();
        let mut reader = Reader::open(self.file, self.ring, &self.whole, today, after)
            .with_context(|| format!("the file {name} cannot be read"))?;
        let mut newest: BTreeMap<String, Timestamp> = BTreeMap::new();
        while let Some(batch) = reader.next().await? {
            let mut rows = Vec::with_capacity(batch.rows.len());
            for row in batch.rows {
                match row {
                    Ok(row) => {
                        note(&mut newest, &row.person);
                        rows.extend((row.person.line > after).then_some(row));
                    }
                    Err(fault) => imported.fault(fault),
                }
            }
            self.apply(rows, identity, &mut imported).await?;
            (self.progress)(batch.progress);
        }
        if imported.broken_off_at.is_some() {
            self.break_off(&imported).await?;
            return Ok(imported);
        }
        if let Some(as_of) = self.whole.as_of {
            newest.extend(self.whole.source.clone().map(|source| (source, as_of)));
            newest.values_mut().for_each(|newest| *newest = as_of.max(*newest));
        }
        imported.systems = newest.len();
        self.end(newest, &imported).await?;
        Ok(imported)
    }
}

/// Systems that one file may be of; more are something else in the column.
const MOST_SYSTEMS: usize = 32;

/// Keeps the newest statement of each system.
fn note(newest: &mut BTreeMap<String, Timestamp>, person: &Person) {
    let Some(as_of) = person.as_of else { return };
    if let Some(known) = newest.get_mut(&person.source) {
        *known = as_of.max(*known);
    } else if newest.len() < MOST_SYSTEMS {
        newest.insert(person.source.clone(), as_of);
    }
}
