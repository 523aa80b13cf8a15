//! A paused destination is claimed by no relay, until its pause is over.

use super::homes::Home;
use super::on_both;
use super::relay::ids;
use super::rows::*;
use crate::harness;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::pauses::{Pause, PauseReason};
use frontdoor::domain::{DestinationId, Priority};
use frontdoor::followup::pauses::{NotPaused, Wish, pause, resume};
use frontdoor::store::*;

on_both!(
    a_paused_destination_is_claimed_for_nothing_until_its_time_is_over,
    what_is_immediate_is_claimed_with_what_stands_before_it,
    a_pause_is_made_longer_and_ended_with_events,
    who_everything_falls_back_on_is_not_paused_and_nobody_for_longer_than_three_days,
);

fn wish(destination: &str, hours: u8) -> Wish {
    let destination = DestinationId::new(destination);
    Wish { destination, reason: PauseReason::Maintenance, hours }
}

async fn paused(store: &dyn Store, destination: &str, hours: u8, seconds: i64) -> Pause {
    let wish = wish(destination, hours);
    pause(store, wish, &[], "command-line", at(seconds)).await.expect("pauses")
}

async fn a_paused_destination_is_claimed_for_nothing_until_its_time_is_over(home: Home) {
    let store = home.store().await;
    let (one, _) = sent(store.as_ref(), &["masstt"]).await;
    let outbox: Vec<OutboxRow> = (1..=3).map(|n| message(&one, "panel", n)).collect();
    write(store.as_ref(), &Batch { outbox: outbox.clone(), ..batch() }).await;
    let told = paused(store.as_ref(), "panel", 1, 0).await;
    assert_eq!(store.pauses(at(3_599)).await.expect("reads"), [told]);
    assert_eq!(store.paused(at(3_599)).await.expect("reads"), [DestinationId::new("panel")]);
    let claimed = store.claim(at(0), at(30), 9).await.expect("claims");
    assert!(claimed.iter().all(|row| row.destination.as_str() == "masstt"), "{claimed:?}");
    assert_eq!(claimed.len(), 1);
    assert!(store.claim(at(3_599), at(3_629), 9).await.expect("claims").len() < 2);
    // It goes on by itself, from where it was.
    assert!(store.pauses(at(3_600)).await.expect("reads").is_empty());
    for (row, seconds) in outbox.iter().zip(3_601..) {
        let claimed = store.claim(at(seconds), at(seconds + 30), 9).await.expect("claims");
        let own = claimed.iter().find(|row| row.destination.as_str() == "panel");
        let own = own.expect("the next in order");
        assert_eq!((own.id, own.attempts), (row.id, 1));
        store.confirm(&[(own.id, own.fence)], at(seconds)).await.expect("confirms");
    }
}

async fn what_is_immediate_is_claimed_with_what_stands_before_it(home: Home) {
    let store = home.store().await;
    let referrals = vec![referral(), referral(), referral()];
    let mut outbox = vec![
        message(&referrals[0], "panel", 1),
        message(&referrals[0], "panel", 2),
        message(&referrals[1], "panel", 1),
        message(&referrals[2], "panel", 1),
    ];
    for (row, priority) in outbox.iter_mut().zip([0, 2, 2, 0]) {
        let immediate = priority == 2;
        row.priority = if immediate { Priority::Immediate } else { Priority::Standard };
    }
    write(store.as_ref(), &Batch { referrals, outbox: outbox.clone(), ..batch() }).await;
    paused(store.as_ref(), "panel", 1, 0).await;
    let claimed = store.claim(at(0), at(30), 9).await.expect("claims");
    assert_eq!(ids(&claimed), [outbox[2].id, outbox[0].id]);
    store.confirm(&[(outbox[0].id, 1)], at(1)).await.expect("confirms");
    assert_eq!(ids(&store.claim(at(1), at(31), 9).await.expect("claims")), [outbox[1].id]);
    store.confirm(&[(outbox[1].id, 1), (outbox[2].id, 1)], at(2)).await.expect("confirms");
    assert!(store.claim(at(99), at(120), 9).await.expect("claims").is_empty());
}

async fn a_pause_is_made_longer_and_ended_with_events(home: Home) {
    let store = home.store().await;
    paused(store.as_ref(), "panel", 1, 0).await;
    let longer = paused(store.as_ref(), "panel", 5, 60).await;
    assert_eq!(store.pauses(at(9_000)).await.expect("reads"), [longer]);
    let panel = DestinationId::new("panel");
    let end = async |seconds| {
        resume(store.as_ref(), &panel, "command-line", at(seconds)).await.expect("ends")
    };
    assert_eq!([end(9_001).await, end(9_002).await], [true, false]);
    paused(store.as_ref(), "panel", 1, 10_000).await;
    assert!(!end(13_600).await, "it is over already");
    assert!(store.pauses(at(0)).await.expect("reads").is_empty());
    let links = store.chain(ChainName::Desk, 0, 99).await.expect("reads");
    let events = links
        .iter()
        .flat_map(|link| serde_json::from_slice::<Vec<Event>>(&link.events).expect("events"));
    let kinds: Vec<String> = events.map(|event| event.kind.to_string()).collect();
    let (paused, resumed) = ("destination.paused", "destination.resumed");
    assert_eq!(kinds, [paused, paused, resumed, paused]);
}

async fn who_everything_falls_back_on_is_not_paused_and_nobody_for_longer_than_three_days(
    home: Home,
) {
    let store = home.store().await;
    let fallbacks = [DestinationId::new("masstt")];
    let ask = async |destination, hours| {
        pause(store.as_ref(), wish(destination, hours), &fallbacks, "x", at(0)).await
    };
    assert!(matches!(ask("masstt", 1).await, Err(NotPaused::Fallback(_))));
    assert!(matches!(ask("panel", 0).await, Err(NotPaused::TooLong)));
    assert!(matches!(ask("panel", 73).await, Err(NotPaused::TooLong)));
    assert!(store.pauses(at(0)).await.expect("reads").is_empty());
    assert!(ask("panel", 72).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_pauses_lists_and_resumes() {
    let home = harness::Home::sqlite().await;
    let run = ["destinations", "pause", "locality.upper-valley", "--hours", "4"];
    let told = home.run(&[&run[..], &["--reason", "maintenance"]].concat()).await;
    assert!(told.contains("is sent nothing until"), "{told}");
    let list = home.run(&["destinations", "list"]).await;
    assert!(list.contains("locality.upper-valley") && list.contains("maintenance"), "{list}");
    let told = home.run(&["destinations", "resume", "locality.upper-valley"]).await;
    assert!(told.contains("is sent what waits, now"), "{told}");
    assert_eq!(home.try_run(&["destinations", "resume", "locality.upper-valley"]).await.0, 1);
    for (destination, hours, reason) in [
        ("masstt", "4", "fault"),
        ("no-such-team", "4", "fault"),
        ("locality.upper-valley", "73", "fault"),
        ("locality.upper-valley", "4", "Robin's mother rang"),
    ] {
        let run = ["destinations", "pause", destination, "--hours", hours, "--reason", reason];
        let (code, told) = home.try_run(&run).await;
        assert_eq!(code, 2, "{told}");
    }
    assert!(!home.run(&["destinations", "list"]).await.contains("locality"));
    home.run(&["audit", "verify"]).await;
}
