//! A store, a broker and a clock that fail on purpose, driven by a seed, for the real relay to run
//! over.

use super::line::Line;
use super::support::{START, Seeded};
use async_trait::async_trait;
use frontdoor::broker::relay::Parts;
use frontdoor::broker::{Relay, RelayHandle};
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, MessageId, Priority, ReferralId, Timestamp};
use frontdoor::store::patient::Patient;
use frontdoor::store::{Failure, Leave, OutboxRow, RelayStore, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(super) type Pair = (Option<ReferralId>, DestinationId);

/// Longest wait for the store.
const PATIENCE: Duration = Duration::from_secs(45);

pub(super) fn pair(row: &OutboxRow) -> Pair {
    (row.referral, row.destination.clone())
}

/// What there is of one message.
pub(super) struct Kept {
    pub(super) row: OutboxRow,
    pub(super) delivered: bool,
    pub(super) failing: bool,
    next_attempt_at: Timestamp,
    /// When the store marked it.
    pub(super) marked_at: Option<Timestamp>,
}

/// Store, broker and clock in one: everything that is not the relay.
pub(super) struct World {
    pub(super) random: Seeded,
    jumped: AtomicI64,
    started: Instant,
    kept: Mutex<BTreeMap<MessageId, Kept>>,
    /// Those not delivered, of each pair in order.
    open: Mutex<BTreeMap<Pair, BTreeSet<(i32, MessageId)>>>,
    copied: Mutex<BTreeSet<MessageId>>,
    /// First deliveries, in order, and every publication under way.
    pub(super) arrived: Mutex<Vec<(Pair, i32, MessageId)>>,
    pub(super) arrived_ids: Mutex<BTreeSet<MessageId>>,
    pub(super) under_way: Mutex<Vec<(usize, Pair)>>,
    pub(super) publications: Mutex<BTreeMap<MessageId, u32>>,
    pub(super) missing: Mutex<BTreeSet<DestinationId>>,
    pub(super) stuck: Mutex<BTreeSet<DestinationId>>,
    pub(super) paused: Mutex<BTreeSet<DestinationId>>,
    pub(super) declared: AtomicI64,
    pub(super) claims: AtomicI64,
    /// Store and broker fail at random.
    pub(super) faulty: AtomicBool,
    pub(super) store_down: AtomicBool,
    /// The store is lost in silence: what it is asked now it never answers.
    pub(super) silent: AtomicBool,
    /// The copies' transactions take this many milliseconds.
    pub(super) slow_copies: AtomicU64,
    /// Rows claimed, marked as failing, and given back.
    pub(super) claimed_rows: AtomicU64,
    pub(super) failed_rows: AtomicU64,
    pub(super) released_rows: AtomicU64,
    /// Transactions of copies.
    pub(super) diversions: AtomicU64,
    pub(super) broker_up: AtomicBool,
    pub(super) operations: AtomicI64,
}

impl World {
    pub(super) fn new(seed: u64) -> Arc<World> {
        Arc::new(World {
            random: Seeded::new(seed),
            jumped: AtomicI64::new(0),
            started: Instant::now(),
            kept: Mutex::default(),
            open: Mutex::default(),
            arrived_ids: Mutex::default(),
            copied: Mutex::default(),
            arrived: Mutex::default(),
            under_way: Mutex::default(),
            publications: Mutex::default(),
            missing: Mutex::default(),
            stuck: Mutex::default(),
            paused: Mutex::default(),
            declared: AtomicI64::new(0),
            claims: AtomicI64::new(0),
            faulty: AtomicBool::new(false),
            store_down: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            slow_copies: AtomicU64::new(0),
            claimed_rows: AtomicU64::new(0),
            failed_rows: AtomicU64::new(0),
            released_rows: AtomicU64::new(0),
            diversions: AtomicU64::new(0),
            broker_up: AtomicBool::new(true),
            operations: AtomicI64::new(0),
        })
    }

    pub(super) fn relay(self: &Arc<World>, process: usize) -> (Relay, RelayHandle) {
        Relay::new(Parts {
            store: Arc::new(Patient::new(self.clone(), PATIENCE)),
            broker: Arc::new(Line { world: self.clone(), process }),
            env: self.clone(),
            masstt: DestinationId::new("masstt"),
        })
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, BTreeMap<MessageId, Kept>> {
        self.kept.lock().expect("not poisoned")
    }

    pub(super) fn write(&self, row: OutboxRow) {
        let kept = Kept {
            next_attempt_at: row.created_at,
            row,
            delivered: false,
            failing: false,
            marked_at: None,
        };
        let place = (kept.row.sequence, kept.row.id);
        self.open().entry(pair(&kept.row)).or_default().insert(place);
        self.kept().insert(kept.row.id, kept);
    }

    pub(super) fn open(&self) -> MutexGuard<'_, BTreeMap<Pair, BTreeSet<(i32, MessageId)>>> {
        self.open.lock().expect("not poisoned")
    }

    fn close(&self, row: &OutboxRow) {
        let mut open = self.open();
        let theirs = open.get_mut(&pair(row)).expect("it was open");
        theirs.remove(&(row.sequence, row.id));
        if theirs.is_empty() {
            open.remove(&pair(row));
        }
    }

    pub(super) fn copies_of(&self, destination: &str) -> Vec<OutboxRow> {
        let kept = self.kept();
        let copies = kept.values().filter(|kept| {
            kept.row.kind.contains("delivery-failing")
                && kept
                    .row
                    .payload
                    .windows(destination.len())
                    .any(|part| part == destination.as_bytes())
        });
        copies.map(|kept| kept.row.clone()).collect()
    }

    fn is_paused(&self, destination: &DestinationId) -> bool {
        self.paused.lock().expect("not poisoned").contains(destination)
    }

    pub(super) fn jump(&self, seconds: i64) {
        self.jumped.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    pub(super) fn faulty(&self, one_in: u64) -> bool {
        self.faulty.load(Ordering::Relaxed) && self.random.one_in(one_in)
    }

    /// Takes time, and may fail before anything is done.
    async fn operate(&self) -> Result<(), StoreError> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_micros(500 + self.random.below(2_000))).await;
        if self.silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.store_down.load(Ordering::Relaxed) || self.faulty(15) {
            return Err(StoreError::Unavailable("simulated".to_owned()));
        }
        Ok(())
    }

    /// The answer may be lost after it was done.
    fn answer<T>(&self, answer: T) -> Result<T, StoreError> {
        match self.faulty(20) {
            true => Err(StoreError::Unavailable("the answer was lost".to_owned())),
            false => Ok(answer),
        }
    }

    pub(super) async fn until_all_are_delivered(&self, seconds: u64) {
        for _ in 0..seconds * 10 {
            if self.open().is_empty() {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        let kept = self.kept();
        let left: Vec<_> = kept.values().filter(|kept| !kept.delivered).collect();
        panic!("{} of {} not delivered, e.g. {:?}", left.len(), kept.len(), left[0].row);
    }

    pub(super) fn check_order_of_first_deliveries(&self) {
        let mut last: BTreeMap<&Pair, i32> = BTreeMap::new();
        let arrived = self.arrived.lock().expect("not poisoned");
        for (pair, sequence, id) in arrived.iter().filter(|(_, sequence, _)| *sequence > 0) {
            let before = last.insert(pair, *sequence).unwrap_or(0);
            assert_eq!(*sequence, before + 1, "{id} overtook, or one before it is missing");
        }
    }
}

impl Env for World {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).expect("short");
        Timestamp(START.0 + elapsed + self.jumped.load(Ordering::Relaxed))
    }
    fn entropy(&self, into: &mut [u8]) {
        self.random.fill(into);
    }
}

#[async_trait]
impl RelayStore for World {
    async fn claim_except(
        &self,
        leave: &Leave,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.operate().await?;
        self.claims.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept();
        let mut due: Vec<MessageId> = Vec::new();
        for places in self.open().values() {
            let leased = |(_, id): &(i32, MessageId)| {
                kept[id].row.leased_until.is_some_and(|until| until > now)
            };
            let (_, first) = places.first().expect("a pair without places is removed");
            let one = &kept[first];
            let full = match one.row.priority {
                Priority::Immediate => &leave.immediate,
                _ => &leave.others,
            };
            let urged =
                || places.iter().any(|(_, id)| kept[id].row.priority == Priority::Immediate);
            let left = leave.failing && one.failing
                || full.contains(&one.row.destination)
                || self.is_paused(&one.row.destination) && !urged();
            if one.next_attempt_at <= now && !left && !places.iter().any(leased) {
                due.push(*first);
            }
        }
        due.sort_by_cached_key(|id| {
            let row = &kept[id].row;
            (std::cmp::Reverse(row.priority), row.created_at, *id)
        });
        let claimed = due.into_iter().take(limit).map(|id| {
            let one = kept.get_mut(&id).expect("it is kept");
            one.row.leased_until = Some(lease_until);
            one.row.fence += 1;
            one.row.attempts += 1;
            one.row.clone()
        });
        let claimed: Vec<OutboxRow> = claimed.collect();
        drop(kept);
        self.claimed_rows.fetch_add(claimed.len() as u64, Ordering::Relaxed);
        self.answer(claimed)
    }

    async fn paused(&self, _: Timestamp) -> Result<Vec<DestinationId>, StoreError> {
        Ok(self.paused.lock().expect("not poisoned").iter().cloned().collect())
    }

    async fn release(&self, rows: &[(MessageId, i64)]) -> Result<(), StoreError> {
        self.operate().await?;
        for (id, fence) in rows {
            let mut kept = self.kept();
            let one = kept.get_mut(id).expect("it was written");
            if one.row.fence == *fence && !one.delivered {
                one.row.leased_until = None;
                one.row.attempts -= 1;
                self.released_rows.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.answer(())
    }

    async fn confirm(
        &self,
        done: &[(MessageId, i64)],
        now: Timestamp,
    ) -> Result<Vec<MessageId>, StoreError> {
        self.operate().await?;
        let mut marked = Vec::new();
        for (id, fence) in done {
            let mut kept = self.kept();
            let one = kept.get_mut(id).expect("it was written");
            if one.row.fence == *fence && !one.delivered {
                let arrived = self.arrived_ids.lock().expect("not poisoned").contains(id);
                assert!(arrived, "marked as delivered, and not delivered");
                self.close(&one.row);
                one.delivered = true;
                one.marked_at = Some(now);
                marked.push(*id);
            }
        }
        self.answer(marked)
    }

    async fn fail(&self, failed: &[Failure], _: Timestamp) -> Result<(), StoreError> {
        self.operate().await?;
        for failure in failed {
            let mut kept = self.kept();
            let one = kept.get_mut(&failure.id).expect("it was written");
            if one.row.fence == failure.fence && !one.delivered {
                one.row.leased_until = None;
                one.next_attempt_at = failure.next_attempt_at;
                one.failing = true;
                self.failed_rows.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.answer(())
    }

    async fn dead(
        &self,
        _: MessageId,
        _: Option<OutboxRow>,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn revive(
        &self,
        _: &DestinationId,
        _: RangeInclusive<i64>,
        _: Timestamp,
        _: usize,
    ) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn divert(
        &self,
        copies: &[(MessageId, OutboxRow)],
        _: Timestamp,
    ) -> Result<usize, StoreError> {
        self.operate().await?;
        self.diversions.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(self.slow_copies.load(Ordering::Relaxed))).await;
        let mut written = 0;
        for (original, copy) in copies {
            let first = self.copied.lock().expect("not poisoned").insert(*original);
            if first {
                self.write(copy.clone());
                written += 1;
            }
        }
        self.answer(written)
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.operate().await?;
        let kept = self.kept();
        let free = kept
            .values()
            .filter(|one| !one.delivered && one.row.leased_until.is_none_or(|until| until <= now));
        Ok(free.map(|one| one.next_attempt_at).min())
    }

    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(self.kept().get(&id).map(|one| one.row.clone()))
    }
}

pub(super) fn simulated<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}
