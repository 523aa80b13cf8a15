//! A decision that rested on a wrong history: what came from it goes, and nothing is lowered.

use super::*;
use crate::arbitrary::{early_help, history, referral};
use frontdoor::domain::ChildHistory;
use frontdoor::threshold::{decide, is_lower, keep, merge, raise};
use proptest::collection::vec;
use proptest::prelude::*;

fn with(document: &Value, known: &[ChildHistory]) -> Decision {
    let (policy, referral) = (&CALDERDALE.policy, read(document));
    let known = &known[..referral.children.len()];
    let decision = decide(policy, &referral, known, tuesday_morning());
    merge(policy, &decided(document), decision)
}

/// The same with one route changed.
fn changed(decision: &Decision, at: usize, change: impl Fn(&mut Route)) -> Decision {
    let mut less = decision.clone();
    let to = decision.routes[at].destination.clone();
    let of_children = less.children.iter_mut().flat_map(|child| &mut child.routes);
    let routes = less.routes.iter_mut().chain(of_children);
    routes.filter(|route| route.destination == to).for_each(change);
    less
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reasons_of_a_wrong_history_go_and_nothing_is_lowered_without_a_person(
        document in prop_oneof![referral(), early_help()],
        wrong in vec(history(), 3),
        known in vec(history(), 3),
    ) {
        let policy = &CALDERDALE.policy;
        let (before, right) = (with(&document, &wrong), with(&document, &known));
        let kept = keep(policy, &before, &right);
        prop_assert_eq!((&kept.level, kept.priority), (&before.level, before.priority));
        prop_assert_eq!(kept.respond_by, before.respond_by);
        prop_assert!(!is_lower(policy, &before, &kept) && !is_lower(policy, &kept, &before));
        prop_assert_eq!(is_lower(policy, &kept, &right), is_lower(policy, &before, &right));
        for (child, of_right) in kept.children.iter().zip(&right.children) {
            let still = |rule| of_right.reasons.iter().any(|reason| reason.rule == rule);
            for reason in child.reasons.iter().filter(|reason| reason.history) {
                let rule = reason.rule.clone();
                prop_assert!(rule.as_str() == "history-withdrawn" || still(rule), "{reason:?}");
            }
            for rule in child.routes.iter().flat_map(|route| &route.rules) {
                let known = child.reasons.iter().chain(&of_right.reasons);
                let mut known = known.map(|reason| &reason.rule);
                prop_assert!(known.any(|other| other == rule), "{rule}");
            }
        }
        for (route, was) in kept.routes.iter().zip(&before.routes) {
            prop_assert_eq!(&route.destination, &was.destination);
            prop_assert_eq!((route.priority, route.due_at), (was.priority, was.due_at));
        }
        // What the right history says is added, and the first decision on it is as if it had been
        // known from the beginning.
        let full = raise(policy, &kept, right.clone());
        prop_assert!(!is_lower(policy, &before, &full) && !is_lower(policy, &right, &full));
        prop_assert_eq!(&keep(policy, &right, &right), &right);
    }

    #[test]
    fn more_time_or_a_lesser_purpose_alone_is_lower_and_waits_for_a_person(
        document in prop_oneof![referral(), early_help()],
        known in vec(history(), 3),
    ) {
        let policy = &CALDERDALE.policy;
        let decision = with(&document, &known);
        prop_assert!(!is_lower(policy, &decision, &decision));
        for at in 0..decision.routes.len() {
            let later = changed(&decision, at, |route| route.due_at = route.due_at.plus_seconds(1));
            prop_assert!(is_lower(policy, &decision, &later));
            prop_assert!(!is_lower(policy, &later, &decision));
            for purpose in &policy.purposes {
                let other = changed(&decision, at, |route| route.purpose = purpose.clone());
                let less = policy.gravity(purpose) < policy.gravity(&decision.routes[at].purpose);
                prop_assert_eq!(is_lower(policy, &decision, &other), less, "{:?}", purpose);
            }
        }
        let mut later = decision.clone();
        later.respond_by = later.respond_by.plus_seconds(1);
        prop_assert!(is_lower(policy, &decision, &later));
    }
}
