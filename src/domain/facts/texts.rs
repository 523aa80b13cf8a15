//! The free text of a referral, in which words are noticed, and what its plain answers say of harm.

use crate::domain::Referral;
use crate::domain::answer::Answer;
use crate::domain::codes::{AbuseCategory, PrimaryNeed};
use crate::domain::record::{AS_STATED, Field, Path, Spoken};
use crate::domain::referral::Harm;
use crate::domain::values::Words;
use serde_json::Value;

/// What forms hold where nothing was meant.
const SAYS_NOTHING: [&str; 10] =
    ["none", "n/a", "na", "nil", "no", "-", "none known", "not applicable", "unknown", "x"];

/// Names, numbers and places. A surname, a street or a school's name is no sign of anything.
const NAMES: [&str; 22] = [
    "given_name",
    "middle_names",
    "family_name",
    "full_name",
    "known_as",
    "mother_name",
    "father_name",
    "name",
    "lead_professional",
    "social_worker",
    "withheld_from",
    "lines",
    "town",
    "postcode",
    "uprn",
    "code",
    "telephone",
    "ethnicity",
    "religion",
    "language",
    "la_child_id",
    "source_message_id",
];

/// Hands every piece of free text to `scan`, each once: what was written, coded answers that could
/// not be read, and members that nobody declared, with their keys. Who refers is no part of it.
pub(super) fn visit<'a>(referral: &'a Referral, scan: &mut dyn FnMut(&'a str)) {
    referral.speak(&mut Path::default(), &mut |at, spoken| match spoken {
        Spoken::Text(text) => {
            if is_told(at) {
                scan(text);
            }
        }
        Spoken::Other(other) => {
            for (key, value) in &other.0 {
                if key != AS_STATED {
                    scan(key);
                }
                everything_in(value, scan);
            }
        }
    });
}

fn is_told(at: &Path) -> bool {
    // The code of a concern is a sign; that of a school is not.
    let name = at.last_key();
    let is_name = NAMES.contains(&name) && !(name == "code" && at.passes("concerns"));
    !is_name && !at.passes("referrer")
}

fn everything_in<'a>(value: &'a Value, scan: &mut dyn FnMut(&'a str)) {
    match value {
        Value::String(text) => scan(text),
        Value::Array(items) => items.iter().for_each(|item| everything_in(item, scan)),
        Value::Object(members) => {
            for (key, member) in members {
                scan(key);
                everything_in(member, scan);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// More than a form's filler.
pub(super) fn means_something(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    !text.is_empty() && !SAYS_NOTHING.contains(&text.as_str())
}

/// Stated, readable or not, in more than a form's filler.
pub(super) fn says_something(answer: &Answer<Words>) -> bool {
    match answer {
        Answer::Value(text) => means_something(&text.0),
        Answer::Unreadable(text) => means_something(text),
        Answer::Absent | Answer::NotKnown | Answer::Refused => false,
    }
}

/// Whether some harm is stated: any part of it is told, someone is said to have done it, or abuse
/// is what the child needs help for.
pub(super) fn describes_harm(referral: &Referral) -> bool {
    let told = |harm: &Harm| {
        let parts =
            [&harm.what, &harm.when, &harm.place, &harm.who, &harm.exact_words, &harm.body_map];
        parts.into_iter().any(says_something)
    };
    let abused = referral.primary_need.value() == Some(&PrimaryNeed::AbuseOrNeglect)
        || referral.abuse_category.value() == Some(&AbuseCategory::Multiple);
    let mut people = referral.household.people.iter();
    abused
        || referral.harm.iter().any(told)
        || people.any(|person| person.alleged_to_have_harmed.says_yes())
}

/// Whether someone who is said to have harmed can reach the child: has access, also where that is
/// told in a way that cannot be read, or lives with the child.
pub(super) fn alleged_has_access(referral: &Referral) -> bool {
    referral.household.people.iter().any(|person| {
        let access = &person.has_access_to_child;
        let near = person.lives_with_child.says_yes() || access.says_yes();
        person.alleged_to_have_harmed.says_yes() && (near || access.is_unreadable())
    })
}

/// Ways of claiming that a statutory threshold is met.
const STATUTES: [&str; 7] =
    ["s47", "section47", "significantharm", "childprotection", "s17", "section17", "childinneed"];

/// The highest level that the sender claims: the digits that stand alone, as in "level 4" or "T5";
/// or that of a statute, where one is named.
pub(super) fn level_claimed(referral: &Referral) -> i16 {
    let text = match &referral.level_claimed {
        Answer::Value(text) => text.0.to_lowercase(),
        Answer::Unreadable(text) => text.to_lowercase(),
        Answer::Absent | Answer::NotKnown | Answer::Refused => return 0,
    };
    let compact: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    if STATUTES.into_iter().any(|statute| compact.contains(statute)) {
        return super::STATUTORY;
    }
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 1);
    numbers.filter_map(|digit| digit.parse().ok()).max().unwrap_or(0)
}
