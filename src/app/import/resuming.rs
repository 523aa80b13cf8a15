//! Going on where an import was killed.
//!
//! Each batch notes, in its own transaction, of which file it is and its last line. There is one
//! note: another file's import takes its place, and the one before begins anew, so that whichever
//! runs last has the last word on every record.

use super::{Import, Imported};
use crate::audit::Event;
use crate::domain::Timestamp;
use crate::followup::feeds::Feeds;
use crate::store::keys::KeyRing;
use crate::store::{Fed, Feed, Store, Token16};
use anyhow::Result;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;

/// Name of the note.
pub(super) const PROGRESS: &str = "import-progress.v1";

/// The last line that was loaded of this file, when its import did not come to its end.
pub(super) async fn resume(
    store: &dyn Store,
    ring: &KeyRing,
    file: Token16,
) -> Result<Option<u64>> {
    let Some(note) = store.note(PROGRESS).await? else { return Ok(None) };
    let note = ring.open_note(PROGRESS, &note)?;
    let Some((of, line)) = note.split_first_chunk::<16>() else { return Ok(None) };
    let line = line.try_into().map(u64::from_be_bytes).ok();
    Ok(line.filter(|_| *of == file))
}

impl Import<'_> {
    /// What the file is known by: a blind token of what is in it, and of how it is read.
    pub(super) fn identity(&self) -> Result<Token16> {
        let mut file = std::fs::File::open(self.file)?;
        let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut piece)? {
                0 => break,
                read => hash.update(&piece[..read]),
            }
        }
        let source = self.whole.source.as_deref().unwrap_or_default();
        let content = [hash.finalize().as_slice(), source.as_bytes()].concat();
        let kind = if self.delta { "delta" } else { "feed" };
        Ok(self.ring.token16("import", kind, &content))
    }

    /// The note that belongs to a batch.
    pub(super) fn progress_note(
        &self,
        file: Token16,
        line: u64,
    ) -> (&'static str, Option<Vec<u8>>) {
        let plain = [file.as_slice(), &line.to_be_bytes()].concat();
        (PROGRESS, Some(self.ring.seal_note(PROGRESS, &plain, self.env)))
    }

    /// The file was loaded to its end: nothing to go on with, and its feeds are as new as it says.
    pub(super) async fn end(
        &self,
        newest: BTreeMap<String, Timestamp>,
        imported: &Imported,
    ) -> Result<()> {
        loop {
            let (mut feeds, read) = Feeds::with_note(self.store, self.ring).await?;
            let now = self.env.now();
            newest.iter().for_each(|(system, as_of)| feeds.loaded(system, *as_of, now));
            let feed = Feed {
                notes: vec![(PROGRESS, None), feeds.note(self.ring, self.env)],
                notes_read: vec![read],
                events: vec![event("people.import-ended", imported)],
                ..Feed::default()
            };
            // Another import may have ended meanwhile, which must not be forgotten.
            if let Fed::Written(_) = self.store.feed(&feed, now).await? {
                return Ok(());
            }
        }
    }

    /// The file could not be read to its end: what was loaded of it stays, and no feed is newer.
    pub(super) async fn break_off(&self, imported: &Imported) -> Result<()> {
        let events = vec![event("people.import-broken-off", imported)];
        self.store.feed(&Feed { events, ..Feed::default() }, self.env.now()).await?;
        Ok(())
    }
}

fn event(kind: &str, imported: &Imported) -> Event {
    let told = format!(
        "loaded {}, merged {}, closed {}, unread {}, passed over {}",
        imported.loaded, imported.merged, imported.closed, imported.unread, imported.over
    );
    Event::new(kind, "frontdoor").detail(told)
}
