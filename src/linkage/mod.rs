//! Know the child: which of the people already known, if any, a referral's child is.
//!
//! [`standardise`] makes a [`Profile`] of what was stated, [`blocking`] says whom to compare,
//! [`comparison`] compares, [`weights`] weighs with a [`Model`] (Fellegi and Sunter 1969), and
//! [`judge`] gives one of three outcomes. Nothing here reads a store: the caller brings the
//! candidates.

pub mod adults;
pub mod blocking;
pub mod calibrate;
pub mod comparison;
pub mod evaluate;
pub mod homes;
mod index;
pub mod model;
mod monotone;
pub mod names;
pub mod people;
pub mod profile;
#[cfg(test)]
mod properties;
pub mod rarity;
pub mod score;
pub mod shared;
pub mod standardise;
pub mod text;
pub mod train;
pub mod verdict;
pub mod weights;
pub mod written;

pub use blocking::keys;
pub use homes::home_keys;
pub use model::Model;
pub use profile::Profile;
pub use shared::Shared;
pub use standardise::profile_of;
pub use verdict::{Verdict, judge};
pub use weights::{Evidence, Explanation, explain};

/// What an authority links with.
#[derive(Clone, Debug, Default)]
pub struct Linkage {
    pub model: Model,
    pub shared: Shared,
}

/// Dates those profiles of one file that do not say when they were true: the day, if one is found.
pub fn date_all(profiles: &mut [Profile]) -> Option<jiff::civil::Date> {
    let as_of = index::halfway(profiles);
    profiles.iter_mut().for_each(|profile| profile.date(as_of));
    as_of
}
