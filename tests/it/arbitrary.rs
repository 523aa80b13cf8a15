//! Generated referrals, as canonical JSON documents: every answer in every state, stories that
//! contradict themselves, households of several children. Shared by the tests of all stages.

use frontdoor::domain::codes::{ConcernCode, Indicator};
use frontdoor::domain::decision::{CaseStatus, LinkState};
use frontdoor::domain::{ChildHistory, DestinationId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// What may be said to any question: nothing, not known, refused, something unreadable, or one of
/// `values`.
fn answer(values: &[&str]) -> BoxedStrategy<Option<Value>> {
    let values: Vec<Value> = values.iter().map(|value| json!(value)).collect();
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(json!("not-known"))),
        1 => Just(Some(json!("refused"))),
        1 => Just(Some(json!({"unreadable": "as stated"}))),
        6 => select(values).prop_map(Some),
    ]
    .boxed()
}

/// Rarely stated, so that much is left that no rule has read.
fn sometimes(answer: BoxedStrategy<Option<Value>>) -> BoxedStrategy<Option<Value>> {
    prop_oneof![5 => Just(None), 1 => answer].boxed()
}

fn yes_no() -> BoxedStrategy<Option<Value>> {
    answer(&["yes", "no"])
}

/// An object of the members that have something to say.
fn object(
    members: Vec<(&'static str, BoxedStrategy<Option<Value>>)>,
) -> BoxedStrategy<Option<Value>> {
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let build = move |values: Vec<Option<Value>>| {
        let said = names
            .iter()
            .zip(values)
            .filter_map(|(name, value)| value.map(|value| ((*name).to_owned(), value)));
        let map: Map<String, Value> = said.collect();
        (!map.is_empty()).then_some(Value::Object(map))
    };
    values.prop_map(build).boxed()
}

fn list(of: BoxedStrategy<Option<Value>>, most: usize) -> BoxedStrategy<Option<Value>> {
    let some = |items: Vec<Option<Value>>| {
        let items: Vec<Value> = items.into_iter().flatten().collect();
        (!items.is_empty()).then_some(Value::Array(items))
    };
    vec(of, 0..=most).prop_map(some).boxed()
}

/// In each locality, outside, and mistyped.
pub(crate) const POSTCODES: [&str; 7] =
    ["OL14 5AA", "HD6 1AB", "HX1 1AA", "HX3 5AA", "M1 1AE", "HX1 1A", "hx75aa"];

fn address() -> BoxedStrategy<Option<Value>> {
    object(vec![
        ("lines", answer(&["1 Test Street"])),
        ("postcode", answer(&POSTCODES)),
        ("withheld_from", list(answer(&["Some Body"]), 1)),
    ])
}

fn agreement() -> BoxedStrategy<Option<Value>> {
    object(vec![
        ("informed", yes_no()),
        ("agreed", answer(&["yes", "yes", "no"])),
        ("reason", answer(&["It would raise the risk"])),
    ])
}

fn child() -> BoxedStrategy<Option<Value>> {
    let births =
        ["2026-03-01", "2019-03-04", "2014-11-24", "2010-11-25", "2009-01-01", "2027-02-01"];
    object(vec![
        ("given_name", answer(&["Test", "Sami"])),
        ("family_name", answer(&["Child", "Khan"])),
        ("description", Just(Some(json!("a child"))).boxed()),
        ("date_of_birth", answer(&births)),
        ("estimated_age", answer(&["3", "13", "17"])),
        ("unborn", answer(&["yes", "no", "no"])),
        ("sex", answer(&["M", "F", "U"])),
        ("ethnicity", answer(&["WBRI", "APKN", "WROM"])),
        ("religion", answer(&["none", "Islam"])),
        ("language", answer(&["en", "ur"])),
        ("interpreter", yes_no()),
        ("disabilities", list(answer(&["LD", "AUT", "NONE"]), 2)),
        ("private_fostering", answer(&["no", "no", "yes"])),
        ("address", address()),
        ("school", object(vec![("name", answer(&["A School"])), ("code", answer(&["999101"]))])),
        ("agreement", agreement()),
        ("social_worker", sometimes(answer(&["Farah Example", "none"]))),
        ("privateFostering", misspelt()),
        ("own_words", answer(&["I like school", "he hits me"])),
    ])
}

/// Worries that say nothing grave, that say something grave, and that deny it.
pub(crate) const WORRIES: [&str; 6] = [
    "Bedtimes are hard and mum is tired",
    "He was late four times",
    "There is a knife under the bed",
    "No evidence of sexual abuse",
    "She says she wants to die",
    "ڈر لگتا ہے",
];

/// Codes of a list, few or none at a time, and now and then one that nobody can read.
fn codes(all: Vec<&'static str>, most: usize) -> BoxedStrategy<Option<Value>> {
    let some = |(mut codes, strange): (Vec<&'static str>, Option<&'static str>)| {
        codes.extend(strange);
        (!codes.is_empty()).then(|| json!(codes))
    };
    let known = prop_oneof![1 => Just(vec![]), 2 => subsequence(all, 0..=most)];
    let strange = option::weighted(0.1, select(vec!["99Z", "CSE", "dv-high"]));
    (known, strange).prop_map(some).boxed()
}

/// Keys that nobody declared; mostly none.
fn misspelt() -> BoxedStrategy<Option<Value>> {
    let said = select(vec![json!("yes"), json!("no"), json!(["18C"]), json!("he hits me")]);
    prop_oneof![12 => Just(None), 1 => said.prop_map(Some)].boxed()
}

pub(crate) fn all_concerns() -> Vec<&'static str> {
    ConcernCode::ALL.iter().map(|code| code.code()).collect()
}

pub(crate) fn all_indicators() -> Vec<&'static str> {
    Indicator::ALL.iter().map(|code| code.code()).collect()
}

/// A referral with at least one child; its other answers are anything.
pub(crate) fn referral() -> BoxedStrategy<Value> {
    let people = object(vec![
        ("name", answer(&["A Person"])),
        ("relationship", answer(&["mother", "stepfather"])),
        ("parental_responsibility", yes_no()),
        ("alleged_to_have_harmed", sometimes(yes_no())),
        ("has_access_to_child", yes_no()),
        ("agreement", prop_oneof![3 => Just(None), 1 => agreement()].boxed()),
    ]);
    let referrer = object(vec![
        ("name", answer(&["R Sender"])),
        ("agency", answer(&["A School", "A Hospital"])),
        ("source", answer(&["2A", "6", "3E"])),
    ]);
    let early =
        ["early-help", "early-help", "early-help", "assessment", "protection", "disabled-children"];
    let scale = object(vec![("scale", answer(&["2", "7", "11"]))]);
    object(vec![
        ("children", vec(child(), 1..=3).prop_map(|all| Some(json!(all))).boxed()),
        ("referrer", referrer),
        ("household", object(vec![("address", address()), ("people", list(people, 2))])),
        ("worry", answer(&WORRIES)),
        ("concerns", codes(all_concerns(), 4)),
        ("indicators", codes(all_indicators(), 2)),
        ("danger_now", answer(&["no", "no", "unknown", "yes"])),
        ("harm", list(object(vec![("what", answer(&["none", "A fall at home"]))]), 1)),
        ("agreement", agreement()),
        ("do_not_alert", answer(&["no", "no", "yes"])),
        ("request", answer(&early)),
        ("telephone_first", yes_no()),
        ("form_to_follow", yes_no()),
        ("primary_need", sometimes(answer(&["N1", "N7", "N99"]))),
        ("abuse_category", sometimes(answer(&["SAB", "EMO", "cold"]))),
        ("level_claimed", sometimes(answer(&["green", "2", "level 4", "s47"]))),
        ("domains", sometimes(scale)),
        ("dangerNow", misspelt()),
    ])
    .prop_map(|document| document.expect("a referral has children"))
    .boxed()
}

/// What keeps a referral from a panel, mostly.
const GRAVE: [&str; 12] = [
    "concerns",
    "indicators",
    "danger_now",
    "harm",
    "primary_need",
    "abuse_category",
    "level_claimed",
    "domains",
    "dangerNow",
    "do_not_alert",
    "household",
    "worry",
];
const GRAVE_OF_CHILD: [&str; 6] =
    ["private_fostering", "unborn", "own_words", "agreement", "social_worker", "privateFostering"];

/// A referral that asks for early help with agreement, and tells little else: most go to a panel.
pub(crate) fn early_help() -> BoxedStrategy<Value> {
    let kept = vec(proptest::bool::weighted(0.08), GRAVE.len() + GRAVE_OF_CHILD.len());
    let sign = select(vec![json!([]), json!(["missing-education"])]);
    (referral(), kept, sign)
        .prop_map(|(mut document, kept, sign)| {
            let (of_all, of_child) = kept.split_at(GRAVE.len());
            let members = document.as_object_mut().expect("an object");
            for (key, _) in GRAVE.iter().zip(of_all).filter(|(_, kept)| !**kept) {
                members.remove(*key);
            }
            for child in members["children"].as_array_mut().expect("a list") {
                let child = child.as_object_mut().expect("an object");
                for (key, _) in GRAVE_OF_CHILD.iter().zip(of_child).filter(|(_, kept)| !**kept) {
                    child.remove(*key);
                }
                child.insert("address".to_owned(), json!({"postcode": "HX7 5AA"}));
            }
            members.entry("worry").or_insert(json!("Bedtimes are hard"));
            members.entry("indicators").or_insert(sign);
            members.insert("request".to_owned(), json!("early-help"));
            members.insert("agreement".to_owned(), json!({"informed": "yes", "agreed": "yes"}));
            document
        })
        .boxed()
}

/// What may be known of a child.
pub(crate) fn history() -> impl Strategy<Value = ChildHistory> {
    let link = select(vec![LinkState::New, LinkState::Possible, LinkState::Linked]);
    let team = option::of(select(vec!["locality.north-east", "disabled-children", "closed-team"]));
    let counts = || (0_u32..6, 0_u32..4, 0_i16..6);
    let around = (counts(), any::<bool>(), any::<bool>(), (0_u32..4, any::<bool>()));
    let own = (link, select(CaseStatus::ALL.to_vec()), team, counts());
    (own, around).prop_map(
        |((link, case, team, counts), (household, stepped_down, closed, address))| ChildHistory {
            link,
            case_status: case,
            case_team: team.map(DestinationId::new),
            referrals_12m: counts.0,
            agencies_12m: counts.1,
            highest_level_12m: counts.2,
            restricted: false,
            stepped_down_12m: stepped_down,
            household_referrals_12m: household.0,
            household_agencies_12m: household.1,
            household_highest_level_12m: household.2,
            household_restricted: closed,
            address_contacts_12m: address.0,
            address_restricted: address.1,
        },
    )
}
