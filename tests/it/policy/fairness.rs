//! Who a child or a sender is changes nothing: with history and links held fixed, level, priority,
//! clocks and what MASSTT is asked for never depend on ethnicity, language, religion, the kind of
//! agency that writes, or a postcode.

use super::sixty;
use super::*;
use crate::arbitrary::{POSTCODES, early_help, history, referral};
use frontdoor::domain::codes::SourceCode;
use frontdoor::domain::{ChildHistory, Level, Priority, Purpose};
use frontdoor::threshold::{decide, merge};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

/// Ethnicities of the school census, and what people write besides.
const ETHNICITIES: [&str; 22] = [
    "WBRI", "WIRI", "WIRT", "WOTH", "WROM", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN",
    "AOTH", "BCRB", "BAFR", "BOTH", "CHNE", "OOTH", "REFU", "NOBT", "Gypsy", "Roma",
];
const LANGUAGES: [&str; 10] = ["en", "ur", "pa", "pl", "ro", "ar", "bn", "so", "bfi", "Kurdish"];
const RELIGIONS: [&str; 9] =
    ["none", "Christian", "Islam", "Sikh", "Hindu", "Jewish", "Buddhist", "other", "Jehovah"];

/// Each way in which a sender or a child may be somebody else, and nothing else is said.
fn others(document: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let of_children = [("ethnicity", &ETHNICITIES[..]), ("religion", &RELIGIONS)];
    for (key, values) in of_children.into_iter().chain([("language", &LANGUAGES[..])]) {
        for value in values {
            let other = with_each_child(document, |child| child[key] = json!(value));
            all.push((format!("{key} {value}"), other));
        }
    }
    for source in SourceCode::ALL {
        let mut other = document.clone();
        other["referrer"] = json!({"agency": source.label(), "source": source.code()});
        all.push((format!("source {}", source.code()), other));
    }
    for postcode in POSTCODES {
        let mut other = with_each_child(document, |child| {
            child["address"] = json!({"postcode": postcode});
        });
        other["household"]["address"] = json!({"postcode": postcode});
        all.push((format!("postcode {postcode}"), other));
    }
    all
}

fn with_each_child(document: &Value, change: impl Fn(&mut Value)) -> Value {
    let mut other = document.clone();
    other["children"].as_array_mut().expect("a list").iter_mut().for_each(change);
    other
}

/// Of each child: level, priority, and MASSTT's purpose and clock.
type Suggested = Vec<(Level, Priority, Option<Purpose>, Timestamp)>;

/// `by_place`: whether a panel could be found may depend on the place, and with it whether MASSTT
/// confirms or screens; never anything graver.
fn suggested(decision: &Decision, by_place: bool) -> Suggested {
    let child = |child: &frontdoor::domain::ChildDecision| {
        let route = child.routes.iter().find(|route| route.destination.as_str() == "masstt");
        let route = route.expect("each child is in front of MASSTT");
        let purpose = Some(route.purpose.clone());
        let lesser = |purpose: &Purpose| purpose.as_str() != "strategy";
        let purpose = purpose.filter(|purpose| !by_place || !lesser(purpose));
        (child.level.clone(), child.priority, purpose, route.due_at)
    };
    decision.children.iter().map(child).collect()
}

fn decided_with(document: &Value, known: &[ChildHistory]) -> Decision {
    let (policy, referral) = (&CALDERDALE.policy, read(document));
    let known = &known[..referral.children.len().min(known.len())];
    let alone = decide(policy, &referral, &[], tuesday_morning());
    merge(policy, &alone, decide(policy, &referral, known, tuesday_morning()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_depends_on_who_somebody_is_in_generated_stories(
        document in prop_oneof![referral(), early_help()], known in vec(history(), 3)
    ) {
        // A place is stated in each, so that swapping it tells nothing that was not told.
        let whole = decided_with(&document, &known);
        for (what, other) in others(&document) {
            let by_place = what.starts_with("postcode");
            let other = decided_with(&other, &known);
            let (other, whole) = (suggested(&other, by_place), suggested(&whole, by_place));
            prop_assert_eq!(other, whole, "{}", what);
        }
    }
}

#[test]
fn nothing_depends_on_who_somebody_is_in_the_stories_of_senders() {
    for story in sixty::all() {
        let whole = story.decided(&story.says);
        for (what, other) in others(&story.says) {
            let by_place = what.starts_with("postcode");
            let other = suggested(&story.decided(&other), by_place);
            assert_eq!(other, suggested(&whole, by_place), "{} with {what}", story.id);
        }
    }
}

/// The swaps would show something: what a rule reads does change.
#[test]
fn a_policy_that_looked_at_a_place_would_be_found() {
    let mut policy = CALDERDALE.policy.clone();
    let outside = policy.rules.iter_mut().find(|rule| rule.id.as_str() == "outside-the-area");
    outside.expect("a rule").level = policy.levels.last().cloned();
    let says = json!({"children": [{"given_name": "Test"}], "worry": "See what is ticked"});
    let levels: std::collections::BTreeSet<i16> = others(&says)
        .iter()
        .map(|(_, other)| decide(&policy, &read(other), &[], tuesday_morning()).level.rank)
        .collect();
    assert!(levels.len() > 1);
}
