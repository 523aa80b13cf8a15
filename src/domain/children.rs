//! Which children of a referral something concerns.

/// A set of a referral's children, as one number: bit n is child n. Families are smaller than its
/// sixty-three bits; should a referral name more children, those from the 63rd on share the last
/// one, and count as decided only all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Children(i64);

/// The bit that further children share.
const SHARED: u16 = 62;

fn bit(child: u16) -> i64 {
    1 << child.min(SHARED)
}

impl Children {
    pub const NONE: Children = Children(0);

    /// These children.
    pub fn of(children: &[u16]) -> Self {
        Children(children.iter().fold(0, |bits, child| bits | bit(*child)))
    }

    /// Those of `all` that are decided with `children`.
    pub fn decided(children: &[u16], all: &[u16]) -> Self {
        let open = all.iter().filter(|child| !children.contains(child));
        let open = open.fold(0, |bits, child| bits | bit(*child));
        Children(Self::of(children).0 & !(open & bit(SHARED)))
    }

    /// As stored.
    pub fn from_bits(bits: i64) -> Self {
        Children(bits & i64::MAX)
    }

    pub fn bits(self) -> i64 {
        self.0
    }

    pub fn and(self, others: Self) -> Self {
        Children(self.0 | others.0)
    }

    pub fn without(self, others: Self) -> Self {
        Children(self.0 & !others.0)
    }

    /// Those in both.
    pub fn among(self, others: Self) -> Self {
        Children(self.0 & others.0)
    }

    pub fn has(self, child: u16) -> bool {
        self.0 & bit(child) != 0
    }

    /// Their indices; none where all are meant that there may be. Of those that share a bit the
    /// first stands for them.
    pub fn indices(self) -> Vec<u16> {
        let some = (0..=SHARED).filter(|child| self.has(*child) && self.0 != i64::MAX);
        some.collect()
    }

    /// All of so many children.
    pub fn all(count: usize) -> Self {
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        Children((0..count.min(SHARED + 1)).fold(0, |bits, child| bits | bit(child)))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_child_decided_leaves_the_others() {
        let waiting = Children::of(&[0, 1, 4]);
        let left = waiting.without(Children::decided(&[1], &[0, 1, 4]));
        assert!(left.has(0) && !left.has(1) && left.has(4) && !left.is_empty());
        assert_eq!(left.indices(), [0, 4]);
        assert!(left.without(Children::decided(&[0, 4], &[0, 1, 4])).is_empty());
        assert_eq!(Children::from_bits(left.bits()), left);
        assert!(Children::from_bits(-1).has(62));
    }

    #[test]
    fn beyond_sixty_two_they_are_decided_all_together() {
        let all: Vec<u16> = (0..100).collect();
        let waiting = Children::of(&all);
        let left = waiting.without(Children::decided(&all[..99], &all));
        assert!(left.has(99) && !left.has(61));
        assert!(waiting.without(Children::decided(&all, &all)).is_empty());
    }
}
