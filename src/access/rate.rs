//! How much a caller may send before it is asked to wait: the generic cell rate algorithm, per
//! caller and per process.
//!
//! Submissions have a quota of their own, so that a system that polls too eagerly never keeps its
//! agency's referrals out. The clock is the process's monotonic one: a step of the wall clock must
//! not lock an agency out.

use super::table::OwnerKind;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Rate, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

/// Reads that an agency may make for each submission that it may send.
const READS_PER_SUBMISSION: u32 = 5;
const WINDOW_SECONDS: u32 = 60;

type Cell = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// Which quota a call draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Referrals and information: policy `default`.
    Submissions,
    /// Everything else: policy `reads`.
    Reads,
}

impl Quota {
    fn policy(self) -> &'static str {
        match self {
            Quota::Submissions => "default",
            Quota::Reads => "reads",
        }
    }
}

/// Where a caller stands after a call, for `RateLimit` and `RateLimit-Policy`
/// (draft-ietf-httpapi-ratelimit-headers, structured fields).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub policy: &'static str,
    /// Calls in a window.
    pub limit: u32,
    /// Calls left now.
    pub remaining: u32,
    /// Seconds until all are left again.
    pub reset: u32,
}

impl Standing {
    /// E.g. `"default";r=50;t=30`.
    pub fn header(&self) -> String {
        format!("\"{}\";r={};t={}", self.policy, self.remaining, self.reset)
    }

    /// E.g. `"default";q=100;w=60`.
    pub fn policy_header(&self) -> String {
        format!("\"{}\";q={};w={WINDOW_SECONDS}", self.policy, self.limit)
    }
}

/// The quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    pub standing: Standing,
    /// Whole seconds to wait, at least 1.
    pub retry_after: u32,
}

struct Cells {
    per_minute: u32,
    submissions: Cell,
    reads: Cell,
    clock: DefaultClock,
}

impl Cells {
    fn new(per_minute: u32, reads_per_minute: u32) -> Self {
        let cell = |rate: u32| {
            let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Rate::per_minute(rate)).with_middleware()
        };
        Cells {
            per_minute,
            submissions: cell(per_minute),
            reads: cell(reads_per_minute),
            clock: DefaultClock::default(),
        }
    }

    fn spend(&self, quota: Quota) -> Result<Standing, TooMany> {
        let cell = match quota {
            Quota::Submissions => &self.submissions,
            Quota::Reads => &self.reads,
        };
        let standing = |limit: u32, remaining: u32| {
            // Calls come back evenly over the window.
            let used = u64::from(limit.saturating_sub(remaining)) * u64::from(WINDOW_SECONDS);
            let reset = used.div_ceil(u64::from(limit.max(1)));
            let reset = u32::try_from(reset).unwrap_or(WINDOW_SECONDS);
            Standing { policy: quota.policy(), limit, remaining, reset }
        };
        match cell.check() {
            Ok(state) => {
                let limit = state.quota().burst_size().get();
                Ok(standing(limit, state.remaining_burst_capacity().min(limit)))
            }
            Err(not_until) => {
                let limit = not_until.quota().burst_size().get();
                let wait = not_until.wait_time_from(self.clock.now());
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let retry_after = u32::try_from(seconds.max(1)).unwrap_or(WINDOW_SECONDS);
                Err(TooMany { standing: standing(limit, 0), retry_after })
            }
        }
    }
}

/// The quotas of everyone who has called. Only configured callers enter, so it does not grow.
pub struct Limits {
    cells: [RwLock<HashMap<Arc<str>, Arc<Cells>>>; OwnerKind::ALL.len()],
    reads_per_minute: u32,
}

impl Limits {
    /// `reads_per_minute` is the quota of callers that are no agency.
    pub fn new(reads_per_minute: u32) -> Self {
        Limits { cells: Default::default(), reads_per_minute }
    }

    /// Counts a call of an agency that may send `per_minute` submissions a minute.
    pub fn agency(
        &self,
        id: &Arc<str>,
        per_minute: u32,
        quota: Quota,
    ) -> Result<Standing, TooMany> {
        let reads = per_minute.saturating_mul(READS_PER_SUBMISSION);
        self.cells(OwnerKind::Agency, id, per_minute, reads).spend(quota)
    }

    /// Counts a call of anyone else.
    pub fn other(&self, kind: OwnerKind, id: &Arc<str>) -> Result<Standing, TooMany> {
        let rate = self.reads_per_minute;
        self.cells(kind, id, rate, rate).spend(Quota::Reads)
    }

    /// A caller's cells, made when there are none and again when its rate was changed.
    fn cells(&self, kind: OwnerKind, id: &Arc<str>, per_minute: u32, reads: u32) -> Arc<Cells> {
        let cells = &self.cells[kind as usize];
        // A panic while the lock is held leaves a whole map behind: poisoning says nothing here.
        let known = cells.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(known) = known.filter(|known| known.per_minute == per_minute) {
            return known;
        }
        let fresh = Arc::new(Cells::new(per_minute, reads));
        let mut cells = cells.write().unwrap_or_else(PoisonError::into_inner);
        cells.insert(Arc::clone(id), Arc::clone(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_asked_to_wait_after_its_quota_and_others_are_not() {
        let limits = Limits::new(10);
        let (one, two): (Arc<str>, Arc<str>) = ("one".into(), "two".into());
        for left in [2, 1, 0] {
            let standing = limits.agency(&one, 3, Quota::Submissions).expect("within the quota");
            assert_eq!((standing.limit, standing.remaining), (3, left));
        }
        let over = limits.agency(&one, 3, Quota::Submissions).expect_err("over the quota");
        assert!((1..=20).contains(&over.retry_after), "{over:?}");
        assert_eq!(over.standing.policy_header(), "\"default\";q=3;w=60");
        assert_eq!(over.standing.header(), "\"default\";r=0;t=60");
        assert!(limits.agency(&two, 3, Quota::Submissions).is_ok());
        // Reads draw on a quota of their own, and a new rate starts afresh.
        assert!(limits.agency(&one, 3, Quota::Reads).is_ok());
        assert!(limits.agency(&one, 4, Quota::Submissions).is_ok());
    }
}
