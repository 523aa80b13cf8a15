//! Referrals came from many services, and the quality of some was poor.

use super::front::{Front, story};
use crate::harness::http;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

super::scenarios!(
    paragraph_18_schools_health_police_housing_and_charities_use_their_own_forms,
    paragraph_34_every_form_asks_about_private_fostering,
    paragraph_37_a_sender_learns_at_once_what_was_missing_and_nothing_waits_for_it,
    paragraph_37_what_was_said_on_the_telephone_is_acted_on_before_it_is_written,
    paragraph_43_a_sender_is_asked_for_the_child_s_words_and_if_it_was_seen_alone,
    paragraph_55_a_date_that_cannot_be_is_listed_and_asked_for_again,
);

const SCHOOL: &str = "school-ridgeway";

/// An agency, its adapter, one of that adapter's own examples, and what its system calls it.
const FORMS: [(&str, &str, &str, &str); 7] = [
    ("school-ridgeway", "school-csv", "ridgeway-export.in.csv", "text/csv"),
    ("health-royal-trust", "health-hl7v2", "injury.in.hl7", "application/hl7-v2"),
    ("health-visiting", "health-fhir", "siblings.in.json", "application/fhir+json"),
    ("police-west", "police-ppn", "ages-in-months-and-weeks.in.json", "application/json"),
    ("housing-together", "housing-json", "address-withheld.in.json", "application/json"),
    ("voluntary-kindred", "voluntary-csv", "kindred-sheet.in.csv", "text/csv"),
    ("childrens-centres", "local-authority-json", "child-in-need-list.in.json", "application/json"),
];

/// What the form answers, as text of its own kind.
async fn send(front: &Front, form: (&str, &str, &str, &str)) -> (u16, String) {
    let (agency, adapter, example, kind) = form;
    let file = Path::new("adapters").join(adapter).join("examples").join(example);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let bytes = std::fs::read(&file).expect("the example is there");
    let url = format!("{}/v1/adapters/{adapter}/referrals", front.gateway.url);
    let call = http::client().post(url).bearer_auth(front.key(agency));
    let answer = call.header("Content-Type", kind).body(bytes).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

async fn paragraph_18_schools_health_police_housing_and_charities_use_their_own_forms() {
    let agencies = FORMS.map(|(agency, ..)| agency);
    let front = Front::open(&agencies, &["masstt"]).await;
    for form in FORMS {
        let (status, text) = send(&front, form).await;
        assert!(matches!(status, 200 | 201 | 207), "{form:?}: {status} {text}");
    }
    let sent = front.refers(SCHOOL, story("Ada", json!({}))).await;
    let (_, page) = front.asks("masstt", "/v1/clocks?limit=500").await;
    let mut from = BTreeSet::new();
    for clock in page["clocks"].as_array().expect("a list") {
        let reference = clock["reference"].as_str().expect("a reference");
        let path = format!("/v1/referrals/{reference}/document");
        let (_, document) = front.asks("masstt", &path).await;
        from.insert(document["agency"].as_str().expect("an agency").to_owned());
    }
    assert_eq!(from, BTreeSet::from(agencies.map(str::to_owned)), "MASSTT has all of them");
    assert_eq!(sent.purpose("masstt"), Some("screening"), "and what is written in JSON");
    front.close().await;
}

async fn paragraph_34_every_form_asks_about_private_fostering() {
    let agencies = FORMS.map(|(agency, ..)| agency);
    let front = Front::open(&agencies, &[]).await;
    for form in FORMS {
        let (_, text) = send(&front, form).await;
        let asked = text.contains("private_fostering") || text.contains("28 days or more");
        assert!(asked, "{form:?}: {text}");
    }
    let sent = front.would(SCHOOL, story("Ada", json!({}))).await;
    assert!(sent.asked_for().contains(&"/children/0/private_fostering"));
    front.close().await;
}

async fn paragraph_37_a_sender_learns_at_once_what_was_missing_and_nothing_waits_for_it() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let mut poor = story("Ada", json!({"concerns": ["16A"]}));
    poor["children"] = json!([{"given_name": "Ada"}]);
    let poor = front.refers(SCHOOL, poor).await;
    let mut good = story("Ben", json!({"concerns": ["16A"]}));
    good["children"][0]["own_words"] = json!("I am hungry in the mornings.");
    good["children"][0]["school"] = json!({"name": "Invented School"});
    let good = front.refers(SCHOOL, good).await;
    let score = |sent: &super::front::Sent| sent.receipt["completeness"]["score"].as_u64();
    assert!(score(&poor) < score(&good), "{} {}", poor.receipt, good.receipt);
    for one in poor.receipt["completeness"]["missing"].as_array().expect("a list") {
        assert!(one["ask"].as_str().is_some_and(|ask| !ask.is_empty()), "in plain words: {one}");
    }
    assert!(poor.asked_for().contains(&"/children/0/date_of_birth"), "{}", poor.receipt);
    let due = |sent: &super::front::Sent| (sent.priority().to_owned(), sent.minutes_to_respond());
    assert_eq!(due(&poor), due(&good), "poor quality delays nothing");
    front.close().await;
}

async fn paragraph_37_what_was_said_on_the_telephone_is_acted_on_before_it_is_written() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let called = json!({"indicators": ["disclosure"], "form_to_follow": "yes"});
    let sent = front.refers(SCHOOL, story("Ada", called)).await;
    assert_eq!((sent.purpose("masstt"), sent.minutes_to_respond()), (Some("strategy"), 240));
    front.hours_pass(24 * 6).await;
    let clock = front.clock("masstt", &sent, "written-form").await.expect("it is awaited");
    assert_eq!(clock["stage"], "red", "what was never written is seen");
    let form = json!({"worry": "She said on Monday that her step-father hits her."});
    front.adds(SCHOOL, &sent, form).await;
    assert!(front.clock("masstt", &sent, "written-form").await.is_none(), "it has come");
    front.close().await;
}

async fn paragraph_43_a_sender_is_asked_for_the_child_s_words_and_if_it_was_seen_alone() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let mut story = story("Ada", json!({}));
    let silent = front.would(SCHOOL, story.clone()).await;
    let places = ["own_words", "seen", "seen_alone"];
    for place in places {
        let pointer = format!("/children/0/{place}");
        assert!(silent.asked_for().contains(&pointer.as_str()), "{place}: {}", silent.receipt);
    }
    story["children"][0]["own_words"] = json!("I do not like it when he comes.");
    story["children"][0]["seen"] = json!("yes");
    story["children"][0]["seen_alone"] = json!("yes");
    let sent = front.refers(SCHOOL, story).await;
    let document = front.document("masstt", &sent).await;
    let child: &Value = &document["referral"]["children"][0];
    assert_eq!(child["own_words"], "I do not like it when he comes.");
    assert_eq!((&child["seen"], &child["seen_alone"]), (&json!("yes"), &json!("yes")));
    front.close().await;
}

async fn paragraph_55_a_date_that_cannot_be_is_listed_and_asked_for_again() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    let mut story = story("Ada", json!({"concerns": ["16A"]}));
    story["children"][0]["date_of_birth"] = json!("2016-02-30");
    let sent = front.refers(SCHOOL, story).await;
    let unread = sent.receipt["completeness"]["unread"].as_array().expect("a list");
    assert_eq!(unread[0]["pointer"], "/children/0/date_of_birth", "{}", sent.receipt);
    let document = front.document("masstt", &sent).await;
    let kept = &document["referral"]["children"][0]["date_of_birth"];
    assert_eq!(kept, &json!({"unreadable": "2016-02-30"}), "as it was stated, and no date");
    front.close().await;
}
