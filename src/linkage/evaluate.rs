//! Links a file of referrals against a file of people in memory, to measure a model.

use super::index::{Index, position};
use super::model::Model;
use super::people::{Fault, Person};
use super::verdict::{conclude, rank};
use super::weights::match_weight;
use crate::domain::LinkState;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Candidates written for each referral.
const MOST_WRITTEN: usize = 20;

/// What was done. Times are the caller's to measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    pub people: u64,
    pub referrals: u64,
    /// Pairs compared.
    pub compared: u64,
    pub linked: u64,
    pub possible: u64,
    pub new: u64,
    /// Blocking keys of all people.
    pub keys: u64,
    /// Rows that were not read, and the first of them.
    pub unread: u64,
    #[serde(skip)]
    pub faults: Vec<Fault>,
}

/// Faults that are told by their lines; more are only counted, but for one that ends a file.
const MOST_TOLD: usize = 1_000;

impl Stats {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.unread += 1;
        if self.faults.len() < MOST_TOLD || fault.lost {
            self.faults.push(fault);
        }
    }
}

/// A referral and its candidates, best first.
#[derive(Serialize)]
pub struct Prediction {
    pub referral_id: String,
    /// What the gateway would do: `linked`, `possible` or `new`.
    pub state: &'static str,
    pub candidates: Vec<Predicted>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Predicted {
    pub record_id: String,
    pub probability: f32,
    /// Match weight in bits, rivals considered.
    pub weight: f32,
}

/// Links every referral, and hands its prediction over. Rows that cannot be read are passed over
/// and told in [`Stats::faults`].
pub fn evaluate(
    people: impl Iterator<Item = Result<Person, Fault>>,
    referrals: impl Iterator<Item = Result<Person, Fault>>,
    model: &Model,
    mut take: impl FnMut(Prediction) -> io::Result<()>,
) -> io::Result<Stats> {
    let mut stats = Stats::default();
    let index = Index::of(people, &mut stats);
    let model = &model.clone().for_people(stats.people);
    for referral in referrals {
        match referral {
            Ok(mut referral) => {
                referral.profile.date(index.as_of);
                take(link(&index, referral, model, &mut stats))?;
            }
            Err(fault) => stats.fault(fault),
        }
    }
    Ok(stats)
}

fn link(index: &Index, referral: Person, model: &Model, stats: &mut Stats) -> Prediction {
    let candidates = index.candidates(&referral.profile);
    stats.referrals += 1;
    stats.compared += candidates.len() as u64;
    let ranked = rank(model, &referral.profile, &candidates);
    let predicted = ranked.iter().take(MOST_WRITTEN).map(|ranked| Predicted {
        record_id: index.name(&candidates[ranked.index].0).to_owned(),
        probability: model.probability(ranked.weight),
        weight: ranked.weight,
    });
    let predicted = predicted.collect();
    let state = conclude(model, ranked, &candidates).state;
    match state {
        LinkState::Linked => stats.linked += 1,
        LinkState::Possible => stats.possible += 1,
        _ => stats.new += 1,
    }
    Prediction { referral_id: referral.id, state: state.as_str(), candidates: predicted }
}

/// Links a file with itself: every pair of records that share a block, each once, with its weight.
/// Two records that are each plainly a third's are one another's, as plainly as the weaker of the
/// two links; a link that is not plain leads no further.
pub fn dedupe(
    people: impl Iterator<Item = Result<Person, Fault>>,
    model: &Model,
    mut take: impl FnMut(&str, &str, f32) -> io::Result<()>,
) -> io::Result<Stats> {
    let mut stats = Stats::default();
    let index = Index::of(people, &mut stats);
    let model = &model.clone().for_people(stats.people);
    let mut weights: BTreeMap<(usize, usize), f32> = BTreeMap::new();
    for (number, child) in index.profiles.iter().enumerate() {
        for (id, other) in index.candidates(child) {
            let place = position(&id);
            if place < number {
                weights.insert((place, number), match_weight(model, child, &other));
            }
        }
    }
    stats.compared = weights.len() as u64;
    for (pair, weight) in through_a_third(&weights, model.thresholds.linked) {
        let direct = weights.entry(pair).or_insert(weight);
        *direct = direct.max(weight);
    }
    for ((one, two), weight) in weights {
        take(&index.ids[one], &index.ids[two], weight)?;
    }
    Ok(stats)
}

/// Pairs that share a third record to which both are plainly linked.
fn through_a_third(
    weights: &BTreeMap<(usize, usize), f32>,
    plain: f32,
) -> BTreeMap<(usize, usize), f32> {
    let mut linked: BTreeMap<usize, Vec<(usize, f32)>> = BTreeMap::new();
    for ((one, two), weight) in weights.iter().filter(|(_, weight)| **weight >= plain) {
        linked.entry(*one).or_default().push((*two, *weight));
        linked.entry(*two).or_default().push((*one, *weight));
    }
    let mut found = BTreeMap::new();
    for around in linked.values() {
        for (place, (one, first)) in around.iter().enumerate() {
            for (two, second) in &around[..place] {
                let pair = (*one.min(two), *one.max(two));
                let weaker = first.min(*second);
                let best = found.entry(pair).or_insert(weaker);
                *best = weaker.max(*best);
            }
        }
    }
    found
}

/// Writes a prediction as a line of JSON.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: &mut dyn Write, prediction: &Prediction) -> io::Result<()> {
    serde_json::to_writer(&mut *out, prediction)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::people::People;

    // Invented people; the NHS numbers begin with 999.
    const PEOPLE: &str = "\
record_id,source,forename,middle_names,surname,dob,edd,sex,address,postcode,nhs_number,mother_name
R1,lcs,Imogen,Grace,Crossdale,2016-03-09,,F,12 Mill Lane,HX1 2XQ,9990000018,Leanne Crossdale
R2,lcs,Robyn,Mae,Crossdale,2016-03-09,,F,12 Mill Lane,HX1 2XQ,9990000026,Leanne Crossdale
R3,lcs,Mohammed,,Hussain,2014-07-21,,M,4 Dale Street,HX3 6DP,,Nasreen Akhtar
R4,ehm,Unborn,,Tindall,,2026-05-20,,7 Ash Grove,HX6 1AB,,Kelly Tindall
broken row
";

    const REFERRALS: &str = "\
referral_id,source,forename,middle_names,surname,dob,edd,sex,address,postcode,nhs_number,mother_name
Q1,school,Immy,,Crossdale,2016-09-03,,F,12 Mill Ln,,,Leanne Crossdale
Q2,police,Muhammad,,Hussein,2014-07-21,,M,4 Dale Street,,,
Q3,health,Alfie,,Tindall,2026-05-11,,M,7 Ash Grove,HX6 1AB,,Kelly Tindall
Q4,public,Nobody,,Knowsher,2011-01-02,,F,90 Far Road,OL14 5ZZ,,
Q5,school,Poppy,,Crossdale,2016-03-09,,F,12 Mill Lane,HX1 2XQ,,Leanne Crossdale
";

    #[test]
    fn of_many_faults_the_first_are_told_and_all_are_counted() {
        let text = format!("record_id\n{}", "\"\"\n".repeat(1_500));
        let people = || People::new(text.as_bytes()).expect("a header");
        let stats = evaluate(people(), people(), &Model::shipped(), |_| Ok(())).expect("evaluates");
        assert_eq!((stats.unread, stats.faults.len()), (3_000, 1_000));
    }

    #[test]
    fn a_small_file_is_linked_and_twins_are_left_to_a_person() {
        let read = |text: &'static str| People::new(text.as_bytes()).expect("a header");
        let mut out = Vec::new();
        let take = |prediction: Prediction| write(&mut out, &prediction);
        let stats = evaluate(read(PEOPLE), read(REFERRALS), &Model::shipped(), take);
        let stats = stats.expect("evaluates");
        assert_eq!((stats.people, stats.referrals), (4, 5));
        assert_eq!(stats.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [6]);
        let lines: Vec<serde_json::Value> = String::from_utf8(out)
            .expect("text")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let best: Vec<_> =
            lines.iter().map(|line| line["candidates"][0]["record_id"].as_str()).collect();
        assert_eq!(best[..3], [Some("R1"), Some("R3"), Some("R4")]);
        assert_eq!(best[3], None);
        assert_eq!((stats.linked, stats.new), (2, 1));
        assert_eq!(stats.possible, 2, "a third child of that home and birthday, and a birth");
    }
}
