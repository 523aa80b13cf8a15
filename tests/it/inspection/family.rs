//! What families know, agreed to and need in order to be understood, and what must not reach them.

use super::front::{Front, story, with};
use serde_json::json;

super::scenarios!(
    paragraph_9_a_family_that_needs_an_interpreter_is_marked_on_every_hand_off,
    paragraph_9_where_honour_is_feared_nobody_of_the_community_interprets,
    paragraph_28_what_parents_know_and_agreed_to_reaches_the_social_worker,
    paragraph_28_where_telling_is_unsafe_everyone_is_told_to_say_nothing,
);

const SCHOOL: &str = "school-ridgeway";

async fn paragraph_9_a_family_that_needs_an_interpreter_is_marked_on_every_hand_off() {
    let teams = ["masstt", "cse-panel", "missing-children"];
    let front = Front::open(&[SCHOOL], &teams).await;
    let says = json!({"concerns": ["11A"], "indicators": ["missing-repeat"]});
    let mut family = story("Ada", says);
    family["children"][0]["language"] = json!("ur");
    family["children"][0]["interpreter"] = json!("yes");
    let sent = front.refers(SCHOOL, family).await;
    for team in teams {
        let marks = front.document(team, &sent).await["marks"].clone();
        assert_eq!((&marks["interpreter"], &marks["languages"]), (&json!(true), &json!(["ur"])));
    }
    let silent = front.would(SCHOOL, story("Ben", json!({}))).await;
    assert!(silent.asked_for().contains(&"/children/0/interpreter"), "otherwise it is asked for");
    front.close().await;
}

async fn paragraph_9_where_honour_is_feared_nobody_of_the_community_interprets() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"indicators": ["forced-marriage"]}))).await;
    let marks = front.document("masstt", &sent).await["marks"].clone();
    assert_eq!(marks["no_relative_interpreter"], true);
    assert_eq!(marks["do_not_alert"], true);
    let advice = sent.receipt["advice"].to_string();
    assert!(advice.contains("use no relative or member of the community"), "{advice}");
    front.close().await;
}

async fn paragraph_28_what_parents_know_and_agreed_to_reaches_the_social_worker() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let silent = front.would(SCHOOL, story("Ada", json!({"request": "advice"}))).await;
    for place in ["/agreement/informed", "/agreement/agreed"] {
        assert!(silent.asked_for().contains(&place), "{place} is asked for");
    }
    let said = json!({
        "informed": "yes",
        "agreed": "no",
        "reason": "She wants to speak to someone first",
    });
    let sent = front.refers(SCHOOL, story("Ada", json!({"agreement": said}))).await;
    let agreement = front.document("masstt", &sent).await["referral"]["agreement"].clone();
    assert_eq!(agreement, with(agreement.clone(), said));
    front.close().await;
}

async fn paragraph_28_where_telling_is_unsafe_everyone_is_told_to_say_nothing() {
    let teams = ["masstt", "cse-panel"];
    let front = Front::open(&[SCHOOL], &teams).await;
    let says = json!({"concerns": ["11A"], "do_not_alert": "yes"});
    let sent = front.refers(SCHOOL, story("Ada", says)).await;
    let advice = sent.receipt["advice"].to_string();
    assert!(advice.contains("Do not tell the family that you have referred"), "{advice}");
    for team in teams {
        assert_eq!(front.document(team, &sent).await["marks"]["do_not_alert"], true, "{team}");
    }
    // Nor does early help, which works with the family, take such a child on.
    let help = with(super::front::early_help(), json!({"do_not_alert": "yes"}));
    let sent = front.would(SCHOOL, story("Ben", help)).await;
    assert_eq!(sent.purpose("masstt"), Some("screening"));
    assert_eq!(sent.purpose("early-intervention.halifax-central"), None);
    front.close().await;
}
