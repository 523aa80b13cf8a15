//! The real binary: what a receiving team reads, and what the command line refuses.

use crate::harness::{Home, http};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_reads_marks_decision_and_referral_each_in_its_place() {
    let home = Home::sqlite().await;
    let agency = home.key("--agency", "school-ridgeway").await;
    let masstt = home.key("--destination", "masstt").await;
    let panel = home.key("--destination", "cse-panel").await;
    let gateway = home.start().await;
    let client = http::client();
    let mut body = http::referral(1);
    body["concerns"] = json!(["11A"]);
    body["do_not_alert"] = json!("yes");
    let sent = http::post_referral(&client, &gateway.url, &agency, None, &body).await;
    let (status, receipt) = sent.expect("an answer");
    assert_eq!(status, 201, "{receipt}");
    let reference = receipt["reference"].as_str().expect("a reference").to_owned();
    for (key, statutory) in [(masstt, true), (panel, false)] {
        let url = format!("{}/v1/referrals/{reference}/document", gateway.url);
        let read = client.get(url).bearer_auth(key).send().await.expect("an answer");
        let document: Value = read.json().await.expect("JSON");
        assert_eq!(document["marks"]["do_not_alert"], true, "{document}");
        assert!(document["referral"].get("decision").is_none(), "{document}");
        let home = &document["referral"]["children"][0]["address"];
        assert_eq!(home.is_object(), statutory, "{document}");
        let child = &document["decision"]["children"][0];
        assert_eq!(child["level_of_need"]["code"], "5", "{document}");
        let reasons = child["reasons"].as_array().expect("reasons");
        let rules: Vec<_> = reasons.iter().map(|reason| &reason["rule"]).collect();
        assert!(rules.contains(&&json!("sexual-exploitation")), "{document}");
    }
    gateway.stop().await;
}

/// A family with an adult, referred by a school.
async fn family(url: &str, key: &str, child: &str, man: Value) -> String {
    let body = json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [
            {"given_name": child, "family_name": "Invented", "date_of_birth": "2016-03-09"},
        ],
        "household": {"people": [man]},
        "worry": format!("There is a man at {child}'s home."),
        "concerns": ["11A"],
        "danger_now": "no",
    });
    let sent = http::post_referral(&http::client(), url, key, None, &body).await;
    let (status, receipt) = sent.expect("an answer");
    assert_eq!(status, 201, "{receipt}");
    receipt["reference"].as_str().expect("a reference").to_owned()
}

async fn get(url: String, key: &str) -> Value {
    let answer = http::client().get(url).bearer_auth(key).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

/// What a destination's queue holds of a referral.
async fn messages(url: &str, to: &str, key: &str, reference: &str) -> Vec<Value> {
    let page = get(format!("{url}/v1/destinations/{to}/messages?limit=50"), key).await;
    let all = page["messages"].as_array().expect("a list").clone();
    let of = |one: &Value| one["event"]["data"]["reference"] == reference;
    all.into_iter().filter(of).map(|one| one["event"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_man_of_another_family_is_told_to_the_screening_team_and_to_nobody_else() {
    let home = Home::sqlite().await;
    let agency = home.key("--agency", "school-ridgeway").await;
    let masstt = home.key("--destination", "masstt").await;
    let panel = home.key("--destination", "cse-panel").await;
    let gateway = home.start().await;
    let url = &gateway.url;
    let man =
        |more: &str| json!({"name": "William Pike", "date_of_birth": "1985-06-12", more: "yes"});
    let first = family(url, &agency, "Ada", man("alleged_to_have_harmed")).await;
    let second = family(url, &agency, "Ben", man("lives_with_child")).await;
    let listed = async {
        loop {
            let page = get(format!("{url}/v1/matches?kind=adult"), &masstt).await;
            if page["matches"].as_array().is_some_and(|all| !all.is_empty()) {
                return page["matches"][0].clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let one = tokio::time::timeout(Duration::from_secs(30), listed).await.expect("in seconds");
    assert_eq!((&one["reference"], &one["other"]["reference"]), (&json!(second), &json!(first)));
    let mut told = Vec::new();
    for _ in 0..100 {
        told.extend(messages(url, "masstt", &masstt, &second).await);
        if told.len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(told[1]["data"]["adults"][0]["match"], one["id"], "{told:?}");
    let of_panel = messages(url, "cse-panel", &panel, &second).await;
    assert_eq!(of_panel.len(), 1, "{of_panel:?}");
    assert!(of_panel[0]["data"].get("adults").is_none());
    // Its sender sees what the sender of any other referral sees.
    let status = async |reference: &str| {
        let mut seen = get(format!("{url}/v1/referrals/{reference}"), &agency).await;
        let steps = seen["timeline"].as_array().expect("steps").len();
        (seen["status"].take(), seen["destinations"].take(), steps)
    };
    assert_eq!(status(&second).await, status(&first).await);
    let path = format!("{url}/v1/matches/{}/decision", one["id"].as_str().expect("an id"));
    let word = json!({
        "decision": "not-the-same",
        "reason": "Two men of one name",
        "by": {"name": "Invented Osei", "role": "Duty"},
    });
    let said = http::client().post(path).bearer_auth(&masstt).json(&word).send().await;
    assert_eq!(said.expect("an answer").status(), 200);
    let page = get(format!("{url}/v1/matches?kind=adult&state=decided"), &masstt).await;
    assert_eq!(page["matches"][0]["state"], "not-the-same");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_issued_to_those_who_are_configured_and_revoked_by_their_holder() {
    let home = Home::sqlite().await;
    for owner in [["--agency", "school-ridgway"], ["--destination", "mastt"]] {
        let (code, said) = home.try_run(&["keys", "issue", owner[0], owner[1]]).await;
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(owner[1]) && said.contains(".toml"), "{said}");
    }
    let first = home.key("--agency", "school-ridgeway").await;
    home.key("--agency", "school-ridgeway").await;
    let other = home.key("--agency", "police-west").await;
    let (id, kept) = (&first[3..15], &other[3..15]);
    let listed = home.run(&["keys", "list", "--agency", "police-west"]).await;
    assert!(listed.contains(kept) && !listed.contains(id), "{listed}");
    let said = home.run(&["keys", "revoke", "--agency", "school-ridgeway"]).await;
    assert_eq!(said.lines().count(), 2, "{said}");
    assert_eq!(home.try_run(&["keys", "revoke", "--agency", "school-ridgeway"]).await.0, 2);
    home.run(&["keys", "revoke", kept]).await;
    assert_eq!(home.try_run(&["keys", "revoke"]).await.0, 2);
    assert_eq!(home.try_run(&["keys", "revoke", kept, "--agency", "police-west"]).await.0, 2);
}

/// Serves the demonstration, which is expected to refuse; what it said.
async fn refused(home: &Home) -> String {
    let serve = home.try_run(&["serve", "--demo"]);
    let ended = tokio::time::timeout(Duration::from_secs(30), serve).await;
    let (code, said) = ended.expect("the demonstration is refused at once");
    assert_eq!(code, 2, "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_is_refused_where_others_reach_it_or_where_real_people_are() {
    let mut home = Home::sqlite().await;
    home.env.push(("FRONTDOOR__HTTP__BEHIND_PROXY".to_owned(), "true".to_owned()));
    home.env.push(("FRONTDOOR_LISTEN".to_owned(), "0.0.0.0:0".to_owned()));
    assert!(refused(&home).await.contains("ops.open"));
    home.env.clear();
    let people = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/people.csv");
    home.run(&["people", "import", people]).await;
    for _ in 0..2 {
        assert!(refused(&home).await.contains("did not make"));
    }
}
