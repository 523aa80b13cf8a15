//! `POST /v1/referrals/{reference}/acknowledgement`.

use super::{World, problem};
use frontdoor::api::acknowledgement_name;
use frontdoor::domain::Reference;
use frontdoor::store::keys::KeyRing;
use serde_json::{Value, json};

const PERSON: &str = r#"{"name": "Invented Osei", "role": "Duty social worker"}"#;

#[tokio::test]
async fn a_named_person_acknowledges_once_and_their_name_is_sealed() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}/acknowledgement");
    let send = || world.post(&path, &world.masstt).body(PERSON);
    let first: Value = send().send().await.unwrap().json().await.unwrap();
    assert_eq!(first["status"], "acknowledged");
    assert_eq!(first["acknowledged_at"], "2026-01-14T10:30:00.000Z");
    world.env.pass(60);
    let again: Value = send().send().await.unwrap().json().await.unwrap();
    assert_eq!(first, again);

    let acknowledged = world.store.acknowledged.lock().unwrap();
    assert_eq!(acknowledged.len(), 1);
    let (id, by, event) = &acknowledged[0];
    assert_eq!(event.kind, "delivery.acknowledged");
    assert_eq!(event.detail.as_deref(), Some(id.to_string().as_str()));
    assert!(!by.body.windows(4).any(|window| window == b"Osei"));
    let plain = KeyRing::for_tests(5).open_record(&acknowledgement_name(*id), by).expect("opens");
    let person: Value = serde_json::from_slice(&plain).expect("JSON");
    assert_eq!(person, serde_json::from_str::<Value>(PERSON).expect("JSON"));
}

#[tokio::test]
async fn without_a_name_and_a_role_nobody_has_it() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}/acknowledgement");
    let long = "x".repeat(201);
    for (body, pointers) in [
        (json!({}), vec!["/name", "/role"]),
        (json!({"name": " \t", "role": "Duty"}), vec!["/name"]),
        (json!({"name": long, "role": "Duty"}), vec!["/name"]),
        (json!({"name": "A", "role": 7}), vec!["/role"]),
    ] {
        let answer = world.post(&path, &world.masstt).json(&body).send().await.unwrap();
        let document = problem(answer, 422, "name-needed").await;
        let faults = document["faults"].as_array().expect("faults");
        let found: Vec<_> = faults.iter().map(|fault| fault["pointer"].clone()).collect();
        assert_eq!(found, pointers);
    }
    for body in ["", "[]", "{\"name\": "] {
        let answer = world.post(&path, &world.masstt).body(body).send().await.unwrap();
        problem(answer, 400, "not-readable").await;
    }
    let answer = world.post(&path, &world.masstt).body("x".repeat(20_000)).send().await.unwrap();
    problem(answer, 413, "too-large").await;
    let text = world.post(&path, &world.masstt).body(PERSON).header("Content-Type", "text/plain");
    problem(text.send().await.unwrap(), 415, "media-type").await;
    assert!(world.store.acknowledged.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_destination_that_was_not_sent_it_cannot_acknowledge_it() {
    let world = World::start().await;
    let sent = world.store_referral(1);
    for reference in [sent, Reference::from_entropy(9)] {
        let path = format!("/v1/referrals/{reference}/acknowledgement");
        let answer = world.post(&path, &world.panel).body(PERSON).send().await.unwrap();
        problem(answer, 404, "not-found").await;
    }
    assert!(world.store.acknowledged.lock().unwrap().is_empty());
}
