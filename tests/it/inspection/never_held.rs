//! Enquiries were held to gather information although the threshold was met, and some were closed
//! or graded too low.

use super::front::{Front, decision, managers, plain, story, with};
use serde_json::{Value, json};

super::scenarios!(
    paragraph_22_a_child_whose_threshold_is_met_is_never_held_for_information,
    paragraph_22_every_sign_of_significant_harm_goes_to_strategy_within_hours,
    paragraph_22_a_question_to_the_sender_stops_no_clock,
    paragraph_22_nobody_alone_closes_or_grades_lower_a_child_whose_threshold_is_met,
    paragraph_22_a_referral_that_says_little_goes_as_far_and_as_fast_as_a_full_one,
    paragraph_22_what_is_added_later_raises_a_referral_at_once,
    paragraph_21_danger_that_only_the_words_tell_of_is_read_within_hours,
);

const SCHOOL: &str = "school-ridgeway";

async fn paragraph_22_a_child_whose_threshold_is_met_is_never_held_for_information() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"indicators": ["disclosure"]}))).await;
    assert_eq!(sent.purpose("masstt"), Some("strategy"));
    for wait in ["hold", "pending", "awaiting-information", "more-information-needed"] {
        let path = format!("/v1/referrals/{}/outcome", sent.reference);
        let (status, told) = front.says("masstt", &path, &decision(wait, "5")).await;
        assert_eq!((status, &told["faults"][0]["rule"]), (422, &json!("never-hold")), "{told}");
    }
    let clock = front.clock("masstt", &sent, "respond").await.expect("it runs");
    assert_eq!((&clock["purpose"], &clock["stage"]), (&json!("strategy"), &json!("green")));
    front.message("masstt", &sent, |event| event["data"]["purpose"] == "strategy").await;
    front.close().await;
}

/// Signs that the law or guidance takes as significant harm: domain knowledge, not configuration.
const SIGNS: [&str; 24] = [
    "child-alone",
    "disclosure",
    "unexplained-injury",
    "injury-non-mobile-baby",
    "sexual-abuse",
    "sexual-exploitation",
    "fgm-known",
    "fgm-risk",
    "forced-marriage",
    "honour-based-abuse",
    "domestic-abuse-high",
    "strangulation",
    "concealed-pregnancy",
    "trafficking",
    "county-lines",
    "missing-now",
    "missing-repeat",
    "suicide-plan",
    "severe-self-harm",
    "severe-neglect",
    "fabricated-illness",
    "offender-in-home",
    "threat-to-kill",
    "trusted-person",
];

async fn paragraph_22_every_sign_of_significant_harm_goes_to_strategy_within_hours() {
    let front = Front::open(&[SCHOOL], &[]).await;
    for sign in SIGNS {
        let sent = front.would(SCHOOL, story("Ada", json!({"indicators": [sign]}))).await;
        assert_eq!((sent.level(), sent.purpose("masstt")), ("5", Some("strategy")), "{sign}");
        assert!(sent.minutes_to_respond() <= 240, "{sign}: {}", sent.receipt);
    }
    for concern in ["11A", "12A", "18C", "19B", "19C", "22A", "23A", "24A"] {
        let sent = front.would(SCHOOL, story("Ada", json!({"concerns": [concern]}))).await;
        assert_eq!((sent.level(), sent.purpose("masstt")), ("5", Some("strategy")), "{concern}");
        assert!(sent.minutes_to_respond() <= 240, "{concern}: {}", sent.receipt);
    }
    let danger = front.would(SCHOOL, story("Ada", json!({"danger_now": "yes"}))).await;
    assert_eq!((danger.priority(), danger.minutes_to_respond()), ("immediate", 60));
    front.close().await;
}

async fn paragraph_22_a_question_to_the_sender_stops_no_clock() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"indicators": ["disclosure"]}))).await;
    let before = front.clock("masstt", &sent, "respond").await.expect("it runs");
    let asks = with(plain("asked"), json!({"tell_sender": "Which words did Ada use?"}));
    front.records("masstt", &sent, asks).await;
    let after = front.clock("masstt", &sent, "respond").await.expect("it still runs");
    assert_eq!(after["due_at"], before["due_at"]);
    let seen = front.status(SCHOOL, &sent).await;
    assert_eq!(seen["asked"][0]["words"], "Which words did Ada use?");
    front.hours_pass(5).await;
    let late = front.clock("masstt", &sent, "respond").await.expect("it runs on");
    assert_eq!(late["stage"], "red", "nobody has answered, and it is late all the same");
    front.close().await;
}

async fn paragraph_22_nobody_alone_closes_or_grades_lower_a_child_whose_threshold_is_met() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"indicators": ["disclosure"]}))).await;
    for lower in [decision("no-further-action", "2"), decision("assessment", "4")] {
        let lacks = front.refused("masstt", &sent, lower.clone()).await;
        assert_eq!(lacks, ["/manager", "/second_manager"]);
        let one = with(lower, json!({"manager": managers()["manager"]}));
        assert_eq!(front.refused("masstt", &sent, one).await, ["/second_manager"]);
    }
    assert!(front.clock("masstt", &sent, "respond").await.is_some(), "nothing was closed");
    front.records("masstt", &sent, with(decision("assessment", "4"), managers())).await;
    front.close().await;
}

async fn paragraph_22_a_referral_that_says_little_goes_as_far_and_as_fast_as_a_full_one() {
    let front = Front::open(&[SCHOOL], &[]).await;
    let thin = json!({
        "referrer": {"anonymous": "yes"},
        "children": [{"description": "A girl at 14 Example Street"}],
        "worry": "She is hit.",
        "indicators": ["disclosure"],
    });
    let mut full = story("Ada", json!({"indicators": ["disclosure"]}));
    full["household"] = json!({"people": [{"name": "Gwen Invented", "relationship": "mother"}]});
    full["children"][0]["school"] = json!({"name": "Invented School"});
    let (thin, full) = (front.refers(SCHOOL, thin).await, front.refers(SCHOOL, full).await);
    let score = |sent: &super::front::Sent| sent.receipt["completeness"]["score"].as_u64();
    assert!(score(&thin) < score(&full), "one says much less");
    for member in ["level_of_need", "priority", "destinations"] {
        let of = |receipt: &Value| receipt["children"][0][member].clone();
        assert_eq!(of(&thin.receipt), of(&full.receipt), "{member}");
    }
    assert_eq!(thin.minutes_to_respond(), full.minutes_to_respond());
    front.close().await;
}

async fn paragraph_22_what_is_added_later_raises_a_referral_at_once() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"concerns": ["16A"]}))).await;
    front.records("masstt", &sent, decision("no-further-action", "2")).await;
    assert!(front.clock("masstt", &sent, "respond").await.is_none(), "it was closed");
    let raised = front.adds(SCHOOL, &sent, json!({"indicators": ["disclosure"]})).await;
    assert_eq!((raised.reference.as_str(), raised.level()), (sent.reference.as_str(), "5"));
    let clock = front.clock("masstt", &sent, "respond").await.expect("it runs again");
    assert_eq!(clock["purpose"], "strategy");
    // And nothing that is said later takes it down again.
    let calm = json!({"worry": "All is well now", "concerns": ["21"], "danger_now": "no"});
    assert_eq!(front.adds(SCHOOL, &sent, calm).await.level(), "5");
    front.close().await;
}

async fn paragraph_21_danger_that_only_the_words_tell_of_is_read_within_hours() {
    let front = Front::open(&[SCHOOL], &[]).await;
    let words = json!({"worry": "She said that he is going to kill her tonight."});
    let sent = front.would(SCHOOL, story("Ada", words)).await;
    assert_eq!((sent.priority(), sent.purpose("masstt")), ("urgent", Some("screening")));
    assert!(sent.minutes_to_respond() <= 240);
    // What is only denied does not crowd the list of what is urgent.
    let denied = json!({"worry": "There was no evidence of sexual abuse. Lessons were missed."});
    let sent = front.would(SCHOOL, story("Ada", denied)).await;
    assert_eq!((sent.priority(), sent.purpose("masstt")), ("standard", Some("screening")));
    front.close().await;
}
