//! How old the authority's own records are, wherever history is shown.

use super::World;
use frontdoor::domain::Timestamp;
use frontdoor::followup::feeds::Feeds;
use frontdoor::store::keys::KeyRing;
use serde_json::{Value, json};

/// The referral of these tests came at this time.
const CAME: Timestamp = Timestamp(1_768_386_600_000_000);

/// Notes files whose newest statements were true so many hours before the referral came, and that
/// were loaded an hour after that.
fn load(world: &World, hours_before: &[i64]) {
    let mut feeds = Feeds::default();
    for hours in hours_before {
        let as_of = CAME.plus_seconds(-hours * 3_600);
        feeds.loaded("lcs", as_of, as_of.plus_seconds(3_600));
    }
    let (name, note) = feeds.note(&KeyRing::for_tests(5), &*world.env);
    world.store.notes.lock().unwrap().insert(name.to_owned(), note.expect("a note"));
}

async fn document(world: &World, key: &str) -> Value {
    let reference = world.store_referral(1);
    let path = format!("/v1/referrals/{reference}/document");
    let answer = world.get(&path, key).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_document_states_how_old_the_history_in_it_was_when_the_referral_came() {
    for (hours, as_of, stale) in [
        // The last was loaded after the decision, which knew nothing of it.
        (&[60, 30, -2][..], json!(CAME.plus_seconds(-30 * 3_600)), false),
        (&[60, 37], json!(CAME.plus_seconds(-37 * 3_600)), true),
        (&[-2], Value::Null, true),
    ] {
        let world = World::start().await;
        load(&world, hours);
        let seen = document(&world, &world.masstt).await;
        let expected = json!({
            "sources": [{"source": "lcs", "as_of": as_of, "stale": stale}],
            "stale": stale,
        });
        assert_eq!(seen["history"], expected, "{hours:?}");
    }
}

#[tokio::test]
async fn who_sees_no_history_is_told_nothing_of_its_age() {
    let world = World::start().await;
    load(&world, &[30]);
    let reference = world.store_referral(1);
    {
        let mut referrals = world.store.referrals.lock().unwrap();
        let stored = referrals.get_mut(&reference).expect("stored");
        let to_panel =
            super::delivery(stored.row.id, "panel", 2, frontdoor::store::DeliveryState::Delivered);
        stored.deliveries.push(to_panel);
    }
    let path = format!("/v1/referrals/{reference}/document");
    let seen: Value = world.get(&path, &world.panel).send().await.unwrap().json().await.unwrap();
    assert!(seen.get("history").is_none(), "{seen}");
}

#[tokio::test]
async fn a_stale_feed_is_a_warning_and_no_failure_and_shows_on_the_operations_page() {
    let world = World::start().await;
    let ready = async || -> Value {
        let answer = world.client.get(format!("{}/health/ready", world.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    };
    let page =
        async || world.get("/ops", &world.operator).send().await.unwrap().text().await.unwrap();
    let hidden = "id=\"stale\" class=\"state lost\" role=\"status\" hidden";
    load(&world, &[1]);
    assert_eq!(ready().await["warnings"], Value::Null);
    let seen = page().await;
    assert!(seen.contains("<td>current</td>") && seen.contains(hidden), "{seen}");
    world.env.pass(37 * 3_600);
    let seen = ready().await;
    assert_eq!((&seen["status"], &seen["warnings"]), (&json!("ready"), &json!(["feed-stale"])));
    let seen = page().await;
    assert!(seen.contains("<td>stale</td>") && !seen.contains(hidden), "{seen}");
}

#[tokio::test]
async fn a_named_system_of_which_nothing_was_loaded_alarms_and_is_stated() {
    let world = World::start().await;
    let ready = world.client.get(format!("{}/health/ready", world.url)).send().await.unwrap();
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["warnings"], json!(["feed-stale"]));
    let page = world.get("/ops", &world.operator).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("never loaded") && page.contains("<td>stale</td>"), "{page}");
    let seen = document(&world, &world.masstt).await;
    let lcs = json!({"source": "lcs", "as_of": null, "stale": true});
    assert_eq!(seen["history"], json!({"sources": [lcs], "stale": true}));
}
