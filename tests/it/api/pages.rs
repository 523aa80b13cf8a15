//! Pages over HTTP: what they load, and how a person at a browser is told of a problem.

use super::{DUTY, OUT_OF_HOURS, World, problem};

/// As browsers ask for a page.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_person_at_a_browser_is_told_of_a_problem_by_a_page() {
    let world = World::start().await;
    let ask = async |path: &str, accept: &str| {
        let request = world.client.get(format!("{}{path}", world.url)).header("accept", accept);
        request.send().await.unwrap()
    };
    for (path, status, title) in [
        ("/nothing/here", 404, "Page not found"),
        ("/ops", 401, "You are not signed in"),
        ("/assets/nothing.css", 404, "Page not found"),
    ] {
        let page = ask(path, ACCEPT).await;
        assert_eq!(page.status(), status, "{path}");
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        assert_eq!(page.headers()["cache-control"], "no-store", "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'nonce-"), "{path}: {policy}");
        assert_eq!(page.headers().contains_key("www-authenticate"), status == 401, "{path}");
        let text = page.text().await.unwrap();
        for part in [title, "telephone 999", DUTY, OUT_OF_HOURS, "Calderdale Council"] {
            assert!(text.contains(part), "{path}: {part}");
        }
    }
    // Programs are told as ever.
    problem(ask("/nothing/here", "*/*").await, 404, "no-such-address").await;
    problem(ask("/v1/referrals/x", ACCEPT).await, 401, "not-authenticated").await;
}

#[tokio::test]
async fn what_pages_load_may_be_kept_for_ever_and_comes_compressed() {
    let world = World::start().await;
    let page = world.client.get(format!("{}/privacy", world.url)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let text = page.text().await.unwrap();
    let files: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
    for (file, kind) in files.iter().zip(["image/svg+xml", "text/css; charset=utf-8"]) {
        let get = world.client.get(format!("{}{file}", world.url));
        let plain = get.try_clone().expect("no body").send().await.unwrap();
        assert_eq!(plain.status(), 200, "{file}");
        assert_eq!(plain.headers()["content-type"], kind);
        assert_eq!(plain.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(plain.headers()["vary"], "accept-encoding");
        assert!(!plain.headers().contains_key("content-encoding"));
        let plain = plain.bytes().await.unwrap();
        let packed = get.header("accept-encoding", "br, gzip;q=0.5").send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let packed = packed.bytes().await.unwrap();
        let mut unpacked = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(packed.as_ref());
        std::io::Read::read_to_end(&mut reader, &mut unpacked).expect("gzip");
        assert!(unpacked == plain, "{file}: the same when unpacked");
        let get = world.client.get(format!("{}{file}", world.url));
        let refused = get.header("accept-encoding", "gzip;q=0").send().await.unwrap();
        assert!(!refused.headers().contains_key("content-encoding"));
    }
    assert_eq!(files.len(), 3, "picture, styles, script: {files:?}");
}
