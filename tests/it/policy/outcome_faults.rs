//! What is wrong with `outcomes.yaml` is found before a team records anything by it.

use super::faults::changed;
use super::*;

/// (What stands there, what stands there instead, part of what is told.)
const SEEDED: [(&str, &str, &str); 20] = [
    ("clock: pre-birth-assessment, weeks: 12", "clock: pre-birth-assessment, weeks: 0", "0 weeks"),
    ("clock: pre-birth-conference, w", "clock: meeting, w", "meeting is no clock"),
    ("  at: pre-birth\n", "  at: before-birth\n", "before-birth is not listed"),
    ("  written-form: \"The", "  written: \"The", "clocks lacks written-form"),
    ("amber_percent: 75", "amber_percent: 0", "amber_percent is 0"),
    ("immediate: 15, urgent", "immediate: 0, urgent", "repeat_minutes of immediate is 0"),
    ("urgent: 60, ", "", "repeat_minutes lacks urgent"),
    ("acknowledged: [notify]", "acknowledged: [notify, assessment]", "when it is merely seen"),
    ("acknowledged: [notify]", "acknowledged: [panel]", "when it is merely seen"),
    ("acknowledged: [notify]", "acknowledged: [confirmation]", "when it is merely seen"),
    ("acknowledged: [notify]", "acknowledged: [told]", "told is no purpose"),
    ("no_desk: [other-authority]", "no_desk: [elsewhere]", "elsewhere is not listed"),
    ("  handover: \"Keep", "  hand-over: \"Keep", "clocks lacks handover"),
    ("code: advice", "code: awaiting-information", "would hold a referral back"),
    ("code: advice", "code: assessment", "is listed twice"),
    (
        "code: confirmed\n    label: \"Confirmed where it was sent\"\n    by: screening\n    \
         purposes: [confirmation]\n    levels: [\"1\", \"2\", \"3\", \"4\", \"5\"]\n    needs: \
         [rationale, history]",
        "code: confirmed\n    label: \"Confirmed where it was sent\"\n    by: screening\n    \
         purposes: [confirmation]\n    levels: [\"1\", \"2\", \"3\", \"4\", \"5\"]\n    needs: \
         [history]",
        "can be recorded without a rationale",
    ),
    (
        "      - {clock: transfer, working_days: {days: 5}}",
        "      - {clock: transfer, working_days: {days: 5}}\n      - {clock: transfer, elapsed: \
         {minutes: 9}}",
        "starts transfer twice",
    ),
    ("at: missing-children}", "at: missing-child}", "missing-child is not listed"),
    ("ends: [conference, pre", "ends: [meeting, pre", "meeting is no clock"),
    ("told_to: [police, local-authority]", "told_to: [press]", "press is no kind of agency"),
];

#[test]
fn each_fault_of_the_outcomes_is_found_with_its_line_and_a_mend() {
    let mut missed = Vec::new();
    for (old, new, told) in SEEDED {
        let (folder, line) = changed("outcomes.yaml", old, new);
        let faults = load(folder.path()).err().unwrap_or_default();
        let found = faults.iter().find(|fault| {
            let near = fault.line == 0 || (fault.line + 12 > line && fault.line < line + 12);
            let file = fault.file == "outcomes.yaml";
            file && near && fault.what.contains(told) && !fault.mend.is_empty()
        });
        if found.is_none_or(|fault| !manual::explains(&fault.what)) {
            missed.push(format!("line {line}: {new} gave {faults:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_clock_does_not_run_at_a_service_that_is_closed() {
    let (folder, _) = changed(
        "destinations.toml",
        "id = \"missing-children\"",
        "id = \"missing-children\"\nopen = false",
    );
    let faults = load(folder.path()).err().unwrap_or_default();
    let told = |fault: &&Fault| fault.what.contains("missing-children is closed");
    assert!(
        faults.iter().any(|fault| told(&fault) && fault.file == "outcomes.yaml"),
        "{faults:#?}"
    );
}
