//! The same story in every format that can tell it is the same canonical referral, with the same
//! level and the same routes.
//!
//! A story is generated and written in each format; what the adapter makes of it is compared with
//! the canonical document of the story itself, of both what the format can express. Two formats
//! thereby agree on all that both can express.

mod compare;
mod render;
mod story;

use super::super::policy::decided;
use compare::{Differences, outcome};
use frontdoor::adapter::engine::Adapter;
use frontdoor::adapter::folder;
use frontdoor::validation::Validator;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use render::{FORMATS, Format};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use story::{Story, story};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::new);

/// The shipped adapter of a format.
fn adapter(format: &Format) -> Adapter {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let folder =
        folder::read_one(&dir, format.adapter).unwrap_or_else(|faults| panic!("{faults:?}"));
    Adapter::read(&folder).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The canonical document that an adapter makes of a story in its format; it is of the format's
/// own shape, meets the minimum, and nothing of it is unreadable.
fn adapted(format: &Format, adapter: &Adapter, bytes: &[u8]) -> Result<Value, String> {
    let items = adapter.items(format.decoder, bytes, None).map_err(|no| format!("{no:?}"))?;
    let items: Vec<_> = items.collect();
    let [item] = items.as_slice() else { return Err(format!("{} items", items.len())) };
    let item = item.decoded.as_ref().map_err(|no| format!("{no:?}"))?;
    let made = adapter.make(item).map_err(|no| format!("{no:?}"))?;
    if !made.shape.is_empty() {
        return Err(format!("not of the format's shape: {:?}", made.shape));
    }
    let read = VALIDATOR.validate(made.document.clone());
    let (_, unread) = read.map_err(|no| format!("{no:?}"))?;
    if unread.is_empty() { Ok(made.document) } else { Err(format!("unread: {unread:?}")) }
}

/// Fails unless a format says of a story what the story says.
fn tells_the_same(format: &Format, adapter: &Adapter, story: &Story) -> Result<(), TestCaseError> {
    let mut as_told = story.clone();
    (format.as_told)(&mut as_told);
    let bytes = (format.render)(story);
    let told = || format!("{}:\n{}", format.name, String::from_utf8_lossy(&bytes));
    let got = match adapted(format, adapter, &bytes) {
        Ok(got) => got,
        Err(why) => return Err(TestCaseError::fail(format!("{why}\n{}", told()))),
    };
    let expected = compare::normal(&as_told.document());
    let differences = Differences::between(format, &expected, &compare::normal(&got));
    prop_assert!(differences.is_empty(), "{}\n{}", differences, told());
    // What the adapter made, as it is, is decided as what can be expressed of the story.
    let expected = compare::expressed(format, &expected);
    prop_assert_eq!(outcome(&decided(&got)), outcome(&decided(&expected)), "{}", told());
    Ok(())
}

#[test]
fn the_same_story_in_every_format_is_the_same_referral_with_the_same_level_and_route() {
    let adapters: Vec<(&Format, Adapter)> =
        FORMATS.iter().map(|format| (*format, adapter(format))).collect();
    let config =
        Config { cases: 24, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let result = TestRunner::new(config).run(&story(), |story| {
        adapters.iter().try_for_each(|(format, adapter)| tells_the_same(format, adapter, &story))
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

fn some_stories() -> Vec<Story> {
    let mut runner = TestRunner::deterministic();
    let mut one = || story().new_tree(&mut runner).expect("a story").current();
    (0..300).map(|_| one()).collect()
}

/// A misspelt pattern would compare nothing and pass.
#[test]
fn stories_tell_everything_that_a_format_is_said_to_express_and_two_formats_express_each() {
    let mut expressed_by: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let stories = some_stories();
    for format in FORMATS {
        let mut unseen: BTreeSet<&str> =
            format.expresses.iter().copied().flatten().copied().collect();
        for story in &stories {
            let mut story = story.clone();
            (format.as_told)(&mut story);
            let places = compare::flat(&compare::normal(&story.document()));
            for place in places.keys() {
                unseen.retain(|pattern| !compare::matches(pattern, place));
                let general = compare::general(place);
                let by = expressed_by.entry(general).or_default();
                if format.expresses(place) {
                    by.insert(format.name);
                }
            }
        }
        assert!(unseen.is_empty(), "{}: {unseen:?}", format.name);
    }
    for (place, formats) in &expressed_by {
        assert!(formats.len() > 1, "{place}: {formats:?}");
    }
}

#[test]
fn stories_end_at_every_level_and_with_panels_and_without() {
    let mut levels = BTreeSet::new();
    let mut panels = 0;
    for story in some_stories() {
        let decision = decided(&story.document());
        levels.insert(decision.level.code.clone());
        panels +=
            usize::from(decision.routes.iter().any(|route| route.purpose.as_str() == "panel"));
    }
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    assert_eq!(levels, ["2", "3", "4", "5"]);
    assert!((20..200).contains(&panels), "{panels} of 300 at a panel");
}
