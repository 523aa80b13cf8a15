//! Links a file of referrals against a file of people in memory, to measure a model. The keys and
//! caps are the gateway's; blocks are kept by key instead of by blind token.

use super::blocking::{keys, shortlist};
use super::model::Model;
use super::people::{Fault, People, Person};
use super::profile::Profile;
use super::verdict::{judge, rank};
use crate::domain::{LinkState, PersonId};
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
    for referral in People::new(referrals).map_err(EvaluateError::Referrals)? {
        match referral {
            Ok(referral) => index.link(&referral, out, model, &mut stats)?,
            Err(fault) => stats.faults.push(fault),
        }
    }
    Ok(stats)
}

/// People in memory, by number and by blocking key.
struct Index {
    ids: Vec<String>,
    profiles: Vec<Profile>,
    blocks: HashMap<String, Vec<u32>>,
}

impl Index {
    fn of(people: People<impl Read>, stats: &mut Stats) -> Self {
        let mut index = Index { ids: Vec::new(), profiles: Vec::new(), blocks: HashMap::new() };
        for person in people {
            match person {
                Ok(person) => index.add(person, stats),
                Err(fault) => stats.faults.push(fault),
            }
        }
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
        assert_eq!((stats.linked, stats.new), (3, 1));
        assert_eq!(stats.possible, 1, "a third child of that home and birthday");
    }
}
