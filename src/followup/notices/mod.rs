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
    use crate::domain::{DestinationId, NoticeId, NoticeKind, Priority, RoleId, Whom};
    use crate::store::notices::Tell;
    use crate::store::{Alerted, NoticeRow, OpenNotices, Overdue};
    use async_trait::async_trait;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    #[test]
    fn what_fails_is_tried_again_after_half_a_minute_and_never_later_than_after_ten() {
        let waits: Vec<i64> = [1, 2, 3, 4, 5, 6, 99, i32::MAX].map(again_after).to_vec();
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600, 600]);
        assert!(*AGAIN.end() <= 900, "the store takes more for a clock that was wrong");
    }

    /// A store with one writer, like SQLite's, whose writes take longer than the sender's pause.
    struct OneWriter {
        writer: Semaphore,
        waiting: Mutex<Vec<DueNotice>>,
        failed: AtomicUsize,
    }

    #[async_trait]
    impl NoticeStore for OneWriter {
        async fn alert(
            &self,
            _: Timestamp,
            _: Overdue,
            _: usize,
            _: Tell<'_>,
        ) -> Result<Vec<Alerted>, StoreError> {
            Ok(Vec::new())
        }

        async fn claim_notices(
            &self,
            _: Timestamp,
            _: Timestamp,
            _: usize,
        ) -> Result<Vec<DueNotice>, StoreError> {
            let _writing = self.writer.acquire().await.expect("open");
            Ok(std::mem::take(&mut *self.waiting.lock().expect("whole")))
        }

        async fn notice_sent(&self, _: &NoticeRow, _: Timestamp) -> Result<bool, StoreError> {
            Ok(true)
        }

        async fn notice_failed(
            &self,
            _: &NoticeRow,
            _: &'static str,
            _: Timestamp,
            _: Timestamp,
        ) -> Result<bool, StoreError> {
            let _writing = self.writer.acquire().await.expect("open");
            tokio::time::sleep(LOOK + Duration::from_millis(200)).await;
            self.failed.fetch_add(1, Ordering::SeqCst);
            Ok(true)
        }

        async fn open_notices(&self) -> Result<Vec<OpenNotices>, StoreError> {
            Ok(Vec::new())
        }
    }

    struct Still;

    impl Env for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }

        fn entropy(&self, _: &mut [u8]) {}
    }

    fn due(n: u128) -> DueNotice {
        let row = NoticeRow {
            id: NoticeId(uuid::Uuid::from_u128(n)),
            whom: Whom::Role(RoleId::new("duty-manager")),
            kind: NoticeKind::Overdue,
            destination: DestinationId::new("masstt"),
            referral: None,
            refusal: None,
            message: None,
            priority: Priority::Standard,
            since: Timestamp(0),
            due_at: Timestamp(0),
            created_at: Timestamp(0),
        };
        DueNotice { row, reference: None, attempts: 1 }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_under_way_goes_on_while_the_sender_waits_for_the_same_writer() {
        let store = Arc::new(OneWriter {
            writer: Semaphore::new(1),
            waiting: Mutex::new(vec![due(1), due(2)]),
            failed: AtomicUsize::new(0),
        });
        let notices = Notices {
            store: store.clone(),
            channel: Arc::new(NoChannel),
            directory: Arc::default(),
            env: Arc::new(Still),
            sign_in: String::new(),
        };
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(notices.run(stopped));
        for _ in 0..100 {
            if store.failed.load(Ordering::SeqCst) == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(store.failed.load(Ordering::SeqCst), 2, "they wait for each other");
        stop.send_replace(true);
        running.await.expect("it ends");
    }
}
