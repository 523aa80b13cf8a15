//! Documents that senders attach are looked at by a scanner, after they are durable and without
//! anybody waiting for it. What could not be scanned stays in quarantine and is tried again for as
//! long as it takes.

mod clamd;

pub use clamd::Clamd;

use crate::domain::time::Env;
use crate::domain::{AttachmentState, Timestamp};
use crate::store::keys::KeyRing;
use crate::store::{AttachmentRow, AttachmentStore, StoreError, Verdict};
use crate::telemetry::metric;
use async_trait::async_trait;
use metrics::{counter, gauge};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked whether there is something to scan.
const LOOK: Duration = Duration::from_millis(500);
/// How long to leave a store alone that does not answer.
const DELAY: Duration = Duration::from_secs(5);
/// How often the gauges are set.
const COUNT: Duration = Duration::from_secs(10);
/// Longest wait for the scanner's word on one.
const PATIENCE: Duration = Duration::from_secs(120);
/// Seconds that whoever claims a document has to scan it: longer than that may take.
const LEASE: i64 = 180;
/// Seconds until what failed is tried again, at first and at most.
const AGAIN: std::ops::RangeInclusive<i64> = 15..=600;
/// Seconds for which the gauges count what was found harmful.
const A_WEEK: i64 = 7 * 24 * 3600;

/// Why a document could not be scanned. Fixed codes: what a scanner says stays with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanFault {
    /// The scanner cannot be reached.
    Unreachable,
    /// It does not answer in time.
    Timeout,
    /// It says that it cannot scan this one.
    Refused,
    /// What it says is not understood.
    NotUnderstood,
    /// The bytes kept here do not open.
    Damaged,
}

impl ScanFault {
    pub fn code(self) -> &'static str {
        match self {
            ScanFault::Unreachable => "unreachable",
            ScanFault::Timeout => "timeout",
            ScanFault::Refused => "refused",
            ScanFault::NotUnderstood => "not-understood",
            ScanFault::Damaged => "damaged",
        }
    }
}

/// Says whether bytes are harmful.
#[async_trait]
pub trait Scanner: Send + Sync {
    async fn scan(&self, content: &[u8]) -> Result<Verdict, ScanFault>;
}

/// What is to be done after one was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There may be more.
    More,
    /// There was none.
    Look,
    /// The scanner is away: it is left alone for a while.
    Leave,
}

/// The task that has them scanned.
pub struct Scanning {
    pub store: Arc<dyn AttachmentStore>,
    /// None where the settings name none: everything stays in quarantine.
    pub scanner: Option<Arc<dyn Scanner>>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
}

impl Scanning {
    /// Runs until `stop` is true or its sender is gone. While the store does not answer, what is
    /// due stays due.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let [mut look, mut count] = [LOOK, COUNT].map(super::clocks::interval);
        let work = async {
            loop {
                let done = tokio::select! {
                    _ = look.tick() => self.next().await,
                    _ = count.tick() => self.count().await.map(|()| Next::Look),
                };
                match done {
                    Ok(Next::More) => look.reset_immediately(),
                    Ok(Next::Look) => {}
                    Ok(Next::Leave) => look.reset_after(DELAY),
                    Err(error) => {
                        look.reset_after(DELAY);
                        tracing::warn!(code = "scans-delayed", %error, "scans wait for the store");
                    }
                }
            }
        };
        let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
        tokio::select! {
            biased;
            _ = stopped => {}
            () = work => {}
        }
    }

    /// Scans one that is due, so that one is in memory.
    ///
    /// # Errors
    /// Of the store: what was claimed and not settled is claimed again when its lease runs out.
    pub async fn next(&self) -> Result<Next, StoreError> {
        let Some(scanner) = &self.scanner else { return Ok(Next::Look) };
        let now = self.env.now();
        let claimed = self.store.claim_scans(now, now.plus_seconds(LEASE), 1).await?;
        let Some(row) = claimed.first() else { return Ok(Next::Look) };
        let said = self.scan(scanner.as_ref(), row).await?;
        let next = match &said {
            Err(ScanFault::Unreachable | ScanFault::Timeout) => Next::Leave,
            _ => Next::More,
        };
        self.settle(row, said).await?;
        Ok(next)
    }

    async fn scan(
        &self,
        scanner: &dyn Scanner,
        row: &AttachmentRow,
    ) -> Result<Result<Verdict, ScanFault>, StoreError> {
        let content = self.store.attachment_content(row.id).await?;
        let Some(content) = content else { return Ok(Err(ScanFault::Damaged)) };
        let Ok(plain) = row.open(&self.ring, content).await else {
            return Ok(Err(ScanFault::Damaged));
        };
        let said = tokio::time::timeout(PATIENCE, scanner.scan(&plain)).await;
        Ok(said.unwrap_or(Err(ScanFault::Timeout)))
    }

    async fn settle(
        &self,
        row: &AttachmentRow,
        said: Result<Verdict, ScanFault>,
    ) -> Result<(), StoreError> {
        let (now, id) = (self.env.now(), row.id);
        match said {
            Ok(verdict) => {
                if self.store.scanned(row, &verdict, now).await? {
                    let state = match verdict {
                        Verdict::Clean => AttachmentState::Clean,
                        Verdict::Infected(_) => AttachmentState::Infected,
                    };
                    counter!(metric::DOCUMENTS, "state" => state.as_str()).increment(1);
                    if state == AttachmentState::Infected {
                        let (code, agency) = ("document-infected", &row.agency);
                        tracing::error!(code, document = %id, %agency, "it is handed to nobody");
                    }
                }
                Ok(())
            }
            Err(fault) => {
                counter!(metric::DOCUMENTS, "state" => "failing").increment(1);
                let (code, fault) = ("document-unscanned", fault.code());
                tracing::warn!(code, fault, document = %id, "it stays in quarantine for now");
                let next = now.plus_seconds(again_after(row.attempts));
                self.store.scan_failed(row, fault, next, now).await
            }
        }
    }

    /// Sets the gauges of what is not scanned, and of what was found harmful of late.
    async fn count(&self) -> Result<(), StoreError> {
        let now = self.env.now();
        let counts = self.store.attachment_counts(now.plus_seconds(-A_WEEK)).await?;
        for state in [AttachmentState::Quarantined, AttachmentState::Infected] {
            let of_state = || counts.iter().filter(|one| one.state == state);
            let count: i64 = of_state().map(|one| one.count).sum();
            gauge!(metric::DOCUMENTS_HELD, "state" => state.as_str()).set(count as f64);
            if state == AttachmentState::Quarantined {
                let oldest: Option<Timestamp> = of_state().map(|one| one.oldest).min();
                let age = oldest.map_or(0.0, |at| now.seconds_since(at).max(0.0));
                gauge!(metric::DOCUMENTS_AGE).set(age);
            }
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
    fn what_fails_is_tried_again_for_ever_and_never_later_than_after_ten_minutes() {
        let waits: Vec<i64> = [1, 2, 3, 6, 7, 99, i32::MAX].map(again_after).to_vec();
        assert_eq!(waits, [15, 30, 60, 480, 600, 600, 600]);
        assert!(*AGAIN.end() <= 900, "the store takes more for a clock that was wrong");
        let longest = i64::try_from(PATIENCE.as_secs()).unwrap_or(i64::MAX);
        assert!(LEASE > longest + 30 && LEASE <= 900);
    }
}
