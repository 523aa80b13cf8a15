//! The speeds promised: deciding in under 100 µs with a hundred rules, scoring in under 20 µs.
//! A debug build gets forty times as long; the numbers in README come from `make bench`.

use super::*;
use frontdoor::domain::RuleId;
use frontdoor::threshold::decide_facts;
use serde_json::json;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn ordinary() -> Value {
    let paragraph = "He comes to school tired and hungry. Mum says that nights are hard since dad \
        left and that she has no family here. We have met her four times. No evidence of sexual \
        abuse. His brother has asthma. The home visit found a tidy flat with little furniture. ";
    json!({
        "referrer": {"name": "R Sender", "role": "DSL", "agency": "A School",
            "telephone": "01632 960101", "source": "2A"},
        "children": [{
            "given_name": "Test", "family_name": "Child", "date_of_birth": "2016-05-02",
            "sex": "M", "ethnicity": "WBRI", "language": "en", "interpreter": "no",
            "address": {"lines": "1 Test Street", "town": "Halifax", "postcode": "HX1 1AA"},
            "school": {"name": "A School"}, "gp": {"name": "A Surgery"},
            "disabilities": ["AUT"], "own_words": "I get tired", "seen": "yes",
        }],
        "household": {"people": [{"name": "A Person", "relationship": "mother"}]},
        "worry": paragraph.repeat(5),
        "concerns": ["4B", "16A"], "indicators": ["unexplained-injury"],
        "danger_now": "no", "agreement": {"informed": "yes", "agreed": "yes"},
    })
}

/// The median of many runs, each of one call.
fn median(mut call: impl FnMut()) -> Duration {
    let mut runs: Vec<Duration> = (0..401)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed()
        })
        .collect();
    runs.sort();
    runs[runs.len() / 2]
}

fn limit(micros: u64) -> Duration {
    let slack = if cfg!(debug_assertions) { 40 } else { 1 };
    Duration::from_micros(micros * slack)
}

#[test]
fn deciding_with_a_hundred_rules_and_scoring_keep_their_promised_speeds() {
    let mut policy = CALDERDALE.policy.clone();
    for index in 0.. {
        if policy.rules.len() >= 100 {
            break;
        }
        let mut rule = policy.rules[index].clone();
        rule.id = RuleId::new(&format!("{}-again", rule.id));
        policy.rules.push(rule);
    }
    let (referral, unread) = Referral::read(ordinary());
    let at = tuesday_morning();
    let facts = CALDERDALE.facts.read(&referral, at);
    let reading = median(|| drop(black_box(CALDERDALE.facts.read(&referral, at))));
    let deciding = median(|| drop(black_box(decide_facts(&policy, &facts, &[], at))));
    let scoring = median(|| {
        drop(black_box(CALDERDALE.completeness.score(&referral, &facts, &unread)));
    });
    let advising = median(|| drop(black_box(CALDERDALE.routing.advice_on(&facts, at))));
    let told =
        format!("read {reading:?}, decide {deciding:?}, score {scoring:?}, advise {advising:?}");
    assert!(reading + deciding < limit(100), "{told}");
    assert!(scoring < limit(20), "{told}");
    if std::env::var_os("FRONTDOOR_TIMINGS").is_some() {
        eprintln!("{told}");
    }
}
