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
