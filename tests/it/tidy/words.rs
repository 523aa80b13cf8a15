//! Words that do not belong into what is handed on.

use super::source::Source;
use super::{Fault, fault};

const UNFINISHED: [(&str, &str); 5] = [
    ("#[ignore", "a test runs or goes"),
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("#[allow(", "mend the cause, or write `#[expect(..., reason = \"...\")]`"),
    ("#![allow(", "mend the cause, or write `#[expect(..., reason = \"...\")]`"),
];

pub(super) fn unfinished(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (line, text) in (1..).zip(source.code.lines()) {
        for (word, advice) in UNFINISHED {
            if text.contains(word) {
                faults.push(fault(source, line, format!("`{word}`: {advice}")));
            }
        }
    }
    faults
}

/// First folders of paths that exist on somebody's machine only.
const FIRST_FOLDERS: [&str; 5] = ["home", "root", "Users", "work", "tmp"];

pub(super) fn local_paths(source: &Source) -> Vec<Fault> {
    let local = |text: &str| {
        FIRST_FOLDERS.iter().any(|folder| {
            text.match_indices(&format!("/{folder}/")).any(|(at, _)| {
                // Elsewhere it is the middle of a longer path or of an address.
                text[..at].chars().next_back().is_none_or(|c| " \t\"'`=(:<>,|".contains(c))
            })
        })
    };
    (1..)
        .zip(source.text.lines())
        .filter(|(_, text)| local(text))
        .map(|(line, _)| {
            fault(
                source,
                line,
                "a path of one machine: make it relative, or take it from a setting",
            )
        })
        .collect()
}

#[test]
fn unfinished_work_is_found() {
    let bad = "#[ignore]\nfn a() { todo!() }\n#[allow(dead_code)]\nfn b() {}\n";
    let lines: Vec<_> = unfinished(&Source::new("src/a.rs", bad)).iter().map(|f| f.line).collect();
    assert_eq!(lines, [1, 2, 3]);
    let good =
        "// todo! in a comment\nlet a = \"#[ignore\";\n#[expect(dead_code, reason = \"x\")]\n";
    assert_eq!(unfinished(&Source::new("src/a.rs", good)), []);
}

#[test]
fn a_path_of_one_machine_is_found() {
    let path = |folder: &str| format!("key = \"/{folder}/ann/key.pem\"");
    for folder in FIRST_FOLDERS {
        assert_eq!(local_paths(&Source::new("README.md", path(folder))).len(), 1, "{folder}");
    }
    assert_eq!(local_paths(&Source::new("a.md", path("etc"))), []);
    assert_eq!(local_paths(&Source::new("a.md", "see example.org/home/page")), []);
}
