//! Whether two statements can be about the same child or person.

use crate::domain::household::Person;
use crate::domain::nhs_number::NhsNumber;
use crate::domain::record::{Field, Path};
use crate::domain::upn::Upn;
use crate::domain::values::{Date, Words};
use crate::domain::{Answer, Child};
use serde_json::Value;

/// Lists whose items are matched to the known ones rather than appended.
pub(super) enum ListOf {
    Children,
    People,
}

/// The answers that tell children and people apart.
#[derive(Default)]
pub(super) struct Identity {
    given: Vec<String>,
    family: Vec<String>,
    full: Vec<String>,
    date_of_birth: Option<Date>,
    nhs_number: Option<NhsNumber>,
    upn: Option<Upn>,
}

impl ListOf {
    /// The list at a JSON pointer, where it is one of these.
    pub(super) fn at(pointer: &str) -> Option<ListOf> {
        match pointer {
            "/children" => Some(ListOf::Children),
            "/household/people" => Some(ListOf::People),
            _ => None,
        }
    }

    pub(super) fn identity(&self, item: &Value) -> Identity {
        match self {
            ListOf::Children => {
                let child: Child = read(item);
                Identity {
                    given: words(&child.given_name),
                    family: words(&child.family_name),
                    full: words(&child.full_name),
                    date_of_birth: child.date_of_birth.value().copied(),
                    nhs_number: child.nhs_number.value().copied(),
                    upn: child.upn.value().copied(),
                }
            }
            ListOf::People => {
                let person: Person = read(item);
                let (full, born) = (words(&person.name), person.date_of_birth.value().copied());
                Identity { full, date_of_birth: born, ..Identity::default() }
            }
        }
    }
}

fn read<F: Field>(item: &Value) -> F {
    F::read(Some(item.clone()), &mut Path::default(), &mut Vec::new())
}

fn words(answer: &Answer<Words>) -> Vec<String> {
    let text = answer.value().map_or("", |words| words.0.as_str());
    text.split_whitespace().map(str::to_lowercase).collect()
}

/// How two answers stand to each other: `None` where one of them is missing.
fn same<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> Option<bool> {
    Some(one.as_ref()? == other.as_ref()?)
}

fn same_words(one: &[String], other: &[String]) -> Option<bool> {
    (!one.is_empty() && !other.is_empty()).then(|| one == other)
}

/// Whether every word of a part stands in a whole name.
fn within(part: &[String], full: &[String]) -> Option<bool> {
    let both = !part.is_empty() && !full.is_empty();
    both.then(|| part.iter().all(|word| full.contains(word)))
}

impl Identity {
    /// What tells one child from all others, or nearly.
    fn telling(&self, other: &Identity) -> [Option<bool>; 7] {
        [
            same_words(&self.given, &other.given),
            same_words(&self.full, &other.full),
            within(&self.given, &other.full),
            within(&other.given, &self.full),
            same(&self.date_of_birth, &other.date_of_birth),
            same(&self.nhs_number, &other.nhs_number),
            same(&self.upn, &other.upn),
        ]
    }

    /// What a whole family shares.
    fn shared(&self, other: &Identity) -> [Option<bool>; 3] {
        [
            same_words(&self.family, &other.family),
            within(&self.family, &other.full),
            within(&other.family, &self.full),
        ]
    }

    /// One of the answers that both have is another.
    pub(super) fn contradicts(&self, other: &Identity) -> bool {
        let (telling, shared) = (self.telling(other), self.shared(other));
        telling.iter().chain(&shared).any(|same| *same == Some(false))
    }

    /// One answer is another, but a name or number of its own is the same.
    pub(super) fn is_mended_by(&self, other: &Identity) -> bool {
        let [given, full, .., born, nhs, upn] = self.telling(other);
        let family = same_words(&self.family, &other.family);
        let named = [given, full, nhs, upn].contains(&Some(true));
        let others = [given, full, born, nhs, upn, family];
        named && others.iter().filter(|same| **same == Some(false)).count() == 1
    }

    /// They have a telling answer in common, and none is another.
    pub(super) fn agrees(&self, other: &Identity) -> bool {
        self.telling(other).contains(&Some(true)) && !self.contradicts(other)
    }
}
