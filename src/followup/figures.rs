//! The few figures that reports and alarms are made of, in plain arithmetic, so that anybody can
//! work them out again.

use serde::Serialize;

/// Mean and median of scores; `None` where there are none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// To one decimal.
    pub mean: f64,
    pub median: f64,
}

impl Spread {
    pub fn of(scores: impl IntoIterator<Item = u8>) -> Option<Spread> {
        let mut scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
        let median = median(&mut scores)?;
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        Some(Spread { mean: (mean * 10.0).round() / 10.0, median })
    }
}

/// The middle value; of an even number the mean of the two in the middle.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some((values[middle - 1] + values[middle]) / 2.0),
        _ => Some(values[middle]),
    }
}

/// Whole percent of a part; 0 of nothing.
pub fn percent(part: i64, whole: i64) -> i64 {
    if whole > 0 { (part * 100 + whole / 2) / whole } else { 0 }
}

/// The probability that no more than `seen` come where `expected` are expected, and each comes
/// independently of the others (Poisson): the sum over k from 0 to `seen` of e^-m m^k / k!.
pub fn at_most(seen: u64, expected: f64) -> f64 {
    if expected <= 0.0 {
        return 1.0;
    }
    // Logarithms, since e^-m itself is nothing for a machine where much is expected.
    let (mut term, mut sum) = (-expected, (-expected).exp());
    for k in 1..=seen {
        term += expected.ln() - (k as f64).ln();
        sum += term.exp();
        // Past the middle the terms fall faster and faster: the rest adds nothing.
        if k as f64 > expected && term < -50.0 {
            break;
        }
    }
    sum.min(1.0)
}

/// The probability that `seen` or more come: the other tail.
pub fn at_least(seen: u64, expected: f64) -> f64 {
    match seen.checked_sub(1) {
        None => 1.0,
        Some(below) => (1.0 - at_most(below, expected)).max(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_median_are_those_of_a_pocket_calculator() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([40]), Some(Spread { mean: 40.0, median: 40.0 }));
        assert_eq!(Spread::of([90, 10, 50]), Some(Spread { mean: 50.0, median: 50.0 }));
        assert_eq!(Spread::of([10, 20, 31, 100]), Some(Spread { mean: 40.3, median: 25.5 }));
        assert_eq!([percent(1, 3), percent(2, 3), percent(1, 2), percent(0, 0)], [33, 67, 50, 0]);
    }

    /// Worked out elsewhere, with exact fractions and 60 digits of e.
    #[test]
    fn the_tails_are_those_of_poisson() {
        for (seen, expected, probability) in [
            (0, 1.0, 0.36787944117144233),
            (0, 5.0, 0.006737946999085467),
            (1, 5.0, 0.040427681994512805),
            (6, 15.0, 0.007631899637514958),
            (7, 15.0, 0.018002193147830758),
            (260, 300.0, 0.010071023937558453),
            (259, 300.0, 0.008557599739757673),
            (949, 1000.0, 0.05420667388901861),
        ] {
            let found = at_most(seen, expected);
            assert!((found / probability - 1.0).abs() < 1e-9, "{seen} of {expected}: {found}");
        }
        for (seen, expected, probability) in [
            (0, 1.0, 1.0),
            (5, 1.0, 0.0036598468273437122),
            (6, 1.0, 0.000594184817581693),
            (13, 5.0, 0.002018851627437035),
            (15, 5.0, 0.00022625367617675553),
            (85, 60.0, 0.0013587590209646998),
            (86, 60.0, 0.0009268577614925562),
            (87, 60.0, 0.0006255313013957118),
        ] {
            let found = at_least(seen, expected);
            assert!((found / probability - 1.0).abs() < 1e-6, "{seen} of {expected}: {found}");
        }
    }

    #[test]
    fn a_flood_of_millions_is_counted_at_once_and_nothing_expected_is_no_error() {
        assert_eq!(at_most(50_000_000, 1000.0), 1.0);
        assert_eq!(at_least(50_000_000, 1000.0), 0.0);
        assert_eq!([at_most(0, 0.0), at_least(0, 0.0), at_least(1, 0.0)], [1.0, 1.0, 0.0]);
    }
}
