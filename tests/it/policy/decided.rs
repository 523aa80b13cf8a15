//! What `check` decides about a policy as a whole: seeded faults of rules that each look sound, of
//! examples, and of what the policy leaves to nobody. Each is found at its own line, with a mend.

use super::*;

/// A copy in which `old`, found once or first in `file`, reads `new`; and the changed text.
fn changed(file: &str, old: &str, new: &str) -> (tempfile::TempDir, String) {
    let (folder, _) = faults::changed(file, old, new);
    let text = std::fs::read_to_string(folder.path().join(file)).expect("the copy");
    (folder, text)
}

fn line_of(text: &str, at: &str) -> usize {
    let place = text.find(at).unwrap_or_else(|| panic!("{at} is not in the file"));
    1 + text[..place].matches('\n').count()
}

/// A rule to be put before another, with an example on each side where `says` names any.
fn rule(head: &str, examples: &str) -> String {
    let (id, rest) = head.split_once('\n').expect("an id and more");
    format!(
        "  - id: {id}\n{rest}\n    basis: \"Invented\"\n    why: \"Invented\"\n{examples}\n  - id: \
         child-alone"
    )
}

const PROTECTION: &str = "    examples:
      - {story: \"asks\", says: {request: protection}, fires: true}
      - {story: \"does not ask\", says: {request: advice}, fires: false}
";

/// Where it is stated what is never held back.
const HELD: &str = "danger_now == \"yes\" || \"11A\" in concerns || \"12A\"";

/// Faults of one edit of `thresholds.yaml`: (what stands there, what stands there instead, part of
/// what is told, on which line).
const SEEDED: [(&str, &str, &str, &str); 29] = [
    // Rules that never fire, or never have an effect.
    (
        "age >= 16 && age < 18 &&",
        "age >= 18 && age < 16 &&",
        "no child",
        "- id: private-fostering-d",
    ),
    (
        "level_at_least: \"4\", p",
        "level_at_least: \"2\", p",
        "never has an",
        "- id: early-help-panel",
    ),
    (
        "reads: [agreement, do_not_alert, request, locality]\n    when: >-\n      agreement",
        "reads: [concerns, agreement, do_not_alert, request, locality]\n    when: >-\n      \
         \"16A\" in concerns && agreement",
        "gives way to another",
        "- id: early-help-panel",
    ),
    // Rules that contradict themselves.
    ("level: \"5\"", "level: \"4\"", "the threshold is met", "- id: danger-now"),
    (
        "screening}\n      - {id: prevent",
        "strategy}\n      - {id: prevent",
        "the level that is suggested is not 5",
        "- id: radicalisation",
    ),
    // Signs that would be held back.
    ("\"19B\" in concerns || \"19C\" in", "\"19C\" in", "\"19B\" in concerns", HELD),
    ("|| \"threat-to-abduct\" in indicators", "", "sends threat-to-abduct to strategy", HELD),
    (
        "  - id: faith-abuse\n    reads: [concerns]\n    when: >-\n      \"23A\" in concerns",
        "  - id: faith-abuse\n    reads: [concerns, age]\n    when: >-\n      \
         \"23A\" in concerns && age >= 0",
        "no rule sends to strategy where",
        HELD,
    ),
    (
        "  - id: child-alone",
        "  - id: child-alone\n    effective_until: 2027-03-31",
        "from 2027-04-01",
        HELD,
    ),
    ("      - {id: prevent, purpose: notify}\n", "", "not reach prevent", "indicator: radicalis"),
    ("age < 16) && (\"8B\"", "age < 15) && (\"8B\"", "age == 15", "indicator: private-fostering\n"),
    (
        "indicator: missing-education",
        "indicator: truant",
        "no code of indicators",
        "indicator: truant",
    ),
    ("destination: prevent", "destination: channel", "not reach channel", "indicator: radicalis"),
    ("      \"13A\" in concerns\n", "      \"14A\" in concerns\n", "concern 13A is left", HELD),
    ("{concern: \"20\"", "{concern: \"99\"", "no code of concerns", "concern: \"99\""),
    ("why: \"None: nothing of the list applies\"", "why: \" \"", "say why", "concern: \"21\""),
    // Examples that come out otherwise.
    (
        "{danger_now: unknown}",
        "{danger_now: yes}",
        "does not fire, and it fires",
        "a neighbour hears",
    ),
    ("level_claimed >= 4", "level_claimed >= 3", "does not fire, and it fires", "writes level 3"),
    ("level_claimed >= 4", "level_claimed >= 5", "that the rule fires, and", "writes level 4"),
    ("level: \"5\"\n        pri", "level: \"4\"\n        pri", "level 5 is suggested", "next door"),
    ("      priority: immediate", "      priority: urgent", "and it is immediate", "next door"),
    ("strategy, cse-panel: panel}", "strategy}", "cse-panel (panel)", "gets gifts"),
    (
        "says: {scale: 3}",
        "says: {skale: 3}",
        "is no fact",
        "a teacher puts the child's safety at 3",
    ),
    (
        "says: {scale: 3}",
        "says: {scale: 30}",
        "never has",
        "a teacher puts the child's safety at 3",
    ),
    (
        "says: {scale: 3}",
        "says: {scale: [3, 4]}",
        "never has",
        "a teacher puts the child's safety at 3",
    ),
    ("\"A boy of five is alone at home at night\"", "\" \"", "tells no story", "story: \" \""),
    // What stands before the rules.
    (
        "purpose: screening\n  #",
        "purpose: strategy\n  #",
        "the gravest purpose",
        "purpose: strategy\n  #",
    ),
    ("out_of_hours: out-of-hours", "out_of_hours: masstt", "stand in for", "out_of_hours: masstt"),
    ("[confirmation, notify,", "[confirmation, panel,", "listed twice", "purposes: [conf"),
];

/// The same of other parts of the configuration.
const ELSEWHERE: [(&str, &str, &str, &str, &str); 6] = [
    (
        "thresholds.yaml",
        "danger_now != \"yes\" && (\"child-alone\"",
        "danger_now == \"no\" && danger_now == \"yes\" && (\"child-alone\"",
        "given to nobody",
        "- id: danger-by-sign",
    ),
    (
        "thresholds.yaml",
        "  - id: duty-line",
        "  - id: duty-line\n    effective_from: 2027-02-01\n    effective_until: 2027-01-01",
        "ends before it begins",
        "- id: duty-line",
    ),
    ("thresholds.yaml", "telephone {duty}.", "telephone {dutty}.", "a blank", "- id: duty-line"),
    (
        "thresholds.yaml",
        "danger_now == \"unknown\"\n    text",
        "danger_now == \"no\"\n    text",
        "no advice says to call 999 where nothing is said of the child",
        "- id: danger\n",
    ),
    (
        "thresholds.yaml",
        "  - id: danger-unknown",
        "  - id: danger-unknown\n    effective_from: 2027-01-01",
        "before 2027-01-01",
        "- id: danger\n",
    ),
    (
        "completeness.yaml",
        "age >= 4 && age < 18",
        "age >= 18 && age < 4",
        "applies to nobody",
        "age >= 18 && age < 4",
    ),
];

/// Rules that are added: (the rule, its examples, part of what is told, on which line).
const ADDED: [(&str, &str, &str, &str); 9] = [
    (
        "asked-again\n    reads: [request]\n    \
         when: request in [\"protection\"]\n    level: \"3\"",
        PROTECTION,
        "contradicts rule asked-again: both fire for the same children, with level 4",
        "- id: protection-asked-for",
    ),
    (
        "not-advice\n    reads: [request]\n    when: >-\n      !(request in [\"assessment\", \
         \"advice\", \"early-help\", \"unknown\", \"disabled-children\"])\n    level: \"5\"",
        PROTECTION,
        "contradicts rule not-advice",
        "- id: protection-asked-for",
    ),
    (
        "silent\n    reads: [telephone_first]\n    when: telephone_first == \"yes\"\n    marks: \
         [do-not-alert]",
        "    examples:\n      - {story: \"a\", says: {telephone_first: yes}, fires: true}\n      - \
         {story: \"b\", fires: false}\n",
        "contradicts rule silent: it sends to a team that works with the family a child whose \
         family must not know",
        "- id: early-help-panel",
    ),
    (
        "idle\n    reads: [request]\n    when: request == \"protection\"",
        PROTECTION,
        "says nothing",
        "- id: idle",
    ),
    (
        "hasty\n    reads: [disability]\n    when: disability == \"yes\"\n    priority: urgent",
        "    examples:\n      - {story: \"a\", says: {disability: yes}, fires: true}\n      - \
         {story: \"b\", fires: false}\n",
        "says nothing",
        "- id: hasty",
    ),
    (
        "impossible\n    reads: [request, unborn]\n    when: >-\n      (request == \"advice\" || \
         unborn == \"no\") && request == \"protection\" && unborn == \"yes\"\n    level: \"3\"",
        PROTECTION,
        "what it asks of request, unborn excludes itself",
        "- id: impossible",
    ),
    (
        "bare\n    reads: [request]\n    when: request == \"protection\"\n    tasks: [\"Ring\"]",
        "",
        "has no examples",
        "- id: bare",
    ),
    (
        "one-sided\n    reads: [request]\n    \
         when: request == \"protection\"\n    tasks: [\"Ring\"]",
        "    examples:\n      - {story: \"asks\", says: {request: protection}, fires: true}\n",
        "no example in which it does not fire",
        "- id: one-sided",
    ),
    (
        "never-seen\n    reads: [request]\n    \
         when: request == \"protection\"\n    tasks: [\"Ring\"]",
        "    examples:\n      - {story: \"does not ask\", fires: false}\n",
        "no example in which it fires",
        "- id: never-seen",
    ),
];

/// The fault that is told, where none is, what was found instead.
fn found(file: &str, old: &str, new: &str, told: &str, at: &str) -> Result<(), String> {
    let (folder, text) = changed(file, old, new);
    let faults = load(folder.path()).err().unwrap_or_default();
    let line = line_of(&text.to_lowercase(), &at.to_lowercase());
    let here = |fault: &Fault| {
        fault.file == file
            && fault.what.contains(told)
            && fault.line == line
            && !fault.mend.is_empty()
    };
    let obscure = faults.iter().find(|fault| !manual::explains(&fault.what));
    match obscure {
        Some(fault) => return Err(format!("docs/policy.md does not explain: {fault}")),
        None if faults.iter().any(here) => return Ok(()),
        None => {}
    }
    let all: Vec<String> = faults.iter().map(Fault::to_string).collect();
    Err(format!("{told:?} is not told on line {line}:\n  {}", all.join("\n  ")))
}

fn all_found(each: impl Iterator<Item = Result<(), String>>) {
    let missed: Vec<String> = each.filter_map(Result::err).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn each_seeded_fault_of_the_policy_as_a_whole_is_found_at_its_line_with_a_mend() {
    let thresholds = "thresholds.yaml";
    all_found(SEEDED.iter().map(|(old, new, told, at)| found(thresholds, old, new, told, at)));
    all_found(ELSEWHERE.iter().map(|(file, old, new, told, at)| found(file, old, new, told, at)));
    all_found(ADDED.iter().map(|(head, examples, told, at)| {
        found(thresholds, "  - id: child-alone", &rule(head, examples), told, at)
    }));
}

#[test]
fn days_between_two_versions_of_a_rule_are_found_and_none_are_no_fault() {
    let versions = |first: &str| {
        let text = std::fs::read_to_string(calderdale_dir().join("thresholds.yaml"));
        let text = text.expect("the shipped file");
        let (_, rest) = text.split_once("  - id: gangs\n").expect("the rule");
        let (body, _) = rest.split_once("  - id: self-harm").expect("the next rule");
        format!(
            "  - id: gangs\n    effective_until: 2026-11-30\n{body}  - id: gangs\n    \
             effective_from: {first}\n"
        )
    };
    let (gap, _) = changed("thresholds.yaml", "  - id: gangs\n", &versions("2026-12-08"));
    let faults = load(gap.path()).err().expect("a fault");
    let between = faults.iter().find(|fault| fault.what.contains("no version is in force"));
    let between = between.unwrap_or_else(|| panic!("{faults:?}"));
    assert!(between.what.contains("2026-12-08") && between.mend.contains("2026-12-01"));
    let (sound, _) = changed("thresholds.yaml", "  - id: gangs\n", &versions("2026-12-01"));
    load(sound.path()).unwrap_or_else(|faults| panic!("{faults:?}"));
}

/// What is safe, and worth a look: (file, what stands there, what stands there instead, part of
/// what is told, on which line).
const WARNED: [(&str, &str, &str, &str, &str); 9] = [
    (
        "thresholds.yaml",
        "  - id: protection-asked-for",
        "  - id: protection-asked-for\n    clock: {elapsed: {minutes: 240}}",
        "never counts: what is urgent is due after 240",
        "- id: protection-asked-for",
    ),
    (
        "thresholds.yaml",
        "  - {code: \"5\", rank: 5,",
        "  - {code: \"4b\", rank: 5, label: \"Between\", basis: \"Invented\"}\n  - {code: \"5\", \
         rank: 6,",
        "level 4b is given by no rule",
        "code: \"4b\"",
    ),
    (
        "thresholds.yaml",
        "[confirmation,",
        "[confirmation, chat,",
        "gives purpose chat",
        "purposes: [",
    ),
    (
        "thresholds.yaml",
        "\"7A\" in concerns || \"14A\"",
        "\"7A\" in concerns || \"21\" in concerns || \"14A\"",
        "21 needs a rule after all: early-help-needs reads it",
        "concern: \"21\"",
    ),
    (
        "thresholds.yaml",
        "says: {harm_stated: no}",
        "says: {harm_stated: no, age: 3, unborn: no}",
        "no two examples close to each other",
        "- id: harm-described",
    ),
    (
        "destinations.toml",
        "[\"FIT\"]\nneeds_agreement = true\nclock = { working_days = { days = 5 } }\nreached_by = \
         \"people\"",
        "[\"FIT\"]\nneeds_agreement = true\nclock = { working_days = { days = 5 } }",
        "family-intervention is reached by no rule",
        "id = \"family-intervention\"",
    ),
    (
        "destinations.toml",
        "id = \"prevent\"",
        "id = \"prevent\"\nreached_by = \"people\"",
        "and rule radicalisation sends to it",
        "id = \"prevent\"",
    ),
    (
        "localities.toml",
        "sectors = [\n    \"HX1 1\", \"HX1 2\", \"HX1 3\", \"HX1 4\", \"HX1 5\", \
         \"HX2 7\", \"HX3 0\",\n]\nschools = [\"999103\"]",
        "sectors = []",
        "no home is ever in halifax-central",
        "id = \"halifax-central\"",
    ),
    (
        "thresholds.yaml",
        " && telephone_first != \"yes\"",
        "",
        "no rule, advice or item of completeness reads telephone_first",
        "",
    ),
];

/// Rules that are added: (the rule, part of what is told, on which line).
const NEEDLESS: [(&str, &str, &str); 3] = [
    (
        "less\n    reads: [request, unborn]\n    when: request == \"protection\" && unborn == \
         \"yes\"\n    level: \"4\"\n    destinations: [{id: masstt, purpose: screening}]",
        "whenever it fires, rule protection-asked-for says as much",
        "- id: less",
    ),
    (
        "in-vain\n    reads: [request, unborn]\n    when: request == \"protection\" && unborn == \
         \"yes\"\n    level: \"3\"\n    tasks: [\"Ring\"]",
        "gives a level that never counts: whenever it fires, rule protection-asked-for",
        "- id: in-vain",
    ),
    (
        "twin\n    reads: [request]\n    when: request == \"protection\"\n    level: \"4\"\n    \
         destinations: [{id: masstt, purpose: screening}]\n    priority: urgent",
        "rule twin says as much",
        "- id: protection-asked-for",
    ),
];

const UNBORN: &str = "    examples:
      - {story: \"both\", says: {request: protection, unborn: yes}, fires: true}
      - {story: \"one\", says: {request: protection}, fires: false}
";

/// The one warning that is given.
fn warned(file: &str, old: &str, new: &str, told: &str, at: &str) -> Result<(), String> {
    let (folder, text) = changed(file, old, new);
    let warnings = load(folder.path()).map(|authority| authority.warnings);
    let line = if at.is_empty() { 0 } else { line_of(&text, at) };
    let here = |fault: &Fault| {
        (fault.file.as_str(), fault.line) == (file, line) && fault.what.contains(told)
    };
    match &warnings {
        Ok(warnings) if warnings.len() == 1 && here(&warnings[0]) => {
            assert!(manual::explains(&warnings[0].what), "{}", warnings[0]);
            Ok(())
        }
        found => Err(format!("{told:?} is not warned of on line {line}: {found:#?}")),
    }
}

#[test]
fn what_is_safe_and_says_nothing_is_a_warning_and_keeps_no_policy_from_being_used() {
    all_found(WARNED.iter().map(|(file, old, new, told, at)| warned(file, old, new, told, at)));
    all_found(NEEDLESS.iter().map(|(head, told, at)| {
        let examples = if head.starts_with("twin") { PROTECTION } else { UNBORN };
        let new = rule(head, examples);
        warned("thresholds.yaml", "  - id: child-alone", &new, told, at)
    }));
}

/// Closing a service is no change of the policy: no example keeps it from being closed.
#[test]
fn a_panel_that_closes_is_a_warning_and_examples_are_of_open_services() {
    let (panel, closed) = ("id = \"early-intervention.upper-valley\"", "\nopen = false");
    let (folder, _) = changed("destinations.toml", panel, &format!("{panel}{closed}"));
    let authority = load(folder.path()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let [warning]: [Fault; 1] = authority.warnings.try_into().expect("one warning");
    assert_eq!(warning.file, "localities.toml");
    assert!(warning.what.contains("early-intervention.upper-valley is closed"), "{warning}");
}

#[test]
fn a_fault_of_one_rule_is_told_without_the_gaps_that_it_seems_to_leave() {
    let (folder, _) =
        changed("thresholds.yaml", "\"child-alone\" in indicators", "\"alone\" in indicators");
    let faults = load(folder.path()).err().expect("a fault");
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn every_rule_of_the_shipped_policy_has_examples_and_a_line_that_is_seen() {
    assert!(CALDERDALE.warnings.is_empty(), "{:?}", CALDERDALE.warnings);
    let rules = &CALDERDALE.policy.rules;
    assert_eq!(CALDERDALE.decided.rules, rules.len());
    let examples = rules.iter().map(|rule| rule.examples.len()).sum::<usize>();
    assert_eq!(CALDERDALE.decided.examples, examples);
    assert!(examples >= 2 * rules.len());
}
