//! When to try again. Retry never gives up; it waits longer, and never past the clock.

use crate::domain::time::Env;
use crate::domain::{Priority, Timestamp};
use crate::store::OutboxRow;
use std::time::Duration;

/// First and least wait.
pub const LEAST: Duration = Duration::from_millis(250);
/// Longest wait.
pub const MOST: Duration = Duration::from_secs(30);
/// Longest wait when people are to be alerted at once, and when the clock has run out already: a
/// tenth of no time would try four times a second for as long as the fault lasts.
pub const MOST_PRESSING: Duration = Duration::from_secs(5);

/// `least × 2^failures`, at most `most`, and at random between half of that and all of it, so
/// that what failed together does not come back together.
pub fn exponential(failures: u32, least: Duration, most: Duration, env: &dyn Env) -> Duration {
    let doubled = least.saturating_mul(1 << failures.min(16)).min(most);
    let half = doubled / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
    half + Duration::from_micros(env.entropy_u64() % spread.saturating_add(1))
}

/// When `row` is tried again after a failure at `now`: exponential from 250 ms to 30 s, at most a
/// tenth of the time left on its clock, at least 250 ms.
pub fn next_attempt(row: &OutboxRow, now: Timestamp, env: &dyn Env) -> Timestamp {
    let left = u64::try_from(row.due_at.0 - now.0).unwrap_or_default();
    let most = match row.priority {
        Priority::Immediate => MOST_PRESSING,
        _ if left == 0 => MOST_PRESSING,
        _ => MOST,
    };
    let most = match left {
        0 => most,
        left => most.min(Duration::from_micros(left / 10)),
    };
    let failures = u32::try_from(row.attempts).unwrap_or_default();
    let wait = exponential(failures, LEAST, most.max(LEAST), env).max(LEAST);
    Timestamp(now.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}
