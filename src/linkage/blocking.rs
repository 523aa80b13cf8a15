//! Which people a child may be: those who share a compound blocking key.
//!
//! A key is plain text such as `name+birth|HSN|2017-11-20`; the caller turns each into a blind
//! token (HMAC) and keeps only that. No key is a name, a date, a sex, an address or a telephone
//! alone, so that neither a token nor the size of its block tells of one.

use super::names::{Name, roots, sound};
use super::profile::{Birth, Profile};
use jiff::civil::Date;

/// Most keys of one profile.
pub const MAX_KEYS: usize = 40;

/// Most people compared with one child.
pub const MAX_CANDIDATES: usize = 200;

/// The blocking keys of a profile, without repeats, the rarest kinds first; at most [`MAX_KEYS`].
pub fn keys(profile: &Profile) -> Vec<String> {
    let mut keys = Keys(Vec::with_capacity(MAX_KEYS));
    let names = Codes::of(profile);
    if profile.nhs_number.text.len() >= 9 {
        keys.add(format!("nhs|{}", profile.nhs_number.text.as_str()));
    }
    if !profile.upn.text.is_empty() {
        keys.add(format!("upn|{}", profile.upn.text.as_str()));
    }
    match profile.birth {
        Birth::Born(day) => born(&mut keys, profile, &names, day),
        Birth::Due(day) => due(&mut keys, profile, &names, day),
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
        keys.add(format!("home|{}|{}", home.number.as_str(), home.street.as_str()));
    }
    for name in names.given.iter().take(1) {
        if !profile.phone.is_empty() {
            keys.add(format!("phone+name|{}|{name}", profile.phone.as_str()));
        }
        for postcode in [&home.postcode, &home.previous_postcode] {
            if postcode.len() >= 5 {
                keys.add(format!("postcode+name|{}|{name}", postcode.as_str()));
            }
        }
    }
    if let Some(family) = names.family.first()
        && home.postcode.len() >= 5
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
    let month = fortnights(day) / 2;
    if !names.mother.is_empty() {
        keys.add(format!("mother+month|{}|{month}", names.mother));
    }
    if let (Some(given), Some(family)) = (names.given.first(), names.family.first()) {
        let year = day.year();
        if let Some(initial) = names.initial {
            keys.add(format!("year+initial|{year}|{initial}|{family}"));
        }
    }
}

/// An unborn child shares a key with one due, or born, within about a month.
fn due(keys: &mut Keys, profile: &Profile, names: &Codes, day: Date) {
    let month = fortnights(day) / 2;
    for month in [month, month - 1, month + 1] {
        if !names.mother.is_empty() {
            keys.add(format!("mother+month|{}|{month}", names.mother));
        }
        if let Some(family) = names.family.first() {
            keys.add(format!("due+name|{family}|{month}"));
        }
        if !profile.phone.is_empty() {
            keys.add(format!("due+phone|{}|{month}", profile.phone.as_str()));
        }
        if !profile.home.postcode.is_empty() {
            keys.add(format!("due+postcode|{}|{month}", profile.home.postcode.as_str()));
        }
    }
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
    family_initial: Option<char>,
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
            family_initial: initial(profile.surnames.as_slice()),
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

/// The sector of a whole postcode without blanks: `HX25` of `HX25FE`.
fn sector(postcode: &str) -> Option<&str> {
    crate::domain::postcode::Postcode::parse(postcode)?;
    postcode.get(..postcode.len() - 2)
}

/// The people to compare, from the people of each block: those of the smallest blocks first, each
/// once, at most [`MAX_CANDIDATES`].
pub fn shortlist<P: Copy + Ord>(mut blocks: Vec<Vec<P>>) -> Vec<P> {
    for block in &mut blocks {
        block.sort_unstable();
    }
    blocks.sort_by(|one, two| one.len().cmp(&two.len()).then_with(|| one.cmp(two)));
    let mut seen = std::collections::BTreeSet::new();
    let people = blocks.into_iter().flatten().filter(|person| seen.insert(*person));
    people.take(MAX_CANDIDATES).collect()
}
