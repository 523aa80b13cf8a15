//! Seeded faults in a copy of the shipped configuration: each is found, with its file, its line
//! and a mend.

use super::*;
use frontdoor::config::FILES;
use tempfile::TempDir;

/// A copy of the shipped folder in which `old`, found first in `file`, reads `new`; and the line.
pub(super) fn changed(file: &str, old: &str, new: &str) -> (TempDir, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut line = 0;
    for name in FILES {
        let mut text = std::fs::read_to_string(calderdale_dir().join(name)).expect("a file");
        if name == file {
            let at = text.find(old).unwrap_or_else(|| panic!("{old} is not in {file}"));
            line = 1 + text[..at].matches('\n').count();
            text.replace_range(at..at + old.len(), new);
        }
        std::fs::write(folder.path().join(name), text).expect("a copy");
    }
    (folder, line)
}

fn faults_of(file: &str, old: &str, new: &str) -> Vec<Fault> {
    load(changed(file, old, new).0.path()).err().unwrap_or_default()
}

/// (file, what stands there, what stands there instead, part of what is told)
const SEEDED: [(&str, &str, &str, &str); 48] = [
    ("thresholds.yaml", "danger_now == \"yes\"", "danger_now != \"no\"", "absence of danger_now"),
    (
        "thresholds.yaml",
        "\"child-alone\" in indicators",
        "indicators == []",
        "absence of indicators",
    ),
    ("thresholds.yaml", "\"18C\" in concerns", "!(\"18C\" in concerns)", "absence of concerns"),
    ("thresholds.yaml", "\"18C\" in concerns", "\"18D\" in concerns", "value that it never has"),
    ("thresholds.yaml", "level_claimed >= 4", "level_claimed < 4", "absence of level_claimed"),
    ("thresholds.yaml", "id: case-team, purpose", "id: prevent, purpose", "may not know of it"),
    ("thresholds.yaml", "\"18C\" in concerns", "completeness < 50", "no fact"),
    ("thresholds.yaml", "\"18C\" in concerns", "size(concerns) > 2", "part of CEL"),
    ("thresholds.yaml", "\"18C\" in concerns", "\"18C\" in (concerns", "is not CEL"),
    ("thresholds.yaml", "reads: [danger_now]", "reads: []", "without saying so"),
    ("thresholds.yaml", "reads: [danger_now]", "reads: [danger_now, unborn]", "and does not"),
    ("thresholds.yaml", "reads: [danger_now]", "reads: [ethnicity]", "no fact"),
    ("thresholds.yaml", "(age == -1 || age < 16)", "age < 16", "unknown age"),
    ("thresholds.yaml", "level: \"5\"", "level: \"6\"", "is no level"),
    ("thresholds.yaml", "level: \"5\"", "level: \"1\"", "below the floor"),
    (
        "thresholds.yaml",
        "id: cse-panel, purpose: panel",
        "id: cse-board, purpose: panel",
        "not listed",
    ),
    (
        "thresholds.yaml",
        "id: cse-panel, purpose: panel",
        "id: cse-panel, purpose: chat",
        "no purpose",
    ),
    ("thresholds.yaml", "priority: immediate", "priority: standard", "is not urgent"),
    (
        "thresholds.yaml",
        "priority: immediate",
        "priority: immediate\n    clock: end_of_next_working_day",
        "pauses",
    ),
    ("thresholds.yaml", "priority: immediate", "priority: now", "unknown variant"),
    ("thresholds.yaml", "  - id: child-alone", "  - id: danger-now", "in force at the same time"),
    ("thresholds.yaml", "  - id: child-alone", "  - id: unclear", "standing reason"),
    ("thresholds.yaml", "agreement == \"yes\" && do_not_alert", "do_not_alert", "without it"),
    ("thresholds.yaml", "referrals_12m >= 1", "referrals_12m >= 0", "nothing is known"),
    ("thresholds.yaml", "  urgent: 240", "  urgent: 2400", "2400 minutes"),
    ("thresholds.yaml", "team: masstt", "team: prevent", "receive everything"),
    ("outcomes.yaml", "code: child-not-seen", "code: Not Seen", "cannot be a theme's code"),
    ("outcomes.yaml", "percent: 5}", "percent: 500}", "percent is over 100"),
    ("agencies.toml", "told = \"duty-manager\"", "told = \"nobody\"", "is no role"),
    ("agencies.toml", "silence_weeks = 5\nrefused", "silence_weeks = 0\nrefused", "out of bounds"),
    (
        "agencies.toml",
        "destination = \"private-fostering\", months",
        "destination = \"fostering\", months",
        "is no destination",
    ),
    ("destinations.toml", "id = \"prevent\"", "id = \"lado\"", "listed twice"),
    ("destinations.toml", "aliases = [\"MASSTT\"", "alias = [\"MASSTT\"", "unknown field"),
    ("destinations.toml", "\"FRT\"", "\"E.D.T.\"", "a name or alias of"),
    ("destinations.toml", "contact = \"masstt-duty@example.org\"\n", "", "nobody there can be"),
    ("destinations.toml", "contact = \"edt@example.org\"\n", "", "nobody there can be"),
    ("destinations.toml", "masstt-duty@example.org", "masstt-duty", "is no e-mail address"),
    ("destinations.toml", "\"duty-manager@example.org\"", "\"Duty <d@b.org>\"", "no e-mail"),
    ("destinations.toml", "[\"duty-manager\", \"out", "[\"night-manager\", \"out", "is no role"),
    (
        "destinations.toml",
        "escalates_to = [\"out-of-hours-manager\", \"duty-manager\"]",
        "escalates_to = [\"duty\"]",
        "is no role",
    ),
    (
        "destinations.toml",
        "escalates_to = [\"out-of-hours-manager\", \"duty-manager\"]",
        "escalates_to = []",
        "names nobody",
    ),
    ("destinations.toml", "repeat_minutes = 15", "repeat_minutes = 0", "0 minutes"),
    ("destinations.toml", "immediate_minutes = 15", "immediate_minutes = 999", "999 minutes"),
    ("destinations.toml", "id = \"service-manager\"", "id = \"duty-manager\"", "listed twice"),
    ("localities.toml", "\"OL14 5\"", "\"OL14\"", "no postcode sector"),
    ("localities.toml", "\"HX2 8\"", "\"HX2 6\"", "in two localities"),
    ("calendar.toml", "opens = \"08:45\"", "opens = \"quarter to nine\"", "no time of day"),
    ("completeness.yaml", "/children/*/sex", "/children/*/gender", "no place"),
];

#[test]
fn each_seeded_fault_is_found_with_its_file_its_line_and_a_mend() {
    let mut missed = Vec::new();
    for (file, old, new, told) in SEEDED {
        let (folder, line) = changed(file, old, new);
        let faults = load(folder.path()).err().unwrap_or_default();
        let found = faults.iter().find(|fault| {
            // A check of a whole rule names the line on which the rule begins.
            let near = fault.line <= line + 1 && fault.line + 12 > line && fault.line > 0;
            fault.file == file && fault.what.contains(told) && near && !fault.mend.is_empty()
        });
        if found.is_none_or(|fault| !manual::explains(&fault.what)) {
            missed.push(format!("{file}:{line} {new} gave {faults:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_selects_a_team_gives_no_level_and_words_give_no_strategy() {
    let level = faults_of(
        "thresholds.yaml",
        "  - id: outside-the-area",
        "  - id: outside-the-area\n    level: \"4\"",
    );
    assert!(level.iter().any(|fault| fault.what.contains("change a level")), "{level:?}");
    let words = faults_of(
        "thresholds.yaml",
        "  - id: words-noticed",
        "  - id: words-noticed\n    level: \"5\"",
    );
    assert!(words.iter().any(|fault| fault.what.contains("words in free text")), "{words:?}");
}

#[test]
fn a_missing_file_is_a_fault_and_not_a_panic() {
    let (folder, _) = changed("calendar.toml", "381", "381");
    std::fs::remove_file(folder.path().join("phrases.yaml")).expect("removed");
    let faults = load(folder.path()).err().expect("a fault");
    assert_eq!((faults.len(), faults[0].file.as_str()), (1, "phrases.yaml"));
}

#[test]
fn line_ends_and_trailing_blanks_do_not_change_the_hash_and_a_rule_does() {
    let hash = |old: &str, new: &str| {
        let (folder, _) = changed("thresholds.yaml", old, new);
        load(folder.path()).expect("sound").hash
    };
    assert_eq!(hash("levels:", "levels:  \r"), CALDERDALE.hash);
    assert_ne!(hash("urgent: 240", "urgent: 200"), CALDERDALE.hash);
    assert_eq!(CALDERDALE.hash.len(), 64);
}

#[test]
fn a_closed_service_receives_nothing_and_masstt_screens_instead() {
    let (folder, _) =
        changed("destinations.toml", "id = \"prevent\"", "id = \"prevent\"\nopen = false");
    let authority = load(folder.path()).expect("sound");
    let says = serde_json::json!({
        "children": [{"description": "a child"}], "indicators": ["radicalisation"],
    });
    let decision = frontdoor::threshold::decide_for_receipt(
        &authority.policy,
        &read(&says),
        tuesday_morning(),
    );
    assert!(route_to(&decision, "prevent").is_none());
    let reasons = &decision.children[0].reasons;
    assert!(reasons.iter().any(|reason| reason.rule.as_str() == "destination-closed"));
    assert_eq!(masstt(&decision).purpose.as_str(), "screening");
}

#[test]
fn the_rule_in_force_on_the_day_of_receipt_decides() {
    let (folder, _) = changed(
        "thresholds.yaml",
        "  - id: protection-asked-for",
        "  - id: protection-asked-for\n    effective_from: 2026-12-01",
    );
    let authority = load(folder.path()).expect("sound");
    let says = serde_json::json!({"children": [{"age": 3}], "request": "protection"});
    let level = |at: &str| {
        let at = Timestamp::parse(at).expect("a time");
        let policy = &authority.policy;
        frontdoor::threshold::decide_for_receipt(policy, &read(&says), at).level.code
    };
    assert_eq!(level("2026-11-30T23:59:00Z"), "2");
    assert_eq!(level("2026-12-01T00:00:00Z"), "4");
}

#[test]
fn that_nobody_is_named_for_restricted_records_is_a_warning() {
    assert!(CALDERDALE.warnings.is_empty(), "{:?}", CALDERDALE.warnings);
    for (old, new) in
        [("restricted = true\nclock", "clock"), ("statutory = true\nrestricted", "restricted")]
    {
        let (folder, _) = changed("destinations.toml", old, new);
        let authority = load(folder.path()).expect("it is in order all the same");
        let [warning]: [Fault; 1] = authority.warnings.try_into().expect("one warning");
        let mend = &warning.mend;
        assert!(mend.contains("restricted = true") && mend.contains("docs/restricted.md"));
    }
}

#[test]
fn that_nobody_can_be_paged_where_rules_send_what_is_immediate_is_a_warning() {
    let contact = "contact = \"missing-children-duty@example.org\"\n";
    let (folder, line) = changed("destinations.toml", contact, "");
    let authority = load(folder.path()).expect("it is in order all the same");
    let [warning]: [Fault; 1] = authority.warnings.try_into().expect("one warning");
    assert!(warning.what.contains("missing-children") && warning.mend.contains("docs/operations"));
    let near = warning.line <= line && warning.line + 4 > line;
    assert!(warning.file == "destinations.toml" && near, "{warning}");
}
