//! Addresses that many households share: refuges, hostels, hospitals, children's homes. Living at
//! one, or its telephone, makes nobody a relative.

use super::profile::{Home, Profile};
use super::standardise::{Stated, standardise};
use super::text::Text;

/// The shared addresses of one authority.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    addresses: Vec<Home>,
    phones: Vec<Text<9>>,
}

impl Shared {
    /// Adds an address (its first line, and its postcode) and a telephone number; whatever is empty
    /// is not looked at. A postcode alone stands for all that is there.
    pub fn add(&mut self, address: &str, postcode: &str, telephone: &str) {
        let profile = standardise(&Stated {
            address: address.to_owned(),
            postcode: postcode.to_owned(),
            phone: telephone.to_owned(),
            ..Stated::default()
        });
        if !profile.home.postcode.is_empty() {
            self.addresses.push(profile.home);
        }
        if !profile.phone.is_empty() {
            self.phones.push(profile.phone);
        }
    }

    /// Whether a home is at one of these addresses.
    pub fn has(&self, home: &Home) -> bool {
        self.addresses.iter().any(|shared| is_at(home, shared))
    }

    /// Takes what is shared out of a profile: it is evidence of nothing.
    pub fn clear(&self, profile: &mut Profile) {
        if self.has(&profile.home) {
            let town = profile.home.town;
            profile.home = Home { town, ..Home::default() };
        }
        if self.addresses.iter().any(|at| at.postcode == profile.home.previous_postcode) {
            profile.home.previous_postcode = Text::default();
        }
        if self.phones.contains(&profile.phone) {
            profile.phone = Text::default();
        }
    }
}

fn is_at(home: &Home, shared: &Home) -> bool {
    let elsewhere =
        |here: &[u8], there: &[u8]| !here.is_empty() && !there.is_empty() && here != there;
    let building = |home: &Home| {
        let number = home.number.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        number.into_bytes()
    };
    home.postcode == shared.postcode
        && !elsewhere(&building(home), &building(shared))
        && !elsewhere(home.street.as_bytes(), shared.street.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, postcode: &str, phone: &str) -> Profile {
        standardise(&Stated {
            surname: "Hollins".to_owned(),
            address: address.to_owned(),
            postcode: postcode.to_owned(),
            phone: phone.to_owned(),
            ..Stated::default()
        })
    }

    #[test]
    fn a_shared_address_and_its_telephone_are_no_evidence() {
        let mut shared = Shared::default();
        shared.add("40 Ash Grove", "HX6 1AB", "01632 960001");
        let mut child = at("Flat 3, 40 Ash Grove", "HX6 1AB", "01632 960001");
        shared.clear(&mut child);
        assert!(child.home.postcode.is_empty() && child.home.street.is_empty());
        assert!(child.phone.is_empty() && !child.surnames.is_empty());
    }

    #[test]
    fn the_house_next_door_is_a_home() {
        let mut shared = Shared::default();
        shared.add("40 Ash Grove", "HX6 1AB", "");
        let mut child = at("42 Ash Grove", "HX6 1AB", "01632 960001");
        let before = child;
        shared.clear(&mut child);
        assert_eq!(child.home, before.home);
        assert_eq!(child.phone, before.phone);
    }
}
