//! Replay of sealed referrals: under the same policy nothing is otherwise, under another exactly
//! what that policy decides otherwise, and nothing of a restricted record is told.

use super::*;
use crate::arbitrary::{history, referral};
use frontdoor::app::OsEnv;
use frontdoor::domain::{
    AgencyId, ChildHistory, LinkState, Priority, Reference, ReferralId, RuleId,
};
use frontdoor::pipeline::{Decided, Made, Otherwise, Replay, Replayed};
use frontdoor::store::ReferralRow;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::seal::Dossier;
use frontdoor::threshold::{Policy, decide, merge};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use std::collections::BTreeSet;

fn ring() -> KeyRing {
    KeyRing::for_tests(7)
}

/// A referral as the lane stores it; `known` has a history for each child at least.
pub(super) fn stored(document: &Value, known: &[ChildHistory]) -> ReferralRow {
    let referral = read(document);
    let at = tuesday_morning();
    let policy = &CALDERDALE.policy;
    let known = &known[..referral.children.len()];
    let alone = decide(policy, &referral, &[], at);
    let full = merge(policy, &alone, decide(policy, &referral, known, at));
    let made = Some(Made { at, read_at: at, history: known.to_vec() });
    sealed(&referral, &plain_decided(alone, full, made))
}

fn plain_decided(alone: Decision, full: Decision, made: Option<Made>) -> Decided {
    Decided { alone, full, proposed: None, by_people: Vec::new(), doubts: Vec::new(), made }
}

fn sealed(referral: &Referral, decided: &Decided) -> ReferralRow {
    let id = ReferralId::from_parts(tuesday_morning(), [7; 10]);
    let dossier = Dossier {
        canonical: serde_json::to_vec(&referral.document()).expect("plain data"),
        decision: serde_json::to_vec(decided).expect("plain data"),
        ..Dossier::default()
    };
    let env = OsEnv::new();
    ReferralRow {
        id,
        reference: Reference::from_entropy(7),
        agency: AgencyId::new("school-ridgeway"),
        received_at: tuesday_morning(),
        respond_by: decided.full.respond_by,
        level: decided.full.level.code.clone(),
        level_rank: decided.full.level.rank,
        priority: Priority::Standard,
        score: 50,
        policy_hash: decided.full.policy_hash.clone(),
        revision: 0,
        record: ring().seal_record(&Dossier::name(id), &dossier.to_bytes(), &env),
    }
}

fn replayed(row: &ReferralRow, other: Policy) -> Replayed {
    let replay = Replay::new(ring(), CALDERDALE.policy.clone(), other, None);
    replay.decide(row).expect("it opens")
}

fn otherwise(row: &ReferralRow, other: Policy) -> Option<Otherwise> {
    replayed(row, other).otherwise(&BTreeSet::new())
}

/// The policy in which a rule's level is the one below.
fn lowered(rule: &str) -> (Policy, i16) {
    let mut policy = CALDERDALE.policy.clone();
    let levels = policy.levels.clone();
    let rule = policy.rules.iter_mut().find(|one| one.id.as_str() == rule).expect("a rule");
    let rank = rule.level.as_ref().expect("it gives a level").rank;
    rule.level = levels.into_iter().filter(|level| level.rank < rank).max_by_key(|l| l.rank);
    (policy, rank)
}

/// By hand: the rule fired for a child, and no other that fired gives a level as grave.
fn mattered(decision: &Decision, rule: &str, rank: i16) -> bool {
    let level = |id: &RuleId| {
        let rules = CALDERDALE.policy.rules_of(id);
        rules.filter_map(|rule| rule.level.as_ref()).map(|level| level.rank).max().unwrap_or(0)
    };
    decision.children.iter().any(|child| {
        let (own, others): (Vec<_>, Vec<_>) =
            child.reasons.iter().partition(|reason| reason.rule.as_str() == rule);
        !own.is_empty() && others.iter().all(|reason| level(&reason.rule) < rank)
    })
}

/// Rules that give a level and have the child screened whatever the level is.
const LEVELLING: [&str; 6] = [
    "physical-abuse-by-adult",
    "disclosure",
    "domestic-abuse",
    "protection-asked-for",
    "open-plan",
    "grave-before",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn under_the_same_policy_nothing_is_otherwise_and_all_is_as_stored(
        document in referral(), known in vec(history(), 3)
    ) {
        let one = replayed(&stored(&document, &known), CALDERDALE.policy.clone());
        prop_assert_eq!(one.otherwise(&BTreeSet::new()), None);
        prop_assert!(one.is_as_stored() && one.history_kept);
    }

    #[test]
    fn a_rule_s_lower_level_shows_exactly_the_referrals_for_which_the_rule_mattered(
        document in referral(), known in vec(history(), 3), rule in select(LEVELLING.to_vec())
    ) {
        let (other, rank) = lowered(rule);
        let one = replayed(&stored(&document, &known), other.clone());
        let shown = one.otherwise(&BTreeSet::new());
        prop_assert_eq!(shown.is_some(), mattered(&one.before, rule, rank), "{}", rule);
        let Some(shown) = shown else { return Ok(()) };
        prop_assert!(shown.how.lowered && !shown.how.raised);
        // The same as deciding by hand.
        let (referral, at) = (read(&document), tuesday_morning());
        let known = &known[..referral.children.len()];
        let alone = decide(&other, &referral, &[], at);
        let by_hand = merge(&other, &alone, decide(&other, &referral, known, at));
        for child in &shown.children {
            let index = usize::from(child.index.expect("a child"));
            prop_assert_eq!(&child.level.before, &one.before.children[index].level.code);
            prop_assert_eq!(&child.level.after, &by_hand.children[index].level.code);
        }
    }
}

fn plain(extra: Value) -> Value {
    let mut says = json!({"children": [{"given_name": "Test"}], "worry": "See what is ticked"});
    for (key, value) in extra.as_object().expect("an object") {
        says[key] = value.clone();
    }
    says
}

fn on_a_plan(restricted: bool) -> Vec<ChildHistory> {
    let case_status = frontdoor::domain::decision::CaseStatus::Cp;
    vec![ChildHistory {
        link: LinkState::Linked,
        case_status,
        restricted,
        ..ChildHistory::default()
    }]
}

fn without(rule: &str) -> Policy {
    let mut policy = CALDERDALE.policy.clone();
    policy.rules.retain(|one| one.id.as_str() != rule);
    policy
}

#[test]
fn what_is_otherwise_names_level_priority_destinations_and_rules_with_their_why() {
    let row = stored(&plain(json!({"concerns": ["3B"]})), &[ChildHistory::default()]);
    let shown = otherwise(&row, without("domestic-abuse")).expect("otherwise");
    let how = shown.how;
    assert!(how.lowered && how.timed_otherwise && how.other_rules && !how.raised, "{how:?}");
    let told = serde_json::to_value(&shown).expect("plain data");
    let child = &told["children"][0];
    assert_eq!(child["index"], 0);
    assert_eq!(child["level"], json!({"before": "4", "after": "2"}));
    assert_eq!(child["priority"], json!({"before": "urgent", "after": "standard"}));
    let [masstt] = child["destinations"].as_array().expect("a list").as_slice() else {
        panic!("{child}");
    };
    assert_eq!(masstt["id"], "masstt");
    assert_eq!(masstt["before"]["due_at"], "2026-11-24T14:00:00.000Z");
    assert_eq!(masstt["after"]["due_at"], "2026-11-25T10:00:00.000Z");
    assert_eq!(masstt["after"]["purpose"], "screening");
    assert_eq!(child["rules_lost"][0]["rule"], "domestic-abuse");
    let why = child["rules_lost"][0]["why"].as_str().expect("text");
    assert!(why.contains("domestic abuse in the home"), "{why}");
    assert_eq!(child["rules_gained"][0]["rule"], "unclear");
}

#[test]
fn a_destination_more_is_routed_elsewhere() {
    let row = stored(&plain(json!({"concerns": ["11A"]})), &[ChildHistory::default()]);
    let mut other = CALDERDALE.policy.clone();
    let rule = other.rules.iter_mut().find(|rule| rule.id.as_str() == "sexual-exploitation");
    rule.expect("a rule").targets.retain(|target| target.purpose.as_str() != "panel");
    let shown = otherwise(&row, other).expect("otherwise");
    assert!(shown.how.routed_elsewhere && !shown.how.lowered && !shown.how.other_rules);
    let [panel] = shown.children[0].destinations.as_slice() else { panic!("{shown:?}") };
    assert_eq!(panel.id.as_str(), "cse-panel");
    assert!(panel.before.is_some() && panel.after.is_none());
}

#[test]
fn of_a_restricted_record_no_more_is_told_than_that_there_is_one() {
    let document = plain(json!({}));
    let told = |shown: Option<Otherwise>| -> Vec<String> {
        let shown = shown.expect("otherwise");
        let child = &shown.children[0];
        let rules = child.rules_lost.iter().chain(&child.rules_gained);
        rules.map(|rule| rule.rule.to_string()).collect()
    };
    let open = stored(&document, &on_a_plan(false));
    assert!(told(otherwise(&open, without("open-plan"))).contains(&"open-plan".to_owned()));
    let closed = stored(&document, &on_a_plan(true));
    // Restricted when it was decided, and restricted since.
    let since = replayed(&open, without("open-plan")).otherwise(&BTreeSet::from([0]));
    for shown in [otherwise(&closed, without("open-plan")), since] {
        let told = told(shown);
        assert!(told.contains(&"restricted-record".to_owned()), "{told:?}");
        assert!(!told.contains(&"open-plan".to_owned()), "{told:?}");
    }
}

#[test]
fn a_change_in_law_is_shown_before_it_comes() {
    let mut law = CALDERDALE.policy.clone();
    let rule = law.rules.iter_mut().find(|rule| rule.id.as_str() == "domestic-abuse");
    rule.expect("a rule").until = Some(jiff::civil::date(2027, 3, 31));
    let row = stored(&plain(json!({"concerns": ["3B"]})), &[ChildHistory::default()]);
    let on = |day: Option<jiff::civil::Date>| {
        let replay = Replay::new(ring(), CALDERDALE.policy.clone(), law.clone(), day);
        replay.decide(&row).expect("opens").otherwise(&BTreeSet::new())
    };
    assert_eq!(on(None), None, "the rule of the day of receipt");
    assert_eq!(on(Some(jiff::civil::date(2027, 3, 31))), None);
    let shown = on(Some(jiff::civil::date(2027, 4, 1))).expect("otherwise");
    assert_eq!(shown.children[0].level.after, "2");
}

#[test]
fn what_was_decided_before_history_was_kept_is_decided_without_and_said_to_be() {
    let referral = read(&plain(json!({})));
    let policy = &CALDERDALE.policy;
    let alone = decide(policy, &referral, &[], tuesday_morning());
    let with = decide(policy, &referral, &on_a_plan(false), tuesday_morning());
    let full = merge(policy, &alone, with);
    let row = sealed(&referral, &plain_decided(alone, full, None));
    let one = replayed(&row, without("open-plan"));
    assert!(!one.history_kept && !one.is_as_stored());
    assert_eq!(one.otherwise(&BTreeSet::new()), None);
}

#[test]
fn many_are_decided_in_their_order_and_what_does_not_open_is_an_error() {
    let ticked = |code: &str| stored(&plain(json!({"concerns": [code]})), &on_a_plan(false));
    let mut rows: Vec<ReferralRow> = ["3B", "16A", "18C", "4A", "11A"].map(ticked).into();
    rows[2].record.body.truncate(40);
    let same = CALDERDALE.policy.clone();
    let decided = Replay::new(ring(), same.clone(), same, None).decide_all(&rows);
    assert_eq!(decided.len(), 5);
    for (row, decided) in rows.iter().zip(&decided) {
        match decided {
            Ok(one) => assert_eq!(one.stored.respond_by, row.respond_by),
            Err(_) => assert_eq!(row.record.body.len(), 40),
        }
    }
    assert!(decided[2].is_err());
}

#[test]
fn another_policy_that_fails_is_shown_as_what_it_would_do() {
    let row = stored(&plain(json!({"concerns": ["4A"]})), &[ChildHistory::default()]);
    let mut failing = CALDERDALE.policy.clone();
    for rule in &mut failing.rules {
        // There is no such fact: whatever fires panics.
        rule.reads.push(frontdoor::domain::facts::FactId(200));
    }
    let shown = otherwise(&row, failing).expect("otherwise");
    assert!(shown.how.raised);
    assert_eq!(shown.children[0].level.after, "5");
    let gained: Vec<&str> =
        shown.children[0].rules_gained.iter().map(|rule| rule.rule.as_str()).collect();
    assert_eq!(gained, ["decision-failed"]);
}
