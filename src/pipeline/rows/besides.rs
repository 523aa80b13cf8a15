//! Messages that tell of something besides what was decided.

use super::{A_DAY, Besides, Facts, all};
use crate::domain::adults::AdultTold;
use crate::domain::message;
use crate::domain::time::Env;
use crate::domain::{AdultMatchId, AttachmentTold, DestinationId, Purpose, Route};
use crate::store::{Batch, DeliveryRow};
use std::collections::BTreeSet;

impl Facts<'_> {
    /// One message that tells a destination of adults, and how many more there are. It says no more
    /// of what was decided than the one before, and has a clock of its own.
    pub(in crate::pipeline) fn tell_of_adults(
        &self,
        to: &DestinationId,
        (adults, more_adults): (&[(AdultMatchId, AdultTold<'_>)], usize),
        before: &[DeliveryRow],
        env: &dyn Env,
        into: &mut Batch,
    ) {
        let route = self.besides(to, message::POSSIBLE_ADULT, before);
        let besides = Besides { adults, more_adults, ..Besides::default() };
        self.send(&[route], before, besides, env, into);
    }

    /// One message to each destination that was sent the referral and sees it whole: what its
    /// sender attached, and how that stands. It waits for people as long as the referral does, and
    /// for a day at least.
    pub(in crate::pipeline) fn tell_of_documents(
        &self,
        documents: &[AttachmentTold],
        before: &[DeliveryRow],
        env: &dyn Env,
        into: &mut Batch,
    ) {
        let sent: BTreeSet<&DestinationId> = before.iter().map(|row| &row.destination).collect();
        let known = &self.rules.directory.destinations;
        let whole = |to: &&&DestinationId| known.get(**to).is_some_and(|known| known.sees_all());
        let routes: Vec<Route> = sent
            .iter()
            .filter(whole)
            .map(|to| self.besides(to, message::DOCUMENTS, before))
            .collect();
        self.send(&routes, before, Besides { documents, ..Besides::default() }, env, into);
    }

    /// The way to somebody for what is told besides: as urgent as what was sent before.
    fn besides(&self, to: &DestinationId, purpose: &str, before: &[DeliveryRow]) -> Route {
        let sent = before.iter().filter(|row| row.destination == *to);
        let sent = sent.max_by_key(|row| row.sequence);
        let (soon, urgency) = (self.now.plus_seconds(A_DAY), sent.map(|row| row.priority));
        Route {
            destination: to.clone(),
            purpose: Purpose::new(purpose),
            priority: urgency.unwrap_or_default(),
            due_at: sent.map_or(soon, |row| row.due_at.max(soon)),
            rules: Vec::new(),
            children: all(self.decided.full.children.len()),
        }
    }
}
