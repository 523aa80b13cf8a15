//! What is failing or dead: told of once, given back, sent again, taken.

use super::homes::Home;
use super::on_both;
use super::relay::ids;
use super::rows::*;
use frontdoor::domain::{DestinationId, MessageId, Priority};
use frontdoor::store::*;
use std::collections::HashSet;

on_both!(
    only_a_failure_that_differs_is_told_of,
    what_is_to_be_left_is_not_claimed,
    what_is_given_back_was_never_tried,
    many_copies_are_one_transaction_and_one_link,
    a_failing_or_dead_message_is_redriven_and_no_other,
    dead_messages_are_revived_after_as_long_as_they_lived,
    what_was_taken_is_known,
);

async fn events(store: &dyn Store, chain: ChainName) -> Vec<String> {
    let links = store.chain(chain, 0, 1_000).await.expect("reads");
    links.into_iter().map(|link| String::from_utf8(link.events).expect("JSON")).collect()
}

async fn only_a_failure_that_differs_is_told_of(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt"]).await;
    let id = outbox[0].id;
    let faults = ["unreachable", "unreachable", "unreachable", "returned", "returned"];
    for (fault, step) in faults.into_iter().zip(0i64..) {
        let claimed = store.claim(at(step), at(step + 30), 9).await.expect("claims");
        assert_eq!(ids(&claimed), [id], "it is tried every time");
        let failure = Failure { id, fence: step + 1, next_attempt_at: at(step + 1), fault };
        store.fail(&[failure], at(step)).await.expect("fails");
    }
    let told = events(store.as_ref(), ChainName::Delivery).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("unreachable") && told[1].contains("returned"));
    let row = delivery(store.as_ref(), id).await;
    assert_eq!((row.attempts, row.last_fault.as_deref()), (5, Some("returned")));
}

async fn what_is_to_be_left_is_not_claimed(home: Home) {
    let store = home.store().await;
    let mut pressing = referral();
    pressing.priority = Priority::Immediate;
    let other = referral();
    let outbox: Vec<OutboxRow> = [&pressing, &other]
        .into_iter()
        .flat_map(|r| [message(r, "masstt", 1), message(r, "panel", 1)])
        .collect();
    let written = Batch { referrals: vec![pressing, other], outbox: outbox.clone(), ..batch() };
    write(store.as_ref(), &written).await;
    let first = store.claim(at(0), at(30), 1).await.expect("claims");
    let failing = first[0].id;
    let failure = Failure { id: failing, fence: 1, next_attempt_at: at(1), fault: "unreachable" };
    store.fail(&[failure], at(0)).await.expect("fails");
    let claim = async |leave: Leave, now| {
        let claimed = store.claim_except(&leave, at(now), at(now + 1), 9).await.expect("claims");
        claimed.iter().map(|row| row.id).collect::<HashSet<MessageId>>()
    };
    let but = |gone: &dyn Fn(&OutboxRow) -> bool| -> HashSet<MessageId> {
        outbox.iter().filter(|row| !gone(row)).map(|row| row.id).collect()
    };
    let panel = vec![DestinationId::new("panel"), DestinationId::new("cse")];
    let leave = Leave { failing: true, ..Leave::default() };
    assert_eq!(claim(leave, 10).await, but(&|row| row.id == failing));
    let leave = Leave { immediate: panel.clone(), ..Leave::default() };
    let pressing = |row: &OutboxRow| row.priority == Priority::Immediate;
    let panels = |row: &OutboxRow| row.destination.as_str() == "panel";
    assert_eq!(claim(leave, 20).await, but(&|row| panels(row) && pressing(row)));
    let leave = Leave { others: panel, ..Leave::default() };
    assert_eq!(claim(leave, 30).await, but(&|row| panels(row) && !pressing(row)));
    assert_eq!(claim(Leave::default(), 40).await.len(), 4);
}

async fn what_is_given_back_was_never_tried(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt"]).await;
    let id = outbox[0].id;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.release(&[(id, 7)]).await.expect("answers");
    assert!(store.claim(at(1), at(31), 9).await.expect("claims").is_empty(), "a stale fence");
    store.release(&[(id, 1)]).await.expect("releases");
    let row = delivery(store.as_ref(), id).await;
    let seen = (row.state, row.last_fault, row.attempts);
    assert_eq!(seen, (DeliveryState::Delivering, None, 0));
    assert!(events(store.as_ref(), ChainName::Delivery).await.is_empty());
    let claimed = store.claim(at(1), at(31), 9).await.expect("claims");
    assert_eq!((claimed[0].fence, claimed[0].attempts), (2, 1));
}

async fn many_copies_are_one_transaction_and_one_link(home: Home) {
    let store = home.store().await;
    let (one, outbox) = sent(store.as_ref(), &["a", "b", "c", "d"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(outbox[3].id, 1)], at(1)).await.expect("confirms");
    let copies = || -> Vec<(MessageId, OutboxRow)> {
        outbox.iter().map(|row| (row.id, message(&one, "masstt", 0))).collect()
    };
    assert_eq!(store.divert(&copies()[..1], at(2)).await.expect("diverts"), 1);
    assert_eq!(store.divert(&copies(), at(3)).await.expect("diverts"), 2, "b and c");
    assert_eq!(store.divert(&copies(), at(4)).await.expect("answers"), 0);
    let told = events(store.as_ref(), ChainName::Delivery).await;
    assert_eq!(told.len(), 3, "the confirm, and two rounds of copies");
    for row in &outbox[1..3] {
        assert!(told[2].contains(&row.id.to_string()));
    }
    let stored = store.referral_by_id(one.id).await.expect("reads").expect("there");
    assert_eq!(stored.deliveries.len(), 4 + 3);
}

async fn redrive(store: &dyn Store, id: MessageId, second: i64) -> Option<DeliveryState> {
    let event = Event::new("delivery.redriven", "operator").detail(id.to_string());
    store.redrive(id, event, at(second)).await.expect("answers")
}

async fn a_failing_or_dead_message_is_redriven_and_no_other(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (_, outbox) = sent(store, &["masstt", "panel"]).await;
    let (failing, dead) = (outbox[0].id, outbox[1].id);
    assert_eq!(redrive(store, failing, 0).await, Some(DeliveryState::Delivering));
    store.claim(at(0), at(30), 9).await.expect("claims");
    let failure = Failure { id: failing, fence: 1, next_attempt_at: at(99), fault: "returned" };
    store.fail(&[failure], at(1)).await.expect("fails");
    store.confirm(&[(dead, 1)], at(1)).await.expect("confirms");
    assert_eq!(redrive(store, dead, 1).await, Some(DeliveryState::Delivered));
    assert!(store.note_taken(&DestinationId::new("panel"), dead, at(2)).await.expect("notes"));
    assert!(store.dead(dead, None, at(2)).await.expect("marks"));
    assert!(events(store, ChainName::Desk).await.is_empty(), "nothing was redriven yet");
    assert_eq!(redrive(store, failing, 3).await, Some(DeliveryState::Failing));
    assert_eq!(redrive(store, dead, 3).await, Some(DeliveryState::Dead));
    assert_eq!(events(store, ChainName::Desk).await.len(), 2);
    for id in [failing, dead] {
        let row = delivery(store, id).await;
        assert_eq!((row.state, row.delivered_at), (DeliveryState::Delivering, None));
    }
    assert!(store.taken(&[dead]).await.expect("reads").is_empty(), "it is to be handed out again");
    let claimed = store.claim(at(3), at(33), 9).await.expect("claims");
    assert_eq!(claimed.len(), 2);
    store.confirm(&[(failing, 2), (dead, 2)], at(4)).await.expect("confirms");
    assert_eq!(delivery(store, dead).await.state, DeliveryState::Delivered);
    let nobody = message(&referral(), "masstt", 1).id;
    assert_eq!(redrive(store, nobody, 5).await, None);
}

async fn dead_messages_are_revived_after_as_long_as_they_lived(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (_, outbox) = sent(store, &["masstt", "panel"]).await;
    for (row, died) in outbox.iter().zip([100, 100]) {
        assert!(store.dead(row.id, None, at(died)).await.expect("marks"));
    }
    let masstt = DestinationId::new("masstt");
    let revive = async |second: i64| {
        store.revive(&masstt, 300..=3600, at(second), 9).await.expect("answers")
    };
    assert_eq!(revive(399).await, 0, "it lived 100 seconds, and rests for at least 300");
    assert_eq!(revive(400).await, 1);
    assert_eq!(revive(401).await, 0);
    assert_eq!(delivery(store, outbox[1].id).await.state, DeliveryState::Dead, "not MASSTT's");
    let claimed = store.claim(at(400), at(430), 9).await.expect("claims");
    assert_eq!(ids(&claimed), [outbox[0].id]);
    store.confirm(&[(outbox[0].id, 1)], at(401)).await.expect("confirms");
    assert!(store.dead(outbox[0].id, None, at(1000)).await.expect("marks"));
    assert_eq!((revive(1999).await, revive(2000).await), (0, 1), "as long as it had lived");
    assert!(store.dead(outbox[0].id, None, at(90_000)).await.expect("marks"));
    assert_eq!((revive(93_599).await, revive(93_600).await), (0, 1), "at most an hour");
    let told = events(store, ChainName::Delivery).await;
    assert_eq!(told.iter().filter(|link| link.contains("delivery.redriven")).count(), 3);
}

async fn what_was_taken_is_known(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt", "panel"]).await;
    let all = [outbox[0].id, outbox[1].id];
    assert!(store.taken(&all).await.expect("reads").is_empty());
    let masstt = DestinationId::new("masstt");
    for _ in 0..2 {
        assert!(store.note_taken(&masstt, all[0], at(1)).await.expect("notes"));
    }
    assert!(!store.note_taken(&masstt, all[1], at(1)).await.expect("answers"), "the panel's");
    assert_eq!(store.taken(&all).await.expect("reads"), [all[0]]);
    assert!(store.taken(&[]).await.expect("reads").is_empty());
}
