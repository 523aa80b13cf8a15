//! The pool of workers itself, with the real binary as a worker.

use super::{NOTICE, TABLE, small_adapters};
use frontdoor::adapter::folder;
use frontdoor::adapter::manifest::Decoder;
use frontdoor::workers::{Fate, Job, Made, Piece, Pool, Start};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn pool(memory: u64) -> (Arc<Pool>, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let folders = folder::read_all(&small_adapters(dir.path())).expect("adapters");
    let start = Start {
        program: env!("CARGO_BIN_EXE_frontdoor").into(),
        arguments: vec!["worker".to_owned(), "--memory".to_owned(), memory.to_string()],
        workers: 2,
    };
    let pool = Pool::new(start, folders).unwrap_or_else(|faults| panic!("{faults:?}"));
    (Arc::new(pool), dir)
}

fn job(adapter: &str, decoder: Decoder, body: &str) -> Job {
    let (adapter, agency) = (adapter.to_owned(), "school-ridgeway".to_owned());
    Job { adapter, decoder, agency, body: Arc::new(body.as_bytes().to_vec()) }
}

async fn all(pool: &Arc<Pool>, job: Job) -> Vec<Made> {
    let mut run = pool.begin(job, false).await.expect("a free worker");
    let mut made = Vec::new();
    while let Some(piece) = run.next().await.expect("a worker") {
        match piece {
            Piece::Items(items) => made.extend(items),
            Piece::Refused { code, .. } => panic!("refused: {code}"),
            Piece::Broke => panic!("broke"),
        }
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_comes_back_with_its_provenance() {
    let (pool, _dir) = pool(256 << 20);
    let made = all(&pool, job(NOTICE, Decoder::Json, r#"{"story": "x", "officer": "PC"}"#)).await;
    let [Made { at, fate: Fate::Made { document, provenance, .. }, .. }] = made.as_slice() else {
        panic!("one document");
    };
    assert_eq!((at.as_str(), document["worry"].as_str()), ("", Some("x")));
    assert_eq!(provenance["/worry"], ["/story"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_loops_swells_or_falls_costs_its_own_item_and_bounded_time_and_memory() {
    let (pool, _dir) = pool(256 << 20);
    for word in ["loop", "swell", "fall"] {
        let table = format!("Pupil,Concern\nA,x\nB,{word}\nC,y\n");
        let started = Instant::now();
        let made = all(&pool, job(TABLE, Decoder::Csv, &table)).await;
        let broke: Vec<bool> = made.iter().map(|item| matches!(item.fate, Fate::Broke)).collect();
        assert_eq!(broke, [false, true, false], "{word}");
        assert_eq!(made[1].at, "row 3", "{word}");
        let raw = String::from_utf8_lossy(&made[1].raw);
        assert!(raw.contains(word), "it is known what broke it: {raw}");
        assert!(started.elapsed() < Duration::from_secs(20), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_killed_while_idle_is_replaced_unnoticed() {
    let (pool, _dir) = pool(256 << 20);
    let small = || job(NOTICE, Decoder::Json, r#"{"story": "x"}"#);
    assert_eq!(all(&pool, small()).await.len(), 1);
    let killed = children_of(std::process::id());
    assert!(!killed.is_empty(), "a worker is kept");
    for id in killed {
        let kill = std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }
    assert_eq!(all(&pool, small()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_serves_document_after_document() {
    let (pool, _dir) = pool(256 << 20);
    let small = || job(NOTICE, Decoder::Json, r#"{"story": "x"}"#);
    all(&pool, small()).await;
    let first = children_of(std::process::id());
    all(&pool, small()).await;
    assert_eq!(children_of(std::process::id()), first);
    assert_eq!(first.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_against_a_workers_limit_is_what_it_uses() {
    let (pool, _dir) = pool(256 << 20);
    all(&pool, job(NOTICE, Decoder::Json, r#"{"story": "x"}"#)).await;
    let [worker] = children_of(std::process::id())[..] else { panic!("one worker") };
    let status = std::fs::read_to_string(format!("/proc/{worker}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).expect("Linux");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(kilobytes < 100 << 10, "{kilobytes} kB of 256 MiB, before any large document");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_leave_a_worker_to_documents_that_come_alone() {
    let (pool, _dir) = pool(256 << 20);
    let batch = pool.begin(job(TABLE, Decoder::Csv, "Pupil\nA\n"), true).await;
    let second = pool.begin(job(TABLE, Decoder::Csv, "Pupil\nA\n"), true);
    assert!(tokio::time::timeout(Duration::from_millis(300), second).await.is_err());
    let alone = pool.begin(job(NOTICE, Decoder::Json, "{}"), false).await;
    assert!(batch.is_some() && alone.is_some());
}

/// Our own workers.
fn children_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("Linux");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let after = stat.rsplit(") ").next().unwrap_or_default();
        after.split(' ').nth(1).and_then(|text| text.parse().ok()) == Some(parent)
    })
    .collect()
}
