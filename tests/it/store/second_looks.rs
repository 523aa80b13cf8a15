//! Second decisions: which outcomes are drawn, who may look, and what is told afterwards, through
//! the whole pipeline and both stores.

use super::gateway::{Gateway, accepted};
use super::homes::{Home, ring};
use super::on_both;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::second_looks::Week;
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, LookId, Reference, RoleId, RuleId, Timestamp, Whom};
use frontdoor::followup::Oversight;
use frontdoor::followup::oversight::Stores;
use frontdoor::followup::second_looks::{LookedAt, SecondLookDesk};
use frontdoor::pipeline::{Decided, Desk, Followed, Intake, Recording};
use frontdoor::store::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

on_both!(
    a_week_is_drawn_once_of_what_ended_in_it,
    two_gateways_draw_a_week_once,
    a_second_decision_is_made_without_the_first_and_by_another_person,
    whoever_may_not_look_is_told_nothing,
    what_is_found_three_times_in_ninety_days_is_flagged,
    a_graver_second_decision_goes_before_the_screening_team_at_once,
    a_graver_second_decision_leaves_what_waits_as_grave_as_it_is,
    the_list_says_for_which_children_and_compares_with_their_decision,
    whoever_was_told_the_first_decision_does_not_decide_again,
    who_decided_first_is_not_found_out_by_guessing,
    what_waits_is_listed_page_by_page_in_no_order_of_time,
    one_clock_that_was_ahead_does_not_end_all_draws,
    what_nobody_decides_again_is_told_to_a_person,
    whoever_closes_again_what_was_doubted_names_two_managers,
);

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A clock that is set by the test.
struct Hand(AtomicI64, AtomicU64);

impl Env for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn entropy(&self, into: &mut [u8]) {
        for byte in into {
            let drawn = self.1.fetch_add(1, Ordering::SeqCst);
            *byte = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[1];
        }
    }
}

struct World {
    gateway: Gateway,
    hand: Arc<Hand>,
    over: Oversight,
}

impl World {
    /// On a Tuesday morning, long over by the database's clock.
    async fn over(home: &Home) -> World {
        World::at(home, "2024-11-26T10:00:00Z").await
    }

    async fn at(home: &Home, now: &str) -> World {
        let at = Timestamp::parse(now).expect("a time");
        let hand = Arc::new(Hand(AtomicI64::new(at.0), AtomicU64::new(1)));
        let gateway = Gateway::with_env(home, hand.clone()).await;
        let over = oversight(&gateway.store, &gateway, &hand);
        World { gateway, hand, over }
    }

    fn pass(&self, seconds: i64) {
        self.hand.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    fn desk(&self) -> &SecondLookDesk {
        &self.over.second_looks
    }

    /// A referral that MASSTT ends in this way.
    async fn ended(&self, n: usize, outcome: &str) -> Reference {
        let child = format!("Ada {n}");
        let of = self.sent(n, &[&child]).await;
        let level = if outcome == "assessment" { "4" } else { "2" };
        self.decide(of, json!({"outcome": outcome, "level_of_need": level})).await;
        of
    }

    async fn sent(&self, n: usize, children: &[&str]) -> Reference {
        let child = |name: &&str| json!({"given_name": name, "family_name": "Invented"});
        let body = json!({
            "referrer": {"name": "A. Teacher", "role": "Teacher"},
            "children": children.iter().map(child).collect::<Vec<_>>(),
            "worry": format!("Invented: lesson {n} was missed."),
            "danger_now": "no",
            "concerns": ["16A"],
        });
        let submission = self.gateway.submission("school-ridgeway", &body);
        accepted(self.gateway.pipeline.receive(submission).await)
    }

    /// MASSTT decides; `said` besides what each decision says.
    async fn decide(&self, of: Reference, said: Value) {
        let followed = self.says(of, said).await;
        assert!(matches!(followed, Followed::Stands { .. }), "{followed:?}");
    }

    async fn says(&self, of: Reference, said: Value) -> Followed {
        self.pass(1);
        let Value::Object(mut body) = json!({
            "rationale": "The invented reasons",
            "evidence": "What the school saw",
            "history_considered": {"considered": true},
            "child_view": {"considered": true},
            "by": {"name": "Invented Osei", "role": "Worker", "worker_type": "permanent"},
            "manager": {"name": "Invented Adeyemi", "role": "Team manager"},
        }) else {
            panic!("an object")
        };
        let Value::Object(said) = said else { panic!("an object") };
        body.extend(said);
        let team = DestinationId::new("masstt");
        self.gateway.pipeline.record(Recording { team, of, body, by_message: false }).await
    }

    /// One is ended without further action, and drawn.
    async fn one_drawn(&self) -> (Reference, WaitingLook) {
        let of = self.ended(0, "no-further-action").await;
        self.pass(7 * DAY);
        self.desk().draw().await.expect("draws");
        let mut waiting = self.waiting("masstt").await;
        assert_eq!(waiting.len(), 1);
        (of, waiting.remove(0))
    }

    /// So many are ended without further action, and the week is over and drawn.
    async fn a_week_of(&self, all: usize) {
        for n in 0..all {
            self.ended(n, "no-further-action").await;
        }
        self.pass(7 * DAY);
        assert_eq!(self.desk().draw().await.expect("draws"), all.min(3));
    }

    /// What MASSTT's clock asks for, if it runs: purpose, priority, and for whom.
    async fn waits(&self, of: Reference) -> Option<String> {
        let row = self.gateway.stored(of).await.0.row;
        let clocks = self.gateway.store.clocks_of(row.id).await.expect("reads");
        let runs = |clock: &&Clock| {
            (clock.destination.as_str(), clock.kind.as_str()) == ("masstt", "respond")
        };
        let clock = clocks.iter().find(runs).filter(|clock| clock.ended_at.is_none())?;
        let (priority, children) = (clock.priority.as_str(), clock.children.indices());
        Some(format!("{} {priority} {children:?}", clock.purpose.as_str()))
    }

    async fn waiting(&self, team: &str) -> Vec<WaitingLook> {
        self.desk().waiting(&DestinationId::new(team), None, 99).await.expect("reads")
    }

    async fn look(&self, team: &str, id: LookId, said: Value) -> LookedAt {
        let Value::Object(said) = said else { panic!("an object") };
        self.desk().look(&DestinationId::new(team), id, said).await.expect("the store answers")
    }
}

fn oversight(store: &Arc<dyn Store>, gateway: &Gateway, hand: &Arc<Hand>) -> Oversight {
    let stores = Stores {
        alarms: store.clone(),
        looks: store.clone(),
        reads: store.clone(),
        matches: store.clone(),
        follow: store.clone(),
        doubts: Arc::new(gateway.pipeline.lane.clone()),
    };
    let directory = arc_swap::ArcSwap::from_pointee(gateway.rules.directory.clone());
    let env = hand.clone() as Arc<dyn Env>;
    Oversight::over(stores, &ring(), &env, &Arc::new(directory), DestinationId::new("masstt"))
}

async fn events(store: &dyn Store, chain: ChainName, kind: &str) -> usize {
    let links = store.chain(chain, 0, 9_999).await.expect("reads");
    let all = links
        .iter()
        .flat_map(|link| serde_json::from_slice::<Vec<Event>>(&link.events).expect("events"));
    all.filter(|event| event.kind == kind).count()
}

async fn a_week_is_drawn_once_of_what_ended_in_it(home: Home) {
    let world = World::over(&home).await;
    assert_eq!(world.desk().draw().await.expect("draws"), 0, "nothing ended before");
    for n in 0..4 {
        world.ended(n, "no-further-action").await;
    }
    world.ended(4, "assessment").await;
    assert_eq!(world.desk().draw().await.expect("draws"), 0, "the week is not over");
    // Monday at 05:59, and at six.
    world.pass(5 * DAY + 19 * HOUR + 59 * 60);
    assert_eq!(world.desk().draw().await.expect("draws"), 0);
    world.ended(5, "no-further-action").await;
    world.pass(60);
    assert_eq!(world.desk().draw().await.expect("draws"), 3, "three of four, and no assessment");
    assert_eq!(world.desk().draw().await.expect("draws"), 0, "once");
    let drawn = world.waiting("masstt").await;
    assert_eq!(drawn.len(), 3);
    let store = world.gateway.store.as_ref();
    assert_eq!(events(store, ChainName::Delivery, "second-look.drawn").await, 3);
    // Down for three weeks: each week is made up for, and what ended in it is drawn.
    world.pass(21 * DAY);
    assert_eq!(world.desk().draw().await.expect("draws"), 1);
    assert_eq!(events(store, ChainName::Delivery, "second-looks.drawn").await, 5);
    assert_eq!(world.waiting("masstt").await.len(), 4);
}

async fn two_gateways_draw_a_week_once(home: Home) {
    let world = World::over(&home).await;
    for n in 0..5 {
        world.ended(n, "no-further-action").await;
    }
    world.pass(7 * DAY);
    let other = oversight(&home.store().await, &world.gateway, &world.hand);
    let (one, two) = tokio::join!(world.desk().draw(), other.second_looks.draw());
    assert_eq!(one.expect("draws") + two.expect("draws"), 3);
    assert_eq!(world.waiting("masstt").await.len(), 3);
    let all = |all: Vec<Ending>| all.into_iter().map(|one| (LookId(one.id.0), one)).collect();
    let [week] = Week::due(None, world.hand.now())[..] else { panic!("one week") };
    let again = world.gateway.store.draw(week, &all, world.hand.now()).await.expect("answers");
    assert_eq!(again, None);
}

fn second(level: &str, themes: &[&str]) -> Value {
    json!({
        "level_of_need": level,
        "rationale": "I read it for the first time, and this is what I find.",
        "themes": themes,
        "by": {"name": "Invented Byrne", "role": "Practice lead"},
    })
}

async fn a_second_decision_is_made_without_the_first_and_by_another_person(home: Home) {
    let world = World::over(&home).await;
    let (of, waiting) = world.one_drawn().await;
    assert_eq!(waiting.reference, of);
    let lacks = async |said: Value| match world.look("masstt", waiting.id, said).await {
        LookedAt::Lacking(faults) => {
            faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(lacks(json!({})).await, "/level_of_need /rationale /by");
    assert_eq!(lacks(second("9", &["no-such"])).await, "/level_of_need /themes");
    for name in ["Invented Osei", "invented ADEYEMI"] {
        let mut same = second("2", &[]);
        same["by"]["name"] = json!(name);
        assert_eq!(lacks(same).await, "/by/name", "{name}");
    }
    let said = second("4", &["threshold", "history-not-considered", "threshold"]);
    let LookedAt::Kept { answer, repeat: false } =
        world.look("masstt", waiting.id, said.clone()).await
    else {
        panic!("it is kept")
    };
    assert_eq!((&answer["agrees"], &answer["level_of_need"]), (&json!(false), &json!("4")));
    assert_eq!(answer["first"]["level_of_need"], "2");
    assert_eq!(answer["first"]["outcome"], "no-further-action");
    assert!(world.waiting("masstt").await.is_empty());
    // The same again is answered as the first time; another comes too late.
    let again = world.look("masstt", waiting.id, said).await;
    assert_eq!(again, LookedAt::Kept { answer, repeat: true });
    assert_eq!(world.look("masstt", waiting.id, second("2", &[])).await, LookedAt::Taken);
    let store = world.gateway.store.as_ref();
    assert_eq!(events(store, ChainName::Desk, "second-look.recorded").await, 1);
    // Who decided and why is sealed.
    let columns = "SELECT looked_by || second_level || destination FROM second_look";
    assert_eq!(home.texts(columns).await, ["masstt4masstt"]);
}

async fn whoever_may_not_look_is_told_nothing(home: Home) {
    let world = World::over(&home).await;
    let (_, waiting) = world.one_drawn().await;
    // Social work that was never sent the referral.
    let other = "locality.halifax-central";
    assert!(world.waiting(other).await.is_empty());
    assert_eq!(world.look(other, waiting.id, second("2", &[])).await, LookedAt::Unknown);
    let unknown = LookId(uuid::Uuid::nil());
    assert_eq!(world.look("masstt", unknown, second("2", &[])).await, LookedAt::Unknown);
    // Had that team been sent it, it may; and had it decided, it may not.
    home.sql(&format!("UPDATE outbox SET destination = '{other}'")).await;
    assert_eq!(world.waiting(other).await.len(), 1);
    home.sql(&format!("UPDATE second_look SET destination = '{other}'")).await;
    assert!(world.waiting(other).await.is_empty());
    assert_eq!(world.waiting("masstt").await.len(), 1, "who screens sees all");
}

async fn what_is_found_three_times_in_ninety_days_is_flagged(home: Home) {
    let world = World::over(&home).await;
    world.a_week_of(3).await;
    let waiting = world.waiting("masstt").await;
    let repeated = async || {
        let found = world.over.consistency.repeated().await.expect("reads");
        let told = |(team, found): &(DestinationId, _)| {
            let frontdoor::followup::consistency::Found { theme, times, looked_at, .. } = found;
            format!("{team} {theme} {times} of {looked_at}")
        };
        found.iter().map(told).collect::<Vec<_>>()
    };
    for (n, look) in waiting.iter().enumerate() {
        assert!(repeated().await.is_empty(), "{n}");
        let level = if n == 0 { "2" } else { "3" };
        let themes: &[&str] = if n == 0 { &["threshold", "delay"] } else { &["threshold"] };
        let kept = world.look("masstt", look.id, second(level, themes)).await;
        assert!(matches!(kept, LookedAt::Kept { .. }), "{kept:?}");
    }
    assert_eq!(repeated().await, ["masstt threshold 3 of 3"]);
    let day = world.hand.now().date().first_of_month();
    let report = world.over.consistency.since(day).await.expect("reads");
    let masstt = serde_json::to_value(&report.teams[0]).expect("JSON");
    assert_eq!(masstt["second_looks"], json!({"drawn": 3, "looked_at": 3, "agreed": 1}));
    assert_eq!(masstt["themes"][0]["repeated"], false);
    assert_eq!(masstt["themes"][1]["repeated"], true);
    world.pass(91 * DAY);
    assert!(repeated().await.is_empty(), "what was found long ago is another matter");
}

async fn a_graver_second_decision_goes_before_the_screening_team_at_once(home: Home) {
    let world = World::over(&home).await;
    world.a_week_of(3).await;
    let store = world.gateway.store.as_ref();
    for (look, level, waits) in world
        .waiting("masstt")
        .await
        .iter()
        .zip([("2", None), ("1", None), ("4", Some("screening urgent [0]".to_owned()))])
        .map(|(look, (level, waits))| (look.clone(), level, waits))
    {
        assert_eq!(world.waits(look.reference).await, None, "MASSTT has decided");
        let said = second(level, &[]);
        let LookedAt::Kept { answer, .. } = world.look("masstt", look.id, said.clone()).await
        else {
            panic!("it is kept")
        };
        assert_eq!(answer["screened_again"], json!(level == "4"), "{answer}");
        assert_eq!(world.waits(look.reference).await, waits, "{level}");
        let doubted = usize::from(level == "4");
        assert_eq!(events(store, ChainName::Desk, "decision.doubted").await, doubted);
        // The same again is answered as it was, and nothing happens again.
        let again = world.look("masstt", look.id, said).await;
        assert_eq!(again, LookedAt::Kept { answer, repeat: true });
        assert_eq!(events(store, ChainName::Desk, "decision.doubted").await, doubted);
        if level == "4" {
            let (stored, _) = world.gateway.stored(look.reference).await;
            let last = stored.deliveries.iter().max_by_key(|row| row.sequence).expect("sent");
            assert_eq!((last.destination.as_str(), last.sequence), ("masstt", 2));
            let payloads = "SELECT CAST(count(*) AS text) FROM outbox WHERE payload LIKE \
                            '%\"second-decision\"%'";
            let payloads = if home.is_sqlite() {
                payloads.replace("payload LIKE", "CAST(payload AS text) LIKE")
            } else {
                payloads.replace("payload LIKE", "convert_from(payload, 'UTF8') LIKE")
            };
            assert_eq!(home.texts(&payloads).await, ["1"], "why it comes again");
        }
    }
}

async fn a_graver_second_decision_leaves_what_waits_as_grave_as_it_is(home: Home) {
    let world = World::over(&home).await;
    let (of, waiting) = world.one_drawn().await;
    // Meanwhile something graver waits there.
    home.sql("UPDATE clock SET ended_at = NULL, purpose = 'strategy', priority = 2, children = 1")
        .await;
    let kept = world.look("masstt", waiting.id, second("3", &[])).await;
    assert!(matches!(kept, LookedAt::Kept { .. }), "{kept:?}");
    assert_eq!(world.waits(of).await.as_deref(), Some("strategy immediate [0]"));
    // Where people have sent it stays with what was decided.
    let row = world.gateway.stored(of).await.0.row;
    let plain = ring().open_record(&seal::Dossier::name(row.id), &row.record).expect("opens");
    let dossier = seal::Dossier::from_bytes(&plain).expect("a dossier");
    let decided: Decided = serde_json::from_slice(&dossier.decision).expect("a decision");
    let [given] = &decided.by_people[..] else { panic!("one") };
    assert_eq!(given.rules, [RuleId::new("second-decision")]);
}

async fn the_list_says_for_which_children_and_compares_with_their_decision(home: Home) {
    let world = World::over(&home).await;
    let of = world.sent(0, &["Ada", "Bea"]).await;
    let closed = |child: u16, level: &str| {
        let outcome = "no-further-action";
        json!({"outcome": outcome, "level_of_need": level, "children": [child]})
    };
    world.decide(of, closed(0, "1")).await;
    world.decide(of, closed(1, "2")).await;
    world.pass(7 * DAY);
    assert_eq!(world.desk().draw().await.expect("draws"), 2);
    let waiting = world.waiting("masstt").await;
    for (child, agrees, waits) in
        [(1_u16, true, None), (0, false, Some("screening urgent [0]".to_owned()))]
    {
        let look = waiting.iter().find(|look| look.children.indices() == [child]).expect("drawn");
        let answer = world.look("masstt", look.id, second("2", &[])).await;
        let LookedAt::Kept { answer, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(
            (&answer["agrees"], &answer["first"]["children"]),
            (&json!(agrees), &json!([child]))
        );
        assert_eq!(world.waits(of).await, waits, "of the other child nothing is asked");
    }
}

async fn whoever_was_told_the_first_decision_does_not_decide_again(home: Home) {
    let world = World::over(&home).await;
    let (_, waiting) = world.one_drawn().await;
    let other = "locality.halifax-central";
    home.sql(&format!("UPDATE outbox SET destination = '{other}'")).await;
    assert_eq!(world.waiting(other).await.len(), 1, "sent it, and told nothing more");
    let told = "UPDATE outbox SET kind = 'referral.outcome.v1', created_at = created_at + 2000000";
    home.sql(told).await;
    assert!(world.waiting(other).await.is_empty(), "told what was decided");
    let refused = world.look(other, waiting.id, second("4", &[])).await;
    assert_eq!(refused, LookedAt::Unknown);
    assert_eq!(world.waiting("masstt").await.len(), 1);
    // A letter about an earlier outcome tells nothing of this one.
    home.sql("UPDATE outbox SET created_at = created_at - 9000000").await;
    assert_eq!(world.waiting(other).await.len(), 1);
}

async fn who_decided_first_is_not_found_out_by_guessing(home: Home) {
    let world = World::over(&home).await;
    let (of, waiting) = world.one_drawn().await;
    let store = world.gateway.store.as_ref();
    let lacks = async |said: Value| match world.look("masstt", waiting.id, said).await {
        LookedAt::Lacking(faults) => {
            faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    let named = |name: &str, level: &str| {
        let mut said = second(level, &[]);
        said["by"]["name"] = json!(name);
        said
    };
    // While anything else is lacking, nothing is told of names, and nothing is noted.
    assert_eq!(lacks(named("Invented Osei", "9")).await, "/level_of_need");
    assert_eq!(events(store, ChainName::Desk, "second-look.refused").await, 0);
    assert_eq!(lacks(named("Invented Osei", "4")).await, "/by/name");
    assert_eq!(events(store, ChainName::Desk, "second-look.refused").await, 1);
    assert_eq!(events(store, ChainName::Desk, "decision.doubted").await, 0, "nothing follows");
    // Of any outcome of the referral, not only the one that was drawn.
    let by = json!({"name": "Invented Later", "role": "Worker", "worker_type": "permanent"});
    world
        .decide(of, json!({"outcome": "strategy-discussion", "level_of_need": "5", "by": by}))
        .await;
    assert_eq!(lacks(named("Invented Later", "4")).await, "/by/name");
    // And where who decided cannot be read, nobody can be told apart from them.
    let record = if home.is_sqlite() { "x'00'" } else { "'\\x00'" };
    home.sql(&format!("UPDATE outcome SET record = {record} WHERE code = 'no-further-action'"))
        .await;
    assert_eq!(lacks(second("4", &[])).await, "/by");
    assert_eq!(events(store, ChainName::Desk, "second-look.refused").await, 3);
    assert_eq!(world.waiting("masstt").await.len(), 1);
}

async fn what_waits_is_listed_page_by_page_in_no_order_of_time(home: Home) {
    let world = World::over(&home).await;
    world.a_week_of(3).await;
    let all = world.waiting("masstt").await;
    assert!(all.is_sorted_by_key(|look| look.id));
    assert!(all.iter().all(|look| look.id.0.get_version_num() == 4), "random, and not by time");
    let masstt = DestinationId::new("masstt");
    let mut paged: Vec<WaitingLook> = Vec::new();
    for _ in 0..4 {
        let after = paged.last().map(WaitingLook::place);
        paged.extend(world.desk().waiting(&masstt, after, 1).await.expect("reads"));
    }
    assert_eq!(paged, all);
    let waiting = world.gateway.store.looks_waiting().await.expect("reads");
    assert_eq!(waiting, (3, Some(all[0].drawn_at)));
    world.look("masstt", all[0].id, second("2", &[])).await;
    assert_eq!(world.gateway.store.looks_waiting().await.expect("reads").0, 2);
}

async fn one_clock_that_was_ahead_does_not_end_all_draws(home: Home) {
    // By this clock the week is over, by the database's it is not.
    let world = World::at(&home, "2099-01-06T10:00:00Z").await;
    assert_eq!(world.desk().draw().await.expect("draws"), 0);
    let weeks = "SELECT CAST(count(*) AS text) FROM second_look_week";
    assert_eq!(home.texts(weeks).await, ["0"], "nothing is drawn, and nothing is noted");
    // A week that was noted all the same does not keep the others from being drawn.
    let ahead = Timestamp::parse("2099-01-05T00:00:00Z").expect("a time").0;
    home.sql(&format!("INSERT INTO second_look_week VALUES ({ahead}, {ahead})")).await;
    let before = world.hand.now();
    let real = Timestamp::parse("2024-11-26T10:00:00Z").expect("a time");
    world.pass((real.0 - before.0) / 1_000_000);
    world.a_week_of(1).await;
}

async fn what_nobody_decides_again_is_told_to_a_person(home: Home) {
    let world = World::over(&home).await;
    world.a_week_of(1).await;
    let late = async || {
        world.over.alarms.look().await.expect("looks");
        let all = world.over.alarms.now().await.expect("reads");
        let late = all.iter().find(|alarm| alarm.kind.as_str() == "second-looks");
        late.map(|alarm| alarm.says.clone())
    };
    world.pass(13 * DAY);
    assert_eq!(late().await, None);
    world.pass(2 * DAY);
    let says = "1 wait to be decided a second time, one for over 14 days";
    assert_eq!(late().await.as_deref(), Some(says));
    let told = world.gateway.store.open_notices().await.expect("reads");
    let manager = Whom::Role(RoleId::new("duty-manager"));
    assert!(told.iter().any(|notices| notices.whom == manager), "{told:?}");
    let id = world.waiting("masstt").await[0].id;
    let looked = world.look("masstt", id, second("2", &[])).await;
    assert!(matches!(looked, LookedAt::Kept { .. }), "{looked:?}");
    world.pass(120);
    assert_eq!(late().await, None);
}

async fn whoever_closes_again_what_was_doubted_names_two_managers(home: Home) {
    let world = World::over(&home).await;
    let (of, waiting) = world.one_drawn().await;
    let looked = world.look("masstt", waiting.id, second("4", &[])).await;
    assert!(matches!(looked, LookedAt::Kept { .. }), "{looked:?}");
    let mut closes = json!({
        "outcome": "no-further-action", "level_of_need": "1", "rationale": "Still nothing",
    });
    let Followed::Lacking(faults) = world.says(of, closes.clone()).await else {
        panic!("it may not stand")
    };
    let lacks = faults.iter().map(|fault| fault.pointer.as_str());
    assert_eq!(lacks.collect::<Vec<_>>(), ["/second_manager"]);
    // Nor is it decided below what was found the second time with less.
    let below = json!({
        "outcome": "step-down", "level_of_need": "2", "to": "early-intervention.halifax-central",
        "agreement": {"agreed": true, "by": "The mother"},
    });
    let Followed::Lacking(faults) = world.says(of, below).await else { panic!("it may not stand") };
    assert!(faults.iter().any(|fault| fault.pointer == "/second_manager"), "{faults:?}");
    closes["second_manager"] = json!({"name": "Invented Mistry", "role": "Service manager"});
    world.decide(of, closes).await;
}
