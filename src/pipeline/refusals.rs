//! A refused submission: the record that is kept, and the messages by which people learn of it.

use super::judge::{Stages, json};
use super::rows::refused_tally;
use crate::audit::Event;
use crate::domain::ids::RefusalId;
use crate::domain::message::{self, Envelope, RefusalDraft};
use crate::domain::refusal::RefusalKind;
use crate::domain::working_days::Duration;
use crate::domain::{DestinationId, MessageId, Priority, Purpose, Timestamp};
use crate::store::error::Result;
use crate::store::seal::Dossier;
use crate::store::work::Refused;
use crate::store::{Batch, OutboxRow, RefusalRow, Sealed};
use crate::threshold::Policy;
use serde_json::json as object;

impl Stages {
    /// The rows of a refusal; `again` is the open record of the same one.
    pub(super) fn refusal_rows(
        &self,
        refused: &Refused,
        again: Option<RefusalId>,
        now: Timestamp,
    ) -> Result<Batch> {
        let mut rows = Batch::default();
        let mut tally = refused_tally(refused, now);
        if refused.refusal.kind == RefusalKind::Testing {
            // It says nothing of how well the agency refers, nor of what it will.
            tally.what = "tested".to_owned();
        }
        rows.tallies.push((tally, 1));
        let event = Event::new("referral.refused", refused.agency.as_str());
        rows.audit.push(event.detail(refused.refusal.kind.code()));
        if let Some(id) = again {
            rows.refused_again.push((id, now));
            return Ok(rows);
        }
        let id = RefusalId::from_parts(now, self.env.entropy_id());
        rows.refusals.push(RefusalRow {
            id,
            agency: refused.agency.clone(),
            received_at: refused.received_at,
            last_at: refused.received_at,
            count: 1,
            bytes: i64::try_from(refused.extent.size()).unwrap_or(i64::MAX),
            problem: refused.refusal.kind.code().to_owned(),
            body: refused.body,
            key: refused.key,
            record: self.sealed(id, refused)?,
            cleared_at: None,
        });
        let rules = self.rules.load();
        for destination in readers(&rules.policy, refused) {
            rows.outbox.push(self.refusal_message(refused, id, destination, now));
        }
        Ok(rows)
    }

    /// What was sent, as far as it was read, and what was said of it.
    fn sealed(&self, id: RefusalId, refused: &Refused) -> Result<Sealed> {
        let extent = refused.extent;
        let said = object!({
            "about": refused.about,
            "bytes_read": extent.read,
            "bytes_announced": extent.announced,
            "whole": extent.whole,
            "faults": refused.refusal.faults,
        });
        let (raw, decision) = (refused.raw.clone(), json(&said)?);
        let dossier = Dossier { raw, decision, ..Dossier::default() };
        let name = Dossier::refusal_name(id);
        Ok(self.ring.seal_record(&name, &dossier.to_bytes(), self.env.as_ref()))
    }

    /// The message by which a team learns of a refused submission, with the number to call.
    fn refusal_message(
        &self,
        refused: &Refused,
        id: RefusalId,
        destination: &DestinationId,
        now: Timestamp,
    ) -> OutboxRow {
        let rules = self.rules.load();
        let message = MessageId::from_parts(now, self.env.entropy_id());
        let traceparent = refused.traceparent.as_deref();
        let agency = rules.directory.agencies.get(&refused.agency);
        let payload = message::refusal(&RefusalDraft {
            envelope: Envelope {
                id: message,
                kind: message::REFUSED,
                at: now,
                sequence: 1,
                traceparent,
            },
            refusal: id,
            agency: &refused.agency,
            agency_telephone: agency.map_or("", |agency| agency.telephone.as_str()),
            problem: refused.refusal.kind.code(),
            about: refused.about,
            extent: refused.extent,
            received_at: refused.received_at,
            count: 1,
        });
        OutboxRow {
            id: message,
            referral: None,
            refusal: Some(id),
            destination: destination.clone(),
            purpose: Purpose::new("refused"),
            priority: priority(refused),
            kind: message::REFUSED.to_owned(),
            sequence: 1,
            created_at: now,
            due_at: due(&rules.policy, refused),
            payload,
            traceparent: refused.traceparent.clone(),
            agency: refused.agency.clone(),
            level: String::new(),
            attempts: 0,
            fence: 0,
            leased_until: None,
        }
    }
}

/// A refused submission may hold an urgent worry: nobody has read it yet. An agency that is still
/// testing was told to telephone, and sends what is most likely invented.
fn priority(refused: &Refused) -> Priority {
    match refused.refusal.kind {
        RefusalKind::Testing => Priority::Standard,
        _ => Priority::Urgent,
    }
}

/// The screening team, and those who are awake when it is not: as for an urgent referral.
fn readers<'a>(policy: &'a Policy, refused: &Refused) -> Vec<&'a DestinationId> {
    let teams = &policy.teams;
    let urgent = priority(refused) >= Priority::Urgent;
    let asleep = !teams.hours.staffed(&policy.calendar, refused.received_at);
    let awake = (urgent && asleep).then_some(&teams.out_of_hours);
    std::iter::once(&teams.screening).chain(awake).collect()
}

fn due(policy: &Policy, refused: &Refused) -> Timestamp {
    let teams = &policy.teams;
    let clock = match priority(refused) {
        Priority::Standard => teams.receivers.get(&teams.screening).map(|team| team.clock),
        _ => Some(Duration::Elapsed { minutes: policy.clocks.urgent }),
    };
    policy.calendar.due(refused.received_at, clock.unwrap_or(Duration::EndOfNextWorkingDay))
}
