//! What is graver never gets less, and what says the same in other words, in another order, or with
//! more besides that nobody looks for, is decided the same.

use super::*;
use crate::arbitrary::{all_concerns, all_indicators, early_help, referral};
use frontdoor::threshold::decide;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

/// Fails unless every statutory destination of `before` is there, for as grave a purpose, with as
/// much urgency and no more time; and no child's level or priority is less.
fn nothing_less(after: &Decision, before: &Decision, what: &str) -> Result<(), TestCaseError> {
    let policy = &CALDERDALE.policy;
    for (after, before) in after.children.iter().zip(&before.children) {
        prop_assert!(after.level.rank >= before.level.rank, "{}", what);
        prop_assert!(after.priority >= before.priority, "{}", what);
        for route in &before.routes {
            let team = CALDERDALE.destination(&route.destination).expect("a destination");
            if !team.statutory {
                continue;
            }
            let same = |other: &&Route| other.destination == route.destination;
            let still = after.routes.iter().find(same);
            prop_assert!(still.is_some(), "{} is gone with {}", route.destination, what);
            let still = still.expect("it is there");
            prop_assert!(still.priority >= route.priority, "{}", what);
            prop_assert!(still.due_at <= route.due_at, "{}", what);
            // Of confirmation and screening one is as grave: a team was found, or was not.
            let strategy = |route: &Route| policy.gravity(&route.purpose) == policy.purposes.len();
            prop_assert!(strategy(still) || !strategy(route), "{}", what);
        }
    }
    Ok(())
}

/// Worries of generated stories in the same words, told otherwise.
fn reworded(worry: &str, how: usize) -> String {
    match how {
        0 => worry.to_uppercase(),
        1 => worry.to_lowercase(),
        2 => format!("{worry}. We spoke to them on Thursday about shoes"),
        3 => format!("Further to our call – {worry}"),
        4 => worry.replace(' ', "  "),
        5 => format!("{worry}!!"),
        6 => worry.replace("mum", "mother").replace("hard", "difficult").replace("late", "tardy"),
        _ => format!("{worry}\n\nKind regards\nThe office"),
    }
}

/// One phrase of most topics, as people write them.
const LISTED: [&str; 12] = [
    "he hits me",
    "She said she wants to die.",
    "self-harming",
    "a knife",
    "was strangled",
    "scared to go home",
    "county lines",
    "left home alone",
    "FGM",
    "forced marriage",
    "starving",
    "sex offender",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_added_that_is_graver_takes_no_statutory_team_away(
        document in prop_oneof![referral(), early_help()],
        concern in select(all_concerns()),
        sign in select(all_indicators()),
        phrase in select(LISTED.to_vec()),
    ) {
        let before = decided(&document);
        for (list, code) in [("concerns", concern), ("indicators", sign)] {
            let mut more = document.clone();
            match more[list].as_array_mut() {
                Some(items) => items.push(json!(code)),
                None => more[list] = json!([code]),
            }
            nothing_less(&decided(&more), &before, code)?;
        }
        let mut danger = document.clone();
        danger["danger_now"] = json!("yes");
        nothing_less(&decided(&danger), &before, "danger")?;
        let mut words = document.clone();
        let said = words["worry"].as_str().unwrap_or_default();
        words["worry"] = json!(format!("{said}. {phrase}"));
        let raised = decided(&words);
        nothing_less(&raised, &before, phrase)?;
        prop_assert!(masstt(&raised).priority >= frontdoor::domain::Priority::Urgent);
    }

    #[test]
    fn wording_that_adds_or_removes_no_listed_phrase_changes_nothing(
        document in prop_oneof![referral(), early_help()], how in 0_usize..8
    ) {
        let Some(worry) = document["worry"].as_str() else { return Ok(()) };
        // An answer of its own, and no wording.
        if matches!(worry, "not-known" | "refused") {
            return Ok(());
        }
        let mut other = document.clone();
        other["worry"] = json!(reworded(worry, how));
        prop_assert_eq!(decided(&other), decided(&document));
    }

    #[test]
    fn the_order_of_children_and_people_matters_to_nothing_but_their_index(
        document in referral()
    ) {
        let mut turned = document.clone();
        let children = turned["children"].as_array_mut().expect("a list");
        let last = children.len() - 1;
        children.reverse();
        if let Some(people) = turned["household"]["people"].as_array_mut() {
            people.reverse();
        }
        let (whole, turned) = (decided(&document), decided(&turned));
        for child in &whole.children {
            let other = &turned.children[last - usize::from(child.index)];
            prop_assert_eq!((&child.level, child.priority), (&other.level, other.priority));
            prop_assert_eq!(&child.reasons, &other.reasons);
            for (route, other) in child.routes.iter().zip(&other.routes) {
                let told = |route: &Route| (route.destination.clone(), route.purpose.clone());
                prop_assert_eq!(told(route), told(other));
                prop_assert_eq!((route.priority, route.due_at), (other.priority, other.due_at));
            }
        }
        prop_assert_eq!((whole.level, whole.priority), (turned.level, turned.priority));
        prop_assert_eq!(whole.respond_by, turned.respond_by);
    }

    #[test]
    fn the_same_is_decided_the_same_again_and_by_a_policy_that_is_read_again(
        document in referral()
    ) {
        static AGAIN: LazyLock<Authority> =
            LazyLock::new(|| load(&calderdale_dir()).expect("it is in order"));
        let first = decided(&document);
        prop_assert_eq!(&decided(&document), &first);
        prop_assert_eq!(&decide(&AGAIN.policy, &read(&document), &[], tuesday_morning()), &first);
    }
}
