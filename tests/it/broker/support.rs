//! Rows, a clock that is set by hand, and entropy from a seed.

use frontdoor::domain::time::Env;
use frontdoor::domain::{
    AgencyId, DestinationId, MessageId, Priority, Purpose, ReferralId, Timestamp,
};
use frontdoor::store::OutboxRow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// 24 November 2026, a Tuesday morning.
pub(super) const START: Timestamp = Timestamp(1_795_510_800_000_000);

/// Steele, Lea and Flood's SplitMix64 (OOPSLA 2014): small, and the same everywhere.
#[derive(Debug)]
pub(super) struct Seeded(AtomicU64);

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Seeded(AtomicU64::new(seed))
    }

    pub(super) fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, `end`.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(super) fn fill(&self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A clock that moves only by hand.
pub(super) struct Still {
    now: Mutex<Timestamp>,
    entropy: Seeded,
}

impl Still {
    pub(super) fn new() -> Self {
        // Tests share one RabbitMQ: ids must differ from one run to the next.
        let unique = uuid::Uuid::new_v4().as_u64_pair().1;
        Still { now: Mutex::new(START), entropy: Seeded::new(unique) }
    }

    pub(super) fn forward(&self, seconds: i64) {
        let mut now = self.now.lock().expect("not poisoned");
        *now = now.plus_seconds(seconds);
    }
}

impl Env for Still {
    fn now(&self) -> Timestamp {
        *self.now.lock().expect("not poisoned")
    }
    fn entropy(&self, into: &mut [u8]) {
        self.entropy.fill(into);
    }
}

/// A message of a referral of its own, leased and ready.
pub(super) fn row(destination: &DestinationId, env: &dyn Env) -> OutboxRow {
    let now = env.now();
    let id = MessageId::from_parts(now, env.entropy_id());
    OutboxRow {
        id,
        referral: Some(ReferralId::from_parts(now, env.entropy_id())),
        refusal: None,
        destination: destination.clone(),
        purpose: Purpose::new("screening"),
        priority: Priority::Standard,
        kind: "referral.routed.v1".to_owned(),
        sequence: 1,
        created_at: now,
        due_at: now.plus_seconds(86_400),
        payload: format!("{{\"id\":\"{id}\",\"subject\":\"T\",\"data\":{{}}}}").into_bytes(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        agency: AgencyId::new("calder-high"),
        level: "4".to_owned(),
        attempts: 1,
        fence: 1,
        leased_until: None,
    }
}

/// Waits for something that another party does in its own time.
pub(super) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("in 30 seconds it did not come to be that {what}");
}
