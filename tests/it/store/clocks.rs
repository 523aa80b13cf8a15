use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::Priority;
use frontdoor::store::*;

on_both!(
    a_delivery_that_nobody_acknowledged_in_time_is_breached_once,
    two_clocks_breach_disjoint_deliveries,
    folding_changes_no_count,
    two_that_fold_at_once_lose_nothing,
);

async fn a_delivery_that_nobody_acknowledged_in_time_is_breached_once(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt", "panel", "other"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(outbox[0].id, 1), (outbox[1].id, 1)], at(1)).await.expect("confirms");
    let event = Event::new("delivery.acknowledged", "panel");
    store.acknowledge(outbox[1].id, sealed("by"), event, at(2)).await.expect("acknowledges");
    assert!(store.breach(at(3599), 9).await.expect("looks").is_empty());
    // One that never reached its queue is late as well, and so is a dead one.
    store.dead(outbox[2].id, None, at(3)).await.expect("marks");
    let first = store.breach(at(3600), 1).await.expect("marks");
    let second = store.breach(at(3601), 9).await.expect("marks");
    let breached: Vec<_> = first.iter().chain(&second).map(|row| row.id).collect();
    assert_eq!(breached, [outbox[0].id, outbox[2].id]);
    assert_eq!(first[0].state, DeliveryState::Delivered);
    assert!(store.breach(at(9999), 9).await.expect("looks").is_empty());
    let overview = store.overview(at(0)).await.expect("reads");
    let counted: i64 = overview
        .tallies
        .iter()
        .filter(|(tally, _)| tally.what == "breached")
        .map(|(_, count)| count)
        .sum();
    assert_eq!(counted, 2);
    let links = store.chain(ChainName::Delivery, 0, 99).await.expect("reads");
    // Confirm, dead, and two breaches.
    assert_eq!(links.len(), 4);
}

async fn two_clocks_breach_disjoint_deliveries(home: Home) {
    let stores = home.two().await;
    for _ in 0..20 {
        sent(stores[0].as_ref(), &["masstt", "panel"]).await;
    }
    let clocks = (0..4).map(|clock: usize| {
        let store = stores[clock % 2].clone();
        tokio::spawn(async move { store.breach(at(9999), 15).await.expect("marks").len() })
    });
    let marked: usize =
        futures::future::join_all(clocks).await.into_iter().map(|n| n.expect("ends")).sum();
    let rest = stores[0].breach(at(9999), 99).await.expect("marks").len();
    assert_eq!(marked + rest, 40);
}

fn counts() -> Vec<(Tally, i64)> {
    let urgent = tally("received");
    let standard = Tally { priority: Priority::Standard, ..tally("received") };
    let other_hour = Tally { hour: at(3600), ..tally("received") };
    vec![(urgent.clone(), 3), (standard, 1), (other_hour, 7), (urgent, 2)]
}

async fn folding_changes_no_count(home: Home) {
    let store = home.store().await;
    for _ in 0..3 {
        write(store.as_ref(), &Batch { tallies: counts(), ..batch() }).await;
    }
    let before = store.overview(at(0)).await.expect("reads").tallies;
    assert_eq!(before.iter().map(|(_, count)| count).collect::<Vec<_>>(), [&3, &15, &21]);
    assert_eq!(store.fold_tallies(5).await.expect("folds"), 5);
    assert_eq!(store.overview(at(0)).await.expect("reads").tallies, before);
    assert_eq!(store.fold_tallies(100).await.expect("folds"), 7);
    assert_eq!(store.fold_tallies(100).await.expect("folds"), 0);
    assert_eq!(store.overview(at(0)).await.expect("reads").tallies, before);
    // Only what was asked for.
    let later = store.overview(at(1)).await.expect("reads").tallies;
    assert_eq!(later.iter().map(|(_, count)| *count).sum::<i64>(), 21);
}

async fn two_that_fold_at_once_lose_nothing(home: Home) {
    let stores = home.two().await;
    for _ in 0..50 {
        write(stores[0].as_ref(), &Batch { tallies: counts(), ..batch() }).await;
    }
    let tasks = (0..6).map(|task: usize| {
        let store = stores[task % 2].clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                store.fold_tallies(9).await.expect("folds");
            }
        })
    });
    for task in futures::future::join_all(tasks).await {
        task.expect("ends");
    }
    while stores[0].fold_tallies(50).await.expect("folds") > 0 {}
    let total: i64 =
        stores[0].overview(at(0)).await.expect("reads").tallies.iter().map(|(_, n)| n).sum();
    assert_eq!(total, 50 * 13);
}
