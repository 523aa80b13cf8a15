//! What the relay holds: a lane for each queue, so that what is immediate never waits behind what
//! is not, and never two unconfirmed messages of one (referral, destination).

use crate::domain::{DestinationId, MessageId, Priority, Timestamp};
use crate::store::{Leave, OutboxRow};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Messages published together.
pub(super) const BATCH: usize = 256;
/// Batches of one queue under way at the same time: one gathers while one is confirmed.
const ABREAST: usize = 2;
/// Messages of one queue that wait in memory. The surplus goes back to the outbox.
const WAITING: usize = 512;
/// A queue whose batch takes longer is in trouble: it no longer counts as work waiting, so
/// that it cannot keep the relay from claiming for others.
const STALLED: Duration = Duration::from_secs(1);

/// One (referral, destination). Messages about a refusal are kept apart by the refusal.
type Pair = (Uuid, DestinationId);

fn pair(row: &OutboxRow) -> Pair {
    let about = row.referral.map(|id| id.0).or(row.refusal.map(|id| id.0)).unwrap_or(row.id.0);
    (about, row.destination.clone())
}

/// A destination's queue, and whether it is the one for what is immediate.
pub(super) type Queue = (DestinationId, bool);

fn queue(row: &OutboxRow) -> Queue {
    (row.destination.clone(), row.priority == Priority::Immediate)
}

/// The message of a pair that is held, and those that wait for it to be confirmed.
struct Held {
    id: MessageId,
    /// The newest lease's number: a row can be claimed again while it is still held here, when
    /// the clock jumps.
    fence: i64,
    sequence: i32,
    behind: VecDeque<OutboxRow>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<OutboxRow>,
    under_way: Vec<Instant>,
}

impl Lane {
    fn stalled(&self, now: Instant) -> bool {
        self.under_way.iter().any(|since| now.duration_since(*since) > STALLED)
    }
}

/// A batch to publish to one queue.
pub(super) struct Departure {
    pub(super) queue: Queue,
    pub(super) since: Instant,
    pub(super) rows: Vec<OutboxRow>,
}

/// Maps are ordered, so that a simulation repeats itself exactly.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<Queue, Lane>,
    held: BTreeMap<Pair, Held>,
}

impl Lanes {
    /// Takes a leased row. Gives it back when its lane is full.
    ///
    /// The store claims only the first unconfirmed message of a pair; a row handed over must show
    /// by its number that nothing of its pair comes before it. Any other is left to its lease.
    pub(super) fn accept(&mut self, row: OutboxRow, claimed: bool) -> Option<OutboxRow> {
        let key = pair(&row);
        if let Some(held) = self.held.get_mut(&key) {
            let last = held.behind.back().map_or(held.sequence, |row| row.sequence);
            if held.id == row.id {
                held.fence = held.fence.max(row.fence);
            } else if (claimed || row.sequence == last + 1) && held.behind.len() < BATCH {
                held.behind.push_back(row);
            }
            return None;
        }
        if !claimed && row.sequence != 1 {
            return None;
        }
        let lane = self.lanes.entry(queue(&row)).or_default();
        if lane.waiting.len() >= WAITING {
            return Some(row);
        }
        let (id, fence, sequence) = (row.id, row.fence, row.sequence);
        self.held.insert(key, Held { id, fence, sequence, behind: VecDeque::new() });
        lane.waiting.push_back(row);
        None
    }

    /// What to leave in the outbox, so that all that is claimed finds room.
    pub(super) fn leave(&self) -> Leave {
        let mut leave = Leave::default();
        for ((destination, immediate), lane) in &self.lanes {
            if lane.waiting.len() > WAITING - BATCH {
                let full = if *immediate { &mut leave.immediate } else { &mut leave.others };
                full.push(destination.clone());
            }
        }
        leave
    }

    /// Messages waiting in lanes that move.
    pub(super) fn waiting(&self, now: Instant) -> usize {
        let moving = self.lanes.values().filter(|lane| !lane.stalled(now));
        moving.map(|lane| lane.waiting.len()).sum()
    }

    /// Nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.lanes.values().all(|lane| lane.waiting.is_empty() && lane.under_way.is_empty())
    }

    /// Takes out what is held and has not left.
    pub(super) fn unsent(&mut self) -> Vec<OutboxRow> {
        let waiting = self.lanes.values_mut().flat_map(|lane| lane.waiting.drain(..));
        let mut unsent: Vec<OutboxRow> = waiting.collect();
        unsent.extend(self.held.values_mut().flat_map(|held| held.behind.drain(..)));
        unsent
    }

    /// Batches that can leave now. A row whose lease ends before `lease_needed` is left to its
    /// lease instead: someone else may have it by the time it is confirmed.
    pub(super) fn departures(&mut self, now: Instant, lease_needed: Timestamp) -> Vec<Departure> {
        let mut leaving = Vec::new();
        for (queue, lane) in &mut self.lanes {
            while lane.under_way.len() < ABREAST && !lane.waiting.is_empty() {
                let mut rows = Vec::with_capacity(lane.waiting.len().min(BATCH));
                while rows.len() < BATCH
                    && let Some(row) = lane.waiting.pop_front()
                {
                    if row.leased_until.is_some_and(|until| until >= lease_needed) {
                        rows.push(row);
                    } else {
                        self.held.remove(&pair(&row));
                    }
                }
                if !rows.is_empty() {
                    lane.under_way.push(now);
                    leaving.push(Departure { queue: queue.clone(), since: now, rows });
                }
            }
        }
        leaving
    }

    /// A batch has its outcomes.
    pub(super) fn landed(&mut self, queue: &Queue, since: Instant) {
        if let Some(lane) = self.lanes.get_mut(queue) {
            if let Some(at) = lane.under_way.iter().position(|other| *other == since) {
                lane.under_way.swap_remove(at);
            }
            if lane.under_way.is_empty() && lane.waiting.is_empty() {
                self.lanes.remove(queue);
            }
        }
    }

    /// The newest known lease's number of a row that is held.
    pub(super) fn fence(&self, row: &OutboxRow) -> i64 {
        let held = self.held.get(&pair(row)).filter(|held| held.id == row.id);
        held.map_or(row.fence, |held| held.fence.max(row.fence))
    }

    /// The store has marked the row as confirmed: the next of its pair may follow. Returns one
    /// that found no room.
    pub(super) fn confirmed(&mut self, row: &OutboxRow) -> Option<OutboxRow> {
        let mut behind = self.release(row);
        let next = behind.pop_front()?;
        let key = pair(&next);
        // It has been shown already to be the next of its pair.
        let surplus = self.accept(next, true);
        if let Some(held) = self.held.get_mut(&key) {
            held.behind.append(&mut behind);
        }
        surplus
    }

    /// The row is held no longer. What waited behind it is left to its lease: it must not
    /// overtake.
    pub(super) fn release(&mut self, row: &OutboxRow) -> VecDeque<OutboxRow> {
        let key = pair(row);
        match self.held.get(&key) {
            Some(held) if held.id == row.id => {}
            _ => return VecDeque::new(),
        }
        self.held.remove(&key).map(|held| held.behind).unwrap_or_default()
    }
}
