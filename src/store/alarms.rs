//! Alarms about how agencies refer: which stand, since when, and when somebody was told.

use super::error::Result;
use super::notices::NoticeRow;
use super::pauses::PauseStore;
use super::quality::QualityStore;
use super::second_looks::SecondLookStore;
use crate::audit::Event;
use crate::domain::alarms::{AlarmKind, AlarmName};
use crate::domain::{AgencyId, DestinationId, Timestamp};
use async_trait::async_trait;

/// An alarm that stands or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRow {
    pub name: AlarmName,
    /// When it was raised last.
    pub since: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// When somebody was told of it last, also before it ended and was raised again.
    pub told_at: Option<Timestamp>,
}

/// What alarms are made from, and where they are kept.
#[async_trait]
pub trait AlarmStore: QualityStore + SecondLookStore + PauseStore {
    /// The hour in which the first referral came, of an agency or of all. What came in the last
    /// seconds need not count.
    async fn first_received(&self, agency: Option<&AgencyId>) -> Result<Option<Timestamp>>;
    /// These agencies are active now; of those that were not known as active it is noted since
    /// when, with an event.
    async fn note_active(&self, agencies: &[AgencyId], now: Timestamp) -> Result<()>;
    /// Since when an agency is known as active.
    async fn active_since(&self, agency: &AgencyId) -> Result<Option<Timestamp>>;
    /// Whether a destination was sent a referral since a time.
    async fn routed_since(&self, to: &DestinationId, since: Timestamp) -> Result<bool>;
    /// Every alarm that ever was.
    async fn alarms(&self) -> Result<Vec<AlarmRow>>;
    /// These stand now, and no others. Of those that nobody was told of after `again` the notice
    /// tells, one for all; with events, in one transaction. Of two gateways one tells.
    async fn settle_alarms(
        &self,
        standing: &[AlarmName],
        notice: Option<&NoticeRow>,
        again: Timestamp,
        now: Timestamp,
    ) -> Result<()>;
}

pub(super) const FIRST_RECEIVED: &str = "SELECT min(hour) FROM tally WHERE what = 'received'";

pub(super) const FIRST_RECEIVED_OF: &str =
    "SELECT min(hour) FROM tally WHERE what = 'received' AND agency = $1";

pub(super) const NOTE_ACTIVE: &str =
    "INSERT INTO agency_active (agency, since) VALUES ($1, $2) ON CONFLICT (agency) DO NOTHING";

pub(super) const ACTIVE_SINCE: &str = "SELECT since FROM agency_active WHERE agency = $1";

pub(super) fn seen_active(agency: &AgencyId) -> Event {
    Event::new("agency.active", "frontdoor").detail(agency.to_string())
}

pub(super) const ROUTED_SINCE: &str = "SELECT EXISTS (SELECT 1 FROM tally WHERE hour >= $2 \
         AND what = 'routed' AND destination = $1) OR EXISTS (SELECT 1 FROM tally_delta \
         WHERE hour >= $2 AND what = 'routed' AND destination = $1)";

pub(super) const ALARMS: &str =
    "SELECT kind, agency, since, ended_at, told_at FROM alarm ORDER BY kind, agency";

pub(super) const KEEP_ALARM: &str = "INSERT INTO alarm (kind, agency, since, ended_at, told_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, agency) DO UPDATE SET \
     since = excluded.since, ended_at = excluded.ended_at, told_at = excluded.told_at";

/// Kind, agency (empty where there is none), since, ended and told.
pub(super) type AlarmRecord = (String, String, i64, Option<i64>, Option<i64>);

/// `None` of a kind that a newer program has raised.
pub(super) fn alarm((kind, agency, since, ended_at, told_at): AlarmRecord) -> Option<AlarmRow> {
    let kind = AlarmKind::parse(&kind)?;
    let agency = (!agency.is_empty()).then(|| AgencyId::new(&agency));
    Some(AlarmRow {
        name: AlarmName { kind, agency },
        since: Timestamp(since),
        ended_at: ended_at.map(Timestamp),
        told_at: told_at.map(Timestamp),
    })
}

/// What changes when these stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) rows: Vec<AlarmRow>,
    pub(super) events: Vec<Event>,
    /// The notice is written.
    pub(super) tells: bool,
}

pub(super) fn settle(
    stood: &[AlarmRow],
    standing: &[AlarmName],
    notice: Option<&NoticeRow>,
    again: Timestamp,
    now: Timestamp,
) -> Settled {
    let event = |kind, name: &AlarmName| Event::new(kind, "frontdoor").detail(name.to_string());
    let mut settled = Settled::default();
    for name in standing {
        let known = stood.iter().find(|row| row.name == *name);
        let stands = known.filter(|row| row.ended_at.is_none());
        let told_at = known.and_then(|row| row.told_at);
        let tell = notice.is_some() && told_at.is_none_or(|at| at <= again);
        if stands.is_none() {
            settled.events.push(event("alarm.raised", name));
        }
        if stands.is_none() || tell {
            settled.tells |= tell;
            settled.rows.push(AlarmRow {
                name: name.clone(),
                since: stands.map_or(now, |row| row.since),
                ended_at: None,
                told_at: if tell { Some(now) } else { told_at },
            });
        }
    }
    for row in stood.iter().filter(|row| row.ended_at.is_none()) {
        if !standing.contains(&row.name) {
            settled.events.push(event("alarm.ended", &row.name));
            settled.rows.push(AlarmRow { ended_at: Some(now), ..row.clone() });
        }
    }
    settled.events.extend(notice.filter(|_| settled.tells).map(NoticeRow::written));
    settled
}
