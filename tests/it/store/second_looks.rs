//! Second decisions: which outcomes are drawn, who may look, and what is told afterwards, through
//! the whole pipeline and both stores.

use super::gateway::{Gateway, accepted};
use super::homes::{Home, ring};
use super::on_both;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::second_looks::Week;
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, OutcomeId, Reference, Timestamp};
use frontdoor::followup::Oversight;
use frontdoor::followup::oversight::Stores;
use frontdoor::followup::second_looks::{LookedAt, SecondLookDesk};
use frontdoor::pipeline::{Desk, Followed, Intake, Recording};
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
    /// On a Tuesday morning.
    async fn over(home: &Home) -> World {
        let at = Timestamp::parse("2026-11-24T10:00:00Z").expect("a time");
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
        let body = json!({
            "referrer": {"name": "A. Teacher", "role": "Teacher"},
            "children": [{"given_name": format!("Ada {n}"), "family_name": "Invented"}],
            "worry": format!("Invented: lesson {n} was missed."),
            "danger_now": "no",
            "concerns": ["16A"],
        });
        let submission = self.gateway.submission("school-ridgeway", &body);
        let of = accepted(self.gateway.pipeline.receive(submission).await);
        let level = if outcome == "assessment" { "4" } else { "2" };
        let Value::Object(body) = json!({
            "outcome": outcome,
            "level_of_need": level,
            "rationale": "The invented reasons",
            "evidence": "What the school saw",
            "history_considered": {"considered": true},
            "child_view": {"considered": true},
            "by": {"name": "Invented Osei", "role": "Worker", "worker_type": "permanent"},
            "manager": {"name": "Invented Adeyemi", "role": "Team manager"},
        }) else {
            panic!("an object")
        };
        let team = DestinationId::new("masstt");
        let recording = Recording { team, of, body, by_message: false };
        let followed = self.gateway.pipeline.record(recording).await;
        assert!(matches!(followed, Followed::Stands { .. }), "{followed:?}");
        of
    }

    async fn waiting(&self, team: &str) -> Vec<WaitingLook> {
        self.desk().waiting(&DestinationId::new(team)).await.expect("reads")
    }

    async fn look(&self, team: &str, id: OutcomeId, said: Value) -> LookedAt {
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
    let all = |all: Vec<Ending>| all;
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
    let of = world.ended(0, "no-further-action").await;
    world.pass(7 * DAY);
    world.desk().draw().await.expect("draws");
    let [waiting] = &world.waiting("masstt").await[..] else { panic!("one") };
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
    world.ended(0, "no-further-action").await;
    world.pass(7 * DAY);
    world.desk().draw().await.expect("draws");
    let [waiting] = &world.waiting("masstt").await[..] else { panic!("one") };
    // Social work that was never sent the referral.
    let other = "locality.halifax-central";
    assert!(world.waiting(other).await.is_empty());
    assert_eq!(world.look(other, waiting.id, second("2", &[])).await, LookedAt::Unknown);
    let unknown = OutcomeId(uuid::Uuid::nil());
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
    for n in 0..3 {
        world.ended(n, "no-further-action").await;
    }
    world.pass(7 * DAY);
    world.desk().draw().await.expect("draws");
    let waiting = world.waiting("masstt").await;
    let repeated = async || {
        let found = world.over.consistency.repeated().await.expect("reads");
        let told = |(team, found): &(DestinationId, _)| {
            let frontdoor::followup::consistency::Found { theme, times, .. } = found;
            format!("{team} {theme} {times}")
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
    assert_eq!(repeated().await, ["masstt threshold 3"]);
    let day = world.hand.now().date().first_of_month();
    let report = world.over.consistency.since(day).await.expect("reads");
    let masstt = serde_json::to_value(&report.teams[0]).expect("JSON");
    assert_eq!(masstt["second_looks"], json!({"drawn": 3, "looked_at": 3, "agreed": 1}));
    assert_eq!(masstt["themes"][0]["repeated"], false);
    assert_eq!(masstt["themes"][1]["repeated"], true);
    world.pass(91 * DAY);
    assert!(repeated().await.is_empty(), "what was found long ago is another matter");
}
