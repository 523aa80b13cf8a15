//! Term frequencies: agreeing on a rare name says more than agreeing on a common one (Winkler 2000;
//! Splink's term-frequency adjustment).
//!
//! Only names that many bear are listed, by a mark of the name and not by the name, with the share
//! of people who bear them, frozen in the model's version. Whatever is not listed is rare.

use super::comparison::{Comparison, Forename, MiddleName, Surname};
use super::names::{Agreement, Name};
use super::profile::Profile;
use std::collections::BTreeMap;

/// Shares of people who bear the names of one place, by mark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frequencies {
    /// The share that the level's bits stand for: with it the adjustment is 0.
    pub usual: f32,
    /// Marks in their order.
    listed: Vec<(u16, f32)>,
    /// The share of a name that is not listed.
    pub rare: f32,
}

/// The tables of a model, and the most that rarity may add.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rarity {
    pub forename: Frequencies,
    pub middle_name: Frequencies,
    pub surname: Frequencies,
    /// Most bits that a rare name adds: it is rare among strangers, not among relatives.
    pub most: f32,
}

/// Bits to add to the forename's, the middle name's and the surname's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adjustment {
    pub forename: f32,
    pub middle_name: f32,
    pub surname: f32,
}

impl Adjustment {
    pub(super) fn times(self, share: f32) -> Self {
        Adjustment {
            forename: self.forename * share,
            middle_name: self.middle_name * share,
            surname: self.surname * share,
        }
    }
}

impl Frequencies {
    pub(super) fn new(usual: f32, rare: f32, listed: BTreeMap<u16, f32>) -> Self {
        Frequencies { usual, listed: listed.into_iter().collect(), rare }
    }

    pub(super) fn listed(&self) -> &[(u16, f32)] {
        &self.listed
    }

    /// The share of people who bear a name, in whichever of its families most do.
    fn of(&self, name: &Name) -> f32 {
        let share = |mark: &u16| {
            let place = self.listed.binary_search_by_key(mark, |(mark, _)| *mark);
            place.map_or(self.rare, |place| self.listed[place].1)
        };
        name.counted().iter().map(share).fold(self.rare, f32::max)
    }

    /// The share of the rarest name in which they agree; of two spellings the commoner counts.
    fn of_agreeing<'a>(
        &self,
        these: impl Iterator<Item = &'a Name>,
        those: &(impl Iterator<Item = &'a Name> + Clone),
    ) -> Option<f32> {
        let mut rarest = None::<f32>;
        for this in these {
            for that in those.clone() {
                if this.agree(that) <= Agreement::Sound {
                    let share = self.of(this).max(self.of(that));
                    rarest = Some(rarest.map_or(share, |rarest| rarest.min(share)));
                }
            }
        }
        rarest
    }
}

impl Rarity {
    /// Symmetric, and without allocation.
    pub(super) fn adjust(&self, one: &Profile, two: &Profile, found: &Comparison) -> Adjustment {
        let mut adjustment = Adjustment::default();
        match found.forename {
            Forename::Exact | Forename::Family | Forename::Typo | Forename::Sound => {
                let share = self.forename.of_agreeing(one.in_use(), &two.in_use());
                adjustment.forename = self.bits(self.forename.usual, share);
            }
            Forename::Swapped => adjustment.forename = self.swapped(one, two),
            _ => {}
        }
        if found.middle_name == MiddleName::Same {
            let (these, those) = (one.middle_names.as_slice(), two.middle_names.as_slice());
            let share = self.middle_name.of_agreeing(these.iter(), &those.iter());
            adjustment.middle_name = self.bits(self.middle_name.usual, share);
        }
        if (Surname::Exact..=Surname::Part).contains(&found.surname) {
            let (these, those) = (one.surnames.as_slice(), two.surnames.as_slice());
            let share = self.surname.of_agreeing(these.iter(), &those.iter());
            adjustment.surname = self.bits(self.surname.usual, share);
        }
        adjustment
    }

    fn bits(&self, usual: f32, share: Option<f32>) -> f32 {
        share.map_or(0.0, |share| (usual / share).log2().min(self.most))
    }

    /// Names that are both given names and family names stand in each other's place by chance.
    fn swapped(&self, one: &Profile, two: &Profile) -> f32 {
        let share = |given: &[Name], family: &[Name]| {
            let as_given = self.forename.of_agreeing(given.iter(), &family.iter())?;
            let as_family = self.surname.of_agreeing(given.iter(), &family.iter())?;
            Some(as_given.min(as_family))
        };
        let there = share(one.forenames.as_slice(), two.surnames.as_slice());
        let back = share(two.forenames.as_slice(), one.surnames.as_slice());
        let both = there.zip(back).map(|(there, back)| there * back);
        self.bits(self.forename.usual * self.surname.usual / 8.0, both)
    }
}
