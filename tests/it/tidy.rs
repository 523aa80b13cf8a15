//! House rules that the compiler does not hold: who may use whom, and how large things may grow.
//!
//! Each rule is a function from one file to its faults, with a test that shows it fail.

mod directions;
mod sizes;
mod source;
mod words;

use std::fmt;
use std::fs;
use std::path::Path;

use source::Source;

/// One fault, printed as `file:line: what to do`.
#[derive(Debug, PartialEq)]
struct Fault {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

fn fault(source: &Source, line: usize, what: impl Into<String>) -> Fault {
    Fault { path: source.path.clone(), line, what: what.into() }
}

/// Nothing of ours is in them: built, fetched or written while running.
const NOT_OURS: [&str; 7] =
    [".git", "target", "node_modules", "data", ".frontdoor", "fuzz/artifacts", "fuzz/corpus"];

/// Reads every text file of the tree; `path` is relative and has forward slashes.
fn read_tree(root: &Path, folder: &str, found: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))
        .unwrap_or_else(|e| panic!("{folder} cannot be listed: {e}"))
        .map(|entry| entry.expect("an entry of a folder that was just listed"))
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if NOT_OURS.contains(&path.as_str()) {
            continue;
        }
        let kind = entry.file_type().expect("the kind of an entry");
        if kind.is_dir() {
            read_tree(root, &path, found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(Source::new(path, text));
        }
    }
}

fn tree() -> Vec<Source> {
    let mut found = Vec::new();
    read_tree(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    assert!(found.iter().any(|s| s.path == "Cargo.toml"), "the tree was read from elsewhere");
    found
}

fn hold(applies: fn(&Source) -> bool, rule: fn(&Source) -> Vec<Fault>) {
    let faults: Vec<String> = tree()
        .iter()
        .filter(|source| applies(source))
        .flat_map(rule)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn any(_: &Source) -> bool {
    true
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    hold(Source::is_ours, directions::between_rooms);
}

#[test]
fn libraries_stay_in_their_rooms() {
    hold(Source::is_ours, directions::libraries);
}

#[test]
fn sql_stays_in_the_store() {
    hold(Source::is_ours, directions::sql);
}

#[test]
fn files_are_short() {
    hold(Source::is_ours, sizes::file);
    let sources = tree();
    let faults = sizes::median(sources.iter().filter(|source| source.is_ours()));
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn functions_are_short() {
    hold(Source::is_rust, sizes::functions);
}

#[test]
fn lines_are_short() {
    hold(Source::is_rust, sizes::lines);
}

#[test]
fn nothing_is_left_undone_or_silenced() {
    hold(Source::is_rust, words::unfinished);
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    hold(any, words::local_paths);
}
