//! Makes the stated probability mean what it says: fits the curve from match weights to
//! probabilities on pairs whose truth is known (Platt 1999), and the thresholds by the precision
//! that they must keep.

use super::model::{Calibration, Model, Thresholds};

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

/// The curve that makes the pairs likeliest: Newton's method on slope and intercept, in nats. Two
/// pairs that are as the curve to begin with says keep it finite.
pub fn fit(pairs: &[Judged]) -> Calibration {
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

/// The model with a curve, and with thresholds where its probabilities are the targets.
pub fn calibrated(model: &Model, pairs: &[Judged]) -> Model {
    let calibration = fit(pairs);
    let weight = |probability: f64| {
        let log_odds = (probability / (1.0 - probability)).log2() as f32;
        (log_odds - calibration.intercept) / calibration.slope
    };
    let thresholds = Thresholds { possible: weight(POSSIBLE), linked: weight(LINKED_PRECISION) };
    let mut model = model.clone();
    (model.calibration, model.thresholds) = (calibration, thresholds);
    model
}
