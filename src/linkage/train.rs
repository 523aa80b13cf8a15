//! Estimates weights without labels: expectation and maximisation over pairs of blocks (Winkler
//! 1988; Splink's training blocks), with siblings and twins as a class of their own.
//!
//! `u` is counted among random pairs. For `m`, each [`Block`] gathers pairs that agree in something
//! telling, and is a mixture of four kinds of pair: one child's records, siblings, twins,
//! strangers. Of siblings the child's own comparisons are as of strangers and the household's as of
//! one child, so that they teach nothing about forenames and birthdays; of twins the birthday is as
//! of one child. What a block selects by is not learned from it.

use super::blocking::{Block, blocks};
use super::comparison::{COUNT, FIELDS, HOUSEHOLD_START, compare};
use super::model::{MOST_LEVELS, Model, Rates};
use super::monotone;
use super::names::Name;
use super::profile::Profile;
use super::rarity::{Frequencies, Rarity};
use std::collections::{BTreeMap, HashMap};

/// Random pairs that `u` is counted among.
const RANDOM_PAIRS: u64 = 3_000_000;
/// A training block's value that more records share is passed over.
const BLOCK_CAP: usize = 100;
/// Rounds of expectation and maximisation; they settle long before.
const ROUNDS: usize = 60;
/// So many counts of the model to begin with are added, so that a level never seen has a weight.
const PSEUDO_MATCHES: f64 = 20.0;
const PSEUDO_RANDOM: f64 = 300.0;
/// Pairs that must show a level before its weight is learned anew.
const ENOUGH: f64 = 5.0;
/// A level is never rarer, so that its rates can be written down.
const LEAST: f32 = 1e-9;
/// Fewer people than bear a name make it a name that could tell of them.
const LEAST_BEARERS: u32 = 5;

/// One child's records, siblings, twins, strangers.
const KINDS: usize = 4;

/// What training found.
pub struct Trained {
    pub model: Model,
    /// Random pairs, and pairs of the training blocks.
    pub random: u64,
    pub blocked: u64,
    /// Pairs of blocks that are expected to be of one child.
    pub matches: f64,
}

/// Of each level of each comparison, how often it was seen.
type Counts = [[f64; MOST_LEVELS]; COUNT];

/// Levels of a pair's comparisons.
type Levels = [u8; COUNT];

/// Trains on people linked with themselves, or with referrals when there are some. `base` gives
/// where to start, and whatever is not trained: the share of those known, thresholds and the curve.
pub fn train(base: &Model, people: &[Profile], referrals: &[Profile]) -> Trained {
    let (u, seen, random) = random_rates(base, people, referrals);
    let mut rates = base.rates;
    let mut blocked = 0;
    let patterns: Vec<(Block, HashMap<Levels, u32>)> = Block::ALL
        .iter()
        .map(|block| (*block, patterns(*block, people, referrals, &mut blocked)))
        .collect();
    for (rates, u) in rates.iter_mut().zip(&u) {
        for (rates, u) in rates.iter_mut().zip(u) {
            rates.u = *u as f32;
        }
    }
    let mut kinds = vec![[0.4, 0.1, 0.1, 0.4]; patterns.len()];
    let mut matches = 0.0;
    let mut counts = Counts::default();
    for _ in 0..ROUNDS {
        counts = Counts::default();
        matches = 0.0;
        for ((block, patterns), kinds) in patterns.iter().zip(&mut kinds) {
            matches += expect(*block, patterns, &rates, kinds, &mut counts);
        }
        maximise(base, &counts, &mut rates);
    }
    keep_unseen(base, [&seen, &counts], &mut rates);
    monotone::constrain(&mut rates);
    rates.iter_mut().flatten().for_each(make_writable);
    let rarity = frequencies(&rates, base.rarity.most, people);
    let mut model = base.trained(rates, rarity, (people.len() as u64).max(1));
    // Among people linked with themselves there are few second records and many siblings: how many
    // siblings a referral's child has for each record of its own, only referrals tell.
    let share = |block: Block, kind: usize| {
        if referrals.is_empty() {
            return None;
        }
        let place = Block::ALL.iter().position(|known| *known == block)?;
        let pairs: f64 = patterns[place].1.values().copied().map(f64::from).sum();
        let enough = pairs * kinds[place][0] >= PSEUDO_MATCHES * 5.0;
        enough.then(|| (kinds[place][kind] / kinds[place][0]) as f32)
    };
    model.siblings = share(Block::MotherAndHome, 1).unwrap_or(base.siblings);
    model.twins = share(Block::FamilyAndBirth, 2).unwrap_or(base.twins).min(model.siblings / 2.0);
    Trained { model, random, blocked, matches }
}

/// Levels that hardly a pair of either kind showed weigh what they did before.
fn keep_unseen(base: &Model, seen: [&Counts; 2], rates: &mut [[Rates; MOST_LEVELS]; COUNT]) {
    for (field, rates) in rates.iter_mut().enumerate() {
        for (level, rates) in rates.iter_mut().enumerate() {
            if seen.iter().all(|counts| counts[field][level] < ENOUGH) {
                *rates = base.rates[field][level];
            }
        }
    }
}

/// Makes rates that are too small to be written larger, together: what they weigh stays.
fn make_writable(rates: &mut Rates) {
    let least = rates.m.min(rates.u);
    if least > 0.0 && least < LEAST {
        let times = LEAST / least;
        (rates.m, rates.u) = ((rates.m * times).min(1.0), (rates.u * times).min(1.0));
    }
}

/// `u` of each level among pairs taken at random, and how often it was seen.
fn random_rates(base: &Model, people: &[Profile], referrals: &[Profile]) -> (Counts, Counts, u64) {
    let others = if referrals.is_empty() { people } else { referrals };
    let mut counts = Counts::default();
    let mut draw = Draw(88_172_645_463_325_252);
    let mut taken = 0;
    if people.len() > 1 {
        for _ in 0..RANDOM_PAIRS.min((others.len() * people.len()) as u64) {
            let (one, two) = (draw.below(others.len()), draw.below(people.len()));
            if referrals.is_empty() && one == two {
                continue;
            }
            taken += 1;
            let levels = compare(&others[one], &people[two]).levels();
            for (counts, level) in counts.iter_mut().zip(levels) {
                counts[level] += 1.0;
            }
        }
    }
    let seen = counts;
    for (counts, rates) in counts.iter_mut().zip(&base.rates) {
        counts[0] = 0.0;
        share(counts, PSEUDO_RANDOM, |level| f64::from(rates[level].u));
    }
    (counts, seen, taken)
}

/// From counts to shares, with `pseudo` counts of what was believed before.
fn share(counts: &mut [f64; MOST_LEVELS], pseudo: f64, before: impl Fn(usize) -> f64) {
    let total: f64 = counts.iter().sum();
    let believed: f64 = (1..MOST_LEVELS).map(&before).sum();
    for (level, count) in counts.iter_mut().enumerate().skip(1) {
        *count = (*count + pseudo * before(level) / believed) / (total + pseudo);
    }
}

/// The comparisons of a block's pairs, and how often each is seen.
fn patterns(
    block: Block,
    people: &[Profile],
    referrals: &[Profile],
    blocked: &mut u64,
) -> HashMap<Levels, u32> {
    let mut held: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, person) in people.iter().enumerate() {
        for key in blocks(block, person) {
            held.entry(key).or_default().push(number);
        }
    }
    held.retain(|_, people| people.len() <= BLOCK_CAP);
    let mut patterns = HashMap::new();
    let mut see = |one: &Profile, two: &Profile| {
        *blocked += 1;
        let levels = compare(one, two).levels();
        let levels = levels.map(|level| u8::try_from(level).unwrap_or_default());
        *patterns.entry(levels).or_default() += 1;
    };
    if referrals.is_empty() {
        for people_of in held.values() {
            for (place, one) in people_of.iter().enumerate() {
                people_of[..place].iter().for_each(|two| see(&people[*one], &people[*two]));
            }
        }
    }
    for referral in referrals {
        for key in blocks(block, referral) {
            let found = held.get(&key).into_iter().flatten();
            found.for_each(|person| see(referral, &people[*person]));
        }
    }
    patterns
}

/// One round's expectation over a block: adds to `counts` what pairs of one child show, and gives
/// how many such there are. `kinds` are the shares of
/// one child's, siblings', twins' and strangers' pairs.
fn expect(
    block: Block,
    patterns: &HashMap<Levels, u32>,
    rates: &[[Rates; MOST_LEVELS]; COUNT],
    kinds: &mut [f64; KINDS],
    counts: &mut Counts,
) -> f64 {
    let learned: Vec<usize> =
        (0..COUNT).filter(|field| !block.selects_by(FIELDS[*field].name)).collect();
    let (mut shares, mut seen_in_all) = ([1.0; KINDS], KINDS as f64);
    // In the order of their levels, so that sums are the same each time.
    let patterns: BTreeMap<&Levels, &u32> = patterns.iter().collect();
    for (levels, seen) in patterns {
        let mut likely = *kinds;
        for field in &learned {
            let level = usize::from(levels[*field]);
            if level == 0 {
                continue;
            }
            let Rates { m, u } = rates[*field][level];
            let (m, u) = (f64::from(m), f64::from(u));
            let household = *field >= HOUSEHOLD_START;
            let birth = FIELDS[*field].name == "birth";
            likely[0] *= m;
            likely[1] *= if household { m } else { u };
            likely[2] *= if household || birth { m } else { u };
            likely[3] *= u;
        }
        let (all, seen) = (likely.iter().sum::<f64>().max(f64::MIN_POSITIVE), f64::from(*seen));
        seen_in_all += seen;
        for (shares, likely) in shares.iter_mut().zip(likely) {
            *shares += seen * likely / all;
        }
        for field in &learned {
            counts[*field][usize::from(levels[*field])] += seen * likely[0] / all;
        }
    }
    *kinds = shares.map(|share| share / seen_in_all);
    shares[0] - 1.0
}

fn maximise(base: &Model, counts: &Counts, rates: &mut [[Rates; MOST_LEVELS]; COUNT]) {
    for field in 0..COUNT {
        let mut counts = counts[field];
        counts[0] = 0.0;
        let seen: f64 = counts.iter().sum();
        share(&mut counts, PSEUDO_MATCHES, |level| f64::from(base.rates[field][level].m));
        for (rates, m) in rates[field].iter_mut().zip(counts).skip(1) {
            rates.m = m as f32;
            if rates.m < rates.u && seen > 1.0 {
                // What was never seen of one child is no surer than so many pairs can tell.
                rates.m = rates.m.max((0.5 / seen) as f32);
            }
        }
    }
}

fn frequencies(rates: &[[Rates; MOST_LEVELS]; COUNT], most: f32, people: &[Profile]) -> Rarity {
    let usual = |field: &str, levels: &[&str]| {
        let place = FIELDS.iter().position(|known| known.name == field).unwrap_or_default();
        let named = FIELDS[place].levels.iter().zip(&rates[place]);
        named.filter(|(level, _)| levels.contains(level)).map(|(_, rates)| rates.u).sum::<f32>()
    };
    let alike = ["exact", "family", "typo", "sound"];
    let count = |usual: f32, names: fn(&Profile) -> Vec<&Name>| {
        let mut bearers: BTreeMap<u16, u32> = BTreeMap::new();
        let mut named = 0_u32;
        for person in people {
            let mut marks: Vec<u16> =
                names(person).iter().flat_map(|name| name.counted()).copied().collect();
            marks.sort_unstable();
            marks.dedup();
            named += u32::from(!marks.is_empty());
            marks.into_iter().for_each(|mark| *bearers.entry(mark).or_default() += 1);
        }
        let rare = usual / most.exp2();
        let share = |bearers: u32| bearers as f32 / named.max(1) as f32;
        bearers.retain(|_, bearers| *bearers >= LEAST_BEARERS && share(*bearers) > rare);
        let listed = bearers.into_iter().map(|(mark, bearers)| (mark, share(bearers)));
        Frequencies::new(usual, rare, listed.collect())
    };
    Rarity {
        forename: count(usual("forename", &alike), |person| person.in_use().collect()),
        middle_name: count(usual("middle_name", &["same"]), |person| {
            person.middle_names.as_slice().iter().collect()
        }),
        surname: count(usual("surname", &[&alike[..], &["part"]].concat()), |person| {
            person.surnames.as_slice().iter().collect()
        }),
        most,
    }
}

/// A sequence that looks random and is the same each time (Marsaglia 2003, xorshift).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::people::People;
    use crate::linkage::written;

    fn profiles(text: &str) -> Vec<Profile> {
        let people = People::new(text.as_bytes()).expect("a header");
        people.map(|person| person.expect("a row").profile).collect()
    }

    #[test]
    fn weights_are_learned_without_labels_and_siblings_teach_nothing() {
        let people = profiles(include_str!("../../tests/data/linkage/records.csv"));
        let referrals = profiles(include_str!("../../tests/data/linkage/referrals.csv"));
        let base = Model::shipped();
        let trained = train(&base, &people, &referrals);
        assert!(trained.blocked > 100 && trained.matches > 50.0, "{}", trained.matches);
        let model = Model::parse(&written::write(&trained.model)).expect("it can be read again");
        let place =
            |name: &str| FIELDS.iter().position(|field| field.name == name).expect("is one");
        let bits = |field: &str, level: &str| {
            let levels = FIELDS[place(field)].levels;
            let at = levels.iter().position(|known| *known == level).expect("a level");
            model.bits[place(field)][at]
        };
        // Brothers and sisters share a home and no forename: had they been taken for one child,
        // another forename would say little.
        assert!(bits("forename", "different") < -3.0);
        assert!(bits("birth", "different") < -3.0);
        assert!(bits("birth", "exact") > 6.0 && bits("address", "home") > 6.0);
        assert!(model.twins < model.siblings);
    }

    #[test]
    fn nothing_to_learn_from_leaves_the_model_as_it_was() {
        let base = Model::shipped();
        let trained = train(&base, &[], &[]).model;
        for (one, two) in base.bits.iter().flatten().zip(trained.bits.iter().flatten()) {
            assert!((one - two).abs() < 0.2, "{one} {two}");
        }
        assert!(Model::parse(&written::write(&trained)).is_ok());
    }
}
