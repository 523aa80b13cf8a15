//! The clocks: what runs out with time, and housekeeping that waits for nobody.

use crate::domain::time::Env;
use crate::store::{ClockStore, StoreError};
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

/// The task that drives the clocks.
pub struct Clocks {
    pub store: Arc<dyn ClockStore>,
    pub env: Arc<dyn Env>,
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
                _ = breach.tick() => self.breach().await.map(|_| ()),
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

fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}
