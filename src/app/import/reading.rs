//! Reads a file's rows ahead of the write, on several threads, in bounded memory.

use super::{Progress, Whole};
use crate::domain::Timestamp;
use crate::linkage::people::{Fault, Layout, Person, Row, Rows};
use crate::linkage::{self, Profile};
use crate::store::keys::KeyRing;
use crate::store::{Token, Token16};
use anyhow::Result;
use jiff::civil::Date;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::{JoinHandle, spawn_blocking};

/// Rows written in one transaction. The lane waits for as long as that takes, so no more; the
/// pages of indexes that are written with it are many, so no fewer.
const BATCH: usize = 1_000;

/// Batches under way ahead of the write.
const AHEAD: usize = 3;

/// A row that was read.
pub(super) struct Told {
    pub person: Person,
    /// Blind token of the record, and of the one that it was merged into.
    pub source: Token16,
    pub into: Option<Token16>,
    pub tokens: Vec<Token>,
}

pub(super) struct Batch {
    pub rows: Vec<Result<Told, Fault>>,
    pub progress: Progress,
}

/// A file, read by batches in their order.
pub(super) struct Reader {
    rows: Rows<Counted>,
    layout: Layout,
    ring: KeyRing,
    whole: Whole,
    today: Date,
    /// Rows up to this line were loaded before: only their faults are told again.
    after: u64,
    read: Arc<AtomicU64>,
    size: u64,
    count: u64,
    ahead: VecDeque<JoinHandle<Batch>>,
}

impl Reader {
    pub(super) fn open(
        file: &Path,
        ring: &KeyRing,
        whole: &Whole,
        today: Date,
        after: u64,
    ) -> Result<Self> {
        let inner = File::open(file)?;
        let size = inner.metadata()?.len();
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner, read: read.clone() };
        let is_json = file.extension().is_some_and(|kind| kind == "ndjson" || kind == "jsonl");
        let rows = if is_json { Rows::ndjson(counted) } else { Rows::csv(counted)? };
        let (layout, ring) = (rows.layout(), ring.clone());
        let (whole, ahead) = (whole.clone(), VecDeque::new());
        Ok(Reader { rows, layout, ring, whole, today, after, read, size, count: 0, ahead })
    }

    /// The next batch; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>> {
        while self.ahead.len() < AHEAD {
            let rows: Vec<_> = self.rows.by_ref().take(BATCH).collect();
            if rows.is_empty() {
                break;
            }
            self.count += rows.len() as u64;
            let bytes = self.read.load(Ordering::Relaxed);
            let progress = Progress { bytes, of: self.size, rows: self.count };
            let (layout, ring) = (self.layout.clone(), self.ring.clone());
            let (whole, today, after) = (self.whole.clone(), self.today, self.after);
            self.ahead.push_back(spawn_blocking(move || {
                let read = |row: Result<Row, Fault>| {
                    let row = row?;
                    let known = row.line <= after;
                    let person = if known { layout.check(&row)? } else { layout.read(&row)? };
                    let person = whole.complete(person, today);
                    not_ahead(&person, today)?;
                    Ok(told(&ring, person))
                };
                Batch { rows: rows.into_iter().map(read).collect(), progress }
            }));
        }
        match self.ahead.pop_front() {
            Some(batch) => Ok(Some(batch.await?)),
            None => Ok(None),
        }
    }
}

fn told(ring: &KeyRing, person: Person) -> Told {
    let token = |id: &str| ring.token16("person", &person.source, id.as_bytes());
    let (source, into) = (token(&person.id), person.merged_into.as_deref().map(token));
    let tokens = tokens(ring, &person.profile);
    Told { person, source, into, tokens }
}

pub(super) fn tokens(ring: &KeyRing, profile: &Profile) -> Vec<Token> {
    linkage::keys(profile).iter().map(|key| ring.token(key)).collect()
}

impl Whole {
    /// Says of a row what it does not say itself. One that does not say when it was true is dated
    /// by the file, or else by today.
    fn complete(&self, mut person: Person, today: Date) -> Person {
        if let Some(source) = self.source.as_ref().filter(|_| person.source.is_empty()) {
            person.source.clone_from(source);
        }
        person.as_of = person.as_of.or(self.as_of);
        person.profile.date(Some(person.as_of.map_or(today, Timestamp::date)));
        person
    }
}

/// A time to come would keep every later statement out, and the feed would never be stale.
fn not_ahead(person: &Person, today: Date) -> Result<(), Fault> {
    if person.as_of.is_some_and(|as_of| is_ahead(as_of, today)) {
        return Err(Fault::new(person.line, "as_of lies in the future; give when it was true"));
    }
    Ok(())
}

pub(super) fn is_ahead(as_of: Timestamp, today: Date) -> bool {
    as_of.date() > today.tomorrow().unwrap_or(today)
}

/// A file that counts what was read of it.
struct Counted {
    inner: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
