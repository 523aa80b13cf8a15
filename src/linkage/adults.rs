//! The adults of a referral, and whether two of them may be one person. They are compared as
//! children are, but for what an adult changes by moving in with another family.

use super::comparison::{Address, Comparison, Phone, compare};
use super::model::Model;
use super::names::{Agreement, Name, fold};
use super::profile::{Birth, Profile};
use super::standardise::{Stated, or, standardise, text};
use super::verdict::is_own;
use super::weights::{Explanation, explain_found, weigh_found};
use crate::domain::household::{Address as Home, Person};
use crate::domain::{AdultRole, Child, Referral};
use jiff::civil::Date;

/// Most adults of one referral: those who are said to have harmed first.
const MOST: usize = 20;

/// From so likely on two adults are put before people.
const LIKELY: f32 = 0.5;

/// Years from which on somebody counts as an adult.
const GROWN: i16 = 16;

/// Places of parents whom only a child's record names; those of the household come before.
const NAMED_BY_CHILD: usize = 10_000;

/// An adult as linkage sees them.
#[derive(Clone, Debug)]
pub struct Adult {
    /// The place within the referral, which additions do not change.
    pub n: u16,
    pub role: AdultRole,
    pub profile: Profile,
}

/// The adults of a referral that was received on a day, as far as there is anything to know them
/// by. Who is a child, or there for work, is left out, unless said to have harmed. A parent whom
/// several children of one home name is one adult.
pub fn adults_of(referral: &Referral, on: Date) -> Vec<Adult> {
    let household = &referral.household;
    let of_house = household.people.iter().enumerate().filter_map(|(n, person)| {
        let role = role(person, on)?;
        let profile = standardise(&stated(person, role, referral));
        (role <= AdultRole::Father || is_grown(&profile, on)).then(|| adult(n, role, profile))
    });
    let mut adults: Vec<Adult> = of_house.flatten().collect();
    let mut named = Vec::new();
    for (index, child) in referral.children.iter().enumerate() {
        let parents =
            [(AdultRole::Mother, &child.mother_name), (AdultRole::Father, &child.father_name)];
        for (place, (role, name)) in parents.into_iter().enumerate() {
            let stated = of_child(child, referral, text(name));
            let name = stated.full_name.as_str();
            let profile = standardise(&stated);
            let parent = (role, name_words(name), profile.home);
            let is_known =
                named.contains(&parent) || is_in_household(name, role, &household.people, on);
            if !is_known {
                adults.extend(adult(NAMED_BY_CHILD + 2 * index + place, role, profile));
                named.push(parent);
            }
        }
    }
    adults.sort_by_key(|adult| (adult.role, adult.n));
    adults.truncate(MOST);
    adults
}

/// Blocking keys of an adult; never those of a child.
pub fn keys(profile: &Profile) -> Vec<String> {
    super::keys(profile).into_iter().map(|key| format!("adult|{key}")).collect()
}

/// The match weight of two adults, where they are likely enough one and something besides a name
/// says so.
pub fn meet(model: &Model, one: &Profile, two: &Profile) -> Option<f32> {
    let found = compare_adults(one, two);
    let weight = weigh_found(model, one, two, found).weight;
    (is_own(&found) && model.probability(weight) >= LIKELY).then_some(weight)
}

/// Why two adults may be one.
pub fn explain(model: &Model, one: &Profile, two: &Profile) -> Explanation {
    explain_found(model, one, two, &compare_adults(one, two))
}

/// An adult who moves has another address, and soon another telephone: neither speaks against.
fn compare_adults(one: &Profile, two: &Profile) -> Comparison {
    let mut found = compare(one, two);
    if !matches!(
        found.address,
        Address::Home | Address::Postcode | Address::Previous | Address::Neighbour
    ) {
        found.address = Address::Missing;
    }
    if found.phone == Phone::Different {
        found.phone = Phone::Missing;
    }
    found
}

fn adult(n: usize, role: AdultRole, profile: Profile) -> Option<Adult> {
    let is_named = profile.in_use().next().or(profile.surnames.as_slice().first()).is_some();
    let known_by_something = is_named && !super::keys(&profile).is_empty();
    Some(Adult { n: u16::try_from(n).ok()?, role, profile }).filter(|_| known_by_something)
}

/// Whoever is not known to be a child.
fn is_grown(profile: &Profile, on: Date) -> bool {
    !matches!(profile.birth, Birth::Born(born) if born.year() + GROWN > on.year())
}

const MOTHER: [&str; 5] = ["mother", "mum", "mam", "mummy", "mom"];
const FATHER: [&str; 3] = ["father", "dad", "daddy"];
/// Come before, since there are a mother's partner and a foster mother.
const CARER: [&str; 20] = [
    "partner",
    "boyfriend",
    "girlfriend",
    "husband",
    "wife",
    "cohabitee",
    "spouse",
    "fiance",
    "step",
    "stepmother",
    "stepmum",
    "stepfather",
    "stepdad",
    "stepparent",
    "foster",
    "adoptive",
    "parent",
    "carer",
    "guardian",
    "caregiver",
];
const CHILD: [&str; 12] = [
    "sibling",
    "brother",
    "sister",
    "stepbrother",
    "stepsister",
    "son",
    "daughter",
    "child",
    "twin",
    "baby",
    "self",
    "subject",
];
const AT_WORK: [&str; 15] = [
    "worker",
    "teacher",
    "headteacher",
    "school",
    "nursery",
    "health",
    "nurse",
    "midwife",
    "gp",
    "doctor",
    "consultant",
    "police",
    "officer",
    "professional",
    "solicitor",
];
/// A mother's brother, and a grandfather, are neither a child nor a parent.
const KIN: [&str; 8] =
    ["mothers", "mums", "fathers", "dads", "maternal", "paternal", "grand", "great"];

/// What somebody is to the children; `None` where they are a child, or there for work. A father may
/// be on police bail, and a mother work at a nursery, but a social worker may be there for the
/// mother: what is said first holds. A brother who is known to be grown is an adult.
fn role(person: &Person, on: Date) -> Option<AdultRole> {
    if person.alleged_to_have_harmed.says_yes() {
        return Some(AdultRole::Alleged);
    }
    let folded = fold(&text(&person.relationship));
    let words: Vec<&str> = folded.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let place = |list: &[&str]| words.iter().position(|word| list.contains(word));
    let any = |list: &[&str]| place(list).is_some();
    let is_kin = any(&KIN);
    // A father may be at the police; a social worker may be the mother's.
    let of_family = [place(&CARER), place(&MOTHER), place(&FATHER)].into_iter().flatten().min();
    let at_work = place(&AT_WORK).is_some_and(|at| of_family.is_none_or(|family| at < family));
    if at_work {
        None
    } else if any(&CARER) {
        Some(AdultRole::Carer)
    } else if any(&MOTHER) && !is_kin {
        Some(AdultRole::Mother)
    } else if any(&FATHER) && !is_kin {
        Some(AdultRole::Father)
    } else {
        (is_kin || !any(&CHILD) || is_known_grown(person, on)).then_some(AdultRole::Other)
    }
}

fn is_known_grown(person: &Person, on: Date) -> bool {
    let date_of_birth = text(&person.date_of_birth);
    let profile = standardise(&Stated { date_of_birth, ..Stated::default() });
    matches!(profile.birth, Birth::Born(_)) && is_grown(&profile, on)
}

/// Words that stand where a name would and are none.
fn name_of(stated: String) -> String {
    let folded = fold(&stated);
    let is_kind = |word: &str| {
        MOTHER.contains(&word)
            || FATHER.contains(&word)
            || CARER.contains(&word)
            || matches!(word, "mums" | "mothers" | "dads" | "fathers" | "ex" | "new" | "s" | "the")
    };
    let named = folded.split([' ', ',']).any(|word| !word.is_empty() && !is_kind(word));
    if named { stated } else { String::new() }
}

/// What is stated of somebody of the household. Where they live is known where it is said, or of
/// parents and carers of whom nothing else is.
fn stated(person: &Person, role: AdultRole, referral: &Referral) -> Stated {
    let household = &referral.household;
    let parental = matches!(role, AdultRole::Mother | AdultRole::Father | AdultRole::Carer);
    let elsewhere = person.lives_with_child.value().is_some_and(|yes| !yes.0);
    let here = person.lives_with_child.says_yes() || parental && !elsewhere;
    let child = referral.children.first();
    let own = !is_empty(&person.address);
    let home = match (own, here) {
        (true, _) => Some(&person.address),
        (false, true) if !is_empty(&household.address) => Some(&household.address),
        (false, true) => child.map(|child| &child.address),
        (false, false) => None,
    };
    let phone = or(text(&person.telephone), || text(&person.contact.telephone));
    let of_house = || if here { text(&household.telephone) } else { String::new() };
    Stated {
        full_name: name_of(text(&person.name)),
        date_of_birth: text(&person.date_of_birth),
        phone: or(phone, of_house),
        ..at(home)
    }
}

/// What is stated of a parent whom a child's record names.
fn of_child(child: &Child, referral: &Referral, name: String) -> Stated {
    let household = &referral.household;
    let home = if is_empty(&child.address) { &household.address } else { &child.address };
    let phone = text(&household.telephone);
    Stated { full_name: name_of(name), phone, ..at(Some(home)) }
}

fn is_empty(home: &Home) -> bool {
    text(&home.lines).trim().is_empty() && text(&home.postcode).trim().is_empty()
}

fn at(home: Option<&Home>) -> Stated {
    home.map_or_else(Stated::default, |home| Stated {
        address: text(&home.lines),
        town: text(&home.town),
        postcode: text(&home.postcode),
        ..Stated::default()
    })
}

/// Whether the household has this parent: all of the name, or in the same role a word of it and the
/// forename, another form of it or its initial, as far as both have more than one word.
fn is_in_household(name: &str, role_of: AdultRole, people: &[Person], on: Date) -> bool {
    let ours = name_words(name);
    people.iter().any(|person| {
        let theirs = text(&person.name);
        let words = name_words(&theirs);
        let shared = words.iter().any(|word| ours.contains(word));
        fold(&theirs) == fold(name)
            || shared && role(person, on) == Some(role_of) && forenames_agree(name, &theirs)
    })
}

fn name_words(name: &str) -> Vec<String> {
    fold(name).split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn forenames_agree(one: &str, other: &str) -> bool {
    let profile =
        |name: &str| standardise(&Stated { full_name: name.to_owned(), ..Stated::default() });
    let (one, other) = (profile(one), profile(other));
    let is_one_word =
        |of: &Profile| of.forenames.as_slice().len() + of.surnames.as_slice().len() < 2;
    let best = Name::best(one.forenames.as_slice(), other.forenames.as_slice());
    let agree = matches!(best, Some(Agreement::Exact | Agreement::Family | Agreement::Initial));
    is_one_word(&one) || is_one_word(&other) || agree
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn adults(referral: Value) -> Vec<Adult> {
        adults_of(&Referral::read(referral).0, jiff::civil::date(2026, 11, 20))
    }

    fn person(name: &str, relationship: &str, dob: &str) -> Value {
        json!({"name": name, "relationship": relationship, "date_of_birth": dob})
    }

    fn one(person: Value) -> Adult {
        let mut all = adults(json!({"household": {"people": [person]}}));
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn met(one_person: &Value, other: &Value) -> bool {
        let (one, two) = (one(one_person.clone()), one(other.clone()));
        let model = Model::shipped();
        let weight = meet(&model, &one.profile, &two.profile);
        assert_eq!(weight, meet(&model, &two.profile, &one.profile));
        if let Some(weight) = weight {
            let explained = explain(&model, &one.profile, &two.profile);
            let sum: f32 = explained.evidence.iter().map(|bar| bar.bits).sum();
            assert!((explained.weight - weight).abs() < 1e-3 && (sum - weight).abs() < 1e-2);
        }
        weight.is_some()
    }

    #[test]
    fn roles_are_read_and_children_and_professionals_are_left_out() {
        let mut teacher = person("Tom Accused", "Class teacher", "1980-02-02");
        teacher["alleged_to_have_harmed"] = json!("yes");
        let found = adults(json!({"household": {"people": [
            person("Leanne Crossdale", "Mother", "1990-05-01"),
            person("Wayne Pike", "mother's partner", "1985-06-12"),
            person("Rowan Crossdale", "Brother", "2014-01-02"),
            person("Ann Duty", "Social worker", "1980-01-01"),
            person("June Crossdale", "Grandmother", "1960-05-01"),
            person("Neil Crossdale", "Mother's brother", ""),
            person("Karl Hollins", "Father of the child", ""),
            person("Kit Lodger", "", "2012-05-01"),
            teacher,
        ]}}));
        let roles: Vec<_> = found.iter().map(|adult| (adult.n, adult.role)).collect();
        let expected = [
            (8, AdultRole::Alleged),
            (0, AdultRole::Mother),
            (6, AdultRole::Father),
            (1, AdultRole::Carer),
            (4, AdultRole::Other),
            (5, AdultRole::Other),
        ];
        assert_eq!(roles, expected);
    }

    #[test]
    fn a_parent_is_no_professional_and_a_brother_may_be_grown() {
        let of = |relationship: &str, dob: &str| {
            let people = [person("Kit Crossdale", relationship, dob)];
            let found = adults(json!({"household": {"people": people}}));
            found.first().map(|adult| adult.role)
        };
        assert_eq!(of("Father (police bail)", "1985-06-12"), Some(AdultRole::Father));
        assert_eq!(of("Mother, works at nursery", "1985-06-12"), Some(AdultRole::Mother));
        assert_eq!(of("Social worker for mother", "1985-06-12"), None);
        assert_eq!(of("Health visitor to the foster carer", "1985-06-12"), None);
        assert_eq!(of("Mother's partner, a teacher", "1985-06-12"), Some(AdultRole::Carer));
        assert_eq!(of("Mother's social worker", "1985-06-12"), None);
        assert_eq!(of("Police officer", "1985-06-12"), None);
        assert_eq!(of("Mother's brother", "1985-06-12"), Some(AdultRole::Other));
        assert_eq!(of("Brother", "2000-05-01"), Some(AdultRole::Other));
        assert_eq!(of("Brother", "2014-05-01"), None);
        assert_eq!(of("Brother", ""), None, "who is not known to be grown");
    }

    #[test]
    fn a_parent_whom_siblings_name_is_one_and_one_of_another_forename_is_another() {
        let child = |mother: &str, postcode: &str| {
            let home = json!({"lines": "12 Mill Lane", "postcode": postcode});
            json!({"given_name": "Imogen", "mother_name": mother, "address": home})
        };
        let places = |children: Value, people: Value| {
            let household = json!({"people": people});
            let found = adults(json!({"children": children, "household": household}));
            found.iter().map(|adult| adult.n).collect::<Vec<_>>()
        };
        let three = json!([
            child("Leanne Crossdale", "HX1 2XQ"),
            child("leanne  CROSSDALE", "hx1 2xq"),
            child("Leanne Crossdale", "OL14 5AA"),
        ]);
        assert_eq!(places(three, json!([])), [10_000, 10_004]);
        for (name, expected) in [
            ("Jade Crossdale", vec![0, 10_000]),
            ("L. Crossdale", vec![0]),
            ("Mrs Crossdale", vec![0]),
            ("Leanne", vec![0]),
        ] {
            let named = json!([child("Leanne Crossdale", "HX1 2XQ")]);
            let people = json!([person(name, "Mother", "1990-05-01")]);
            assert_eq!(places(named, people), expected, "{name}");
        }
    }

    #[test]
    fn parents_whom_only_a_child_names_are_there_once() {
        let child = json!({
            "given_name": "Imogen",
            "mother_name": "Ms L Crossdale",
            "father_name": "Karl Hollins",
            "address": {"lines": "12 Mill Lane", "postcode": "HX1 2XQ"},
        });
        let found = adults(json!({
            "children": [child],
            "household": {"people": [person("Leanne Crossdale", "Mother", "1990-05-01")]},
        }));
        let roles: Vec<_> = found.iter().map(|adult| (adult.n, adult.role)).collect();
        assert_eq!(roles, [(0, AdultRole::Mother), (10_001, AdultRole::Father)]);
        assert!(!found[1].profile.home.postcode.is_empty());
    }

    #[test]
    fn what_stands_for_a_name_and_is_none_is_nobody() {
        for name in ["Mum", "mother's partner", "", "Step Dad", "unknown"] {
            let mut nobody = person(name, "", "");
            nobody["telephone"] = json!("07700 900123");
            nobody["address"] = json!({"lines": "12 Mill Lane", "postcode": "HX1 2XQ"});
            let child = json!({"given_name": "Imogen", "mother_name": name});
            let all = adults(json!({"children": [child], "household": {"people": [nobody]}}));
            assert!(all.is_empty(), "{name}: {all:?}");
        }
    }

    #[test]
    fn a_man_who_has_moved_is_known_by_name_and_birth_also_by_a_nickname() {
        let mut before = person("William Pike", "Mother's partner", "1985-06-12");
        before["address"] = json!({"lines": "12 Mill Lane", "postcode": "HX1 2XQ"});
        before["telephone"] = json!("07700 900123");
        let mut after = person("W Pike", "", "1985-06-12");
        after["address"] = json!({"lines": "7 Ash Grove", "postcode": "OL14 5AA"});
        after["telephone"] = json!("07700 900999");
        for name in ["William Pike", "PIKE, Billy", "Bill Pyke"] {
            after["name"] = json!(name);
            assert!(met(&before, &after), "{name}");
        }
        after["date_of_birth"] = json!("1962-11-30");
        assert!(!met(&before, &after), "another man of the name");
    }

    #[test]
    fn a_name_alone_is_not_enough_and_a_telephone_or_a_postcode_beside_it_is() {
        let before = person("Osbert Quillfeather", "Mother's partner", "1985-06-12");
        let mut after = person("Osbert Quillfeather", "", "");
        assert!(!met(&before, &after), "however rare");
        let with = |member: &str, value: Value| {
            let (mut one, mut two) = (before.clone(), after.clone());
            one[member] = value.clone();
            two[member] = value;
            met(&one, &two)
        };
        assert!(with("telephone", json!("07700 900123")));
        assert!(with("address", json!({"postcode": "HX1 2XQ"})));
        after["name"] = json!("Karl Hollins");
        let mut other = before.clone();
        other["telephone"] = json!("07700 900123");
        after["telephone"] = json!("07700 900123");
        assert!(!met(&other, &after), "a telephone alone");
    }
}
