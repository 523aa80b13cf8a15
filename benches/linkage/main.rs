//! Linkage at scale on PostgreSQL: the same referrals against populations of several sizes.
//!
//!     scripts/with-services cargo bench --bench linkage -- REFERRALS TRUTH PEOPLE.csv...
//!
//! Each file of people is imported into a database of its own by the real command; then the
//! referrals are looked up, compared and decided, alone, in batches and through the whole lane,
//! in a process of its own, so that its memory can be told. Prints a table, and writes it to
//! `benches/LINKAGE.md`. `population.py` makes the files.

#![expect(unreachable_pub, reason = "in one binary `pub` speaks to its own modules")]

mod home;
mod lane;
mod measure;

use anyhow::{Context, Result};
use measure::Measured;
use std::fmt::Write as _;

/// A figure of one population: its name, how it is told, and its aim.
type Line = (&'static str, fn(&Measured) -> String, &'static str);

const LINES: [Line; 14] = [
    ("people", |m| m.people.to_string(), ""),
    ("imported per second", |m| format!("{:.0}", m.imported_per_second), "≥ 5,000"),
    ("candidates of a referral, mean", |m| format!("{:.1}", m.candidates), ""),
    ("one referral, p50", |m| format!("{:.2} ms", m.p50), "< 2 ms"),
    ("one referral, p99", |m| format!("{:.2} ms", m.p99), "< 5 ms"),
    ("of which look-up, p50", |m| format!("{:.2} ms", m.lookup_p50), ""),
    ("of which look-up, p99", |m| format!("{:.2} ms", m.lookup_p99), ""),
    ("in batches of 256, one at a time", |m| format!("{:.0}/s", m.batches_alone), ""),
    ("in batches of 256, two at once", |m| format!("{:.0}/s", m.batches), "≥ 1,000/s"),
    ("through the whole lane", |m| format!("{:.0}/s", m.lane), ""),
    ("recall@1", |m| format!("{:.4}", m.recall), "drop ≤ 0.02"),
    ("a true record among the candidates", |m| format!("{:.4}", m.reached), ""),
    ("greatest resident memory, linking", |m| format!("{:.0} MB", m.memory), "as with few"),
    ("greatest resident memory, import", |m| format!("{:.0} MB", m.import_memory), "as with few"),
];

fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match given.as_slice() {
        ["measure", url, key, referrals, truth] => measure::run(url, key, referrals, truth),
        [referrals, truth, people @ ..] if !people.is_empty() => compare(referrals, truth, people),
        _ => {
            eprintln!("linkage at scale wants REFERRALS TRUTH PEOPLE...: nothing is measured");
            Ok(())
        }
    }
}

fn compare(referrals: &str, truth: &str, people: &[&str]) -> Result<()> {
    let mut all: Vec<Measured> = Vec::new();
    for (number, file) in people.iter().enumerate() {
        let home = home::Home::new(number)?;
        let imported = home.import(file)?;
        let mut measured = home.measure(referrals, truth)?;
        (measured.imported_per_second, measured.import_memory) = imported;
        eprintln!("{measured:?}");
        all.push(measured);
    }
    let mut out = String::new();
    for (name, told, aim) in LINES {
        let cells: Vec<String> = all.iter().map(told).collect();
        writeln!(out, "| {name} | {} | {aim} |", cells.join(" | "))?;
    }
    let (first, last) = (all.first().context("some")?, all.last().context("some")?);
    let blanks = " | ".repeat(all.len());
    let ratio = last.p50 / first.p50;
    writeln!(out, "| p50, last population ÷ first | {ratio:.2}{blanks}| ≤ 2 |")?;
    let ratio = first.batches / last.batches;
    writeln!(out, "| time in batches, last ÷ first | {ratio:.2}{blanks}| ≤ 2 |")?;
    let head =
        format!("| what |{}aim |\n|---|{}---|\n", " |".repeat(all.len()), "---|".repeat(all.len()));
    let text = format!(
        "# Linkage at scale\n\nWritten by `scripts/with-services cargo bench --bench linkage -- \
         REFERRALS TRUTH PEOPLE...`, all in one run on {} processors: PostgreSQL private to it, \
         people loaded by `frontdoor people import` into an empty database, a vacuum and a \
         checkpoint, then {} referrals, each looked up, opened, compared and \
         decided.\n\n{head}{out}",
        std::thread::available_parallelism()?,
        first.referrals,
    );
    eprintln!("{text}");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/LINKAGE.md");
    std::fs::write(file, text)?;
    Ok(())
}
