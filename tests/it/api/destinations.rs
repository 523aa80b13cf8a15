//! `GET /v1/destinations/{id}/messages` and `POST …/messages/{message}/ack`.

use super::{World, problem};
use frontdoor::domain::{DestinationId, MessageId, Priority, Timestamp};
use frontdoor::store::QueuedMessage;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

fn letter(number: u8, to: &str) -> QueuedMessage {
    QueuedMessage {
        id: MessageId::from_parts(Timestamp(1), [number; 10]),
        destination: DestinationId::new(to),
        priority: Priority::Immediate,
        payload: br#"{"specversion": "1.0", "type": "referral.routed.v1"}"#.to_vec(),
        deliveries: 1,
    }
}

#[tokio::test]
async fn a_team_leases_its_own_messages_and_takes_them() {
    let world = World::start().await;
    let (mine, others) = (letter(1, "masstt"), letter(2, "panel"));
    world.letters.waiting.lock().unwrap().extend([mine.clone(), others]);
    let path = "/v1/destinations/masstt/messages";
    let query = format!("{path}?limit=5&lease_seconds=120&unknown=1");
    let answer = world.get(&query, &world.masstt).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    let messages = body["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["id"], mine.id.to_string());
    assert_eq!(messages[0]["priority"], "immediate");
    assert_eq!(messages[0]["event"]["type"], "referral.routed.v1");
    let (until, limit) = world.letters.asked.lock().unwrap()[0];
    assert_eq!(limit, 5);
    assert_eq!(body["leased_until"], json!(until));
    assert_eq!(body["leased_until"], "2026-01-14T10:32:00.000Z");

    let ack = format!("{path}/{}/ack", mine.id);
    let answer = world.post(&ack, &world.masstt).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let again = world.post(&ack, &world.masstt).send().await.unwrap();
    problem(again, 409, "not-leased").await;
    let nonsense = world.post(&format!("{path}/x/ack"), &world.masstt).send().await.unwrap();
    problem(nonsense, 404, "not-found").await;
}

#[tokio::test]
async fn another_teams_queue_is_closed() {
    let world = World::start().await;
    for id in ["masstt", "nobody"] {
        let path = format!("/v1/destinations/{id}/messages");
        let answer = world.get(&path, &world.panel).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
        let ack = format!("{path}/{}/ack", letter(1, id).id);
        let answer = world.post(&ack, &world.panel).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
}

#[tokio::test]
async fn limits_are_bounded_and_a_broker_that_is_down_says_so() {
    let world = World::start().await;
    let path = "/v1/destinations/masstt/messages";
    for query in [
        "limit=0",
        "limit=101",
        "limit=",
        "limit=%2B5",
        "limit=+5",
        "limit=1&limit=2",
        "lease_seconds=9",
        "lease_seconds=3601",
        "lease_seconds=1e2",
    ] {
        let answer = world.get(&format!("{path}?{query}"), &world.masstt).send().await.unwrap();
        let document = problem(answer, 400, "parameter").await;
        let name = query.split('=').next().expect("a name");
        assert_eq!(document["faults"][0]["pointer"], name, "{query}");
    }
    world.letters.down.store(true, Ordering::SeqCst);
    let answer = world.get(path, &world.masstt).send().await.unwrap();
    problem(answer, 503, "unavailable").await;
}
