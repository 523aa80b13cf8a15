//! The weights, as a readable TOML file: for each level of each comparison how often it is seen
//! among records of one child (`m`) and of two children (`u`), in Fellegi and Sunter's terms.

use super::comparison::{COUNT, FIELDS};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most levels of a comparison, `missing` included.
pub(super) const MOST_LEVELS: usize = 12;

/// A model ready to weigh with.
#[derive(Clone, Debug)]
pub struct Model {
    pub version: String,
    /// Where the numbers come from.
    pub provenance: String,
    /// Log2 odds that two records taken at random are one child's.
    pub prior: f32,
    /// Most bits that a household's evidence may give together.
    pub household_cap: f32,
    pub thresholds: Thresholds,
    pub calibration: Calibration,
    /// Bits of each level of each comparison.
    pub(super) bits: [[f32; MOST_LEVELS]; COUNT],
}

/// Match weights, in bits, from which the machine says something.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A person reviews it.
    pub possible: f32,
    /// The machine links.
    pub linked: f32,
    /// By how much the best candidate must be ahead of every other child to be linked.
    pub clear: f32,
}

/// From a match weight to a probability: `1 / (1 + 2^-(slope × weight + intercept))`.
#[derive(Clone, Copy, Debug, Deserialize)]
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
    prior: f32,
    household_cap: f32,
    thresholds: Thresholds,
    calibration: Calibration,
    comparison: BTreeMap<String, BTreeMap<String, Rates>>,
}

/// How often a level is seen: `m` among pairs that match, `u` among those that do not.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rates {
    m: f32,
    u: f32,
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
        let mut bits = [[0.0; MOST_LEVELS]; COUNT];
        for (field, bits) in FIELDS.iter().zip(&mut bits) {
            let mut levels = written.comparison.remove(field.name).unwrap_or_default();
            for (level, bits) in field.levels.iter().zip(bits).skip(1) {
                let rates = levels.remove(*level);
                let lacks = ModelFault::Lacks { comparison: field.name, level };
                *bits = weight(rates.ok_or(lacks)?, field.name, level)?;
            }
            if let Some(level) = levels.into_keys().next() {
                return Err(ModelFault::Unknown(format!("[{}] {level}", field.name)));
            }
        }
        if let Some(comparison) = written.comparison.into_keys().next() {
            return Err(ModelFault::Unknown(format!("[{comparison}]")));
        }
        let model = Model {
            version: written.version,
            provenance: written.provenance,
            prior: written.prior,
            household_cap: written.household_cap,
            thresholds: written.thresholds,
            calibration: written.calibration,
            bits,
        };
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelFault> {
        let Thresholds { possible, linked, clear } = self.thresholds;
        let rules = [
            (self.prior.is_finite() && self.prior <= 0.0, "prior", "a number, 0 or less"),
            (self.household_cap > 0.0, "household_cap", "a number above 0"),
            (possible < linked, "thresholds.possible", "a number below thresholds.linked"),
            (linked.is_finite(), "thresholds.linked", "a number"),
            (clear >= 0.0, "thresholds.clear", "a number, 0 or more"),
            (self.calibration.slope > 0.0, "calibration.slope", "a number above 0"),
            (self.calibration.intercept.is_finite(), "calibration.intercept", "a number"),
        ];
        for (holds, what, must) in rules {
            if !holds {
                return Err(ModelFault::Value(what.to_owned(), must));
            }
        }
        // What agrees outright must not speak against a match: adding it would lower the weight.
        for (field, bits) in FIELDS.iter().zip(&self.bits) {
            let interaction = field.name == "twin";
            if (bits[1] < 0.0) != interaction {
                let what = format!("[comparison.{}] {}", field.name, field.levels[1]);
                let must = if interaction { "seen less with m than u" } else { "m at least u" };
                return Err(ModelFault::Value(what, must));
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

fn weight(rates: Rates, comparison: &str, level: &str) -> Result<f32, ModelFault> {
    let Rates { m, u } = rates;
    if [m, u].iter().all(|rate| *rate > 0.0 && *rate <= 1.0) {
        Ok((m / u).log2())
    } else {
        let what = format!("[comparison.{comparison}] {level}");
        Err(ModelFault::Value(what, "two rates above 0 and at most 1"))
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
    fn a_missing_level_an_unknown_one_and_an_impossible_rate_are_named() {
        let lacks = SHIPPED.replacen("sound ", "noise ", 1);
        assert!(Model::parse(&lacks).is_err_and(|fault| fault.to_string().contains("sound")));
        let more = format!("{SHIPPED}\n[comparison.shoe]\nsame = {{ m = 0.5, u = 0.1 }}\n");
        assert!(Model::parse(&more).is_err_and(|fault| fault.to_string().contains("shoe")));
        let zero = format!("{}{}", "", SHIPPED.replacen("m = 0.71", "m = 0.0", 1));
        assert!(Model::parse(&zero).is_err_and(|fault| fault.to_string().contains("exact")));
    }

    #[test]
    fn agreement_that_would_lower_a_weight_is_refused() {
        let turned = SHIPPED.replacen("m = 0.71", "m = 0.001", 1);
        assert!(Model::parse(&turned).is_err());
    }
}
