//! Which part of the authority's area a home is in, by its postcode's sector.
//!
//! A postcode's area prefix is not enough: OL14 and HD6 are inside Calderdale, and not every
//! sector of every HX district need be. A sector that is not listed is outside.

use super::facts::{NO_LOCALITY, OUTSIDE};
use super::postcode::Postcode;
use std::collections::HashMap;

/// The gazetteer of one authority.
#[derive(Clone, Debug, Default)]
pub struct Localities {
    names: Vec<String>,
    /// Sector without blanks, e.g. `HX11`, to the place of its locality's name.
    sectors: HashMap<String, usize>,
    /// Code of a school (URN) to the place of its locality's name.
    schools: HashMap<String, usize>,
}

impl Localities {
    /// Names in the order of the configuration; unknown names and repeats are the caller's faults.
    pub fn new(names: Vec<String>) -> Self {
        Localities { names, ..Default::default() }
    }

    /// False when the sector already belongs somewhere.
    pub fn add_sector(&mut self, sector: &str, locality: usize) -> bool {
        self.sectors.insert(key(sector), locality).is_none()
    }

    /// False when the school already belongs somewhere.
    pub fn add_school(&mut self, code: &str, locality: usize) -> bool {
        self.schools.insert(key(code), locality).is_none()
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The locality's name, or `outside`.
    pub fn of_postcode(&self, postcode: &Postcode) -> &str {
        // The sector has at most six characters; its key is looked up without allocating.
        let mut bytes = [0_u8; 8];
        let mut length = 0;
        for byte in postcode.sector().bytes().filter(|byte| *byte != b' ').take(bytes.len()) {
            bytes[length] = byte;
            length += 1;
        }
        let sector = std::str::from_utf8(&bytes[..length]).unwrap_or_default();
        self.name(self.sectors.get(sector)).unwrap_or(OUTSIDE)
    }

    /// The locality of a school that the authority knows.
    pub fn of_school(&self, code: &str) -> Option<&str> {
        self.name(self.schools.get(&key(code)))
    }

    fn name(&self, index: Option<&usize>) -> Option<&str> {
        self.names.get(*index?).map(String::as_str)
    }
}

fn key(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
}

/// Names that a locality may not take, since facts use them.
pub const RESERVED: [&str; 2] = [NO_LOCALITY, OUTSIDE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_placed_by_sector_and_what_is_not_listed_is_outside() {
        let mut localities = Localities::new(vec!["upper".to_owned(), "lower".to_owned()]);
        assert!(localities.add_sector("OL14 5", 0) && localities.add_sector("HD6 1", 1));
        assert!(!localities.add_sector("ol145", 1));
        let of = |text: &str| {
            localities.of_postcode(&Postcode::parse(text).expect("a postcode")).to_owned()
        };
        assert_eq!(of("OL14 5AA"), "lower");
        assert_eq!(of("HD6 1AB"), "lower");
        assert_eq!(of("HD6 9AB"), "outside");
        assert_eq!(of("M1 1AE"), "outside");
    }
}
