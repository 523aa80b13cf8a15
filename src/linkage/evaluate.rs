//! Links a file of referrals against a file of people in memory, to measure a model. The keys and
//! caps are the gateway's; blocks are kept by key instead of by blind token.

use super::blocking::{keys, shortlist};
use super::calibrate::Judged;
use super::model::Model;
use super::people::{Fault, People, Person};
use super::profile::Profile;
use super::verdict::{judge, rank};
use crate::domain::{LinkState, PersonId};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::HashMap;
use std::io::{Read, Write};

/// A block over this says nothing and is passed over, as in the store.
const BLOCK_CAP: usize = 200;
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
    /// Rows that were not read.
    #[serde(skip)]
    pub faults: Vec<Fault>,
}

#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    #[error("the file of people: {0}")]
    People(Fault),
    #[error("the file of referrals: {0}")]
    Referrals(Fault),
    #[error("the predictions could not be written: {0}")]
    Write(#[from] std::io::Error),
}

#[derive(Serialize)]
struct Prediction<'a> {
    referral_id: &'a str,
    candidates: Vec<Candidate<'a>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    record_id: &'a str,
    probability: f32,
    /// Match weight in bits.
    weight: f32,
}

/// Links every referral and writes one line of JSON for each, its candidates best first.
///
/// # Errors
/// When a file has no readable header, or the predictions cannot be written. Rows that cannot be
/// read are passed over and listed in [`Stats::faults`].
pub fn evaluate(
    people: impl Read,
    referrals: impl Read,
    out: &mut dyn Write,
    model: &Model,
) -> Result<Stats, EvaluateError> {
    let mut stats = Stats::default();
    let people = People::new(people).map_err(EvaluateError::People)?;
    let index = Index::of(people, &mut stats);
    let model = &model.clone().for_people(stats.people);
    for referral in People::new(referrals).map_err(EvaluateError::Referrals)? {
        match referral {
            Ok(mut referral) => {
                referral.profile.date(index.as_of);
                index.link(&referral, out, model, &mut stats)?
            }
            Err(fault) => stats.faults.push(fault),
        }
    }
    Ok(stats)
}

/// Pairs to calibrate by: every candidate of every referral, with its truth (record ids by
/// referral). Referrals whose child is on record are judged once more as if it were not, which
/// shows more of what is mistaken for a child: those unknown count as much as before together.
///
/// # Errors
/// When a file has no readable header.
pub fn judged(
    people: impl Read,
    referrals: impl Read,
    truth: &HashMap<String, Vec<String>>,
    model: &Model,
) -> Result<Vec<Judged>, EvaluateError> {
    let people = People::new(people).map_err(EvaluateError::People)?;
    let index = Index::of(people, &mut Stats::default());
    let model = &model.clone().for_people(index.ids.len() as u64);
    let referrals = People::new(referrals).map_err(EvaluateError::Referrals)?;
    let referrals: Vec<Person> = referrals.filter_map(Result::ok).collect();
    let records = |referral: &Person| truth.get(&referral.id).map_or(&[][..], Vec::as_slice);
    let known = referrals.iter().filter(|referral| !records(referral).is_empty()).count();
    let unknown = (referrals.len() - known) as f64 / referrals.len().max(1) as f64;
    let mut pairs = Vec::new();
    for mut referral in referrals {
        referral.profile.date(index.as_of);
        let records = records(&referral);
        let candidates = index.candidates(&referral.profile);
        let is_same = |id: &PersonId| records.contains(&index.ids[position(id)]);
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
    Ok(pairs)
}

/// The day on which those who are expected are halfway to their birth, most of them: when a file
/// was true that does not say it.
fn halfway(profiles: &[Profile]) -> Option<Date> {
    let mut due: Vec<Date> = profiles.iter().filter_map(Profile::due).collect();
    due.sort_unstable();
    due.get(due.len() / 2)?.checked_sub(20.weeks()).ok()
}

/// People in memory, by number and by blocking key.
#[derive(Default)]
struct Index {
    ids: Vec<String>,
    profiles: Vec<Profile>,
    /// When the files were true, where their rows do not say.
    as_of: Option<Date>,
    blocks: HashMap<String, Vec<u32>>,
}

impl Index {
    fn of(people: People<impl Read>, stats: &mut Stats) -> Self {
        let mut index = Index::default();
        for person in people {
            match person {
                Ok(person) => index.add(person, stats),
                Err(fault) => stats.faults.push(fault),
            }
        }
        index.as_of = halfway(&index.profiles);
        let as_of = index.as_of;
        index.profiles.iter_mut().for_each(|profile| profile.date(as_of));
        index
    }

    fn add(&mut self, person: Person, stats: &mut Stats) {
        let Ok(number) = u32::try_from(self.ids.len()) else { return };
        for key in keys(&person.profile) {
            self.blocks.entry(key).or_default().push(number);
            stats.keys += 1;
        }
        self.ids.push(person.id);
        self.profiles.push(person.profile);
        stats.people += 1;
    }

    fn candidates(&self, child: &Profile) -> Vec<(PersonId, Profile)> {
        let blocks = keys(child).into_iter().filter_map(|key| self.blocks.get(&key));
        let blocks = blocks.filter(|block| block.len() <= BLOCK_CAP).cloned().collect();
        let numbers = shortlist(blocks).into_iter();
        numbers
            .filter_map(|number| Some((id(number), *self.profiles.get(position(&id(number)))?)))
            .collect()
    }

    fn link(
        &self,
        referral: &Person,
        out: &mut dyn Write,
        model: &Model,
        stats: &mut Stats,
    ) -> Result<(), EvaluateError> {
        let candidates = self.candidates(&referral.profile);
        stats.referrals += 1;
        stats.compared += candidates.len() as u64;
        match judge(model, &referral.profile, &candidates).state {
            LinkState::Linked => stats.linked += 1,
            LinkState::Possible => stats.possible += 1,
            _ => stats.new += 1,
        }
        let ranked = rank(model, &referral.profile, &candidates);
        let written = ranked.iter().take(MOST_WRITTEN).map(|ranked| Candidate {
            record_id: &self.ids[position(&candidates[ranked.index].0)],
            probability: model.probability(ranked.weight),
            weight: ranked.weight,
        });
        let prediction = Prediction { referral_id: &referral.id, candidates: written.collect() };
        serde_json::to_writer(&mut *out, &prediction).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        Ok(())
    }
}

/// A person's number in the file as an id, so that the verdict is the gateway's own.
fn id(number: u32) -> PersonId {
    PersonId(uuid::Uuid::from_u128(u128::from(number)))
}

fn position(id: &PersonId) -> usize {
    usize::try_from(id.0.as_u128()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_small_file_is_linked_and_twins_are_left_to_a_person() {
        let mut out = Vec::new();
        let (people, referrals) = (PEOPLE.as_bytes(), REFERRALS.as_bytes());
        let stats = evaluate(people, referrals, &mut out, &Model::shipped()).expect("evaluates");
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
