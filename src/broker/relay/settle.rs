//! Writing down what became of published messages: confirmed, failing, copied to MASSTT.

use super::Parts;
use super::backoff::{LEAST, MOST_PRESSING, exponential, next_attempt};
use crate::broker::copies::{Cause, for_masstt};
use crate::broker::traits::PublishOutcome;
use crate::domain::{DestinationId, MessageId, Priority};
use crate::store::{Failure, OutboxRow, StoreError};
use futures::future::{BoxFuture, FutureExt};
use metrics::counter;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Seconds of failing after which MASSTT gets a copy; at once when people are to be alerted.
const COPY_AFTER_SECONDS: f64 = 60.0;
/// Confirms are marked together with those that come this soon after the first.
const GATHER: Duration = Duration::from_millis(20);
/// Originals remembered as copied; the store remembers them all.
const REMEMBERED: usize = 10_000;

/// What is to be written, and what was.
pub(super) struct Ledger {
    parts: Parts,
    confirmed: Vec<OutboxRow>,
    failed: Vec<(OutboxRow, Failure)>,
    copies: Vec<(MessageId, OutboxRow)>,
    copied: BTreeSet<MessageId>,
    store_failures: u32,
    retry_at: Option<Instant>,
}

/// One round of writing.
pub(super) struct Settled {
    /// Marked, or found to be someone else's by now.
    pub(super) confirmed: Vec<OutboxRow>,
    /// Freed, or left to their leases.
    pub(super) failed: Vec<OutboxRow>,
    copied: Vec<MessageId>,
    /// Confirmed by the broker and not marked, because the store failed.
    unmarked: Vec<OutboxRow>,
    error: Option<StoreError>,
}

impl Ledger {
    pub(super) fn new(parts: Parts) -> Self {
        Ledger {
            parts,
            confirmed: Vec::new(),
            failed: Vec::new(),
            copies: Vec::new(),
            copied: BTreeSet::new(),
            store_failures: 0,
            retry_at: None,
        }
    }

    pub(super) fn confirmed(&mut self, row: OutboxRow) {
        self.copied.remove(&row.id);
        if self.is_empty() {
            self.retry_at.get_or_insert(Instant::now() + GATHER);
        }
        self.confirmed.push(row);
    }

    pub(super) fn failed(&mut self, row: OutboxRow, outcome: PublishOutcome) {
        let (now, env) = (self.parts.env.now(), self.parts.env.as_ref());
        let failure = Failure {
            id: row.id,
            fence: row.fence,
            next_attempt_at: next_attempt(&row, now, env),
            fault: outcome.fault(),
        };
        // While the broker as a whole is away, a copy would only wait beside its original.
        let concerns_destination = outcome != PublishOutcome::Unknown || self.parts.broker.is_up();
        let pressing = row.priority == Priority::Immediate
            || now.seconds_since(row.created_at) >= COPY_AFTER_SECONDS;
        if pressing && concerns_destination {
            if row.destination == self.parts.masstt {
                counter!("frontdoor_relay_masstt_failing_total").increment(1);
                tracing::error!(code = "masstt-failing", "a message does not get to MASSTT");
            } else if !self.copied.contains(&row.id) {
                let masstt = &self.parts.masstt;
                let copy = for_masstt(&row, Cause::Failing, masstt, now, env);
                self.copies.push((row.id, copy));
            }
        }
        self.failed.push((row, failure));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.confirmed.is_empty() && self.failed.is_empty() && self.copies.is_empty()
    }

    /// When to write: confirms gather for a moment, and a store that failed is left alone.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Starts a round, if there is something to write and the store is not being left alone.
    pub(super) fn settle(&mut self, now: Instant) -> Option<BoxFuture<'static, Settled>> {
        if self.retry_at.is_some_and(|at| now < at) {
            return None;
        }
        // Also with nothing to write: the relay waits for this moment, and would wait for one that
        // is past without ever resting.
        self.retry_at = None;
        if self.is_empty() {
            return None;
        }
        let confirmed = std::mem::take(&mut self.confirmed);
        let failed = std::mem::take(&mut self.failed);
        let copies = std::mem::take(&mut self.copies);
        let parts = self.parts.clone();
        Some(write(parts, confirmed, failed, copies).boxed())
    }

    pub(super) fn settled(&mut self, settled: Settled) {
        self.confirmed.extend(settled.unmarked);
        if self.copied.len() > REMEMBERED {
            self.copied.clear();
        }
        self.copied.extend(settled.copied);
        match settled.error {
            None => self.store_failures = 0,
            Some(error) => {
                tracing::warn!(code = "outbox-unwritten", %error, "outcomes wait for the store");
                let env = self.parts.env.as_ref();
                let wait = exponential(self.store_failures, LEAST, MOST_PRESSING, env);
                self.retry_at = Some(Instant::now() + wait);
                self.store_failures += 1;
            }
        }
    }
}

/// Confirmed rows are kept until they are marked: the broker has them. Failures and copies that
/// cannot be written are let go: leases run out, the messages are tried again, and fail again.
async fn write(
    parts: Parts,
    confirmed: Vec<OutboxRow>,
    failed: Vec<(OutboxRow, Failure)>,
    copies: Vec<(MessageId, OutboxRow)>,
) -> Settled {
    let (store, now) = (&parts.store, parts.env.now());
    let mut error = None;
    let mut unmarked = Vec::new();
    let mut marked = confirmed;
    if !marked.is_empty() {
        parts.env.reached("relay.confirm-mark");
        let done: Vec<_> = marked.iter().map(|row| (row.id, row.fence)).collect();
        if let Err(fault) = store.confirm(&done, now).await {
            error = Some(fault);
            unmarked = std::mem::take(&mut marked);
        }
    }
    let (rows, failures): (Vec<_>, Vec<_>) = failed.into_iter().unzip();
    if !failures.is_empty()
        && let Err(fault) = store.fail(&failures, now).await
    {
        error = Some(fault);
    }
    let mut copied = Vec::with_capacity(copies.len());
    for (original, copy) in copies {
        match store.divert(original, copy, now).await {
            Ok(written) => {
                copied.push(original);
                counter!("frontdoor_relay_diverted_total").increment(u64::from(written));
            }
            Err(fault) => error = Some(fault),
        }
    }
    Settled { confirmed: marked, failed: rows, copied, unmarked, error }
}

/// Outcomes of one batch.
#[derive(Default)]
pub(super) struct Counts([u64; 4]);

impl Counts {
    const KINDS: [(PublishOutcome, &'static str); 4] = [
        (PublishOutcome::Confirmed, "confirmed"),
        (PublishOutcome::Returned, "returned"),
        (PublishOutcome::Nacked, "nacked"),
        (PublishOutcome::Unknown, "unknown"),
    ];

    pub(super) fn count(&mut self, outcome: PublishOutcome) {
        for (count, (kind, _)) in self.0.iter_mut().zip(Self::KINDS) {
            *count += u64::from(kind == outcome);
        }
    }

    pub(super) fn returned(&self) -> bool {
        self.0[1] > 0
    }

    pub(super) fn report(&self, destination: &DestinationId) {
        for (count, (_, outcome)) in self.0.iter().zip(Self::KINDS) {
            if *count > 0 {
                let labels =
                    [("destination", destination.to_string()), ("outcome", outcome.into())];
                counter!("frontdoor_relay_published_total", &labels).increment(*count);
            }
        }
    }
}
