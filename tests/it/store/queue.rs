use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::domain::{DestinationId, MessageId, Priority};
use frontdoor::store::*;
use std::collections::HashSet;

on_both!(
    messages_are_leased_immediate_first_and_then_in_their_order,
    a_lease_that_runs_out_gives_the_message_back,
    a_message_put_twice_is_taken_twice,
    a_message_leased_too_often_is_dead_until_it_is_buried,
    two_receivers_lease_disjoint_messages,
);

fn queued(destination: &str, priority: Priority) -> QueuedMessage {
    let message = message(&referral(), destination, 1);
    QueuedMessage {
        id: message.id,
        destination: message.destination,
        priority,
        payload: message.payload,
        deliveries: 0,
    }
}

fn masstt() -> DestinationId {
    DestinationId::new("masstt")
}

fn ids(messages: &[QueuedMessage]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}

async fn messages_are_leased_immediate_first_and_then_in_their_order(home: Home) {
    let store = home.store().await;
    let put = [
        queued("masstt", Priority::Standard),
        queued("masstt", Priority::Immediate),
        queued("masstt", Priority::Standard),
        queued("panel", Priority::Immediate),
    ];
    store.enqueue(&put, at(0)).await.expect("puts");
    store.enqueue(&[], at(0)).await.expect("puts nothing");
    assert_eq!(store.depth(&masstt()).await.expect("counts"), 3);
    let leased = store.lease(&masstt(), at(0), at(10), 2).await.expect("leases");
    assert_eq!(ids(&leased), [put[1].id, put[0].id]);
    assert_eq!(leased[0], QueuedMessage { deliveries: 1, ..put[1].clone() });
    let rest = store.lease(&masstt(), at(0), at(10), 9).await.expect("leases");
    assert_eq!(ids(&rest), [put[2].id]);
    assert!(store.lease(&masstt(), at(9), at(20), 9).await.expect("leases").is_empty());
    assert!(store.take(&masstt(), put[1].id).await.expect("takes"));
    assert!(!store.take(&masstt(), put[1].id).await.expect("answers"));
    assert!(!store.take(&masstt(), put[3].id).await.expect("answers"), "another's message");
    assert_eq!(store.depth(&masstt()).await.expect("counts"), 2);
}

async fn a_lease_that_runs_out_gives_the_message_back(home: Home) {
    let store = home.store().await;
    let put = queued("masstt", Priority::Urgent);
    store.enqueue(std::slice::from_ref(&put), at(0)).await.expect("puts");
    store.lease(&masstt(), at(0), at(10), 9).await.expect("leases");
    let again = store.lease(&masstt(), at(10), at(20), 9).await.expect("leases");
    assert_eq!(again, [QueuedMessage { deliveries: 2, ..put }]);
}

async fn a_message_put_twice_is_taken_twice(home: Home) {
    let store = home.store().await;
    let put = queued("masstt", Priority::Urgent);
    let both = [put.clone(), put.clone()];
    store.enqueue(&both, at(0)).await.expect("puts");
    assert_eq!(store.lease(&masstt(), at(0), at(10), 1).await.expect("leases").len(), 1);
    assert!(store.take(&masstt(), put.id).await.expect("takes"));
    // The one that was leased is gone; the repeat is there for the next.
    let repeat = store.lease(&masstt(), at(1), at(10), 9).await.expect("leases");
    assert_eq!((repeat.len(), repeat[0].deliveries), (1, 1));
    assert!(store.take(&masstt(), put.id).await.expect("takes"));
    assert!(!store.take(&masstt(), put.id).await.expect("answers"));
}

async fn a_message_leased_too_often_is_dead_until_it_is_buried(home: Home) {
    let store = home.store().await;
    let put = queued("masstt", Priority::Urgent);
    let other = queued("masstt", Priority::Urgent);
    store.enqueue(&[put.clone(), other.clone()], at(0)).await.expect("puts");
    for lease in 0..21 {
        let leased = store.lease(&masstt(), at(lease), at(lease + 1), 1).await.expect("leases");
        assert_eq!(ids(&leased), [put.id], "lease {lease}");
        assert!(store.dead_letters(9).await.expect("reads").is_empty());
    }
    let leased = store.lease(&masstt(), at(21), at(22), 9).await.expect("leases");
    assert_eq!(ids(&leased), [other.id]);
    let dead = store.dead_letters(9).await.expect("reads");
    assert_eq!(dead, [QueuedMessage { deliveries: 21, ..put.clone() }]);
    assert_eq!(store.depth(&masstt()).await.expect("counts"), 1);
    assert!(!store.take(&masstt(), put.id).await.expect("answers"));
    store.bury(other.id, &masstt()).await.expect("buries only the dead");
    assert_eq!(store.depth(&masstt()).await.expect("counts"), 1);
    store.bury(put.id, &masstt()).await.expect("buries");
    store.bury(put.id, &masstt()).await.expect("buries once");
    assert!(store.dead_letters(9).await.expect("reads").is_empty());
}

async fn two_receivers_lease_disjoint_messages(home: Home) {
    let stores = home.two().await;
    let put: Vec<QueuedMessage> = (0..100).map(|_| queued("masstt", Priority::Standard)).collect();
    stores[0].enqueue(&put, at(0)).await.expect("puts");
    let receivers = (0..6).map(|receiver: usize| {
        let store = stores[receiver % 2].clone();
        tokio::spawn(async move {
            ids(&store.lease(&masstt(), at(0), at(10), 15).await.expect("leases"))
        })
    });
    let leased: Vec<MessageId> = futures::future::join_all(receivers)
        .await
        .into_iter()
        .flat_map(|ids| ids.expect("ends"))
        .collect();
    assert_eq!(leased.iter().collect::<HashSet<_>>().len(), leased.len());
    let rest = stores[1].lease(&masstt(), at(0), at(10), 999).await.expect("leases");
    assert_eq!(leased.len() + rest.len(), 100);
}
