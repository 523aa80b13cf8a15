//! Reads a file's rows ahead of the write, on several threads, in bounded memory.

use super::Progress;
use crate::linkage;
use crate::linkage::people::{Fault, Layout, Person, Row, Rows};
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
    /// When rows were true that do not say it.
    today: Date,
    /// Rows up to this line were loaded before: only their faults are told again.
    after: u64,
    read: Arc<AtomicU64>,
    size: u64,
    count: u64,
    ahead: VecDeque<JoinHandle<Batch>>,
}

impl Reader {
    pub(super) fn open(file: &Path, ring: &KeyRing, today: Date, after: u64) -> Result<Self> {
        let inner = File::open(file)?;
        let size = inner.metadata()?.len();
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner, read: read.clone() };
        let is_json = file.extension().is_some_and(|kind| kind == "ndjson" || kind == "jsonl");
        let rows = if is_json { Rows::ndjson(counted) } else { Rows::csv(counted)? };
        let (layout, ring) = (rows.layout(), ring.clone());
        let ahead = VecDeque::new();
        Ok(Reader { rows, layout, ring, today, after, read, size, count: 0, ahead })
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
            let (today, after) = (self.today, self.after);
            self.ahead.push_back(spawn_blocking(move || {
                let told = |row: Result<Row, Fault>| {
                    let mut told = row.and_then(|row| read(&layout, &ring, &row, after))?;
                    told.person.profile.date(Some(today));
                    not_ahead(&told.person, today)?;
                    Ok(told)
                };
                Batch { rows: rows.into_iter().map(told).collect(), progress }
            }));
        }
        match self.ahead.pop_front() {
            Some(batch) => Ok(Some(batch.await?)),
            None => Ok(None),
        }
    }
}

fn read(layout: &Layout, ring: &KeyRing, row: &Row, after: u64) -> Result<Told, Fault> {
    let person = if row.line > after { layout.read(row)? } else { layout.check(row)? };
    let token = |id: &str| ring.token16("person", &person.source, id.as_bytes());
    let (source, into) = (token(&person.id), person.merged_into.as_deref().map(token));
    let tokens = linkage::keys(&person.profile).iter().map(|key| ring.token(key)).collect();
    Ok(Told { person, source, into, tokens })
}

/// A time to come would keep every later statement out, and the feed would never be stale.
fn not_ahead(person: &Person, today: Date) -> Result<(), Fault> {
    let tomorrow = today.tomorrow().unwrap_or(today);
    if person.as_of.is_some_and(|as_of| as_of.date() > tomorrow) {
        return Err(Fault::new(person.line, "as_of lies in the future; give when it was true"));
    }
    Ok(())
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
