//! The weights, as a readable TOML file: for each level of each comparison how often it is seen
//! among records of one child (`m`) and of two children (`u`), in Fellegi and Sunter's terms.

use super::comparison::{COUNT, FIELDS};
use super::rarity::{Frequencies, Rarity};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most levels of a comparison, `missing` included.
pub(super) const MOST_LEVELS: usize = 16;

/// A store that is being filled is not taken for a place where hardly anybody lives.
const LEAST_PEOPLE: u64 = 5_000;

/// A model ready to weigh with.
#[derive(Clone, Debug)]
pub struct Model {
    pub version: String,
    /// Where the numbers come from.
    pub provenance: String,
    /// The share of referrals that are about a child on record.
    pub known: f32,
    /// How many people are on record, which clones share. The more, the less likely any one is.
    people: Arc<AtomicU64>,
    /// The part of the evidence that counts: comparisons are not as independent as the sum of their
    /// bits would have it.
    pub independence: f32,
    /// How many records there are of brothers and sisters for each of a child's own.
    pub siblings: f32,
    /// How many of twins.
    pub twins: f32,
    pub rarity: Rarity,
    pub thresholds: Thresholds,
    pub calibration: Calibration,
    /// `m` and `u` of each level of each comparison; 0 of `missing`.
    pub(super) rates: [[Rates; MOST_LEVELS]; COUNT],
    /// Bits of each level of each comparison.
    pub(super) bits: [[f32; MOST_LEVELS]; COUNT],
}

/// Match weights, in bits, from which the machine says something.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A person reviews it.
    pub possible: f32,
    /// The machine links.
    pub linked: f32,
}

/// From a match weight to a probability: `1 / (1 + 2^-(slope × weight + intercept))`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub slope: f32,
    pub intercept: f32,
}

/// A model that cannot be used, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum ModelFault {
    #[error("the linkage model is not readable TOML: {0}")]
    Unreadable(#[from] toml::de::Error),
    #[error("the linkage model lacks [{comparison}] {level}; add it with its m and u")]
    Lacks { comparison: &'static str, level: &'static str },
    #[error("the linkage model names {0}, which is not a comparison or level of this version")]
    Unknown(String),
    #[error("the linkage model's {0} must be {1}")]
    Value(String, &'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: String,
    provenance: String,
    known: f32,
    people: u64,
    independence: f32,
    siblings: f32,
    twins: f32,
    thresholds: Thresholds,
    calibration: Calibration,
    comparison: BTreeMap<String, BTreeMap<String, Rates>>,
    rarity: WrittenRarity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRarity {
    most: f32,
    forename: WrittenFrequencies,
    middle_name: WrittenFrequencies,
    surname: WrittenFrequencies,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFrequencies {
    usual: f32,
    rare: f32,
    /// By mark, in hexadecimal digits.
    listed: BTreeMap<String, f32>,
}

/// How often a level is seen: `m` among pairs that match, `u` among those that do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rates {
    pub m: f32,
    pub u: f32,
}

impl Default for Model {
    fn default() -> Self {
        Self::shipped()
    }
}

impl Model {
    /// The model that ships with the gateway.
    pub fn shipped() -> Self {
        Self::parse(include_str!("default_model.toml")).expect("the model is read by a test")
    }

    /// Reads and checks a model.
    ///
    /// # Errors
    /// [`ModelFault`] naming what is missing, unknown or out of range.
    pub fn parse(text: &str) -> Result<Self, ModelFault> {
        let mut written: Written = toml::from_str(text)?;
        let rates = rates(&mut written.comparison)?;
        let WrittenRarity { most, forename, middle_name, surname } = written.rarity;
        let model = Model {
            version: written.version,
            provenance: written.provenance,
            known: written.known,
            people: Arc::new(AtomicU64::new(written.people)),
            independence: written.independence,
            siblings: written.siblings,
            twins: written.twins,
            rarity: Rarity {
                forename: frequencies("forename", forename)?,
                middle_name: frequencies("middle_name", middle_name)?,
                surname: frequencies("surname", surname)?,
                most,
            },
            thresholds: written.thresholds,
            calibration: written.calibration,
            bits: bits(&rates, written.independence),
            rates,
        };
        model.check()?;
        Ok(model)
    }

    /// The same model where so many people are on record.
    pub fn for_people(mut self, people: u64) -> Self {
        self.people = Arc::new(AtomicU64::new(people));
        self
    }

    /// Says how many people are on record by now.
    pub fn count(&self, people: u64) {
        self.people.store(people, Ordering::Relaxed);
    }

    /// The same model with what training found.
    pub(super) fn trained(&self, rates: AllRates, rarity: Rarity, people: u64) -> Self {
        Model { bits: bits(&rates, self.independence), rates, rarity, ..self.clone() }
            .for_people(people)
    }

    /// Log2 odds that a child is a person taken at random.
    pub fn prior(&self) -> f32 {
        (self.known / self.people().max(LEAST_PEOPLE) as f32).log2()
    }

    /// How many people are on record.
    pub fn people(&self) -> u64 {
        self.people.load(Ordering::Relaxed)
    }

    fn check(&self) -> Result<(), ModelFault> {
        let Thresholds { possible, linked } = self.thresholds;
        let rules = [
            (self.known > 0.0 && self.known < 1.0, "known", "a share between 0 and 1"),
            (self.people() > 0, "people", "a number above 0"),
            (
                self.independence > 0.0 && self.independence <= 1.0,
                "independence",
                "a share above 0, at most 1",
            ),
            (self.siblings > 0.0 && self.siblings.is_finite(), "siblings", "a number above 0"),
            (self.twins > 0.0 && self.twins < self.siblings, "twins", "a number below siblings"),
            (possible.is_finite(), "thresholds.possible", "a number"),
            (possible < linked, "thresholds.possible", "a number below thresholds.linked"),
            (linked.is_finite(), "thresholds.linked", "a number"),
            (
                self.calibration.slope > 0.0 && self.calibration.slope.is_finite(),
                "calibration.slope",
                "a number above 0",
            ),
            (self.calibration.intercept.is_finite(), "calibration.intercept", "a number"),
            (self.rarity.most >= 0.0, "rarity.most", "a number, 0 or more"),
        ];
        for (holds, what, must) in rules {
            if !holds {
                return Err(ModelFault::Value(what.to_owned(), must));
            }
        }
        // What agrees outright must not speak against a match: adding it would lower the weight.
        for (field, bits) in FIELDS.iter().zip(&self.bits) {
            if bits[1] < 0.0 {
                let what = format!("[comparison.{}] {}", field.name, field.levels[1]);
                return Err(ModelFault::Value(what, "seen with m at least as often as with u"));
            }
        }
        Ok(())
    }

    /// The stated probability of a match weight.
    pub fn probability(&self, weight: f32) -> f32 {
        let log_odds = self.calibration.slope * weight + self.calibration.intercept;
        1.0 / (1.0 + (-log_odds).exp2())
    }
}

pub(super) type AllRates = [[Rates; MOST_LEVELS]; COUNT];

fn rates(written: &mut BTreeMap<String, BTreeMap<String, Rates>>) -> Result<AllRates, ModelFault> {
    let mut rates = AllRates::default();
    for (field, rates) in FIELDS.iter().zip(&mut rates) {
        let mut levels = written.remove(field.name).unwrap_or_default();
        for (level, rates) in field.levels.iter().zip(rates).skip(1) {
            let lacks = ModelFault::Lacks { comparison: field.name, level };
            *rates = levels.remove(*level).ok_or(lacks)?;
            if ![rates.m, rates.u].iter().all(|rate| *rate > 0.0 && *rate <= 1.0) {
                let what = format!("[comparison.{}] {level}", field.name);
                return Err(ModelFault::Value(what, "two rates above 0 and at most 1"));
            }
        }
        if let Some(level) = levels.into_keys().next() {
            return Err(ModelFault::Unknown(format!("[{}] {level}", field.name)));
        }
    }
    match written.keys().next() {
        Some(comparison) => Err(ModelFault::Unknown(format!("[{comparison}]"))),
        None => Ok(rates),
    }
}

fn bits(rates: &AllRates, independence: f32) -> [[f32; MOST_LEVELS]; COUNT] {
    let bit = |rates: &Rates| {
        if rates.u > 0.0 { independence * (rates.m / rates.u).log2() } else { 0.0 }
    };
    std::array::from_fn(|field| std::array::from_fn(|level| bit(&rates[field][level])))
}

fn frequencies(name: &str, written: WrittenFrequencies) -> Result<Frequencies, ModelFault> {
    let share = |share: f32| share > 0.0 && share <= 1.0;
    let mut listed = BTreeMap::new();
    for (mark, of) in &written.listed {
        let read = u16::from_str_radix(mark, 16).ok().filter(|_| share(*of));
        let what = || format!("[rarity.{name}] {mark}");
        let must = "a mark of four hexadecimal digits with a share above 0";
        listed.insert(read.ok_or_else(|| ModelFault::Value(what(), must))?, *of);
    }
    if share(written.usual) && share(written.rare) {
        Ok(Frequencies::new(written.usual, written.rare, listed))
    } else {
        let what = format!("[rarity.{name}] usual and rare");
        Err(ModelFault::Value(what, "shares above 0 and at most 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("default_model.toml");

    #[test]
    fn the_shipped_model_is_read_and_its_probabilities_rise_with_the_weight() {
        let model = Model::shipped();
        assert!(model.probability(-20.0) < 0.01 && model.probability(20.0) > 0.99);
        assert!(!model.provenance.is_empty());
    }

    #[test]
    fn the_more_people_are_on_record_the_less_likely_is_any_one_of_them() {
        let few = Model::shipped().for_people(5_000);
        let many = few.clone().for_people(1_000_000);
        assert!(few.prior() > many.prior());
        assert!((many.prior() - (0.6_f32 / 1e6).log2()).abs() < 0.5);
    }

    #[test]
    fn a_missing_level_an_unknown_one_and_an_impossible_rate_are_named() {
        let lacks = SHIPPED.replacen("sound ", "noise ", 1);
        assert!(Model::parse(&lacks).is_err_and(|fault| fault.to_string().contains("sound")));
        let more = format!("{SHIPPED}\n[comparison.shoe]\nsame = {{ m = 0.5, u = 0.1 }}\n");
        assert!(Model::parse(&more).is_err_and(|fault| fault.to_string().contains("shoe")));
        let start = SHIPPED.find("exact").expect("a level");
        let zero = [&SHIPPED[..start], &SHIPPED[start..].replacen("m = 0.", "m = 0.0 #", 1)];
        let zero = zero.concat().replacen("m = 0.0 #", "m = 0.0, u = 0.1 } #", 1);
        assert!(Model::parse(&zero).is_err_and(|fault| fault.to_string().contains("exact")));
    }

    #[test]
    fn agreement_that_would_lower_a_weight_is_refused() {
        let model = Model::shipped();
        let mut turned = model.clone();
        turned.bits[0][1] = -1.0;
        assert!(model.check().is_ok() && turned.check().is_err());
    }
}
