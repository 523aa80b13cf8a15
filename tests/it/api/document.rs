//! `GET /v1/referrals/{reference}/document`.

use super::{World, delivery, problem};
use frontdoor::audit::ChainName;
use frontdoor::store::DeliveryState;
use serde_json::Value;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_destination_reads_what_it_may_see_and_the_read_is_audited_first() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}/document");
    let id = {
        let mut referrals = world.store.referrals.lock().unwrap();
        let stored = referrals.get_mut(&reference).expect("stored");
        stored.deliveries.push(delivery(stored.row.id, "panel", 2, DeliveryState::Delivered));
        stored.row.id
    };
    let whole: Value = world.get(&path, &world.masstt).send().await.unwrap().json().await.unwrap();
    assert_eq!(whole["reference"], reference.to_string());
    assert_eq!(whole["agency"], "school");
    assert_eq!(whole["referral"]["worry"], "Robin is cold");
    assert!(whole["referral"]["children"].is_array());
    assert_eq!(whole["decision"]["priority"], "standard");
    assert_eq!(whole["marks"]["do_not_alert"], false);
    let part: Value = world.get(&path, &world.panel).send().await.unwrap().json().await.unwrap();
    assert!(part["referral"]["children"].is_null() && part["decision"].is_null(), "{part}");

    let audited = world.store.audited.lock().unwrap();
    assert_eq!(audited.len(), 2);
    let (chain, event) = &audited[1];
    assert_eq!(*chain, ChainName::Desk);
    assert_eq!((event.kind.as_str(), event.actor.as_str()), ("document.read", "panel"));
    assert_eq!(event.referral, Some(id));
}

#[tokio::test]
async fn a_destination_that_was_not_sent_it_does_not_learn_that_it_exists() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    for reference in [reference.to_string(), "nonsense".to_owned()] {
        let path = format!("/v1/referrals/{reference}/document");
        problem(world.get(&path, &world.panel).send().await.unwrap(), 404, "not-found").await;
    }
    let path = format!("/v1/referrals/{reference}/document");
    let sender = world.get(&path, &world.school).send().await.unwrap();
    problem(sender, 403, "not-permitted").await;
    assert!(world.store.audited.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_read() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    world.store.audit_down.store(true, Ordering::SeqCst);
    let path = format!("/v1/referrals/{reference}/document");
    problem(world.get(&path, &world.masstt).send().await.unwrap(), 503, "unavailable").await;
}
