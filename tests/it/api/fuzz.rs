//! The OpenAPI document passes a linter, and a schema-driven fuzzer with all its checks on finds
//! nothing that the real gateway does otherwise than documented.

use crate::harness::{Home, http};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Examples of each kind for each operation; the run is bounded and always the same.
const EXAMPLES: &str = "12";
const SEED: &str = "20260114";

fn tool(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin").join(name);
    assert!(path.exists(), "{name} is missing: run scripts/install-missing tools");
    path
}

async fn run(command: &mut Command) {
    let output = command.output().await.expect("the tool runs");
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
}

/// A fuzzer that is turned away everywhere finds nothing either.
async fn got_in(client: &reqwest::Client, url: &str, operations: &str) {
    let metrics = client.get(format!("{url}/metrics")).bearer_auth(operations);
    let told = metrics.send().await.unwrap().text().await.unwrap();
    for (route, method, status) in [
        ("/v1/referrals", "POST", "201"),
        ("/v1/referrals/{reference}", "GET", "200"),
        ("/v1/referrals/{reference}/information", "POST", "200"),
        ("/v1/referrals/{reference}/document", "GET", "200"),
        ("/v1/referrals/{reference}/documents", "GET", "200"),
        ("/v1/referrals/{reference}/acknowledgement", "POST", "200"),
        ("/v1/destinations/{id}/messages", "GET", "200"),
        ("/v1/matches", "GET", "200"),
        ("/v1/withdrawals", "GET", "200"),
        ("/v1/deliveries", "GET", "200"),
        ("/metrics", "GET", "200"),
    ] {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        assert!(told.contains(&labels), "no call to {route} was let in");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linter_and_a_fuzzer_find_no_failure() {
    let home = Home::sqlite().await;
    let agency = home.key("--agency", "school-ridgeway").await;
    let destination = home.key("--destination", "masstt").await;
    let operations = home.key("--operations", "duty").await;
    let gateway = home.start_with(&[("FRONTDOOR__HTTP__RATE_LIMITS", "false")]).await;
    let client = http::client();
    let sent = http::post_referral(&client, &gateway.url, &agency, None, &http::referral(1)).await;
    let (status, receipt) = sent.expect("an answer");
    assert_eq!(status, 201, "{receipt}");
    let reference = receipt["reference"].as_str().expect("a reference");

    let address = format!("{}/v1/openapi.json", gateway.url);
    let document: Value = client.get(&address).send().await.unwrap().json().await.unwrap();
    let file = home.dir.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).expect("written");
    run(Command::new(tool("openapi-spec-validator")).arg(&file)).await;

    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api/schemathesis.toml");
    let fuzzer = &mut Command::new(tool("st"));
    fuzzer
        .arg("--config-file")
        .arg(config)
        .args(["run", &address, "--url", &gateway.url, "--checks", "all", "--no-color"])
        .args(["--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none"])
        .env("FRONTDOOR_TEST_REFERENCE", reference)
        .env("FRONTDOOR_TEST_AGENCY_KEY", &agency)
        .env("FRONTDOOR_TEST_DESTINATION_KEY", &destination)
        .env("FRONTDOOR_TEST_OPERATIONS_KEY", &operations)
        .current_dir(home.dir.path());
    run(fuzzer).await;
    got_in(&client, &gateway.url, &operations).await;
    assert_eq!(gateway.stop().await, Some(0));
}
