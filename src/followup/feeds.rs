//! How old what the authority's records told us is, by the system that keeps them. A feed that
//! stays away alarms, and is stated wherever history is shown: what was true the day before
//! yesterday must not pass for what is true.

use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{Note, ReadStore, StoreError};
use crate::telemetry::metric;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// Name of the note. Names of systems come from files, where anything may stand: it is sealed.
const FEEDS: &str = "feeds.v1";

/// Systems that are told apart; a file with more has something else in the column.
const MOST_SYSTEMS: usize = 32;
/// Loads of a system that are remembered: of a daily feed a year.
const MOST_LOADS: usize = 400;
/// How long what was read serves everyone who asks, in seconds.
const FRESH: f64 = 10.0;
/// How often it is read when nobody asks, for the gauges.
const EVERY: Duration = Duration::from_secs(60);

/// What stands in the place of a system that the settings do not name.
const OTHER: &str = "other";

/// When files were loaded to their end, and as of when they were true, by system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Feeds(BTreeMap<String, Vec<Load>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Load {
    /// Microseconds since 1970, both.
    at: i64,
    as_of: i64,
}

impl Feeds {
    /// A file was loaded whose newest statement of the system is this. One that is older than
    /// what was loaded before makes nothing newer.
    pub fn loaded(&mut self, system: &str, as_of: Timestamp, at: Timestamp) {
        if !self.0.contains_key(system) && self.0.len() >= MOST_SYSTEMS {
            return;
        }
        let loads = self.0.entry(system.to_owned()).or_default();
        if loads.last().is_some_and(|last| last.as_of >= as_of.0) {
            return;
        }
        loads.push(Load { at: at.0, as_of: as_of.0 });
        let over = loads.len().saturating_sub(MOST_LOADS);
        loads.drain(..over);
    }

    /// As of when each system's records were true at a time; `None` where that is not known.
    pub fn known_at(&self, at: Timestamp) -> impl Iterator<Item = (&str, Option<Timestamp>)> {
        self.0.iter().map(move |(system, loads)| {
            let known = loads.iter().rev().find(|load| load.at <= at.0);
            (system.as_str(), known.map(|load| Timestamp(load.as_of)))
        })
    }

    /// What was loaded; nothing before the first import.
    ///
    /// # Errors
    /// When the store fails, or the note is not as written.
    pub async fn read<S: ReadStore + ?Sized>(
        store: &S,
        ring: &KeyRing,
    ) -> Result<Self, StoreError> {
        Ok(Self::with_note(store, ring).await?.0)
    }

    /// As [`Feeds::read`], with the note as it is kept: whoever writes another in its place says
    /// so, since two imports may end at once.
    ///
    /// # Errors
    /// The same.
    pub async fn with_note<S: ReadStore + ?Sized>(
        store: &S,
        ring: &KeyRing,
    ) -> Result<(Self, Note), StoreError> {
        let Some(note) = store.note(FEEDS).await? else {
            return Ok((Feeds::default(), (FEEDS, None)));
        };
        let feeds = serde_json::from_slice(&ring.open_note(FEEDS, &note)?)
            .map_err(|_| StoreError::Damaged("the note of feeds is not as written".to_owned()))?;
        Ok((feeds, (FEEDS, Some(note))))
    }

    /// The note to keep, by its name.
    pub fn note(&self, ring: &KeyRing, env: &dyn Env) -> Note {
        let plain = serde_json::to_vec(self).expect("names and times are plain data");
        (FEEDS, Some(ring.seal_note(FEEDS, &plain, env)))
    }
}

/// One system's feed as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedLine {
    pub source: String,
    /// As of when its records were true; `None` where nothing of it was ever loaded.
    pub as_of: Option<Timestamp>,
    pub stale: bool,
}

/// What counts as stale, and which systems are told by their names.
#[derive(Clone, Debug)]
pub struct FeedRules {
    pub stale_after_seconds: i64,
    pub named: Vec<String>,
}

/// Looks at the feeds for everyone who asks.
pub struct FeedWatch {
    store: Arc<dyn ReadStore>,
    ring: KeyRing,
    env: Arc<dyn Env>,
    rules: FeedRules,
    latest: Mutex<Option<(Timestamp, Arc<Feeds>)>>,
}

impl FeedWatch {
    pub fn new(
        store: Arc<dyn ReadStore>,
        ring: KeyRing,
        env: Arc<dyn Env>,
        rules: FeedRules,
    ) -> Self {
        FeedWatch { store, ring, env, rules, latest: Mutex::new(None) }
    }

    /// Each system's feed as it stands now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn now(&self) -> Result<Vec<FeedLine>, StoreError> {
        self.at(self.env.now()).await
    }

    /// As it stood at a time: what a decision of then could know.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn at(&self, at: Timestamp) -> Result<Vec<FeedLine>, StoreError> {
        let feeds = self.feeds().await?;
        Ok(lines(&feeds, at, &self.rules))
    }

    async fn feeds(&self) -> Result<Arc<Feeds>, StoreError> {
        let mut latest = self.latest.lock().await;
        let now = self.env.now();
        if let Some((at, feeds)) = latest.as_ref()
            && (0.0..FRESH).contains(&now.seconds_since(*at))
        {
            return Ok(feeds.clone());
        }
        let feeds = Arc::new(Feeds::read(self.store.as_ref(), &self.ring).await?);
        *latest = Some((now, feeds.clone()));
        Ok(feeds)
    }

    /// Keeps the gauges until `stop` is true or its sender is gone.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
            tokio::select! {
                biased;
                _ = stopped => return,
                _ = ticks.tick() => self.gauge().await,
            }
        }
    }

    async fn gauge(&self) {
        let Ok(lines) = self.now().await else { return };
        let now = self.env.now();
        for line in lines {
            let source = line.source;
            if let Some(as_of) = line.as_of {
                metrics::gauge!(metric::FEED_AGE, "source" => source.clone())
                    .set(now.seconds_since(as_of));
            }
            metrics::gauge!(metric::FEED_STALE, "source" => source).set(f64::from(line.stale));
        }
    }
}

/// The named systems, also those of which nothing was ever loaded, and the worst of all others as
/// one.
fn lines(feeds: &Feeds, at: Timestamp, rules: &FeedRules) -> Vec<FeedLine> {
    let mut told: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
    let loaded: BTreeMap<&str, Option<Timestamp>> = feeds.known_at(at).collect();
    for named in rules.named.iter().filter(|named| !loaded.contains_key(named.as_str())) {
        told.insert(named, None);
    }
    for (system, as_of) in loaded {
        let named = rules.named.iter().find(|named| named.as_str() == system);
        let as_told = named.map_or(OTHER, String::as_str);
        let oldest = told.entry(as_told).or_insert(as_of);
        *oldest = as_of.min(*oldest);
    }
    let line = |(source, as_of): (&str, Option<Timestamp>)| {
        let old = |as_of: Timestamp| as_of < at.plus_seconds(-rules.stale_after_seconds);
        FeedLine { source: source.to_owned(), as_of, stale: as_of.is_none_or(old) }
    };
    told.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn hours(hours: i64) -> Timestamp {
        Timestamp(0).plus_seconds(hours * HOUR)
    }

    fn told(feeds: &Feeds, at: Timestamp) -> Vec<(String, Option<Timestamp>, bool)> {
        let named = vec!["lcs".to_owned(), "ehm".to_owned()];
        let rules = FeedRules { stale_after_seconds: 36 * HOUR, named };
        let lines = lines(feeds, at, &rules).into_iter();
        lines.map(|line| (line.source, line.as_of, line.stale)).collect()
    }

    #[test]
    fn a_feed_is_stale_after_its_time_and_is_as_it_was_known_then() {
        let mut feeds = Feeds::default();
        feeds.loaded("lcs", hours(100), hours(102));
        feeds.loaded("lcs", hours(90), hours(110));
        feeds.loaded("lcs", hours(200), hours(201));
        let ehm = ("ehm".to_owned(), None, true);
        let lcs = |as_of, stale| vec![ehm.clone(), ("lcs".to_owned(), as_of, stale)];
        assert_eq!(told(&feeds, hours(101)), lcs(None, true), "nothing was loaded yet");
        assert_eq!(told(&feeds, hours(136)), lcs(Some(hours(100)), false));
        assert_eq!(told(&feeds, hours(137)), lcs(Some(hours(100)), true));
        assert_eq!(told(&feeds, hours(202)), lcs(Some(hours(200)), false));
    }

    #[test]
    fn a_named_system_of_which_nothing_was_ever_loaded_is_stale() {
        let expected = ["ehm", "lcs"].map(|name| (name.to_owned(), None, true));
        assert_eq!(told(&Feeds::default(), hours(1)), expected);
    }

    #[test]
    fn a_name_that_nobody_configured_is_not_told() {
        let mut feeds = Feeds::default();
        feeds.loaded("Imogen Hollins", hours(1), hours(2));
        feeds.loaded("yjs", hours(5), hours(6));
        feeds.loaded("ehm", hours(40), hours(41));
        let expected = [
            ("ehm".to_owned(), Some(hours(40)), false),
            ("lcs".to_owned(), None, true),
            ("other".to_owned(), Some(hours(1)), true),
        ];
        assert_eq!(told(&feeds, hours(42)), expected);
    }
}
