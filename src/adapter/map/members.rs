//! The members of an object of a map: few, in the order of their keys, and quick to copy.

use super::traced::Traced;
use std::rc::Rc;

type Member = (Rc<str>, Traced);

/// Each key once, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Vec<Member>);

impl Members {
    fn at(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| (**name).cmp(key))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Traced> {
        self.at(key).ok().map(|at| &self.0[at].1)
    }

    pub(super) fn nth(&self, at: usize) -> Option<&Member> {
        self.0.get(at)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.0.iter()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Rc<str>> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Traced> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, key: Rc<str>, value: Traced) {
        match self.at(&key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Ok(at) = self.at(key) {
            self.0.remove(at);
        }
    }

    /// Puts the members of another over these.
    pub(super) fn extend(&mut self, other: &Members) {
        if other.len() < 4 {
            other.iter().for_each(|(key, value)| self.insert(key.clone(), value.clone()));
        } else {
            let both = std::mem::take(&mut self.0).into_iter().chain(other.iter().cloned());
            *self = both.collect();
        }
    }
}

/// Of several with one key the last stands.
impl FromIterator<Member> for Members {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Self {
        let mut all: Vec<Member> = members.into_iter().collect();
        all.sort_by(|one, two| one.0.cmp(&two.0));
        // What is removed is the later one: it takes the earlier one's place first.
        all.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Members(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn members_are_those_of_an_ordered_map(
            first in vec(("[a-d]{0,2}", 0..9usize), 0..12),
            then in vec(("[a-d]{0,2}", 0..9usize), 0..12),
            gone in "[a-d]{0,2}",
        ) {
            let traced = |from: &[(String, usize)]| -> Members {
                from.iter().map(|(key, n)| (key.as_str().into(), Traced::from(*n))).collect()
            };
            let mut ours = traced(&first);
            ours.extend(&traced(&then));
            ours.remove(&gone);
            ours.insert("b".into(), Traced::from(10_usize));
            let mut theirs: BTreeMap<String, usize> = first.into_iter().chain(then).collect();
            theirs.remove(&gone);
            theirs.insert("b".to_owned(), 10);
            let told: Vec<_> = ours.iter().map(|(key, n)| (key.to_string(), n.clone())).collect();
            let wanted: Vec<_> = theirs.iter().map(|(key, n)| (key.clone(), (*n).into())).collect();
            prop_assert_eq!(told, wanted);
            prop_assert!(theirs.keys().all(|key| ours.get(key).is_some()));
        }
    }
}
