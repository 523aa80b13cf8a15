//! `/v1/deliveries`, `/health`, `/metrics` and `/ops`.

use super::{Setup, World, delivery, problem};
use frontdoor::access::{Owner, OwnerKind};
use frontdoor::store::DeliveryState;
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn deliveries_come_in_pages_and_by_state() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    {
        let mut referrals = world.store.referrals.lock().unwrap();
        let stored = referrals.get_mut(&reference).expect("stored");
        let id = stored.row.id;
        let more = [2, 3].map(|number| delivery(id, "panel", number, DeliveryState::Failing));
        stored.deliveries.extend(more);
    }
    let read = async |query: String| {
        let path = format!("/v1/deliveries{query}");
        let answer = world.get(&path, &world.operator).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()
    };
    let first = read("?limit=2".to_owned()).await;
    assert_eq!(first["deliveries"].as_array().expect("a list").len(), 2);
    let next = first["next"].as_str().expect("a next page").to_owned();
    let second = read(format!("?limit=2&after={next}")).await;
    assert_eq!(second["deliveries"].as_array().expect("a list").len(), 1);
    assert_eq!(second["next"], Value::Null);
    let failing = read("?state=delivery-failing".to_owned()).await;
    let rows = failing["deliveries"].as_array().expect("a list");
    assert!(rows.len() == 2 && rows.iter().all(|row| row["state"] == "delivery-failing"));
    for query in ["?state=lost", "?after=x", "?limit=501"] {
        let path = format!("/v1/deliveries{query}");
        let answer = world.get(&path, &world.operator).send().await.unwrap();
        problem(answer, 400, "parameter").await;
    }
}

#[tokio::test]
async fn a_failing_message_is_redriven_by_operators_only_and_once() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let row = {
        let mut referrals = world.store.referrals.lock().unwrap();
        let stored = referrals.get_mut(&reference).expect("stored");
        let row = delivery(stored.row.id, "panel", 2, DeliveryState::Failing);
        stored.deliveries.push(row.clone());
        row
    };
    let path = format!("/v1/deliveries/{}/redrive", row.id);
    for key in [&world.school, ""] {
        let answer = world.post(&path, key).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 401 | 403), "{}", answer.status());
    }
    let answer = world.post(&path, &world.operator).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told, json!({"id": row.id.to_string(), "state": "delivering"}));
    let audited = world.store.audited.lock().unwrap().clone();
    let [(_, event)] = audited.as_slice() else { panic!("{audited:?}") };
    assert_eq!(event.kind, "delivery.redriven");
    assert_eq!(event.detail, Some(row.id.to_string()));
    let again = world.post(&path, &world.operator).send().await.unwrap();
    problem(again, 409, "not-failing").await;
    for id in ["00000000-0000-7000-8000-000000000000", "nothing"] {
        let path = format!("/v1/deliveries/{id}/redrive");
        let unknown = world.post(&path, &world.operator).send().await.unwrap();
        problem(unknown, 404, "not-found").await;
    }
}

#[tokio::test]
async fn ready_means_that_submissions_can_be_taken() {
    let world = World::start().await;
    let ready = || async {
        let answer = world.client.get(format!("{}/health/ready", world.url)).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    let checks = |store: &str, broker: &str, lane: &str| -> Value {
        json!({"store": store, "broker": broker, "lane": lane})
    };
    let (status, body) = ready().await;
    assert_eq!((status, body["status"].as_str()), (200, Some("ready")));
    assert_eq!(body["checks"], checks("up", "up", "up"));
    world.vitals.broker.store(false, Ordering::SeqCst);
    let (status, body) = ready().await;
    assert_eq!((status, body["status"].as_str()), (200, Some("degraded")));
    world.vitals.lane.store(false, Ordering::SeqCst);
    let (status, body) = ready().await;
    assert_eq!((status, body["status"].as_str()), (503, Some("not-ready")));
    world.vitals.lane.store(true, Ordering::SeqCst);
    // The store is asked once a second.
    world.store.down.store(true, Ordering::SeqCst);
    let (status, _) = ready().await;
    assert_eq!(status, 200);
    world.env.pass(1);
    let (status, body) = ready().await;
    assert_eq!(status, 503);
    assert_eq!(body["checks"], checks("down", "down", "up"));
    let live = world.client.get(format!("{}/health/live", world.url)).send().await.unwrap();
    assert_eq!(live.status(), 200);
}

#[tokio::test]
async fn metrics_are_for_operations_and_open_in_a_demonstration() {
    let world = World::start().await;
    let stranger = world.client.get(format!("{}/metrics", world.url)).send().await.unwrap();
    let told = problem(stranger, 401, "not-authenticated").await;
    assert!(told["detail"].as_str().unwrap().contains("keys issue --operations"), "{told}");
    for key in [&world.school, &world.masstt] {
        problem(world.get("/metrics", key).send().await.unwrap(), 403, "not-permitted").await;
    }
    let metrics = world.get("/metrics", &world.operator).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let mut setup = Setup::default();
    setup.access.ops_open = true;
    let world = World::with(setup).await;
    let metrics = world.client.get(format!("{}/metrics", world.url)).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
}

#[tokio::test]
async fn the_operations_page_shows_numbers_to_operators_only() {
    let world = World::start().await;
    let url = format!("{}/ops", world.url);
    let stranger = world.client.get(&url).send().await.unwrap();
    let challenge = stranger.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Basic "), "{challenge}");
    problem(stranger, 401, "not-authenticated").await;
    let agency = world.client.get(&url).basic_auth("x", Some(&world.school)).send().await.unwrap();
    assert_eq!(agency.status(), 401);
    let bearer = world.get("/ops", &world.operator).send().await.unwrap();
    assert_eq!(bearer.status(), 200);
    let page = world.client.get(&url).basic_auth("x", Some(&world.operator)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let text = page.text().await.unwrap();
    for part in [
        "<noscript><p>They stay as they are. <a class=\"govuk-link\" href=\"/ops\">",
        "<dd id=\"waiting\">17</dd>",
        "<dd id=\"lag\">10 min</dd>",
        "<th scope=\"row\">school</th><td class=\"n\">3</td>",
        "<td>immediate</td><td>delivery-failing</td>",
        "<p id=\"no-channel\" class=\"state lost\" role=\"status\" hidden>",
        "<p id=\"unsent\" class=\"state lost\" role=\"status\">",
        "<th scope=\"row\">role:duty-manager</th><td>failing</td>\n<td>unreachable</td>\n\
         <td class=\"n\">4</td><td class=\"n\">10 min</td>",
        "Calderdale Council",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("http://") && !text.contains("https://"));
    let nonce = policy.split("script-src 'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
    let nonce = nonce.expect("a nonce");
    assert!(text.contains(&format!("<script nonce=\"{nonce}\">")), "{policy}");
    let again = world.get("/ops", &world.operator).send().await.unwrap();
    assert!(!again.headers()["content-security-policy"].to_str().unwrap().contains(nonce));
}

#[tokio::test]
async fn the_live_numbers_are_read_once_for_all_viewers() {
    let mut setup = Setup::default();
    setup.access.ops_open = true;
    let world = World::with(setup).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let url = format!("{}/ops/live", world.url);
        let answer = world.client.get(url).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        streams.push(answer.bytes_stream());
    }
    for stream in &mut streams {
        let event = stream.next().await.expect("an event").expect("whole");
        let event = String::from_utf8(event.to_vec()).expect("UTF-8");
        let json = event.strip_prefix("data: ").expect("data").trim();
        let snapshot: Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(snapshot["outbox_waiting"], 17);
        assert_eq!(snapshot["refusals"][0]["oldest"], 600);
    }
    assert_eq!(world.store.overviews.load(Ordering::SeqCst), 1);
    // A store that is down does not take the page down: its numbers tell their age.
    world.store.down.store(true, Ordering::SeqCst);
    world.env.pass(120);
    let page = world.client.get(format!("{}/ops", world.url)).send().await.unwrap();
    let text = page.text().await.unwrap();
    assert!(text.contains("data-as-of=\"2026-01-14T10:30:00.000Z\""));
    assert!(text.contains("data-now=\"2026-01-14T10:32:00.000Z\""));
}

#[tokio::test]
async fn problems_are_counted_for_each_agency_and_routes_by_their_pattern() {
    // One recorder serves the whole test binary, so only this test's own labels are looked at.
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder();
    let recorder = recorder.expect("the only recorder");
    let world = World::start().await;
    let owner = Owner::new(OwnerKind::Agency, "closed");
    let closed = world.access.issue(&owner, None).await.expect("issued");
    let canary = "/v1/referrals/Zyxquorvane/information?Zyxquorvane";
    for path in ["/v1/referrals", canary] {
        let answer = world.post(path, closed.reveal()).body("{}").send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
    let owner = Owner::new(OwnerKind::Operations, "Zyxquorvane");
    let operator = world.access.issue(&owner, None).await.expect("issued");
    let answer = world.get("/v1/referrals/2", operator.reveal()).send().await.unwrap();
    problem(answer, 403, "not-permitted").await;
    let told = recorder.render();
    assert!(told.contains("agency=\"operations\",code=\"not-permitted\""), "{told}");
    let counted = "frontdoor_problems_total{agency=\"closed\",code=\"not-permitted\"} ";
    let count: u32 = told
        .lines()
        .find_map(|line| line.strip_prefix(counted))
        .and_then(|count| count.parse().ok())
        .expect("counted");
    assert!(count >= 2, "{told}");
    let route = "route=\"/v1/referrals/{reference}/information\",method=\"POST\",status=\"403\"";
    assert!(told.contains(route), "{told}");
    assert!(!told.contains("Zyxquorvane"), "{told}");
}
