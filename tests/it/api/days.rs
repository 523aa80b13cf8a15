//! The pages of operations that tell of days gone by, over HTTP.

use super::World;
use frontdoor::domain::pauses::{Pause, PauseReason};
use frontdoor::domain::{AgencyId, DestinationId, Priority, Timestamp};
use frontdoor::store::Tally;

const DAY: i64 = 86_400;
/// Midnight before the tests' now.
const TODAY: Timestamp = Timestamp(1_768_348_800_000_000);

fn tally(what: &str, days_ago: i64) -> Tally {
    Tally {
        hour: TODAY.plus_seconds(-days_ago * DAY),
        what: what.to_owned(),
        agency: AgencyId::new("school"),
        destination: String::new(),
        level: String::new(),
        priority: Priority::Standard,
    }
}

fn routed(destination: &str, level: &str, priority: Priority) -> Tally {
    Tally {
        destination: destination.to_owned(),
        level: level.to_owned(),
        priority,
        ..tally("routed", 0)
    }
}

async fn csv(world: &World, path: &str) -> Vec<String> {
    let answer = world.get(path, &world.operator).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let named = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(named.starts_with("attachment; filename=\""), "{named}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.text().await.unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_flow_is_a_table_and_a_file_of_the_same_numbers() {
    let world = World::start().await;
    *world.store.totals.lock().unwrap() = vec![
        (routed("masstt", "4", Priority::Immediate), 1),
        (routed("masstt", "4", Priority::Standard), 2),
        (routed("panel", "", Priority::Urgent), 9),
    ];
    let lines = csv(&world, "/ops/flow?days=1&format=csv").await;
    assert_eq!(
        lines,
        [
            "Agency,Level of need,Team,Referrals,Immediate,Urgent,Standard",
            "school,No level,panel,9,0,9,0",
            "school,Level 4,masstt,3,1,0,2",
        ]
    );
    let page = world.get("/ops/flow?days=1", &world.operator).send().await.unwrap();
    let page = page.text().await.unwrap();
    for cell in lines[2].split(',') {
        assert!(page.contains(&format!(">{cell}<")), "{cell}");
    }
    assert!(page.contains("href=\"/ops/flow?days=1&amp;format=csv&amp;table=flow\""));
}

#[tokio::test]
async fn what_came_and_did_not_go_on_is_told_at_the_day_on_which_it_came() {
    let world = World::start().await;
    let day = |days_ago, received, sent_on, heard, concluded| {
        let counts = [received, sent_on, heard, concluded];
        let kinds = ["received", "sent-on", "heard", "concluded"];
        kinds.into_iter().zip(counts).map(move |(what, count)| (tally(what, days_ago), count))
    };
    let mut totals: Vec<(Tally, i64)> = day(3, 4, 4, 4, 4).collect();
    totals.extend(day(2, 4, 3, 4, 4).chain(day(1, 4, 4, 3, 4)).chain(day(0, 4, 4, 4, 3)));
    totals.push((tally("refused", 3), 2));
    *world.store.totals.lock().unwrap() = totals;
    let lines = csv(&world, "/ops/reconciliation?format=csv").await;
    assert_eq!(
        lines[1..],
        [
            "2026-01-14,school,0,4,4,4,3,Not all with an outcome",
            "2026-01-13,school,0,4,4,3,4,Not all acknowledged",
            "2026-01-12,school,0,4,3,4,4,No: received and sent on differ. Look at once",
            "2026-01-11,school,2,4,4,4,4,Yes",
        ]
    );
}

#[tokio::test]
async fn completeness_is_told_by_day_and_over_more_than_a_week_by_week() {
    let world = World::start().await;
    *world.store.totals.lock().unwrap() = vec![
        (tally("received", 0), 2),
        (tally("score", 0), 121),
        (tally("received", 1), 1),
        (tally("score", 1), 30),
    ];
    let lines = csv(&world, "/ops/quality?days=7&format=csv").await;
    assert_eq!(
        lines[0],
        "Agency,Referrals,Mean score,8 Jan,9 Jan,10 Jan,11 Jan,12 Jan,13 Jan,14 Jan"
    );
    assert_eq!(lines[1], "school,3,50,–,–,–,–,–,30,61");
    let lines = csv(&world, "/ops/quality?days=28&format=csv").await;
    assert_eq!(lines[0], "Agency,Referrals,Mean score,18 Dec,25 Dec,1 Jan,8 Jan");
    assert_eq!(lines[1], "school,3,50,–,–,–,50");
}

#[tokio::test]
async fn how_long_it_took_is_told_by_team_and_priority() {
    let world = World::start().await;
    let took = |what, step: &str, priority| Tally {
        level: step.to_owned(),
        destination: "masstt".to_owned(),
        priority,
        ..tally(what, 0)
    };
    *world.store.totals.lock().unwrap() = vec![
        (took("acknowledged-in", "1-h", Priority::Standard), 5),
        (took("acknowledged-in", "longer", Priority::Standard), 1),
        (took("acknowledged-in", "15-min", Priority::Immediate), 2),
        (took("decided-in", "2-d", Priority::Standard), 7),
    ];
    let heard = csv(&world, "/ops/times?format=csv&table=acknowledged").await;
    assert_eq!(
        heard[1..],
        ["masstt,Immediate,2,2,0,0,0,0,0,0,0", "masstt,Standard,6,0,5,0,0,0,0,0,1"]
    );
    let decided = csv(&world, "/ops/times?format=csv&table=decided").await;
    assert_eq!(decided[1..], ["masstt,Standard,7,0,0,0,0,7,0,0,0"]);
    let unknown = world.get("/ops/times?format=csv&table=none", &world.operator);
    assert_eq!(unknown.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_page_says_how_old_its_numbers_are_while_the_store_is_away() {
    let world = World::start().await;
    let ask = async |path: &str| {
        let answer = world.get(path, &world.operator).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    let down = |down| world.store.down.store(down, std::sync::atomic::Ordering::SeqCst);
    down(true);
    assert!(ask("/ops/flow").await.contains("there are no numbers to show yet"));
    let file = world.get("/ops/flow?format=csv", &world.operator).send().await.unwrap();
    assert_eq!(file.status(), 500, "no file rather than an empty one");
    world.env.pass(6);
    down(false);
    let first = ask("/ops/flow").await;
    assert!(first.contains("Numbers of 14 January 2026, 10:30 UTC."), "{first}");
    down(true);
    world.env.pass(29);
    assert!(!ask("/ops/flow").await.contains("does not answer"), "half a minute serves all");
    world.env.pass(3_600);
    let old = ask("/ops/flow").await;
    assert!(old.contains("class=\"state lost\"") && old.contains("10:30 UTC."), "{old}");
    assert!(old.contains("The store does not answer."), "{old}");
}

#[tokio::test]
async fn nobody_without_a_key_of_operations_sees_any_of_it() {
    let world = World::start().await;
    for path in ["flow", "times", "quality", "reconciliation", "deliveries", "board"] {
        for query in ["", "?format=csv"] {
            let path = format!("/ops/{path}{query}");
            for key in [&world.school, &world.masstt] {
                let refused = world.get(&path, key).send().await.unwrap();
                assert_eq!(refused.status(), 401, "{path}");
            }
            let stranger = world.client.get(format!("{}{path}", world.url)).send().await.unwrap();
            assert_eq!(stranger.status(), 401, "{path}");
        }
    }
}

#[tokio::test]
async fn a_pause_is_shown_and_is_an_alarm() {
    let world = World::start().await;
    world.store.pauses.lock().unwrap().push(Pause {
        destination: DestinationId::new("panel"),
        reason: PauseReason::Maintenance,
        since: TODAY,
        until: TODAY.plus_seconds(DAY),
        by: "command-line".to_owned(),
    });
    let lines = csv(&world, "/ops/deliveries?format=csv&table=pauses").await;
    assert_eq!(lines[1], "panel,maintenance of its system,2026-01-14 00:00,2026-01-15 00:00");
    let now = world.get("/ops", &world.operator).send().await.unwrap().text().await.unwrap();
    let told = "panel is sent nothing until 2026-01-15 00:00 UTC (maintenance)";
    assert!(now.contains(told), "{now}");
}

#[tokio::test]
async fn the_board_s_report_is_of_one_month_and_tells_no_small_number() {
    let world = World::start().await;
    let of = |agency: &str, what: &str| Tally { agency: AgencyId::new(agency), ..tally(what, 0) };
    *world.store.totals.lock().unwrap() = vec![
        (of("school", "received"), 40),
        (of("school", "score"), 2_000),
        (of("police", "received"), 3),
        (of("police", "score"), 180),
        (of("gp", "received"), 7),
        (of("gp", "score"), 490),
        (of("school", "heard"), 50),
        (of("school", "concluded"), 48),
        (routed("masstt", "4", Priority::Urgent), 30),
        (routed("panel", "3", Priority::Standard), 20),
    ];
    let lines = csv(&world, "/ops/board?month=2026-01&format=csv").await;
    let expected = ["gp,*,*", "police,*,*", "school,40,50", "All,50,*"];
    assert_eq!(lines[1..], expected, "seven would tell of three");
    let followed = csv(&world, "/ops/board?month=2026-01&format=csv&table=followed").await;
    assert_eq!(followed[1..], ["Received,50", "Acknowledged,50", "With an outcome,*"]);
    let teams = csv(&world, "/ops/board?month=2026-01&format=csv&table=teams").await;
    assert_eq!(teams[1..], ["masstt,30", "panel,20", "All,50"]);
    let ask = async |query: &str| {
        let path = format!("/ops/board{query}");
        world.get(&path, &world.operator).send().await.unwrap().text().await.unwrap()
    };
    let this = ask("?month=2026-01").await;
    assert!(this.contains("Board report: January 2026") && this.contains("This month is not over"));
    // The last whole month, where none is named that has begun.
    for query in ["", "?month=2026-02", "?month=yesterday", "?month=2026-1"] {
        let last = ask(query).await;
        assert!(last.contains("Board report: December 2025"), "{query}");
        assert!(!last.contains("This month is not over"), "{query}");
    }
}
