//! Numbers without quality, audits that counted processes, themes that nobody saw as one.

use super::front::{Front, OPERATORS, Sent, decision, managers, story, with};
use serde_json::{Value, json};

super::scenarios!(
    paragraph_21_how_each_team_decides_is_held_against_what_was_suggested,
    paragraph_34_months_in_which_nobody_tells_of_private_fostering_raise_an_alarm,
    paragraph_37_the_quality_of_referrals_is_known_agency_by_agency,
    paragraph_37_an_agency_of_which_much_is_refused_is_seen,
    paragraph_55_some_closures_are_decided_again_by_somebody_who_is_not_told_how,
    paragraph_55_what_is_found_three_times_is_flagged_as_more_than_one_worker_s_doing,
);

const SCHOOL: &str = "school-ridgeway";

async fn closed(front: &Front, name: &str) -> Sent {
    let sent = front.refers(SCHOOL, story(name, json!({"concerns": ["16A"]}))).await;
    front.records("masstt", &sent, decision("no-further-action", "2")).await;
    sent
}

/// What waits to be decided again once the week is over.
async fn drawn(front: &Front) -> Vec<Value> {
    super::front::until("the week is drawn", async || {
        let (_, page) = front.asks("masstt", "/v1/second-looks").await;
        let all = page["second_looks"].as_array().expect("a list").clone();
        (!all.is_empty()).then_some(all)
    })
    .await
}

fn looks_again(themes: &[&str]) -> Value {
    json!({
        "level_of_need": "4",
        "rationale": "Hunger over months, and nobody has asked the child.",
        "themes": themes,
        "by": {"name": "Invented Byrne", "role": "Practice lead"},
    })
}

async fn paragraph_21_how_each_team_decides_is_held_against_what_was_suggested() {
    let front = Front::open(&[SCHOOL], &["masstt", OPERATORS]).await;
    closed(&front, "Ada").await;
    let sent = front.refers(SCHOOL, story("Ben", json!({"concerns": ["16A"]}))).await;
    let mut agreed = decision("assessment", "4");
    agreed["by"]["worker_type"] = json!("agency");
    front.records("masstt", &sent, agreed).await;
    let risk = front.refers(SCHOOL, story("Caro", json!({"indicators": ["disclosure"]}))).await;
    front.records("masstt", &risk, with(decision("assessment", "4"), managers())).await;
    for reader in ["masstt", OPERATORS] {
        let (_, report) = front.asks(reader, "/v1/quality/teams").await;
        let teams = report["teams"].as_array().expect("a list");
        let one = teams.iter().find(|one| one["destination"] == "masstt").expect("MASSTT");
        assert_eq!(one["decisions"], 3, "{one}");
        assert_eq!((&one["at"], &one["below"]), (&json!(1), &json!(2)), "{one}");
        assert_eq!(one["below_with_second_manager"], 1, "{one}");
        assert_eq!(one["worker_types"], json!({"agency": 1, "permanent": 2}), "{one}");
    }
    front.close().await;
}

async fn alarms(front: &Front) -> Vec<Value> {
    let (status, page) = front.asks("masstt", "/v1/alarms").await;
    assert_eq!(status, 200, "{page}");
    page["alarms"].as_array().expect("a list").iter().map(|one| one["kind"].clone()).collect()
}

async fn paragraph_34_months_in_which_nobody_tells_of_private_fostering_raise_an_alarm() {
    let mut fostered = story("Ada", json!({}));
    fostered["children"][0]["private_fostering"] = json!("yes");
    for (told, alarm) in [(story("Ada", json!({})), true), (fostered, false)] {
        let front = Front::open(&[SCHOOL], &["masstt"]).await;
        front.refers(SCHOOL, story("Ben", json!({}))).await;
        front.hours_pass(24 * 250).await;
        front.refers(SCHOOL, told).await;
        let front = front.again().await;
        let standing = alarms(&front).await;
        assert_eq!(standing.contains(&json!("private-fostering")), alarm, "{standing:?}");
        front.close().await;
    }
}

async fn paragraph_37_the_quality_of_referrals_is_known_agency_by_agency() {
    let front = Front::open(&[SCHOOL, "police-west"], &["masstt"]).await;
    front.refers(SCHOOL, story("Ada", json!({"concerns": ["16A"]}))).await;
    let mut thin = story("Ben", json!({"concerns": ["16A"]}));
    thin["children"] = json!([{"given_name": "Ben"}]);
    front.refers("police-west", thin).await;
    let (_, report) = front.asks("masstt", "/v1/quality/agencies").await;
    let of = |agency: &str| {
        let all = report["agencies"].as_array().expect("a list");
        all.iter().find(|one| one["agency"] == agency).expect("it is listed").clone()
    };
    let (school, police) = (of(SCHOOL), of("police-west"));
    assert!(school["score"]["mean"].as_f64() > police["score"]["mean"].as_f64(), "{report}");
    assert!(police["missing"][0]["ask"].as_str().is_some_and(|ask| !ask.is_empty()), "{police}");
    // Each reads its own, and of others nothing that names them.
    let (_, own) = front.asks("police-west", "/v1/quality").await;
    assert_eq!((&own["agency"], &own["referrals"]), (&json!("police-west"), &json!(1)));
    assert!(!own.to_string().contains(SCHOOL), "{own}");
    assert_eq!(front.asks("police-west", "/v1/quality/agencies").await.0, 403);
    front.close().await;
}

async fn paragraph_37_an_agency_of_which_much_is_refused_is_seen() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    for number in 1..=3 {
        let empty = json!({"worry": format!("Invented: no child is named, {number}.")});
        let (status, told) = front.says(SCHOOL, "/v1/referrals", &empty).await;
        assert_eq!(status, 422, "{told}");
        assert!(told["duty"]["in_hours"].is_string(), "whom to telephone: {told}");
    }
    assert!(alarms(&front).await.contains(&json!("refusals")));
    front.close().await;
}

async fn paragraph_55_some_closures_are_decided_again_by_somebody_who_is_not_told_how() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = closed(&front, "Ada").await;
    front.hours_pass(24 * 14).await;
    let front = front.again().await;
    let look = drawn(&front).await.remove(0);
    assert_eq!(look["reference"], sent.reference.as_str());
    let path = format!("/v1/referrals/{}/document?blind=true", sent.reference);
    let (status, document) = front.asks("masstt", &path).await;
    assert_eq!((status, document.get("outcomes")), (200, None));
    for told in [&look, &document] {
        assert!(!told.to_string().contains("no-further-action"), "{told}");
        assert!(!told.to_string().contains("Invented Osei"), "{told}");
    }
    let path = format!("/v1/second-looks/{}", look["id"].as_str().expect("an id"));
    let mut own = looks_again(&[]);
    own["by"]["name"] = json!("invented osei");
    let (status, told) = front.says("masstt", &path, &own).await;
    assert_eq!((status, &told["faults"][0]["pointer"]), (422, &json!("/by/name")));
    let (status, told) = front.says("masstt", &path, &looks_again(&["risk-missed"])).await;
    assert_eq!((status, &told["agrees"]), (201, &json!(false)), "{told}");
    assert_eq!(told["first"]["outcome"], "no-further-action", "and now both are told");
    // It is graver: the child is before the screening team again at once.
    assert_eq!(told["screened_again"], true, "{told}");
    let (_, page) = front.asks("masstt", "/v1/clocks").await;
    let clocks = page["clocks"].as_array().expect("a list");
    let again = clocks.iter().find(|one| one["reference"] == sent.reference.as_str());
    let again = again.expect("its clock runs again");
    assert_eq!((&again["purpose"], &again["priority"]), (&json!("screening"), &json!("urgent")));
    front.close().await;
}

async fn paragraph_55_what_is_found_three_times_is_flagged_as_more_than_one_worker_s_doing() {
    let front = Front::open(&[SCHOOL], &["masstt", OPERATORS]).await;
    for name in ["Ada", "Bela", "Caro"] {
        closed(&front, name).await;
    }
    front.hours_pass(24 * 14).await;
    let front = front.again().await;
    for look in drawn(&front).await {
        let path = format!("/v1/second-looks/{}", look["id"].as_str().expect("an id"));
        let (status, told) = front.says("masstt", &path, &looks_again(&["child-not-seen"])).await;
        assert_eq!(status, 201, "{told}");
    }
    let (_, report) = front.asks(OPERATORS, "/v1/quality/teams").await;
    let teams = report["teams"].as_array().expect("a list");
    let one = teams.iter().find(|one| one["destination"] == "masstt").expect("MASSTT");
    let theme = &one["themes"][0];
    assert_eq!((&theme["times"], &theme["repeated"]), (&json!(3), &json!(true)), "{one}");
    assert_eq!(theme["theme"], "child-not-seen");
    front.close().await;
}
