//! Invariants 2, 3 and 6 on generated referrals, against the shipped policy.

use super::*;
use crate::arbitrary::{POSTCODES, all_concerns, all_indicators, early_help, history, referral};
use frontdoor::domain::{ChildDecision, ChildHistory};
use frontdoor::threshold::{decide, merge, raise};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use serde_json::json;

/// Fails unless `grave` is at least as grave and as quick as `mild`, child by child.
fn at_least(grave: &Decision, mild: &Decision) -> Result<(), TestCaseError> {
    prop_assert!(grave.level.rank >= mild.level.rank);
    prop_assert!(grave.priority >= mild.priority);
    prop_assert!(grave.respond_by <= mild.respond_by);
    for (grave, mild) in grave.children.iter().zip(&mild.children) {
        prop_assert!(grave.level.rank >= mild.level.rank, "{grave:?}\n{mild:?}");
        prop_assert!(grave.priority >= mild.priority, "{grave:?}\n{mild:?}");
        let (quick, slow) = (screened(grave), screened(mild));
        prop_assert!(quick.priority >= slow.priority);
        prop_assert!(quick.due_at <= slow.due_at);
        // From screening to confirmation is no step down: it says that a team was found.
        let strategy = |route: &Route| route.purpose.as_str() == "strategy";
        prop_assert!(strategy(quick) || !strategy(slow));
    }
    Ok(())
}

fn screened(child: &ChildDecision) -> &Route {
    let screened = child.routes.iter().find(|route| route.destination.as_str() == "masstt");
    screened.expect("each child is in front of MASSTT")
}

fn add(document: &Value, list: &str, code: &str) -> Value {
    let mut more = document.clone();
    match more[list].as_array_mut() {
        Some(items) => items.push(json!(code)),
        None => more[list] = json!([code]),
    }
    more
}

/// The document without the member at `path`, of every child where it begins with `children`.
fn without(document: &Value, path: &[&str]) -> Value {
    fn strip(value: &mut Value, path: &[&str]) {
        match (value, path) {
            (Value::Array(items), _) => items.iter_mut().for_each(|item| strip(item, path)),
            (Value::Object(map), [last]) => drop(map.remove(*last)),
            (Value::Object(map), [key, rest @ ..]) => {
                if let Some(inner) = map.get_mut(*key) {
                    strip(inner, rest);
                }
            }
            _ => {}
        }
    }
    let mut less = document.clone();
    strip(&mut less, path);
    less
}

/// Answers that no rule reads.
const UNREAD: [&[&str]; 11] = [
    &["children", "given_name"],
    &["children", "family_name"],
    &["children", "sex"],
    &["children", "ethnicity"],
    &["children", "religion"],
    &["children", "language"],
    &["children", "interpreter"],
    &["children", "address", "lines"],
    &["children", "address", "withheld_from"],
    &["referrer"],
    &["household", "people", "name"],
];

/// Answers that tell of harm, or whose loss could send a child to a panel alone.
const TELLING: [&str; 8] = [
    "/concerns/0",
    "/indicators/0",
    "/danger_now",
    "/do_not_alert",
    "/primary_need",
    "/abuse_category",
    "/domains/scale",
    "/children/0/private_fostering",
];

/// Every place at which something is stated, with its key.
fn stated(value: &Value, at: &str, into: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    for (key, value) in inner {
        let at = format!("{at}/{key}");
        stated(value, &at, into);
        into.push(at);
    }
}

/// The document with one answer stated in a form that no type reads.
fn unreadable(document: &Value, place: &str) -> Option<Value> {
    let mut other = document.clone();
    let answer = other.pointer_mut(place)?;
    if answer.is_string() || answer.is_number() {
        *answer =
            json!({ "unreadable": format!("{} (sic)", answer.to_string().trim_matches('"')) });
        return Some(other);
    }
    None
}

/// The document with one key misspelt.
fn misspelt(document: &Value, place: &str) -> Option<Value> {
    let (parent, key) = place.rsplit_once('/')?;
    let mut other = document.clone();
    let members = other.pointer_mut(parent)?.as_object_mut()?;
    let answer = members.remove(key)?;
    members.insert(format!("{key}X"), answer);
    Some(other)
}

fn panels(child: &ChildDecision) -> Vec<&str> {
    let agreed = |route: &&Route| {
        CALDERDALE.destinations[&route.destination].needs_agreement
            || route.destination.as_str() == "caf-coordinator"
    };
    child.routes.iter().filter(agreed).map(|route| route.destination.as_str()).collect()
}

/// Fails unless each child that was to be screened still is, or is graver, and no child has a
/// panel that it did not have.
fn no_panel_instead(
    clear: &Decision,
    unclear: &Decision,
    place: &str,
) -> Result<(), TestCaseError> {
    let gravity = |child| CALDERDALE.policy.gravity(&screened(child).purpose);
    let screening = CALDERDALE.policy.gravity(&CALDERDALE.policy.screening);
    for (clear, unclear) in clear.children.iter().zip(&unclear.children) {
        prop_assert!(panels(unclear).iter().all(|id| panels(clear).contains(id)), "{}", place);
        let kept = gravity(unclear) >= gravity(clear).min(screening);
        let panel = !panels(unclear).is_empty();
        prop_assert!(kept || !panel, "{}: {:?}", place, unclear);
    }
    Ok(())
}

/// Answers that select a team.
const TEAM: [&[&str]; 10] = [
    &["children", "address"],
    &["children", "school"],
    &["children", "disabilities"],
    &["children", "agreement"],
    &["household", "address"],
    &["household", "people", "agreement"],
    &["agreement"],
    &["telephone_first"],
    &["agreement", "informed"],
    &["children", "agreement", "informed"],
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_referral_ends_in_front_of_masstt_and_only_at_open_destinations(
        document in referral(), known in vec(history(), 3)
    ) {
        let referral = read(&document);
        let known = &known[..referral.children.len()];
        for known in [&[][..], known] {
            let policy = &CALDERDALE.policy;
            let decision = decide(policy, &referral, known, tuesday_morning());
            prop_assert_eq!(decision.children.len(), referral.children.len());
            prop_assert!(decision.failure.is_none());
            for child in &decision.children {
                screened(child);
                prop_assert!(!child.reasons.is_empty());
                for route in &child.routes {
                    let team = CALDERDALE.destination(&route.destination);
                    prop_assert!(team.is_some_and(|team| team.open));
                    prop_assert!(route.priority <= child.priority);
                }
            }
            let mut names: Vec<_> = decision.routes.iter().map(|r| &r.destination).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), decision.routes.len(), "one route a destination");
        }
    }

    #[test]
    fn adding_a_concern_or_a_sign_never_lowers_a_level_nor_lengthens_a_clock(
        document in referral(),
        concern in select(all_concerns()),
        sign in select(all_indicators()),
    ) {
        let before = decided(&document);
        at_least(&decided(&add(&document, "concerns", concern)), &before)?;
        at_least(&decided(&add(&document, "indicators", sign)), &before)?;
    }

    #[test]
    fn adding_any_worrying_answer_never_lowers_a_level_nor_lengthens_a_clock(
        document in referral(),
    ) {
        let before = decided(&document);
        for (place, answer) in [
            ("danger_now", json!("yes")),
            ("do_not_alert", json!("Yes – do not tell dad")),
            ("harm", json!([{"when": "Last week"}])),
            ("level_claimed", json!("5")),
            ("abuse_category", json!("SAB")),
            ("primary_need", json!("N1")),
            ("request", json!("protection")),
            ("dangerNow", json!("yes")),
            ("more", json!("he hits me")),
        ] {
            let mut more = document.clone();
            if more[place].is_null() || place == "danger_now" {
                more[place] = answer;
                at_least(&decided(&more), &before)?;
            }
        }
        for (place, answer) in [
            ("social_worker", json!("Farah Example")),
            ("private_fostering", json!("yes")),
            ("own_words", json!("he hits me")),
        ] {
            let mut more = document.clone();
            if more["children"][0][place].is_null() {
                more["children"][0][place] = answer;
                at_least(&decided(&more), &before)?;
            }
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_or_a_misspelt_key_sends_no_child_to_a_panel_instead(
        document in prop_oneof![referral(), early_help()],
    ) {
        let clear = decided(&document);
        let mut places = Vec::new();
        stated(&document, "", &mut places);
        for place in &places {
            let others = [unreadable(&document, place), misspelt(&document, place)];
            for other in others.into_iter().flatten() {
                no_panel_instead(&clear, &decided(&other), place)?;
            }
        }
        for place in TELLING {
            if let Some(other) = unreadable(&document, place) {
                let decision = decided(&other);
                let first = masstt(&decision);
                prop_assert!(first.priority.as_str() != "standard", "{}", place);
                for child in &decision.children {
                    prop_assert!(panels(child).is_empty(), "{}", place);
                    prop_assert!(screened(child).purpose.as_str() != "confirmation", "{}", place);
                }
            }
        }
    }

    #[test]
    fn removing_concerns_signs_or_the_answer_about_danger_never_raises(document in referral()) {
        let whole = decided(&document);
        for path in [&["concerns"][..], &["indicators"], &["danger_now"], &["harm"], &["worry"],
            &["children", "private_fostering"]] {
            at_least(&whole, &decided(&without(&document, path)))?;
        }
    }

    #[test]
    fn removing_what_selects_a_team_never_lowers_a_level_nor_lengthens_a_clock(
        document in referral()
    ) {
        let whole = decided(&document);
        for path in TEAM {
            let less = decided(&without(&document, path));
            for (less, whole) in less.children.iter().zip(&whole.children) {
                prop_assert_eq!(&less.level, &whole.level, "{:?}", path);
                prop_assert_eq!(less.priority, whole.priority, "{:?}", path);
                prop_assert_eq!(screened(less).due_at, screened(whole).due_at, "{:?}", path);
            }
        }
    }

    #[test]
    fn answers_that_no_rule_reads_change_nothing(document in referral()) {
        let whole = decided(&document);
        for path in UNREAD {
            prop_assert_eq!(&decided(&without(&document, path)), &whole, "{:?}", path);
        }
        let mut more = document.clone();
        more["children"][0]["religion"] = json!("other");
        more["children"][0]["gp"] = json!({"name": "A Surgery"});
        more["domains"]["going_well"] = json!("Much");
        prop_assert_eq!(&decided(&more), &whole);
    }

    #[test]
    fn history_and_later_information_only_add(
        document in referral(), later in referral(), known in vec(history(), 3)
    ) {
        let policy = &CALDERDALE.policy;
        let referral = read(&document);
        let known: Vec<ChildHistory> = known[..referral.children.len()].to_vec();
        let alone = decided(&document);
        let with = decide(policy, &referral, &known, tuesday_morning());
        let routed = merge(policy, &alone, with);
        let hours_later = tuesday_morning().plus_seconds(7_200);
        let new = decide(policy, &read(&later), &[], hours_later);
        for (risen, before) in [(&routed, &alone), (&raise(policy, &routed, new), &routed)] {
            at_least(risen, before)?;
            for route in &before.routes {
                let kept = route_to(risen, route.destination.as_str());
                let kept = kept.expect("no destination is taken back");
                prop_assert!(kept.priority >= route.priority && kept.due_at <= route.due_at);
                prop_assert!(policy.gravity(&kept.purpose) >= policy.gravity(&route.purpose));
                prop_assert!(route.children.iter().all(|child| kept.children.contains(child)));
            }
        }
    }

    #[test]
    fn the_order_of_concerns_and_signs_does_not_matter(document in referral()) {
        let mut turned = document.clone();
        for list in ["concerns", "indicators"] {
            if let Some(items) = turned[list].as_array_mut() {
                items.reverse();
            }
        }
        prop_assert_eq!(decided(&turned), decided(&document));
    }

    #[test]
    fn the_level_depends_on_neither_ethnicity_nor_language_nor_postcode_nor_agency(
        document in referral(), postcode in select(POSTCODES.to_vec())
    ) {
        let mut other = document.clone();
        other["referrer"] = json!({"agency": "Another", "source": "9"});
        other["household"]["address"]["postcode"] = json!("HX2 0AA");
        for child in other["children"].as_array_mut().expect("a list") {
            for (key, value) in [("ethnicity", "REFU"), ("language", "pl"), ("religion", "Sikh")] {
                child[key] = json!(value);
            }
            child["address"]["postcode"] = json!(postcode);
        }
        let (other, whole) = (decided(&other), decided(&document));
        for (other, whole) in other.children.iter().zip(&whole.children) {
            prop_assert_eq!(&other.level, &whole.level);
            prop_assert_eq!(other.priority, whole.priority);
        }
    }

    #[test]
    fn the_coordinator_has_only_children_that_a_panel_has(document in early_help()) {
        for child in &decided(&document).children {
            let ids = panels(child);
            prop_assert!(!ids.contains(&"caf-coordinator") || ids.len() > 1);
        }
    }

    #[test]
    fn no_panel_without_a_plain_agreement_and_none_for_a_child_at_risk(document in referral()) {
        let referral = read(&document);
        let decision = decided(&document);
        let facts = CALDERDALE.facts.read(&referral, tuesday_morning());
        let agreement = frontdoor::domain::facts::AGREEMENT;
        let yes = CALDERDALE.facts.table().fact(agreement).bit("yes").expect("a value");
        for (child, facts) in decision.children.iter().zip(&facts) {
            for route in &child.routes {
                if CALDERDALE.destinations[&route.destination].needs_agreement {
                    prop_assert_eq!(facts.mask(agreement), yes);
                    prop_assert!(child.level.rank < 4);
                }
            }
        }
    }

    #[test]
    fn completeness_is_a_hundred_at_most_and_lists_only_what_would_raise_it(
        document in referral()
    ) {
        let (referral, unread) = frontdoor::domain::Referral::read(document);
        let facts = CALDERDALE.facts.read(&referral, tuesday_morning());
        let scored = CALDERDALE.completeness.score(&referral, &facts, &unread);
        prop_assert!(scored.score <= 100);
        prop_assert_eq!(scored.missing.is_empty(), scored.score == 100);
        prop_assert!(scored.missing.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
        prop_assert!(scored.missing.iter().all(|missing| missing.weight > 0));
    }
}

#[test]
fn many_generated_referrals_go_to_a_panel() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut panel = || {
        let document = early_help().new_tree(&mut runner).expect("a referral").current();
        decided(&document).children.iter().any(|child| !panels(child).is_empty())
    };
    let with_panel = (0..200).filter(|_| panel()).count();
    assert!(with_panel > 40, "{with_panel} of 200");
}

#[test]
fn a_referral_whose_every_answer_is_unreadable_is_screened() {
    let unreadable = json!({"unreadable": "??"});
    let mut child = json!({"description": "a child"});
    for key in ["date_of_birth", "unborn", "estimated_age", "sex", "private_fostering"] {
        child[key] = unreadable.clone();
    }
    let document = json!({
        "children": [child], "worry": "Please call me", "danger_now": unreadable,
        "request": unreadable, "concerns": [unreadable], "indicators": [unreadable],
        "agreement": {"agreed": unreadable}, "do_not_alert": unreadable,
    });
    let decision = decided(&document);
    assert_eq!(masstt(&decision).purpose.as_str(), "screening");
}
