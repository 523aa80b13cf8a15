//! Makes the stated probability mean what it says: fits the curve from match weights to
//! probabilities on pairs whose truth is known (Platt 1999), and the thresholds by the precision
//! that they must keep.

use super::evaluate::Stats;
use super::index::Index;
use super::model::{Calibration, Model, Thresholds};
use super::people::{Fault, Person};
use super::profile::Profile;
use super::score::Truth;
use super::verdict::rank;
use crate::domain::PersonId;
use serde::Deserialize;
use std::io::Read;

/// A pair that was weighed, and whether it is one child's.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// Match weight in bits, rivals considered.
    pub weight: f32,
    pub same: bool,
    /// How much it counts.
    pub counts: f64,
}

/// Precision that links of the machine must keep.
pub const LINKED_PRECISION: f64 = 0.99;
/// Probability from which a person is asked.
pub const POSSIBLE: f64 = 0.03;

/// The curve that makes the pairs likeliest: Newton's method on slope and intercept, in nats. For
/// every two bits from -20 to 20 a pair is added that is as the curve `before` says: where nothing
/// else is known it stays, and pairs that are told apart altogether do not make the curve a step.
pub fn fit(before: Calibration, pairs: &[Judged]) -> Calibration {
    let pairs = &[pairs, &as_before(before)].concat();
    let (mut slope, mut intercept) = (0.6_f64, 0.0_f64);
    for _ in 0..100 {
        let mut gradient = [0.0, 0.0];
        let mut curvature = [1e-6, 0.0, 1e-6];
        for pair in pairs {
            let weight = f64::from(pair.weight).clamp(-40.0, 40.0);
            let stated = 1.0 / (1.0 + (-(slope * weight + intercept)).exp());
            let (missed, spread) =
                (f64::from(u8::from(pair.same)) - stated, stated * (1.0 - stated));
            gradient[0] += pair.counts * missed * weight;
            gradient[1] += pair.counts * missed;
            curvature[0] += pair.counts * spread * weight * weight;
            curvature[1] += pair.counts * spread * weight;
            curvature[2] += pair.counts * spread;
        }
        let determinant = curvature[0] * curvature[2] - curvature[1] * curvature[1];
        let step = [
            (curvature[2] * gradient[0] - curvature[1] * gradient[1]) / determinant,
            (curvature[0] * gradient[1] - curvature[1] * gradient[0]) / determinant,
        ];
        // Long steps overshoot where the curve is flat.
        let length = (step[0].abs() + step[1].abs() / 8.0).max(0.2) / 0.2;
        slope = (slope + step[0] / length).max(0.01);
        intercept += step[1] / length;
        if step[0].abs() + step[1].abs() < 1e-7 {
            break;
        }
    }
    let bits = std::f64::consts::LOG2_E;
    Calibration { slope: (slope * bits) as f32, intercept: (intercept * bits) as f32 }
}

fn as_before(before: Calibration) -> Vec<Judged> {
    let weights = (-10..=10_i16).map(|step| f32::from(step) * 2.0);
    let both = |weight: f32| {
        let log_odds = before.slope * weight + before.intercept;
        let stated = f64::from(1.0 / (1.0 + (-log_odds).exp2()));
        let pair = |same, share| Judged { weight, same, counts: share };
        [pair(true, stated), pair(false, 1.0 - stated)]
    };
    weights.flat_map(both).collect()
}

/// The model with a curve, and with thresholds where its probabilities are the targets.
pub fn calibrated(model: &Model, pairs: &[Judged]) -> Model {
    let calibration = fit(model.calibration, pairs);
    let weight = |probability: f64| {
        let log_odds = (probability / (1.0 - probability)).log2() as f32;
        (log_odds - calibration.intercept) / calibration.slope
    };
    let thresholds = Thresholds { possible: weight(POSSIBLE), linked: weight(LINKED_PRECISION) };
    let mut model = model.clone();
    (model.calibration, model.thresholds) = (calibration, thresholds);
    model
}

/// Reviewers see doubtful pairs only: what they decide never makes the machine link sooner, nor ask
/// a person later.
pub fn keep_cautious(before: &Model, model: &mut Model) {
    let Thresholds { possible, linked } = before.thresholds;
    model.thresholds.linked = model.thresholds.linked.max(linked);
    model.thresholds.possible = model.thresholds.possible.min(possible);
}

/// Fewest decisions that say something, and of each kind.
pub const ENOUGH: usize = 100;

/// Reads what people decided: pages of `GET /v1/matches?state=decided`, one JSON text after
/// another. Whatever is neither a link nor a separation is passed over.
///
/// # Errors
/// When a text is not JSON, or too little was decided to say how often a weight is right.
pub fn decided(from: impl Read) -> Result<Vec<Judged>, DecisionsError> {
    let mut pairs = Vec::new();
    for page in serde_json::Deserializer::from_reader(from).into_iter::<Page>() {
        for decision in page?.matches {
            let same = match decision.state.as_str() {
                "linked" => true,
                "separate" => false,
                _ => continue,
            };
            pairs.push(Judged { weight: decision.weight, same, counts: 1.0 });
        }
    }
    let same = pairs.iter().filter(|pair| pair.same).count();
    if same < ENOUGH || pairs.len() - same < ENOUGH {
        return Err(DecisionsError::TooFew(same, pairs.len() - same));
    }
    Ok(pairs)
}

#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    #[error("the decisions are not pages of GET /v1/matches?state=decided: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{0} links and {1} separations are too few to fit a curve; wait for {ENOUGH} of each")]
    TooFew(usize, usize),
}

#[derive(Deserialize)]
struct Page {
    matches: Vec<Decision>,
}

#[derive(Deserialize)]
struct Decision {
    weight: f32,
    state: String,
}

/// Pairs to calibrate by: every candidate of every referral, with its truth. Referrals whose child
/// is on record are judged once more as if it were not, which shows more of what is mistaken for a
/// child: those unknown count as much as before together.
pub fn judged(
    people: impl Iterator<Item = Result<Person, Fault>>,
    referrals: impl Iterator<Item = Result<Person, Fault>>,
    truth: &Truth,
    model: &Model,
) -> Vec<Judged> {
    let index = Index::of(people, &mut Stats::default());
    let model = &model.clone().for_people(index.ids.len() as u64);
    let referrals: Vec<Person> = referrals.filter_map(Result::ok).collect();
    let known = referrals.iter().filter(|referral| !truth.records(&referral.id).is_empty());
    let unknown = 1.0 - known.count() as f64 / referrals.len().max(1) as f64;
    let mut pairs = Vec::new();
    for mut referral in referrals {
        referral.profile.date(index.as_of);
        let records = truth.records(&referral.id);
        let candidates = index.candidates(&referral.profile);
        let is_same = |id: &PersonId| records.iter().any(|record| record == index.name(id));
        let mut see = |candidates: &[(PersonId, Profile)], counts: f64| {
            for ranked in rank(model, &referral.profile, candidates) {
                let same = is_same(&candidates[ranked.index].0);
                pairs.push(Judged { weight: ranked.weight, same, counts });
            }
        };
        see(&candidates, if records.is_empty() { unknown } else { 1.0 });
        if !records.is_empty() {
            let others: Vec<_> = candidates.into_iter().filter(|(id, _)| !is_same(id)).collect();
            see(&others, unknown);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs whose truth is as a curve says, without chance.
    fn pairs(slope: f32, intercept: f32) -> Vec<Judged> {
        let mut pairs = Vec::new();
        for step in -120..=120_i16 {
            let weight = f32::from(step) / 10.0;
            let stated = f64::from(1.0 / (1.0 + (-(slope * weight + intercept)).exp2()));
            pairs.push(Judged { weight, same: true, counts: stated });
            pairs.push(Judged { weight, same: false, counts: 1.0 - stated });
        }
        pairs
    }

    #[test]
    fn the_curve_that_made_the_pairs_is_found_again() {
        for (slope, intercept) in [(0.85, 0.3), (0.5, -2.0), (1.2, 1.0)] {
            let many: Vec<Judged> = pairs(slope, intercept)
                .iter()
                .map(|pair| Judged { counts: pair.counts * 1e4, ..*pair })
                .collect();
            let found = fit(Model::shipped().calibration, &many);
            assert!((found.slope - slope).abs() < 0.01, "{found:?}");
            assert!((found.intercept - intercept).abs() < 0.05, "{found:?}");
        }
    }

    #[test]
    fn thresholds_stand_where_the_probabilities_are_their_targets() {
        let model = calibrated(&Model::shipped(), &pairs(0.7, -1.0));
        let Thresholds { possible, linked } = model.thresholds;
        assert!((f64::from(model.probability(linked)) - LINKED_PRECISION).abs() < 1e-3);
        assert!((f64::from(model.probability(possible)) - POSSIBLE).abs() < 1e-3);
    }

    #[test]
    fn reviewers_who_tell_doubtful_pairs_apart_do_not_make_the_machine_bold() {
        let judged = |weight, same| Judged { weight, same, counts: 1.0 };
        let pairs: Vec<Judged> =
            (0..100).flat_map(|_| [judged(-1.0, true), judged(-5.0, false)]).collect();
        let before = Model::shipped();
        let mut model = calibrated(&before, &pairs);
        assert!(model.thresholds.linked < before.thresholds.linked, "as the pairs say");
        keep_cautious(&before, &mut model);
        assert!(model.thresholds.linked >= before.thresholds.linked);
    }

    #[test]
    fn decisions_are_read_from_pages_and_too_few_are_refused() {
        let one = r#"{"weight": 9.5, "state": "linked"}, {"weight": 1.0, "state": "separate"}"#;
        let page = format!("{{\"matches\": [{}], \"next\": null}}\n", [one; 60].join(","));
        assert!(matches!(decided(page.as_bytes()), Err(DecisionsError::TooFew(60, 60))));
        let read = decided([page.clone(), page].concat().as_bytes()).expect("enough");
        assert_eq!(read.len(), 240);
        assert!(decided("[1]".as_bytes()).is_err());
    }
}
