//! docs/policy.md is what the business manager reads: it explains every message, and the rule that
//! it explains line by line is the one that is in use.

use super::*;

fn manual() -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md");
    std::fs::read_to_string(place).expect("the manual")
}

/// The messages that the manual explains: the texts between their names and numbers.
static EXPLAINED: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let manual = manual();
    let (_, said) = manual.split_once("## What `check` says").expect("the chapter");
    let rows = said.lines().filter(|line| line.starts_with("| `"));
    let first = rows.filter_map(|row| row.split(" | ").next());
    let quoted = first.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let pieces = |message: &str| {
        let pieces = message.split('…').map(str::trim).filter(|piece| !piece.is_empty());
        pieces.map(str::to_owned).collect::<Vec<String>>()
    };
    quoted.map(pieces).collect()
});

/// Whether the manual explains a message.
pub(super) fn explains(what: &str) -> bool {
    EXPLAINED.iter().any(|pieces| {
        let mut rest = what;
        pieces.iter().all(|piece| match rest.split_once(piece.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    })
}

#[test]
fn the_rule_that_the_manual_explains_is_the_one_in_use() {
    let manual = manual();
    let (_, after) = manual.split_once("## How to read a rule\n\n```yaml\n").expect("the chapter");
    let (rule, _) = after.split_once("```").expect("its end");
    let thresholds = std::fs::read_to_string(calderdale_dir().join("thresholds.yaml"));
    assert!(thresholds.expect("the file").contains(rule), "write the rule there as it is now");
}

#[test]
fn the_manual_explains_what_is_said_and_not_whatever_one_could_say() {
    assert!(explains(
        "rule gangs says nothing that is not said already: whenever it fires, rule \
                      self-harm says as much"
    ));
    assert!(!explains("rule gangs is too loud"));
    assert!(EXPLAINED.len() > 80 && EXPLAINED.iter().all(|pieces| !pieces.is_empty()));
}
