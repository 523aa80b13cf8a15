//! Pages as people meet them: a real browser, in every view, with and without JavaScript.
//!
//! `drive.mjs` opens each page of a table and says what is wrong with it: an accessibility rule
//! that axe finds broken, a page that scrolls sideways, a request to anyone else, an error on the
//! console, something that the page's own policy stops, or too much weight. Screenshots are kept
//! under `target/screenshots/`, to be looked at.

mod broken;
mod journeys;
mod samples;

use crate::harness::{Gateway, Home};
use crate::pages::front;
use frontdoor::web::samples::{self as all_samples, Sample};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

/// One page to open.
#[derive(Serialize)]
struct Page {
    name: String,
    url: String,
    /// What it is answered with.
    status: u16,
    /// For pages that ask for a key of operations.
    password: Option<String>,
}

/// What was seen of one page in one view.
#[derive(Debug, Deserialize)]
struct Seen {
    page: String,
    /// `all` for what was seen while the page loaded.
    view: String,
    /// Whether JavaScript ran.
    script: bool,
    bytes: u64,
    faults: Vec<String>,
}

/// The pages of a running gateway; each piece of the front end adds its own.
fn of_gateway(gateway: &Gateway, operator: &str) -> Vec<Page> {
    let page = |name: &str, path: &str, status, password: Option<&str>| Page {
        name: name.to_owned(),
        url: format!("{}{path}", gateway.url),
        status,
        password: password.map(str::to_owned),
    };
    vec![
        page("gateway-ops", "/ops", 200, Some(operator)),
        page("gateway-ops-refused", "/ops", 401, Some("nobody's key")),
        page("gateway-not-found", "/nothing/here", 404, None),
        // Operations: days gone by.
        page("gateway-ops-flow", "/ops/flow", 200, Some(operator)),
        page("gateway-ops-times", "/ops/times?days=28", 200, Some(operator)),
        page("gateway-ops-quality", "/ops/quality", 200, Some(operator)),
        page("gateway-ops-reconciliation", "/ops/reconciliation?days=1", 200, Some(operator)),
        page("gateway-ops-deliveries", "/ops/deliveries", 200, Some(operator)),
        page("gateway-ops-board", "/ops/board?month=2026-01", 200, Some(operator)),
    ]
}

/// Every template in every state.
fn of_samples(url: &str) -> Vec<Page> {
    let front = front();
    let page = |sample: &Sample| Page {
        name: sample.name.to_owned(),
        url: format!("{url}/samples/{}", sample.name),
        status: sample.answer(&front).status().as_u16(),
        password: None,
    };
    all_samples::all().map(page).collect()
}

/// Browsers may take so long for all pages together.
const LIMIT: Duration = Duration::from_secs(400);

/// Opens them all; panics when the driver itself fails.
async fn look_at(pages: Vec<Page>, screenshots: &str) -> Vec<Seen> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plan = serde_json::json!({
        "chromium": chromium(),
        "screenshots": root.join("target").join(screenshots),
        "pages": pages,
    });
    run("drive.mjs", &plan).await
}

/// Runs one of the drivers beside this file; its report.
async fn run<T: DeserializeOwned>(driver: &str, plan: &serde_json::Value) -> Vec<T> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("plan.json");
    std::fs::write(&file, plan.to_string()).expect("written");
    let mut node = Command::new("node");
    node.arg(root.join("tests/it/browser").join(driver)).arg(&file);
    node.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, node.output()).await;
    let output = output.expect("in time").expect("node runs: scripts/install-missing front-end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a report")
}

/// Debian's, by the name it has there.
fn chromium() -> PathBuf {
    let folders = std::env::var_os("PATH").expect("a path");
    std::env::split_paths(&folders)
        .map(|folder| folder.join("chromium"))
        .find(|path| path.exists())
        .expect("chromium is installed: scripts/install-missing browser")
}

#[tokio::test]
async fn no_page_in_any_state_has_a_fault_that_a_browser_can_see() {
    let home = Home::sqlite().await;
    let operator = home.key("--operations", "browser").await;
    let gateway = home.start().await;
    let served = samples::serve(Arc::new(front()));
    let mut pages = of_gateway(&gateway, &operator);
    pages.extend(of_samples(&served));
    let count = pages.len();
    let seen = look_at(pages, "screenshots").await;
    gateway.stop().await;
    let faults: Vec<String> = seen.iter().flat_map(told).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    assert_eq!(seen.len(), count * 6, "each in three views, with and without JavaScript");
    assert!(seen.iter().all(|seen| seen.bytes > 1_000), "pages are weighed: {seen:?}");
}

/// The faults of one page, each with where it was seen.
fn told(seen: &Seen) -> Vec<String> {
    let Seen { page, view, script, .. } = seen;
    let script = if *script { "" } else { ", without JavaScript" };
    seen.faults.iter().map(|fault| format!("{page} ({view}{script}): {fault}")).collect()
}
