//! The stages as the lane calls them, under its lock: link, decide, route; then rows.

use super::rows::{Decided, Facts, referral_row, refused_tally};
use crate::audit::Event;
use crate::completeness::Scorer;
use crate::domain::ids::RefusalId;
use crate::domain::message::{self, Envelope, RefusalDraft};
use crate::domain::time::Env;
use crate::domain::{
    ChildHistory, Decision, Directory, MessageId, PersonId, Priority, Purpose, Reference, Referral,
    ReferralId, Timestamp,
};
use crate::linkage::{self, Model, Profile};
use crate::routing::{self, Routing};
use crate::store::error::{Result, StoreError};
use crate::store::keys::KeyRing;
use crate::store::seal::Dossier;
use crate::store::work::*;
use crate::store::{
    Batch, InformationRow, NewRepeat, OutboxRow, RefusalRow, Repeat, Sealed, StoredReferral,
    Token16,
};
use crate::threshold::{self, Policy};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// What an authority's configuration says to the stages: one consistent snapshot.
pub struct Rules {
    pub policy: Policy,
    pub scorer: Scorer,
    pub routing: Routing,
    pub directory: Directory,
}

/// Everything the stages need besides the submission: configuration, keys, model, clock.
pub struct Stages {
    pub rules: Arc<ArcSwap<Rules>>,
    pub ring: KeyRing,
    pub model: Model,
    pub env: Arc<dyn Env>,
}

impl Stages {
    /// Blocking tokens and profiles of a referral's children.
    pub(super) fn profiles(&self, referral: &Referral) -> Vec<ChildProfile> {
        (0..referral.children.len())
            .map(|index| {
                let profile = linkage::profile_of(&referral.children[index], &referral.household);
                let keys = linkage::keys(&profile);
                let mut tokens: Vec<_> = keys.iter().map(|key| self.ring.token(key)).collect();
                tokens.sort_unstable();
                tokens.dedup();
                ChildProfile { tokens, profile: profile.encode() }
            })
            .collect()
    }

    fn decide(&self, rules: &Rules, referred: &Referred, histories: &[ChildHistory]) -> Decided {
        let at = referred.received_at;
        let policy = &rules.policy;
        let facts = policy.reader.read(&referred.referral, at);
        let alone = threshold::decide_facts(policy, &facts, &[], at);
        // Both are always computed, so that a known child takes no longer (invariant 6).
        let known = threshold::decide_facts(policy, &facts, histories, at);
        let full = threshold::merge(policy, &alone, known);
        Decided { alone, full }
    }

    pub(super) fn receipt(
        &self,
        rules: &Rules,
        reference: Reference,
        referred: &Referred,
        alone: &Decision,
        received_at: Timestamp,
    ) -> Vec<u8> {
        let advice = rules.routing.advice(&referred.referral, referred.received_at);
        let completeness = referred.completeness.clone();
        let receipt =
            routing::receipt(reference, "received", received_at, alone, completeness, advice);
        serde_json::to_vec(&receipt).expect("a receipt is plain data")
    }

    /// The sealed parts of a stored referral.
    pub(super) fn open(&self, id: ReferralId, record: &Sealed) -> Result<Dossier> {
        let bytes = self.ring.open_record(&Dossier::name(id), record)?;
        Dossier::from_bytes(&bytes)
            .ok_or_else(|| StoreError::Damaged("a dossier is cut short".to_owned()))
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| StoreError::Refused(error.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // The error's text could quote what was sealed: it is not repeated.
    serde_json::from_slice(bytes)
        .map_err(|_| StoreError::Damaged("a part of a dossier is not as written".to_owned()))
}

impl Judge for Stages {
    fn open_profile(&self, person: PersonId, sealed: &[u8]) -> Option<Vec<u8>> {
        self.ring.open_profile(person, sealed)
    }

    fn link(&self, child: &ChildProfile, candidates: &[Candidate]) -> LinkVerdict {
        let Ok(child) = Profile::decode(&child.profile) else { return LinkVerdict::default() };
        let candidates: Vec<(PersonId, Profile)> = candidates
            .iter()
            .filter_map(|(person, bytes)| Some((*person, Profile::decode(bytes).ok()?)))
            .collect();
        let verdict = linkage::judge(&self.model, &child, &candidates);
        LinkVerdict {
            state: verdict.state,
            person: verdict.person,
            weight: verdict.weight,
            possible: verdict.possible,
        }
    }

    fn conclude(
        &self,
        referred: &Referred,
        links: &[ChildLink],
        histories: &[ChildHistory],
        now: Timestamp,
    ) -> Result<Concluded> {
        let rules = self.rules.load();
        let decided = self.decide(&rules, referred, histories);
        let id = ReferralId::from_parts(now, self.env.entropy_id());
        let reference = Reference::from_entropy(self.env.entropy_u64());
        let at = referred.received_at;
        let receipt = self.receipt(&rules, reference, referred, &decided.alone, at);
        let dossier = Dossier {
            raw: referred.raw.clone(),
            canonical: json(&referred.referral.document())?,
            decision: json(&decided)?,
            receipt: receipt.clone(),
        };
        let name = Dossier::name(id);
        let record = self.ring.seal_record(&name, &dossier.to_bytes(), self.env.as_ref());
        let row = referral_row(id, reference, referred, &decided.full, record);
        let mut rows = Batch::default();
        let directory = &rules.directory;
        let facts = Facts { row: &row, referred, decided: &decided, directory, links, now };
        facts.people(&self.ring, self.env.as_ref(), &mut rows);
        facts.messages(&[], self.env.as_ref(), &mut rows);
        rows.tallies.push((facts.tally("received", ""), 1));
        rows.audit.push(Event::new("referral.accepted", referred.agency.as_str()).about(id));
        rows.repeats.push(repeat_row(&referred.repeat, id));
        rows.clears.push((referred.repeat.key, now));
        rows.referrals.push(row);
        let done = Done::Accepted { reference, receipt: receipt.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    fn merge(
        &self,
        stored: &StoredReferral,
        addition: &Addition,
    ) -> Result<std::result::Result<Referred, Done>> {
        if stored.row.agency != addition.agency {
            return Ok(Err(Done::Unknown));
        }
        let dossier = self.open(stored.row.id, &stored.row.record)?;
        let known: serde_json::Value = from_json(&dossier.canonical)?;
        let merged = super::addition::merge(known, addition.document.clone());
        let (referral, unread) = Referral::read(merged);
        let rules = self.rules.load();
        let at = addition.received_at;
        let facts = rules.policy.reader.read(&referral, at);
        let completeness = rules.scorer.score(&referral, &facts, &unread);
        let children = self.profiles(&referral);
        Ok(Ok(Referred {
            agency: addition.agency.clone(),
            received_at: addition.received_at,
            raw: dossier.raw,
            referral,
            completeness,
            children,
            repeat: addition.repeat,
            traceparent: addition.traceparent.clone(),
        }))
    }

    fn conclude_addition(
        &self,
        stored: &StoredReferral,
        addition: &Addition,
        merged: &Referred,
        links: &[ChildLink],
        histories: &[ChildHistory],
        now: Timestamp,
    ) -> Result<Concluded> {
        let rules = self.rules.load();
        let dossier = self.open(stored.row.id, &stored.row.record)?;
        let before: Decided = from_json(&dossier.decision)?;
        let again = self.decide(&rules, merged, histories);
        let decided = Decided {
            alone: threshold::raise(&rules.policy, &before.alone, again.alone),
            full: threshold::raise(&rules.policy, &before.full, again.full),
        };
        let (id, reference) = (stored.row.id, stored.row.reference);
        let first = stored.row.received_at;
        let receipt = self.receipt(&rules, reference, merged, &decided.alone, first);
        let dossier = Dossier {
            canonical: json(&merged.referral.document())?,
            decision: json(&decided)?,
            receipt: receipt.clone(),
            ..dossier
        };
        let name = Dossier::name(id);
        let wrapped_key = stored.row.record.wrapped_key.clone();
        let more =
            |plain: &[u8]| self.ring.seal_more(&name, &wrapped_key, plain, self.env.as_ref());
        let body = more(&dossier.to_bytes())?;
        let raw = more(&addition.raw)?;
        let record = Sealed { wrapped_key, body };
        let mut row = referral_row(id, reference, merged, &decided.full, record);
        row.received_at = first;
        // The revision that was read: the store writes only on top of it.
        row.revision = stored.row.revision;
        let mut rows = Batch::default();
        let directory = &rules.directory;
        let facts = Facts { row: &row, referred: merged, decided: &decided, directory, links, now };
        facts.people(&self.ring, self.env.as_ref(), &mut rows);
        facts.messages(&stored.deliveries, self.env.as_ref(), &mut rows);
        rows.tallies.push((facts.tally("added", ""), 1));
        rows.audit.push(Event::new("referral.added-to", addition.agency.as_str()).about(id));
        rows.repeats.push(repeat_row(&addition.repeat, id));
        rows.information.push(InformationRow {
            referral: row,
            received_at: addition.received_at,
            raw,
        });
        let done = Done::Accepted { reference, receipt: receipt.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    fn conclude_refusal(
        &self,
        refused: &Refused,
        again: Option<RefusalId>,
        now: Timestamp,
    ) -> Result<Concluded> {
        let mut rows = Batch::default();
        rows.tallies.push((refused_tally(refused, now), 1));
        let event = Event::new("referral.refused", refused.agency.as_str());
        rows.audit.push(event.detail(refused.refusal.kind.code()));
        if let Some(id) = again {
            rows.refused_again.push((id, now));
            return Ok(Concluded { rows, done: Done::Kept });
        }
        let id = RefusalId::from_parts(now, self.env.entropy_id());
        let name = Dossier::refusal_name(id);
        let dossier = Dossier { raw: refused.raw.clone(), ..Dossier::default() };
        let record = self.ring.seal_record(&name, &dossier.to_bytes(), self.env.as_ref());
        rows.refusals.push(RefusalRow {
            id,
            agency: refused.agency.clone(),
            received_at: refused.received_at,
            last_at: refused.received_at,
            count: 1,
            bytes: i64::try_from(refused.bytes).unwrap_or(i64::MAX),
            problem: refused.refusal.kind.code().to_owned(),
            body: refused.body,
            key: refused.key,
            record,
            cleared_at: None,
        });
        rows.outbox.push(self.refusal_message(refused, id, now));
        Ok(Concluded { rows, done: Done::Kept })
    }

    fn repeated(&self, stored: &Repeat, body: Token16) -> Result<Done> {
        if stored.body != body {
            return Ok(Done::Conflict { first: stored.reference });
        }
        let dossier = self.open(stored.referral, &stored.record)?;
        let receipt = dossier.receipt.into();
        Ok(Done::Accepted { reference: stored.reference, receipt, repeat: true })
    }
}

fn repeat_row(repeat: &RepeatKey, referral: ReferralId) -> NewRepeat {
    NewRepeat { key: repeat.key, body: repeat.body, referral, expires_at: repeat.expires_at }
}

impl Stages {
    /// The message by which MASSTT learns of a refused submission, with the number to call.
    fn refusal_message(&self, refused: &Refused, id: RefusalId, now: Timestamp) -> OutboxRow {
        let rules = self.rules.load();
        let policy = &rules.policy;
        let message = MessageId::from_parts(now, self.env.entropy_id());
        let kind = "referral.refused.v1";
        let traceparent = refused.traceparent.as_deref();
        let agency = rules.directory.agencies.get(&refused.agency);
        let payload = message::refusal(&RefusalDraft {
            envelope: Envelope { id: message, kind, at: now, sequence: 1, traceparent },
            refusal: id,
            agency: &refused.agency,
            agency_telephone: agency.map_or("", |agency| agency.telephone.as_str()),
            problem: refused.refusal.kind.code(),
            received_at: refused.received_at,
            count: 1,
        });
        // A refused submission may hold an urgent worry: nobody has read it yet.
        let minutes = i64::from(policy.clocks.urgent);
        OutboxRow {
            id: message,
            referral: None,
            refusal: Some(id),
            destination: policy.teams.screening.clone(),
            purpose: Purpose::new("refused"),
            priority: Priority::Urgent,
            kind: kind.to_owned(),
            sequence: 1,
            created_at: now,
            due_at: refused.received_at.plus_seconds(minutes * 60),
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
