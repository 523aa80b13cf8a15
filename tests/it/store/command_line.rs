//! `frontdoor deliveries`.

use super::rows::*;
use crate::harness::Home;
use frontdoor::app::OsEnv;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::*;
use serde_json::Value;
use std::sync::Arc;

/// The store of a home, with the keys that its commands use.
async fn open_store(home: &Home) -> Arc<dyn Store> {
    let store = open(&home.database_url).await.expect("the store opens");
    let ring = KeyRing::open(store.as_ref(), &[0x5a; 32], &OsEnv::new()).await.expect("opens");
    store.set_chain_key(ring.chains().clone());
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_and_dead_deliveries_are_listed_and_sent_again() {
    let home = Home::sqlite().await;
    let store = open_store(&home).await;
    let (_, outbox) = sent(store.as_ref(), &["masstt", "panel", "cse"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    let failure = Failure { id: outbox[0].id, fence: 1, next_attempt_at: at(9), fault: "nacked" };
    store.fail(&[failure], at(1)).await.expect("fails");
    store.dead(outbox[1].id, None, at(2)).await.expect("marks");
    store.confirm(&[(outbox[2].id, 1)], at(2)).await.expect("confirms");
    drop(store);

    let table = home.run(&["deliveries", "list"]).await;
    assert!(table.contains("delivery-failing") && table.contains("nacked"), "{table}");
    assert!(!table.contains(&outbox[2].id.to_string()), "{table}");
    let list = async |more: &[&str]| -> Vec<(String, String)> {
        let told = home.run(&[&["deliveries", "list", "--json"], more].concat()).await;
        let rows: Vec<Value> = serde_json::from_str(&told).expect("JSON");
        let text = |row: &Value, name: &str| row[name].as_str().expect("text").to_owned();
        rows.iter().map(|row| (text(row, "destination"), text(row, "state"))).collect()
    };
    let one = |destination: &str, state: &str| (destination.to_owned(), state.to_owned());
    assert_eq!(list(&[]).await, [one("masstt", "delivery-failing"), one("panel", "dead")]);
    assert_eq!(list(&["--limit", "1"]).await, [one("masstt", "delivery-failing")]);
    assert_eq!(list(&["--state", "delivered"]).await, [one("cse", "delivered")]);

    let told = home.run(&["deliveries", "redrive", "--state", "dead"]).await;
    assert!(told.contains("1 messages are sent again"), "{told}");
    home.run(&["deliveries", "redrive", &outbox[0].id.to_string()]).await;
    assert!(list(&[]).await.is_empty());
    // What has got through is left; there is nothing else to say how to choose.
    let delivered = outbox[2].id.to_string();
    assert_eq!(home.try_run(&["deliveries", "redrive", &delivered]).await.0, 1);
    assert_eq!(home.try_run(&["deliveries", "redrive"]).await.0, 2);
    let due = open_store(&home).await.claim(at(1 << 40), at(1 << 41), 9).await.expect("claims");
    assert_eq!(due.len(), 2);
    home.run(&["audit", "verify"]).await;
}
