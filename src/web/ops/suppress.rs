//! Counts for people outside: none under five is told, nor can one be worked out from the others.

/// Counts below this, but for nothing, are hidden.
const FEWEST: i64 = 5;
/// What is hidden comes to so much at least.
const TOGETHER: i64 = 10;

/// What is told of counts and of their sum; `None` is hidden.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Told {
    pub(super) counts: Vec<Option<i64>>,
    pub(super) total: Option<i64>,
}

impl Told {
    pub(super) fn hides(&self) -> bool {
        self.total.is_none() || self.counts.contains(&None)
    }

    /// Nothing is told but that something is nothing.
    fn nothing(counts: &[i64]) -> Self {
        let counts = counts.iter().map(|count| (*count == 0).then_some(0)).collect();
        Told { counts, total: None }
    }
}

/// Whether a count may be told by itself.
pub(super) fn may_tell(count: i64) -> bool {
    count == 0 || count >= FEWEST
}

/// Hides what is small and, where the total would tell it, the smallest of the others as well.
/// Where that is not enough the total is hidden, too.
///
/// Whatever is as small as something that is hidden is hidden with it. So a count's place says
/// nothing of it, and where two that are hidden differ, each could be the other.
pub(super) fn suppress(counts: &[i64]) -> Told {
    let total = counts.iter().sum();
    let mut steps: Vec<i64> = counts.iter().copied().filter(|count| *count > 0).collect();
    steps.sort_unstable();
    let small = steps.partition_point(|count| !may_tell(*count));
    steps.dedup();
    let least = steps.partition_point(|count| !may_tell(*count)).saturating_sub(1);
    if small == 0 {
        return Told { counts: counts.iter().copied().map(Some).collect(), total: Some(total) };
    }
    for most in &steps[least..] {
        let is_hidden = |count: i64| count > 0 && count <= *most;
        let hidden: Vec<i64> = counts.iter().copied().filter(|count| is_hidden(*count)).collect();
        if are_safe(&hidden) {
            let counts = counts.iter().map(|count| (!is_hidden(*count)).then_some(*count));
            return Told { counts: counts.collect(), total: Some(total) };
        }
    }
    Told::nothing(counts)
}

/// Whether nobody who knows their number and their sum can tell any of them: there are two that
/// differ, or there could be, since twos could be a one and a three.
fn are_safe(hidden: &[i64]) -> bool {
    let differ = hidden.iter().any(|count| *count != hidden[0]);
    let could = hidden.len() > 1 && (2..FEWEST - 1).contains(&hidden[0]);
    (differ || could) && hidden.iter().sum::<i64>() >= TOGETHER
}

/// Two ways to cut one total: where one may not tell it, the other may tell nothing.
pub(super) fn suppress_both(one: &[i64], other: &[i64]) -> [Told; 2] {
    let told = [suppress(one), suppress(other)];
    if told.iter().all(|told| told.total.is_some()) {
        return told;
    }
    [Told::nothing(one), Told::nothing(other)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashMap};

    #[test]
    fn what_is_small_is_hidden_with_the_smallest_of_the_others() {
        let told = |counts: &[i64]| suppress(counts);
        let shown = |counts: &[Option<i64>], total| Told { counts: counts.to_vec(), total };
        assert_eq!(told(&[20, 7, 0]), shown(&[Some(20), Some(7), Some(0)], Some(27)));
        assert_eq!(told(&[20, 9, 3, 7]), shown(&[Some(20), Some(9), None, None], Some(39)));
        // Three and six are nine, of which too much could be guessed.
        assert_eq!(told(&[20, 9, 3, 6]), shown(&[Some(20), None, None, None], Some(38)));
        // Which of the sixes is hidden would tell that the other is no smaller.
        assert_eq!(told(&[6, 6, 4, 7]), shown(&[None, None, None, Some(7)], Some(23)));
        assert_eq!(told(&[3, 0]), shown(&[None, Some(0)], None));
        assert_eq!(told(&[0, 0]), shown(&[Some(0), Some(0)], Some(0)));
        assert_eq!(told(&[1; 12]), shown(&[None; 12], None));
    }

    #[test]
    fn two_ways_to_cut_a_total_do_not_tell_what_one_of_them_hides() {
        let [teams, levels] = suppress_both(&[1; 12], &[6, 6]);
        assert_eq!((teams.total, levels.total, levels.counts), (None, None, vec![None, None]));
        let [teams, levels] = suppress_both(&[40, 9], &[30, 19]);
        assert!(!teams.hides() && !levels.hides());
    }

    /// Whoever knows the rule and all that is told cannot tell any hidden count.
    #[test]
    fn no_hidden_count_can_be_worked_out() {
        let mut alike: HashMap<Told, Vec<[i64; 4]>> = HashMap::new();
        let most = 13;
        for code in 0..most * most * most * most {
            let counts = [1, most, most * most, most * most * most].map(|by| code / by % most);
            alike.entry(suppress(&counts)).or_default().push(counts);
        }
        assert!(alike.len() > 1_000);
        for (told, ways) in alike {
            for at in (0..4).filter(|at| told.counts[*at].is_none()) {
                let values: BTreeSet<i64> = ways.iter().map(|counts| counts[at]).collect();
                assert!(values.len() > 1, "{told:?} is {ways:?}");
            }
        }
    }
}
