//! Levels are constrained to be monotone: who agrees more is not weighed less.

use super::comparison::{COUNT, FIELDS};
use super::model::{MOST_LEVELS, Rates};

/// Of each comparison the levels that follow from one another, the best first. What one child's
/// records show by chance more rarely (a slip in a long name, say) may still weigh more than a
/// nickname, so that not every two levels are comparable.
const CHAINS: &[(&str, &[&str])] = &[
    ("forename", &["exact", "typo", "sound", "similar", "different"]),
    ("forename", &["exact", "family", "similar"]),
    ("forename", &["exact", "prefix", "honorific", "different"]),
    ("forename", &["middle", "similar"]),
    ("middle_name", &["same", "different"]),
    ("birth", &["exact", "both-default", "default", "same-year", "different"]),
    ("birth", &["exact", "swapped", "digit", "same-year"]),
    ("birth", &["exact", "near", "same-year"]),
    ("birth", &["exact", "year", "different"]),
    ("birth", &["due-near", "both-unborn", "born-since", "different"]),
    ("sex", &["same", "different"]),
    ("nhs_number", &["same", "near", "different"]),
    ("upn", &["same", "near", "different"]),
    ("other_id", &["same", "near", "different"]),
    ("surname", &["exact", "typo", "sound", "similar", "different"]),
    ("surname", &["exact", "family", "sound"]),
    ("surname", &["exact", "part", "parent", "second-name", "different"]),
    ("address", &["home", "neighbour", "street", "sector", "town", "different"]),
    ("address", &["home", "postcode", "previous", "neighbour"]),
    ("mother", &["full", "part", "mixed", "different"]),
    ("father", &["full", "part", "mixed", "different"]),
    ("phone", &["same", "near", "different"]),
];

/// Neighbours of a chain that stand the wrong way round are weighed together, until none does
/// (pool adjacent violators).
pub(super) fn constrain(rates: &mut [[Rates; MOST_LEVELS]; COUNT]) {
    for _ in 0..MOST_LEVELS * CHAINS.len() {
        let mut changed = false;
        for (field, chain) in CHAINS {
            let Some(place) = FIELDS.iter().position(|known| known.name == *field) else {
                continue;
            };
            let levels = FIELDS[place].levels;
            let at = |name: &str| levels.iter().position(|level| *level == name);
            let chain: Vec<usize> = chain.iter().filter_map(|name| at(name)).collect();
            for pair in chain.windows(2) {
                changed |= pool(&mut rates[place], pair[0], pair[1]);
            }
        }
        if !changed {
            break;
        }
    }
}

fn pool(rates: &mut [Rates; MOST_LEVELS], better: usize, worse: usize) -> bool {
    let ratio = |rates: Rates| rates.m / rates.u;
    let (one, two) = (rates[better], rates[worse]);
    if ratio(one) >= ratio(two) * 0.999 {
        return false;
    }
    let together = (one.m + two.m) / (one.u + two.u);
    rates[better].m = one.u * together;
    rates[worse].m = two.u * together;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::model::Model;

    #[test]
    fn every_level_of_a_chain_is_a_level_and_the_shipped_model_is_monotone() {
        let mut rates = Model::shipped().rates;
        for (field, chain) in CHAINS {
            let known = FIELDS.iter().find(|known| known.name == *field).expect("a comparison");
            assert!(chain.iter().all(|level| known.levels.contains(level)), "{field}");
        }
        assert!(CHAINS.iter().all(|(_, chain)| chain.len() > 1));
        let before = rates;
        constrain(&mut rates);
        for (before, after) in before.iter().flatten().zip(rates.iter().flatten()) {
            assert!((before.m - after.m).abs() <= before.m * 0.02);
        }
    }

    #[test]
    fn levels_the_wrong_way_round_are_weighed_together() {
        let mut rates = Model::shipped().rates;
        let address = FIELDS.iter().position(|field| field.name == "address").expect("is one");
        let (home, neighbour) = (1, 4);
        rates[address][neighbour] = Rates { m: 0.9, u: 1e-6 };
        constrain(&mut rates);
        let ratio = |level: usize| rates[address][level].m / rates[address][level].u;
        assert!(ratio(home) >= ratio(neighbour) * 0.99);
    }
}
