//! Leaders did not know, delays were seen by nobody, and numbers were typed.

use super::front::{Front, OPERATORS, decision, story, time, until};
use crate::harness::Home;
use crate::harness::mail::{MailServer, Manner};
use serde_json::{Value, json};
use std::time::Duration;

super::scenarios!(
    paragraph_14_numbers_are_counted_from_what_happened_and_typed_by_nobody,
    paragraph_20_what_councillors_are_shown_names_no_child,
    paragraph_35_a_team_s_list_shows_what_waits_since_when_and_until_when,
    paragraph_37_a_decision_that_is_late_is_told_to_a_named_manager,
    paragraph_52_what_will_be_late_at_this_pace_is_seen_before_it_is,
);

const SCHOOL: &str = "school-ridgeway";

/// Today's referrals of the school, as the page for operators counts them.
async fn counted(front: &Front) -> Value {
    let url = format!("{}/ops/live", front.gateway.url);
    let call = crate::harness::http::client().get(url).bearer_auth(front.key(OPERATORS));
    let mut events = call.send().await.expect("an answer");
    let mut text = String::new();
    while !text.contains("\n\n") {
        let part = events.chunk().await.expect("more").expect("an event");
        text.push_str(&String::from_utf8_lossy(&part));
    }
    let event = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("numbers");
    serde_json::from_str(event).expect("JSON")
}

async fn paragraph_14_numbers_are_counted_from_what_happened_and_typed_by_nobody() {
    let front = Front::open(&[SCHOOL], &["masstt", OPERATORS]).await;
    let before = counted(&front).await;
    assert_eq!(before["agencies"], json!([]), "{before}");
    front.refers(SCHOOL, story("Ada", json!({"concerns": ["16A"]}))).await;
    front.refers(SCHOOL, story("Ben", json!({"danger_now": "yes"}))).await;
    let lines = async || counted(&front).await["agencies"].clone();
    let counts = until("both are counted", async || {
        let lines = lines().await;
        (lines[0]["received"] == 2).then_some(lines)
    });
    let counts = counts.await;
    assert_eq!((&counts[0]["urgent"], &counts[0]["immediate"]), (&json!(1), &json!(1)));
    for path in ["/ops", "/metrics", "/v1/clocks"] {
        let (status, _) = front.says(OPERATORS, path, &json!({"received": 99})).await;
        assert!(matches!(status, 404 | 405), "{path} takes numbers from people: {status}");
    }
    front.close().await;
}

async fn paragraph_20_what_councillors_are_shown_names_no_child() {
    let front = Front::open(&[SCHOOL], &["masstt", OPERATORS]).await;
    let mut story = story("Zebedee", json!({"danger_now": "yes"}));
    story["children"][0]["family_name"] = json!("Quillfeather");
    story["children"][0]["nhs_number"] = json!("9990006504");
    let sent = front.refers(SCHOOL, story).await;
    until("it is counted", async || {
        (counted(&front).await["agencies"][0]["received"] == 1).then_some(())
    })
    .await;
    let shown = [
        counted(&front).await.to_string(),
        front.reads(OPERATORS, "/ops").await.1,
        front.reads(OPERATORS, "/metrics").await.1,
    ];
    for page in shown {
        assert!(page.contains("masstt") || page.contains("frontdoor_"), "{page}");
        for private in ["zebedee", "quillfeather", "9990006504", &sent.reference.to_lowercase()] {
            assert!(!page.to_lowercase().contains(private), "{private} in {page}");
        }
    }
    let path = format!("/v1/referrals/{}/document", sent.reference);
    assert_eq!(front.asks(OPERATORS, &path).await.0, 403, "nor may they read a referral");
    front.close().await;
}

async fn paragraph_35_a_team_s_list_shows_what_waits_since_when_and_until_when() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let old = front.refers(SCHOOL, story("Ada", json!({}))).await;
    front.hours_pass(20).await;
    let new = front.refers(SCHOOL, story("Ben", json!({"indicators": ["disclosure"]}))).await;
    let (_, page) = front.asks("masstt", "/v1/clocks").await;
    let listed = page["clocks"].as_array().expect("a list");
    let order: Vec<&Value> = listed.iter().map(|one| &one["reference"]).collect();
    assert_eq!(order.len(), 2);
    for (sent, stage) in [(&old, "amber"), (&new, "green")] {
        let clock = front.clock("masstt", sent, "respond").await.expect("it waits");
        assert_eq!(clock["stage"], stage);
        assert!(time(&clock["started_at"]) < time(&clock["due_at"]));
    }
    let due: Vec<_> = listed.iter().map(|one| time(&one["due_at"])).collect();
    assert!(due.is_sorted(), "the next due is first: {page}");
    front.close().await;
}

async fn paragraph_37_a_decision_that_is_late_is_told_to_a_named_manager() {
    let server = MailServer::start(Manner::Takes);
    let url = server.url();
    let env = [
        ("FRONTDOOR__NOTICES__SMTP", url.as_str()),
        ("FRONTDOOR__NOTICES__FROM", "frontdoor@example.org"),
        ("FRONTDOOR__NOTICES__SIGN_IN", "https://frontdoor.example.org/"),
    ];
    let front = Front::with(Home::sqlite().await, &[SCHOOL], &["masstt"], &env).await;
    let sent = front.refers(SCHOOL, story("Zebedee", json!({"concerns": ["16A"]}))).await;
    front.hours_pass(5).await;
    let soon = Duration::from_secs(30);
    let told = server.next("duty-manager@example.org", soon).await;
    assert!(told.header("Subject").contains(&sent.reference), "{told:?}");
    assert!(!told.text.contains("Zebedee"), "and no child is named");
    front.records("masstt", &sent, decision("assessment", "4")).await;
    assert!(front.clock("masstt", &sent, "respond").await.is_none(), "a decision ends it");
    front.close().await;
}

async fn paragraph_52_what_will_be_late_at_this_pace_is_seen_before_it_is() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let first = front.refers(SCHOOL, story("Ada", json!({}))).await;
    let unknown = front.clock("masstt", &first, "respond").await.expect("it waits");
    assert_eq!(unknown["forecast"], "unknown", "nobody has decided anything yet");
    front.records("masstt", &first, decision("advice", "2")).await;
    let second = front.refers(SCHOOL, story("Ben", json!({}))).await;
    let clock = front.clock("masstt", &second, "respond").await.expect("it waits");
    // One decision in fourteen days: the next would come in fourteen, and is due tomorrow.
    assert_eq!((&clock["stage"], &clock["forecast"]), (&json!("green"), &json!("late")));
    front.close().await;
}
