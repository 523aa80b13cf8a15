//! Who is told of a clock that has run out, as the authority's configuration stands.

use crate::domain::{DestinationId, Priority, Whom};
use crate::followup::clocks::Escalation;
use crate::pipeline::Rules;
use arc_swap::ArcSwap;
use std::sync::Arc;

pub(super) struct OfRules(pub(super) Arc<ArcSwap<Rules>>);

impl Escalation for OfRules {
    fn repeat_seconds(&self, priority: Priority) -> i64 {
        self.0.load().outcomes.repeat_seconds(priority)
    }

    fn whom(&self, destination: &DestinationId, before: usize) -> Vec<Whom> {
        self.0.load().directory.alerting.escalation(destination, before)
    }
}
