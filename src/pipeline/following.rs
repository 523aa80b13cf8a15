//! A receiving team records an outcome: whether it stands, and what is written.

use super::concerned::Concerned;
use super::consequences::{Following, refused};
use super::doubt::Sent;
use super::judge::{Rules, Stages, from_json, json};
use super::rows::Decided;
use crate::audit::Event;
use crate::domain::outcome::{RESPOND, Said, fault};
use crate::domain::{Children, DestinationId, Purpose, Route, Timestamp, Unread};
use crate::store::error::Result;
use crate::store::seal::Dossier;
use crate::store::work::{Concluded, Done, Referred, Told};
use crate::store::{Batch, Clock, OutcomeRow, StoredReferral};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is sealed of an outcome.
#[derive(Serialize, Deserialize)]
pub struct Recorded {
    /// All that was said.
    pub said: Value,
    /// What was answered.
    pub answer: Value,
}

impl Stages {
    pub(super) fn follow(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        before: &[OutcomeRow],
        told: &Told,
        now: Timestamp,
    ) -> Result<Concluded> {
        let rules = self.rules.load();
        match same_words(&rules, clocks, before, told, now) {
            Same::No => {}
            Same::Repeat(row) => {
                let answer = json(&self.recorded(row)?.answer)?.into();
                let done = Done::Followed { answer, repeat: true };
                return Ok(Concluded { rows: Batch::default(), done });
            }
            Same::Outdated(fault) => return Ok(self.lacking(stored, told, vec![fault], now)),
        }
        let said = match &told.said {
            Ok(said) => said,
            Err(faults) => return Ok(self.lacking(stored, told, faults.clone(), now)),
        };
        let dossier = self.open(stored.row.id, &stored.row.record)?;
        let decided: Decided = from_json(&dossier.decision)?;
        let referred = self.as_it_stands(stored, now)?;
        let whole = decided.as_sent(&rules.policy, true);
        let sent_to = |to: &DestinationId| sent_to(to, &whole.routes, clocks, &referred);
        let sent = sent_to(&told.destination);
        let children: Vec<u16> = sent.iter().copied().filter(|c| said.concerns(*c)).collect();
        if let Some(fault) = outdated(stored, said) {
            return Ok(self.lacking(stored, told, vec![fault], now));
        }
        let concerned = Concerned {
            rules: &rules,
            decided: &decided,
            referred: &referred,
            children: &children,
        };
        let purpose = waits_for(clocks, &told.destination);
        let case = concerned.case(told, purpose, before, now);
        let follows = match rules.outcomes.follows(&rules.policy, &case, said) {
            Ok(follows) => follows,
            Err(faults) => return Ok(self.lacking(stored, told, faults, now)),
        };
        let suggested = case.suggested.rank;
        let of = Children::all(referred.referral.children.len());
        let starts = follows.outcome.starts.iter().filter_map(|start| start.at.as_ref());
        let has = |to: &&DestinationId| {
            let theirs = sent_to(to);
            children.iter().all(|child| theirs.contains(child))
        };
        let reached = starts.filter(has).cloned().collect();
        drop(whole);
        let one = Following {
            rules: &rules,
            stored,
            clocks,
            told,
            said,
            follows,
            children,
            sent,
            reached,
            of,
            first: before.is_empty(),
            now,
        };
        self.conclude_following(&one, (dossier, decided), &referred, suggested)
    }

    /// All rows of an outcome that may stand.
    fn conclude_following(
        &self,
        one: &Following<'_>,
        known: (Dossier, Decided),
        referred: &Referred,
        suggested: i16,
    ) -> Result<Concluded> {
        let (told, mut rows) = (one.told, Batch::default());
        if let Err(fault) = one.end(&mut rows.follow) {
            return Ok(self.lacking(one.stored, told, vec![fault], one.now));
        }
        let routes = one.routes();
        let Following { rules, stored, now, .. } = *one;
        let sent = Sent { rules, stored, clocks: one.clocks, referred, routes: &routes, now };
        self.send_by_people(&sent, known, &mut rows)?;
        one.start(&mut rows.follow);
        one.tell_others(&routes, self.env.as_ref(), &mut rows);
        rows.tallies.extend(one.tallies(&rows.follow));
        rows.desk.push(one.event());
        let answer = one.answer(&routes, &rows);
        let recorded = Recorded { said: told.whole.clone(), answer: answer.clone() };
        let (name, env) = (OutcomeRow::name(told.id), self.env.as_ref());
        let sealed = self.ring.seal_record(&name, &json(&recorded)?, env);
        rows.follow.outcomes.push(one.row(suggested, sealed));
        let done = Done::Followed { answer: json(&answer)?.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    /// It cannot stand. Whoever sent it as a message is told so by one.
    fn lacking(
        &self,
        stored: &StoredReferral,
        told: &Told,
        faults: Vec<Unread>,
        now: Timestamp,
    ) -> Concluded {
        let mut rows = Batch::default();
        if told.by_message {
            rows.outbox.push(refused(stored, told, &faults, self.env.as_ref(), now));
            let event = Event::new("outcome.refused", told.destination.as_str());
            rows.desk.push(event.about(stored.row.id));
        }
        Concluded { rows, done: Done::Lacking(faults) }
    }

    /// What was said in an outcome, and answered.
    pub fn recorded(&self, row: &OutcomeRow) -> Result<Recorded> {
        from_json(&self.ring.open_record(&OutcomeRow::name(row.id), &row.record)?)
    }
}

/// What for a destination has to decide, while it does.
fn waits_for<'a>(clocks: &'a [Clock], destination: &DestinationId) -> Option<&'a Purpose> {
    let open = |clock: &&Clock| {
        clock.destination == *destination
            && clock.kind.as_str() == RESPOND
            && clock.ended_at.is_none()
    };
    clocks.iter().find(open).map(|clock| &clock.purpose)
}

/// What was decided on an older document decides nothing of what has come since.
fn outdated(stored: &StoredReferral, said: &Said) -> Option<Unread> {
    let read = said.revision.filter(|read| *read < stored.row.revision)?;
    let ask = format!(
        "You read revision {read}, and there is {}: read the document again, and say what you \
         decide on it",
        stored.row.revision
    );
    Some(fault("/revision", "new-information", ask))
}

/// Seconds for which the same words are taken for a repeat.
const A_DAY: i64 = 24 * 3600;

/// Whether a team has said the same before.
enum Same<'a> {
    /// It has not, or long ago, or it was answered since: it is said again.
    No,
    /// The same request again.
    Repeat(&'a OutcomeRow),
    /// It was decided before what came since: these words cannot be a decision on that.
    Outdated(Unread),
}

fn same_words<'a>(
    rules: &Rules,
    clocks: &[Clock],
    before: &'a [OutcomeRow],
    told: &Told,
    now: Timestamp,
) -> Same<'a> {
    let own = |row: &&OutcomeRow| row.destination == told.destination && row.body == told.body;
    let Some(row) = before.iter().rev().find(own) else { return Same::No };
    let Some(outcome) = rules.outcomes.outcomes.get(&row.code) else { return Same::Repeat(row) };
    // Where it names none, all are meant that the team was sent, by now.
    let all = told.said.as_ref().is_ok_and(|said| said.children.is_empty());
    // What it says of another authority's answer ends nothing here.
    let of_another = told.said.as_ref().is_ok_and(|said| said.accepted_in_writing);
    let waits_again = |clock: &Clock| {
        !of_another
            && clock.destination == told.destination
            && clock.ended_at.is_none()
            && outcome.ends(clock.kind.as_str())
            && !outcome.starts.iter().any(|start| start.clock == clock.kind)
            && (all || !clock.children.among(row.children).is_empty())
    };
    if clocks.iter().any(waits_again) {
        let ask = format!(
            "These are the words of {}, and something new has come since: say what you decide now",
            row.at
        );
        return Same::Outdated(fault("/rationale", "new-information", ask));
    }
    let others = |other: &OutcomeRow| other.destination != told.destination && other.at > row.at;
    let acts = outcome.sends.is_some() || !outcome.starts.is_empty();
    let answered = acts && before.iter().any(others);
    if answered || now > row.at.plus_seconds(A_DAY) { Same::No } else { Same::Repeat(row) }
}

/// The children whom a destination was sent, and those for whom a clock runs there: all, where it
/// was sent a referral without any.
fn sent_to(
    to: &DestinationId,
    routes: &[Route],
    clocks: &[Clock],
    referred: &Referred,
) -> Vec<u16> {
    let all = 0..u16::try_from(referred.referral.children.len()).unwrap_or(u16::MAX);
    let Some(route) = routes.iter().find(|route| route.destination == *to) else {
        let runs = |child: &u16| waits_there(to, clocks, *child);
        return all.filter(runs).collect();
    };
    let was = |child: &u16| {
        route.children.is_empty()
            || route.children.contains(child)
            || waits_there(to, clocks, *child)
    };
    all.filter(was).collect()
}

fn waits_there(to: &DestinationId, clocks: &[Clock], child: u16) -> bool {
    let open = |clock: &&Clock| clock.destination == *to && clock.ended_at.is_none();
    let mut open = clocks.iter().filter(open);
    open.any(|clock| clock.children.and(clock.again.children).has(child))
}
