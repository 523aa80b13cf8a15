//! What is counted by day, for the operations pages.

use super::gateway::Gateway;
use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::app::OsEnv;
use frontdoor::audit::Event;
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, Priority, Reference, Timestamp};
use frontdoor::pipeline::{Desk, Followed, Recording};
use frontdoor::store::totals::{ACKNOWLEDGED_IN, day_of};
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    days_are_the_sum_of_their_hours_whether_folded_or_not,
    a_flow_is_added_up_over_all_days_asked_for,
    a_referral_is_heard_once_however_many_acknowledge_it,
    a_referral_is_followed_from_its_receipt_to_its_outcome,
    what_was_folded_before_days_were_kept_is_in_them,
    a_day_is_as_few_rows_for_many_referrals_as_for_few,
);

/// `agency what from count`, in hours from `at(0)`.
fn told(totals: Vec<(Tally, i64)>) -> Vec<String> {
    let tell = |(tally, count): (Tally, i64)| {
        let Tally { hour, what, agency, destination, level, .. } = tally;
        let from = hour.seconds_since(at(0)) / 3_600.0;
        [agency.as_str(), &what, &destination, &level, &from.to_string(), &count.to_string()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    totals.into_iter().map(tell).collect()
}

async fn all(store: &dyn Store, by: By) -> Vec<(Tally, i64)> {
    store.totals(by, Timestamp(0), Timestamp(i64::MAX)).await.expect("reads")
}

async fn days_are_the_sum_of_their_hours_whether_folded_or_not(home: Home) {
    let store = home.store().await;
    let hour = |what: &str, hours: i64| Tally { hour: at(hours * 3_600), ..tally(what) };
    // Days begin at midnight, nine hours before `at(0)`.
    let tallies = vec![(hour("received", 0), 2), (hour("received", 14), 3), (hour("score", 1), 90)];
    write(store.as_ref(), &Batch { tallies, ..batch() }).await;
    store.fold_tallies(2).await.expect("folds");
    store.fold_tallies(99).await.expect("folds");
    let tallies = vec![
        (hour("received", 1), 4),
        (hour("received", 15), 5),
        (hour("received", -10), 7),
        (hour("routed", 1), 9),
    ];
    write(store.as_ref(), &Batch { tallies, ..batch() }).await;
    let until = day_of(at(24 * 3_600));
    for _ in 0..2 {
        let totals = store.totals(By::Agency, day_of(at(0)), until).await.expect("reads");
        assert_eq!(told(totals), ["school-a received -9 9", "school-a score -9 90"]);
        let totals = store.totals(By::Agency, until, at(99_999_999)).await.expect("reads");
        assert_eq!(told(totals), ["school-a received 15 5"]);
        store.fold_tallies(99).await.expect("folds");
    }
}

async fn a_flow_is_added_up_over_all_days_asked_for(home: Home) {
    let store = home.store().await;
    let to = |destination: &str, level: &str, days: i64| Tally {
        hour: at(days * 86_400),
        destination: destination.to_owned(),
        level: level.to_owned(),
        ..tally("routed")
    };
    let tallies = vec![
        (to("masstt", "4", 0), 1),
        (to("masstt", "4", 1), 2),
        (to("early-help", "3", 1), 4),
        (to("masstt", "4", 9), 8),
        (Tally { priority: Priority::Immediate, ..to("masstt", "4", 0) }, 16),
    ];
    write(store.as_ref(), &Batch { tallies, ..batch() }).await;
    store.fold_tallies(3).await.expect("folds");
    let until = day_of(at(9 * 86_400));
    let flow = store.totals(By::Flow, day_of(at(0)), until).await.expect("reads");
    let flow: Vec<_> = flow
        .into_iter()
        .map(|(one, count)| (one.destination, one.level, one.priority, count))
        .collect();
    let line =
        |to: &str, level: &str, priority, count| (to.to_owned(), level.to_owned(), priority, count);
    let mut expected = vec![
        line("early-help", "3", tally("routed").priority, 4),
        line("masstt", "4", tally("routed").priority, 3),
        line("masstt", "4", Priority::Immediate, 16),
    ];
    expected.sort();
    let mut flow = flow;
    flow.sort();
    assert_eq!(flow, expected);
}

async fn a_referral_is_heard_once_however_many_acknowledge_it(home: Home) {
    let store = home.store().await;
    let (_, outbox) = sent(store.as_ref(), &["masstt", "panel", "other"]).await;
    let event = || Event::new("delivery.acknowledged", "somebody");
    let acknowledge = |row: &OutboxRow, seconds: i64| {
        let (store, id) = (store.clone(), row.id);
        async move { store.acknowledge(id, sealed("by"), event(), at(seconds)).await }
    };
    let together = outbox.iter().map(|row| acknowledge(row, 3_700));
    for done in futures::future::join_all(together).await {
        assert!(done.expect("acknowledges"));
    }
    assert!(!acknowledge(&outbox[0], 9_000).await.expect("reads"), "again");
    let totals = told(all(store.as_ref(), By::Agency).await);
    assert_eq!(totals, ["school-a heard -9 1"]);
    // Each team took as long as it took.
    let took = all(store.as_ref(), By::Destination).await;
    assert_eq!(took.len(), 3);
    assert!(took.iter().all(|(one, count)| *count == 1 && one.what == ACKNOWLEDGED_IN));
    assert!(took.iter().all(|(one, _)| one.level == Within::FourHours.as_str()), "{took:?}");
}

async fn decide(gateway: &Gateway, of: Reference, rationale: &str) {
    let body = json!({
        "outcome": "assessment",
        "level_of_need": "4",
        "rationale": rationale,
        "evidence": "What the school saw",
        "history_considered": {"considered": true},
        "child_view": {"considered": false, "why_not": "Not seen yet"},
        "by": {"name": "Invented Osei", "role": "Social worker", "worker_type": "permanent"},
        "manager": {"name": "Invented Adeyemi", "role": "Team manager"},
    });
    let Value::Object(body) = body else { panic!("an object") };
    let team = DestinationId::new("masstt");
    match gateway.pipeline.record(Recording { team, of, body, by_message: false }).await {
        Followed::Stands { .. } => {}
        other => panic!("it cannot stand: {other:?}"),
    }
}

async fn a_referral_is_followed_from_its_receipt_to_its_outcome(home: Home) {
    let gateway = Gateway::over(&home).await;
    let store = gateway.store.as_ref();
    let of = gateway.refer("school-ridgeway", json!({"given_name": "Ada"})).await;
    gateway.refer("school-ridgeway", json!({"given_name": "Bea"})).await;
    gateway.add(of, json!({"given_name": "Ada", "family_name": "Invented"})).await;
    let (stored, _) = gateway.stored(of).await;
    let event = Event::new("delivery.acknowledged", "masstt");
    let now = OsEnv::new().now();
    assert!(store.acknowledge(stored.deliveries[0].id, sealed("by"), event, now).await.unwrap());
    decide(&gateway, of, "The invented reasons").await;
    decide(&gateway, of, "Other invented reasons").await;
    let sum = async |what: &str| -> i64 {
        let totals = all(store, By::Agency).await;
        totals.iter().filter(|(one, _)| one.what == what).map(|(_, count)| count).sum()
    };
    assert_eq!((sum("received").await, sum("sent-on").await), (2, 2));
    assert_eq!((sum("heard").await, sum("concluded").await), (1, 1), "the first of each counts");
    assert!((1..=200).contains(&sum("score").await));
    // What came with an addition is no new referral to anybody.
    let flow = all(store, By::Flow).await;
    assert_eq!(flow.iter().map(|(_, count)| count).sum::<i64>(), 2, "{flow:?}");
    let took = all(store, By::Destination).await;
    let took: Vec<_> = took.iter().map(|(one, n)| (one.what.as_str(), &*one.level, *n)).collect();
    assert_eq!(took, [("acknowledged-in", "15-min", 1), ("decided-in", "15-min", 1)]);
}

async fn what_was_folded_before_days_were_kept_is_in_them(home: Home) {
    let store = home.store().await;
    let hour = |what: &str, hours: i64| Tally { hour: at(hours * 3_600), ..tally(what) };
    let tallies = vec![(hour("received", 0), 2), (hour("received", 15), 3)];
    write(store.as_ref(), &Batch { tallies, ..batch() }).await;
    store.fold_tallies(99).await.expect("folds");
    let before = all(store.as_ref(), By::Agency).await;
    home.sql("DROP TABLE tally_day").await;
    home.sql("DELETE FROM migration WHERE name = '0019_days'").await;
    store.migrate().await.expect("migrates");
    assert_eq!(all(store.as_ref(), By::Agency).await, before);
    assert_eq!(before.len(), 2);
}

async fn a_day_is_as_few_rows_for_many_referrals_as_for_few(home: Home) {
    let store = home.store().await;
    let of = |what: &str, hours: i64| Tally { hour: at(hours * 3_600), ..tally(what) };
    let counted = |hours| ["received", "score", "routed"].map(|what| (of(what, hours), 1));
    let mut rows = Vec::new();
    for referrals in [3, 300] {
        for number in 0..referrals {
            let tallies = counted(number % 15).to_vec();
            write(store.as_ref(), &Batch { tallies, ..batch() }).await;
        }
        while store.fold_tallies(100).await.expect("folds") > 0 {}
        rows.push(home.texts("SELECT CAST(count(*) AS text) FROM tally_day").await);
    }
    assert_eq!(rows, [["3"], ["3"]]);
    let received = all(store.as_ref(), By::Agency).await;
    assert_eq!(received[0].1, 303);
}
