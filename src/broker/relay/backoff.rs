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
    // The attempt that has just failed is counted already.
    let failures = u32::try_from(row.attempts.saturating_sub(1)).unwrap_or_default();
    let wait = exponential(failures, LEAST, most.max(LEAST), env).max(LEAST);
    Timestamp(now.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AgencyId, DestinationId, MessageId, Purpose};

    /// Draws the same number each time.
    struct Always(u64);

    impl Env for Always {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.copy_from_slice(&self.0.to_le_bytes()[..into.len()]);
        }
    }

    fn wait(attempts: i32, priority: Priority, due_in_seconds: i64, draw: u64) -> Duration {
        let row = OutboxRow {
            id: MessageId::from_parts(Timestamp(0), [0; 10]),
            referral: None,
            refusal: None,
            destination: DestinationId::new("masstt"),
            purpose: Purpose::new("screening"),
            priority,
            kind: "referral.routed.v1".to_owned(),
            sequence: 1,
            created_at: Timestamp(0),
            due_at: Timestamp(0).plus_seconds(due_in_seconds),
            payload: Vec::new(),
            traceparent: None,
            agency: AgencyId::new("school"),
            level: "4".to_owned(),
            attempts,
            fence: 1,
            leased_until: None,
        };
        let next = next_attempt(&row, Timestamp(0), &Always(draw));
        Duration::from_micros(u64::try_from(next.0).expect("later"))
    }

    #[test]
    fn waits_double_from_250_ms_up_to_30_s() {
        let day = 86_400;
        // A draw of nothing takes the lower half; the first wait has its own floor.
        let waits: Vec<u128> =
            (1..=10).map(|n| wait(n, Priority::Standard, day, 0).as_millis()).collect();
        assert_eq!(waits, [250, 250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
        assert!(wait(50, Priority::Standard, day, u64::MAX) <= MOST);
    }

    #[test]
    fn waits_never_exceed_a_tenth_of_the_time_left_and_never_stop() {
        for draw in [0, 1, 7_777_777, u64::MAX] {
            assert!(wait(20, Priority::Standard, 100, draw) <= Duration::from_secs(10));
            assert_eq!(wait(20, Priority::Standard, 1, draw), LEAST);
            let overdue = wait(20, Priority::Standard, -3600, draw);
            assert!((LEAST..=MOST_PRESSING).contains(&overdue), "{overdue:?}");
            assert!(wait(20, Priority::Immediate, 86_400, draw) <= MOST_PRESSING);
        }
    }
}
