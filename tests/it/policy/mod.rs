//! The policy of the shipped configuration: stories, properties, faults, speed.

mod clocks;
mod command;
mod decided;
mod fairness;
mod faults;
mod language;
mod manual;
mod outcome_faults;
mod properties;
mod receivers;
mod replay;
mod sixty;
mod speed;
mod stories;
mod told_otherwise;
mod withdrawn;
mod wording;

use frontdoor::config::{Authority, Fault, load};
use frontdoor::domain::{Decision, Referral, Route, Timestamp};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub(crate) fn calderdale_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale")
}

/// The shipped configuration, read once.
pub(crate) static CALDERDALE: LazyLock<Authority> = LazyLock::new(|| {
    let told = |faults: Vec<Fault>| {
        let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        lines.join("\n")
    };
    load(&calderdale_dir()).unwrap_or_else(|faults| panic!("{}", told(faults)))
});

/// A Tuesday morning in November, when MASSTT is staffed.
pub(crate) fn tuesday_morning() -> Timestamp {
    Timestamp::parse("2026-11-24T10:00:00Z").expect("a time")
}

pub(crate) fn read(document: &Value) -> Referral {
    Referral::read(document.clone()).0
}

/// The decision on the submission alone.
pub(crate) fn decided(document: &Value) -> Decision {
    let policy = &CALDERDALE.policy;
    frontdoor::threshold::decide_for_receipt(policy, &read(document), tuesday_morning())
}

pub(crate) fn route_to<'a>(decision: &'a Decision, destination: &str) -> Option<&'a Route> {
    decision.routes.iter().find(|route| route.destination.as_str() == destination)
}

pub(crate) fn masstt(decision: &Decision) -> &Route {
    route_to(decision, "masstt").expect("every referral is in front of MASSTT")
}
