//! Information on an accepted referral, through the real lane.

use super::gateway::{Gateway, accepted, json_of};
use serde_json::{Value, json};

fn referral() -> Value {
    json!({
        "referrer": "Sam Rowe",
        "children": [{"given_name": "Ada", "family_name": "Rowe", "date_of_birth": "2019-03-04"}],
        "worry": "cold",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_child_is_decided_on_and_the_first_stays_who_it_is() {
    let gateway = Gateway::start().await;
    let (reference, ..) = accepted(gateway.send(referral(), None).await);
    let ben = json!({"given_name": "Ben", "family_name": "Rowe", "date_of_birth": "2021-05-06"});
    let (_, receipt, _) = accepted(gateway.add(reference, json!({"children": [ben]}), None).await);
    let children = receipt["children"].as_array().expect("a list");
    assert_eq!(children.len(), 2);
    assert!(!children[1]["destinations"].as_array().expect("a list").is_empty());
    let (stored, dossier) = gateway.stored(reference).await;
    let canonical = json_of(&dossier.canonical);
    assert_eq!(canonical["children"], json!([referral()["children"][0], ben]));
    let links = gateway.store.links(stored.row.id).await.expect("links");
    let children: std::collections::BTreeSet<u16> = links.iter().map(|link| link.child).collect();
    assert_eq!(children.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_answers_with_its_own_first_receipt() {
    let gateway = Gateway::start().await;
    let (reference, first, _) = accepted(gateway.send(referral(), Some("a")).await);
    let danger = json!({"danger_now": "yes"});
    let sex = json!({"children": [{"sex": "F"}]});
    let (_, second, _) = accepted(gateway.add(reference, &danger, Some("b")).await);
    let (_, third, _) = accepted(gateway.add(reference, &sex, Some("c")).await);
    assert!(first != second && second != third);
    for (outcome, receipt) in [
        (gateway.send(referral(), Some("a")).await, &first),
        (gateway.add(reference, &danger, Some("b")).await, &second),
        (gateway.add(reference, &sex, Some("c")).await, &third),
    ] {
        assert_eq!(accepted(outcome), (reference, receipt.clone(), true));
    }
}
