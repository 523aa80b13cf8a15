//! The free text of a referral, in which words are noticed.

use crate::domain::Referral;
use crate::domain::answer::Answer;
use crate::domain::values::Words;

/// What forms hold where nothing was meant.
const SAYS_NOTHING: [&str; 10] =
    ["none", "n/a", "na", "nil", "no", "-", "none known", "not applicable", "unknown", "x"];

/// Hands every piece of free text to `scan`, each once. Coded answers that could not be read are
/// text too: a misspelt sign of harm is noticed by its words.
pub(super) fn visit<'a>(referral: &'a Referral, scan: &mut dyn FnMut(&'a str)) {
    let mut words = |answer: &'a Answer<Words>| match answer {
        Answer::Value(text) => scan(&text.0),
        Answer::Unreadable(text) => scan(text),
        Answer::Absent | Answer::NotKnown | Answer::Refused => {}
    };
    words(&referral.worry);
    for concern in &referral.concerns {
        words(&concern.detail);
    }
    for harm in &referral.harm {
        for text in [&harm.what, &harm.when, &harm.place, &harm.who] {
            words(text);
        }
        words(&harm.exact_words);
        words(&harm.body_map);
    }
    let domains = &referral.domains;
    words(&domains.development);
    words(&domains.parenting);
    words(&domains.family_and_environment);
    words(&domains.what_must_change);
    for child in &referral.children {
        words(&child.own_words);
        words(&child.description);
        words(&child.location_now);
        words(&child.disability_detail);
    }
    words(&referral.agreement.reason);
    for person in &referral.household.people {
        words(&person.agreement.reason);
    }
    words(&referral.earlier_help.detail);
    words(&referral.worker_safety.detail);
    for note in &referral.notes {
        words(&note.text);
    }
    let unread = referral.concerns.iter().filter_map(|concern| concern.code.as_stated());
    unread.for_each(&mut *scan);
    referral.indicators.iter().filter_map(Answer::as_stated).for_each(scan);
}

/// Whether some harm is described in more than a form's filler.
pub(super) fn describes_harm(referral: &Referral) -> bool {
    let told = |answer: &Answer<Words>| {
        answer.value().is_some_and(|text| {
            let text = text.0.trim().trim_end_matches('.').to_lowercase();
            !text.is_empty() && !SAYS_NOTHING.contains(&text.as_str())
        })
    };
    let described = |harm: &crate::domain::referral::Harm| {
        told(&harm.what) || told(&harm.exact_words) || told(&harm.body_map)
    };
    referral.harm.iter().any(described)
}
