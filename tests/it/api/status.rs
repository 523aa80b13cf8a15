//! `GET /v1/referrals/{reference}`.

use super::{World, delivery, problem};
use frontdoor::domain::Reference;
use frontdoor::store::DeliveryState;
use serde_json::Value;

#[tokio::test]
async fn a_sender_sees_how_far_its_referral_has_come() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}");
    let answer = world.get(&path, &world.school).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let view: Value = answer.json().await.unwrap();
    assert_eq!(view["status"], "delivered");
    assert_eq!(view["respond_by"], "2026-01-15T10:30:00.000Z");
    assert_eq!(view["completeness"]["score"], 42);
    assert_eq!(view["timeline"][1]["state"], "delivered");
    assert_eq!(view["destinations"][0]["id"], "masstt");
}

#[tokio::test]
async fn what_history_added_does_not_show() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}");
    let read =
        || async { world.get(&path, &world.school).send().await.unwrap().text().await.unwrap() };
    let without = read().await;
    {
        let mut referrals = world.store.referrals.lock().unwrap();
        let stored = referrals.get_mut(&reference).expect("stored");
        let more = delivery(stored.row.id, "case-team", 2, DeliveryState::Failing);
        stored.deliveries.push(more);
        // History may also shorten the clock that the row keeps.
        stored.row.respond_by = stored.row.received_at;
        stored.row.level = "5".to_owned();
    }
    assert_eq!(without, read().await);
}

#[tokio::test]
async fn another_agencys_reference_is_unknown_to_the_last_byte() {
    let world = World::start().await;
    let others = world.store_referral(1);
    let none = Reference::from_entropy(2);
    let ask = |reference: String| {
        let id = "5f0c2e2e-6d5f-4f3a-8f43-0d8a5b3f7f11";
        world.get(&format!("/v1/referrals/{reference}"), &world.police).header("X-Request-Id", id)
    };
    let mut answers = Vec::new();
    for reference in [others.to_string(), none.to_string(), "nonsense".to_owned()] {
        let answer = ask(reference).send().await.unwrap();
        let mut headers: Vec<_> = answer
            .headers()
            .iter()
            .filter(|(name, _)| !["date", "ratelimit"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        answers.push((answer.status(), headers, answer.bytes().await.unwrap()));
    }
    assert_eq!(answers[0].0, 404);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let answer = ask(others.to_string()).send().await.unwrap();
    problem(answer, 404, "not-found").await;
}
