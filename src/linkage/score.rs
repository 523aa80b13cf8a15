//! Scores predictions by their truth: precision, recall and F1 of the best candidate, wrong merges
//! of twins, and whether stated probabilities are true.

use super::evaluate::Prediction;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::io::Read;

/// Which records are a referral's child, and which are the child's twins.
#[derive(Debug, Default)]
pub struct Truth {
    records: HashMap<String, Vec<String>>,
    twins: HashMap<String, Vec<String>>,
}

impl Truth {
    /// Reads columns `referral_id, true_record_ids, twin_record_ids`, ids parted by semicolons.
    ///
    /// # Errors
    /// When the file is not readable, or lacks one of the first two columns.
    pub fn read(from: impl Read) -> Result<Self, csv::Error> {
        let mut truth = Truth::default();
        let ids = |text: Option<&String>| -> Vec<String> {
            let text = text.map_or("", String::as_str);
            text.split(';').filter(|id| !id.is_empty()).map(str::to_owned).collect()
        };
        for row in csv::Reader::from_reader(from).into_deserialize::<HashMap<String, String>>() {
            let row = row?;
            let referral = row.get("referral_id").cloned().unwrap_or_default();
            truth.records.insert(referral.clone(), ids(row.get("true_record_ids")));
            truth.twins.insert(referral, ids(row.get("twin_record_ids")));
        }
        Ok(truth)
    }

    /// The records that are a referral's child.
    pub fn records(&self, referral: &str) -> &[String] {
        self.records.get(referral).map_or(&[], Vec::as_slice)
    }

    fn is(&self, referral: &str, record: &str) -> bool {
        self.records(referral).iter().any(|known| known == record)
    }
}

/// Where F1 is best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Best {
    pub f1: f64,
    pub precision: f64,
    pub recall: f64,
    /// Match weight from which pairs are taken for links.
    pub weight: f32,
    pub wrong: usize,
    /// Of these, with a twin.
    pub twins: usize,
}

/// Pairs whose stated probabilities are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Band {
    pub from: f32,
    pub pairs: usize,
    pub stated: f64,
    pub true_share: f64,
}

/// How well predictions fit their truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// Of the best candidate of each referral.
    pub best: Best,
    /// The most recall that keeps a precision of 0.995.
    pub recall_at_precision_995: f64,
    /// Of those on record, the share whose record is the first candidate, or any.
    pub recall_at_1: f64,
    pub recall_any: f64,
    pub calibration: Vec<Band>,
}

/// Lower ends of the bands of stated probability.
const BANDS: [f32; 7] = [0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999];

/// Gathers predictions as they come.
#[derive(Default)]
pub struct Scorer {
    pub truth: Truth,
    /// Of each referral's first candidate: its weight, whether it is right, whether a twin.
    firsts: Vec<(f32, bool, bool)>,
    found: [usize; 2],
    bands: [(usize, usize, f64); BANDS.len()],
}

impl Scorer {
    pub fn new(truth: Truth) -> Self {
        Scorer { truth, ..Scorer::default() }
    }

    pub fn see(&mut self, prediction: &Prediction) {
        let referral = &prediction.referral_id;
        let right = |record: &str| self.truth.is(referral, record);
        for candidate in &prediction.candidates {
            let at = BANDS.iter().rposition(|from| candidate.probability >= *from);
            let band = &mut self.bands[at.unwrap_or_default()];
            band.0 += 1;
            band.1 += usize::from(right(&candidate.record_id));
            band.2 += f64::from(candidate.probability);
        }
        let any = prediction.candidates.iter().any(|candidate| right(&candidate.record_id));
        self.found[1] += usize::from(any);
        if let Some(first) = prediction.candidates.first() {
            let (is_right, record) = (right(&first.record_id), &first.record_id);
            let twins = self.truth.twins.get(referral);
            let twin = !is_right && twins.is_some_and(|twins| twins.contains(record));
            self.found[0] += usize::from(is_right);
            self.firsts.push((first.weight, is_right, twin));
        }
    }

    pub fn score(mut self) -> Score {
        let known = self.truth.records.values().filter(|records| !records.is_empty()).count();
        self.firsts.sort_by(|one, two| two.0.total_cmp(&one.0));
        let (best, recall) = sweep(&self.firsts, known);
        let share = |found: usize| found as f64 / known.max(1) as f64;
        let band = |(from, (pairs, right, stated)): (f32, (usize, usize, f64))| Band {
            from,
            pairs,
            stated: stated / pairs.max(1) as f64,
            true_share: right as f64 / pairs.max(1) as f64,
        };
        Score {
            best,
            recall_at_precision_995: recall,
            recall_at_1: share(self.found[0]),
            recall_any: share(self.found[1]),
            calibration: BANDS.into_iter().zip(self.bands).map(band).collect(),
        }
    }
}

/// The best F1 over all thresholds, and the most recall at a precision of 0.995. `ranked` has the
/// weightiest first; equal weights are taken together.
pub fn sweep(ranked: &[(f32, bool, bool)], known: usize) -> (Best, f64) {
    let (mut best, mut recall_kept) = (Best::default(), 0.0_f64);
    let (mut right, mut twins) = (0, 0);
    for (place, (weight, is_right, twin)) in ranked.iter().enumerate() {
        right += usize::from(*is_right);
        twins += usize::from(*twin);
        if ranked.get(place + 1).is_some_and(|next| next.0 == *weight) {
            continue;
        }
        let (taken, known) = ((place + 1) as f64, known.max(1) as f64);
        let (precision, recall) = (right as f64 / taken, right as f64 / known);
        let f1 = 2.0 * right as f64 / (taken + known);
        if f1 > best.f1 {
            let wrong = place + 1 - right;
            best = Best { f1, precision, recall, weight: *weight, wrong, twins };
        }
        if precision >= 0.995 {
            recall_kept = recall_kept.max(recall);
        }
    }
    (best, recall_kept)
}

/// The entity of an id of the FEBRL sets: `1070` of `rec-1070-org` and `rec-1070-dup-0`.
pub fn entity(id: &str) -> &str {
    id.strip_prefix("rec-").and_then(|rest| rest.split('-').next()).unwrap_or(id)
}

/// How many true pairs there are among these ids, or between them and others.
pub fn true_pairs(ids: &[String], others: Option<&[String]>) -> usize {
    let count = |ids: &[String]| {
        let mut entities: HashMap<String, usize> = HashMap::new();
        ids.iter().for_each(|id| *entities.entry(entity(id).to_owned()).or_default() += 1);
        entities
    };
    let these = count(ids);
    match others.map(count) {
        None => these.values().map(|number| number * (number - 1) / 2).sum(),
        Some(those) => {
            let both: HashSet<&String> =
                these.keys().filter(|id| those.contains_key(*id)).collect();
            both.into_iter().map(|id| these[id] * those[id]).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_threshold_takes_equal_weights_together() {
        let ranked =
            [(9.0, true, false), (5.0, true, false), (5.0, false, true), (1.0, true, false)];
        let (best, recall) = sweep(&ranked, 4);
        assert_eq!((best.weight, best.wrong, best.twins), (1.0, 1, 1));
        assert!((best.f1 - 0.75).abs() < 1e-9 && (recall - 0.25).abs() < 1e-9);
    }

    #[test]
    fn pairs_of_one_entity_are_counted_within_a_file_and_between_two() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let one = ids(&["rec-1-org", "rec-1-dup-0", "rec-1-dup-1", "rec-2-org"]);
        assert_eq!(true_pairs(&one, None), 3);
        assert_eq!(true_pairs(&one, Some(&ids(&["rec-1-dup-7", "rec-3-org"]))), 3);
    }
}
