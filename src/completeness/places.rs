//! Which places a referral has, so that an item that asks for none is found when it is loaded.

use crate::domain::record::{Field, Path};
use crate::domain::referral::{Concern, Harm, SourceNote};
use crate::domain::{Answer, Child, Referral};

/// Whether an answer can stand at or below `place`.
pub fn is_a_place(place: &[String]) -> bool {
    let mut known = false;
    everything_once().walk(&mut Path::default(), &mut |at, _| known |= at.within(place));
    known && !place.is_empty()
}

/// A referral with one of everything that there can be several of.
fn everything_once() -> Referral {
    let mut referral = Referral {
        children: vec![Child { disabilities: vec![Answer::Absent], ..Default::default() }],
        concerns: vec![Concern::default()],
        indicators: vec![Answer::Absent],
        harm: vec![Harm::default()],
        notes: vec![SourceNote::default()],
        ..Default::default()
    };
    referral.household.people = vec![Default::default()];
    referral
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_place_is_none() {
        let place =
            |text: &str| -> Vec<String> { text.split('/').skip(1).map(str::to_owned).collect() };
        assert!(is_a_place(&place("/children/*/date_of_birth")));
        assert!(is_a_place(&place("/children/*/disabilities")));
        assert!(is_a_place(&place("/household/people")));
        assert!(!is_a_place(&place("/children/*/dateOfBirth")));
        assert!(!is_a_place(&place("/children/0/date_of_birth")));
    }
}
