//! Each finding of the report has an answer, each answer is a scenario that exists, and each
//! paragraph that a rule names has one.

use super::ALL;
use super::findings::Answer::{Covered, Outside};
use super::findings::{Answer, FINDINGS, Finding};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Paragraphs that say what was inspected and how, and find nothing.
const NO_FINDING: std::ops::RangeInclusive<u16> = 1..=8;
/// The last numbered paragraph of the report.
const LAST: u16 = 56;
/// Asks for action, and so does find something.
const ACTIONS: u16 = 3;

fn covered() -> impl Iterator<Item = (&'static Finding, &'static str)> {
    let of = |answer: &'static Answer| match answer {
        Covered(names) => *names,
        Outside(_) => &[],
    };
    let names = move |one: &'static Finding| one.answers.iter().flat_map(of);
    FINDINGS.iter().flat_map(move |one| names(one).map(move |name| (one, *name)))
}

/// The number after `paragraph_`.
fn paragraph(name: &str) -> u16 {
    let number = name.strip_prefix("paragraph_").and_then(|rest| rest.split('_').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{name}: whose?"))
}

#[test]
fn paragraph_3_every_finding_is_answered_or_said_to_be_beyond_a_gateway() {
    let told: BTreeSet<u16> = FINDINGS.iter().flat_map(|one| one.paragraphs).copied().collect();
    let all = (1..=LAST).filter(|one| !NO_FINDING.contains(one) || *one == ACTIONS);
    assert_eq!(told, all.collect(), "each paragraph that finds something has a row");
    for one in &FINDINGS {
        assert!(!one.answers.is_empty() && !one.found.is_empty(), "{:?}", one.paragraphs);
        let reason = |answer: &Answer| match answer {
            Covered(names) => !names.is_empty(),
            Outside(why) => why.split(' ').count() > 4,
        };
        assert!(one.answers.iter().all(reason), "{}: say why", one.found);
    }
}

#[test]
fn paragraph_3_every_scenario_is_an_answer_and_every_answer_is_a_scenario() {
    let own = [
        "paragraph_3_every_finding_is_answered_or_said_to_be_beyond_a_gateway",
        "paragraph_3_every_paragraph_that_a_rule_names_has_a_scenario",
    ];
    let exist: BTreeSet<&str> = ALL.into_iter().flatten().copied().chain(own).collect();
    let named: BTreeSet<&str> = covered().map(|(_, name)| name).collect();
    assert_eq!(named, exist);
    for name in named {
        let of = |one: &Finding| one.paragraphs.contains(&paragraph(name));
        assert!(covered().any(|(one, other)| other == name && of(one)), "{name}: whose?");
    }
}

#[derive(Deserialize)]
struct Thresholds {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
    #[serde(default)]
    paragraphs: Vec<u16>,
}

#[test]
fn paragraph_3_every_paragraph_that_a_rule_names_has_a_scenario() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale/thresholds.yaml");
    let text = std::fs::read_to_string(file).expect("read");
    let policy: Thresholds = serde_saphyr::from_str(&text).expect("as it is loaded");
    let scenarios: BTreeMap<u16, &str> =
        covered().map(|(_, name)| (paragraph(name), name)).collect();
    for rule in policy.rules {
        for named in rule.paragraphs {
            assert!(scenarios.contains_key(&named), "{}: no scenario for {named}", rule.id);
        }
    }
}

/// The table as a document for a councillor, by the scenarios' own names.
fn document() -> String {
    let mut out = String::from(
        "# What the inspection of 2013 found, and what answers it here\n\n\
         For councillors, the safeguarding partnership and inspectors. Each row is a finding of \
         Ofsted's report on Calderdale, by its paragraphs. Each sentence beside it is the name of \
         a scenario in `tests/it/inspection/`, which asks the running gateway over its public \
         interfaces and fails when it is not so. Where a part of a finding is beyond what a \
         gateway can reach, that is said.\n\n\
         This page is made from the table in `findings.rs`, and a test compares the two.\n\n\
         | Paragraphs | What was found | What answers it |\n|---|---|---|\n",
    );
    for one in &FINDINGS {
        let paragraphs: Vec<String> = one.paragraphs.iter().map(u16::to_string).collect();
        let answer = |answer: &Answer| match answer {
            Covered(names) => names.iter().map(|name| sentence(name)).collect::<Vec<_>>(),
            Outside(why) => vec![format!("*Beyond a gateway:* {why}")],
        };
        let answers: Vec<String> = one.answers.iter().flat_map(answer).collect();
        let (paragraphs, answers) = (paragraphs.join(", "), answers.join(".<br>"));
        out.push_str(&format!("| {paragraphs} | {} | {answers}. |\n", one.found));
    }
    out
}

/// A scenario's name as a sentence.
fn sentence(name: &str) -> String {
    let words = name.splitn(3, '_').last().unwrap_or_default();
    let plain = words.replace("_s_", "'s ").replace('_', " ");
    let (first, rest) = plain.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Run with `WRITE_INSPECTION=1` to write the page again.
#[test]
fn the_page_for_councillors_says_what_the_table_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/inspection.md");
    if std::env::var_os("WRITE_INSPECTION").is_some() {
        std::fs::write(&page, document()).expect("written");
    }
    let written = std::fs::read_to_string(page).unwrap_or_default();
    assert_eq!(written, document(), "write it again: WRITE_INSPECTION=1");
}
