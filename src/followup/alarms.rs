//! Looks whether agencies refer as is expected of them, and tells a person where they do not. An
//! alarm is a question to telephone about; it changes nothing about any referral.
//!
//! Referrals that come independently of each other follow Poisson's law, whose tails are all that
//! is used here (`figures.rs`): docs/quality.md has the formula and a table.

use super::figures::{at_least, at_most};
use super::quality::midnight;
use super::rounds::rounds;
use crate::domain::agency::{Agency, AgencyState};
use crate::domain::alarms::{AlarmKind, AlarmName, AlarmRules};
use crate::domain::pauses::Pause;
use crate::domain::time::Env;
use crate::domain::{
    AgencyId, DestinationId, Directory, NoticeId, NoticeKind, Priority, Timestamp, Whom,
};
use crate::store::{AlarmStore, Grain, NoticeRow, StoreError, Tally};
use crate::telemetry::metric;
use arc_swap::ArcSwap;
use jiff::ToSpan as _;
use metrics::gauge;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(600);
/// Seconds for which what was seen serves everyone who asks.
const FRESH: f64 = 60.0;
const DAY: i64 = 24 * 3_600;
/// So little or less happens by chance once in a hundred times; so much or more once in a thousand.
const SILENT: f64 = 0.01;
const FLOODED: f64 = 0.001;
/// Fewer refusals than these are no pattern.
const REFUSALS: i64 = 3;

/// An alarm that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    pub kind: AlarmKind,
    /// Nothing where it is about no agency in particular.
    pub agency: Option<AgencyId>,
    /// When it was raised; nothing until the next look.
    pub since: Option<Timestamp>,
    /// In plain English, with the figures.
    pub says: String,
}

impl Alarm {
    fn new(kind: AlarmKind, agency: Option<&AgencyId>, says: String) -> Self {
        Alarm { kind, agency: agency.cloned(), since: None, says }
    }

    fn name(&self) -> AlarmName {
        AlarmName { kind: self.kind, agency: self.agency.clone() }
    }
}

/// What came of one agency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Came {
    /// Within the weeks over which silence is looked for.
    weeks: i64,
    /// Accepted and refused within seven days.
    week: i64,
    refused: i64,
}

/// Looks, for everyone who asks and for whoever is told.
pub struct AlarmWatch {
    store: Arc<dyn AlarmStore>,
    env: Arc<dyn Env>,
    directory: Arc<ArcSwap<Directory>>,
    /// Whose work it is to ask the agency.
    screening: DestinationId,
    latest: Mutex<Option<(Timestamp, Arc<[Alarm]>)>>,
    /// Of which the gauge was set.
    raised: Mutex<BTreeSet<AlarmName>>,
}

impl AlarmWatch {
    pub fn new(
        store: Arc<dyn AlarmStore>,
        env: Arc<dyn Env>,
        directory: Arc<ArcSwap<Directory>>,
        screening: DestinationId,
    ) -> Self {
        let (latest, raised) = (Mutex::default(), Mutex::default());
        AlarmWatch { store, env, directory, screening, latest, raised }
    }

    /// The alarms that stand now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn now(&self) -> Result<Arc<[Alarm]>, StoreError> {
        let mut latest = self.latest.lock().await;
        let now = self.env.now();
        if let Some((at, alarms)) = latest.as_ref()
            && (0.0..FRESH).contains(&now.seconds_since(*at))
        {
            return Ok(alarms.clone());
        }
        let mut alarms = self.standing(now).await?;
        let kept = self.store.alarms().await?;
        for alarm in &mut alarms {
            let name = alarm.name();
            let row = kept.iter().find(|row| row.name == name && row.ended_at.is_none());
            alarm.since = row.map(|row| row.since);
        }
        let alarms: Arc<[Alarm]> = alarms.into();
        *latest = Some((now, alarms.clone()));
        Ok(alarms)
    }

    /// Looks until `stop` is true or its sender is gone.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let delayed = ("alarms-delayed", "alarms wait for the store");
        rounds(EVERY, stop, delayed, || self.look()).await;
    }

    /// Notes which alarms stand, and tells the role that the authority names: once a week while one
    /// stands, however often it is looked.
    ///
    /// # Errors
    /// Of the store.
    pub async fn look(&self) -> Result<(), StoreError> {
        let now = self.env.now();
        self.store.note_active(&self.active(), now).await?;
        let standing = self.standing(now).await?.iter().map(Alarm::name).collect::<Vec<_>>();
        let told = self.directory.load().alerting.alarms.told.clone();
        let notice = told.map(|role| self.notice(Whom::Role(role), now));
        let again = now.plus_seconds(-7 * DAY);
        self.store.settle_alarms(&standing, notice.as_ref(), again, now).await?;
        self.gauge(standing).await;
        Ok(())
    }

    fn notice(&self, whom: Whom, now: Timestamp) -> NoticeRow {
        NoticeRow {
            id: NoticeId::from_parts(now, self.env.entropy_id()),
            whom,
            kind: NoticeKind::Alarm,
            destination: self.screening.clone(),
            referral: None,
            refusal: None,
            message: None,
            priority: Priority::Standard,
            since: now,
            due_at: now,
            created_at: now,
        }
    }

    /// What no longer stands is 0 before it is forgotten.
    async fn gauge(&self, standing: Vec<AlarmName>) {
        let mut raised = self.raised.lock().await;
        let standing: BTreeSet<AlarmName> = standing.into_iter().collect();
        for name in raised.union(&standing) {
            let agency = name.agency.as_ref().map_or("all", AgencyId::as_str).to_owned();
            let value = f64::from(standing.contains(name));
            gauge!(metric::ALARM, "kind" => name.kind.as_str(), "agency" => agency).set(value);
        }
        *raised = standing;
    }

    async fn standing(&self, now: Timestamp) -> Result<Vec<Alarm>, StoreError> {
        let directory = self.directory.load_full();
        let rules = &directory.alerting.alarms;
        let came = self.came(rules, now).await?;
        let mut agencies: Vec<&Arc<Agency>> = directory.agencies.values().collect();
        agencies.retain(|agency| agency.state == AgencyState::Active);
        agencies.sort_by(|a, b| a.id.cmp(&b.id));
        let mut alarms = Vec::new();
        for agency in agencies {
            let came = came.get(&agency.id).copied().unwrap_or_default();
            for alarm in of(agency, came, rules) {
                if alarm.kind != AlarmKind::Silence || self.is_known(agency, rules, now).await? {
                    alarms.push(alarm);
                }
            }
        }
        alarms.extend(self.private_fostering(rules, now).await?);
        alarms.extend(self.second_looks(rules, now).await?);
        alarms.extend(self.paused(now).await?);
        Ok(alarms)
    }

    /// Agencies that may refer, as they are configured now.
    fn active(&self) -> Vec<AgencyId> {
        let directory = self.directory.load();
        let active = directory.agencies.values().filter(|one| one.state == AgencyState::Active);
        active.map(|agency| agency.id.clone()).collect()
    }

    async fn came(
        &self,
        rules: &AlarmRules,
        now: Timestamp,
    ) -> Result<BTreeMap<AgencyId, Came>, StoreError> {
        let since = Tally::hour_of(now.plus_seconds(-weeks(rules)));
        let week = Tally::hour_of(now.plus_seconds(-7 * DAY));
        let mut all: BTreeMap<AgencyId, Came> = BTreeMap::new();
        for counted in self.store.counted(since, Grain::Hour).await? {
            let came = all.entry(counted.agency).or_default();
            let this_week = counted.from >= week;
            match counted.what.as_str() {
                "received" => {
                    came.weeks += counted.count;
                    came.week += if this_week { counted.count } else { 0 };
                }
                _ => came.refused += if this_week { counted.count } else { 0 },
            }
        }
        Ok(all)
    }

    /// An agency that has not referred for as long as that yet is not silent; one that never did is
    /// when it could have for as long.
    async fn is_known(
        &self,
        agency: &Agency,
        rules: &AlarmRules,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let first = match self.store.first_received(Some(&agency.id)).await? {
            None => self.store.active_since(&agency.id).await?,
            first => first,
        };
        Ok(first.is_some_and(|first| first <= now.plus_seconds(-weeks(rules))))
    }

    async fn private_fostering(
        &self,
        rules: &AlarmRules,
        now: Timestamp,
    ) -> Result<Option<Alarm>, StoreError> {
        let Some(one) = &rules.private_fostering else { return Ok(None) };
        let since = midnight(now.date().saturating_sub(i64::from(one.months).months()));
        let first = self.store.first_received(None).await?;
        if first.is_none_or(|first| first > since)
            || self.store.routed_since(&one.destination, since).await?
        {
            return Ok(None);
        }
        let says = format!("no child in private fostering was referred in {} months", one.months);
        Ok(Some(Alarm::new(AlarmKind::PrivateFostering, None, says)))
    }

    /// One for all: who reads it sees each, and until when.
    async fn paused(&self, now: Timestamp) -> Result<Option<Alarm>, StoreError> {
        let pauses = self.store.pauses(now).await?;
        let one = |pause: &Pause| {
            let until = pause.until.to_jiff().strftime("%Y-%m-%d %H:%M UTC");
            format!(
                "{} is sent nothing until {until} ({})",
                pause.destination,
                pause.reason.as_str()
            )
        };
        let says = pauses.iter().map(one).collect::<Vec<_>>().join("; ");
        Ok((!says.is_empty()).then(|| Alarm::new(AlarmKind::Paused, None, says)))
    }

    async fn second_looks(
        &self,
        rules: &AlarmRules,
        now: Timestamp,
    ) -> Result<Option<Alarm>, StoreError> {
        let (count, oldest) = self.store.looks_waiting().await?;
        let days = rules.second_look_days;
        let late = oldest.is_some_and(|at| at <= now.plus_seconds(-i64::from(days) * DAY));
        let says = || format!("{count} wait to be decided a second time, one for over {days} days");
        Ok(late.then(|| Alarm::new(AlarmKind::SecondLooks, None, says())))
    }
}

/// Seconds over which silence is looked for.
fn weeks(rules: &AlarmRules) -> i64 {
    i64::from(rules.silence_weeks) * 7 * DAY
}

/// What is out of the ordinary in what came of an agency.
fn of(agency: &Agency, came: Came, rules: &AlarmRules) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut raise = |kind, says| alarms.push(Alarm::new(kind, Some(&agency.id), says));
    let number = |count: i64| u64::try_from(count).unwrap_or_default();
    if let Some(each) = agency.expected_per_week.filter(|each| *each > 0) {
        let expected = u64::from(each) * u64::from(rules.silence_weeks);
        if at_most(number(came.weeks), expected as f64) < SILENT {
            let (seen, weeks) = (referrals(came.weeks), rules.silence_weeks);
            raise(AlarmKind::Silence, format!("{seen} in {weeks} weeks, {expected} expected"));
        }
        if at_least(number(came.week), f64::from(each)) < FLOODED {
            let seen = referrals(came.week);
            raise(AlarmKind::Flood, format!("{seen} in 7 days, {each} expected"));
        }
    }
    let all = came.refused + came.week;
    // Not rounded: 20.4 percent is more than 20.
    let more = came.refused * 100 > i64::from(rules.refused_percent) * all;
    if came.refused >= REFUSALS && more {
        let says = format!("{} of {all} submissions refused in 7 days", came.refused);
        raise(AlarmKind::Refusals, says);
    }
    alarms
}

fn referrals(count: i64) -> String {
    if count == 1 { "1 referral".to_owned() } else { format!("{count} referrals") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(expected: Option<u32>, weeks: i64, week: i64, refused: i64) -> Vec<String> {
        let agency = Agency {
            id: AgencyId::new("school"),
            name: "School".to_owned(),
            kind: "school".to_owned(),
            state: AgencyState::Active,
            telephone: String::new(),
            adapters: Vec::new(),
            rate_per_minute: 1,
            expected_per_week: expected,
        };
        let alarms = of(&agency, Came { weeks, week, refused }, &AlarmRules::default());
        alarms.into_iter().map(|alarm| format!("{}: {}", alarm.kind.as_str(), alarm.says)).collect()
    }

    /// The table of docs/quality.md: expected in a week, the most that is silence over five weeks,
    /// the least that is a flood in one.
    #[test]
    fn silence_and_floods_begin_where_the_table_says() {
        for (each, silence, flood) in
            [(1, 0, 6), (2, 2, 9), (3, 6, 11), (6, 17, 16), (12, 42, 25), (60, 259, 86)]
        {
            let seen = if silence == 1 { "referral" } else { "referrals" };
            let expected = each * 5;
            assert_eq!(
                said(Some(each), silence, 1, 0),
                [format!("silence: {silence} {seen} in 5 weeks, {expected} expected")]
            );
            assert!(said(Some(each), silence + 1, 1, 0).is_empty(), "{each}");
            assert_eq!(
                said(Some(each), i64::from(expected), flood, 0),
                [format!("flood: {flood} referrals in 7 days, {each} expected")]
            );
            assert!(said(Some(each), i64::from(expected), flood - 1, 0).is_empty(), "{each}");
        }
        assert!(said(None, 0, 999, 0).is_empty(), "nothing is expected");
        assert!(said(Some(0), 0, 999, 0).is_empty(), "nothing is expected");
    }

    #[test]
    fn three_refusals_and_more_than_a_fifth_of_all_are_a_pattern() {
        assert_eq!(said(None, 9, 9, 3), ["refusals: 3 of 12 submissions refused in 7 days"]);
        assert!(said(None, 12, 12, 3).is_empty(), "a fifth is not more than a fifth");
        // 20.4 percent.
        assert_eq!(said(None, 39, 39, 10), ["refusals: 10 of 49 submissions refused in 7 days"]);
        assert!(said(None, 0, 0, 2).is_empty());
        assert_eq!(said(None, 0, 0, 3), ["refusals: 3 of 3 submissions refused in 7 days"]);
    }
}
