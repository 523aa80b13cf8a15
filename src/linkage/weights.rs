//! The match weight of a comparison, in bits, and its explanation field by field.

use super::comparison::{COUNT, Comparison, FIELDS, HOUSEHOLD_END, HOUSEHOLD_START, compare};
use super::model::Model;
use super::profile::Profile;
use serde::Serialize;

/// Log2 odds that two records are one child's: the prior, the child's own evidence, the
/// household's evidence up to its cap, and the twin term.
pub fn match_weight(model: &Model, found: &Comparison) -> f32 {
    let bits = bits(model, found);
    let own: f32 = bits[..HOUSEHOLD_START].iter().sum();
    let household: f32 = bits[HOUSEHOLD_START..HOUSEHOLD_END].iter().sum();
    let twin: f32 = bits[HOUSEHOLD_END..].iter().sum();
    model.prior + own + household.min(model.household_cap) + twin
}

fn bits(model: &Model, found: &Comparison) -> [f32; COUNT] {
    let levels = found.levels();
    std::array::from_fn(|field| model.bits[field][levels[field]])
}

/// One bar of the waterfall from the prior to the match weight. Never a value of either record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    pub field: &'static str,
    pub level: &'static str,
    pub bits: f32,
}

/// Why two records are, or are not, one child's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Match weight in bits: the sum of the evidence.
    pub weight: f32,
    pub probability: f32,
    /// Version of the model that weighed.
    pub model: String,
    pub evidence: Vec<Evidence>,
}

/// Weighs two profiles and says why. The evidence adds up to the weight.
pub fn explain(model: &Model, one: &Profile, two: &Profile) -> Explanation {
    let found = compare(one, two);
    let bits = bits(model, &found);
    let mut evidence = vec![Evidence { field: "prior", level: "any two", bits: model.prior }];
    for ((field, level), bits) in FIELDS.iter().zip(found.levels()).zip(bits) {
        if level > 0 {
            evidence.push(Evidence { field: field.name, level: field.levels[level], bits });
        }
    }
    let household: f32 = bits[HOUSEHOLD_START..HOUSEHOLD_END].iter().sum();
    if household > model.household_cap {
        let bits = model.household_cap - household;
        evidence.push(Evidence { field: "household", level: "capped", bits });
    }
    let weight = match_weight(model, &found);
    Explanation {
        weight,
        probability: model.probability(weight),
        model: model.version.clone(),
        evidence,
    }
}
