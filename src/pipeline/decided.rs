//! Deciding again because of what a person said of a match, or the authority's records told later.
//! What it may lower, only a person may
//! have lowered.

use super::judge::{Stages, from_json, json};
use super::rows::{Decided, Facts, referral_row};
use crate::domain::{ChildDecision, Decision, Referral, RuleId, Timestamp};
use crate::store::error::Result;
use crate::store::seal::Dossier;
use crate::store::work::*;
use crate::store::{Batch, ReferralRow, Sealed, StoredReferral};
use crate::threshold::{self, Policy};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A decision with something added: it only rises.
pub(super) fn raised(policy: &Policy, before: &Decided, again: Decided) -> Decided {
    let proposed = before.proposed.as_ref();
    let proposed = proposed.map(|lower| threshold::raise(policy, lower, again.full.clone()));
    let full = threshold::raise(policy, &before.full, again.full);
    Decided {
        alone: threshold::raise(policy, &before.alone, again.alone),
        proposed: proposed.filter(|lower| threshold::is_lower(&full, lower)),
        full,
    }
}

/// A decision without a history that was wrong.
fn corrected(policy: &Policy, before: Decided, again: Decided, revisit: &Revisit<'_>) -> Decided {
    let right = threshold::raise(policy, &before.alone, again.full);
    if revisit.how == How::Lower {
        return Decided { alone: before.alone, full: right, proposed: None };
    }
    let kept = threshold::keep(policy, &before.full, &right);
    // Another referral's decision is only freed of what was wrong.
    let full = if revisit.own { threshold::raise(policy, &kept, right.clone()) } else { kept };
    let proposed = threshold::is_lower(&full, &right).then_some(right);
    Decided { alone: before.alone, full, proposed }
}

/// Whether a decision is higher than it was, or has a reason more.
fn says_more(before: &Decision, after: &Decision) -> bool {
    let rules = |decision: &Decision| -> BTreeSet<(u16, RuleId)> {
        let of = |child: &ChildDecision| {
            let index = child.index;
            child.reasons.iter().map(|reason| (index, reason.rule.clone())).collect::<Vec<_>>()
        };
        decision.children.iter().flat_map(of).collect()
    };
    threshold::is_lower(after, before) || !rules(after).is_subset(&rules(before))
}

impl Decided {
    /// What a person is asked to confirm: what is lower without a wrong history.
    pub fn proposal(&self) -> Option<Value> {
        let lower = self.proposed.as_ref()?;
        let children = lower.children.iter().map(|child| {
            json!({
                "index": child.index,
                "level_of_need": {"code": child.level.code, "label": child.level.label},
                "priority": child.priority,
            })
        });
        let destinations = lower.routes.iter().map(|route| &route.destination);
        Some(json!({
            "children": children.collect::<Vec<_>>(),
            "priority": lower.priority,
            "destinations": destinations.collect::<Vec<_>>(),
        }))
    }
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
            repeat: RepeatKey { key: [0; 16], body: [0; 16], expires_at: at },
            traceparent: None,
        })
    }

    pub(super) fn decide_again(
        &self,
        revisit: &Revisit<'_>,
        now: Timestamp,
    ) -> Result<(Batch, Option<Arc<[u8]>>)> {
        let Revisit { stored, referred, links, histories, how, withdrawn, own } = revisit;
        let rules = self.rules.load();
        let policy = &rules.policy;
        let mut dossier = self.open(stored.row.id, &stored.row.record)?;
        let before: Decided = from_json(&dossier.decision)?;
        let again = |at| self.decide(&rules, referred, at, links, histories);
        let (told, mut anew) = (before.clone(), before.clone());
        let decided = match how {
            How::Raise | How::Heed => {
                anew = again(now);
                raised(policy, &before, anew.clone())
            }
            How::Propose | How::Lower => {
                corrected(policy, before, again(stored.row.received_at), revisit)
            }
            How::Take => match before.proposed {
                Some(lower) => Decided { full: lower, proposed: None, alone: before.alone },
                None => return Ok((Batch::default(), None)),
            },
            How::Look => return Ok((Batch::default(), proposal(&before)?)),
        };
        if *how == How::Heed && !says_more(&told.full, &decided.full) {
            return Ok((Batch::default(), None));
        }
        dossier.decision = json(&decided)?;
        let (name, sealed) = (Dossier::name(stored.row.id), &stored.row.record);
        let env = self.env.as_ref();
        let body = self.ring.seal_more(&name, &sealed.wrapped_key, &dossier.to_bytes(), env)?;
        let record = Sealed { wrapped_key: sealed.wrapped_key.clone(), body };
        let (id, reference) = (stored.row.id, stored.row.reference);
        let mut row = referral_row(id, reference, referred, &decided.full, record);
        row.revision = stored.row.revision;
        let directory = &rules.directory;
        let facts = Facts { row: &row, referred, decided: &decided, directory, links, now };
        let mut rows = Batch::default();
        if *own {
            facts.people(&self.ring, env, &mut rows);
            // Who may be whom was told of before.
            rows.audit.clear();
        }
        match how {
            How::Raise | How::Heed => {
                facts.messages(&stored.deliveries, env, &mut rows);
                facts.wind(&anew, &mut rows);
            }
            _ if withdrawn.is_some() || decided.full != told.full => {
                facts.messages_to_all(&stored.deliveries, *withdrawn, env, &mut rows);
            }
            _ => {}
        }
        let proposed = proposal(&decided)?;
        rows.revisits.push(row);
        Ok((rows, proposed))
    }
}
