//! The numbers of the operations page. Read once for all viewers: a hundred open pages cost the
//! store as much as one.

use super::besides::{Backlog, Besides};
use crate::domain::time::Env;
use crate::domain::{DestinationId, Timestamp};
use crate::followup::Oversight;
use crate::followup::alarms::Alarm;
use crate::followup::consistency::Found;
use crate::followup::feeds::{FeedLine, FeedWatch};
use crate::store::{AttachmentCount, OpenNotices, Overview, ReadStore, StoreError, Tally};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a snapshot serves before the store is asked again.
pub(super) const EVERY: Duration = Duration::from_secs(2);
/// A store that takes longer to answer has failed for this round.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds that the counts look back.
const WINDOW: i64 = 24 * 60 * 60;
/// Seconds before its end by which a certificate is renewed.
const RENEWED: i64 = 14 * 24 * 60 * 60;

/// Numbers only: ids of agencies and destinations, counts, ages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// When the store was asked.
    pub as_of: Timestamp,
    pub outbox_waiting: i64,
    /// Seconds since the oldest message that the broker has not confirmed was written.
    pub outbox_lag: Option<i64>,
    pub agencies: Vec<AgencyLine>,
    pub deliveries: Vec<DeliveryLine>,
    pub unacknowledged: Vec<AgeLine>,
    pub refusals: Vec<RefusalLine>,
    pub feeds: Vec<AgeOfFeed>,
    /// Whether there is a way to send notices at all.
    pub channel: bool,
    pub notices: Vec<NoticeLine>,
    pub documents: Vec<DocumentLine>,
    pub alarms: Vec<AlarmLine>,
    pub themes: Vec<ThemeLine>,
    /// Outcomes that wait to be decided a second time, and seconds since the oldest was drawn.
    pub second_looks: i64,
    pub second_looks_oldest: Option<i64>,
    /// Possible matches that wait for a person, whether there are more than are counted, and
    /// seconds since the oldest was found.
    pub matches: i64,
    pub matches_more: bool,
    pub matches_oldest: Option<i64>,
    /// Seconds for which the listener's certificate is good; below 0 when it has run out.
    pub certificate: Option<i64>,
}

/// What second persons found again and again in one team's decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThemeLine {
    pub destination: String,
    /// In the words of the configuration.
    pub label: String,
    pub times: i64,
    /// Of so many that were looked at.
    pub looked_at: i64,
}

/// What is out of the ordinary in how an agency refers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmLine {
    pub kind: &'static str,
    /// `all` where it is about no agency in particular.
    pub agency: String,
    pub says: String,
    /// Seconds since it was raised.
    pub age: Option<i64>,
}

/// How old what one system of the authority's told us is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgeOfFeed {
    pub source: String,
    /// Seconds.
    pub age: Option<i64>,
    pub stale: bool,
}

/// One agency's last 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgencyLine {
    pub agency: String,
    pub received: i64,
    pub refused: i64,
    pub immediate: i64,
    pub urgent: i64,
    pub standard: i64,
}

/// Messages of one destination and priority in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliveryLine {
    pub destination: String,
    pub priority: &'static str,
    pub state: String,
    pub count: i64,
    /// Seconds.
    pub oldest: i64,
}

/// The longest wait for a person at one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgeLine {
    pub destination: String,
    /// Seconds.
    pub oldest: i64,
}

/// Notices to one contact that are not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeLine {
    /// A team's or a role's id, never an address.
    pub to: String,
    pub state: String,
    pub fault: Option<String>,
    pub count: i64,
    /// Seconds.
    pub oldest: i64,
}

/// Documents that are handed to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentLine {
    pub state: &'static str,
    /// Why the scanner did not look at them.
    pub fault: Option<String>,
    pub count: i64,
    /// Seconds since the oldest came.
    pub oldest: i64,
}

/// Refused submissions of one agency that nobody has cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalLine {
    pub agency: String,
    pub count: i64,
    /// Seconds.
    pub oldest: i64,
}

impl Snapshot {
    pub fn of(overview: Overview, now: Timestamp) -> Self {
        let age = |at: Timestamp| ((now.0 - at.0) / 1_000_000).max(0);
        let mut deliveries: Vec<_> = overview
            .deliveries
            .into_iter()
            .map(|(destination, priority, state, count, oldest)| DeliveryLine {
                destination: destination.to_string(),
                priority: priority.as_str(),
                state,
                count,
                oldest: age(oldest),
            })
            .collect();
        deliveries.sort_by(|a, b| {
            (&a.destination, a.priority, &a.state).cmp(&(&b.destination, b.priority, &b.state))
        });
        let mut unacknowledged: Vec<_> = overview
            .oldest_unacknowledged
            .into_iter()
            .map(|(id, at)| AgeLine { destination: id.to_string(), oldest: age(at) })
            .collect();
        unacknowledged.sort_by_key(|line| -line.oldest);
        let mut refusals: Vec<_> = overview
            .refusals
            .into_iter()
            .map(|(id, count, at)| RefusalLine { agency: id.to_string(), count, oldest: age(at) })
            .collect();
        refusals.sort_by_key(|line| -line.oldest);
        let notice = |open: OpenNotices| NoticeLine {
            to: open.whom.to_string(),
            state: open.state,
            fault: open.fault,
            count: open.count,
            oldest: age(open.oldest),
        };
        let notices = overview.notices.into_iter().map(notice).collect();
        let document = |held: AttachmentCount| DocumentLine {
            state: held.state.as_str(),
            fault: held.fault,
            count: held.count,
            oldest: age(held.oldest),
        };
        let documents = overview.documents.into_iter().map(document).collect();
        Snapshot {
            as_of: now,
            outbox_waiting: overview.outbox_waiting,
            outbox_lag: overview.outbox_oldest.map(age),
            agencies: agencies(&overview.tallies),
            deliveries,
            unacknowledged,
            refusals,
            feeds: Vec::new(),
            channel: true,
            notices,
            documents,
            alarms: Vec::new(),
            themes: Vec::new(),
            second_looks: 0,
            second_looks_oldest: None,
            matches: 0,
            matches_more: false,
            matches_oldest: None,
            certificate: None,
        }
    }

    /// Whether history that is shown may be older than it should be.
    pub fn is_stale(&self) -> bool {
        self.feeds.iter().any(|feed| feed.stale)
    }

    /// Whether somebody who should have been told was not, though there is a way.
    pub fn notices_fail(&self) -> bool {
        self.channel && self.notices.iter().any(|line| line.state == "failing")
    }

    /// Whether the listener's certificate has to be renewed by now.
    pub fn certificate_ends(&self) -> bool {
        self.certificate.is_some_and(|left| left < RENEWED)
    }

    fn with_backlog(mut self, backlog: Backlog) -> Self {
        let Backlog { count, more, oldest } = backlog;
        (self.matches, self.matches_more) = (count, more);
        self.matches_oldest = oldest.map(|at| ((self.as_of.0 - at.0) / 1_000_000).max(0));
        self
    }

    fn with_looks(mut self, (count, oldest): (i64, Option<Timestamp>)) -> Self {
        self.second_looks = count;
        self.second_looks_oldest = oldest.map(|at| ((self.as_of.0 - at.0) / 1_000_000).max(0));
        self
    }

    fn with_themes(mut self, repeated: Vec<(DestinationId, Found)>) -> Self {
        let line = |(destination, found): (DestinationId, Found)| {
            let destination = destination.to_string();
            let Found { label, times, looked_at, .. } = found;
            ThemeLine { destination, label, times, looked_at }
        };
        self.themes = repeated.into_iter().map(line).collect();
        self
    }

    fn with_alarms(mut self, alarms: &[Alarm]) -> Self {
        let age = |at: Timestamp| ((self.as_of.0 - at.0) / 1_000_000).max(0);
        let line = |alarm: &Alarm| AlarmLine {
            kind: alarm.kind.as_str(),
            agency: alarm.agency.as_ref().map_or("all", |id| id.as_str()).to_owned(),
            says: alarm.says.clone(),
            age: alarm.since.map(age),
        };
        self.alarms = alarms.iter().map(line).collect();
        self
    }

    fn with_feeds(mut self, lines: Vec<FeedLine>) -> Self {
        let age = |at: Timestamp| ((self.as_of.0 - at.0) / 1_000_000).max(0);
        let line = |line: FeedLine| AgeOfFeed {
            source: line.source,
            age: line.as_of.map(age),
            stale: line.stale,
        };
        self.feeds = lines.into_iter().map(line).collect();
        self
    }
}

fn agencies(tallies: &[(Tally, i64)]) -> Vec<AgencyLine> {
    let mut lines: BTreeMap<&str, AgencyLine> = BTreeMap::new();
    for (tally, count) in tallies {
        let received = tally.what == "received";
        if !received && tally.what != "refused" {
            continue;
        }
        let line = lines.entry(tally.agency.as_str()).or_insert_with(|| AgencyLine {
            agency: tally.agency.to_string(),
            received: 0,
            refused: 0,
            immediate: 0,
            urgent: 0,
            standard: 0,
        });
        if !received {
            line.refused += count;
            continue;
        }
        line.received += count;
        *match tally.priority.as_str() {
            "immediate" => &mut line.immediate,
            "urgent" => &mut line.urgent,
            _ => &mut line.standard,
        } += count;
    }
    lines.into_values().collect()
}

/// The latest snapshot, shared by everyone who looks.
pub struct Board {
    store: Arc<dyn ReadStore>,
    env: Arc<dyn Env>,
    feeds: Arc<FeedWatch>,
    oversight: Arc<Oversight>,
    channel: bool,
    besides: Option<Besides>,
    latest: Mutex<Option<Latest>>,
}

#[derive(Clone)]
struct Latest {
    asked_at: Timestamp,
    /// The last snapshot that the store gave, and its JSON.
    known: Option<(Arc<Snapshot>, Arc<str>)>,
}

impl Board {
    /// `channel`: whether notices can be sent.
    pub fn new(
        store: Arc<dyn ReadStore>,
        env: Arc<dyn Env>,
        feeds: Arc<FeedWatch>,
        oversight: Arc<Oversight>,
        channel: bool,
    ) -> Self {
        let latest = Mutex::new(None);
        Board { store, env, feeds, oversight, channel, besides: None, latest }
    }

    /// Shows these as well.
    pub fn with(self, besides: Besides) -> Self {
        Board { besides: Some(besides), ..self }
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        match &self.besides {
            Some(besides) => besides.backlog(now).await,
            None => Ok(Backlog::default()),
        }
    }

    /// The last snapshot and its JSON; asks the store when the last question is long enough ago.
    /// While the store does not answer, the last snapshot is given again: its `as_of` tells its
    /// age. `None` when the store has never answered.
    pub async fn latest(&self) -> Option<(Arc<Snapshot>, Arc<str>)> {
        let mut latest = self.latest.lock().await;
        let now = self.env.now();
        let fresh = latest.as_ref().is_some_and(|latest| {
            // Half the time, so that viewers out of step still see each round's numbers.
            let elapsed = now.seconds_since(latest.asked_at);
            (0.0..EVERY.as_secs_f64() / 2.0).contains(&elapsed)
        });
        if !fresh {
            let asked = self.store.overview(now.plus_seconds(-WINDOW));
            let Oversight { alarms, consistency, second_looks, .. } = self.oversight.as_ref();
            let (feeds, alarms) = (self.feeds.now(), alarms.now());
            let (themes, looks) = (consistency.repeated(), second_looks.store.looks_waiting());
            let asked = futures::future::try_join5(asked, feeds, alarms, themes, looks);
            let asked = futures::future::try_join(asked, self.backlog(now));
            let known = match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Ok(((overview, feeds, alarms, themes, looks), backlog))) => {
                    let snapshot = Snapshot::of(overview, now).with_feeds(feeds).with_looks(looks);
                    let snapshot = snapshot.with_alarms(&alarms).with_themes(themes);
                    let ends = self.besides.as_ref().and_then(Besides::certificate);
                    let certificate = ends.map(|ends| (ends.0 - now.0) / 1_000_000);
                    let channel = self.channel;
                    let snapshot = Snapshot { channel, certificate, ..snapshot };
                    let snapshot = snapshot.with_backlog(backlog);
                    let json = serde_json::to_string(&snapshot).unwrap_or_default();
                    Some((Arc::new(snapshot), json.into()))
                }
                _ => latest.take().and_then(|latest| latest.known),
            };
            *latest = Some(Latest { asked_at: now, known });
        }
        latest.as_ref().and_then(|latest| latest.known.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AgencyId, DestinationId, Priority};

    #[test]
    fn counts_are_added_up_by_agency_and_ages_are_told_from_now() {
        let tally = |agency: &str, what: &str, priority| Tally {
            hour: Timestamp(0),
            what: what.to_owned(),
            agency: AgencyId::new(agency),
            destination: String::new(),
            level: "4".to_owned(),
            priority,
        };
        let seconds = |seconds: i64| Timestamp(seconds * 1_000_000);
        let overview = Overview {
            tallies: vec![
                (tally("school", "received", Priority::Immediate), 2),
                (tally("school", "received", Priority::Standard), 3),
                (tally("school", "refused", Priority::Standard), 1),
                (tally("school", "routed", Priority::Standard), 9),
                (tally("police", "received", Priority::Urgent), 4),
            ],
            oldest_unacknowledged: vec![
                (DestinationId::new("panel"), seconds(90)),
                (DestinationId::new("masstt"), seconds(10)),
            ],
            outbox_oldest: Some(seconds(98)),
            outbox_waiting: 7,
            ..Overview::default()
        };
        let snapshot = Snapshot::of(overview, seconds(100));
        let school = &snapshot.agencies[1];
        assert_eq!((school.agency.as_str(), school.received, school.refused), ("school", 5, 1));
        assert_eq!((school.immediate, school.urgent, school.standard), (2, 0, 3));
        assert_eq!(snapshot.unacknowledged[0].destination, "masstt");
        assert_eq!(snapshot.unacknowledged[0].oldest, 90);
        assert_eq!((snapshot.outbox_waiting, snapshot.outbox_lag), (7, Some(2)));
    }
}
