//! Thresholds were applied differently from case to case, and records did not say who had decided
//! what, why, and on what it rested.

use super::front::{Front, Sent, decision, managers, minutes_between, plain, story, with, without};
use serde_json::{Value, json};

super::scenarios!(
    paragraph_16_a_decision_without_level_reasons_and_evidence_does_not_count,
    paragraph_16_who_decided_what_why_and_on_what_can_be_read_afterwards,
    paragraph_16_every_suggestion_names_its_rule_its_law_and_a_plain_reason,
    paragraph_16_a_decision_says_whether_the_child_s_own_view_was_considered,
    paragraph_21_the_same_facts_give_the_same_level_whoever_sends_them,
    paragraph_19_every_decision_says_how_whoever_made_it_is_employed,
    paragraph_38_a_strategy_discussion_says_why_and_starts_the_next_clocks,
    paragraph_39_an_enquiry_under_section_47_ends_with_an_outcome_and_a_manager,
    paragraph_40_an_assessment_is_signed_off_within_45_working_days_of_the_referral,
    paragraph_42_a_manager_who_signs_off_is_somebody_else_than_whoever_decided,
    paragraph_48_a_conference_has_a_date_and_a_manager_who_answers_for_it,
    paragraph_54_a_challenge_has_an_owner_a_date_and_an_answer_by_a_manager,
);

const SCHOOL: &str = "school-ridgeway";

fn at_risk() -> Value {
    story("Ada", json!({"indicators": ["disclosure"]}))
}

fn in_need() -> Value {
    story("Ben", json!({"concerns": ["16A"]}))
}

async fn paragraph_16_a_decision_without_level_reasons_and_evidence_does_not_count() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, in_need()).await;
    let whole = decision("assessment", "4");
    for part in ["level_of_need", "rationale", "evidence", "history_considered"] {
        let lacks = front.refused("masstt", &sent, without(whole.clone(), part)).await;
        assert_eq!(lacks, [format!("/{part}")]);
    }
    let empty = with(whole.clone(), json!({"rationale": "  "}));
    assert_eq!(front.refused("masstt", &sent, empty).await, ["/rationale"]);
    assert!(front.clock("masstt", &sent, "respond").await.is_some(), "nothing was decided");
    front.records("masstt", &sent, whole).await;
    assert!(front.clock("masstt", &sent, "respond").await.is_none());
    front.close().await;
}

async fn paragraph_16_who_decided_what_why_and_on_what_can_be_read_afterwards() {
    let front = Front::open(&[SCHOOL], &["masstt", "cse-panel", "disabled-children"]).await;
    let mut story = story("Ada", json!({"concerns": ["11A"]}));
    story["children"][0]["disabilities"] = json!(["MOB"]);
    let sent = front.refers(SCHOOL, story).await;
    let decided = with(decision("no-further-action", "2"), managers());
    front.records("masstt", &sent, decided.clone()).await;
    // Whoever of social work has the case reads it, whole.
    let document = front.document("disabled-children", &sent).await;
    let [one] = document["outcomes"].as_array().expect("outcomes").as_slice() else {
        panic!("{document}")
    };
    assert_eq!((&one["destination"], &one["level"]), (&json!("masstt"), &json!("2")));
    assert_eq!(one["said"], decided, "the reasons, the evidence, the worker and the managers");
    let panel = front.document("cse-panel", &sent).await;
    assert!(panel.get("outcomes").is_none(), "a panel does not: {panel}");
    front.close().await;
}

async fn paragraph_16_every_suggestion_names_its_rule_its_law_and_a_plain_reason() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, at_risk()).await;
    let document = front.document("masstt", &sent).await;
    for told in [&sent.receipt["children"][0], &document["decision"]["children"][0]] {
        assert_eq!(told["level_of_need"]["suggested"], true, "a social worker decides");
        let basis = told["level_of_need"]["basis"].as_str().expect("a basis");
        assert!(basis.contains("Children Act 1989 s47"), "{basis}");
        let reasons = told["reasons"].as_array().expect("reasons");
        let one = reasons.iter().find(|one| one["rule"] == "disclosure").expect("its rule");
        assert_eq!(one["why"], "The child has told someone of harm.");
        assert!(one["basis"].as_str().is_some_and(|basis| basis.contains("s47")), "{one}");
    }
    front.close().await;
}

async fn paragraph_16_a_decision_says_whether_the_child_s_own_view_was_considered() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, at_risk()).await;
    let silent = without(decision("strategy-discussion", "5"), "child_view");
    assert_eq!(front.refused("masstt", &sent, silent.clone()).await, ["/child_view"]);
    let no_reason = with(silent.clone(), json!({"child_view": {"considered": false}}));
    assert_eq!(front.refused("masstt", &sent, no_reason).await, ["/child_view"]);
    let heard = with(silent, json!({"child_view": {"considered": true}}));
    front.records("masstt", &sent, heard).await;
    front.close().await;
}

async fn paragraph_21_the_same_facts_give_the_same_level_whoever_sends_them() {
    let senders = [SCHOOL, "police-west", "health-visiting", "public-line"];
    let front = Front::open(&senders, &[]).await;
    let mut said = Vec::new();
    for (at, sender) in senders.into_iter().enumerate() {
        for language in ["en", "ur", "pl"] {
            let mut story = in_need();
            story["children"][0]["given_name"] = json!(format!("{}{language}", "Abcd".repeat(at)));
            story["children"][0]["language"] = json!(language);
            let sent: Sent = front.would(sender, story).await;
            said.push(sent.receipt["children"].clone());
        }
    }
    assert_eq!(said[0][0]["level_of_need"]["code"], "4");
    assert!(said.iter().all(|one| one == &said[0]), "{said:?}");
    front.close().await;
}

async fn paragraph_19_every_decision_says_how_whoever_made_it_is_employed() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, in_need()).await;
    let by = |kind: Value| {
        let by = json!({"name": "Invented Osei", "role": "Social worker", "worker_type": kind});
        with(decision("assessment", "4"), json!({"by": by}))
    };
    for unsaid in [Value::Null, json!("somebody")] {
        let lacks = front.refused("masstt", &sent, by(unsaid)).await;
        assert_eq!(lacks, ["/by/worker_type"]);
    }
    let kinds = ["permanent", "agency", "newly-qualified"];
    for kind in kinds {
        front.records("masstt", &sent, by(json!(kind))).await;
    }
    let document = front.document("masstt", &sent).await;
    let outcomes = document["outcomes"].as_array().expect("outcomes");
    let kept = outcomes.iter().map(|one| one["said"]["by"]["worker_type"].clone());
    assert_eq!(kept.collect::<Vec<_>>(), kinds);
    front.close().await;
}

async fn paragraph_38_a_strategy_discussion_says_why_and_starts_the_next_clocks() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, at_risk()).await;
    let bare = json!({"outcome": "strategy-discussion", "by": super::front::worker()});
    let lacks = front.refused("masstt", &sent, bare).await;
    for part in ["level_of_need", "rationale", "evidence", "history_considered", "child_view"] {
        assert!(lacks.contains(&format!("/{part}")), "{part}: {lacks:?}");
    }
    front.records("masstt", &sent, decision("strategy-discussion", "5")).await;
    for next in ["conference", "assessment"] {
        assert!(front.clock("masstt", &sent, next).await.is_some(), "{next} has no date");
    }
    front.close().await;
}

async fn paragraph_39_an_enquiry_under_section_47_ends_with_an_outcome_and_a_manager() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, at_risk()).await;
    front.records("masstt", &sent, decision("strategy-discussion", "5")).await;
    let ended = decision("no-conference", "4");
    for part in ["rationale", "evidence", "history_considered", "child_view"] {
        let lacks = front.refused("masstt", &sent, without(ended.clone(), part)).await;
        assert!(lacks.contains(&format!("/{part}")), "{part}: {lacks:?}");
    }
    let lacks = front.refused("masstt", &sent, ended.clone()).await;
    assert_eq!(lacks, ["/manager", "/second_manager"]);
    assert!(front.clock("masstt", &sent, "conference").await.is_some(), "it is still open");
    front.records("masstt", &sent, with(ended, managers())).await;
    assert!(front.clock("masstt", &sent, "conference").await.is_none());
    front.close().await;
}

async fn paragraph_40_an_assessment_is_signed_off_within_45_working_days_of_the_referral() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, in_need()).await;
    front.records("masstt", &sent, decision("assessment", "4")).await;
    let clock = front.clock("masstt", &sent, "assessment").await.expect("it runs");
    // Nine weeks, and the bank holidays that lie in them.
    let days = minutes_between(&sent.receipt["received_at"], &clock["due_at"]) / 1440;
    assert!((61..=73).contains(&days), "{days}");
    let unsigned = decision("assessment-completed", "4");
    assert_eq!(front.refused("masstt", &sent, unsigned.clone()).await, ["/manager"]);
    front.hours_pass(24 * 80).await;
    let late = front.clock("masstt", &sent, "assessment").await.expect("it runs on");
    assert_eq!(late["stage"], "red");
    let signed = with(unsigned, json!({"manager": managers()["manager"]}));
    front.records("masstt", &sent, signed).await;
    assert!(front.clock("masstt", &sent, "assessment").await.is_none());
    front.close().await;
}

async fn paragraph_42_a_manager_who_signs_off_is_somebody_else_than_whoever_decided() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, at_risk()).await;
    let closed = with(decision("no-further-action", "2"), managers());
    let mut own = closed.clone();
    own["manager"]["name"] = json!("invented osei");
    assert_eq!(front.refused("masstt", &sent, own).await, ["/manager", "/second_manager"]);
    let mut twice = closed.clone();
    twice["second_manager"]["name"] = closed["manager"]["name"].clone();
    assert_eq!(front.refused("masstt", &sent, twice).await, ["/second_manager"]);
    front.records("masstt", &sent, closed).await;
    front.close().await;
}

async fn paragraph_48_a_conference_has_a_date_and_a_manager_who_answers_for_it() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, at_risk()).await;
    front.records("masstt", &sent, decision("strategy-discussion", "5")).await;
    let clock = front.clock("masstt", &sent, "conference").await.expect("it has a date");
    // Three weeks of working days, and the bank holidays that lie in them.
    let days = minutes_between(&sent.receipt["received_at"], &clock["due_at"]) / 1440;
    assert!((19..=27).contains(&days), "{days}");
    let held = plain("conference-held");
    assert_eq!(front.refused("masstt", &sent, held.clone()).await, ["/manager"]);
    let held = with(held, json!({"manager": managers()["manager"]}));
    front.records("masstt", &sent, held).await;
    assert!(front.clock("masstt", &sent, "conference").await.is_none());
    front.close().await;
}

async fn paragraph_54_a_challenge_has_an_owner_a_date_and_an_answer_by_a_manager() {
    let front = Front::open(&[SCHOOL], &["masstt", "cse-panel"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"concerns": ["11A"]}))).await;
    front.records("masstt", &sent, decision("strategy-discussion", "5")).await;
    let challenge = json!({"rationale": "The panel sees no plan for her safety"});
    front.records("cse-panel", &sent, with(plain("disagreement"), challenge)).await;
    let clock = front.clock("masstt", &sent, "answer").await.expect("MASSTT owes an answer");
    assert!(minutes_between(&clock["started_at"], &clock["due_at"]) <= 8 * 1440, "{clock}");
    let answer = plain("disagreement-answered");
    assert_eq!(front.refused("masstt", &sent, answer.clone()).await, ["/manager"]);
    let answer = with(answer, json!({"manager": managers()["manager"]}));
    front.records("masstt", &sent, answer).await;
    assert!(front.clock("masstt", &sent, "answer").await.is_none());
    front.close().await;
}
