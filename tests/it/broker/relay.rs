//! What the relay promises, one promise at a time, in simulated time.

use super::simulation::{Kept, World, simulated};
use super::support::row;
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, Priority};
use frontdoor::store::OutboxRow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

fn free(world: &World, destination: &str) -> OutboxRow {
    let row = row(&DestinationId::new(destination), world);
    OutboxRow { attempts: 0, fence: 0, ..row }
}

fn start(world: &Arc<World>) -> frontdoor::broker::RelayHandle {
    let (relay, handle) = world.relay(0);
    tokio::spawn(relay.run());
    handle
}

#[test]
fn a_destination_that_answers_nothing_delays_no_other() {
    simulated(async {
        let world = World::new(1);
        world.stuck.lock().expect("not poisoned").insert(DestinationId::new("stuck"));
        for _ in 0..3_000 {
            world.write(free(&world, "stuck"));
        }
        sleep(Duration::from_secs(1)).await;
        world.write(free(&world, "masstt"));
        let handle = start(&world);
        sleep(Duration::from_secs(5)).await;
        for _ in 0..600 {
            sleep(Duration::from_millis(100)).await;
            world.write(free(&world, "masstt"));
            world.write(free(&world, "stuck"));
            handle.handover.wake();
        }
        sleep(Duration::from_secs(5)).await;
        let kept = world.kept();
        let healthy: Vec<_> = kept
            .values()
            .filter(|one| one.row.destination.as_str() == "masstt" && one.row.sequence > 0)
            .collect();
        assert_eq!(healthy.len(), 601);
        for one in healthy {
            let marked_at = one.marked_at.expect("it is delivered");
            let took = marked_at.seconds_since(one.row.created_at);
            assert!(took < 3.0, "{took} s beside a destination that is stuck");
        }
    });
}

#[test]
fn a_returned_message_is_declared_for_tried_again_and_copied_to_masstt_after_a_minute_once() {
    simulated(async {
        let world = World::new(2);
        world.missing.lock().expect("not poisoned").insert(DestinationId::new("panel"));
        world.write(free(&world, "panel"));
        let _handle = start(&world);
        sleep(Duration::from_secs(50)).await;
        assert!(world.declared.load(Ordering::Relaxed) > 2);
        assert!(world.kept().values().all(|one| one.failing));
        assert!(world.copies_of("panel").is_empty());
        sleep(Duration::from_secs(300)).await;
        let copies = world.copies_of("panel");
        assert_eq!(copies.len(), 1);
        assert_eq!(copies[0].destination.as_str(), "masstt");
        assert_eq!(copies[0].priority, Priority::Urgent);
        world.missing.lock().expect("not poisoned").clear();
        world.until_all_are_delivered(40).await;
    });
}

#[test]
fn an_immediate_message_is_copied_to_masstt_at_once_and_masstts_own_never() {
    simulated(async {
        let world = World::new(3);
        let missing = ["masstt", "panel"].map(DestinationId::new);
        world.missing.lock().expect("not poisoned").extend(missing);
        for destination in ["masstt", "panel"] {
            let row = free(&world, destination);
            world.write(OutboxRow { priority: Priority::Immediate, ..row });
        }
        let _handle = start(&world);
        sleep(Duration::from_secs(2)).await;
        let copies = world.copies_of("panel");
        assert_eq!(copies.len(), 1);
        assert_eq!(copies[0].priority, Priority::Immediate);
        sleep(Duration::from_secs(200)).await;
        assert_eq!(world.kept().len(), 3);
    });
}

#[test]
fn while_the_whole_broker_is_away_messages_show_as_failing_and_are_not_copied() {
    simulated(async {
        let world = World::new(4);
        world.broker_up.store(false, Ordering::Relaxed);
        for _ in 0..50 {
            world.write(free(&world, "panel"));
        }
        let handle = start(&world);
        sleep(Duration::from_secs(300)).await;
        assert!(handle.handover.reserve().is_none());
        assert!(world.kept().values().all(|one| one.failing && !one.delivered));
        assert_eq!(world.kept().len(), 50);
        world.broker_up.store(true, Ordering::Relaxed);
        world.until_all_are_delivered(35).await;
    });
}

#[test]
fn while_the_whole_broker_is_away_each_row_is_written_to_once() {
    simulated(async {
        let world = World::new(11);
        world.broker_up.store(false, Ordering::Relaxed);
        for _ in 0..50 {
            world.write(free(&world, "panel"));
            let pressing = free(&world, "masstt");
            world.write(OutboxRow { priority: Priority::Immediate, ..pressing });
        }
        let handle = start(&world);
        let writes = || {
            let rows = [&world.claimed_rows, &world.failed_rows];
            rows.map(|rows| rows.load(Ordering::Relaxed))
        };
        for _ in 0..3_600 {
            sleep(Duration::from_secs(1)).await;
            handle.handover.wake();
        }
        assert_eq!(writes(), [100, 100], "an hour is as good as a minute");
        // What comes in meanwhile shows, too.
        world.write(free(&world, "cse"));
        sleep(Duration::from_secs(3)).await;
        assert!(world.kept().values().all(|one| one.failing));
        let claims = world.claims.load(Ordering::Relaxed);
        assert!(claims < 2 * 3_600, "{claims} looks in an hour");
        world.broker_up.store(true, Ordering::Relaxed);
        world.until_all_are_delivered(3).await;
    });
}

#[test]
fn what_finds_no_room_goes_back_as_if_nothing_had_been() {
    simulated(async {
        let world = World::new(12);
        world.stuck.lock().expect("not poisoned").insert(DestinationId::new("stuck"));
        let handle = start(&world);
        sleep(Duration::from_millis(100)).await;
        // Handed over while the destination is stuck: two batches are under way, 512 wait, and
        // the rest finds no room.
        for _ in 0..20 {
            let permit = handle.handover.reserve().expect("the relay keeps up");
            let rows: Vec<OutboxRow> = (0..100)
                .map(|_| {
                    let until = Some(world.now().plus_seconds(30));
                    let row = row(&DestinationId::new("stuck"), world.as_ref());
                    OutboxRow { leased_until: until, priority: Priority::Immediate, ..row }
                })
                .collect();
            rows.iter().for_each(|row| world.write(row.clone()));
            permit.send(rows);
            sleep(Duration::from_secs(2)).await;
            if world.released_rows.load(Ordering::Relaxed) > 0 {
                break;
            }
        }
        let released = world.released_rows.load(Ordering::Relaxed);
        assert!(released > 0, "the lane has no end");
        let untouched = |one: &&Kept| {
            let given_back = one.row.leased_until.is_none() && one.row.attempts == 0;
            given_back && !one.failing
        };
        let count = world.kept().values().filter(untouched).count();
        assert_eq!(count as u64, released);
        world.stuck.lock().expect("not poisoned").clear();
        world.until_all_are_delivered(120).await;
    });
}

#[test]
fn a_backlog_of_a_stuck_destination_is_left_where_it_is() {
    simulated(async {
        let world = World::new(13);
        world.stuck.lock().expect("not poisoned").insert(DestinationId::new("stuck"));
        for _ in 0..5_000 {
            world.write(free(&world, "stuck"));
        }
        let _handle = start(&world);
        sleep(Duration::from_secs(100)).await;
        let claimed = world.claimed_rows.load(Ordering::Relaxed);
        // Two batches of 256 at a time, each taking ten seconds, what waits behind them, and what
        // has waited so long that its lease would not do and is left to it.
        assert!(claimed <= 16 * 512, "{claimed} rows claimed in 100 seconds");
        assert_eq!(world.released_rows.load(Ordering::Relaxed), 0);
        let failed = world.failed_rows.load(Ordering::Relaxed);
        assert!(failed <= 11 * 512, "{failed} rows failed that were never tried");
    });
}

#[test]
fn copies_are_written_together_and_hold_up_nobody() {
    simulated(async {
        let world = World::new(14);
        world.slow_copies.store(20_000, Ordering::Relaxed);
        world.missing.lock().expect("not poisoned").insert(DestinationId::new("panel"));
        let _handle = start(&world);
        for _ in 0..120 {
            let pressing = free(&world, "panel");
            world.write(OutboxRow { priority: Priority::Immediate, ..pressing });
        }
        sleep(Duration::from_secs(2)).await;
        for _ in 0..10 {
            world.write(free(&world, "cse"));
            sleep(Duration::from_secs(2)).await;
        }
        sleep(Duration::from_secs(2)).await;
        for one in world.kept().values().filter(|one| one.row.destination.as_str() == "cse") {
            let marked_at = one.marked_at.expect("it is delivered");
            let took = marked_at.seconds_since(one.row.created_at);
            assert!(took < 2.0, "{took} s beside copies that are being written");
        }
        sleep(Duration::from_secs(80)).await;
        assert_eq!(world.copies_of("panel").len(), 120);
        let diversions = world.diversions.load(Ordering::Relaxed);
        assert!(diversions <= 4, "{diversions} transactions for 120 copies");
    });
}

#[test]
fn a_store_lost_in_silence_is_given_up_and_asked_again() {
    simulated(async {
        let world = World::new(15);
        let handle = start(&world);
        sleep(Duration::from_millis(100)).await;
        let mut leased = row(&DestinationId::new("masstt"), world.as_ref());
        leased.leased_until = Some(world.now().plus_seconds(30));
        world.write(leased.clone());
        world.silent.store(true, Ordering::Relaxed);
        handle.handover.reserve().expect("the relay is idle").send(vec![leased.clone()]);
        sleep(Duration::from_secs(2)).await;
        world.write(free(&world, "panel"));
        // Everything asked until now stays without an answer for ever.
        world.silent.store(false, Ordering::Relaxed);
        world.until_all_are_delivered(60).await;
        assert_eq!(world.publications.lock().expect("not poisoned")[&leased.id], 1);
    });
}

/// Leased at birth, as the lane hands it over.
fn handed(world: &World, destination: &str) -> OutboxRow {
    let leased_until = Some(world.now().plus_seconds(30));
    OutboxRow { leased_until, ..row(&DestinationId::new(destination), world) }
}

#[test]
fn a_paused_destination_is_sent_nothing_but_what_is_immediate_and_all_in_order_after() {
    simulated(async {
        let world = World::new(16);
        let panel = DestinationId::new("panel");
        world.paused.lock().expect("not poisoned").insert(panel.clone());
        let handle = start(&world);
        sleep(Duration::from_secs(2)).await;
        let first = free(&world, "panel");
        for sequence in 1..=3 {
            let id = row(&panel, world.as_ref()).id;
            world.write(OutboxRow { id, sequence, ..first.clone() });
        }
        for destination in ["panel", "panel", "masstt"] {
            world.write(free(&world, destination));
            let row = handed(&world, destination);
            world.write(row.clone());
            handle.handover.reserve().expect("the relay is idle").send(vec![row]);
        }
        let claims = world.claims.load(Ordering::Relaxed);
        sleep(Duration::from_secs(120)).await;
        let delivered = |to: &str| {
            let kept = world.kept();
            let to = kept.values().filter(|one| one.row.destination.as_str() == to);
            to.filter(|one| one.delivered).count()
        };
        assert_eq!((delivered("panel"), delivered("masstt")), (0, 2));
        assert!(world.kept().values().all(|one| !one.failing), "nothing was tried");
        assert!(world.copies_of("panel").is_empty(), "a pause is no failure");
        let claims = world.claims.load(Ordering::Relaxed) - claims;
        assert!(claims < 150, "it is looked at once a second: {claims}");
        // What is immediate goes, with what stands before it of the same referral.
        let (before, urgent) = (free(&world, "panel"), handed(&world, "panel"));
        let id = row(&panel, world.as_ref()).id;
        let behind = OutboxRow { id, sequence: 2, priority: Priority::Immediate, ..before.clone() };
        world.write(before);
        world.write(behind);
        let urgent = OutboxRow { priority: Priority::Immediate, ..urgent };
        world.write(urgent.clone());
        handle.handover.reserve().expect("the relay is idle").send(vec![urgent]);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(delivered("panel"), 3);
        world.paused.lock().expect("not poisoned").clear();
        world.until_all_are_delivered(5).await;
        world.check_order_of_first_deliveries();
    });
}

#[test]
fn rows_handed_over_go_out_without_being_claimed() {
    simulated(async {
        let world = World::new(5);
        let handle = start(&world);
        sleep(Duration::from_millis(100)).await;
        let claims = world.claims.load(Ordering::Relaxed);
        let permit = handle.handover.reserve().expect("the relay is idle");
        let mut row = row(&DestinationId::new("masstt"), world.as_ref());
        row.leased_until = Some(world.now().plus_seconds(30));
        world.write(row.clone());
        permit.send(vec![row]);
        sleep(Duration::from_millis(50)).await;
        assert!(world.kept().values().all(|one| one.delivered));
        assert_eq!(world.claims.load(Ordering::Relaxed), claims);
    });
}

#[test]
fn a_later_message_handed_over_waits_for_its_turn() {
    simulated(async {
        let world = World::new(6);
        let handle = start(&world);
        sleep(Duration::from_millis(100)).await;
        let first = free(&world, "masstt");
        let mut second = OutboxRow { sequence: 2, fence: 1, ..first.clone() };
        second.id = row(&second.destination, world.as_ref()).id;
        second.leased_until = Some(world.now().plus_seconds(30));
        world.write(first);
        world.write(second.clone());
        handle.handover.reserve().expect("the relay is idle").send(vec![second]);
        // The world itself checks that nothing leaves before its turn.
        world.until_all_are_delivered(60).await;
    });
}

#[test]
fn what_the_broker_has_confirmed_is_marked_when_the_store_is_back_and_not_sent_twice() {
    simulated(async {
        let world = World::new(7);
        let handle = start(&world);
        sleep(Duration::from_millis(100)).await;
        let mut row = row(&DestinationId::new("masstt"), world.as_ref());
        row.leased_until = Some(world.now().plus_seconds(30));
        world.write(row.clone());
        world.store_down.store(true, Ordering::Relaxed);
        handle.handover.reserve().expect("the relay is idle").send(vec![row.clone()]);
        sleep(Duration::from_secs(20)).await;
        assert!(!world.kept()[&row.id].delivered);
        world.store_down.store(false, Ordering::Relaxed);
        world.until_all_are_delivered(10).await;
        assert_eq!(world.publications.lock().expect("not poisoned")[&row.id], 1);
    });
}

#[test]
fn a_shutdown_marks_what_is_under_way_and_delivers_what_still_waits() {
    simulated(async {
        let world = World::new(8);
        let (relay, handle) = world.relay(0);
        let task = tokio::spawn(relay.run());
        sleep(Duration::from_millis(100)).await;
        let permit = handle.handover.reserve().expect("the relay is idle");
        let mut leased = row(&DestinationId::new("masstt"), world.as_ref());
        leased.leased_until = Some(world.now().plus_seconds(30));
        world.write(leased.clone());
        permit.send(vec![leased.clone()]);
        // Free only once the one before it is marked.
        let mut next = free(&world, "masstt");
        (next.referral, next.sequence) = (leased.referral, 2);
        world.write(next.clone());
        handle.shutdown();
        let later = free(&world, "masstt");
        world.write(later.clone());
        task.await.expect("it ends");
        assert!(handle.handover.reserve().is_none());
        assert!(world.kept()[&leased.id].delivered);
        // There may be no other gateway to deliver them.
        assert!(world.kept()[&next.id].delivered);
        assert!(world.kept()[&later.id].delivered);
    });
}

#[test]
fn a_shutdown_does_not_wait_longer_than_ten_seconds() {
    simulated(async {
        let world = World::new(9);
        world.stuck.lock().expect("not poisoned").insert(DestinationId::new("stuck"));
        world.store_down.store(false, Ordering::Relaxed);
        for _ in 0..600 {
            world.write(free(&world, "stuck"));
        }
        let (relay, handle) = world.relay(0);
        let task = tokio::spawn(relay.run());
        sleep(Duration::from_secs(2)).await;
        let since = Instant::now();
        handle.shutdown();
        task.await.expect("it ends");
        assert!(since.elapsed() <= Duration::from_secs(11), "{:?}", since.elapsed());
    });
}

#[test]
fn an_idle_relay_looks_about_once_a_second() {
    simulated(async {
        let world = World::new(10);
        let _handle = start(&world);
        sleep(Duration::from_secs(60)).await;
        let claims = world.claims.load(Ordering::Relaxed);
        assert!((55..=65).contains(&claims), "{claims} claims in a minute");
    });
}
