use super::each_line;
use super::example::{Outcome, outcome};
use super::{Ended, Result, names, open, say};
use crate::adapter::engine::Adapter;
use crate::adapter::leftover::Coverage;
use anyhow::Context;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Run examples.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// Only this adapter.
    name: Option<String>,
    /// Write the expected result where an example has none; read what is written.
    #[arg(long)]
    write_missing: bool,
    /// Name every field and what became of it.
    #[arg(long)]
    fields: bool,
    /// Leave out each line of the map in turn: some example must fail. With a number, only every
    /// so many lines. Best with a release build.
    #[arg(long, num_args = 0..=1, default_missing_value = "1", value_name = "STEP")]
    each_line: Option<usize>,
}

impl Test {
    pub(super) fn run(self, dir: &Path) -> Result {
        let all = match &self.name {
            Some(name) => vec![name.clone()],
            None => names(dir)?,
        };
        let mut failed = 0;
        for name in &all {
            failed += self.one(dir, name)?;
        }
        if failed == 0 {
            return Ok(());
        }
        say(format!("{failed} faults."));
        Err(Ended::Findings)
    }

    /// How many examples of one adapter fail.
    fn one(&self, dir: &Path, name: &str) -> Result<usize> {
        let (_, adapter) = open(dir, name)?;
        let examples = examples(&dir.join(name).join("examples"))?;
        let (mut failed, mut coverage) = (0, Coverage::default());
        for example in &examples {
            let (outcome, wrong) = self.example(&adapter, example)?;
            let one = outcome.coverage(&adapter);
            coverage.mapped.extend(one.mapped);
            coverage.noted.extend(one.noted);
            coverage.ignored.extend(one.ignored);
            if let Some(wrong) = wrong {
                failed += 1;
                say(format!("{name}/{}: FAILS\n{wrong}", example.name));
            }
        }
        say(format!("{name}: {} examples, {failed} failing", examples.len()));
        if examples.is_empty() {
            failed += 1;
            say("  an adapter without examples is not tested: add examples/NAME.in.EXT");
        }
        self.tell(&coverage);
        if let Some(step) = self.each_line.filter(|_| failed == 0) {
            failed += each_line::needless(dir, name, step)?.len();
        }
        Ok(failed)
    }

    fn tell(&self, coverage: &Coverage) {
        // A field may be mapped in one example and noted in another: it counts as mapped.
        let noted = coverage.noted.difference(&coverage.mapped);
        let noted: Vec<&str> = noted.map(String::as_str).collect();
        let (mapped, ignored) = (coverage.mapped.len(), coverage.ignored.len());
        let notes = noted.len();
        say(format!("  fields: {mapped} mapped, {notes} carried as notes, {ignored} ignored"));
        if self.fields {
            let all = |fields: Vec<&str>| fields.join("\n    ");
            say(format!(
                "  mapped\n    {}",
                all(coverage.mapped.iter().map(String::as_str).collect())
            ));
            say(format!("  carried as notes\n    {}", all(noted)));
            say(format!(
                "  ignored\n    {}",
                all(coverage.ignored.iter().map(String::as_str).collect())
            ));
        }
    }

    /// What an example becomes, and what is wrong with that.
    fn example(&self, adapter: &Adapter, example: &Example) -> Result<(Outcome, Option<String>)> {
        let reads =
            adapter.manifest.reads.iter().find(|reads| reads.extension == example.extension);
        let reads = reads.with_context(|| {
            format!("no [[reads]] of the manifest has the extension {}", example.extension)
        })?;
        let bytes = std::fs::read(&example.input)?;
        let outcome = outcome(adapter, reads.decoder, &bytes, example.agency.as_deref());
        let got = outcome.told();
        let kind = if outcome.is_refused() { "problem" } else { "expected" };
        let file = example.input.with_file_name(format!("{}.{kind}.json", example.name));
        let other = if outcome.is_refused() { "expected" } else { "problem" };
        let other = example.input.with_file_name(format!("{}.{other}.json", example.name));
        if other.exists() {
            let text = format!("  it should be as {} says, and is\n{got:#}", other.display());
            return Ok((outcome, Some(text)));
        }
        if !file.exists() && self.write_missing {
            std::fs::write(&file, format!("{got:#}\n"))?;
            say(format!("  wrote {}", file.display()));
        }
        if !file.exists() {
            let text = format!("  there is no {}; it becomes\n{got:#}", file.display());
            return Ok((outcome, Some(text)));
        }
        let expected: Value = serde_json::from_slice(&std::fs::read(&file)?)
            .with_context(|| format!("{} is not JSON", file.display()))?;
        let differences = differences(&expected, &got);
        Ok((outcome, (!differences.is_empty()).then(|| differences.join("\n"))))
    }
}

struct Example {
    name: String,
    input: PathBuf,
    extension: String,
    agency: Option<String>,
}

fn examples(dir: &Path) -> anyhow::Result<Vec<Example>> {
    let mut examples = BTreeMap::new();
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("there is no {}", dir.display()))?;
    for entry in entries {
        let input = entry?.path();
        let file = input.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some((name, extension)) = file.split_once(".in.") {
            let agency = std::fs::read_to_string(dir.join(format!("{name}.agency"))).ok();
            let agency = agency.map(|agency| agency.trim().to_owned());
            let (name, extension) = (name.to_owned(), extension.to_owned());
            examples.insert(file.to_owned(), Example { name, input, extension, agency });
        }
    }
    Ok(examples.into_values().collect())
}

/// Where two results differ, a line for each place.
fn differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, got, &mut found);
    found
}

fn compare(at: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                compare(
                    &format!("{at}/{key}"),
                    value,
                    right.get(key).unwrap_or(&Value::Null),
                    found,
                );
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                compare(&format!("{at}/{key}"), &Value::Null, value, found);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for index in 0..left.len().max(right.len()) {
                let one = |list: &[Value]| list.get(index).cloned().unwrap_or_default();
                compare(&format!("{at}/{index}"), &one(left), &one(right), found);
            }
        }
        _ if expected == got => {}
        _ => found.push(format!("  {at}\n    expected {expected}\n    is       {got}")),
    }
}
