//! Sends notices: that something waits, to whom the authority has named for it.
//!
//! At least once: a gateway that dies between sending and noting that it has sent sends again, with
//! the same Message-ID. What cannot be sent is tried again for as long as it matters, and shows on
//! the operations page.

mod alerts;
mod channel;
mod letter;
mod smtp;

pub use alerts::Alerts;
pub use channel::{Channel, Fault, NoChannel};
pub use letter::Letter;
pub use smtp::Smtp;

use crate::domain::time::Env;
use crate::domain::{Directory, Timestamp};
use crate::store::{DueNotice, NoticeStore, StoreError};
use crate::telemetry::metric;
use arc_swap::ArcSwap;
use metrics::{counter, gauge};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often it is looked whether there is something to send.
const LOOK: Duration = Duration::from_millis(500);
/// How long to leave a store alone that does not answer.
const DELAY: Duration = Duration::from_secs(5);
/// How often the gauges are set.
const COUNT: Duration = Duration::from_secs(10);
/// Notices under way at once.
const AT_ONCE: usize = 8;
/// Seconds that whoever claims a notice has to send it: longer than a channel may take.
const LEASE: i64 = 60;
/// Seconds until what failed is tried again, at first and at most.
const AGAIN: std::ops::RangeInclusive<i64> = 30..=600;

/// The task that sends them.
pub struct Notices {
    pub store: Arc<dyn NoticeStore>,
    pub channel: Arc<dyn Channel>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub env: Arc<dyn Env>,
    /// Where to sign in, a URL.
    pub sign_in: String,
}

impl Notices {
    /// Runs until `stop` is true or its sender is gone. While the store does not answer, what is
    /// due stays due.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let [mut look, mut count] = [LOOK, COUNT].map(super::clocks::interval);
        let this = Arc::new(self);
        // Each in a task of its own: one that holds the store's only writer must go on while this
        // loop waits for the same.
        let mut under_way = JoinSet::new();
        loop {
            let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
            let done = tokio::select! {
                biased;
                _ = stopped => return,
                Some(done) = under_way.join_next(), if !under_way.is_empty() => {
                    // What a panic left undone is claimed again when its lease runs out.
                    done.unwrap_or(Ok(()))
                }
                _ = look.tick() => match this.claim(AT_ONCE - under_way.len()).await {
                    Ok(due) => {
                        for due in due {
                            let this = this.clone();
                            under_way.spawn(async move { this.send(due).await });
                        }
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
                _ = count.tick() => this.count().await,
            };
            if let Err(error) = done {
                look.reset_after(DELAY);
                tracing::warn!(code = "notices-delayed", %error, "notices wait for the store");
            }
        }
    }

    async fn claim(&self, room: usize) -> Result<Vec<DueNotice>, StoreError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let now = self.env.now();
        self.store.claim_notices(now, now.plus_seconds(LEASE), room).await
    }

    /// Sends a claimed notice, and notes how that went.
    async fn send(&self, due: DueNotice) -> Result<(), StoreError> {
        let sent = match self.letter(&due) {
            Some(letter) => self.channel.send(&letter).await,
            None => Err(Fault::NoContact),
        };
        let (row, now) = (&due.row, self.env.now());
        let state = if sent.is_ok() { "sent" } else { "failing" };
        counter!(metric::NOTICES, "state" => state).increment(1);
        match sent {
            Ok(()) => self.store.notice_sent(row, now).await?,
            Err(fault) => {
                // That there is no channel was said at the start, and is on the operations page.
                if fault != Fault::NoChannel {
                    let (code, whom) = ("notice-failed", &row.whom);
                    let fault = fault.code();
                    tracing::warn!(code, fault, %whom, notice = %row.id, "not sent yet");
                }
                let next = now.plus_seconds(again_after(due.attempts));
                self.store.notice_failed(row, fault.code(), next, now).await?
            }
        };
        Ok(())
    }

    /// What is written, to the address that the configuration gives now; `None` where it has none.
    fn letter(&self, due: &DueNotice) -> Option<Letter> {
        let directory = self.directory.load();
        let row = &due.row;
        let team = directory.destinations.get(&row.destination);
        Some(Letter {
            id: row.id,
            to: directory.alerting.contact(&row.whom)?.clone(),
            kind: row.kind,
            team: team.map_or_else(|| row.destination.to_string(), |team| team.name.clone()),
            reference: due.reference,
            since: row.since,
            due_at: row.due_at,
            at: self.env.now(),
            sign_in: self.sign_in.clone(),
        })
    }

    /// Sets the gauges of what is open.
    async fn count(&self) -> Result<(), StoreError> {
        let (open, now) = (self.store.open_notices().await?, self.env.now());
        for state in ["waiting", "failing"] {
            let of_state = || open.iter().filter(|notices| notices.state == state);
            let count: i64 = of_state().map(|notices| notices.count).sum();
            let oldest: Option<Timestamp> = of_state().map(|notices| notices.oldest).min();
            let age = oldest.map_or(0.0, |at| now.seconds_since(at).max(0.0));
            gauge!(metric::NOTICES_OPEN, "state" => state).set(count as f64);
            gauge!(metric::NOTICES_AGE, "state" => state).set(age);
        }
        Ok(())
    }
}

/// Seconds until the next attempt, after so many.
fn again_after(attempts: i32) -> i64 {
    let doubled = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(16);
    (AGAIN.start() << doubled).min(*AGAIN.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_after_half_a_minute_and_never_later_than_after_ten() {
        let waits: Vec<i64> = [1, 2, 3, 4, 5, 6, 99, i32::MAX].map(again_after).to_vec();
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600, 600]);
        assert!(*AGAIN.end() <= 900, "the store takes more for a clock that was wrong");
    }
}
