//! Marked values go in through every route, also as invalid input; afterwards they are looked for
//! in everything the gateway wrote, said or left behind, in clear and encoded (invariants 7 and 8).

mod collector;
pub(crate) mod search;
mod visits;

use crate::harness::{Gateway, Home, Services, http};
use collector::Collector;
use search::Canaries;
use std::path::Path;
use visits::{Keys, Visits};

/// Looks for canaries in what the gateway said: log, metrics, operations page, problems, spans.
async fn search_what_was_said(
    canaries: &Canaries,
    gateway: &Gateway,
    operations: &str,
    said: &[(String, Vec<u8>)],
) {
    let client = http::client();
    let reports = ["/v1/quality/agencies", "/v1/quality/teams", "/v1/alarms"];
    let others = ["/metrics", "/ops", "/health/ready", "/v1/deliveries"];
    let pages = ["flow", "times", "quality", "reconciliation", "deliveries", "board"];
    let pages = pages.map(|page| format!("/ops/{page}"));
    let files = pages.clone().map(|page| format!("{page}?format=csv"));
    let pages = pages.iter().chain(&files).map(String::as_str);
    for path in others.into_iter().chain(reports).chain(pages) {
        let request = client.get(format!("{}{path}", gateway.url)).bearer_auth(operations);
        let answer = request.send().await.expect("an answer");
        let body = answer.bytes().await.expect("a body");
        canaries.assert_absent(path, &body);
    }
    for (what, bytes) in said {
        canaries.assert_absent(what, bytes);
    }
    let log = std::fs::read(&gateway.log).expect("the log");
    canaries.assert_absent("the log", &log);
}

fn search_files(canaries: &Canaries, root: &Path) -> u64 {
    let mut searched = 0;
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let Ok(kind) = path.symlink_metadata() else { continue };
        if kind.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a readable folder");
            left.extend(entries.flatten().map(|entry| entry.path()));
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            canaries.assert_absent(&path.display().to_string(), &bytes);
            searched += bytes.len() as u64;
        }
    }
    searched
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_no_canary_in_postgresql_rabbitmq_logs_spans_metrics_or_problems() {
    let canaries = Canaries::new();
    let services = Services::private().await;
    let collector = Collector::start().await;
    let mut home = Home::full(&services).await;
    home.env.push(("FRONTDOOR__TELEMETRY__OTLP".to_owned(), collector.url.clone()));
    home.env.push(("FRONTDOOR__TELEMETRY__FILTER".to_owned(), "trace".to_owned()));
    let keys = Keys::issue(&home).await;
    let gateway = home.start().await;
    let visits = Visits::make(keys, &gateway, &canaries).await;
    search_what_was_said(&canaries, &gateway, &visits.operations, &visits.said).await;
    let log = gateway.log.clone();
    gateway.stop().await;
    canaries.assert_absent("the log after the end", &std::fs::read(log).expect("the log"));
    let spans = collector.received();
    assert!(!spans.is_empty(), "spans were exported");
    canaries.assert_absent("exported spans", &spans);

    let dump = Path::new(services.variable("FRONTDOOR_TEST_PG_BIN")).join("pg_dump");
    let dump = tokio::process::Command::new(dump).arg(&home.database_url).output().await;
    let dump = dump.expect("pg_dump runs");
    assert!(dump.status.success() && dump.stdout.len() > 10_000);
    canaries.assert_absent("pg_dump", &dump.stdout);
    services.service("postgres", "stop").await;
    services.service("rabbitmq", "stop").await;
    // Data files and write-ahead log; a marked value in clear is found in the same way.
    let searched = search_files(&canaries, Path::new(services.variable("FRONTDOOR_TEST_PG_DATA")));
    assert!(searched > 16 * 1024 * 1024, "the write-ahead log was searched");
    assert!(search_files(&canaries, Path::new(services.variable("FRONTDOOR_TEST_RABBIT_DIR"))) > 0);
    services.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_in_the_sqlite_file_or_its_write_ahead_log() {
    let canaries = Canaries::new();
    let home = Home::sqlite().await;
    let keys = Keys::issue(&home).await;
    let gateway = home.start().await;
    let visits = Visits::make(keys, &gateway, &canaries).await;
    search_what_was_said(&canaries, &gateway, &visits.operations, &visits.said).await;
    // Killed, so that the write-ahead log stays as it is.
    gateway.kill().await;
    let searched = search_files(&canaries, home.dir.path());
    assert!(searched > 10_000);
}
