//! Loading people from the authority's own records: a whole feed, or what changed since.
//!
//! Rows are standardised on several threads ahead of the write, and written in batches. An import
//! that was killed goes on behind the last batch that it wrote. An older statement about a record
//! never replaces a newer one.

mod applying;
mod reading;
mod resuming;

use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::linkage::people::Person;
use crate::store::Store;
use crate::store::keys::KeyRing;
use anyhow::{Context, Result};
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
    /// The line up to which an earlier run had loaded the file.
    pub resumed_after: Option<u64>,
}

impl Imported {
    fn fault(&mut self, told: impl ToString) {
        self.unread += 1;
        if self.faults.len() < MOST_TOLD {
            self.faults.push(told.to_string());
        }
    }

    fn pass_over(&mut self, line: u64, why: &str) {
        self.over += 1;
        if self.passed_over.len() < MOST_TOLD {
            self.passed_over.push(format!("line {line}: {why}"));
        }
    }
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
    Import { store, ring, env, file, delta: false, progress: &|_| {} }.run().await
}

impl Import<'_> {
    /// Loads the file, in bounded memory.
    ///
    /// # Errors
    /// When the file cannot be opened or names no records, or the store fails. What was written
    /// until then stays, and the same command goes on behind it.
    pub async fn run(&self) -> Result<Imported> {
        let name = self.file.display();
        let identity = resuming::identity(self.ring, self.file, self.delta)
            .with_context(|| format!("the file {name} cannot be read"))?;
        let mut imported = Imported {
            resumed_after: resuming::resume(self.store, self.ring, identity).await?,
            ..Imported::default()
        };
        let after = imported.resumed_after.unwrap_or_default();
        let today = self.env.now().date();
        let mut reader = Reader::open(self.file, self.ring, today, after)
            .with_context(|| format!("the file {name} cannot be read"))?;
        let mut newest = BTreeMap::new();
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
