//! The stages as the lane calls them, under its lock: link, decide, route; then rows.

use super::guard::guarded;
use super::rows::{Decided, Facts, Made, referral_row};
use crate::audit::Event;
use crate::completeness::Scorer;
use crate::domain::facts;
use crate::domain::ids::RefusalId;
use crate::domain::time::Env;
use crate::domain::{
    ChildHistory, Decision, Directory, PersonId, Reference, Referral, ReferralId, Timestamp,
};
use crate::linkage::{self, Linkage, Profile};
use crate::routing::{self, Routing};
use crate::store::error::{Result, StoreError};
use crate::store::keys::KeyRing;
use crate::store::seal::Dossier;
use crate::store::totals::{self, SCORE, SENT_ON};
use crate::store::work::*;
use crate::store::{
    Batch, Clock, Doubt, InformationRow, Meeting, NewRepeat, OutcomeRow, Repeat, Sealed,
    StoredReferral, ToTell, Token16,
};
use crate::threshold::{self, Outcomes, Policy};
use arc_swap::ArcSwap;
use std::borrow::Cow;
use std::sync::Arc;

/// Failures that go on record with a decision.
const POLICY_FAILED: &str = "policy-failed";
pub(super) const LINKAGE_FAILED: &str = "linkage-failed";

/// What an authority's configuration says to the stages: one consistent snapshot.
pub struct Rules {
    pub policy: Policy,
    pub scorer: Scorer,
    pub routing: Routing,
    pub directory: Directory,
    pub outcomes: Outcomes,
    pub linkage: Linkage,
}

/// Everything the stages need besides the submission: configuration, keys, clock.
pub struct Stages {
    pub rules: Arc<ArcSwap<Rules>>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
}

impl Stages {
    /// Blocking tokens and profiles of a referral's children.
    pub(super) fn profiles(&self, referral: &Referral, at: Timestamp) -> Vec<ChildProfile> {
        let rules = self.rules.load();
        (0..referral.children.len())
            .map(|index| {
                let (child, household) = (&referral.children[index], &referral.household);
                let mut profile = linkage::profile_of(child, household, Some(at.date()));
                rules.linkage.shared.clear(&mut profile);
                let keys = linkage::keys(&profile);
                let mut tokens: Vec<_> = keys.iter().map(|key| self.ring.token(key)).collect();
                tokens.sort_unstable();
                tokens.dedup();
                let homes = linkage::home_keys(child, household, &rules.linkage.shared);
                let homes = homes.iter().map(|key| self.ring.token(key)).collect();
                ChildProfile { tokens, homes, profile: profile.encode() }
            })
            .collect()
    }

    /// Decides from the submission alone and with history. A stage that fails puts the referral
    /// before the screening team, with the failure attached (invariant 2).
    pub(super) fn decide(
        &self,
        rules: &Rules,
        referred: &Referred,
        at: Timestamp,
        links: &[ChildLink],
        histories: &[ChildHistory],
    ) -> Decided {
        let facts = &facts_of(&rules.policy, referred);
        let (alone, mut full) = decide_both(&rules.policy, facts, histories, at);
        if full.failure.is_none() && links.iter().any(|link| link.failed) {
            full.failure = Some(LINKAGE_FAILED.to_owned());
        }
        let made = Made { at, read_at: referred.received_at, history: histories.to_vec() };
        let (by_people, doubts) = (Vec::new(), Vec::new());
        Decided { alone, full, proposed: None, made: Some(made), by_people, doubts }
    }

    /// The receipt, from the decision and the facts of the submission alone.
    pub(super) fn receipt(
        &self,
        rules: &Rules,
        reference: Reference,
        referred: &Referred,
        alone: &Decision,
        received_at: Timestamp,
    ) -> Vec<u8> {
        let facts = facts_of(&rules.policy, referred);
        let advice = rules.routing.advice_on(&facts, referred.received_at);
        let completeness = referred.completeness.clone();
        let receipt =
            routing::receipt(reference, "received", received_at, alone, completeness, advice);
        serde_json::to_vec(&receipt).expect("a receipt is plain data")
    }

    /// What linkage says of a child; `None` when its profile cannot be read.
    fn compare(&self, child: &ChildProfile, candidates: &[Candidate]) -> Option<LinkVerdict> {
        let Linkage { model, shared } = &self.rules.load().linkage;
        let read = |bytes: &[u8]| {
            let mut profile = Profile::decode(bytes).ok()?;
            shared.clear(&mut profile);
            Some(profile)
        };
        let child = read(&child.profile)?;
        let candidates: Vec<(PersonId, Profile)> =
            candidates.iter().filter_map(|(person, bytes)| Some((*person, read(bytes)?))).collect();
        let verdict = linkage::judge(model, &child, &candidates);
        Some(LinkVerdict {
            state: verdict.state,
            person: verdict.person,
            weight: verdict.weight,
            possible: verdict.possible,
            failed: false,
        })
    }

    /// The sealed parts of a stored referral.
    pub(super) fn open(&self, id: ReferralId, record: &Sealed) -> Result<Dossier> {
        open(&self.ring, id, record)
    }
}

/// The sealed parts of a stored referral.
pub(super) fn open(ring: &KeyRing, id: ReferralId, record: &Sealed) -> Result<Dossier> {
    let bytes = ring.open_record(&Dossier::name(id), record)?;
    Dossier::from_bytes(&bytes)
        .ok_or_else(|| StoreError::Damaged("a dossier is cut short".to_owned()))
}

/// The decision on the submission alone, and the one with history.
pub(super) fn decide_both(
    policy: &Policy,
    children: &[facts::Facts],
    histories: &[ChildHistory],
    at: Timestamp,
) -> (Decision, Decision) {
    let fallback = || policy.fallback(children.len(), at, POLICY_FAILED);
    let alone = guarded("decide", || threshold::decide_facts(policy, children, &[], at));
    let alone = alone.unwrap_or_else(fallback);
    // Both are always computed, so that a known child takes no longer (invariant 6).
    let known = guarded("decide", || threshold::decide_facts(policy, children, histories, at));
    let full = threshold::merge(policy, &alone, known.unwrap_or_else(fallback));
    (alone, full)
}

/// The facts that were read with the submission; where the policy was changed since, they may have
/// other values, and are read again.
fn facts_of<'a>(policy: &Policy, referred: &'a Referred) -> Cow<'a, [facts::Facts]> {
    if referred.facts_of == policy.hash {
        return Cow::Borrowed(&referred.facts);
    }
    Cow::Owned(policy.reader.read(&referred.referral, referred.received_at))
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| StoreError::Refused(error.to_string()))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // The error's text could quote what was sealed: it is not repeated.
    serde_json::from_slice(bytes)
        .map_err(|_| StoreError::Damaged("a part of a dossier is not as written".to_owned()))
}

impl Judge for Stages {
    fn open_profile(&self, person: PersonId, sealed: &[u8]) -> Option<Vec<u8>> {
        self.ring.open_profile(person, sealed)
    }

    fn link(&self, child: &ChildProfile, candidates: &[Candidate]) -> LinkVerdict {
        let failed = || LinkVerdict { failed: true, ..LinkVerdict::default() };
        guarded("link", || self.compare(child, candidates)).flatten().unwrap_or_else(failed)
    }

    fn conclude(
        &self,
        referred: &Referred,
        links: &[ChildLink],
        histories: &[ChildHistory],
        now: Timestamp,
    ) -> Result<Concluded> {
        let rules = self.rules.load();
        let at = referred.received_at;
        let decided = self.decide(&rules, referred, at, links, histories);
        let id = ReferralId::from_parts(now, self.env.entropy_id());
        let reference = Reference::from_entropy(self.env.entropy_u64());
        let receipt = self.receipt(&rules, reference, referred, &decided.alone, at);
        let dossier = Dossier {
            raw: referred.raw.clone(),
            provenance: referred.provenance.clone(),
            canonical: json(&referred.referral.document())?,
            decision: json(&decided)?,
            receipt: receipt.clone(),
            added: Vec::new(),
        };
        let name = Dossier::name(id);
        let record = self.ring.seal_record(&name, &dossier.to_bytes(), self.env.as_ref());
        let row = referral_row(id, reference, referred, &decided.full, record);
        let mut rows = Batch::default();
        let rules = &rules;
        let decided = &decided;
        let facts = Facts { row: &row, referred, decided, rules, links, now };
        facts.people(&self.ring, self.env.as_ref(), &mut rows);
        facts.homes(&mut rows);
        facts.messages(&[], None, self.env.as_ref(), &mut rows);
        facts.await_form(&mut rows);
        facts.before_birth(&[], &mut rows);
        rows.tallies.push((facts.tally("received", ""), 1));
        let counted = |what| totals::of_referral(what, &referred.agency, id);
        if !rows.outbox.is_empty() {
            rows.tallies.push((counted(SENT_ON), 1));
        }
        rows.tallies.push((counted(SCORE), i64::from(referred.completeness.score)));
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
        let again = addition.again.is_some();
        if again && super::addition::is_of_others(&known, &addition.document) {
            return Ok(Err(Done::Conflict { first: addition.reference }));
        }
        let merged = super::addition::merge(known, addition.document.clone(), again);
        let (referral, unread) = Referral::read(merged);
        let rules = self.rules.load();
        let at = addition.received_at;
        let facts = rules.policy.reader.read(&referral, at);
        let completeness = rules.scorer.score(&referral, &facts, &unread);
        let children = self.profiles(&referral, at);
        let adults = self.adults_of(&referral, at);
        Ok(Ok(Referred {
            agency: addition.agency.clone(),
            received_at: addition.received_at,
            raw: dossier.raw,
            provenance: dossier.provenance,
            referral,
            facts,
            facts_of: rules.policy.hash.clone(),
            completeness,
            children,
            adults,
            repeat: addition.repeat,
            traceparent: addition.traceparent.clone(),
        }))
    }

    fn conclude_addition(&self, added: &Added<'_>, now: Timestamp) -> Result<Concluded> {
        let Added { stored, addition, merged, links, histories, clocks } = added;
        let rules = self.rules.load();
        let mut dossier = self.open(stored.row.id, &stored.row.record)?;
        let before: Decided = from_json(&dossier.decision)?;
        let again = self.decide(&rules, merged, merged.received_at, links, histories);
        let decided = super::decided::raised(&rules.policy, &before, again.clone());
        let more = super::decided::says_more(&rules.policy, &before.full, &decided.full);
        let (id, reference) = (stored.row.id, stored.row.reference);
        let first = stored.row.received_at;
        let receipt = self.receipt(&rules, reference, merged, &decided.alone, first);
        let document = merged.referral.document();
        let news = super::addition::news(&from_json(&dossier.canonical)?, &document);
        dossier.canonical = json(&document)?;
        dossier.decision = json(&decided)?;
        // A message's last content stands for all before it.
        let known_by = addition.again.as_ref().unwrap_or(&addition.repeat);
        dossier.added.push((known_by.key, receipt.clone()));
        let name = Dossier::name(id);
        let wrapped_key = stored.row.record.wrapped_key.clone();
        let seal =
            |plain: &[u8]| self.ring.seal_more(&name, &wrapped_key, plain, self.env.as_ref());
        let body = seal(&dossier.to_bytes())?;
        let raw = seal(&addition.raw)?;
        let record = Sealed { wrapped_key, body };
        let mut row = referral_row(id, reference, merged, &decided.full, record);
        row.received_at = first;
        // The revision that was read: the store writes only on top of it.
        row.revision = stored.row.revision;
        let mut rows = Batch::default();
        let rules = &rules;
        let (referred, decided) = (merged, &decided);
        let facts = Facts { row: &row, referred, decided, rules, links, now };
        facts.people(&self.ring, self.env.as_ref(), &mut rows);
        facts.homes(&mut rows);
        facts.messages(&stored.deliveries, more, self.env.as_ref(), &mut rows);
        facts.wind(&again, &mut rows);
        facts.form_came(addition, news.is_some(), clocks, &mut rows);
        facts.before_birth(clocks, &mut rows);
        facts.another_day(clocks, &mut rows);
        if let Some(news) = news {
            facts.heed(news, clocks, &mut rows);
        }
        rows.tallies.push((facts.tally("added", ""), 1));
        rows.audit.push(Event::new("referral.added-to", addition.agency.as_str()).about(id));
        rows.repeats.push(repeat_row(known_by, id));
        rows.clears.push((known_by.key, now));
        rows.information.push(InformationRow {
            referral: row,
            received_at: addition.received_at,
            raw,
        });
        let done = Done::Accepted { reference, receipt: receipt.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    fn is_of_the_same(&self, stored: &StoredReferral, referred: &Referred) -> Result<bool> {
        let theirs = self.children_of(&stored.row)?;
        let mut tokens = theirs.iter().flat_map(|child| &child.tokens);
        let own = |token| referred.children.iter().any(|child| child.tokens.contains(token));
        Ok(tokens.any(own))
    }

    fn reopen(&self, stored: &StoredReferral, now: Timestamp) -> Result<Referred> {
        self.as_it_stands(stored, now)
    }

    fn conclude_revisit(
        &self,
        revisit: &Revisit<'_>,
        now: Timestamp,
    ) -> Result<(Batch, Option<Arc<[u8]>>)> {
        self.decide_again(revisit, now)
    }

    fn conclude_meetings(
        &self,
        stored: &StoredReferral,
        meetings: &[Meeting],
        now: Timestamp,
    ) -> Result<Batch> {
        self.tell_of_meetings(stored, meetings, now)
    }

    fn conclude_outcome(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        before: &[OutcomeRow],
        told: &Told,
        now: Timestamp,
    ) -> Result<Concluded> {
        self.follow(stored, clocks, before, told, now)
    }

    fn conclude_attachments(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        to_tell: &[ToTell],
        now: Timestamp,
    ) -> Result<Batch> {
        self.tell_of_attachments(stored, clocks, to_tell, now)
    }

    fn conclude_doubt(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        doubt: &Doubt,
        now: Timestamp,
    ) -> Result<Batch> {
        self.screen_again(stored, clocks, doubt, now)
    }

    fn conclude_refusal(
        &self,
        refused: &Refused,
        again: Option<RefusalId>,
        now: Timestamp,
    ) -> Result<Concluded> {
        self.refusal_rows(refused, again, now).map(|rows| Concluded { rows, done: Done::Kept })
    }

    fn repeated(&self, stored: &Repeat, body: Token16) -> Result<Done> {
        if stored.body != body {
            return Ok(Done::Conflict { first: stored.reference });
        }
        let dossier = self.open(stored.referral, &stored.record)?;
        let receipt = dossier.receipt_of(stored.key).into();
        Ok(Done::Accepted { reference: stored.reference, receipt, repeat: true })
    }
}

fn repeat_row(repeat: &RepeatKey, referral: ReferralId) -> NewRepeat {
    NewRepeat { key: repeat.key, body: repeat.body, referral, expires_at: repeat.expires_at }
}
