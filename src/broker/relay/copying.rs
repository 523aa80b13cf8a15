//! Copies for MASSTT of what does not get through, written beside everything else: they hold up no
//! destination's confirms.

use super::Parts;
use crate::broker::copies::{Cause, for_masstt};
use crate::broker::traits::PublishOutcome;
use crate::domain::{MessageId, Priority};
use crate::store::{OutboxRow, RelayStore, StoreError};
use futures::future::{BoxFuture, FutureExt};
use metrics::counter;
use std::collections::{BTreeSet, VecDeque};

/// Seconds of failing after which MASSTT gets a copy; at once when people are to be alerted.
const COPY_AFTER_SECONDS: f64 = 60.0;
/// Copies written in one transaction.
const TOGETHER: usize = 64;
/// Originals remembered as copied, and copies that wait. The store remembers all: an original
/// that was forgotten here is asked of it again.
const REMEMBERED: usize = 10_000;

/// What is to be copied, and what was.
pub(super) struct Copies {
    parts: Parts,
    waiting: VecDeque<(MessageId, OutboxRow)>,
    known: Newest,
}

/// A round of writing.
pub(super) struct Copied {
    originals: Vec<MessageId>,
    written: Result<usize, StoreError>,
}

impl Copies {
    pub(super) fn new(parts: Parts) -> Self {
        Copies { parts, waiting: VecDeque::new(), known: Newest::new(REMEMBERED) }
    }

    /// The row has failed: MASSTT gets a copy of it, if it is pressing and was not copied before.
    pub(super) fn failed(&mut self, row: &OutboxRow, outcome: PublishOutcome) {
        let (now, env) = (self.parts.env.now(), self.parts.env.as_ref());
        // While the broker as a whole is away, a copy would only wait beside its original.
        let concerns_destination = outcome != PublishOutcome::Unknown || self.parts.broker.is_up();
        let pressing = row.priority == Priority::Immediate
            || now.seconds_since(row.created_at) >= COPY_AFTER_SECONDS;
        if !pressing || !concerns_destination {
            return;
        }
        let masstt = &self.parts.masstt;
        if row.destination == *masstt {
            counter!("frontdoor_relay_masstt_failing_total").increment(1);
            tracing::error!(code = "masstt-failing", "a message does not get to MASSTT");
        } else if self.waiting.len() < REMEMBERED && self.known.insert(row.id) {
            let copy = for_masstt(row, Cause::Failing, masstt, now, env);
            self.waiting.push_back((row.id, copy));
        }
    }

    /// It has got through.
    pub(super) fn confirmed(&mut self, row: &OutboxRow) {
        self.known.remove(row.id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Starts a round, if something waits.
    pub(super) fn write(&mut self) -> Option<BoxFuture<'static, Copied>> {
        let some: Vec<_> = self.waiting.drain(..self.waiting.len().min(TOGETHER)).collect();
        if some.is_empty() {
            return None;
        }
        let parts = self.parts.clone();
        let writing = async move {
            let written = divert(&parts, &some).await;
            Copied { originals: some.into_iter().map(|(original, _)| original).collect(), written }
        };
        Some(writing.boxed())
    }

    /// What cannot be written is let go: the originals fail again, and are copied then.
    pub(super) fn written(&mut self, copied: Copied) {
        match copied.written {
            Ok(written) => {
                let written = u64::try_from(written).unwrap_or(u64::MAX);
                counter!("frontdoor_relay_diverted_total").increment(written);
            }
            Err(error) => {
                tracing::warn!(code = "copies-unwritten", %error, "copies wait for the store");
                let waiting = self.waiting.drain(..).map(|(original, _)| original);
                for original in copied.originals.into_iter().chain(waiting) {
                    self.known.remove(original);
                }
            }
        }
    }
}

/// One that the store refuses must not hold up its neighbours.
async fn divert(parts: &Parts, some: &[(MessageId, OutboxRow)]) -> Result<usize, StoreError> {
    let (store, now): (&dyn RelayStore, _) = (parts.store.as_ref(), parts.env.now());
    let together = store.divert(some, now).await;
    if !matches!(together, Err(StoreError::Refused(_))) || some.len() == 1 {
        return together;
    }
    let mut written = 0;
    for one in some {
        match store.divert(std::slice::from_ref(one), now).await {
            Ok(one) => written += one,
            Err(error) => {
                tracing::error!(code = "copy-refused", %error, "a copy for MASSTT was refused");
            }
        }
    }
    Ok(written)
}

/// A set of ids that forgets the oldest.
struct Newest {
    ids: BTreeSet<MessageId>,
    /// As they came; those removed since are still in here.
    order: VecDeque<MessageId>,
    most: usize,
}

impl Newest {
    fn new(most: usize) -> Self {
        Newest { ids: BTreeSet::new(), order: VecDeque::new(), most }
    }

    /// False when it is in already.
    fn insert(&mut self, id: MessageId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        while self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }

    fn remove(&mut self, id: MessageId) {
        self.ids.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn the_oldest_are_forgotten_one_at_a_time() {
        let id = |number: u8| MessageId::from_parts(Timestamp(i64::from(number)), [number; 10]);
        let mut newest = Newest::new(3);
        for number in 0..5 {
            assert!(newest.insert(id(number)));
        }
        assert!(!newest.insert(id(4)) && !newest.insert(id(2)));
        assert_eq!(newest.ids.len(), 3);
        newest.remove(id(4));
        assert!(newest.insert(id(4)) && newest.order.len() <= 3);
        assert!(newest.insert(id(0)), "it was forgotten");
    }
}
