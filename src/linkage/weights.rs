//! The match weight of a comparison, in bits, and its explanation field by field.

use super::comparison::{COUNT, Comparison, FIELDS, HOUSEHOLD_START, compare};
use super::model::Model;
use super::profile::Profile;
use super::rarity::Adjustment;
use serde::Serialize;

/// Places of the names in [`FIELDS`].
const FORENAME: usize = 0;
const MIDDLE_NAME: usize = 1;
const BIRTH: usize = 2;
const SURNAME: usize = HOUSEHOLD_START;

/// What two profiles weigh, before rivals are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Weighed {
    pub found: Comparison,
    /// Log2 odds that both are one child's and not two strangers', siblings' or twins'.
    pub weight: f32,
}

/// Compares and weighs. Symmetric, and without allocation.
pub fn weigh(model: &Model, one: &Profile, two: &Profile) -> Weighed {
    weigh_found(model, one, two, compare(one, two))
}

/// Weighs what a comparison found.
pub(super) fn weigh_found(
    model: &Model,
    one: &Profile,
    two: &Profile,
    found: Comparison,
) -> Weighed {
    let parts = Parts::of(model, one, two, &found);
    Weighed { found, weight: parts.weight(model) }
}

/// Log2 odds that two records are one child's.
pub fn match_weight(model: &Model, one: &Profile, two: &Profile) -> f32 {
    weigh(model, one, two).weight
}

/// Bits of each comparison, and what the rarity of names adds to them.
struct Parts {
    bits: [f32; COUNT],
    rarity: Adjustment,
}

impl Parts {
    fn of(model: &Model, one: &Profile, two: &Profile, found: &Comparison) -> Self {
        let levels = found.levels();
        let bits: [f32; COUNT] = std::array::from_fn(|field| model.bits[field][levels[field]]);
        let mut rarity = model.rarity.adjust(one, two, found).times(model.independence);
        // However common a name is, agreeing on it does not speak against a match.
        rarity.forename = rarity.forename.max(-bits[FORENAME].max(0.0));
        rarity.middle_name = rarity.middle_name.max(-bits[MIDDLE_NAME].max(0.0));
        rarity.surname = rarity.surname.max(-bits[SURNAME].max(0.0));
        Parts { bits, rarity }
    }

    /// Evidence of the child itself: what siblings do not share.
    fn own(&self) -> f32 {
        let bits: f32 = self.bits[..HOUSEHOLD_START].iter().sum();
        bits + self.rarity.forename + self.rarity.middle_name
    }

    /// Against strangers everything counts.
    fn against_strangers(&self, model: &Model) -> f32 {
        let household: f32 = self.bits[HOUSEHOLD_START..].iter().sum();
        model.prior() + self.own() + household + self.rarity.surname
    }

    /// The odds against strangers and siblings together: a home, parents and a surname, however
    /// well they agree, are a brother's or sister's as well.
    fn against_household(&self, model: &Model) -> f32 {
        together(
            self.against_strangers(model),
            self.own() / model.independence - model.siblings.log2(),
        )
    }

    /// The odds against all. Twins share the birthday too.
    fn weight(&self, model: &Model) -> f32 {
        let twins = (self.own() - self.bits[BIRTH]) / model.independence - model.twins.log2();
        together(self.against_household(model), twins)
    }
}

/// Log2 odds against two kinds of others, from the log2 odds against each.
fn together(one: f32, two: f32) -> f32 {
    let (less, more) = if one < two { (one, two) } else { (two, one) };
    less - (less - more).exp2().ln_1p() / std::f32::consts::LN_2
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
    explain_found(model, one, two, &compare(one, two))
}

/// Says why of what a comparison found.
pub(super) fn explain_found(
    model: &Model,
    one: &Profile,
    two: &Profile,
    found: &Comparison,
) -> Explanation {
    let parts = Parts::of(model, one, two, found);
    let bar = |field, level, bits| Evidence { field, level, bits };
    let mut evidence = vec![bar("prior", "any two", model.prior())];
    let fields = FIELDS.iter().zip(found.levels()).zip(parts.bits).enumerate();
    for (place, ((field, level), bits)) in fields {
        if level == 0 {
            continue;
        }
        evidence.push(bar(field.name, field.levels[level], bits));
        let rarity = match place {
            FORENAME => parts.rarity.forename,
            MIDDLE_NAME => parts.rarity.middle_name,
            SURNAME => parts.rarity.surname,
            _ => 0.0,
        };
        if rarity != 0.0 {
            evidence.push(bar(field.name, if rarity < 0.0 { "common" } else { "rare" }, rarity));
        }
    }
    let (all, household) = (parts.against_strangers(model), parts.against_household(model));
    let weight = parts.weight(model);
    let shared = [
        ("household", "siblings share it", household - all),
        ("twin", "twins share it and the birthday", weight - household),
    ];
    evidence.extend(shared.map(|(field, level, bits)| bar(field, level, bits)));
    Explanation {
        weight,
        probability: model.probability(weight),
        model: model.version.clone(),
        evidence,
    }
}
