//! `GET /v1/referrals/{reference}/document`.

use super::matches::{person, record};
use super::{World, delivery, problem};
use frontdoor::audit::ChainName;
use frontdoor::domain::LinkState;
use frontdoor::store::{DeliveryState, StoredLink};
use serde_json::{Value, json};
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

#[tokio::test]
async fn what_is_restricted_is_looked_up_as_it_is_read_and_open_to_the_named_few() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}/document");
    let link = |child, number, state| StoredLink {
        child,
        person: person(number),
        record: person(number),
        seq: 1,
        state,
        weight: 9.0,
        level_rank: 3,
        decision: None,
    };
    world.store.people.lock().unwrap().insert(person(1), record(person(1), true));
    world.store.people.lock().unwrap().insert(person(2), record(person(2), false));
    // Nothing restricted: the named team was not sent it, and does not learn of it.
    *world.store.links.lock().unwrap() = vec![
        link(0, 2, LinkState::Linked),
        link(1, 1, LinkState::Separate),
        link(2, 9, LinkState::New),
    ];
    let whole: Value = world.get(&path, &world.masstt).send().await.unwrap().json().await.unwrap();
    assert_eq!(whole["marks"]["restricted"], json!([]));
    problem(world.get(&path, &world.named).send().await.unwrap(), 404, "not-found").await;

    for state in [LinkState::Linked, LinkState::Possible] {
        world.store.links.lock().unwrap().push(link(1, 1, state));
        for key in [&world.masstt, &world.named] {
            let read: Value = world.get(&path, key).send().await.unwrap().json().await.unwrap();
            assert_eq!(read["marks"]["restricted"], json!([1]), "{state:?}");
        }
        world.store.links.lock().unwrap().pop();
    }
    let (_, event) = world.store.audited.lock().unwrap().pop().expect("an event");
    assert_eq!((event.kind.as_str(), event.actor.as_str()), ("document.read", "named"));
    // Whoever is not named, and was not sent it, learns nothing.
    problem(world.get(&path, &world.panel).send().await.unwrap(), 404, "not-found").await;
}
