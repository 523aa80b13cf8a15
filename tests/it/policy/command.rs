//! `frontdoor check` as docs/policy.md shows it.

use super::*;
use std::process::Command;

/// Exit code, and what is printed.
fn check(folder: &Path, more: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdoor"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("check").arg("--config").arg(folder);
    let output = command.args(more).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn the_shipped_configuration_is_in_order_and_it_says_what_was_decided() {
    let (code, told) = check(&calderdale_dir(), &[]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("is in order; policy ") && !told.contains("Warning"), "{told}");
    assert!(
        told.contains(" examples run, ") && told.contains(" pairs of rules compared"),
        "{told}"
    );
}

#[test]
fn a_fault_is_told_with_its_place_and_ends_with_one_also_for_programs() {
    let (folder, _) = faults::changed("thresholds.yaml", "says: {scale: 3}", "says: {scale: 4}");
    let (code, told) = check(folder.path(), &[]);
    assert!(
        code == 1 && told.contains("thresholds.yaml:") && told.contains("To mend it"),
        "{told}"
    );
    let (code, told) = check(folder.path(), &["--json"]);
    let told: Value = serde_json::from_str(&told).expect("one JSON object");
    assert_eq!((code, &told["in_order"], &told["policy"]), (1, &false.into(), &Value::Null));
    let fault = &told["faults"][0];
    assert_eq!(fault["file"], "thresholds.yaml");
    assert!(fault["line"].as_u64() > Some(100) && fault["mend"].is_string(), "{fault}");
}

#[test]
fn warnings_are_told_and_end_with_zero() {
    let (folder, _) = faults::changed(
        "destinations.toml",
        "id = \"prevent\"",
        "id = \"prevent\"\nreached_by = \"people\"",
    );
    let (code, told) = check(folder.path(), &["--json"]);
    let told: Value = serde_json::from_str(&told).expect("one JSON object");
    assert_eq!((code, &told["in_order"]), (0, &true.into()));
    assert_eq!(told["warnings"].as_array().map(Vec::len), Some(1));
    assert!(check(folder.path(), &[]).1.contains("Warning: destinations.toml:"));
}
