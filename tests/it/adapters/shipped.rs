//! The adapters that are shipped: their examples pass, and each line of their maps matters.

use std::path::Path;
use std::process::Command;

fn adapters() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(adapters()).expect("adapters");
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

fn test(folder: &Path, name: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdoor"));
    command.args(["adapters", "test", name, "--adapters"]).arg(folder);
    let output = command.output().expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn every_shipped_adapter_has_examples_and_they_pass() {
    let names = names();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let (passes, said) = test(&adapters(), &name);
        assert!(passes, "{said}");
        let line = said.lines().find(|line| line.starts_with(&format!("{name}: ")));
        let count = line.and_then(|line| line.split(' ').nth(1)?.parse::<u32>().ok());
        assert!(count >= Some(8), "{name} has fewer than eight examples: {said}");
        assert!(said.contains("mapped") && said.contains("carried as notes"), "{said}");
    }
}

/// Of every sixtieth line, so that it ends soon; `adapters test --each-line` asks about all.
#[test]
fn a_map_that_loses_a_line_fails_its_examples() {
    for name in names() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdoor"));
        command.args(["adapters", "test", &name, "--each-line", "60", "--adapters"]);
        let output = command.arg(adapters()).output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
