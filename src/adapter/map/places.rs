//! The places that a value was made from.

use crate::adapter::located::Place;
use std::rc::Rc;

/// A value that more went into names the first of them: a letter may come as a line of a message
/// for each of its own.
const MOST: usize = 400;

/// Each once, in the order in which they were met. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Option<Rc<Vec<Place>>>);

impl Places {
    pub(super) fn none() -> Self {
        Places(None)
    }

    pub(super) fn one(place: Place) -> Self {
        Places(Some(Rc::new(vec![place])))
    }

    /// These, and then those of another value.
    pub(super) fn and(&self, other: &Places) -> Places {
        let (Some(mine), Some(theirs)) = (&self.0, &other.0) else {
            return if self.0.is_some() { self.clone() } else { other.clone() };
        };
        if Rc::ptr_eq(mine, theirs) || mine.len() >= MOST {
            return self.clone();
        }
        let mut all = mine.to_vec();
        let new = theirs.iter().filter(|place| !mine.contains(place)).cloned();
        all.extend(new.take(MOST - mine.len()));
        Places(Some(Rc::new(all)))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.0.iter().flat_map(|places| places.iter())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::located::Step;

    #[test]
    fn places_are_kept_once_each_in_their_order_and_not_without_end() {
        let row = |n| Places::one(Place::of(Step::Row(n)));
        let both = row(2).and(&row(1)).and(&row(2));
        let told: Vec<String> = both.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["row 2", "row 1"]);
        assert_eq!(Places::none().and(&row(3)), row(3));
        assert!(Places::none().is_empty() && !both.is_empty());
        let many = (0..500).map(row).fold(Places::none(), |all, one| all.and(&one));
        assert_eq!(many.iter().count(), MOST);
    }
}
