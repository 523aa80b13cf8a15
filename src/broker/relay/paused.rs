//! Destinations that people have paused. The store's claim leaves their messages out; what the lane
//! hands over in memory comes past it, and is looked at here.

use super::POLL;
use crate::domain::{DestinationId, Priority};
use crate::store::OutboxRow;
use tokio::time::Instant;

/// As the store was last heard to say.
#[derive(Default)]
pub(super) struct Paused {
    destinations: Vec<DestinationId>,
    asked_at: Option<Instant>,
}

impl Paused {
    /// Whether it is time to ask the store again; if so, it is asked now.
    pub(super) fn asks(&mut self, now: Instant) -> bool {
        let asks = self.asked_at.is_none_or(|at| now.duration_since(at) >= POLL);
        if asks {
            self.asked_at = Some(now);
        }
        asks
    }

    pub(super) fn told(&mut self, destinations: Vec<DestinationId>) {
        self.destinations = destinations;
    }

    /// Whether there is any: what is due of it is not to be had, however often it is asked for.
    pub(super) fn any(&self) -> bool {
        !self.destinations.is_empty()
    }

    /// Whether a row that was handed over has to wait. What is immediate never does.
    pub(super) fn holds(&self, row: &OutboxRow) -> bool {
        row.priority != Priority::Immediate && self.destinations.contains(&row.destination)
    }
}
