//! What the operations pages tell of the past, read once for everyone who looks: from roll-ups and
//! from what is open, never from referrals.

use super::sheets::{Sheet, Words};
use super::{complete, flow, month, reconcile, sent, times};
use crate::domain::Timestamp;
use crate::domain::pauses::Pause;
use crate::followup::quality::midnight;
use crate::store::totals::{DAY, SENT_ON, day_of};
use crate::store::{
    By, DeliveryRow, FollowStore, PauseStore, ReadStore, StoreError, Tally, TotalStore,
};
use crate::web::page::Front;
use jiff::ToSpan as _;
use jiff::civil::Date;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

pub(crate) use times::Expected;

/// Seconds for which a report serves whoever asks.
const FRESH: f64 = 30.0;
/// Seconds for which nobody tries again after a failure.
const FAILED: f64 = 5.0;
/// A store that takes longer to answer has failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Reports that are kept, each of something else.
const KEPT: usize = 32;

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Flow,
    Times,
    Completeness,
    Reconciliation,
    Deliveries,
    Board,
}

impl View {
    pub const ALL: [View; 6] = [
        View::Flow,
        View::Times,
        View::Completeness,
        View::Reconciliation,
        View::Deliveries,
        View::Board,
    ];

    pub fn address(self) -> &'static str {
        match self {
            View::Flow => "/ops/flow",
            View::Times => "/ops/times",
            View::Completeness => "/ops/quality",
            View::Reconciliation => "/ops/reconciliation",
            View::Deliveries => "/ops/deliveries",
            View::Board => "/ops/board",
        }
    }

    /// The messages of its title, and of what it is.
    pub(super) fn messages(self) -> [&'static str; 2] {
        match self {
            View::Flow => ["ops-flow-title", "ops-flow-what"],
            View::Times => ["ops-times-title", "ops-times-what"],
            View::Completeness => ["ops-complete-title", "ops-complete-what"],
            View::Reconciliation => ["ops-reconcile-title", "ops-reconcile-what"],
            View::Deliveries => ["ops-stuck-title", "ops-stuck-what"],
            View::Board => ["ops-board-title", "ops-board-what"],
        }
    }

    /// The totals that it tells of.
    fn totals(self) -> &'static [By] {
        match self {
            View::Flow => &[By::Flow],
            View::Times => &[By::Destination],
            View::Completeness | View::Reconciliation => &[By::Agency],
            View::Deliveries => &[],
            View::Board => &[By::Agency, By::Flow, By::Destination],
        }
    }

    /// Whether it tells of days up to today.
    pub(super) fn has_days(self) -> bool {
        !matches!(self, View::Deliveries | View::Board)
    }
}

/// One page: of so many days up to today, or of the month that begins on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub view: View,
    pub days: i64,
    pub month: Option<Date>,
}

impl Asked {
    /// From when, and until when.
    fn span(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        match self.month {
            Some(first) => (midnight(first), midnight(first.saturating_add(1.month()))),
            // What a clock that is ahead counts as tomorrow's is told as well.
            None => (Timestamp(day_of(now).0 - (self.days - 1) * DAY), Timestamp(now.0 + 2 * DAY)),
        }
    }
}

/// What one page tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When the store was asked.
    pub as_of: Timestamp,
    pub sheets: Vec<Sheet>,
}

/// Where it is read.
pub struct Stores {
    pub totals: Arc<dyn TotalStore>,
    pub follow: Arc<dyn FollowStore>,
    pub reads: Arc<dyn ReadStore>,
    pub pauses: Arc<dyn PauseStore>,
}

/// Reports by what was asked; only one is read at a time.
pub struct Reports {
    stores: Stores,
    front: Arc<Front>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    reports: Vec<(Asked, Arc<Report>)>,
    failed_at: Option<Timestamp>,
}

impl Reports {
    pub fn new(stores: Stores, front: Arc<Front>) -> Self {
        Reports { stores, front, kept: Mutex::default() }
    }

    /// The report; the last one that was read while the store does not answer: its `as_of` tells
    /// how old it is. `None` when there is none yet.
    pub(super) async fn get(&self, asked: Asked) -> Option<Arc<Report>> {
        let mut kept = self.kept.lock().await;
        let now = self.front.env.now();
        let within = |at: Timestamp, most| (0.0..most).contains(&now.seconds_since(at));
        let last = kept.reports.iter().find(|(of, _)| *of == asked).map(|(_, told)| told.clone());
        let fresh = last.as_ref().is_some_and(|report| within(report.as_of, FRESH));
        if fresh || kept.failed_at.is_some_and(|at| within(at, FAILED)) {
            return last;
        }
        match tokio::time::timeout(PATIENCE, self.read(asked, now)).await {
            Ok(Ok(sheets)) => {
                let report = Arc::new(Report { as_of: now, sheets });
                kept.failed_at = None;
                kept.reports.retain(|(of, _)| *of != asked);
                if kept.reports.len() >= KEPT {
                    kept.reports.remove(0);
                }
                kept.reports.push((asked, report.clone()));
                Some(report)
            }
            failed => {
                if let Ok(Err(error)) = failed {
                    tracing::warn!(code = "report-delayed", %error, "a report could not be read");
                }
                kept.failed_at = Some(now);
                last
            }
        }
    }

    async fn read(&self, asked: Asked, now: Timestamp) -> Result<Vec<Sheet>, StoreError> {
        let Stores { totals, follow, reads, pauses } = &self.stores;
        let directory = self.front.directory.load_full();
        let (since, until) = asked.span(now);
        let mut known = Known { since, days: asked.days, ..Known::default() };
        for by in asked.view.totals() {
            known.totals.extend(totals.totals(*by, since, until).await?);
        }
        match asked.view {
            View::Times => {
                let mut teams: Vec<_> = directory.destinations.keys().collect();
                teams.sort();
                for team in teams {
                    known.expected.extend(times::expected(follow.as_ref(), team, now).await?);
                }
            }
            View::Reconciliation => known.begins = totals.first_day(SENT_ON).await?,
            View::Deliveries => {
                known.stuck = sent::stuck(reads.as_ref()).await?;
                known.pauses = pauses.pauses(now).await?;
            }
            View::Flow | View::Completeness | View::Board => {}
        }
        let words = Words { texts: &self.front.texts, directory: &directory };
        Ok(sheets(words, asked.view, &known))
    }
}

/// What a page is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) since: Timestamp,
    pub(crate) days: i64,
    pub(crate) totals: Vec<(Tally, i64)>,
    pub(crate) expected: Vec<Expected>,
    /// The first day on which it was counted what was sent on.
    pub(crate) begins: Option<Timestamp>,
    pub(crate) stuck: Vec<DeliveryRow>,
    pub(crate) pauses: Vec<Pause>,
}

/// The tables of a page.
pub(crate) fn sheets(words: Words<'_>, view: View, known: &Known) -> Vec<Sheet> {
    let Known { since, days, totals, expected, begins, stuck, pauses } = known;
    match view {
        View::Flow => vec![flow::sheet(words, totals)],
        View::Times => times::sheets(words, totals, expected),
        View::Completeness => vec![complete::sheet(words, totals, *since, *days)],
        View::Reconciliation => vec![reconcile::sheet(words, totals, *begins)],
        View::Deliveries => vec![sent::sheet(words, stuck), sent::paused(words, pauses)],
        View::Board => month::sheets(words, totals),
    }
}
