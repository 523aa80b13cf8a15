use super::homes::{Home, ring};
use super::on_both;
use super::rows::*;
use frontdoor::audit::{Break, ChainName, Event, GENESIS, StoredLinkOfChain};
use frontdoor::store::*;

on_both!(
    every_chain_holds_after_many_writers_at_once,
    a_changed_link_and_a_missing_one_are_named,
    a_chain_is_read_in_pages,
);

async fn links(store: &dyn Store, chain: ChainName) -> Vec<StoredLinkOfChain> {
    store.chain(chain, 0, 100_000).await.expect("reads")
}

async fn verdict(store: &dyn Store, chain: ChainName) -> Result<i64, Break> {
    let links = links(store, chain).await;
    ring().chains().verify(chain, (0, GENESIS.to_vec()), &links).map(|head| head.0)
}

/// One of the things that writers do, chosen by a number.
async fn act(store: &dyn Store, choice: u64, step: i64) {
    let event = Event::new("document.read", "panel");
    match choice % 9 {
        0 | 1 => drop(sent(store, &["masstt", "panel"]).await),
        2 => drop(store.claim(at(step), at(step + 2), 3).await.expect("claims")),
        3 => {
            let claimed = store.claim(at(step), at(step + 5), 4).await.expect("claims");
            let done: Vec<_> = claimed.iter().map(|row| (row.id, row.fence)).collect();
            store.confirm(&done, at(step)).await.expect("confirms");
        }
        4 => {
            let claimed = store.claim(at(step), at(step + 5), 2).await.expect("claims");
            let failure = |row: &OutboxRow| Failure {
                id: row.id,
                fence: row.fence,
                next_attempt_at: at(step + 3),
                fault: "nacked",
            };
            let failed: Vec<_> = claimed.iter().map(failure).collect();
            store.fail(&failed, at(step)).await.expect("fails");
        }
        5 => drop(store.breach(at(step * 300), 2).await.expect("looks")),
        6 => store.record(ChainName::Desk, vec![event], at(step)).await.expect("records"),
        7 => store.import(&[person(&[step])], event, at(step)).await.expect("imports"),
        _ => {
            let some = store.deliveries(None, None, 1).await.expect("reads");
            if let Some(row) = some.first() {
                store.dead(row.id, None, at(step)).await.expect("answers");
            }
        }
    }
}

async fn every_chain_holds_after_many_writers_at_once(home: Home) {
    let stores = home.two().await;
    let writers = (0..4u64).map(|writer| {
        let store = stores[usize::from(writer % 2 == 1)].clone();
        tokio::spawn(async move {
            let mut state = writer + 1;
            for step in 0..40 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1442695);
                act(store.as_ref(), state >> 33, step).await;
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.expect("ends");
    }
    for chain in ChainName::ALL {
        let length = verdict(stores[0].as_ref(), chain).await.expect("holds");
        assert!(length > 3, "{chain:?} has {length} links");
    }
}

async fn a_changed_link_and_a_missing_one_are_named(home: Home) {
    let store = home.store().await;
    for _ in 0..5 {
        sent(store.as_ref(), &["masstt"]).await;
    }
    assert_eq!(verdict(store.as_ref(), ChainName::Intake).await, Ok(5));
    home.sql("UPDATE audit_link SET at = at + 1 WHERE chain = 'intake' AND number = 4").await;
    let broken = verdict(store.as_ref(), ChainName::Intake).await.expect_err("changed");
    assert_eq!(broken.number, 4);
    home.sql("UPDATE audit_link SET events = mac WHERE chain = 'intake' AND number = 3").await;
    let broken = verdict(store.as_ref(), ChainName::Intake).await.expect_err("changed");
    assert_eq!(broken.number, 3);
    home.sql("DELETE FROM audit_link WHERE chain = 'intake' AND number = 2").await;
    let broken = verdict(store.as_ref(), ChainName::Intake).await.expect_err("missing");
    assert_eq!((broken.number, broken.why), (2, "a link is missing"));
}

async fn a_chain_is_read_in_pages(home: Home) {
    let store = home.store().await;
    for n in 0..5 {
        let event = Event::new("document.read", "panel").detail(n.to_string());
        store.record(ChainName::Desk, vec![event], at(n)).await.expect("records");
    }
    let page = store.chain(ChainName::Desk, 2, 2).await.expect("reads");
    assert_eq!(page.iter().map(|link| link.number).collect::<Vec<_>>(), [3, 4]);
    assert!(store.chain(ChainName::Desk, 5, 2).await.expect("reads").is_empty());
}
