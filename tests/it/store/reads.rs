use super::homes::{Home, ring};
use super::on_both;
use super::rows::*;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, DestinationId, Priority, Timestamp};
use frontdoor::followup::acknowledgement::acknowledge;
use frontdoor::store::*;

on_both!(
    deliveries_are_read_in_pages_and_by_state,
    an_acknowledgement_counts_once,
    an_update_that_nobody_was_sent_is_not_acknowledged_with_what_was,
    the_overview_shows_what_stands_where,
    a_read_is_recorded_on_the_chain_that_was_named,
    a_store_that_answers_says_so,
);

async fn deliveries_are_read_in_pages_and_by_state(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["a", "b", "c", "d", "e"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(outbox[1].id, 1), (outbox[3].id, 1)], at(1)).await.expect("confirms");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.deliveries(None, after, 2).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen, outbox.iter().map(|row| row.id).collect::<Vec<_>>());
    let state = Some(DeliveryState::Delivered);
    let delivered = store.deliveries(state, None, 1).await.expect("reads");
    assert_eq!(delivered.iter().map(|row| row.id).collect::<Vec<_>>(), [outbox[1].id]);
    let delivered = store.deliveries(state, Some(outbox[1].id), 9).await.expect("reads");
    assert_eq!(delivered.iter().map(|row| row.id).collect::<Vec<_>>(), [outbox[3].id]);
    for state in DeliveryState::ALL {
        assert!(store.deliveries(Some(state), None, 9).await.is_ok());
    }
}

async fn an_acknowledgement_counts_once(home: Home) {
    let store = home.store().await;
    let (one, outbox) = sent(store.as_ref(), &["masstt"]).await;
    let id = outbox[0].id;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(id, 1)], at(1)).await.expect("confirms");
    let event = || Event::new("delivery.acknowledged", "masstt").about(one.id);
    assert!(store.acknowledge(id, sealed("a"), event(), at(5)).await.expect("changes"));
    assert!(!store.acknowledge(id, sealed("b"), event(), at(6)).await.expect("answers"));
    let other = message(&one, "masstt", 9).id;
    assert!(!store.acknowledge(other, sealed("c"), event(), at(6)).await.expect("answers"));
    let row = delivery(store.as_ref(), id).await;
    assert_eq!(row.state, DeliveryState::Acknowledged);
    assert_eq!((row.delivered_at, row.acknowledged_at), (Some(at(1)), Some(at(5))));
    assert_eq!(store.chain(ChainName::Desk, 0, 9).await.expect("reads").len(), 1);
    let overview = store.overview(at(0)).await.expect("reads");
    let counted = overview.tallies.iter().filter(|(tally, _)| tally.what == "acknowledged");
    assert_eq!(counted.map(|(_, count)| count).collect::<Vec<_>>(), [&1]);
    assert!(overview.oldest_unacknowledged.is_empty());
}

async fn an_update_that_nobody_was_sent_is_not_acknowledged_with_what_was(home: Home) {
    let store = home.store().await;
    let one = referral();
    let outbox = vec![
        message(&one, "masstt", 1),
        message(&one, "masstt", 2),
        message(&one, "panel", 1),
        message(&one, "panel", 2),
    ];
    let referrals = vec![one.clone()];
    write(store.as_ref(), &Batch { referrals, outbox: outbox.clone(), ..batch() }).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(outbox[0].id, 1)], at(1)).await.expect("confirms");
    let stored = store.referral(one.reference).await.expect("reads").expect("there");
    let env = At(at(5));
    for destination in ["masstt", "panel"] {
        let destination = DestinationId::new(destination);
        let done = acknowledge(store.as_ref(), &ring(), &env, &stored, &destination, b"{}").await;
        assert_eq!(done.expect("acknowledges"), at(5));
    }
    // Whoever says that they have the referral has its first message, however it came.
    for (row, expected) in outbox.iter().zip([
        DeliveryState::Acknowledged,
        DeliveryState::Delivering,
        DeliveryState::Acknowledged,
        DeliveryState::Delivering,
    ]) {
        assert_eq!(delivery(store.as_ref(), row.id).await.state, expected);
    }
    // The updates go out, and are acknowledged for themselves.
    let claimed = store.claim(at(6), at(36), 9).await.expect("claims");
    assert_eq!(claimed.len(), 2);
    let done: Vec<_> = claimed.iter().map(|row| (row.id, row.fence)).collect();
    assert_eq!(store.confirm(&done, at(7)).await.expect("confirms").len(), 2);
    let event = Event::new("delivery.acknowledged", "masstt");
    assert!(store.acknowledge(outbox[1].id, sealed("a"), event, at(8)).await.expect("changes"));
}

/// A clock that stands.
struct At(Timestamp);

impl Env for At {
    fn now(&self) -> Timestamp {
        self.0
    }
    fn entropy(&self, into: &mut [u8]) {
        into.fill(7);
    }
}

async fn the_overview_shows_what_stands_where(home: Home) {
    let store = home.store().await;
    let empty = store.overview(at(0)).await.expect("reads");
    assert_eq!(empty, Overview::default());
    let (_, first) = sent(store.as_ref(), &["masstt", "panel"]).await;
    sent(store.as_ref(), &["masstt"]).await;
    let refusals = vec![refusal(token16(1), None), refusal(token16(2), None)];
    write(store.as_ref(), &Batch { refusals, ..batch() }).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(first[0].id, 1)], at(2)).await.expect("confirms");
    let overview = store.overview(at(0)).await.expect("reads");
    let masstt = DestinationId::new("masstt");
    let stand = |destination: &str, state: DeliveryState| {
        let destination = DestinationId::new(destination);
        (destination, Priority::Urgent, state.as_str().to_owned(), 1, at(0))
    };
    let expected = [
        stand("masstt", DeliveryState::Delivered),
        stand("masstt", DeliveryState::Delivering),
        stand("panel", DeliveryState::Delivering),
    ];
    assert_eq!(overview.deliveries, expected);
    assert_eq!(overview.oldest_unacknowledged, [(masstt, at(2))]);
    assert_eq!((overview.outbox_oldest, overview.outbox_waiting), (Some(at(0)), 2));
    assert_eq!(overview.refusals, [(AgencyId::new("police"), 2, at(0))]);
    // What was done before the time asked for is left out; what is still open is not.
    let later = store.overview(at(9000)).await.expect("reads");
    assert_eq!(later.deliveries, expected[1..]);
    // Late ones are still the oldest that nobody has, and open ones show by state.
    store.breach(at(9000), 9).await.expect("marks");
    let late = store.overview(at(0)).await.expect("reads");
    assert_eq!(late.oldest_unacknowledged, overview.oldest_unacknowledged);
    for (state, count) in [(DeliveryState::Delivered, 1), (DeliveryState::Delivering, 2)] {
        assert_eq!(store.deliveries(Some(state), None, 9).await.expect("reads").len(), count);
    }
    store.dead(first[1].id, None, at(9001)).await.expect("marks");
    let dead = store.deliveries(Some(DeliveryState::Dead), None, 9).await.expect("reads");
    assert_eq!(dead.iter().map(|row| row.id).collect::<Vec<_>>(), [first[1].id]);
}

async fn a_read_is_recorded_on_the_chain_that_was_named(home: Home) {
    let store = home.store().await;
    let one = referral();
    let events = vec![Event::new("document.read", "panel").about(one.id)];
    store.record(ChainName::Desk, events.clone(), at(4)).await.expect("records");
    let links = store.chain(ChainName::Desk, 0, 9).await.expect("reads");
    let read: Vec<Event> = serde_json::from_slice(&links[0].events).expect("JSON");
    assert_eq!((links.len(), links[0].number, links[0].at, read), (1, 1, at(4), events));
    assert!(store.chain(ChainName::Intake, 0, 9).await.expect("reads").is_empty());
}

async fn a_store_that_answers_says_so(home: Home) {
    let store = open(&home.url).await.expect("opens");
    let error = store.ping().await.expect_err("there is no schema yet");
    assert!(matches!(error, StoreError::Schema(_)), "{error:?}");
    store.migrate().await.expect("migrates");
    store.ping().await.expect("answers");
}
