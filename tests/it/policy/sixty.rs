//! The stories of tests/data/policy/stories.yaml, in senders' own words: none goes less far than an
//! experienced front-door manager would send it, and early help that asks for early help gets it.

use super::*;
use frontdoor::domain::{ChildHistory, Priority, Purpose};
use frontdoor::threshold::{decide, merge};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a manager would accept: one value, or the least and the greatest.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Range {
    One(String),
    Of(Vec<String>),
}

impl Range {
    fn least(&self) -> &str {
        match self {
            Range::One(only) => only,
            Range::Of(all) => &all[0],
        }
    }

    fn greatest(&self) -> &str {
        match self {
            Range::One(only) => only,
            Range::Of(all) => &all[all.len() - 1],
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) struct Story {
    pub(super) id: String,
    kind: String,
    from: String,
    at: Option<Timestamp>,
    pub(super) says: Value,
    #[serde(default)]
    known: Option<Value>,
    level: Range,
    masstt: Range,
    #[serde(default)]
    others: Vec<String>,
    why: String,
}

/// The stories, as the file tells them.
pub(super) fn all() -> Vec<Story> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/policy/stories.yaml");
    let text = std::fs::read_to_string(file).expect("the stories are there");
    serde_saphyr::from_str(&text).expect("each story is as the head says")
}

impl Story {
    pub(super) fn at(&self) -> Timestamp {
        self.at.unwrap_or_else(tuesday_morning)
    }

    /// One for each child, where something is known.
    pub(super) fn known(&self) -> Vec<ChildHistory> {
        let Some(known) = &self.known else { return Vec::new() };
        let mut first = serde_json::to_value(ChildHistory::default()).expect("plain data");
        for (key, value) in known.as_object().expect("an object") {
            first[key] = value.clone();
        }
        let mut all = vec![ChildHistory::default(); read(&self.says).children.len()];
        all[0] = serde_json::from_value(first).expect("a history");
        all
    }

    /// The whole decide stage: from the submission alone, and with what is known.
    pub(super) fn decided(&self, says: &Value) -> Decision {
        let (policy, referral) = (&CALDERDALE.policy, read(says));
        let alone = decide(policy, &referral, &[], self.at());
        let with = decide(policy, &referral, &self.known(), self.at());
        merge(policy, &alone, with)
    }
}

/// Order of what MASSTT is asked for: the purpose, then how soon.
fn urgency(told: &str) -> (usize, usize) {
    let (purpose, priority) = told.split_once(' ').expect("a purpose and a priority");
    let known = ["standard", "urgent", "immediate"];
    let gravity = CALDERDALE.policy.gravity(&Purpose::new(purpose));
    assert!(gravity > 0, "{purpose} is no purpose");
    (gravity, known.iter().position(|one| *one == priority).expect("a priority"))
}

/// What the gateway does less than was expected, and what more.
fn compared(story: &Story) -> (Vec<String>, Vec<String>) {
    let decision = story.decided(&story.says);
    let (mut less, mut more) = (Vec::new(), Vec::new());
    let level = decision.level.code.as_str();
    if level < story.level.least() {
        less.push(format!("level {level}, not {}", story.level.least()));
    }
    if level > story.level.greatest() {
        more.push(format!("level {level}, not {}", story.level.greatest()));
    }
    let route = masstt(&decision);
    let told = format!("{} {}", route.purpose.as_str(), route.priority.as_str());
    let (got, least, greatest) =
        (urgency(&told), urgency(story.masstt.least()), urgency(story.masstt.greatest()));
    if got.0 < least.0 || got.1 < least.1 {
        less.push(format!("masstt {told}, not {}", story.masstt.least()));
    }
    if got.0 > greatest.0 || got.1 > greatest.1 {
        more.push(format!("masstt {told}, not {}", story.masstt.greatest()));
    }
    let bare = |other: &String| other.trim_matches(['(', ')']).to_owned();
    let others = decision.routes.iter().filter(|route| route.destination.as_str() != "masstt");
    let sent: BTreeSet<String> =
        others.map(|route| format!("{} {}", route.destination, route.purpose.as_str())).collect();
    let must = story.others.iter().filter(|other| !other.starts_with('('));
    less.extend(must.filter(|other| !sent.contains(*other)).map(|other| format!("no {other}")));
    let may: BTreeSet<String> = story.others.iter().map(bare).collect();
    more.extend(sent.difference(&may).map(|other| format!("also {other}")));
    (less, more)
}

fn row(story: &Story, what: &[String]) -> String {
    let rules = story.decided(&story.says).children.into_iter().flat_map(|child| child.reasons);
    let rules: BTreeSet<String> = rules.map(|reason| reason.rule.to_string()).collect();
    let rules: Vec<String> = rules.into_iter().collect();
    let Story { id, kind, from, why, .. } = story;
    format!("{id} | {kind} | {from} | {} | {} | {why}", what.join("; "), rules.join(" "))
}

#[test]
fn no_story_goes_less_far_than_an_experienced_manager_would_send_it() {
    let under: Vec<String> = all()
        .iter()
        .map(|story| (story, compared(story).0))
        .filter(|(_, less)| !less.is_empty())
        .map(|(story, less)| row(story, &less))
        .collect();
    assert!(under.is_empty(), "{} go less far:\n{}", under.len(), under.join("\n"));
}

#[test]
fn no_story_goes_further_than_an_experienced_manager_would_send_it() {
    let over: Vec<String> = all()
        .iter()
        .map(|story| (story, compared(story).1))
        .filter(|(_, more)| !more.is_empty())
        .map(|(story, more)| row(story, &more))
        .collect();
    assert!(over.is_empty(), "{} go further:\n{}", over.len(), over.join("\n"));
}

#[test]
fn there_are_sixty_stories_of_all_seven_kinds_by_many_senders_and_each_says_why() {
    let all = all();
    assert!(all.len() >= 60, "{}", all.len());
    let ids: BTreeSet<&str> = all.iter().map(|story| story.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "each id once");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for story in &all {
        *kinds.entry(&story.kind).or_default() += 1;
        assert!(!story.why.is_empty(), "{}", story.id);
    }
    let known = "boilerplate contradiction early-help hidden negation not-known plain";
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>().join(" "), known);
    assert!(kinds.values().all(|count| *count >= 6), "{kinds:?}");
    let senders: BTreeSet<&str> = all.iter().map(|story| story.from.as_str()).collect();
    assert!(senders.len() >= 12, "{senders:?}");
}

#[test]
fn early_help_is_neither_urgent_nor_with_a_social_worker_first() {
    for story in all().iter().filter(|story| story.kind == "early-help") {
        let decision = story.decided(&story.says);
        assert_eq!(decision.priority, Priority::Standard, "{}", story.id);
        let (less, more) = compared(story);
        assert!(less.is_empty() && more.is_empty(), "{}", row(story, &[less, more].concat()));
    }
}
