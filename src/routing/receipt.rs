//! The receipt, from the decision on the submission alone.

use crate::domain::receipt::{
    Completeness, ReceiptChild, ReceiptDestination, ReceiptReason, SuggestedLevel,
};
use crate::domain::{ChildDecision, Decision, Receipt, Reference, Timestamp};

/// The receipt of an accepted referral; `status` as contract.md lists them, at first `received`.
///
/// `alone` is the decision without history. Reasons and routes that history gave would be left
/// out if it were not, but a level that history raised could not be told: never pass another.
pub fn receipt(
    reference: Reference,
    status: &str,
    received_at: Timestamp,
    alone: &Decision,
    completeness: Completeness,
    advice: Vec<String>,
) -> Receipt {
    Receipt {
        reference,
        status: status.to_owned(),
        received_at,
        respond_by: alone.respond_by,
        completeness,
        advice,
        children: alone.children.iter().map(child).collect(),
    }
}

fn child(decided: &ChildDecision) -> ReceiptChild {
    let hidden = |rule| decided.reasons.iter().any(|reason| reason.history && reason.rule == rule);
    let told = |route: &&crate::domain::Route| !route.rules.iter().cloned().all(hidden);
    let destinations = decided.routes.iter().filter(told).map(|route| ReceiptDestination {
        id: route.destination.clone(),
        purpose: route.purpose.clone(),
    });
    let reasons = decided.reasons.iter().filter(|reason| !reason.history);
    let reasons = reasons.map(|reason| ReceiptReason {
        rule: reason.rule.clone(),
        basis: reason.basis.clone(),
        why: reason.why.clone(),
    });
    ReceiptChild {
        index: decided.index,
        level_of_need: SuggestedLevel {
            code: decided.level.code.clone(),
            label: decided.level.label.clone(),
            basis: decided.level.basis.clone(),
            suggested: true,
        },
        priority: decided.priority,
        destinations: destinations.collect(),
        reasons: reasons.collect(),
    }
}
