//! Signs of harm that may stand in what could not be read: a code of another list, an answer in a
//! sentence, a key that is misspelt. Nobody knows what they say, so a person reads them, soon.

use crate::domain::answer::{Answer, Readable};
use crate::domain::household::Person;
use crate::domain::record::{Field, Other, Path, Spoken};
use crate::domain::values::YesNo;
use crate::domain::{Child, Referral, answer::says_nothing};

/// Records whose unknown members say nothing of a child: who refers, and services.
const NO_SIGNS: [&str; 4] = ["referrer", "school", "gp", "health_visitor"];

/// Whether an answer that can tell of harm was stated and not read, or something was stated under
/// a key that nobody declared.
pub(super) fn sign(referral: &Referral) -> bool {
    let coded = referral.concerns.iter().any(|concern| concern.code.is_unreadable())
        || referral.indicators.iter().any(Answer::is_unreadable);
    let stated = referral.danger_now.is_unreadable()
        || referral.do_not_alert.is_unreadable()
        || referral.primary_need.is_unreadable()
        || referral.abuse_category.is_unreadable()
        || referral.domains.scale.value().is_some_and(|scale| scale.0 > 10)
        || referral.domains.scale.is_unreadable();
    let children = |child: &Child| {
        child.private_fostering.is_unreadable()
            || child.unborn.is_unreadable()
            || child.expected_date.is_unreadable()
    };
    let accused = |person: &Person| {
        person.alleged_to_have_harmed.is_unreadable() || person.has_access_to_child.is_unreadable()
    };
    coded
        || stated
        || referral.children.iter().any(children)
        || referral.household.people.iter().any(accused)
        || has_unknown_members(referral)
}

fn has_unknown_members(referral: &Referral) -> bool {
    let mut found = false;
    referral.speak(&mut Path::default(), &mut |at, spoken| {
        if let Spoken::Other(other) = spoken {
            let matters = !NO_SIGNS.iter().any(|record| at.passes(record));
            found |= matters && other.0.values().any(|value| !says_nothing(value));
        }
    });
    found
}

/// Whether the family must not learn of the referral: the sender says so, answers in more than a
/// plain no, or says something of alerting under a key of their own.
pub(super) fn asks_for_silence(referral: &Referral) -> bool {
    let answer = &referral.do_not_alert;
    let of_alerting = |other: &Other| {
        other.0.iter().any(|(key, value)| {
            let key: String = key.chars().filter(char::is_ascii_alphabetic).collect();
            let denied = YesNo::read(value) == Some(YesNo(false)) || says_nothing(value);
            key.to_ascii_lowercase().contains("alert") && !denied
        })
    };
    answer.says_yes() || answer.is_unreadable() || of_alerting(&referral.other)
}
