//! Where a child lives, as keys that other children of the same home share. They tell of earlier
//! contacts about a home, and never who anybody is.
//!
//! A key is plain text; the caller turns each into a blind token (HMAC) and keeps only that. There
//! is none of an address that is withheld from anybody, nor of one that many households share, nor
//! where the address is not whole: a street or a postcode alone is nobody's home.

use super::profile::Home;
use super::shared::Shared;
use super::standardise::{Stated, home, text};
use crate::domain::Child;
use crate::domain::household::{Address, Household};
use crate::domain::postcode::Postcode;

/// The keys of a child's home, at most two: of the address's first line with its postcode, and of
/// the property's own number (UPRN).
pub fn home_keys(child: &Child, household: &Household, shared: &Shared) -> Vec<String> {
    if is_withheld(child, household) {
        return Vec::new();
    }
    let address = if is_stated(&child.address) { &child.address } else { &household.address };
    let home = home(&Stated {
        address: text(&address.lines),
        postcode: text(&address.postcode),
        ..Stated::default()
    });
    if shared.has(&home) {
        return Vec::new();
    }
    line_key(&home).into_iter().chain(uprn_key(&text(&address.uprn))).collect()
}

/// Whether any address of the family's must not come out. Which of them the child's home is, is
/// not asked.
fn is_withheld(child: &Child, household: &Household) -> bool {
    let of_people = household.people.iter().map(|person| &person.address);
    let mut all = of_people.chain([&child.address, &household.address]);
    all.any(|address| !address.withheld_from.is_empty())
}

fn is_stated(address: &Address) -> bool {
    let stated = [text(&address.lines), text(&address.postcode), text(&address.uprn)];
    stated.iter().any(|part| !part.trim().is_empty())
}

fn line_key(home: &Home) -> Option<String> {
    let (number, street) = (home.number.as_str(), home.street.as_str());
    let postcode = home.postcode.as_str();
    let whole = !number.is_empty() && !street.is_empty() && Postcode::parse(postcode).is_some();
    // Not the street's end, which is abbreviated and mistyped; the postcode says which it is.
    let street: String = street.chars().take(4).collect();
    whole.then(|| format!("lives-at|{number}|{street}|{postcode}"))
}

fn uprn_key(stated: &str) -> Option<String> {
    let digits: String = stated.chars().filter(|letter| !letter.is_whitespace()).collect();
    let number: u64 = digits.parse().ok()?;
    let holds = number > 0 && digits.len() <= 12;
    holds.then(|| format!("uprn|{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Referral;
    use serde_json::{Value, json};

    fn keys_in(document: Value, shared: &Shared) -> Vec<String> {
        let (referral, _) = Referral::read(document);
        home_keys(&referral.children[0], &referral.household, shared)
    }

    fn keys_of(child: Value, household: Value) -> Vec<String> {
        keys_in(json!({"children": [child], "household": household}), &Shared::default())
    }

    fn at(lines: &str) -> Value {
        json!({"address": {"lines": lines, "postcode": "HX1 2XQ"}})
    }

    #[test]
    fn one_home_has_one_key_however_it_is_written() {
        let home = keys_of(at("12 Mill Lane"), json!({}));
        assert_eq!(home.len(), 1);
        let other = json!({"address": {"lines": "12, MILL LN.\nHalifax", "postcode": "hx12xq"}});
        assert_eq!(keys_of(other, json!({})), home);
        assert_eq!(keys_of(json!({}), at("12 Mill Lane")), home, "the household's");
        assert_ne!(keys_of(at("14 Mill Lane"), json!({})), home);
        assert_ne!(keys_of(at("Flat 2, 12 Mill Lane"), json!({})), home);
        let own = keys_of(at("3 Ash Grove"), at("12 Mill Lane"));
        assert_ne!(own, home, "the child's own address comes first");
    }

    #[test]
    fn a_property_has_a_number_of_its_own() {
        let with = |uprn: &str| keys_of(json!({"address": {"uprn": uprn}}), json!({}));
        assert_eq!(with("0100 0123 4567"), with("10001234567"));
        assert_eq!(with("10001234567").len(), 1);
        for none in ["not given", "0", "1234567890123"] {
            assert_eq!(with(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn what_is_not_whole_is_nobodys_home() {
        for child in [
            at("Mill Lane"),
            at("12"),
            json!({"address": {"lines": "12 Mill Lane"}}),
            json!({"address": {"lines": "12 Mill Lane", "postcode": "HX1"}}),
            json!({}),
        ] {
            assert_eq!(keys_of(child.clone(), json!({})), Vec::<String>::new(), "{child}");
        }
    }

    #[test]
    fn of_an_address_that_is_withheld_or_shared_there_is_no_key() {
        let mut withheld = at("12 Mill Lane");
        withheld["address"]["uprn"] = json!("10001234567");
        assert_eq!(keys_of(withheld.clone(), json!({})).len(), 2);
        withheld["address"]["withheld_from"] = json!(["Invented Father"]);
        assert_eq!(keys_of(withheld.clone(), json!({})), Vec::<String>::new());
        assert_eq!(keys_of(at("3 Ash Grove"), withheld.clone()), Vec::<String>::new());
        let mother =
            json!({"people": [{"name": "Invented Mother", "address": withheld["address"]}]});
        assert_eq!(keys_of(at("12 Mill Lane"), mother), Vec::<String>::new());
        let mut shared = Shared::default();
        shared.add("12 Mill Lane", "HX1 2XQ", "");
        let mut there = at("Flat 2, 12 Mill Lane");
        there["address"]["uprn"] = json!("10001234567");
        assert_eq!(keys_in(json!({"children": [there]}), &shared), Vec::<String>::new());
    }
}
