//! Applies a batch of rows, in the order of the file: each run of rows of one kind is one
//! transaction.

use super::reading::Told;
use super::{Import, Imported};
use crate::audit::Event;
use crate::domain::{PersonId, Timestamp};
use crate::linkage::people::{Fault, Op};
use crate::store::{Feed, KnownPerson, Merge, PersonRow, Sealed, Token16};
use anyhow::Result;
use std::collections::HashMap;

const UNKNOWN: &str = "nothing is known of this record; load it first";

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

    fn line(&self) -> u64 {
        self.person.line
    }
}

/// People as the store knows them, by their records' tokens.
type Known = HashMap<Token16, KnownPerson>;

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
                imported.fault(Fault { line: row.line(), problem: mend.to_owned() });
                continue;
            }
            if run.first().is_some_and(|first| first.kind() != row.kind()) {
                self.write(std::mem::take(&mut run), file, imported).await?;
            }
            run.push(row);
        }
        self.write(run, file, imported).await
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

    async fn write(&self, run: Vec<Told>, file: Token16, imported: &mut Imported) -> Result<()> {
        let Some(last) = run.last() else { return Ok(()) };
        let (line, kind) = (last.line(), last.kind());
        let run = last_of_each(run, imported);
        let sources: Vec<Token16> =
            run.iter().flat_map(|row| std::iter::once(row.source).chain(row.into)).collect();
        let known = self.store.known(&sources).await?;
        let known: Known = known.into_iter().map(|known| (known.source, known)).collect();
        let run = not_older(run, &known, imported);
        let mut feed = match kind {
            Kind::Stands => self.standing(run, &known),
            Kind::Merged => merged(run, &known, imported),
            Kind::Closed => closed(run, &known, imported),
        };
        imported.loaded += feed.people.len();
        imported.closed += feed.closed.len();
        imported.merged += feed.merges.iter().filter(|merge| merge.into.is_some()).count();
        feed.notes.push(self.progress_note(file, line));
        self.store.feed(&feed, self.env.now()).await?;
        self.env.reached("import.batch");
        Ok(())
    }

    /// Records as they stand. One that was merged before, and is added or stands in a whole feed
    /// later, was separated again by whoever keeps it.
    fn standing(&self, run: Vec<Told>, known: &Known) -> Feed {
        let mut feed = Feed::default();
        for row in run {
            let known = known.get(&row.source);
            let person = &row.person;
            if let Some(known) = known.filter(|known| known.merged_into.is_some())
                && person.op == Op::Add
                && is_older(known.as_of, person.as_of)
            {
                let merge = Merge { person: known.id, into: None, as_of: person.as_of };
                feed.events.push(event("people.separated", &merge));
                feed.merges.push(merge);
            }
            feed.people.push(self.person(row, known));
        }
        let count = feed.people.len().to_string();
        feed.events.push(Event::new("people.imported", "frontdoor").detail(count));
        feed
    }

    fn person(&self, row: Told, known: Option<&KnownPerson>) -> PersonRow {
        let now = self.env.now();
        let fresh = || PersonId::from_parts(now, self.env.entropy_id());
        let id = known.map_or_else(fresh, |known| known.id);
        let person = row.person;
        PersonRow {
            id,
            created_at: now,
            profile: self.ring.seal_profile(id, &person.profile.encode(), self.env),
            case_status: person.case_status,
            case_team: person.case_team,
            restricted: person.restriction.is_some(),
            restriction: person.restriction,
            as_of: person.as_of,
            source: Some(row.source),
            record: self.worker(id, person.case_worker),
            tokens: row.tokens,
        }
    }

    /// The case's worker, sealed; nothing where none is known.
    fn worker(&self, id: PersonId, worker: Option<String>) -> Sealed {
        let name = [b"person:".as_slice(), id.0.as_bytes()].concat();
        let seal = |worker: String| self.ring.seal_record(&name, worker.as_bytes(), self.env);
        worker.map(seal).unwrap_or_default()
    }
}

fn merged(run: Vec<Told>, known: &Known, imported: &mut Imported) -> Feed {
    let mut feed = Feed::default();
    for row in run {
        let into = row.into.and_then(|into| known.get(&into));
        let problem = match (known.get(&row.source), into) {
            (Some(own), Some(into)) => {
                let (person, into) = (own.id, Some(into.id));
                let merge = Merge { person, into, as_of: row.person.as_of };
                feed.events.push(event("people.merged", &merge));
                feed.merges.push(merge);
                continue;
            }
            (None, _) => UNKNOWN,
            (_, None) => "nothing is known of the record that merged_into names; load it first",
        };
        imported.fault(Fault { line: row.line(), problem: problem.to_owned() });
    }
    feed
}

fn closed(run: Vec<Told>, known: &Known, imported: &mut Imported) -> Feed {
    let mut feed = Feed::default();
    for row in run {
        match (known.get(&row.source), row.person.as_of) {
            (Some(known), Some(as_of)) => {
                feed.events.push(Event::new("people.closed", "frontdoor").of(known.id));
                feed.closed.push((known.id, as_of));
            }
            _ => imported.fault(Fault { line: row.line(), problem: UNKNOWN.to_owned() }),
        }
    }
    feed
}

fn event(kind: &str, merge: &Merge) -> Event {
    let event = Event::new(kind, "frontdoor").of(merge.person);
    merge.into.map_or_else(|| event.clone(), |into| event.clone().detail(into.to_string()))
}

/// Of several statements about one record the newest, or where they do not say, the last.
fn last_of_each(run: Vec<Told>, imported: &mut Imported) -> Vec<Told> {
    let mut places: HashMap<Token16, usize> = HashMap::with_capacity(run.len());
    let mut kept: Vec<Told> = Vec::with_capacity(run.len());
    for mut row in run {
        let Some(place) = places.get(&row.source) else {
            places.insert(row.source, kept.len());
            kept.push(row);
            continue;
        };
        let before = &mut kept[*place];
        if !is_older(row.person.as_of, before.person.as_of) {
            std::mem::swap(before, &mut row);
        }
        let newer = before.line();
        imported.pass_over(row.line(), &format!("line {newer} says it newer of the same record"));
    }
    kept
}

fn not_older(mut run: Vec<Told>, known: &Known, imported: &mut Imported) -> Vec<Told> {
    run.retain(|row| {
        let as_of = known.get(&row.source).and_then(|known| known.as_of);
        let older = is_older(row.person.as_of, as_of);
        if older {
            let why = "a newer statement about this record is loaded already";
            imported.pass_over(row.line(), why);
        }
        !older
    });
    run
}

fn is_older(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one < other)
}
