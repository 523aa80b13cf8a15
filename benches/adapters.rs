//! What each adapter costs: decode, map and validate, beside canonical JSON of about the same
//! size; rows of a table a second on one core; and what a worker process adds. Run with
//! `cargo bench --bench adapters`; it writes `benches/ADAPTERS.md`.
//!
//! Aims: FHIR under four times canonical JSON of the same size, 5,000 rows a second on one core,
//! memory flat with the size of a table, less than a millisecond more for a worker.

use frontdoor::adapter::engine::Adapter;
use frontdoor::adapter::folder;
use frontdoor::adapter::json;
use frontdoor::adapter::manifest::Decoder;
use frontdoor::validation::Validator;
use frontdoor::workers::{Job, Piece, Pool, Start};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CANONICAL: &str = "examples/referrals/02-sexual-exploitation.json";
/// The example of each adapter that is measured, and its decoder.
const MEASURED: [(&str, &str, Decoder); 8] = [
    ("health-fhir", "paediatric-full.in.json", Decoder::Fhir),
    ("health-hl7v2", "three-children.in.hl7", Decoder::Hl7v2),
    ("police-ppn", "domestic.in.xml", Decoder::Xml),
    ("police-ppn", "withheld-address.in.json", Decoder::Json),
    ("school-csv", "ridgeway-export.in.csv", Decoder::Csv),
    ("voluntary-csv", "kindred-sheet.in.csv", Decoder::Csv),
    ("housing-json", "repairs-visit.in.json", Decoder::Json),
    ("local-authority-json", "care-order-placed-here.in.json", Decoder::Json),
];
const EACH: Duration = Duration::from_secs(2);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn adapter(name: &str) -> Adapter {
    let folder = folder::read_one(&root().join("adapters"), name).expect("a shipped adapter");
    Adapter::read(&folder).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Seconds of one call, the fastest quarter's mean of two seconds' calls.
fn seconds(mut call: impl FnMut()) -> f64 {
    let (started, mut all) = (Instant::now(), Vec::new());
    while started.elapsed() < EACH {
        let one = Instant::now();
        call();
        all.push(one.elapsed().as_secs_f64());
    }
    all.sort_by(f64::total_cmp);
    let fast = &all[..all.len().div_ceil(4)];
    fast.iter().sum::<f64>() / fast.len() as f64
}

/// Whose columns the measured sheets have; other formats have none.
fn agency(adapter: &Adapter) -> Option<&'static str> {
    match adapter.manifest.kind.as_str() {
        "school" => Some("school-ridgeway"),
        "voluntary" => Some("voluntary-kindred"),
        _ => None,
    }
}

/// Items that were decoded, mapped and validated; some of a sheet are refused by then.
fn through(adapter: &Adapter, validator: &Validator, decoder: Decoder, body: &[u8]) -> usize {
    let items = adapter.items(decoder, body, agency(adapter)).expect("it decodes");
    let made = items.map(|item| adapter.make(&item.decoded.expect("an item")).expect("is made"));
    let valid = made.map(|made| validator.validate(made.document));
    let all: Vec<bool> = valid.map(|one| one.is_ok()).collect();
    assert!(all.contains(&true), "nothing came through");
    all.len()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let validator = Validator::new();
    let canonical = std::fs::read(root().join(CANONICAL)).expect("the example");
    let raw = seconds(|| {
        let document = json::read(&canonical).expect("JSON");
        validator.validate(document).expect("accepted");
    });
    let read = seconds(|| drop(json::read(&canonical)));
    let per_byte = raw / canonical.len() as f64;
    let mut out = String::from(
        "# What adapters cost\n\nWritten by `cargo bench --bench adapters`: decode, map and \
         validate, on one core, the fastest quarter of two seconds' calls. The last column \
         compares with canonical JSON of as many bytes.\n\n\
         | adapter | example | bytes | items | µs an item | of it to decode | items a second | \
         × canonical JSON |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut row =
        |name: &str, file: &str, bytes: usize, items: usize, (took, decode): (f64, f64)| {
            let (each, times) = (took / items as f64, took / (per_byte * bytes as f64));
            let _ = writeln!(
                out,
                "| {name} | {file} | {bytes} | {items} | {:.1} | {:.1} | {:.0} | {times:.1} |",
                each * 1e6,
                decode / items as f64 * 1e6,
                1.0 / each
            );
        };
    row("canonical JSON", "02-sexual-exploitation.json", canonical.len(), 1, (raw, read));
    for (name, file, decoder) in MEASURED {
        let adapter = adapter(name);
        let file_path = root().join("adapters").join(name).join("examples").join(file);
        let body = std::fs::read(file_path).expect("the example");
        let items = through(&adapter, &validator, decoder, &body);
        let took = seconds(|| {
            through(&adapter, &validator, decoder, &body);
        });
        let decode = seconds(|| {
            adapter.items(decoder, &body, agency(&adapter)).expect("it decodes").for_each(drop);
        });
        row(name, file, body.len(), items, (took, decode));
    }
    out.push_str(
        "\nAims: FHIR under 4 × canonical JSON, 5,000 rows of a table a second, memory flat, less \
         than 1 ms more in a worker. What is missed is missed by the maps: jaq interprets them.\n",
    );
    let _ = writeln!(out, "\n{}\n{}", table(&validator), worker(&validator).await);
    eprintln!("{out}");
    std::fs::write(root().join("benches/ADAPTERS.md"), out).expect("written");
}

/// A table of `rows` rows like those of the measured example.
fn large(rows: usize) -> Vec<u8> {
    let path = root().join("adapters/school-csv/examples/ridgeway-export.in.csv");
    let text = String::from_utf8(std::fs::read(path).expect("the example")).expect("UTF-8");
    let (head, body) = text.split_once('\n').expect("a header");
    let lines = body.lines().cycle().take(rows);
    lines.fold(format!("{head}\n"), |out, line| out + line + "\r\n").into_bytes()
}

/// Rows a second and the most memory, of a small table and one twenty times its size.
fn table(validator: &Validator) -> String {
    let adapter = adapter("school-csv");
    let mut told = String::new();
    for rows in [500, 10_000] {
        let body = large(rows);
        let before = resident();
        let (started, items) = (Instant::now(), through(&adapter, validator, Decoder::Csv, &body));
        let took = started.elapsed().as_secs_f64();
        let grown = resident().saturating_sub(before);
        let _ = writeln!(
            told,
            "A table of {items} rows ({} KB): {:.0} rows a second; memory grew by {grown} KB \
             beside the table itself. Aim: 5,000 rows a second, flat.\n",
            body.len() / 1024,
            items as f64 / took
        );
    }
    told
}

/// What a worker process adds to the median of one document.
async fn worker(validator: &Validator) -> String {
    let folders = folder::read_all(&root().join("adapters")).expect("the adapters");
    let arguments = ["worker", "--memory", "268435456"].map(str::to_owned).to_vec();
    let program = env!("CARGO_BIN_EXE_frontdoor").into();
    let pool = Pool::new(Start { program, arguments, workers: 2 }, folders);
    let pool = Arc::new(pool.unwrap_or_else(|faults| panic!("{faults:?}")));
    let (name, file, decoder) = MEASURED[0];
    let path = root().join("adapters").join(name).join("examples").join(file);
    let body = Arc::new(std::fs::read(path).expect("the example"));
    let adapter = adapter(name);
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for n in 0..600 {
        let started = Instant::now();
        through(&adapter, validator, decoder, &body);
        let alone = started.elapsed();
        let (agency, adapter) = ("x".to_owned(), name.to_owned());
        let job = Job { adapter, decoder, agency, body: body.clone() };
        let started = Instant::now();
        let mut run = pool.begin(job, false).await.expect("a worker");
        while let Some(piece) = run.next().await.expect("a worker") {
            if let Piece::Items(items) = piece {
                assert_eq!(items.len(), 1);
            }
        }
        // The first calls start the process and warm it.
        if n >= 100 {
            here.push(alone.as_secs_f64());
            there.push(started.elapsed().as_secs_f64());
        }
    }
    here.sort_by(f64::total_cmp);
    there.sort_by(f64::total_cmp);
    let middle = |all: &[f64]| all[all.len() / 2] * 1e3;
    format!(
        "In a worker process the median of {file} is {:.2} ms, in this process {:.2} ms (with \
         validation): {:.2} ms more. Aim: less than 1 ms.",
        middle(&there),
        middle(&here),
        middle(&there) - middle(&here)
    )
}

/// Kilobytes that this process has resident.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or_default()
}
