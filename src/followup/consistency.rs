//! How the levels that teams decide stand to the levels that the rules suggested (paragraphs 16 and
//! 21 of the inspection report: thresholds were not applied the same way). No judgement of anyone:
//! a social worker decides, and a team that often decides otherwise may be right.

use super::figures::median;
use super::fresh::Fresh;
use super::quality::midnight;
use crate::domain::outcome::Worker;
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory, ReferralId, Timestamp};
use crate::store::keys::KeyRing;
use crate::store::{
    DecidedRow, Looked, OutcomeRow, QualityStore, SecondLookStore, StoreError, Theme,
};
use arc_swap::ArcSwap;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Newest decisions that are read.
const DECISIONS: usize = 2_000;
/// Seconds within which what is found again is one thing, and how often it must be.
const LATE: i64 = 90 * 24 * 3_600;
const REPEATED: i64 = 3;

/// How one team decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Team {
    pub name: String,
    /// Outcomes that say at which level.
    pub decisions: usize,
    /// Than the rules had suggested.
    pub above: usize,
    pub at: usize,
    pub below: usize,
    /// Of those below, how many name a second manager. Where one is needed there is one: without
    /// it nothing is recorded.
    pub below_with_second_manager: usize,
    pub levels: BTreeMap<String, usize>,
    /// From the start of the team's clock to its end, of referrals whose clock has ended.
    pub median_hours: Option<f64>,
    /// How those who decided are employed.
    pub worker_types: BTreeMap<String, usize>,
    /// What was drawn to be decided again within the last ninety days, whenever it was decided.
    pub second_looks: SecondLooked,
    /// What second persons found within the last ninety days, in this team's decisions.
    pub themes: Vec<Found>,
}

/// How decisions came out that were drawn to be decided again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SecondLooked {
    pub drawn: i64,
    pub looked_at: i64,
    pub agreed: i64,
}

/// What was found in a team's decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    pub theme: String,
    pub label: String,
    pub times: i64,
    /// Of so many that were looked at.
    pub looked_at: i64,
    /// Three times and more: worth looking at as one thing (paragraph 55).
    pub repeated: bool,
}

/// A team with its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfTeam {
    pub destination: DestinationId,
    #[serde(flatten)]
    pub team: Team,
}

/// How all teams decide.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decisions {
    pub since: Timestamp,
    pub as_of: Timestamp,
    /// The newest decisions that were read.
    pub read: usize,
    /// There were more.
    pub more: bool,
    pub teams: Vec<OfTeam>,
}

/// Reads how teams decide.
pub struct Consistency {
    store: Arc<dyn QualityStore>,
    looks: Arc<dyn SecondLookStore>,
    ring: KeyRing,
    env: Arc<dyn Env>,
    directory: Arc<ArcSwap<Directory>>,
    kept: Fresh<Date, Decisions>,
}

impl Consistency {
    pub fn new(
        (store, looks): (Arc<dyn QualityStore>, Arc<dyn SecondLookStore>),
        ring: KeyRing,
        env: Arc<dyn Env>,
        directory: Arc<ArcSwap<Directory>>,
    ) -> Self {
        Consistency { store, looks, ring, env, directory, kept: Fresh::default() }
    }

    /// What was decided from a day on, in UTC.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn since(&self, day: Date) -> Result<Arc<Decisions>, StoreError> {
        self.kept.get(day, self.env.now(), self.read(day)).await
    }

    async fn read(&self, day: Date) -> Result<Decisions, StoreError> {
        let as_of = self.env.now();
        let since = midnight(day);
        let rows = self.store.decided(since, DECISIONS).await?;
        let (read, more) = (rows.len(), rows.len() == DECISIONS);
        let ring = self.ring.clone();
        let gathering = tokio::task::spawn_blocking(move || gather(&ring, &rows));
        let gathered = gathering.await.map_err(|_| {
            StoreError::Damaged("an outcome could not be opened for a report".to_owned())
        })?;
        let mut gathered = gathered;
        self.second_looks(&mut gathered, as_of).await?;
        let directory = self.directory.load();
        let named = |(destination, gathered): (DestinationId, Gathered)| {
            let known = directory.destinations.get(&destination);
            let name = known.map_or_else(|| destination.to_string(), |known| known.name.clone());
            OfTeam { destination, team: Team { name, ..gathered.told() } }
        };
        let teams = gathered.into_iter().map(named).collect();
        Ok(Decisions { since, as_of, read, more, teams })
    }
}

impl Consistency {
    /// What second persons found of late; a team of which nothing else is told is told as well.
    async fn second_looks(
        &self,
        teams: &mut BTreeMap<DestinationId, Gathered>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let since = now.plus_seconds(-LATE);
        for looked in self.looks.looked_since(since).await? {
            let Looked { destination, drawn, looked_at, agreed } = looked;
            let second_looks = SecondLooked { drawn, looked_at, agreed };
            teams.entry(destination).or_default().team.second_looks = second_looks;
        }
        for (destination, found) in self.found(since).await? {
            teams.entry(destination).or_default().team.themes.push(found);
        }
        Ok(())
    }

    async fn found(&self, since: Timestamp) -> Result<Vec<(DestinationId, Found)>, StoreError> {
        let themes = self.looks.themes_since(since).await?;
        let directory = self.directory.load();
        let labels = &directory.second_looks.themes;
        let found = |Theme { destination, theme, times, looked_at }| {
            let label = labels.get(&theme).unwrap_or(&theme).clone();
            (destination, Found { theme, label, times, looked_at, repeated: times >= REPEATED })
        };
        Ok(themes.into_iter().map(found).collect())
    }

    /// What was found in one team's decisions again and again of late.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn repeated(&self) -> Result<Vec<(DestinationId, Found)>, StoreError> {
        let mut found = self.found(self.env.now().plus_seconds(-LATE)).await?;
        found.retain(|(_, found)| found.repeated);
        Ok(found)
    }
}

/// What is gathered of one team.
#[derive(Default)]
struct Gathered {
    team: Team,
    /// Hours, one for each referral.
    took: Vec<f64>,
    timed: BTreeSet<ReferralId>,
}

impl Gathered {
    fn add(&mut self, ring: &KeyRing, row: &DecidedRow) {
        let outcome = &row.outcome;
        let Some((level, rank)) = &outcome.level else { return };
        let team = &mut self.team;
        team.decisions += 1;
        *team.levels.entry(level.clone()).or_default() += 1;
        let said = said(ring, outcome);
        match rank.cmp(&outcome.suggested_rank) {
            Ordering::Greater => team.above += 1,
            Ordering::Equal => team.at += 1,
            Ordering::Less => {
                team.below += 1;
                let second = said.as_ref().is_some_and(|said| said.second_manager.is_some());
                team.below_with_second_manager += usize::from(second);
            }
        }
        if let Some(worker_type) = said.and_then(|said| said.by.worker_type) {
            *team.worker_types.entry(worker_type).or_default() += 1;
        }
        if let Some(took) = row.took.filter(|_| self.timed.insert(outcome.referral)) {
            self.took.push(took as f64 / 3.6e9);
        }
    }

    fn told(mut self) -> Team {
        let hours = median(&mut self.took);
        Team { median_hours: hours.map(|hours| (hours * 10.0).round() / 10.0), ..self.team }
    }
}

fn gather(ring: &KeyRing, rows: &[DecidedRow]) -> BTreeMap<DestinationId, Gathered> {
    let mut teams: BTreeMap<DestinationId, Gathered> = BTreeMap::new();
    for row in rows {
        teams.entry(row.outcome.destination.clone()).or_default().add(ring, row);
    }
    teams
}

/// Of what was said, who said it. Reports count them, and tell no name.
#[derive(Deserialize)]
pub(super) struct Said {
    by: Person,
    manager: Option<Person>,
    second_manager: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    role: String,
    worker_type: Option<String>,
}

impl Said {
    /// Everyone who had a part in the decision.
    pub(super) fn people(self) -> impl Iterator<Item = Worker> {
        let all = [Some(self.by), self.manager, self.second_manager];
        let worker = |one: Person| Worker { name: one.name, role: one.role, worker_type: None };
        all.into_iter().flatten().map(worker)
    }
}

/// `None` where it cannot be read: one that is damaged must not hide all the others.
pub(super) fn said(ring: &KeyRing, row: &OutcomeRow) -> Option<Said> {
    #[derive(Deserialize)]
    struct Recorded {
        said: Said,
    }
    let plain = ring.open_record(&OutcomeRow::name(row.id), &row.record).ok()?;
    serde_json::from_slice::<Recorded>(&plain).ok().map(|recorded| recorded.said)
}
