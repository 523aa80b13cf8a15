//! Notices and alerts: who is told that something waits, once, and until somebody has it.

use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::{
    DestinationId, MessageId, NoticeId, NoticeKind, Priority, RoleId, Timestamp, Whom,
};
use frontdoor::store::*;

on_both!(
    what_is_immediate_pages_its_destination_in_the_transaction_that_sends_it,
    a_claimed_notice_is_anothers_only_when_its_time_has_run_out,
    what_was_never_tried_goes_before_ten_thousand_that_fail,
    what_fails_is_told_of_when_that_changes_and_stops_when_it_was_sent,
    what_nobody_acknowledges_alerts_one_after_another_without_end,
    a_dead_message_goes_on_alerting_and_its_copy_pages,
    an_acknowledged_message_is_silent_and_its_notices_are_moot,
    whoever_was_not_told_yet_is_told_once,
    two_gateways_alert_once,
);

const MINUTE: i64 = 60;

fn immediate(referral: &ReferralRow, destination: &str) -> OutboxRow {
    OutboxRow { priority: Priority::Immediate, ..message(referral, destination, 1) }
}

fn destination(id: &str) -> Whom {
    Whom::Destination(DestinationId::new(id))
}

fn role(id: &str) -> Whom {
    Whom::Role(RoleId::new(id))
}

/// Writes messages about one referral as the lane does.
async fn paged(store: &dyn Store, messages: &[(&str, Priority)]) -> (ReferralRow, Vec<OutboxRow>) {
    let referral = referral();
    let message = |(to, priority): &(&str, Priority)| OutboxRow {
        priority: *priority,
        ..message(&referral, to, 1)
    };
    let outbox: Vec<OutboxRow> = messages.iter().map(message).collect();
    let (referrals, outbox_written) = (vec![referral.clone()], outbox.clone());
    let mut batch = Batch { referrals, outbox: outbox_written, ..batch() };
    batch.page();
    write(store, &batch).await;
    (referral, outbox)
}

async fn claim(store: &dyn Store, now: i64) -> Vec<DueNotice> {
    store.claim_notices(at(now), at(now + 30), 99).await.expect("claims")
}

/// First after 15 minutes, and every 15 minutes again: the roles in turn, then both, each time the
/// destination.
fn tell(message: &OutboxRow, before: i32) -> Vec<NoticeRow> {
    let roles = ["duty-manager", "out-of-hours-manager"];
    let one = usize::try_from(before).ok().and_then(|before| roles.get(before));
    let whom = match one {
        Some(one) => vec![role(one)],
        None => roles.map(role).to_vec(),
    };
    let whom = whom.into_iter().chain([Whom::Destination(message.destination.clone())]);
    let notice = |whom| {
        let id = NoticeId(uuid::Uuid::new_v4());
        NoticeRow::about(message, NoticeKind::Unacknowledged, whom, id, at(15 * MINUTE))
    };
    whom.map(notice).collect()
}

async fn alert(store: &dyn Store, now: i64) -> Vec<Alerted> {
    let due = at(now - 15 * MINUTE);
    store.alert(at(now), Overdue { first: due, again: due }, 99, &tell).await.expect("alerts")
}

fn whom(notices: &[NoticeRow]) -> Vec<String> {
    notices.iter().map(|notice| notice.whom.to_string()).collect()
}

async fn acknowledge(store: &dyn Store, id: MessageId, now: Timestamp) -> bool {
    let event = Event::new("delivery.acknowledged", "masstt");
    store.acknowledge(id, sealed("by"), event, now).await.expect("acknowledges")
}

async fn sent_all(store: &dyn Store, now: i64) {
    for due in claim(store, now).await {
        store.notice_sent(&due.row, at(now)).await.expect("marks");
    }
}

async fn events(store: &dyn Store, chain: ChainName) -> Vec<Event> {
    let links = store.chain(chain, 0, 99).await.expect("reads");
    let events = |link: &frontdoor::audit::StoredLinkOfChain| -> Vec<Event> {
        serde_json::from_slice(&link.events).expect("events")
    };
    links.iter().flat_map(events).collect()
}

async fn what_is_immediate_pages_its_destination_in_the_transaction_that_sends_it(home: Home) {
    let store = home.store().await;
    let sent = [
        ("masstt", Priority::Immediate),
        ("panel", Priority::Urgent),
        ("other", Priority::Standard),
    ];
    let (referral, outbox) = paged(store.as_ref(), &sent).await;
    let due = claim(store.as_ref(), 0).await;
    let row = NoticeRow {
        id: NoticeId(outbox[0].id.0),
        whom: destination("masstt"),
        kind: NoticeKind::Immediate,
        destination: DestinationId::new("masstt"),
        referral: Some(referral.id),
        refusal: None,
        message: Some(outbox[0].id),
        priority: Priority::Immediate,
        since: outbox[0].created_at,
        due_at: outbox[0].due_at,
        created_at: outbox[0].created_at,
    };
    assert_eq!(due, [DueNotice { row, reference: Some(referral.reference), attempts: 1 }]);
    let written = events(store.as_ref(), ChainName::Intake).await;
    let detail = format!("{} destination:masstt immediate", outbox[0].id);
    let found = written.iter().find(|event| event.kind == "notice.written").expect("an event");
    assert_eq!((found.referral, found.detail.as_deref()), (Some(referral.id), Some(&*detail)));
}

async fn a_claimed_notice_is_anothers_only_when_its_time_has_run_out(home: Home) {
    let stores = home.two().await;
    paged(stores[0].as_ref(), &[("masstt", Priority::Immediate)]).await;
    assert_eq!(claim(stores[0].as_ref(), 1).await.len(), 1);
    assert!(claim(stores[1].as_ref(), 30).await.is_empty());
    assert_eq!(claim(stores[1].as_ref(), 31).await[0].attempts, 2);
    // A clock that was an hour ahead claims it; once it is put right the others do not wait.
    assert_eq!(claim(stores[0].as_ref(), 3600).await.len(), 1);
    assert_eq!(claim(stores[1].as_ref(), 62).await.len(), 1);
}

async fn what_was_never_tried_goes_before_ten_thousand_that_fail(home: Home) {
    let store = home.store().await;
    let referral = referral();
    let many: Vec<OutboxRow> = (0..10_000).map(|_| immediate(&referral, "panel")).collect();
    let mut batch = Batch { referrals: vec![referral], outbox: many, ..batch() };
    batch.page();
    write(store.as_ref(), &batch).await;
    let failing = "state = 'failing', attempts = 3, next_attempt_at = next_attempt_at - 1";
    home.sql(&format!("UPDATE notice SET {failing}")).await;
    let (_, news) = paged(store.as_ref(), &[("masstt", Priority::Immediate)]).await;
    let (_, later) = paged(store.as_ref(), &[("masstt", Priority::Immediate)]).await;
    let started = std::time::Instant::now();
    let first = store.claim_notices(at(9), at(39), 3).await.expect("claims");
    assert!(started.elapsed() < std::time::Duration::from_millis(500), "by an index");
    let first: Vec<_> = first.iter().map(|due| (due.row.message, due.attempts)).collect();
    assert_eq!(first[..2], [(Some(news[0].id), 1), (Some(later[0].id), 1)]);
    assert_eq!(first[2].1, 4);
}

async fn what_fails_is_told_of_when_that_changes_and_stops_when_it_was_sent(home: Home) {
    let store = home.store().await;
    paged(store.as_ref(), &[("masstt", Priority::Immediate)]).await;
    let notice = claim(store.as_ref(), 0).await.remove(0).row;
    let failed = |fault, next, now| store.notice_failed(&notice, fault, at(next), at(now));
    assert!(failed("unreachable", 30, 1).await.expect("marks"));
    assert!(claim(store.as_ref(), 29).await.is_empty());
    assert_eq!(claim(store.as_ref(), 30).await.len(), 1);
    assert!(failed("unreachable", 90, 31).await.expect("marks"));
    assert!(failed("timeout", 200, 91).await.expect("marks"));
    let open = store.open_notices().await.expect("reads");
    let expected = OpenNotices {
        whom: destination("masstt"),
        state: "failing".to_owned(),
        fault: Some("timeout".to_owned()),
        count: 1,
        oldest: at(0),
    };
    assert_eq!(open, [expected]);
    assert!(store.notice_sent(&notice, at(201)).await.expect("marks"));
    assert!(!store.notice_sent(&notice, at(202)).await.expect("marks"));
    assert!(!failed("timeout", 300, 203).await.expect("marks"), "it was sent");
    assert!(claim(store.as_ref(), 999).await.is_empty());
    assert!(store.open_notices().await.expect("reads").is_empty());
    let told: Vec<String> = events(store.as_ref(), ChainName::Delivery)
        .await
        .into_iter()
        .map(|event| format!("{} {}", event.kind, event.detail.unwrap_or_default()))
        .collect();
    let id = notice.id;
    let expected = [
        format!("notice.failed {id} destination:masstt unreachable"),
        format!("notice.failed {id} destination:masstt timeout"),
        format!("notice.sent {id} destination:masstt"),
    ];
    assert_eq!(told, expected);
}

async fn what_nobody_acknowledges_alerts_one_after_another_without_end(home: Home) {
    let store = home.store().await;
    let sent = [("masstt", Priority::Immediate), ("panel", Priority::Urgent)];
    let (referral, outbox) = paged(store.as_ref(), &sent).await;
    sent_all(store.as_ref(), 0).await;
    assert!(alert(store.as_ref(), 15 * MINUTE - 1).await.is_empty());
    let first = alert(store.as_ref(), 15 * MINUTE).await;
    assert_eq!(first.len(), 1, "what is urgent does not alert");
    assert_eq!((first[0].message.id, first[0].before), (outbox[0].id, 0));
    assert_eq!(whom(&first[0].notices), ["role:duty-manager", "destination:masstt"]);
    let due = claim(store.as_ref(), 15 * MINUTE).await;
    assert_eq!(due.len(), 2);
    let about = |due: &DueNotice| {
        let row = &due.row;
        (row.kind, row.since, row.due_at, due.reference) == {
            let kind = NoticeKind::Unacknowledged;
            (kind, outbox[0].created_at, outbox[0].due_at, Some(referral.reference))
        }
    };
    assert!(due.iter().all(about), "{due:?}");
    sent_all(store.as_ref(), 16 * MINUTE).await;
    assert!(alert(store.as_ref(), 30 * MINUTE - 1).await.is_empty());
    let second = alert(store.as_ref(), 30 * MINUTE).await;
    assert_eq!(whom(&second[0].notices), ["role:out-of-hours-manager", "destination:masstt"]);
    for round in 3..9 {
        sent_all(store.as_ref(), round * 15 * MINUTE - 1).await;
        let again = alert(store.as_ref(), round * 15 * MINUTE).await;
        assert_eq!(i64::from(again[0].before), round - 1);
        let all = ["role:duty-manager", "role:out-of-hours-manager", "destination:masstt"];
        assert_eq!(whom(&again[0].notices), all);
    }
    let told = events(store.as_ref(), ChainName::Delivery).await;
    let alerts = told.iter().filter(|event| event.kind == "delivery.alerted");
    let alerts: Vec<_> = alerts.map(|event| event.detail.clone().unwrap_or_default()).collect();
    assert_eq!(alerts[..2], [1, 2].map(|n| format!("{} {n}", outbox[0].id)));
    assert_eq!(alerts.len(), 8);
}

async fn a_dead_message_goes_on_alerting_and_its_copy_pages(home: Home) {
    let store = home.store().await;
    let (referral, outbox) = paged(store.as_ref(), &[("panel", Priority::Immediate)]).await;
    sent_all(store.as_ref(), 0).await;
    let copy = immediate(&referral, "masstt");
    store.divert(&[(outbox[0].id, copy.clone())], at(1)).await.expect("diverts");
    let copied = claim(store.as_ref(), 1).await;
    assert_eq!(copied[0].row.message, Some(copy.id));
    assert_eq!(copied[0].row.whom, destination("masstt"));
    let second = immediate(&referral, "masstt");
    store.dead(outbox[0].id, Some(second.clone()), at(2)).await.expect("marks");
    assert_eq!(claim(store.as_ref(), 2).await[0].row.message, Some(second.id));
    let written = events(store.as_ref(), ChainName::Delivery).await;
    assert_eq!(written.iter().filter(|event| event.kind == "notice.written").count(), 2);
    let alerted = alert(store.as_ref(), 15 * MINUTE).await;
    assert!(alerted.iter().any(|alert| alert.message.id == outbox[0].id));
}

async fn an_acknowledged_message_is_silent_and_its_notices_are_moot(home: Home) {
    let store = home.store().await;
    let sent = [("masstt", Priority::Immediate), ("panel", Priority::Immediate)];
    let (_, outbox) = paged(store.as_ref(), &sent).await;
    assert!(acknowledge(store.as_ref(), outbox[0].id, at(2)).await);
    let left = claim(store.as_ref(), 3).await;
    assert_eq!(left.iter().map(|due| due.row.message).collect::<Vec<_>>(), [Some(outbox[1].id)]);
    assert_eq!(alert(store.as_ref(), 15 * MINUTE).await[0].message.id, outbox[1].id);
    assert!(acknowledge(store.as_ref(), outbox[1].id, at(16 * MINUTE)).await);
    assert!(store.open_notices().await.expect("reads").is_empty(), "also those of an alert");
    assert!(claim(store.as_ref(), 999_999).await.is_empty());
    assert!(alert(store.as_ref(), 999_999).await.is_empty());
    // What was under way when somebody took the message over was sent all the same.
    let moot = !store.notice_failed(&left[0].row, "timeout", at(9), at(9)).await.expect("answers");
    assert!(moot && store.notice_sent(&left[0].row, at(9)).await.expect("marks"));
}

async fn whoever_was_not_told_yet_is_told_once(home: Home) {
    let store = home.store().await;
    paged(store.as_ref(), &[("masstt", Priority::Immediate)]).await;
    let first = alert(store.as_ref(), 15 * MINUTE).await;
    assert_eq!(whom(&first[0].notices), ["role:duty-manager"], "the page still waits");
    let second = alert(store.as_ref(), 30 * MINUTE).await;
    assert_eq!(whom(&second[0].notices), ["role:out-of-hours-manager"]);
    let third = alert(store.as_ref(), 45 * MINUTE).await;
    assert_eq!((third[0].before, third[0].notices.len()), (2, 0));
    let open: i64 =
        store.open_notices().await.expect("reads").iter().map(|notices| notices.count).sum();
    assert_eq!(open, 3);
}

async fn two_gateways_alert_once(home: Home) {
    let stores = home.two().await;
    for _ in 0..20 {
        paged(stores[0].as_ref(), &[("masstt", Priority::Immediate)]).await;
    }
    let clocks = (0..4).map(|clock: usize| {
        let store = stores[clock % 2].clone();
        tokio::spawn(async move { alert(store.as_ref(), 15 * MINUTE).await.len() })
    });
    let given: usize =
        futures::future::join_all(clocks).await.into_iter().map(|n| n.expect("ends")).sum();
    let rest = alert(stores[0].as_ref(), 15 * MINUTE).await.len();
    assert_eq!(given + rest, 20);
    let counted = home.texts("SELECT CAST(max(alerts) AS text) FROM outbox").await;
    assert_eq!(counted, ["1"]);
}
