//! The outbox relay: takes messages from the outbox to the broker, and marks those confirmed.
//!
//! Rows come in two ways: claimed from the store under a lease with a fencing number, or handed
//! over in memory by the commit lane, leased at birth. Each queue has a lane of its own, so that a
//! slow or broken one holds up nobody else. Confirms are marked in batches; failures back
//! off. The relay knows no clock, store or broker but those it is given, so that the same code
//! runs in a simulation (invariant 12).

pub mod backoff;
mod copying;
mod handover;
mod lanes;
mod paused;
mod settle;

pub use handover::{Handover, Permit, RelayHandle};

use super::traits::{Broker, BrokerError, PublishOutcome};
use crate::domain::time::Env;
use crate::domain::{DestinationId, Timestamp};
use crate::store::{Leave, OutboxRow, RelayStore, StoreError};
use copying::{Copied, Copies};
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, OptionFuture};
use futures::stream::FuturesUnordered;
use handover::Inbox;
use lanes::{BATCH, Departure, Lanes};
use paused::Paused;
use settle::{Ledger, Settled};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long a claimed row is ours, seconds.
pub const LEASE_SECONDS: i64 = 30;
/// A batch without outcomes after this long has none.
const PUBLISH_LIMIT: Duration = Duration::from_secs(15);
/// Lease that a row must have left when it is published: longer than [`PUBLISH_LIMIT`].
const LEASE_NEEDED_SECONDS: i64 = 18;
/// The outbox is looked at this often, whatever else happens.
const POLL: Duration = Duration::from_secs(1);
/// Rows that are due and yet not to be had (leased elsewhere) are not asked for more often.
const SOONEST: Duration = Duration::from_millis(250);
/// Topology is declared again at most this often.
const REDECLARE: Duration = Duration::from_secs(1);
/// Longest drain at shutdown.
const DRAIN: Duration = Duration::from_secs(10);
/// Longest wait after that for the store to free what was not sent.
const GIVE_BACK: Duration = Duration::from_secs(2);

/// What the relay works with.
#[derive(Clone)]
pub struct Parts {
    pub store: Arc<dyn RelayStore>,
    pub broker: Arc<dyn Broker>,
    pub env: Arc<dyn Env>,
    /// Where copies of what does not get through go.
    pub masstt: DestinationId,
}

/// What the outbox gave.
struct Claimed {
    rows: Result<Vec<OutboxRow>, StoreError>,
    next: Option<Timestamp>,
    until: Timestamp,
    /// Destinations that are paused, where the store was asked.
    paused: Option<Vec<DestinationId>>,
}

/// A batch that has its outcomes.
struct Landed {
    departure: Departure,
    outcomes: Vec<PublishOutcome>,
}

/// The relay; [`Relay::run`] is its task.
pub struct Relay {
    parts: Parts,
    inbox: Inbox,
    lanes: Lanes,
    ledger: Ledger,
    copies: Copies,
    paused: Paused,
    flights: FuturesUnordered<BoxFuture<'static, Landed>>,
    claiming: Option<BoxFuture<'static, Claimed>>,
    settling: Option<BoxFuture<'static, Settled>>,
    copying: Option<BoxFuture<'static, Copied>>,
    declaring: Option<BoxFuture<'static, Result<(), BrokerError>>>,
    /// When the outbox is looked at next.
    look_at: Instant,
    declared_at: Option<Instant>,
    drained_by: Option<Instant>,
    /// Being shut down it has looked at the outbox with nothing in its hands, and found nothing.
    swept: bool,
    inbox_open: bool,
}

impl Relay {
    /// The relay and what holds it. It does nothing until [`Relay::run`] is polled.
    pub fn new(parts: Parts) -> (Relay, RelayHandle) {
        let (handle, inbox) = handover::channel();
        let relay = Relay {
            ledger: Ledger::new(parts.clone()),
            copies: Copies::new(parts.clone()),
            parts,
            inbox,
            lanes: Lanes::default(),
            paused: Paused::default(),
            flights: FuturesUnordered::new(),
            claiming: None,
            settling: None,
            copying: None,
            declaring: None,
            look_at: Instant::now(),
            declared_at: None,
            drained_by: None,
            swept: false,
            inbox_open: true,
        };
        (relay, handle)
    }

    /// Runs until it is shut down, or its handle and every `Handover` are gone. Dropping it
    /// instead is a crash: leases run out and others go on.
    pub async fn run(mut self) {
        while !self.is_drained() {
            self.advance();
            self.wait().await;
        }
        self.give_back().await;
    }

    /// What is claimed and was not sent in time is freed, so that others need not wait for leases
    /// to run out.
    async fn give_back(&mut self) {
        let rows: Vec<_> =
            self.lanes.unsent().iter().map(|row| (row.id, self.lanes.fence(row))).collect();
        if !rows.is_empty() {
            let _ = timeout(GIVE_BACK, self.parts.store.release(&rows)).await;
        }
    }

    /// Starts whatever can be started.
    fn advance(&mut self) {
        let now = Instant::now();
        let draining = self.drained_by.is_some();
        self.depart(now);
        // There may be no other gateway, so what waits is taken too; once everything in hand is
        // settled, since only then does what comes next for the same team become free.
        let looks = if draining { self.holds_nothing() } else { now >= self.look_at };
        if looks && !self.swept && self.claiming.is_none() && self.has_room(now) {
            let asks = self.paused.asks(now);
            self.claiming = Some(self.claim(asks));
        }
        if self.settling.is_none() {
            self.settling = self.ledger.settle(now);
        }
        if self.copying.is_none() {
            self.copying = self.copies.write();
        }
        let accepting = !draining && self.parts.broker.is_up() && self.has_room(now);
        self.inbox.shared.accepting.store(accepting, Ordering::Relaxed);
    }

    fn holds_nothing(&self) -> bool {
        !self.inbox_open
            && self.lanes.is_idle()
            && self.settling.is_none()
            && self.ledger.is_empty()
            && self.copying.is_none()
            && self.copies.is_empty()
    }

    fn has_room(&self, now: Instant) -> bool {
        self.lanes.waiting(now) < BATCH
    }

    /// Waits for the next thing to happen and takes it in. The order is fixed, so that a
    /// simulation repeats itself exactly.
    async fn wait(&mut self) {
        let (look_at, retry_at) = (self.look_at, self.ledger.retry_at());
        // While a round is being written the next is not due, whatever its time.
        let retry_at = retry_at.filter(|_| self.settling.is_none());
        let idle_claims = self.claiming.is_none() && self.drained_by.is_none();
        let room = self.has_room(Instant::now());
        // While the broker is away, new rows show as failing at the regular look.
        let wakes = idle_claims && self.parts.broker.is_up();
        let stop = &mut self.inbox.stop;
        let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
        tokio::select! {
            biased;
            _ = stopped, if self.drained_by.is_none() => {
                self.drained_by = Some(Instant::now() + DRAIN);
                self.inbox.rows.close();
            }
            Some(settled) = OptionFuture::from(self.settling.as_mut()) => {
                self.settling = None;
                self.settled(settled);
            }
            Some(landed) = self.flights.next() => self.landed(landed),
            rows = self.inbox.rows.recv(), if self.inbox_open => match rows {
                Some(rows) => self.accept(rows, false),
                None => self.inbox_open = false,
            },
            Some(claimed) = OptionFuture::from(self.claiming.as_mut()) => {
                self.claiming = None;
                self.claimed(claimed);
            }
            Some(declared) = OptionFuture::from(self.declaring.as_mut()) => {
                self.declaring = None;
                if let Err(error) = declared {
                    tracing::warn!(code = "broker-declare", %error, "queues are not declared");
                }
            }
            Some(copied) = OptionFuture::from(self.copying.as_mut()) => {
                self.copying = None;
                self.copies.written(copied);
            }
            () = self.inbox.shared.wake.notified(), if wakes => {
                self.look_at = Instant::now();
            }
            () = sleep_until(look_at), if idle_claims && room => {}
            () = sleep_until(retry_at.unwrap_or(look_at)), if retry_at.is_some() => {}
            // Lanes stall and leases run out without an event.
            () = sleep(POLL) => {}
        }
    }

    fn is_drained(&self) -> bool {
        let Some(by) = self.drained_by else { return false };
        // Without a broker nothing can be done about what waits.
        let swept = self.swept || !self.parts.broker.is_up();
        let nothing_left = swept && self.claiming.is_none() && self.holds_nothing();
        nothing_left || Instant::now() >= by
    }

    /// `asks`: for destinations that are paused, as well.
    fn claim(&self, asks: bool) -> BoxFuture<'static, Claimed> {
        let (store, now) = (self.parts.store.clone(), self.parts.env.now());
        let until = now.plus_seconds(LEASE_SECONDS);
        let leave = Leave { failing: !self.parts.broker.is_up(), ..self.lanes.leave() };
        let left = leave != Leave::default() || self.paused.any();
        async move {
            let paused = if asks { store.paused(now).await.ok() } else { None };
            let rows = store.claim_except(&leave, now, until, BATCH).await;
            let more = matches!(&rows, Ok(rows) if rows.len() == BATCH);
            let next = match &rows {
                Ok(_) if more => Some(now),
                // What was left is due: it is looked at again as regularly as everything.
                Ok(_) if left => None,
                Ok(_) => store.next_due(now).await.unwrap_or_default(),
                Err(_) => None,
            };
            Claimed { rows, next, until, paused }
        }
        .boxed()
    }

    fn claimed(&mut self, Claimed { rows, next, until, paused }: Claimed) {
        if let Some(paused) = paused {
            self.paused.told(paused);
        }
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(code = "outbox-unread", %error, "the outbox cannot be read");
                Vec::new()
            }
        };
        self.swept = self.drained_by.is_some() && rows.is_empty() && self.holds_nothing();
        let wait = match next {
            _ if rows.len() == BATCH => Duration::ZERO,
            Some(due) => {
                let left = due.0.saturating_sub(self.parts.env.now().0);
                Duration::from_micros(u64::try_from(left).unwrap_or_default()).clamp(SOONEST, POLL)
            }
            None => POLL,
        };
        self.look_at = Instant::now() + wait;
        let leased = |mut row: OutboxRow| {
            row.leased_until = Some(until);
            row
        };
        self.accept(rows.into_iter().map(leased).collect(), true);
    }

    fn accept(&mut self, rows: Vec<OutboxRow>, claimed: bool) {
        for row in rows {
            if !claimed && self.paused.holds(&row) {
                self.ledger.surplus(&row);
            } else if let Some(surplus) = self.lanes.accept(row, claimed) {
                self.ledger.surplus(&surplus);
            }
        }
    }

    /// Publishes what waits and may leave.
    fn depart(&mut self, now: Instant) {
        let needed = self.parts.env.now().plus_seconds(LEASE_NEEDED_SECONDS);
        for departure in self.lanes.departures(now, needed) {
            let (broker, env) = (self.parts.broker.clone(), self.parts.env.clone());
            self.flights.push(
                async move {
                    let published = publish(broker.as_ref(), env.as_ref(), &departure.rows);
                    let outcomes = timeout(PUBLISH_LIMIT, published).await.unwrap_or_default();
                    Landed { departure, outcomes }
                }
                .boxed(),
            );
        }
    }

    fn landed(&mut self, landed: Landed) {
        let Landed { departure, outcomes } = landed;
        self.lanes.landed(&departure.queue, departure.since);
        let outcomes = outcomes.into_iter().chain(std::iter::repeat(PublishOutcome::Unknown));
        let mut counts = settle::Counts::default();
        // A handle made before the recorder is there would count for nobody.
        let lag = metrics::histogram!("frontdoor_outbox_lag_seconds");
        for (mut row, outcome) in departure.rows.into_iter().zip(outcomes) {
            row.fence = self.lanes.fence(&row);
            counts.count(outcome);
            match outcome {
                PublishOutcome::Confirmed => {
                    let now = self.parts.env.now();
                    lag.record(now.seconds_since(row.created_at).max(0.0));
                    self.copies.confirmed(&row);
                    self.ledger.confirmed(row);
                }
                outcome => {
                    self.copies.failed(&row, outcome);
                    self.ledger.failed(row, outcome);
                }
            }
        }
        counts.report(&departure.queue.0);
        if counts.returned() {
            self.declare_again();
        }
    }

    /// A queue is missing: someone deleted it, or configuration is newer than the broker.
    fn declare_again(&mut self) {
        let now = Instant::now();
        let recently = self.declared_at.is_some_and(|at| now.duration_since(at) < REDECLARE);
        if self.declaring.is_none() && !recently {
            self.declared_at = Some(now);
            let broker = self.parts.broker.clone();
            self.declaring = Some(async move { broker.declare().await }.boxed());
        }
    }

    fn settled(&mut self, settled: Settled) {
        for row in &settled.confirmed {
            if let Some(surplus) = self.lanes.confirmed(row) {
                self.ledger.surplus(&surplus);
            }
        }
        for row in &settled.failed {
            self.lanes.release(row);
        }
        if !settled.failed.is_empty() {
            // Their next attempts are sooner than the next regular look.
            self.look_at = self.look_at.min(Instant::now() + SOONEST);
        }
        self.ledger.settled(settled);
    }
}

/// Publishes, and says when the messages are on their way and nothing is known of them yet.
async fn publish(broker: &dyn Broker, env: &dyn Env, rows: &[OutboxRow]) -> Vec<PublishOutcome> {
    let mut published = broker.publish(rows);
    match futures::poll!(&mut published) {
        Poll::Ready(outcomes) => outcomes,
        Poll::Pending => {
            env.reached("relay.publish-confirm");
            published.await
        }
    }
}
