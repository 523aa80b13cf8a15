//! Each week some of what was closed or stepped down is drawn, and another person decides it again
//! without being told how it was decided (paragraphs 22 and 55 of the inspection report: cases were
//! closed wrongly, and what was found again and again was not seen as one thing). It changes
//! nothing about the case: whoever finds that it was wrong steps it up.

use super::clocks::interval;
use super::consistency::said;
use crate::audit::Event;
use crate::domain::outcome::{Worker, fault};
use crate::domain::second_looks::{SecondLooks, Week};
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory, Level, OutcomeId, Unread};
use crate::store::keys::KeyRing;
use crate::store::{Asking, DrawnLook, Ending, Look, SecondLookStore, StoreError, WaitingLook};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked whether a week is to be drawn.
const EVERY: Duration = Duration::from_secs(300);
/// What waits is listed up to so many.
const LISTED: usize = 200;
/// Characters of a rationale.
const LONG: usize = 8_000;

/// What became of a second decision.
#[derive(Clone, Debug, PartialEq)]
pub enum LookedAt {
    /// It is kept, now or before (`repeat`).
    Kept { answer: Value, repeat: bool },
    /// Somebody else has decided already.
    Taken,
    /// What is missing. Nothing was kept.
    Lacking(Vec<Unread>),
    /// Nothing of that id was drawn that this team may look at.
    Unknown,
}

/// What is sealed of a second decision.
#[derive(Serialize, Deserialize)]
struct Kept {
    said: Map<String, Value>,
    answer: Value,
}

/// Draws weeks, and takes second decisions.
pub struct SecondLookDesk {
    pub store: Arc<dyn SecondLookStore>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub screening: DestinationId,
}

impl SecondLookDesk {
    /// Draws until `stop` is true or its sender is gone.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut every = interval(EVERY);
        loop {
            let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
            let done = tokio::select! {
                biased;
                _ = stopped => return,
                _ = every.tick() => self.draw().await,
            };
            if let Err(error) = done {
                tracing::warn!(code = "second-looks-delayed", %error, "a week waits to be drawn");
            }
        }
    }

    /// Draws every week whose Monday has come; returns how many outcomes.
    ///
    /// # Errors
    /// Of the store.
    pub async fn draw(&self) -> Result<usize, StoreError> {
        let directory = self.directory.load_full();
        let rules = &directory.second_looks;
        let mut drawn = 0;
        for week in Week::due(self.store.last_drawn().await?, self.env.now()) {
            let choose = |all: Vec<Ending>| self.chosen(rules, all);
            drawn += self.store.draw(week, &choose, self.env.now()).await?.unwrap_or_default();
        }
        Ok(drawn)
    }

    /// Each ending is as likely to be drawn as any other.
    fn chosen(&self, rules: &SecondLooks, mut all: Vec<Ending>) -> Vec<Ending> {
        all.retain(|one| rules.endings.contains(&one.code));
        let wanted = rules.drawn_of(all.len());
        let mut chosen = Vec::with_capacity(wanted);
        while chosen.len() < wanted {
            let among = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let place = usize::try_from(self.env.entropy_u64() % among).unwrap_or_default();
            chosen.push(all.swap_remove(place));
        }
        chosen
    }

    /// What waits for a second decision, as far as a team may look.
    ///
    /// # Errors
    /// Of the store.
    pub async fn waiting(&self, team: &DestinationId) -> Result<Vec<WaitingLook>, StoreError> {
        self.store.waiting_looks(self.asking(team), LISTED).await
    }

    /// Takes a second decision.
    ///
    /// # Errors
    /// Of the store.
    pub async fn look(
        &self,
        team: &DestinationId,
        id: OutcomeId,
        said: Map<String, Value>,
    ) -> Result<LookedAt, StoreError> {
        let Some(drawn) = self.store.drawn_look(self.asking(team), id).await? else {
            return Ok(LookedAt::Unknown);
        };
        if let Some(second) = &drawn.second {
            return self.known(team, id, second, &said);
        }
        let directory = self.directory.load_full();
        let read = match self.read(&directory.second_looks, &drawn, &said) {
            Ok(read) => read,
            Err(faults) => return Ok(LookedAt::Lacking(faults)),
        };
        let Read { level, themes } = read;
        let first = &drawn.first;
        let first_level = first.level.as_ref().map(|(code, _)| code.as_str());
        let agrees = first_level == Some(level.code.as_str());
        let answer = json!({
            "id": id,
            "reference": drawn.reference,
            "agrees": agrees,
            "level_of_need": level.code,
            "first": {
                "outcome": first.code,
                "level_of_need": first_level,
                "destination": first.destination,
                "at": first.at,
            },
        });
        let kept = Kept { said, answer: answer.clone() };
        let plain = serde_json::to_vec(&kept)
            .map_err(|_| StoreError::Damaged("a second decision cannot be written".to_owned()))?;
        let record = self.ring.seal_record(&Look::name(id), &plain, self.env.as_ref());
        let (by, at, code) = (team.clone(), self.env.now(), level.code.clone());
        let look = Look { by, at, level: code, agrees, record };
        let word = if agrees { "agrees" } else { "differs" };
        let event = Event::new("second-look.recorded", team.as_str()).about(first.referral);
        let event = event.detail(format!("{id} {word}"));
        match self.store.keep_look(id, &look, &themes, event).await? {
            true => Ok(LookedAt::Kept { answer, repeat: false }),
            false => Ok(LookedAt::Taken),
        }
    }

    /// The same again is answered as the first time; another comes too late.
    fn known(
        &self,
        team: &DestinationId,
        id: OutcomeId,
        second: &Look,
        said: &Map<String, Value>,
    ) -> Result<LookedAt, StoreError> {
        let plain = self.ring.open_record(&Look::name(id), &second.record)?;
        let kept: Kept = serde_json::from_slice(&plain)
            .map_err(|_| StoreError::Damaged("a second decision is not as written".to_owned()))?;
        if second.by == *team && kept.said == *said {
            return Ok(LookedAt::Kept { answer: kept.answer, repeat: true });
        }
        Ok(LookedAt::Taken)
    }

    fn asking<'a>(&self, team: &'a DestinationId) -> Asking<'a> {
        Asking { team, screens: *team == self.screening }
    }

    fn read<'a>(
        &self,
        rules: &'a SecondLooks,
        drawn: &DrawnLook,
        said: &Map<String, Value>,
    ) -> Result<Read<'a>, Vec<Unread>> {
        let mut faults = Vec::new();
        let mut lacks = |at: &str, ask: String| faults.push(fault(at, "second-look", ask));
        let text = |member: &str, most: usize| {
            let text = said.get(member).and_then(Value::as_str).map(str::trim);
            text.filter(|text| !text.is_empty() && text.chars().count() <= most)
        };
        let stated = text("level_of_need", LONG);
        let level = rules.levels.iter().find(|level| Some(level.code.as_str()) == stated);
        if level.is_none() {
            let codes: Vec<&str> = rules.levels.iter().map(|level| level.code.as_str()).collect();
            lacks("/level_of_need", format!("Say at which level of need: {}", codes.join(", ")));
        }
        if text("rationale", LONG).is_none() {
            lacks("/rationale", format!("Say why, in at most {LONG} characters"));
        }
        let themes = themes(rules, said.get("themes"));
        if themes.is_none() {
            let known: Vec<&str> = rules.themes.keys().map(String::as_str).collect();
            let ask = format!("List codes, or leave it out: {}", known.join(", "));
            lacks("/themes", ask);
        }
        if let Err((at, ask)) = self.another_person(drawn, said.get("by")) {
            lacks(at, ask.to_owned());
        }
        match (level, themes, faults.is_empty()) {
            (Some(level), Some(themes), true) => Ok(Read { level, themes }),
            _ => Err(faults),
        }
    }

    /// Whoever decides a second time is none of those who decided first.
    fn another_person(
        &self,
        drawn: &DrawnLook,
        by: Option<&Value>,
    ) -> Result<(), (&'static str, &'static str)> {
        let part = |part: &str| {
            let text = by?.get(part)?.as_str()?.trim();
            (!text.is_empty() && text.chars().count() <= 200).then(|| text.to_owned())
        };
        let (Some(name), Some(role)) = (part("name"), part("role")) else {
            return Err(("/by", "Give {\"name\": …, \"role\": …} of the person who decides"));
        };
        let second = Worker { name, role, worker_type: None };
        let first = said(&self.ring, &drawn.first);
        match first.is_some_and(|first| first.people().any(|name| second.is(&name))) {
            true => Err(("/by/name", "Another person decides than those who decided first")),
            false => Ok(()),
        }
    }
}

/// A second decision that can be kept.
struct Read<'a> {
    level: &'a Level,
    themes: Vec<String>,
}

/// Each theme once; `None` where one is none that the authority knows.
fn themes(rules: &SecondLooks, stated: Option<&Value>) -> Option<Vec<String>> {
    let Some(stated) = stated.filter(|stated| !stated.is_null()) else { return Some(Vec::new()) };
    let read = stated.as_array()?.iter().map(|code| {
        let code = code.as_str()?;
        rules.themes.contains_key(code).then(|| code.to_owned())
    });
    let read: Option<BTreeSet<String>> = read.collect();
    read.map(|read| read.into_iter().collect())
}
