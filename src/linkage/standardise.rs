//! From what was stated to a [`Profile`]: names folded and put in their places, dates, postcodes
//! and numbers read. What cannot be read is kept as weak evidence; nothing is refused.

use super::names::{Name, WORDS, fold};
use super::profile::{Birth, Home, Identifier, Profile, Sex};
use super::text::{Few, Text, mark};
use crate::domain::Child;
use crate::domain::answer::{Answer, Readable};
use crate::domain::household::{Household, Person};
use crate::domain::nhs_number::NhsNumber;
use crate::domain::postcode::Postcode;
use crate::domain::upn::Upn;
use crate::domain::values::{Date, Words, YesNo};
use jiff::civil::Date as Day;
use serde_json::Value;

/// What a source states of a child, as text; empty where it says nothing.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(Debug))]
pub struct Stated {
    pub forename: String,
    pub middle_names: String,
    pub surname: String,
    /// The whole name, read where its parts are not given apart.
    pub full_name: String,
    pub known_as: String,
    /// `YYYY-MM-DD`, or as stated.
    pub date_of_birth: String,
    pub expected_date: String,
    pub unborn: bool,
    /// When it was stated, which tells whether an unborn child may be born by now.
    pub stated_on: Option<Day>,
    /// M or F; anything else is unknown.
    pub sex: String,
    /// First line of the address.
    pub address: String,
    pub town: String,
    pub postcode: String,
    pub previous_postcode: String,
    pub nhs_number: String,
    pub upn: String,
    /// What another service numbers the child by, where the file's sources share one.
    pub other_id: String,
    pub mother_name: String,
    pub father_name: String,
    pub phone: String,
}

impl Stated {
    /// What a referral states of a child and of the household around it.
    pub fn of(child: &Child, household: &Household) -> Self {
        let lines = first(&[&child.address.lines, &household.address.lines]);
        let postcode = match text(&child.address.postcode) {
            empty if empty.is_empty() => text(&household.address.postcode),
            stated => stated,
        };
        let mother = one_of(household, &["mother", "mum", "mam", "mummy", "birth mother"]);
        let father = one_of(household, &["father", "dad", "daddy", "birth father"]);
        let of_mother = mother.map(|mother| text(&mother.telephone)).unwrap_or_default();
        let phones = [&household.telephone, &child.contact.telephone];
        Stated {
            forename: text(&child.given_name),
            middle_names: text(&child.middle_names),
            surname: text(&child.family_name),
            full_name: text(&child.full_name),
            known_as: text(&child.known_as),
            date_of_birth: text(&child.date_of_birth),
            expected_date: text(&child.expected_date),
            unborn: matches!(child.unborn, Answer::Value(YesNo(true))),
            stated_on: None,
            sex: text(&child.sex),
            address: lines,
            town: first(&[&child.address.town, &household.address.town]),
            postcode,
            previous_postcode: text(&child.previous_address.postcode),
            nhs_number: text(&child.nhs_number),
            upn: text(&child.upn),
            other_id: String::new(),
            mother_name: or(text(&child.mother_name), || named(mother)),
            father_name: or(text(&child.father_name), || named(father)),
            phone: or(first(&phones), || of_mother),
        }
    }
}

pub(super) fn or(stated: String, otherwise: impl FnOnce() -> String) -> String {
    if stated.trim().is_empty() { otherwise() } else { stated }
}

fn named(person: Option<&Person>) -> String {
    person.map(|person| text(&person.name)).unwrap_or_default()
}

fn first(answers: &[&Answer<Words>]) -> String {
    answers.iter().map(|answer| text(answer)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The text of an answer, read or as stated.
pub(super) fn text<T: Readable>(answer: &Answer<T>) -> String {
    match answer {
        Answer::Value(value) => match value.write() {
            Value::String(text) => text,
            other => other.to_string(),
        },
        Answer::Unreadable(stated) => stated.clone(),
        _ => String::new(),
    }
}

fn one_of<'a>(household: &'a Household, relationships: &[&str]) -> Option<&'a Person> {
    household.people.iter().find(|person| {
        let stated = fold(&text(&person.relationship));
        let stated = stated.split_whitespace().collect::<Vec<_>>().join(" ");
        relationships.contains(&stated.as_str())
    })
}

/// The profile of a child of a referral that was received on a day.
pub fn profile_of(child: &Child, household: &Household, received_on: Option<Day>) -> Profile {
    standardise(&Stated { stated_on: received_on, ..Stated::of(child, household) })
}

/// The profile of what is stated. Same text, same profile.
pub fn standardise(stated: &Stated) -> Profile {
    let names = Names::read(stated);
    let mut profile = Profile {
        birth: birth(&stated.date_of_birth, &stated.expected_date),
        unborn: stated.unborn || names.unborn,
        sex: match stated.sex.trim() {
            "M" | "m" => Sex::Male,
            "F" | "f" => Sex::Female,
            _ => Sex::Unknown,
        },
        nhs_number: nhs_number(&stated.nhs_number),
        upn: upn(&stated.upn),
        other_id: Text::new(&compact(&stated.other_id)),
        home: home(stated),
        mother: adult(&or(stated.mother_name.clone(), || names.mother.join(" "))),
        father: adult(&stated.father_name),
        phone: phone(&stated.phone),
        ..Profile::default()
    };
    profile.unborn |= matches!(profile.birth, Birth::Due(_));
    // A record is often still called "Unborn" or "Baby" when the birth is known.
    let dated = !matches!(profile.birth, Birth::Unknown | Birth::Due(_));
    profile.unborn &= !dated || stated.date_of_birth.trim().is_empty();
    profile.date(stated.stated_on);
    fill(&mut profile.forenames, &without_second_names(&names.forenames));
    fill(&mut profile.middle_names, &without_second_names(&names.middle_names));
    fill(&mut profile.surnames, &names.surnames);
    fill(&mut profile.known_as, &names.known_as);
    profile
}

fn fill<const N: usize>(into: &mut Few<Name, N>, words: &[String]) {
    for word in words {
        into.add(Name::new(word));
    }
}

/// Second names that come and go are left out where another name stands beside them.
fn without_second_names(words: &[String]) -> Vec<String> {
    let kept: Vec<String> =
        words.iter().filter(|word| !Name::new(word).is_second_name()).cloned().collect();
    if kept.is_empty() { words.to_vec() } else { kept }
}

/// A child's names, each word in the place it belongs to.
#[derive(Default)]
struct Names {
    forenames: Vec<String>,
    middle_names: Vec<String>,
    surnames: Vec<String>,
    known_as: Vec<String>,
    /// Of "baby of Lucy".
    mother: Vec<String>,
    unborn: bool,
}

fn listed(list: &[String], word: &str) -> bool {
    list.iter().any(|listed| listed == word)
}

/// The folded words of a name without titles and words that say that nothing is known.
fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let all = folded.split([' ', ',', '\t']).filter(|word| !word.is_empty());
    all.filter(|word| !listed(&WORDS.titles, word) && !listed(&WORDS.unknown, word))
        .map(str::to_owned)
        .collect()
}

/// Words of a family name: particles are left out, `O` and `Mc` joined to what follows.
fn surname_words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut before = String::new();
    for word in words(text) {
        if matches!(word.as_str(), "o" | "mc" | "mac") {
            before = word;
        } else if listed(&WORDS.particles, &word) {
            continue;
        } else {
            out.push(std::mem::take(&mut before) + &word);
        }
    }
    out
}

/// How many parts a name has that blanks (not hyphens) set apart, titles not counted.
fn parts(text: &str) -> usize {
    text.split_whitespace().filter(|part| !words(part).is_empty()).count()
}

impl Names {
    fn read(stated: &Stated) -> Self {
        let mut names = Names { known_as: words(&stated.known_as), ..Names::default() };
        let (forename, surname) = (stated.forename.trim(), stated.surname.trim());
        let (no_forename, no_surname) = (parts(forename) == 0, parts(surname) == 0);
        if names.read_unborn(forename, surname) {
            return names;
        }
        if no_forename && no_surname && parts(&stated.full_name) > 0 {
            names.read_whole(&stated.full_name);
        } else if no_forename && (surname.contains(',') || splits(surname)) {
            names.read_whole(surname);
        } else if no_surname && (forename.contains(',') || splits(forename)) {
            names.read_whole(forename);
        } else {
            names.forenames = words(forename);
            names.surnames = surname_words(surname);
        }
        names.middle_names.extend(words(&stated.middle_names));
        names.call_by_middle_name();
        names
    }

    /// After an honorific, or a second name in the first's place, the next name is the one in use.
    fn call_by_middle_name(&mut self) {
        let plain = |word: &String| {
            let name = Name::new(word);
            !name.is_prefix() && !name.is_second_name()
        };
        if !self.forenames.is_empty()
            && !self.forenames.iter().any(plain)
            && let Some(place) = self.middle_names.iter().position(plain)
        {
            self.forenames.push(self.middle_names.remove(place));
        }
    }

    /// A whole name: `SURNAME, Forename Middle`, or forename first and surname last.
    fn read_whole(&mut self, text: &str) {
        let (given, family) = match text.split_once(',') {
            Some((family, given)) => (words(given), surname_words(family)),
            None => {
                let mut all = words(text);
                if self.read_unborn(text, "") {
                    return;
                }
                let last = if all.len() > 1 { all.pop() } else { None };
                (all, last.into_iter().collect())
            }
        };
        let mut given = given.into_iter();
        self.forenames = given.next().into_iter().collect();
        self.middle_names = given.collect();
        self.surnames = family;
    }

    /// "Unborn", "Unborn baby Smith", "Baby of Lucy", "Baby": there is no forename.
    fn read_unborn(&mut self, forename: &str, surname: &str) -> bool {
        let folded = fold(forename);
        let all: Vec<&str> = folded.split_whitespace().collect();
        let says_unborn = all.iter().any(|word| listed(&WORDS.unborn, word));
        let of_mother = all.iter().position(|word| *word == "of");
        let only_baby = !all.is_empty() && all.iter().all(|word| *word == "baby");
        let baby_of = of_mother.is_some() && all.first() == Some(&"baby");
        if !(says_unborn || only_baby || baby_of) {
            return false;
        }
        // A baby without a date of birth is not known to be born.
        self.unborn = true;
        let rest: Vec<String> = words(forename)
            .into_iter()
            .filter(|word| !listed(&WORDS.unborn, word) && !listed(&WORDS.joining, word))
            .collect();
        self.surnames = surname_words(surname);
        if of_mother.is_some() {
            self.mother = rest;
        } else if self.surnames.is_empty() {
            self.surnames = rest;
        }
        true
    }
}

/// Whether a name given in one place is forename and surname together.
fn splits(text: &str) -> bool {
    let first = fold(text.split_whitespace().next().unwrap_or_default());
    parts(text) >= 2 && !listed(&WORDS.particles, first.trim())
}

/// A parent's name: its words in any order, titles and changing second names left out.
fn adult(text: &str) -> Few<Name, 3> {
    let mut names = Few::default();
    fill(&mut names, &without_second_names(&surname_words(text)));
    names
}

fn birth(date_of_birth: &str, expected: &str) -> Birth {
    let read = |text: &str| match Date::read(&Value::String(text.to_owned())) {
        Some(Date(day)) => Some(day),
        // As databases write it: 20160309.
        None if text.len() == 8 => Day::strptime("%Y%m%d", text).ok(),
        None => None,
    };
    // 1 January 1900 stands for "not known" in older systems.
    let placeholder = |day: &Day| day.year() <= 1901 && day.day_of_year() == 1;
    match (date_of_birth.trim(), expected.trim()) {
        ("", "") => Birth::Unknown,
        ("", due) => read(due).map_or_else(|| as_stated(due), Birth::Due),
        (born, _) => match read(born) {
            Some(day) if placeholder(&day) => Birth::Unknown,
            Some(day) => Birth::Born(day),
            None => as_stated(born),
        },
    }
}

fn as_stated(text: &str) -> Birth {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 4 { Birth::Unknown } else { Birth::Stated(Text::new(&digits)) }
}

fn nhs_number(text: &str) -> Identifier {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let all_one = digits.bytes().all(|digit| Some(&digit) == digits.as_bytes().first());
    if digits.len() < 7 || all_one {
        return Identifier::default();
    }
    Identifier { text: Text::new(&digits), holds: NhsNumber::parse(text).is_some() }
}

fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

fn upn(text: &str) -> Identifier {
    let compact = compact(text);
    if compact.len() < 8 {
        return Identifier::default();
    }
    Identifier { text: Text::new(&compact), holds: Upn::parse(&compact).is_some() }
}

fn phone(text: &str) -> Text<9> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 6 { Text::default() } else { Text::new(&digits[digits.len().max(9) - 9..]) }
}

fn postcode(text: &str) -> Text<8> {
    match Postcode::parse(text) {
        Some(read) => Text::new(&read.as_str().replace(' ', "")),
        None => {
            let compact = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            Text::new(&compact.to_ascii_uppercase())
        }
    }
}

pub(super) fn home(stated: &Stated) -> Home {
    let (number, street) = first_line(stated.address.lines().next().unwrap_or_default());
    let town = words(&stated.town).join(" ");
    Home {
        number: Text::new(&number),
        street: Text::new(&street),
        postcode: postcode(&stated.postcode),
        previous_postcode: postcode(&stated.previous_postcode),
        town: if town.is_empty() { 0 } else { mark(&town) },
    }
}

/// Numbers (`10/72` for flat 10, 72) and street of an address's first line, ending with the last
/// street word, so that a town after it does not count.
fn first_line(line: &str) -> (String, String) {
    let folded = fold(line);
    let (mut numbers, mut street, mut end) = (Vec::new(), Vec::new(), 0);
    for word in folded.split([' ', ',']).filter(|word| !word.is_empty()) {
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            numbers.push(word);
            continue;
        }
        let known = WORDS.streets.iter().find(|forms| listed(forms, word));
        let word = known.and_then(|forms| forms.first()).map_or(word, String::as_str);
        if word == "flat" {
            continue;
        }
        street.push(word);
        if known.is_some() && street.len() > 1 {
            end = street.len();
        }
    }
    if end > 0 {
        street.truncate(end);
    }
    (numbers.join("/"), street.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts<const N: usize>(names: &Few<Name, N>) -> Vec<&str> {
        names.as_slice().iter().map(|name| name.text.as_str()).collect()
    }

    fn named(forename: &str, surname: &str) -> Profile {
        let (forename, surname) = (forename.to_owned(), surname.to_owned());
        standardise(&Stated { forename, surname, ..Stated::default() })
    }

    #[test]
    fn titles_are_dropped_and_names_given_in_one_place_are_split() {
        for (forename, surname) in [
            ("Master Owen", "Tindall"),
            ("", "TINDALL, Owen"),
            ("Owen Tindall", ""),
            ("", "Owen Tindall"),
            ("owen", "tindall"),
        ] {
            let profile = named(forename, surname);
            assert_eq!(texts(&profile.forenames), ["owen"], "{forename}|{surname}");
            assert_eq!(texts(&profile.surnames), ["tindall"], "{forename}|{surname}");
        }
        assert_eq!(texts(&named("Ana", "Ó Briain-Šťastná").surnames), ["obriain", "stastna"]);
        assert_eq!(texts(&named("Luca", "de Silva").surnames), ["silva"]);
    }

    #[test]
    fn an_unborn_baby_has_no_forename_and_may_name_its_mother() {
        let profile = named("Baby of Lucy", "Tindall");
        assert!(profile.unborn && profile.forenames.is_empty());
        assert_eq!(texts(&profile.mother), ["lucy"]);
        assert!(named("UNBORN", "Tindall").unborn);
        assert_eq!(texts(&named("Baby Ellis", "Brown").forenames), ["ellis"]);
    }

    #[test]
    fn what_cannot_be_read_is_kept_as_weak_evidence() {
        let profile = standardise(&Stated {
            date_of_birth: "12/13/2019".to_owned(),
            nhs_number: "999 000 0019".to_owned(),
            postcode: "hx1 2".to_owned(),
            ..Stated::default()
        });
        assert_eq!(profile.birth, Birth::Stated(Text::new("12132019")));
        assert_eq!(profile.nhs_number.text.as_str(), "9990000019");
        assert!(!profile.nhs_number.holds);
        assert_eq!(profile.home.postcode.as_str(), "HX12");
    }

    #[test]
    fn addresses_are_brought_to_one_form() {
        assert_eq!(first_line("Flat 10, 72 Royd Cl."), ("10/72".into(), "royd close".into()));
        let (number, street) = first_line("72 ST JOHN'S RD, Halifax");
        assert_eq!((number.as_str(), street.as_str()), ("72", "street johns road"));
    }

    #[test]
    fn a_referral_gives_the_home_and_the_parents_of_its_household() {
        let (referral, _) = crate::domain::Referral::read(json!({
            "children": [{"given_name": "Owen", "family_name": "Tindall",
                          "date_of_birth": "2016-03-09", "nhs_number": "9990000018"}],
            "household": {
                "address": {"lines": "12 Mill Lane\nHalifax", "postcode": "HX1 2XQ"},
                "people": [{"name": "Ms Leanne Tindall", "relationship": "Mother",
                            "telephone": "07700 900123"}],
            },
        }));
        let profile = profile_of(&referral.children[0], &referral.household, None);
        assert_eq!(profile.home.postcode.as_str(), "HX12XQ");
        assert_eq!(profile.home.street.as_str(), "mill lane");
        assert_eq!(texts(&profile.mother), ["leanne", "tindall"]);
        assert_eq!(profile.phone.as_str(), "700900123");
        assert!(profile.nhs_number.holds);
    }
}
