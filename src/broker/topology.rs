//! Names on the broker, fixed by the public contract, and which destinations have queues.

use crate::domain::{DestinationId, Priority};
use arc_swap::ArcSwap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Topic exchange, durable: everything that goes to receiving teams.
pub const REFERRALS: &str = "frontdoor.referrals";
/// Exchange and queue of what was given back too often.
pub const DEAD: &str = "frontdoor.dead";
/// Exchange and queue of what receiving teams send back.
pub const OUTCOMES: &str = "frontdoor.outcomes";
/// Exchange and queue of what came there and could not be taken, for an operator to look at.
pub const OUTCOMES_REFUSED: &str = "frontdoor.outcomes.refused";
/// How often a message may be given back before it is dead.
pub const DELIVERY_LIMIT: i32 = 20;

/// The two queues of a destination, in the order in which receivers drain them.
pub const DRAIN_ORDER: [Priority; 2] = [Priority::Immediate, Priority::Standard];

/// `frontdoor.<destination>.immediate`, and `frontdoor.<destination>.standard` for every other
/// priority: quorum queues know no priorities of their own.
pub fn queue(destination: &DestinationId, priority: Priority) -> String {
    let lane = match priority {
        Priority::Immediate => "immediate",
        Priority::Urgent | Priority::Standard => "standard",
    };
    format!("frontdoor.{destination}.{lane}")
}

/// `<destination>.<priority>`; a destination's id may itself contain dots.
pub fn routing_key(destination: &DestinationId, priority: Priority) -> String {
    let (destination, priority) = (destination.as_str(), priority.as_str());
    let mut key = String::with_capacity(destination.len() + 1 + priority.len());
    key.push_str(destination);
    key.push('.');
    key.push_str(priority);
    key
}

/// Reads a routing key back; `None` when it is none of ours.
pub fn read_routing_key(key: &str) -> Option<(DestinationId, Priority)> {
    let (destination, priority) = key.rsplit_once('.')?;
    let priority = Priority::parse(priority)?;
    (!destination.is_empty()).then(|| (DestinationId::new(destination), priority))
}

/// The destinations that have queues. Configuration can be reloaded: replace them, then declare.
#[derive(Debug, Default)]
pub struct Topology {
    destinations: ArcSwap<BTreeSet<DestinationId>>,
}

impl Topology {
    pub fn new(destinations: impl IntoIterator<Item = DestinationId>) -> Self {
        let topology = Topology::default();
        topology.replace(destinations);
        topology
    }

    /// Queues of destinations no longer listed stay on the broker until someone empties them.
    pub fn replace(&self, destinations: impl IntoIterator<Item = DestinationId>) {
        self.destinations.store(Arc::new(destinations.into_iter().collect()));
    }

    pub fn contains(&self, destination: &DestinationId) -> bool {
        self.destinations.load().contains(destination)
    }

    /// In the order of their ids.
    pub fn all(&self) -> Vec<DestinationId> {
        self.destinations.load().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_contract() {
        let upper = DestinationId::new("early-intervention.upper-valley");
        let key = routing_key(&upper, Priority::Standard);
        assert_eq!(key, "early-intervention.upper-valley.standard");
        assert_eq!(read_routing_key(&key), Some((upper.clone(), Priority::Standard)));
        let queue_of = |priority| queue(&upper, priority);
        let standard = "frontdoor.early-intervention.upper-valley.standard";
        assert_eq!(queue_of(Priority::Standard), standard);
        assert_eq!(queue_of(Priority::Urgent), standard);
        let immediate = "frontdoor.early-intervention.upper-valley.immediate";
        assert_eq!(queue_of(Priority::Immediate), immediate);
    }

    #[test]
    fn a_routing_key_that_is_not_ours_is_not_read() {
        for key in ["masstt", "masstt.soon", ".standard", ""] {
            assert_eq!(read_routing_key(key), None, "{key}");
        }
    }
}
