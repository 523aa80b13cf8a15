//! Each week some of what was closed or stepped down is drawn, and another person decides it again
//! without being told how it was decided (paragraphs 22 and 55 of the inspection report: cases were
//! closed wrongly, and what was found again and again was not seen as one thing). Where the second
//! level is graver, the referral goes before the screening team again: somebody's child may be in
//! danger because the first was wrong.

use super::consistency::said;
use super::rounds::rounds;
use super::second_decision::{Read, by_another, read};
use crate::audit::{ChainName, Event};
use crate::domain::second_looks::{SecondLooks, Week};
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory, LookId, Unread};
use crate::store::keys::KeyRing;
use crate::store::{
    Asking, Doubt, Doubts, DrawnLook, Ending, FollowStore, Look, LookPlace, ReadStore,
    SecondLookStore, StoreError, WaitingLook,
};
use crate::telemetry::metric;
use arc_swap::ArcSwap;
use metrics::gauge;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked whether a week is to be drawn.
const EVERY: Duration = Duration::from_secs(300);

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
    pub follow: Arc<dyn FollowStore>,
    pub reads: Arc<dyn ReadStore>,
    pub doubts: Arc<dyn Doubts>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub screening: DestinationId,
}

impl SecondLookDesk {
    /// Draws until `stop` is true or its sender is gone.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let delayed = ("second-looks-delayed", "a week waits to be drawn");
        rounds(EVERY, stop, delayed, || self.round()).await;
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.draw().await?;
        let (count, oldest) = self.store.looks_waiting().await?;
        let age = oldest.map_or(0.0, |at| self.env.now().seconds_since(at).max(0.0));
        gauge!(metric::SECOND_LOOKS_WAITING).set(count as f64);
        gauge!(metric::SECOND_LOOKS_AGE).set(age);
        Ok(())
    }

    /// Draws every week whose Monday has come; returns how many outcomes.
    ///
    /// # Errors
    /// Of the store.
    pub async fn draw(&self) -> Result<usize, StoreError> {
        let directory = self.directory.load_full();
        let rules = &directory.second_looks;
        let mut drawn = 0;
        for week in self.due().await? {
            let choose = |all: Vec<Ending>| self.chosen(rules, all);
            drawn += self.store.draw(week, &choose, self.env.now()).await?.unwrap_or_default();
        }
        // What is still due was not drawn: this clock and the database's differ.
        gauge!(metric::SECOND_LOOK_WEEKS_DUE).set(self.due().await?.len() as f64);
        Ok(drawn)
    }

    async fn due(&self) -> Result<Vec<Week>, StoreError> {
        let now = self.env.now();
        Ok(Week::due(self.store.last_drawn(now).await?, now))
    }

    /// Each ending is as likely to be drawn as any other.
    fn chosen(&self, rules: &SecondLooks, mut all: Vec<Ending>) -> Vec<(LookId, Ending)> {
        all.retain(|one| rules.endings.contains(&one.code));
        let wanted = rules.drawn_of(all.len());
        let mut chosen = Vec::with_capacity(wanted);
        while chosen.len() < wanted {
            let among = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let place = usize::try_from(self.env.entropy_u64() % among).unwrap_or_default();
            let mut id = [0; 16];
            self.env.entropy(&mut id);
            chosen.push((LookId::from_entropy(id), all.swap_remove(place)));
        }
        chosen
    }

    /// What waits for a second decision after a place, as far as a team may look.
    ///
    /// # Errors
    /// Of the store.
    pub async fn waiting(
        &self,
        team: &DestinationId,
        after: Option<LookPlace>,
        limit: usize,
    ) -> Result<Vec<WaitingLook>, StoreError> {
        self.store.waiting_looks(self.asking(team), after, limit).await
    }

    /// Takes a second decision. Where it is graver than the first, the referral goes before the
    /// screening team before anything is kept: whoever tries again after a failure does no harm.
    ///
    /// # Errors
    /// Of the store.
    pub async fn look(
        &self,
        team: &DestinationId,
        id: LookId,
        said: Map<String, Value>,
    ) -> Result<LookedAt, StoreError> {
        let Some(drawn) = self.store.drawn_look(self.asking(team), id).await? else {
            return Ok(LookedAt::Unknown);
        };
        if let Some(second) = &drawn.second {
            return self.known(team, id, second, &said);
        }
        let directory = self.directory.load_full();
        let read = match read(&directory.second_looks, &said) {
            Ok(read) => read,
            Err(faults) => return Ok(LookedAt::Lacking(faults)),
        };
        if let Some(fault) = self.refused(team, id, &drawn, &read).await? {
            return Ok(LookedAt::Lacking(vec![fault]));
        }
        let rank = drawn.first.level.as_ref().map(|(_, rank)| *rank);
        let graver = rank.is_none_or(|first| read.level.rank > first);
        if graver {
            let (reference, children, by) = (drawn.reference, drawn.first.children, team.clone());
            let rank = read.level.rank;
            self.doubts.doubt(Doubt { reference, look: id, by, children, rank }).await?;
        }
        self.keep(team, id, &drawn, read, said, graver).await
    }

    async fn keep(
        &self,
        team: &DestinationId,
        id: LookId,
        drawn: &DrawnLook,
        Read { level, themes, .. }: Read<'_>,
        said: Map<String, Value>,
        screened_again: bool,
    ) -> Result<LookedAt, StoreError> {
        let first = &drawn.first;
        let first_level = first.level.as_ref().map(|(code, _)| code.as_str());
        let agrees = first_level == Some(level.code.as_str());
        let answer = json!({
            "id": id,
            "reference": drawn.reference,
            "agrees": agrees,
            "level_of_need": level.code,
            "screened_again": screened_again,
            "first": {
                "outcome": first.code,
                "level_of_need": first_level,
                "children": first.children.indices(),
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

    /// Whoever decides a second time had no part in any decision on the referral. This is looked at
    /// last, when all else is in order, and a refusal is in the event chain: nobody finds out in
    /// silence, name by name, who decided first.
    async fn refused(
        &self,
        team: &DestinationId,
        id: LookId,
        drawn: &DrawnLook,
        read: &Read<'_>,
    ) -> Result<Option<Unread>, StoreError> {
        let of = drawn.first.referral;
        let rows = self.follow.outcomes(of).await?;
        let Some(fault) = by_another(&read.by, rows.iter().map(|row| said(&self.ring, row))) else {
            return Ok(None);
        };
        let event = Event::new("second-look.refused", team.as_str()).about(of);
        let event = event.detail(id.to_string());
        self.reads.record(ChainName::Desk, vec![event], self.env.now()).await?;
        Ok(Some(fault))
    }

    /// The same again is answered as the first time; another comes too late.
    fn known(
        &self,
        team: &DestinationId,
        id: LookId,
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
}
