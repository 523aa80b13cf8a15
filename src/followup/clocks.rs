//! The clocks: what runs out with time, and housekeeping that waits for nobody.

use crate::domain::time::Env;
use crate::domain::{DestinationId, NoticeId, NoticeKind, Priority, Timestamp, Whom};
use crate::store::{Clock, ClockStore, NoticeRow, Stage, StoreError, Tick, Ticks};
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often acknowledgement clocks are read.
const BREACH_EVERY: Duration = Duration::from_secs(5);
/// How often appended tallies are folded.
const FOLD_EVERY: Duration = Duration::from_secs(10);
/// How often a page of repeat keys is looked through for expired ones: a million keys in an hour.
const EXPIRE_EVERY: Duration = Duration::from_secs(15);
/// Deliveries marked in one transaction.
const BREACHES: usize = 256;
/// Deltas folded in one transaction.
const FOLDS: usize = 10_000;
/// Repeat keys in a page.
const KEYS: usize = 5_000;

/// Clocks moved on in one transaction.
const TICKS: usize = 256;

/// What an authority does about a clock that has run out.
pub trait Escalation: Send + Sync {
    /// Elapsed seconds after which it is told again.
    fn repeat_seconds(&self, priority: Priority) -> i64;

    /// Who is told, of a clock that was told of so many times.
    fn whom(&self, destination: &DestinationId, before: usize) -> Vec<Whom>;
}

/// The task that drives the clocks.
pub struct Clocks {
    pub store: Arc<dyn ClockStore>,
    pub env: Arc<dyn Env>,
    pub escalation: Arc<dyn Escalation>,
}

/// Where clocks stand at one moment.
struct At<'a> {
    now: Timestamp,
    clocks: &'a Clocks,
}

impl At<'_> {
    /// One for each who is told that a clock has run out.
    fn notices(&self, clock: &Clock) -> Vec<NoticeRow> {
        let before = usize::try_from(clock.alerts).unwrap_or_default();
        let told = self.clocks.escalation.whom(&clock.destination, before).into_iter();
        let notice = |whom| NoticeRow {
            id: NoticeId::from_parts(self.now, self.clocks.env.entropy_id()),
            whom,
            kind: NoticeKind::Overdue,
            destination: clock.destination.clone(),
            referral: Some(clock.referral),
            refusal: None,
            message: None,
            priority: clock.priority,
            since: clock.started_at,
            due_at: clock.due_at,
            created_at: self.now,
        };
        told.map(notice).collect()
    }
}

impl Ticks for At<'_> {
    /// Amber before it runs out; then red, and again each time it escalates.
    fn tick(&self, clock: &Clock) -> Tick {
        if self.now < clock.due_at {
            let (stage, alerts, next_at) = (Stage::Amber, clock.alerts, clock.due_at);
            return Tick { stage, alerts, next_at, notices: Vec::new() };
        }
        let again = self.clocks.escalation.repeat_seconds(clock.priority).max(60);
        Tick {
            stage: Stage::Red,
            alerts: clock.alerts.saturating_add(1),
            next_at: self.now.plus_seconds(again),
            notices: self.notices(clock),
        }
    }
}

impl Clocks {
    /// Runs until `stop` is true or its sender is gone. A failing store delays the clocks by an
    /// interval; what was due stays due.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let [mut breach, mut fold, mut expire] =
            [BREACH_EVERY, FOLD_EVERY, EXPIRE_EVERY].map(interval);
        let mut after = None;
        loop {
            // The watch's guard may not be held while a clock is read: this task moves.
            let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
            let done = tokio::select! {
                biased;
                _ = stopped => return,
                _ = breach.tick() => self.look().await,
                _ = fold.tick() => self.fold().await.map(|_| ()),
                _ = expire.tick() => {
                    let page = self.store.expire_repeats(self.env.now(), after, KEYS).await;
                    page.map(|(_, next)| after = next)
                }
            };
            if let Err(error) = done {
                tracing::warn!(code = "clock-delayed", %error, "a clock could not be read");
            }
        }
    }

    /// A store that fails in one of the two does not keep the other from being tried.
    async fn look(&self) -> Result<(), StoreError> {
        let breached = self.breach().await;
        self.run_down().await?;
        breached.map(|_| ())
    }

    /// Moves on every clock whose time has come; returns how many.
    ///
    /// # Errors
    /// Of the store.
    pub async fn run_down(&self) -> Result<usize, StoreError> {
        let mut all = 0;
        loop {
            let now = self.env.now();
            let at = At { now, clocks: self };
            let moved = self.store.run_down(now, TICKS, &at).await?;
            for clock in &moved {
                let stage = clock.stage_at(now).as_str();
                let (kind, destination) = (clock.kind.to_string(), clock.destination.to_string());
                let labels =
                    [("destination", destination), ("clock", kind), ("stage", stage.to_owned())];
                counter!("frontdoor_clocks_total", &labels).increment(1);
            }
            all += moved.len();
            if moved.len() < TICKS {
                return Ok(all);
            }
        }
    }

    /// Marks every delivery whose acknowledgement clock has run out; returns how many.
    ///
    /// # Errors
    /// Of the store.
    pub async fn breach(&self) -> Result<usize, StoreError> {
        let mut all = 0;
        loop {
            let breached = self.store.breach(self.env.now(), BREACHES).await?;
            for delivery in &breached {
                let destination = delivery.destination.to_string();
                let priority = delivery.priority.as_str();
                let labels = [("destination", destination), ("priority", priority.to_owned())];
                counter!("frontdoor_clock_breached_total", &labels).increment(1);
            }
            all += breached.len();
            if breached.len() < BREACHES {
                return Ok(all);
            }
        }
    }

    /// Folds all appended tallies; returns how many deltas.
    ///
    /// # Errors
    /// Of the store.
    pub async fn fold(&self) -> Result<usize, StoreError> {
        let mut all = 0;
        loop {
            let folded = self.store.fold_tallies(FOLDS).await?;
            all += folded;
            if folded < FOLDS {
                return Ok(all);
            }
        }
    }
}

pub(super) fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}
