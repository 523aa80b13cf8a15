use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::domain::Timestamp;
use frontdoor::domain::time::Env;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::*;

on_both!(
    a_key_is_kept_as_it_was_issued_and_ends_when_told,
    a_value_kept_once_is_never_overwritten,
    the_key_ring_opens_again_with_the_same_master_key_only,
);

fn key(id: &str) -> KeyRow {
    KeyRow {
        id: id.to_owned(),
        owner_kind: "agency".to_owned(),
        owner: "school-a".to_owned(),
        hash: vec![7; 32],
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
    }
}

async fn a_key_is_kept_as_it_was_issued_and_ends_when_told(home: Home) {
    let store = home.store().await;
    let later = KeyRow { created_at: at(1), expires_at: Some(at(99)), ..key("k2") };
    store.add_key(later.clone()).await.expect("adds");
    store.add_key(key("k1")).await.expect("adds");
    assert_eq!(store.keys().await.expect("reads"), [key("k1"), later.clone()]);
    let error = store.add_key(key("k1")).await.expect_err("the id is taken");
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert!(store.end_key("k1", at(50), false).await.expect("ends"));
    assert!(store.end_key("k2", at(60), true).await.expect("ends"));
    assert!(!store.end_key("k3", at(60), true).await.expect("answers"));
    let expected = [
        KeyRow { expires_at: Some(at(50)), ..key("k1") },
        KeyRow { revoked_at: Some(at(60)), ..later },
    ];
    assert_eq!(store.keys().await.expect("reads"), expected);
}

async fn a_value_kept_once_is_never_overwritten(home: Home) {
    let [first, second] = home.two().await;
    let tasks = (0u8..8).map(|n| {
        let store = if n % 2 == 0 { first.clone() } else { second.clone() };
        tokio::spawn(async move { store.once("name", &[n; 4]).await.expect("keeps") })
    });
    let kept: Vec<Vec<u8>> =
        futures::future::join_all(tasks).await.into_iter().map(|v| v.expect("ends")).collect();
    assert!(kept.iter().all(|value| *value == kept[0]));
    assert_eq!(first.once("name", b"other").await.expect("reads"), kept[0]);
    assert_eq!(first.once("other", b"other").await.expect("keeps"), b"other");
}

/// A clock that stands, and entropy for tests.
struct Still(u8);

impl Env for Still {
    fn now(&self) -> Timestamp {
        at(0)
    }
    fn entropy(&self, into: &mut [u8]) {
        into.fill(self.0);
    }
}

async fn the_key_ring_opens_again_with_the_same_master_key_only(home: Home) {
    let store = home.store().await;
    let first = KeyRing::open(&*store, &[1; 32], &Still(5)).await.expect("makes the keys");
    let again = KeyRing::open(&*store, &[1; 32], &Still(6)).await.expect("opens the keys");
    assert_eq!(first.token("a|b"), again.token("a|b"));
    assert!(KeyRing::open(&*store, &[2; 32], &Still(5)).await.is_err());
}
