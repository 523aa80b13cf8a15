//! Problem documents, and what they lead to.

use super::{Setup, World, problem};
use frontdoor::api::catalogue;
use serde_json::Value;

const CANARY: &str = "Zyxquorvane";

#[tokio::test]
async fn every_unknown_address_and_method_gets_a_problem_document() {
    let world = World::start().await;
    for path in ["/", "/v1", "/v1/nothing", "/v2/referrals", "/v1/referrals/", "/docs/none.js"] {
        let answer = world.get(path, "").send().await.unwrap();
        problem(answer, 404, "no-such-address").await;
    }
    for (method, path, allow) in [
        ("GET", "/v1/referrals", "POST, OPTIONS"),
        ("DELETE", "/v1/referrals/22222-22222", "GET, HEAD, OPTIONS"),
        ("POST", "/v1/destinations/masstt/messages", "GET, OPTIONS"),
        ("HEAD", "/v1/referrals/22222-22222/document", "GET, OPTIONS"),
        ("TRACE", "/health/live", "GET, HEAD, OPTIONS"),
        ("ZYXQUORVANE", "/metrics", "GET, HEAD, OPTIONS"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let head = method == reqwest::Method::HEAD;
        let answer =
            world.client.request(method, format!("{}{path}", world.url)).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], allow, "{path}");
        if head {
            assert_eq!(answer.status(), 405);
        } else {
            problem(answer, 405, "method-not-allowed").await;
        }
        let options = reqwest::Method::OPTIONS;
        let answer =
            world.client.request(options, format!("{}{path}", world.url)).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["allow"]),
            (204, &allow.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_usable_request_id_comes_back_and_another_is_replaced() {
    let world = World::start().await;
    let ask = |id: &str| world.get("/v1/referrals/2", &world.school).header("X-Request-Id", id);
    let uuid = "5f0c2e2e-6d5f-4f3a-8f43-0d8a5b3f7f11";
    let answer = ask(uuid).send().await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], uuid);
    assert_eq!(problem(answer, 404, "not-found").await["instance"], uuid);
    // A token comes back in its header and nowhere else: it may be somebody's name.
    let answer = ask(CANARY).send().await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], CANARY);
    let document = problem(answer, 404, "not-found").await;
    assert!(!document.to_string().contains(CANARY));
    for bad in ["two words", &"x".repeat(65), "a/b"] {
        let answer = ask(bad).send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap();
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
    }
}

#[tokio::test]
async fn no_problem_document_repeats_anything_that_was_sent() {
    let world = World::start().await;
    let url = &world.url;
    let client = &world.client;
    let school = &world.school;
    let calls = [
        client.get(format!("{url}/{CANARY}?{CANARY}={CANARY}")),
        client.get(format!("{url}/v1/referrals/{CANARY}")).bearer_auth(school),
        client.get(format!("{url}/v1/referrals/x")).bearer_auth(CANARY),
        client.get(format!("{url}/v1/referrals/%ff%00{CANARY}")).bearer_auth(school),
        client
            .post(format!("{url}/v1/referrals"))
            .bearer_auth(school)
            .body(CANARY)
            .header("Content-Encoding", CANARY),
        client
            .post(format!("{url}/v1/referrals"))
            .bearer_auth(school)
            .body(CANARY)
            .header("Idempotency-Key", format!("{CANARY} {CANARY}")),
        client
            .post(format!("{url}/v1/referrals/{CANARY}/acknowledgement"))
            .bearer_auth(&world.masstt)
            .body(format!("{{\"name\": 1, \"{CANARY}\": \"{CANARY}\"")),
        client
            .get(format!("{url}/v1/destinations/{CANARY}/messages?limit={CANARY}"))
            .bearer_auth(&world.masstt),
        client
            .get(format!("{url}/v1/destinations/masstt/messages?limit={CANARY}"))
            .bearer_auth(&world.masstt),
        client.get(format!("{url}/v1/deliveries?state={CANARY}")).bearer_auth(&world.operator),
        client.get(format!("{url}/problems/{CANARY}")),
        client.get(format!("{url}/docs/{CANARY}")),
    ];
    for call in calls {
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{answer:?}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let headers = format!("{:?}", answer.headers());
        let text = answer.text().await.unwrap();
        assert!(!text.contains(CANARY) && !headers.contains(CANARY), "{text} {headers}");
    }
}

#[tokio::test]
async fn each_kind_of_problem_has_a_page_and_the_codes_are_one_of_a_kind() {
    let world = World::start().await;
    let mut codes: Vec<_> = catalogue::ALL.iter().map(|kind| kind.code).collect();
    for kind in catalogue::ALL {
        let answer = world.get(&format!("/problems/{}", kind.code), "").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.unwrap();
        assert!(page.contains(kind.code) && page.contains("What to do"), "{page}");
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

#[tokio::test]
async fn https_is_insisted_on_where_it_is_served() {
    let mut setup = Setup::default();
    setup.settings.https = true;
    let world = World::with(setup).await;
    let answer = world.get("/health/live", "").send().await.unwrap();
    assert!(answer.headers().contains_key("strict-transport-security"));
    let live: Value = answer.json().await.unwrap();
    assert_eq!(live["status"], "live");
}
