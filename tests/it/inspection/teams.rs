//! Cases were passed on late, and services beside social work stood apart.

use super::front::{
    Front, Sent, decision, early_help, managers, minutes_between, plain, story, time, transfer,
    with, without, worker,
};
use serde_json::{Value, json};

super::scenarios!(
    paragraph_11_every_child_is_on_the_screening_team_s_list_whoever_else_has_it,
    paragraph_11_a_commissioned_service_sees_its_own_children_and_the_fewest_facts,
    paragraph_26_an_inclusion_coordinator_is_asked_with_the_parents_agreement,
    paragraph_27_a_disabled_child_at_risk_goes_to_strategy_and_to_its_own_team,
    paragraph_30_a_baby_not_yet_born_reaches_its_team_and_its_due_date_is_asked_for,
    paragraph_30_what_must_be_done_before_a_birth_is_counted_back_from_it,
    paragraph_31_a_transfer_is_told_all_that_it_lacks_at_once,
    paragraph_31_the_duty_stays_until_the_other_team_has_accepted_it,
    paragraph_32_a_child_who_returns_is_offered_an_interview_within_72_hours,
    paragraph_32_what_a_missing_child_tells_is_screened_again,
    paragraph_32_a_child_on_no_school_s_roll_reaches_the_officer_and_no_danger_waits,
    paragraph_33_the_cse_panel_has_it_beside_a_strategy_discussion_never_instead,
    paragraph_34_a_child_who_lives_with_others_for_28_days_is_notified_and_visited,
    paragraph_50_a_team_is_found_by_each_of_its_names,
    paragraph_44_whoever_passes_a_case_on_sees_which_team_serves_the_child_s_home,
    paragraph_44_a_case_that_is_not_passed_on_after_its_assessment_turns_red,
);

const SCHOOL: &str = "school-ridgeway";
const VALLEY: &str = "locality.lower-valley";

async fn assessed(front: &Front) -> Sent {
    let sent = front.refers(SCHOOL, story("Ada", json!({"concerns": ["16A"]}))).await;
    front.records("masstt", &sent, decision("assessment", "4")).await;
    sent
}

async fn paragraph_11_every_child_is_on_the_screening_team_s_list_whoever_else_has_it() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let stories = [
        json!({}),
        early_help(),
        json!({"indicators": ["missing-education"]}),
        json!({"indicators": ["private-fostering"]}),
        json!({"indicators": ["radicalisation"]}),
    ];
    for (name, says) in ["Ada", "Bela", "Caro", "Dunja", "Emil"].into_iter().zip(stories) {
        let sent = front.refers(SCHOOL, story(name, says)).await;
        let clock = front.clock("masstt", &sent, "respond").await.expect("it is on the list");
        assert!(minutes_between(&clock["started_at"], &clock["due_at"]) <= 1440, "{clock}");
    }
    front.close().await;
}

async fn paragraph_11_a_commissioned_service_sees_its_own_children_and_the_fewest_facts() {
    let front = Front::open(&[SCHOOL], &["missing-children"]).await;
    let mut own = story("Ada", json!({"indicators": ["missing-now"]}));
    own["children"][0]["nhs_number"] = json!("9990006504");
    own["household"] = json!({"people": [{"name": "Gwen Invented", "relationship": "mother"}]});
    let own = front.refers(SCHOOL, own).await;
    let other = front.refers(SCHOOL, story("Ben", json!({"concerns": ["16A"]}))).await;
    let document = front.document("missing-children", &own).await;
    let child = &document["referral"]["children"][0];
    assert_eq!(child["given_name"], "Ada");
    for private in ["address", "nhs_number", "ethnicity"] {
        assert!(child.get(private).is_none(), "{private}: {document}");
    }
    assert!(document["referral"].get("household").is_none(), "{document}");
    assert!(front.sees("missing-children", &other).await.is_none());
    front.close().await;
}

async fn paragraph_26_an_inclusion_coordinator_is_asked_with_the_parents_agreement() {
    let coordinators = "inclusion-coordinators";
    let front = Front::open(&[SCHOOL], &["masstt", coordinators]).await;
    let mut disabled = story("Ada", json!({"request": "advice"}));
    disabled["children"][0]["disabilities"] = json!(["AUT"]);
    let sent = front.refers(SCHOOL, disabled).await;
    let asks = json!({"to": coordinators, "manager": managers()["manager"]});
    let asks = with(decision("step-down", "2"), asks);
    assert_eq!(front.refused("masstt", &sent, asks.clone()).await, ["/agreement"]);
    let agreed = json!({"agreement": {"agreed": true, "by": "Ada's father"}});
    front.records("masstt", &sent, with(asks, agreed)).await;
    assert!(front.clock(coordinators, &sent, "respond").await.is_some());
    front.close().await;
}

async fn paragraph_27_a_disabled_child_at_risk_goes_to_strategy_and_to_its_own_team() {
    let front = Front::open(&[SCHOOL], &["masstt", "disabled-children"]).await;
    let mut disabled = story("Ada", json!({"indicators": ["unexplained-injury"]}));
    let plain = front.would(SCHOOL, disabled.clone()).await;
    disabled["children"][0]["disabilities"] = json!(["MOB"]);
    let sent = front.refers(SCHOOL, disabled).await;
    assert_eq!(sent.purpose("masstt"), Some("strategy"));
    assert_eq!(sent.purpose("disabled-children"), Some("notify"));
    assert_eq!((sent.level(), sent.priority()), (plain.level(), plain.priority()));
    assert_eq!(sent.minutes_to_respond(), plain.minutes_to_respond(), "nothing waits for it");
    assert!(front.sees("disabled-children", &sent).await.is_some());
    front.close().await;
}

async fn paragraph_30_a_baby_not_yet_born_reaches_its_team_and_its_due_date_is_asked_for() {
    let front = Front::open(&["health-royal-trust"], &["pre-birth"]).await;
    let baby = |more: Value| {
        let unborn = with(json!({"unborn": "yes", "mother_name": "Gwen Invented"}), more);
        story("Ada", json!({"children": [unborn], "indicators": ["avoided-antenatal-care"]}))
    };
    let sent = front.refers("health-royal-trust", baby(json!({}))).await;
    assert_eq!(sent.purpose("masstt"), Some("strategy"), "it does not wait for the birth");
    assert_eq!(sent.purpose("pre-birth"), Some("assessment"));
    assert!(sent.asked_for().contains(&"/children/0/expected_date"), "{}", sent.receipt);
    let clock = front.clock("pre-birth", &sent, "respond").await.expect("it runs from today");
    assert_eq!(clock["stage"], "green");
    let dated = front.would("health-royal-trust", baby(json!({"expected_date": "2099-05-01"})));
    assert!(!dated.await.asked_for().contains(&"/children/0/expected_date"));
    front.close().await;
}

async fn paragraph_30_what_must_be_done_before_a_birth_is_counted_back_from_it() {
    const NURSE: &str = "health-royal-trust";
    let front = Front::open(&[NURSE], &["pre-birth"]).await;
    let unborn = json!({"unborn": "yes", "mother_name": "Gwen Invented"});
    let baby = story("", json!({"children": [unborn], "indicators": ["avoided-antenatal-care"]}));
    let sent = front.refers(NURSE, baby).await;
    let due = async |kind: &str| {
        let clock = front.clock("pre-birth", &sent, kind).await.expect("it runs");
        clock["due_at"].as_str().expect("a time").to_owned()
    };
    // Nobody knows the day: it has to be found out, long before 2099.
    assert!(due("pre-birth-assessment").await.as_str() < "2098");
    let told = json!({"children": [{"index": 0, "expected_date": "2099-05-01"}]});
    front.adds(NURSE, &sent, told).await;
    assert_eq!(due("pre-birth-assessment").await, "2099-02-06T17:00:00.000Z");
    assert_eq!(due("pre-birth-conference").await, "2099-03-06T17:00:00.000Z");
    let manager = json!({"name": "Invented Adeyemi", "role": "Team manager"});
    let done = with(decision("assessment-completed", "5"), json!({"manager": manager}));
    front.records("pre-birth", &sent, done).await;
    assert!(front.clock("pre-birth", &sent, "pre-birth-assessment").await.is_none());
    assert!(front.clock("pre-birth", &sent, "pre-birth-conference").await.is_some());
    front.close().await;
}

async fn paragraph_31_a_transfer_is_told_all_that_it_lacks_at_once() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = assessed(&front).await;
    let bare = json!({"outcome": "transfer", "by": worker()});
    let lacks = front.refused("masstt", &sent, bare).await;
    for part in ["rationale", "history_considered", "manager", "to"] {
        assert!(lacks.contains(&format!("/{part}")), "{part}: {lacks:?}");
    }
    let nobody = transfer("early-intervention.lower-valley");
    assert_eq!(front.refused("masstt", &sent, nobody).await, ["/to"], "a panel is no such team");
    front.close().await;
}

async fn paragraph_31_the_duty_stays_until_the_other_team_has_accepted_it() {
    let front = Front::open(&[SCHOOL], &["masstt", VALLEY]).await;
    let sent = assessed(&front).await;
    front.records("masstt", &sent, transfer(VALLEY)).await;
    assert!(front.clock("masstt", &sent, "handover").await.is_some(), "the duty is here");
    let accept = front.clock(VALLEY, &sent, "accept").await.expect("they are asked");
    let days = minutes_between(&accept["started_at"], &accept["due_at"]) / 1440;
    assert!(days <= 6, "by the end of the next working day: {accept}");
    let declined = with(plain("transfer-declined"), json!({"manager": managers()["manager"]}));
    front.records(VALLEY, &sent, declined).await;
    assert!(front.clock("masstt", &sent, "handover").await.is_some(), "the duty is still here");
    let again = with(transfer(VALLEY), json!({"rationale": "With the summary now"}));
    front.records("masstt", &sent, again).await;
    front.records(VALLEY, &sent, plain("transfer-accepted")).await;
    assert!(front.clock("masstt", &sent, "handover").await.is_none(), "the duty is theirs");
    assert!(front.clock(VALLEY, &sent, "respond").await.is_some());
    front.close().await;
}

async fn paragraph_32_a_child_who_returns_is_offered_an_interview_within_72_hours() {
    let interviewers = "missing-children";
    let front = Front::open(&[SCHOOL], &["masstt", interviewers]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"indicators": ["missing-now"]}))).await;
    let returned = json!({"outcome": "returned", "by": worker()});
    assert_eq!(front.refused("masstt", &sent, returned.clone()).await, ["/returned_at"]);
    let at = jiff::Timestamp::now().checked_sub(jiff::Span::new().hours(1)).expect("a time");
    let at = json!(format!("{:.3}", at));
    front.records("masstt", &sent, with(returned, json!({"returned_at": at}))).await;
    let clock = front.clock(interviewers, &sent, "interview").await.expect("it is offered");
    assert_eq!(minutes_between(&at, &clock["due_at"]), 72 * 60);
    assert!(time(&clock["due_at"]) > jiff::Timestamp::now());
    front.records(interviewers, &sent, plain("interview-refused")).await;
    assert!(front.clock(interviewers, &sent, "interview").await.is_none());
    assert!(front.clock("masstt", &sent, "respond").await.is_some(), "a refusal closes nothing");
    front.close().await;
}

async fn paragraph_32_what_a_missing_child_tells_is_screened_again() {
    let front = Front::open(&["police-west"], &["masstt", "missing-children"]).await;
    let sent = front.refers("police-west", story("Ada", json!({"concerns": ["10A"]}))).await;
    front.records("masstt", &sent, decision("assessment", "4")).await;
    assert!(front.clock("masstt", &sent, "respond").await.is_none());
    let told = json!({"rationale": "She was with a man of whom she is afraid"});
    front.records("missing-children", &sent, with(plain("step-up"), told)).await;
    let clock = front.clock("masstt", &sent, "respond").await.expect("it is screened again");
    assert_eq!((&clock["purpose"], &clock["priority"]), (&json!("screening"), &json!("urgent")));
    front.close().await;
}

async fn paragraph_32_a_child_on_no_school_s_roll_reaches_the_officer_and_no_danger_waits() {
    let officer = "children-missing-education";
    let front = Front::open(&[SCHOOL], &[officer]).await;
    let absent = json!({"indicators": ["missing-education"]});
    let sent = front.refers(SCHOOL, story("Ada", absent)).await;
    assert_eq!(sent.purpose(officer), Some("notify"));
    assert_eq!(sent.purpose("masstt"), Some("confirmation"));
    let document = front.document(officer, &sent).await;
    assert!(document["referral"].get("worry").is_none(), "the worry is none of its business");
    let hurt = json!({"indicators": ["missing-education", "disclosure"]});
    let hurt = front.would(SCHOOL, story("Ben", hurt)).await;
    assert_eq!(hurt.purpose("masstt"), Some("strategy"));
    assert_eq!((hurt.priority(), hurt.minutes_to_respond()), ("urgent", 240));
    front.close().await;
}

async fn paragraph_33_the_cse_panel_has_it_beside_a_strategy_discussion_never_instead() {
    let front = Front::open(&[SCHOOL], &["masstt", "cse-panel"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"concerns": ["11A"]}))).await;
    assert_eq!(sent.purpose("masstt"), Some("strategy"));
    assert_eq!(sent.purpose("cse-panel"), Some("panel"));
    let closes = decision("no-further-action", "2");
    let refused = front.refused("cse-panel", &sent, closes).await;
    assert!(refused.contains(&"/outcome".to_owned()), "a panel closes no case: {refused:?}");
    front.records("cse-panel", &sent, plain("considered")).await;
    assert!(front.clock("cse-panel", &sent, "respond").await.is_none());
    let clock = front.clock("masstt", &sent, "respond").await.expect("it runs on");
    assert_eq!(clock["purpose"], "strategy");
    front.close().await;
}

async fn paragraph_34_a_child_who_lives_with_others_for_28_days_is_notified_and_visited() {
    let worker = "private-fostering";
    let front = Front::open(&[SCHOOL], &["masstt", worker]).await;
    let mut fostered = story("Ada", json!({}));
    fostered["children"][0]["private_fostering"] = json!("yes");
    let sent = front.refers(SCHOOL, fostered).await;
    assert_eq!(sent.purpose(worker), Some("assessment"));
    assert_eq!(sent.purpose("masstt"), Some("confirmation"), "by itself it is not harm");
    let clock = front.clock(worker, &sent, "respond").await.expect("it is to be visited");
    let days = minutes_between(&clock["started_at"], &clock["due_at"]) / 1440;
    assert!((7..=15).contains(&days), "within seven working days: {clock}");
    let visited = decision("visited", "4");
    let unheard = front.refused(worker, &sent, without(visited.clone(), "child_view")).await;
    assert_eq!(unheard, ["/child_view"]);
    front.records(worker, &sent, visited).await;
    assert!(front.clock(worker, &sent, "respond").await.is_none());
    front.close().await;
}

async fn paragraph_50_a_team_is_found_by_each_of_its_names() {
    let front = Front::open(&[SCHOOL], &["masstt", "first-response"]).await;
    let stories = ["Ada", "Bela", "Caro"].map(|name| story(name, json!({"concerns": ["16A"]})));
    let names = ["first-response", "FRT", "Frontline Response Team"];
    for (story, name) in stories.into_iter().zip(names) {
        let sent = front.refers(SCHOOL, story).await;
        let given = with(decision("assessment", "4"), json!({"to": name}));
        let answer = front.records("masstt", &sent, given).await;
        assert_eq!(answer["sent_to"][0]["destination"], "first-response", "{name}");
        assert!(front.clock("first-response", &sent, "respond").await.is_some(), "{name}");
    }
    front.close().await;
}

async fn paragraph_44_whoever_passes_a_case_on_sees_which_team_serves_the_child_s_home() {
    let front = Front::open(&[SCHOOL], &["masstt", "cse-panel"]).await;
    for (name, postcode, team) in [
        ("Ada", "HX7 5AA", json!("locality.upper-valley")),
        ("Bela", "HD6 1AA", json!(VALLEY)),
        ("Caro", "HX1 1AA", json!("locality.halifax-central")),
        ("Dunja", "HX3 5AA", json!("locality.north-east")),
        ("Emil", "LS1 1AA", Value::Null),
    ] {
        let mut story = story(name, json!({"concerns": ["11A"]}));
        story["children"][0]["address"]["postcode"] = json!(postcode);
        let sent = front.refers(SCHOOL, story).await;
        let named = front.document("masstt", &sent).await["decision"]["children"][0].clone();
        assert_eq!(named["locality_team"], team, "{postcode}");
        let panel = front.document("cse-panel", &sent).await["decision"]["children"][0].clone();
        assert!(panel.get("locality_team").is_none(), "where they live a panel is not told");
    }
    front.close().await;
}

async fn paragraph_44_a_case_that_is_not_passed_on_after_its_assessment_turns_red() {
    let front = Front::open(&[SCHOOL], &["masstt", VALLEY]).await;
    let sent = assessed(&front).await;
    let done = with(decision("assessment-completed", "4"), managers());
    front.records("masstt", &sent, without(done, "second_manager")).await;
    let clock = front.clock("masstt", &sent, "transfer").await.expect("it is to be passed on");
    assert_eq!(clock["stage"], "green");
    front.hours_pass(24 * 16).await;
    let clock = front.clock("masstt", &sent, "transfer").await.expect("it is still here");
    assert_eq!(clock["stage"], "red");
    front.records("masstt", &sent, transfer(VALLEY)).await;
    assert!(front.clock("masstt", &sent, "transfer").await.is_none());
    front.close().await;
}
