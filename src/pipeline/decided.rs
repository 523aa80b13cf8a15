//! Deciding again because of what a person said of a match, or the authority's records told later.
//! What it may lower, only a person may
//! have lowered.

use super::judge::{LINKAGE_FAILED, Rules, Stages, from_json, json};
use super::rows::{Decided, Facts, referral_row};
use crate::audit::Event;
use crate::domain::matching::ProposalHash;
use crate::domain::{ChildDecision, Children, Decision, Referral, Route, RuleId, Timestamp};
use crate::store::error::{Result, StoreError};
use crate::store::seal::Dossier;
use crate::store::work::*;
use crate::store::{Batch, ReferralRow, Sealed, StoredReferral};
use crate::threshold::{self, Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A decision with something added: it only rises.
pub(super) fn raised(policy: &Policy, before: &Decided, again: Decided) -> Decided {
    let proposed = before.proposed.as_ref();
    let proposed = proposed.map(|lower| threshold::raise(policy, lower, again.full.clone()));
    let full = threshold::raise(policy, &before.full, again.full);
    Decided {
        alone: threshold::raise(policy, &before.alone, again.alone),
        proposed: proposed.filter(|lower| threshold::is_lower(policy, &full, lower)),
        full,
        by_people: before.by_people.clone(),
        doubts: before.doubts.clone(),
        made: again.made,
    }
}

/// A decision without a history that was wrong. What is lower is proposed.
fn corrected(policy: &Policy, mut before: Decided, again: Decided, own: bool) -> Decided {
    if let Some(failure) = again.failure() {
        // What was right cannot be told from what was wrong: all stays, and people are told.
        before.full.failure = Some(failure.to_owned());
        return before;
    }
    if before.failure().is_some() {
        before.full.failure = None;
    }
    let right = threshold::raise(policy, &before.alone, again.full);
    let kept = threshold::keep(policy, &before.full, &right);
    // Another referral's decision is only freed of what was wrong.
    let full = if own { threshold::raise(policy, &kept, right.clone()) } else { kept };
    let proposed = threshold::is_lower(policy, &full, &right).then_some(right);
    Decided { full, proposed, made: again.made, ..before }
}

/// Of which children a decision is higher than it was, or has a reason more; none where of none.
pub(super) fn says_more(policy: &Policy, before: &Decision, after: &Decision) -> Option<Children> {
    let rules = |child: &ChildDecision| -> BTreeSet<RuleId> {
        child.reasons.iter().map(|reason| reason.rule.clone()).collect()
    };
    let rises = |child: &&ChildDecision| {
        let earlier = before.children.iter().find(|earlier| earlier.index == child.index);
        earlier.is_none_or(|earlier| {
            threshold::is_lower_child(policy, child, earlier)
                || !rules(child).is_subset(&rules(earlier))
        })
    };
    let index = |child: &ChildDecision| child.index;
    let risen: Vec<u16> = after.children.iter().filter(rises).map(index).collect();
    if risen.is_empty() && threshold::is_lower(policy, after, before) {
        // Of the whole, and of no child alone.
        return Some(Children::of(&after.children.iter().map(index).collect::<Vec<_>>()));
    }
    (!risen.is_empty()).then(|| Children::of(&risen))
}

impl Decided {
    /// What a person is asked to confirm: what is lower without a wrong history. Its `hash` is of
    /// all the rest, and the confirmation states it.
    pub fn proposal(&self) -> Option<Value> {
        let lower = self.proposed.as_ref()?;
        let mut proposal = shown(lower);
        proposal["hash"] = hash_of(&proposal).to_string().into();
        Some(proposal)
    }

    /// With what is proposed taken, where it is what a person has read.
    fn take(self, read: ProposalHash) -> Decided {
        let is_read = |lower: &Decision| hash_of(&shown(lower)) == read;
        match self.proposed {
            Some(lower) if is_read(&lower) => Decided { full: lower, proposed: None, ..self },
            proposed => Decided { proposed, ..self },
        }
    }

    /// Why deciding failed, if it did; that comparing failed is something else.
    fn failure(&self) -> Option<&str> {
        self.full.failure.as_deref().filter(|failure| *failure != LINKAGE_FAILED)
    }
}

/// All of a proposal that a person takes.
fn shown(lower: &Decision) -> Value {
    let routes = |routes: &[Route]| {
        let route = |route: &Route| {
            json!({
                "destination": route.destination,
                "purpose": route.purpose,
                "priority": route.priority,
                "due_at": route.due_at,
                "children": route.children,
            })
        };
        Value::Array(routes.iter().map(route).collect())
    };
    let children = lower.children.iter().map(|child| {
        json!({
            "index": child.index,
            "level_of_need": {"code": child.level.code, "label": child.level.label},
            "priority": child.priority,
            "routes": routes(&child.routes),
        })
    });
    let destinations = lower.routes.iter().map(|route| &route.destination);
    json!({
        "children": children.collect::<Vec<_>>(),
        "priority": lower.priority,
        "respond_by": lower.respond_by,
        "destinations": destinations.collect::<Vec<_>>(),
        "routes": routes(&lower.routes),
    })
}

/// What of a proposal is for whoever may not see all that is known of the children: where it would
/// go tells which team holds the case; and without that it cannot be confirmed.
pub fn close_proposal(proposal: &mut Value) {
    if let Some(proposal) = proposal.as_object_mut() {
        proposal.retain(|member, _| !matches!(member.as_str(), "destinations" | "routes" | "hash"));
        let children = proposal.get_mut("children").and_then(Value::as_array_mut);
        for child in children.into_iter().flatten().filter_map(Value::as_object_mut) {
            child.remove("routes");
        }
    }
}

fn hash_of(shown: &Value) -> ProposalHash {
    let hash = Sha256::digest(shown.to_string().as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    ProposalHash(first)
}

fn proposal(decided: &Decided) -> Result<Option<Arc<[u8]>>> {
    let proposal = decided.proposal().map(|proposal| json(&proposal)).transpose()?;
    Ok(proposal.map(Arc::from))
}

impl Stages {
    /// The children of a stored referral, as linkage sees them.
    pub(super) fn children_of(&self, row: &ReferralRow) -> Result<Vec<ChildProfile>> {
        let dossier = self.open(row.id, &row.record)?;
        let (referral, _) = Referral::read(from_json(&dossier.canonical)?);
        Ok(self.profiles(&referral, row.received_at))
    }

    /// A stored referral, read again.
    pub(super) fn as_it_stands(&self, stored: &StoredReferral, at: Timestamp) -> Result<Referred> {
        let row = &stored.row;
        let dossier = self.open(row.id, &row.record)?;
        let (referral, unread) = Referral::read(from_json(&dossier.canonical)?);
        let rules = self.rules.load();
        let facts = rules.policy.reader.read(&referral, row.received_at);
        let completeness = rules.scorer.score(&referral, &facts, &unread);
        let children = self.profiles(&referral, row.received_at);
        Ok(Referred {
            agency: row.agency.clone(),
            received_at: row.received_at,
            raw: dossier.raw,
            provenance: dossier.provenance,
            referral,
            facts,
            facts_of: rules.policy.hash.clone(),
            completeness,
            children,
            // They are kept already.
            adults: Vec::new(),
            repeat: RepeatKey { key: [0; 16], body: [0; 16], expires_at: at },
            traceparent: None,
        })
    }

    /// What stands after a revisit, and the decision made anew, where one was.
    fn outcome(
        &self,
        rules: &Rules,
        before: Decided,
        revisit: &Revisit<'_>,
        now: Timestamp,
    ) -> (Decided, Option<Decided>) {
        let Revisit { stored, referred, links, histories, how, own, .. } = revisit;
        let policy = &rules.policy;
        let again = |at| self.decide(rules, referred, at, links, histories);
        let right = |before| corrected(policy, before, again(stored.row.received_at), *own);
        let decided = match how {
            How::Raise | How::Heed => {
                let anew = again(now);
                return (raised(policy, &before, anew.clone()), Some(anew));
            }
            How::Propose | How::Free => right(before),
            How::Lower(read) => right(before).take(*read),
            How::Take(read) => before.take(*read),
            // The policy may be mended since it failed: whoever asks has it tried again.
            How::Look if before.failure().is_some() => right(before),
            How::Look => before,
        };
        (decided, None)
    }

    pub(super) fn decide_again(
        &self,
        revisit: &Revisit<'_>,
        now: Timestamp,
    ) -> Result<(Batch, Option<Arc<[u8]>>)> {
        let Revisit { stored, referred, links, clocks, how, withdrawn, own, .. } = revisit;
        let rules = self.rules.load();
        let policy = &rules.policy;
        let mut dossier = self.open(stored.row.id, &stored.row.record)?;
        let before: Decided = from_json(&dossier.decision)?;
        let told = before.clone();
        let (decided, anew) = self.outcome(&rules, before, revisit, now);
        if !own && decided.failure().is_some() {
            let failed = "the policy fails, so that a wrong history cannot be taken back yet";
            return Err(StoreError::Refused(failed.to_owned()));
        }
        let says_nothing = match how {
            How::Heed => says_more(policy, &told.full, &decided.full).is_none(),
            How::Take(_) | How::Look | How::Free => decided.says_the_same(&told),
            _ => false,
        };
        // A wrong history is not kept for replay either.
        let forgets = *how == How::Free && decided.made != told.made;
        if says_nothing && !forgets {
            return Ok((Batch::default(), proposal(&told)?));
        }
        dossier.decision = json(&decided)?;
        let (name, sealed) = (Dossier::name(stored.row.id), &stored.row.record);
        let env = self.env.as_ref();
        let body = self.ring.seal_more(&name, &sealed.wrapped_key, &dossier.to_bytes(), env)?;
        let record = Sealed { wrapped_key: sealed.wrapped_key.clone(), body };
        let (id, reference) = (stored.row.id, stored.row.reference);
        let mut row = referral_row(id, reference, referred, &decided.full, record);
        row.revision = stored.row.revision;
        let (rules, decided) = (&rules, &decided);
        let facts = Facts { row: &row, referred, decided, rules, links, now };
        let mut rows = Batch::default();
        if *own {
            facts.people(&self.ring, env, &mut rows);
            // Who may be whom was told of before.
            rows.audit.clear();
        }
        match anew {
            Some(anew) => {
                let more = says_more(policy, &told.full, &decided.full);
                facts.messages(&stored.deliveries, more, env, &mut rows);
                facts.wind(&anew, &mut rows);
                facts.before_birth(clocks, &mut rows);
            }
            None if !says_nothing && (withdrawn.is_some() || decided.full != told.full) => {
                facts.messages_to_all(&stored.deliveries, *withdrawn, env, &mut rows);
            }
            None => {}
        }
        let takes = matches!(how, How::Lower(_) | How::Take(_));
        if takes && threshold::is_lower(policy, &told.full, &decided.full) {
            rows.desk.push(Event::new(LOWERED, "frontdoor").about(id));
        }
        let proposed = proposal(decided)?;
        rows.revisits.push(row);
        Ok((rows, proposed))
    }
}
