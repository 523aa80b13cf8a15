//! Which of the people who share a blocking key with a child are compared with it.

/// At most this many people share a blocking key before the block says nothing and is passed over.
pub const BLOCK_CAP: usize = 200;

/// Most people compared with one child.
pub const MAX_CANDIDATES: usize = 32;

/// Against so many is a block weighed: how rare it is to share one.
const POPULATION: f64 = 1_000_000.0;

/// Of the people of a child's blocks the likeliest, best first, each once, at most
/// [`MAX_CANDIDATES`]: whoever shares more blocks, and rarer ones. Each block tells for its people
/// what it tells to share it, ln(population / its size); of two who have as much the lower id is
/// first. The order of the blocks, and of the people within them, makes no difference.
pub fn shortlist<P: Copy + Ord>(mut blocks: Vec<&[P]>) -> Vec<P> {
    // Sums of the same parts must be the same, so they are added up in one order.
    blocks.sort_by_key(|block| block.len());
    let mut scores: Vec<(P, f64)> = Vec::with_capacity(blocks.iter().map(|b| b.len()).sum());
    for block in blocks {
        let score = (POPULATION / block.len() as f64).ln();
        scores.extend(block.iter().map(|person| (*person, score)));
    }
    scores.sort_by_key(|(person, _)| *person);
    scores.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    let best = |one: &(P, f64), two: &(P, f64)| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0));
    if scores.len() > MAX_CANDIDATES {
        scores.select_nth_unstable_by(MAX_CANDIDATES, best);
        scores.truncate(MAX_CANDIDATES);
    }
    scores.sort_unstable_by(best);
    scores.into_iter().map(|(person, _)| person).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_shortlist_is_bounded_and_takes_the_rarest_blocks_first() {
        let (large, small): (Vec<u32>, Vec<u32>) = ((0..180).collect(), (170..190).collect());
        let people = shortlist(vec![&large, &small, &[1_000]]);
        assert_eq!(people.len(), MAX_CANDIDATES);
        // Two blocks tell more than one, however rare; then the rarest.
        assert_eq!(people[..10], (170..180).collect::<Vec<_>>());
        assert_eq!(people[10], 1_000);
        assert_eq!(people[11..21], (180..190).collect::<Vec<_>>());
        assert_eq!(people[21..], (0..11).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_is_found_in_no_block() {
        assert!(shortlist::<u8>(vec![]).is_empty());
        assert!(shortlist::<u8>(vec![&[], &[]]).is_empty());
    }

    proptest! {
        /// As said, added up the long way; and the order given makes no difference.
        #[test]
        fn whoever_shares_more_and_rarer_blocks_is_first(
            blocks in proptest::collection::vec(
                proptest::collection::btree_set(0_u16..300, 0..90), 0..12),
        ) {
            let blocks: Vec<Vec<u16>> =
                blocks.into_iter().map(|block| block.into_iter().collect()).collect();
            let people = shortlist(blocks.iter().map(Vec::as_slice).collect());
            let back: Vec<Vec<u16>> =
                blocks.iter().rev().map(|b| b.iter().rev().copied().collect()).collect();
            prop_assert_eq!(&people, &shortlist(back.iter().map(Vec::as_slice).collect()));
            let mut scores: BTreeMap<u16, f64> = BTreeMap::new();
            for block in &blocks {
                for person in block {
                    *scores.entry(*person).or_default() += (1e6 / block.len() as f64).ln();
                }
            }
            prop_assert_eq!(people.len(), scores.len().min(MAX_CANDIDATES));
            let told: Vec<f64> = people.iter().map(|person| scores[person]).collect();
            prop_assert!(told.windows(2).all(|two| two[0] >= two[1] - 1e-9));
            let least = told.last().copied().unwrap_or_default();
            let left_out = scores.iter().filter(|(person, _)| !people.contains(person));
            prop_assert!(left_out.into_iter().all(|(_, score)| *score <= least + 1e-9));
        }
    }
}
