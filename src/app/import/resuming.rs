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
use crate::store::{Feed, Store, Token16};
use anyhow::Result;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Name of the note.
pub(super) const PROGRESS: &str = "import-progress.v1";

/// What a file is known by: a blind token of what is in it, and of how it is read.
pub(super) fn identity(ring: &KeyRing, file: &Path, delta: bool) -> Result<Token16> {
    let mut file = std::fs::File::open(file)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    let kind = if delta { "delta" } else { "feed" };
    Ok(ring.token16("import", kind, &hash.finalize()))
}

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
        let told = format!(
            "loaded {}, merged {}, closed {}, unread {}, passed over {}",
            imported.loaded, imported.merged, imported.closed, imported.unread, imported.over
        );
        let mut feeds = Feeds::read(self.store, self.ring).await?;
        let now = self.env.now();
        newest.iter().for_each(|(system, as_of)| feeds.loaded(system, *as_of, now));
        let feed = Feed {
            notes: vec![(PROGRESS, None), feeds.note(self.ring, self.env)],
            events: vec![Event::new("people.import-ended", "frontdoor").detail(told)],
            ..Feed::default()
        };
        Ok(self.store.feed(&feed, now).await?)
    }
}
