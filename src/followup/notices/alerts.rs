//! The clock of what is immediate: what no named person acknowledges in time alerts managers, one
//! after the other, and again and again until somebody does.

use super::super::rounds::rounds;
use crate::domain::time::Env;
use crate::domain::{Directory, NoticeId, NoticeKind};
use crate::store::{NoticeRow, NoticeStore, OutboxRow, Overdue, StoreError};
use crate::telemetry::metric;
use arc_swap::ArcSwap;
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the clock is read.
const EVERY: Duration = Duration::from_secs(5);
/// Messages about which an alert is given in one transaction.
const ALERTS: usize = 256;

/// The task that alerts.
pub struct Alerts {
    pub store: Arc<dyn NoticeStore>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub env: Arc<dyn Env>,
}

impl Alerts {
    /// Runs until `stop` is true or its sender is gone. A failing store delays the clock by an
    /// interval; what was due stays due.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let delayed = ("alerts-delayed", "alerts wait for the store");
        rounds(EVERY, stop, delayed, || self.alert()).await;
    }

    /// Alerts about everything that is due; returns about how many messages.
    ///
    /// # Errors
    /// Of the store.
    pub async fn alert(&self) -> Result<usize, StoreError> {
        let directory = self.directory.load_full();
        let alerting = &directory.alerting;
        let tell = |message: &OutboxRow, before: i32| {
            let before = usize::try_from(before).unwrap_or_default();
            let now = self.env.now();
            let notice = |whom| {
                let id = NoticeId::from_parts(now, self.env.entropy_id());
                NoticeRow::about(message, NoticeKind::Unacknowledged, whom, id, now)
            };
            alerting.escalation(&message.destination, before).into_iter().map(notice).collect()
        };
        let mut all = 0;
        loop {
            let now = self.env.now();
            let ago = |minutes: u32| now.plus_seconds(-60 * i64::from(minutes));
            let (first, again) = (ago(alerting.acknowledge_minutes), ago(alerting.repeat_minutes));
            let overdue = Overdue { first, again };
            let alerted = self.store.alert(now, overdue, ALERTS, &tell).await?;
            for alert in &alerted {
                let destination = alert.message.destination.to_string();
                counter!(metric::ALERTS, "destination" => destination).increment(1);
            }
            all += alerted.len();
            if alerted.len() < ALERTS {
                return Ok(all);
            }
        }
    }
}
