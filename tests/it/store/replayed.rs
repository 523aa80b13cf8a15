//! Referrals in pages, and replay over what the pipeline has stored: received, added to, separated.

use super::gateway::Gateway;
use super::homes::{Home, ring};
use super::matches::{more, of, three};
use super::on_both;
use super::rows::*;
use crate::arbitrary::referral;
use frontdoor::domain::{Reference, ReferralId, Timestamp, Word};
use frontdoor::pipeline::{Intake, Replay, Replayed};
use frontdoor::store::*;
use frontdoor::threshold::Policy;
use proptest::strategy::{Strategy as _, ValueTree as _};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    referrals_are_read_in_pages_of_a_span,
    replay_under_the_same_policy_changes_nothing_of_what_the_pipeline_stored,
    replay_sees_the_history_that_each_decision_saw,
);

async fn referrals_are_read_in_pages_of_a_span(home: Home) {
    let store = home.store().await;
    let received = |seconds: i64| ReferralRow {
        received_at: at(seconds),
        id: ReferralId::from_parts(at(seconds), [u8::try_from(seconds).expect("few"); 10]),
        ..referral_row()
    };
    let rows: Vec<ReferralRow> = [5, 1, 4, 2, 3].map(received).into();
    write(store.as_ref(), &Batch { referrals: rows.clone(), ..Batch::default() }).await;
    let pages = async |since: i64, until: i64| {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let span = Span { since: at(since), until: at(until) };
            let page = store.referrals(span, after, 2).await.expect("reads");
            assert!(page.len() <= 2);
            let Some(last) = page.last() else { return seen };
            after = Some(last.id);
            seen.extend(page);
        }
    };
    let mut all = rows;
    all.sort_by_key(|row| row.id);
    assert_eq!(pages(0, 9).await, all);
    assert_eq!(pages(2, 4).await, all[1..3], "the end of a span is not in it");
    assert!(pages(6, 9).await.is_empty());
    let ever = Span { since: Timestamp(0), until: at(1_000_000) };
    assert_eq!(store.referrals(ever, None, 99).await.expect("reads"), all);
}

fn referral_row() -> ReferralRow {
    super::rows::referral()
}

/// Everything stored, decided by the policy in use and another.
async fn replay(gateway: &Gateway, other: Policy) -> BTreeMap<Reference, Replayed> {
    let replay = Replay::new(ring(), gateway.rules.policy.clone(), other, None);
    let ever = Span { since: Timestamp(0), until: Timestamp(4_000_000_000_000_000) };
    let rows = gateway.store.referrals(ever, None, 999).await.expect("reads");
    let decided = replay.decide_all(&rows);
    rows.iter().zip(decided).map(|(row, one)| (row.reference, one.expect("opens"))).collect()
}

fn otherwise(all: &BTreeMap<Reference, Replayed>) -> BTreeSet<Reference> {
    let none = BTreeSet::new();
    let other = all.iter().filter(|(_, one)| one.otherwise(&none).is_some());
    other.map(|(reference, _)| *reference).collect()
}

async fn replay_under_the_same_policy_changes_nothing_of_what_the_pipeline_stored(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([first, second, _], person) = three(&gateway).await;
    gateway.add(first, json!({"index": 0, "social_worker": "Farah Example"})).await;
    gateway.settled(of(second, person), Word::Separate, false).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut generated = BTreeSet::new();
    for n in 0..40 {
        let mut body = referral().new_tree(&mut runner).expect("a referral").current();
        body["referrer"] = json!({"name": "A. Teacher", "role": format!("Teacher {n}")});
        body["worry"] = json!(format!("Invented worry {n}. {}", body["worry"]));
        let submission = gateway.submission("school-ridgeway", &body);
        let reference = super::gateway::accepted(gateway.pipeline.receive(submission).await);
        generated.insert(reference);
        if n % 4 == 0 {
            gateway.add(reference, json!({"given_name": format!("Further{n}")})).await;
        }
    }
    let all = replay(&gateway, gateway.rules.policy.clone()).await;
    assert_eq!(all.len(), 43);
    assert_eq!(otherwise(&all), BTreeSet::new());
    assert!(all.values().all(|one| one.history_kept));
    // What nothing was added to and nothing was taken from stands as it is decided today.
    let as_stored = all.iter().filter(|(_, one)| one.is_as_stored()).count();
    assert!(as_stored >= 30, "{as_stored} of 43");
}

async fn replay_sees_the_history_that_each_decision_saw(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([first, second, third], person) = three(&gateway).await;
    gateway.settled(of(second, person), Word::Separate, false).await;
    let fourth = gateway.refer("police-west", more("sex", json!("M"))).await;
    let mut other = gateway.rules.policy.clone();
    let gravest = other.levels.last().cloned();
    let rule = other.rules.iter_mut().find(|rule| rule.id.as_str() == "re-referral");
    rule.expect("a rule").level = gravest;
    let all = replay(&gateway, other).await;
    // Of the first nothing was known when it was decided; of the second nothing is known any more.
    assert_eq!(otherwise(&all), BTreeSet::from([third, fourth]));
    assert!(all.contains_key(&first) && all.contains_key(&second));
    assert!(!all[&third].is_as_stored(), "what is lower waits for a person's word");
    for reference in [third, fourth] {
        let shown = all[&reference].otherwise(&BTreeSet::new()).expect("otherwise");
        assert!(shown.how.raised && shown.children[0].level.after == "5");
    }
}
