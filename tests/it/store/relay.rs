use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::domain::{MessageId, Priority};
use frontdoor::store::*;
use std::collections::HashSet;

on_both!(
    claims_come_immediate_first_then_by_age_with_the_next_fence,
    of_one_referral_and_destination_one_message_is_under_way_at_a_time,
    a_message_leased_to_another_holds_its_successors_back,
    a_row_leased_at_birth_is_claimed_only_when_its_lease_has_run_out,
    a_stale_fence_changes_nothing,
    two_relays_claim_disjoint_rows,
    a_failing_message_waits_for_its_next_attempt,
    a_confirmed_message_is_confirmed_once_and_counted,
    a_dead_message_is_marked_once_and_copied_once,
    an_acknowledged_message_does_not_die,
    a_message_is_diverted_once_and_not_when_it_got_through,
    next_due_leaves_out_what_must_wait_its_turn,
    what_a_clock_that_was_ahead_wrote_is_claimed_by_one_that_is_right,
);

fn ids(rows: &[OutboxRow]) -> Vec<MessageId> {
    rows.iter().map(|row| row.id).collect()
}

async fn claims_come_immediate_first_then_by_age_with_the_next_fence(home: Home) {
    let store = home.store().await;
    let mut referrals = vec![referral(), referral(), referral(), referral()];
    referrals[0].priority = Priority::Standard;
    referrals[1].received_at = at(-20);
    referrals[2].received_at = at(-10);
    referrals[3].priority = Priority::Immediate;
    let outbox: Vec<OutboxRow> = referrals.iter().map(|r| message(r, "masstt", 1)).collect();
    write(store.as_ref(), &Batch { referrals, outbox: outbox.clone(), ..batch() }).await;
    let claimed = store.claim(at(0), at(30), 3).await.expect("claims");
    assert_eq!(ids(&claimed), [outbox[3].id, outbox[1].id, outbox[2].id]);
    for row in &claimed {
        assert_eq!((row.fence, row.attempts, row.leased_until), (1, 1, Some(at(30))));
    }
    assert_eq!(ids(&store.claim(at(1), at(31), 9).await.expect("claims")), [outbox[0].id]);
    assert!(store.claim(at(29), at(59), 9).await.expect("claims").is_empty());
    // The leases run out: the rows come again under the next fence.
    let again = store.claim(at(31), at(60), 9).await.expect("claims");
    assert_eq!(again.len(), 4);
    assert!(again.iter().all(|row| (row.fence, row.attempts) == (2, 2)));
    let expected =
        OutboxRow { fence: 2, attempts: 2, leased_until: Some(at(60)), ..outbox[3].clone() };
    assert_eq!(again[0], expected);
}

async fn of_one_referral_and_destination_one_message_is_under_way_at_a_time(home: Home) {
    let store = home.store().await;
    let one = referral();
    let outbox = vec![
        message(&one, "masstt", 2),
        message(&one, "masstt", 1),
        message(&one, "masstt", 3),
        message(&one, "panel", 1),
    ];
    let written = Batch { referrals: vec![one], outbox: outbox.clone(), ..batch() };
    write(store.as_ref(), &written).await;
    let first = store.claim(at(0), at(30), 9).await.expect("claims");
    let mut both = ids(&first);
    both.sort_unstable();
    let mut expected = [outbox[1].id, outbox[3].id];
    expected.sort_unstable();
    assert_eq!(both, expected);
    assert!(store.claim(at(0), at(30), 9).await.expect("claims").is_empty());
    for next in [0, 2] {
        let done = [(outbox[if next == 0 { 1 } else { 0 }].id, 1)];
        assert_eq!(store.confirm(&done, at(1)).await.expect("confirms").len(), 1);
        let claimed = store.claim(at(1), at(30), 9).await.expect("claims");
        assert_eq!(ids(&claimed), [outbox[next].id]);
    }
}

async fn a_message_leased_to_another_holds_its_successors_back(home: Home) {
    let store = home.store().await;
    let one = referral();
    let mut later = message(&one, "masstt", 2);
    (later.leased_until, later.fence) = (Some(at(20)), 1);
    let earlier = message(&one, "masstt", 1);
    let outbox = vec![later.clone(), earlier.clone()];
    write(store.as_ref(), &Batch { referrals: vec![one], outbox, ..batch() }).await;
    assert!(store.claim(at(0), at(30), 9).await.expect("claims").is_empty());
    let claimed = store.claim(at(20), at(50), 9).await.expect("claims");
    assert_eq!(ids(&claimed), [earlier.id]);
}

async fn a_row_leased_at_birth_is_claimed_only_when_its_lease_has_run_out(home: Home) {
    let store = home.store().await;
    let (one, two) = (referral(), referral());
    let outbox: Vec<OutboxRow> = [&one, &two]
        .into_iter()
        .map(|r| OutboxRow {
            leased_until: Some(at(15)),
            fence: 1,
            attempts: 1,
            ..message(r, "masstt", 1)
        })
        .collect();
    let written = Batch { referrals: vec![one, two], outbox: outbox.clone(), ..batch() };
    write(store.as_ref(), &written).await;
    assert_eq!(store.next_due(at(0)).await.expect("reads"), Some(at(15)));
    assert!(store.claim(at(14), at(30), 9).await.expect("claims").is_empty());
    let confirmed = store.confirm(&[(outbox[0].id, 1)], at(1)).await.expect("confirms");
    assert_eq!(confirmed, [outbox[0].id]);
    let claimed = store.claim(at(15), at(30), 9).await.expect("claims");
    assert_eq!(ids(&claimed), [outbox[1].id]);
    assert_eq!((claimed[0].fence, claimed[0].attempts), (2, 2));
}

async fn a_stale_fence_changes_nothing(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt"]).await;
    let id = outbox[0].id;
    store.claim(at(0), at(10), 9).await.expect("claims");
    store.claim(at(10), at(20), 9).await.expect("claims");
    let links = store.chain(frontdoor::audit::ChainName::Delivery, 0, 9).await.expect("reads");
    for fence in [0, 1, 3] {
        assert!(store.confirm(&[(id, fence)], at(11)).await.expect("answers").is_empty());
        let failure = Failure { id, fence, next_attempt_at: at(11), fault: "nacked" };
        store.fail(&[failure], at(11)).await.expect("answers");
    }
    let row = delivery(store.as_ref(), id).await;
    assert_eq!((row.state, row.last_fault), (DeliveryState::Delivering, None));
    assert!(store.claim(at(12), at(30), 9).await.expect("claims").is_empty());
    let after = store.chain(frontdoor::audit::ChainName::Delivery, 0, 9).await.expect("reads");
    assert_eq!(links, after, "what changes nothing leaves no link");
    assert_eq!(store.confirm(&[(id, 2)], at(12)).await.expect("confirms"), [id]);
    // Confirmed rows do not fail any more.
    let failure = Failure { id, fence: 2, next_attempt_at: at(13), fault: "nacked" };
    store.fail(&[failure], at(13)).await.expect("answers");
    assert_eq!(delivery(store.as_ref(), id).await.state, DeliveryState::Delivered);
}

async fn two_relays_claim_disjoint_rows(home: Home) {
    let stores = home.two().await;
    let referrals: Vec<ReferralRow> = (0..200).map(|_| referral()).collect();
    let outbox: Vec<OutboxRow> = referrals
        .iter()
        .flat_map(|r| [message(r, "masstt", 1), message(r, "masstt", 2), message(r, "panel", 1)])
        .collect();
    write(stores[0].as_ref(), &Batch { referrals, outbox, ..batch() }).await;
    let relays = (0..8).map(|relay: usize| {
        let store = stores[relay % 2].clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = store.claim(at(0), at(30), 7).await.expect("claims");
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        })
    });
    let all: Vec<OutboxRow> = futures::future::join_all(relays)
        .await
        .into_iter()
        .flat_map(|mine| mine.expect("ends"))
        .collect();
    assert!(all.iter().all(|row| row.sequence == 1 && row.fence == 1));
    assert_eq!(all.iter().map(|row| row.id).collect::<HashSet<_>>().len(), all.len());
    // A relay that met only locked rows may have stopped early; the rest is there for the next.
    let rest = stores[0].claim(at(0), at(30), 999).await.expect("claims");
    assert_eq!(all.len() + rest.len(), 400);
}

async fn a_failing_message_waits_for_its_next_attempt(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt", "panel"]).await;
    let claimed = store.claim(at(0), at(30), 9).await.expect("claims");
    assert_eq!(claimed.len(), 2);
    let failure = Failure { id: outbox[0].id, fence: 1, next_attempt_at: at(8), fault: "returned" };
    store.fail(&[failure], at(2)).await.expect("fails");
    store.confirm(&[(outbox[1].id, 1)], at(2)).await.expect("confirms");
    let row = delivery(store.as_ref(), outbox[0].id).await;
    assert_eq!(row.state, DeliveryState::Failing);
    assert_eq!(row.last_fault.as_deref(), Some("returned"));
    assert_eq!(store.next_due(at(3)).await.expect("reads"), Some(at(8)));
    assert!(store.claim(at(7), at(37), 9).await.expect("claims").is_empty());
    let claimed = store.claim(at(8), at(38), 9).await.expect("claims");
    assert_eq!((claimed.len(), claimed[0].fence, claimed[0].attempts), (1, 2, 2));
    // Still failing until it gets through.
    assert_eq!(delivery(store.as_ref(), outbox[0].id).await.state, DeliveryState::Failing);
    store.confirm(&[(outbox[0].id, 2)], at(9)).await.expect("confirms");
    let row = delivery(store.as_ref(), outbox[0].id).await;
    assert_eq!((row.state, row.last_fault), (DeliveryState::Delivered, None));
    assert_eq!(store.next_due(at(9)).await.expect("reads"), None);
}

async fn a_confirmed_message_is_confirmed_once_and_counted(home: Home) {
    let store = home.store().await;
    let (one, outbox) = sent(store.as_ref(), &["masstt", "panel"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    let done: Vec<(MessageId, i64)> = outbox.iter().map(|row| (row.id, 1)).collect();
    assert_eq!(store.confirm(&done, at(3)).await.expect("confirms").len(), 2);
    assert!(store.confirm(&done, at(4)).await.expect("answers").is_empty());
    assert!(store.confirm(&[], at(4)).await.expect("answers").is_empty());
    let row = delivery(store.as_ref(), outbox[0].id).await;
    assert_eq!((row.state, row.delivered_at), (DeliveryState::Delivered, Some(at(3))));
    let overview = store.overview(at(-3600)).await.expect("reads");
    let delivered: Vec<(&str, i64)> = overview
        .tallies
        .iter()
        .filter(|(tally, _)| tally.what == "delivered")
        .map(|(tally, count)| (tally.destination.as_str(), *count))
        .collect();
    assert_eq!(delivered, [("masstt", 1), ("panel", 1)]);
    let links = store.chain(frontdoor::audit::ChainName::Delivery, 0, 9).await.expect("reads");
    assert_eq!(links.len(), 1, "many confirms in one call are one link");
    let events = String::from_utf8(links[0].events.clone()).expect("JSON");
    assert!(events.contains(&one.id.to_string()) && events.contains(&outbox[1].id.to_string()));
}

async fn a_dead_message_is_marked_once_and_copied_once(home: Home) {
    let store = home.store().await;
    let (one, outbox) = sent(store.as_ref(), &["panel", "other"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    store.confirm(&[(outbox[0].id, 1)], at(1)).await.expect("confirms");
    let copy = || message(&one, "masstt", 1);
    let first = copy();
    let id = outbox[0].id;
    assert!(store.dead(id, Some(first.clone()), at(2)).await.expect("marks"));
    assert!(!store.dead(id, Some(copy()), at(3)).await.expect("answers"));
    assert_eq!(delivery(store.as_ref(), id).await.state, DeliveryState::Dead);
    let copies = store.claim(at(3), at(33), 9).await.expect("claims");
    assert_eq!(ids(&copies), [first.id]);
    // Whoever still holds the lease of a dead message changes nothing, and it is never claimed.
    assert!(store.dead(outbox[1].id, None, at(4)).await.expect("marks"));
    assert!(store.confirm(&[(outbox[1].id, 1)], at(5)).await.expect("answers").is_empty());
    assert!(store.claim(at(99), at(100), 9).await.expect("claims").len() == 1);
    assert!(!store.dead(copy().id, None, at(4)).await.expect("answers"), "no such message");
}

async fn an_acknowledged_message_does_not_die(home: Home) {
    let store = home.store().await;
    let (one, outbox) = sent(store.as_ref(), &["panel"]).await;
    let event = frontdoor::audit::Event::new("delivery.acknowledged", "panel");
    let by = sealed("by");
    assert!(store.acknowledge(outbox[0].id, by, event, at(1)).await.expect("acknowledges"));
    let copy = message(&one, "masstt", 1);
    assert!(!store.dead(outbox[0].id, Some(copy), at(2)).await.expect("answers"));
    assert_eq!(delivery(store.as_ref(), outbox[0].id).await.state, DeliveryState::Acknowledged);
    assert!(store.claim(at(9), at(33), 9).await.expect("claims").is_empty());
}

async fn a_message_is_diverted_once_and_not_when_it_got_through(home: Home) {
    let store = home.store().await;
    let (one, outbox) = sent(store.as_ref(), &["panel", "other"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    let first = message(&one, "masstt", 1);
    assert!(store.divert(outbox[0].id, first.clone(), at(2)).await.expect("diverts"));
    let second = message(&one, "masstt", 2);
    assert!(!store.divert(outbox[0].id, second, at(3)).await.expect("answers"));
    store.confirm(&[(outbox[1].id, 1)], at(3)).await.expect("confirms");
    let late = message(&one, "masstt", 2);
    assert!(!store.divert(outbox[1].id, late, at(3)).await.expect("answers"));
    // The original goes on being tried beside its copy.
    let due = store.claim(at(30), at(60), 9).await.expect("claims");
    let due: HashSet<MessageId> = due.iter().map(|row| row.id).collect();
    assert_eq!(due, HashSet::from([outbox[0].id, first.id]));
    // A message that was diverted and died later is copied for that too.
    let last = message(&one, "masstt", 2);
    assert!(store.dead(outbox[0].id, Some(last), at(31)).await.expect("marks"));
    let stored = store.referral_by_id(one.id).await.expect("reads").expect("there");
    assert_eq!(stored.deliveries.len(), 4);
}

async fn next_due_leaves_out_what_must_wait_its_turn(home: Home) {
    let store = home.store().await;
    let one = referral();
    let outbox = vec![message(&one, "masstt", 1), message(&one, "masstt", 2)];
    let written = Batch { referrals: vec![one], outbox: outbox.clone(), ..batch() };
    write(store.as_ref(), &written).await;
    assert_eq!(store.next_due(at(5)).await.expect("reads"), Some(at(0)));
    store.claim(at(5), at(35), 9).await.expect("claims");
    assert_eq!(store.next_due(at(5)).await.expect("reads"), Some(at(35)));
    let failure =
        Failure { id: outbox[0].id, fence: 1, next_attempt_at: at(60), fault: "unreachable" };
    store.fail(&[failure], at(6)).await.expect("fails");
    // The second is due by itself, but behind the first: nothing can be claimed before that.
    assert_eq!(store.next_due(at(7)).await.expect("reads"), Some(at(60)));
}

async fn what_a_clock_that_was_ahead_wrote_is_claimed_by_one_that_is_right(home: Home) {
    let store = home.store().await;
    let (one, two, three) = (referral(), referral(), referral());
    let hour = 3600;
    // Leased at birth, claimed, and failed, all by a clock an hour ahead.
    let born = OutboxRow {
        leased_until: Some(at(hour + 30)),
        fence: 1,
        attempts: 1,
        ..message(&one, "masstt", 1)
    };
    let behind = message(&one, "masstt", 2);
    let (claimed, failed) = (message(&two, "masstt", 1), message(&three, "masstt", 1));
    let outbox = vec![born.clone(), behind.clone(), claimed.clone(), failed.clone()];
    let referrals = vec![one, two, three];
    write(store.as_ref(), &Batch { referrals, outbox, ..batch() }).await;
    assert_eq!(store.claim(at(hour), at(hour + 30), 9).await.expect("claims").len(), 2);
    let next_attempt_at = at(hour + 30);
    let failure = Failure { id: failed.id, fence: 1, next_attempt_at, fault: "unreachable" };
    store.fail(&[failure], at(hour)).await.expect("fails");
    // The clock is put right.
    assert_eq!(store.next_due(at(10)).await.expect("reads"), Some(at(0)));
    let again = store.claim(at(10), at(40), 9).await.expect("claims");
    let again: HashSet<MessageId> = again.iter().map(|row| row.id).collect();
    assert_eq!(again, HashSet::from([born.id, claimed.id, failed.id]), "and nothing out of turn");
    // What waits as long as anything may is left alone.
    assert!(store.claim(at(11), at(41), 9).await.expect("claims").is_empty());
    assert_eq!(store.next_due(at(11)).await.expect("reads"), Some(at(40)));
}
