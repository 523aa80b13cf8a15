//! Applies a batch of rows, in the order of the file: each run of rows of one kind is one
//! transaction, and leaves what the rows one by one would have left.

use super::reading::Told;
use super::standing::Standings;
use super::{Import, Imported};
use crate::audit::Event;
use crate::domain::{PersonId, Timestamp};
use crate::linkage::people::{Fault, Op};
use crate::store::{Fed, Feed, KnownPerson, Merge, Merged, Token16};
use anyhow::Result;
use std::collections::HashMap;

const UNKNOWN: &str = "nothing is known of this record; load it first";
pub(super) const NEWER: &str = "a newer statement about this record is loaded already";

/// How rows are written: those of one kind go together.
#[derive(PartialEq, Eq)]
enum Kind {
    Stands,
    Merged,
    Closed,
}

impl Told {
    fn kind(&self) -> Kind {
        match self.person.op {
            Op::Add | Op::Change => Kind::Stands,
            Op::Merge => Kind::Merged,
            Op::Close => Kind::Closed,
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.person.line
    }
}

/// People as the store knows them, by their records' tokens.
pub(super) type Known = HashMap<Token16, KnownPerson>;

impl Import<'_> {
    pub(super) async fn apply(
        &self,
        rows: Vec<Told>,
        file: Token16,
        imported: &mut Imported,
    ) -> Result<()> {
        let mut run: Vec<Told> = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(mend) = self.unfit(&row) {
                imported.fault(Fault::new(row.line(), mend));
                continue;
            }
            if run.first().is_some_and(|first| first.kind() != row.kind()) {
                self.write(&std::mem::take(&mut run), file, imported).await?;
            }
            run.push(row);
        }
        self.write(&run, file, imported).await
    }

    /// Why a row does not belong in this import.
    fn unfit(&self, row: &Told) -> Option<&'static str> {
        let person = &row.person;
        if !self.delta {
            let whole = person.op == Op::Add;
            return (!whole).then_some("this row tells of a change; import the file with --delta");
        }
        person.as_of.is_none().then_some("give in as_of the time at which the change was true")
    }

    async fn write(&self, run: &[Told], file: Token16, imported: &mut Imported) -> Result<()> {
        let Some(last) = run.last() else { return Ok(()) };
        let sources: Vec<Token16> =
            run.iter().flat_map(|row| std::iter::once(row.source).chain(row.into)).collect();
        loop {
            let known = self.store.known(&sources).await?;
            let known: Known = known.into_iter().map(|known| (known.source, known)).collect();
            let mut told = Imported::default();
            let (mut feed, lines) = match last.kind() {
                Kind::Stands => (self.standing(run, &known, &mut told), Vec::new()),
                Kind::Merged => merged(run, &known, &mut told),
                Kind::Closed => (closed(run, &known, &mut told), Vec::new()),
            };
            told.loaded = feed.people.len();
            told.closed = feed.closed.len();
            feed.notes.push(self.progress_note(file, last.line()));
            // Another import may have written one of these records meanwhile.
            let Fed::Written(came) = self.store.feed(&feed, self.env.now()).await? else {
                continue;
            };
            lines.iter().zip(came).for_each(|(line, came)| told.merge(*line, came));
            imported.add(told);
            break;
        }
        self.env.reached("import.batch");
        Ok(())
    }

    /// Records as they stand.
    fn standing(&self, run: &[Told], known: &Known, told: &mut Imported) -> Feed {
        let mut standings = Standings::new(self.ring, known);
        for row in run {
            standings.hear(row, told);
        }
        let mut feed = standings.feed(self.env);
        let count = feed.people.len().to_string();
        feed.events.push(Event::new("people.imported", "frontdoor").detail(count));
        feed
    }
}

impl Imported {
    /// What came of the merge on a line.
    fn merge(&mut self, line: u64, came: Merged) {
        match came {
            Merged::Holds => self.merged += 1,
            Merged::HoldsInstead(undone) => {
                self.merged += 1;
                self.undo(format!(
                    "line {line}: this merge makes a circle with older ones; the oldest of them, \
                     of person {undone}, was undone"
                ));
            }
            Merged::Older => self.pass_over(line, NEWER),
            Merged::OldestOfCircle => {
                self.pass_over(line, "this merge would make a circle with newer ones");
            }
        }
    }
}

/// The merges, and the line of each.
fn merged(run: &[Told], known: &Known, told: &mut Imported) -> (Feed, Vec<u64>) {
    let (mut feed, mut lines) = (Feed::default(), Vec::new());
    for row in run {
        let into = row.into.and_then(|into| known.get(&into));
        let problem = match (known.get(&row.source), into) {
            (Some(own), Some(into)) => {
                let (person, into) = (own.id, Some(into.id));
                feed.merges.push(Merge { person, into, as_of: row.person.as_of });
                lines.push(row.line());
                continue;
            }
            (None, _) => UNKNOWN,
            (_, None) => "nothing is known of the record that merged_into names; load it first",
        };
        told.fault(Fault::new(row.line(), problem));
    }
    (feed, lines)
}

fn closed(run: &[Told], known: &Known, told: &mut Imported) -> Feed {
    let mut feed = Feed::default();
    let mut newest: HashMap<PersonId, Timestamp> = HashMap::new();
    for row in run {
        let (Some(known), Some(as_of)) = (known.get(&row.source), row.person.as_of) else {
            told.fault(Fault::new(row.line(), UNKNOWN));
            continue;
        };
        let newest = newest.entry(known.id).or_insert(known.as_of.unwrap_or(as_of));
        if as_of < *newest {
            told.pass_over(row.line(), NEWER);
            continue;
        }
        *newest = as_of;
        feed.events.push(Event::new("people.closed", "frontdoor").of(known.id));
        feed.closed.push((known.id, as_of));
        feed.read.push((known.id, known.changed));
    }
    feed
}
