//! Which people a child may be: those who share a compound blocking key.
//!
//! A key is plain text such as `name+birth|HSN|2017-11-20`; the caller turns each into a blind
//! token (HMAC) and keeps only that. No key is a name, a date, a sex, an address or a telephone
//! alone, so that neither a token nor the size of its block tells of one.

use super::names::{Name, roots, sound};
use super::profile::{Birth, Profile};
use jiff::civil::Date;

/// Most keys of one profile.
pub const MAX_KEYS: usize = 20;

/// The blocking keys of a profile, without repeats, the rarest kinds first; at most [`MAX_KEYS`].
pub fn keys(profile: &Profile) -> Vec<String> {
    let mut keys = Keys(Vec::with_capacity(MAX_KEYS));
    let names = Codes::of(profile);
    if profile.nhs_number.text.len() >= 7 {
        keys.add(format!("nhs|{}", profile.nhs_number.text.as_str()));
    }
    if !profile.upn.text.is_empty() {
        keys.add(format!("upn|{}", profile.upn.text.as_str()));
    }
    if profile.other_id.len() >= 5 {
        // Its digits in order, too, so that two of them may be transposed.
        let mut digits = profile.other_id.as_bytes().to_vec();
        digits.sort_unstable();
        keys.add(format!("other|{}", String::from_utf8_lossy(&digits)));
    }
    match profile.birth {
        Birth::Born(day) => born(&mut keys, profile, &names, day),
        Birth::Due(day) => due(&mut keys, &names, day),
        Birth::Stated(_) | Birth::Unknown => {}
    }
    undated(&mut keys, profile, &names);
    keys.0
}

/// Keys that need no date: most of what the public reports has none.
fn undated(keys: &mut Keys, profile: &Profile, names: &Codes) {
    let home = &profile.home;
    if let Some(family) = names.family.first() {
        for given in names.given.iter().chain(&names.middle) {
            let (one, two) = ordered(given, family);
            keys.add(format!("names|{one}|{two}"));
        }
    }
    if let (Some(given), Some(middle)) = (names.given.first(), names.middle.first()) {
        keys.add(format!("given|{given}|{middle}"));
    }
    if !home.number.is_empty() && !home.street.is_empty() {
        // Not its end, which is abbreviated and mistyped.
        let street: String = home.street.as_str().chars().take(4).collect();
        keys.add(format!("home|{}|{street}", home.number.as_str()));
    }
    if let Some(family) = names.family.first() {
        if !names.mother.is_empty() {
            keys.add(format!("mother+name|{}|{family}", names.mother));
        }
        if !profile.phone.is_empty() {
            keys.add(format!("phone+name|{}|{family}", profile.phone.as_str()));
        }
    }
    if let Some(name) = names.given.first() {
        if !profile.phone.is_empty() {
            keys.add(format!("phone+name|{}|{name}", profile.phone.as_str()));
        }
        for postcode in [&home.postcode, &home.previous_postcode] {
            if is_small(postcode.as_str()) {
                keys.add(format!("postcode+name|{}|{name}", postcode.as_str()));
            }
        }
    }
    if let Some(family) = names.family.first()
        && is_small(home.postcode.as_str())
    {
        keys.add(format!("postcode+name|{}|{family}", home.postcode.as_str()));
    }
    for given in &names.given {
        if !names.mother.is_empty() {
            keys.add(format!("mother+name|{}|{given}", names.mother));
        }
    }
    if let (Some(given), Some(family)) = (names.given.first(), names.family.first())
        && let Some(sector) = sector(home.postcode.as_str())
    {
        keys.add(format!("names+sector|{given}|{family}|{sector}"));
    }
}

/// Whether so much of a postcode says where, and not only in which part of the country.
fn is_small(postcode: &str) -> bool {
    postcode.len() >= 5 || postcode.len() == 4 && postcode.bytes().all(|byte| byte.is_ascii_digit())
}

fn born(keys: &mut Keys, profile: &Profile, names: &Codes, day: Date) {
    let date = either_way_round(day);
    for name in names.all() {
        keys.add(format!("name+birth|{name}|{date}"));
    }
    for postcode in [&profile.home.postcode, &profile.home.previous_postcode] {
        if let Some(sector) = sector(postcode.as_str()) {
            keys.add(format!("birth+sector|{date}|{sector}"));
        }
    }
    if profile.home.town != 0 {
        keys.add(format!("birth+town|{date}|{:04x}", profile.home.town));
    }
    let month = fortnights(day) / 2;
    if !names.mother.is_empty() {
        keys.add(format!("mother+month|{}|{month}", names.mother));
    }
    if let Some(family) = names.family.first() {
        keys.add(format!("name+month|{family}|{month}"));
    }
    if let (Some(initial), Some(family)) = (names.initial, names.family.first()) {
        keys.add(format!("year+initial|{}|{initial}|{family}", day.year()));
    }
}

/// An unborn child shares a key with one due, or born, within about a month.
fn due(keys: &mut Keys, names: &Codes, day: Date) {
    let month = fortnights(day) / 2;
    for month in [month, month - 1, month + 1] {
        if !names.mother.is_empty() {
            keys.add(format!("mother+month|{}|{month}", names.mother));
        }
        if let Some(family) = names.family.first() {
            keys.add(format!("name+month|{family}|{month}"));
        }
    }
}

/// What pairs that teach weights agree in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    GivenAndBirth,
    FamilyAndBirth,
    NamesAndHome,
    MotherAndHome,
    Identifier,
}

impl Block {
    pub(super) const ALL: [Block; 5] = [
        Block::GivenAndBirth,
        Block::FamilyAndBirth,
        Block::NamesAndHome,
        Block::MotherAndHome,
        Block::Identifier,
    ];

    /// Whether the block selects by a comparison, so that it cannot be learned from it.
    pub(super) fn selects_by(self, comparison: &str) -> bool {
        let by: &[&str] = match self {
            Block::GivenAndBirth => &["forename", "birth"],
            Block::FamilyAndBirth => &["surname", "birth"],
            Block::NamesAndHome => &["forename", "surname", "address", "phone"],
            Block::MotherAndHome => &["mother", "address", "phone"],
            Block::Identifier => &["nhs_number", "upn", "other_id"],
        };
        by.contains(&comparison)
    }
}

/// The values of a profile that a training block selects by.
pub(super) fn blocks(block: Block, profile: &Profile) -> Vec<String> {
    let names = Codes::of(profile);
    let (given, family) = (names.given.first(), names.family.first());
    let born = match profile.birth {
        Birth::Born(day) if (day.month(), day.day()) != (1, 1) => Some(day),
        _ => None,
    };
    let mut out = Vec::new();
    match block {
        Block::GivenAndBirth => {
            out.extend(given.zip(born).map(|(name, day)| format!("{name}|{day}")))
        }
        Block::FamilyAndBirth => {
            out.extend(family.zip(born).map(|(name, day)| format!("{name}|{day}")));
        }
        Block::NamesAndHome | Block::MotherAndHome => {
            let named = if block == Block::NamesAndHome {
                given.zip(family).map(|(given, family)| format!("{given}|{family}"))
            } else {
                Some(names.mother.clone()).filter(|mother| !mother.is_empty())
            };
            for at in [profile.home.postcode.as_str(), profile.phone.as_str()] {
                if at.len() >= 5 {
                    out.extend(named.as_ref().map(|named| format!("{named}|{at}")));
                }
            }
        }
        Block::Identifier => {
            let (nhs, upn) = (&profile.nhs_number.text, &profile.upn.text);
            for (kind, number) in [("nhs", nhs), ("upn", upn), ("other", &profile.other_id)] {
                if number.len() >= 5 {
                    out.push(format!("{kind}|{}", number.as_str()));
                }
            }
        }
    }
    out
}

struct Keys(Vec<String>);

impl Keys {
    fn add(&mut self, key: String) {
        if self.0.len() < MAX_KEYS && !self.0.contains(&key) {
            self.0.push(key);
        }
    }
}

/// Names as codes under which spellings, nicknames and like sounds meet.
struct Codes {
    given: Vec<String>,
    middle: Vec<String>,
    family: Vec<String>,
    initial: Option<char>,
    /// The mother's names together, in alphabetical order.
    mother: String,
}

impl Codes {
    fn of(profile: &Profile) -> Self {
        let forenames = profile.forenames.as_slice();
        let plain = forenames.iter().filter(|name| !name.is_prefix());
        let mut given = codes(plain.chain(profile.known_as.as_slice()), 3);
        if given.is_empty() {
            given = codes(forenames.iter(), 2);
        }
        let mut mother = codes_of_each(profile.mother.as_slice().iter());
        mother.sort();
        Codes {
            given,
            middle: codes(profile.middle_names.as_slice().iter(), 1),
            family: codes(profile.surnames.as_slice().iter(), 2),
            initial: initial(forenames),
            mother: mother.join("+"),
        }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.family.iter().chain(&self.given).chain(&self.middle)
    }
}

/// The codes of names, at most `most`, without repeats.
fn codes<'a>(names: impl Iterator<Item = &'a Name>, most: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for code in names.flat_map(codes_of) {
        if out.len() < most && !out.contains(&code) {
            out.push(code);
        }
    }
    out
}

/// One code for each name.
fn codes_of_each<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<String> {
    names.filter_map(|name| codes_of(name).into_iter().next()).collect()
}

/// The sounds of the names that a name stands for, or its own.
fn codes_of(name: &Name) -> Vec<String> {
    let text = name.text.as_str();
    let roots = roots(text);
    let stands_for = if roots.is_empty() { vec![text] } else { roots };
    let code = |word: &str| {
        let code = sound(word);
        if code.len() < 2 { word.to_owned() } else { code }
    };
    stands_for.into_iter().map(code).collect()
}

fn initial(names: &[Name]) -> Option<char> {
    names.first()?.text.as_str().chars().next()
}

fn ordered<'a>(one: &'a str, two: &'a str) -> (&'a str, &'a str) {
    if one <= two { (one, two) } else { (two, one) }
}

/// A date under which day and month may be exchanged, where both could be a month.
fn either_way_round(day: Date) -> String {
    let (month, date) = (day.month(), day.day());
    let (month, date) = if date <= 12 { (month.min(date), month.max(date)) } else { (month, date) };
    format!("{}-{month:02}-{date:02}", day.year())
}

/// Fortnights since 1970.
fn fortnights(day: Date) -> i64 {
    (day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24).div_euclid(14)
}

/// The sector of a whole postcode without blanks: `HX25` of `HX25FE`; elsewhere all of it.
fn sector(postcode: &str) -> Option<&str> {
    if postcode.len() >= 4 && postcode.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(postcode);
    }
    crate::domain::postcode::Postcode::parse(postcode)?;
    postcode.get(..postcode.len() - 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::standardise::{Stated, standardise};

    fn keys_of(stated: &Stated) -> Vec<String> {
        keys(&standardise(stated))
    }

    fn child() -> Stated {
        Stated {
            forename: "Imogen".to_owned(),
            surname: "Crossdale".to_owned(),
            date_of_birth: "2016-03-09".to_owned(),
            address: "12 Mill Lane".to_owned(),
            postcode: "HX1 2XQ".to_owned(),
            ..Stated::default()
        }
    }

    fn share(one: &Stated, two: &Stated) -> bool {
        let two = keys_of(two);
        keys_of(one).iter().any(|key| two.contains(key))
    }

    #[test]
    fn a_child_is_found_again_under_a_slip_in_any_one_place() {
        for changed in [
            Stated { forename: "Immy".to_owned(), ..child() },
            Stated { surname: "Hollins".to_owned(), ..child() },
            Stated { date_of_birth: "2016-09-03".to_owned(), ..child() },
            Stated { date_of_birth: String::new(), ..child() },
            Stated { address: String::new(), postcode: String::new(), ..child() },
            Stated { forename: "Crossdale".to_owned(), surname: "Imogen".to_owned(), ..child() },
        ] {
            assert!(share(&child(), &changed));
        }
    }

    #[test]
    fn one_name_or_one_date_alone_makes_no_key() {
        for lone in [
            Stated { surname: "Crossdale".to_owned(), ..Stated::default() },
            Stated { forename: "Imogen".to_owned(), ..Stated::default() },
            Stated { date_of_birth: "2016-03-09".to_owned(), ..Stated::default() },
            Stated { sex: "F".to_owned(), phone: "07700900123".to_owned(), ..Stated::default() },
        ] {
            assert_eq!(keys_of(&lone), Vec::<String>::new());
        }
    }

    #[test]
    fn an_unborn_child_meets_the_one_born_later_by_mother_and_month() {
        let unborn = Stated {
            forename: "Unborn baby".to_owned(),
            expected_date: "2026-05-20".to_owned(),
            mother_name: "Leanne Crossdale".to_owned(),
            ..Stated::default()
        };
        let born = Stated {
            forename: "Ivy".to_owned(),
            date_of_birth: "2026-05-02".to_owned(),
            mother_name: "Ms Crossdale, Leanne".to_owned(),
            ..Stated::default()
        };
        assert!(share(&unborn, &born));
    }
}
