//! Properties that hold for any two children.

use super::comparison::compare;
use super::model::Model;
use super::profile::{LIMIT, Profile};
use super::standardise::{Stated, standardise};
use super::verdict::judge;
use super::weights::{explain, match_weight};
use crate::domain::{LinkState, PersonId};
use proptest::prelude::*;
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(Model::shipped);

/// Small pools, so that any two children often agree in some places and not in others.
fn one_of(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(pool).prop_map(str::to_owned)
}

const GIVEN: &[&str] =
    &["", "William", "Bill", "Mohammed", "Muhammad Ali", "Ali", "Wiliam", "Grace", "J", "Zofia"];
const FAMILY: &[&str] =
    &["", "Hussain", "Hussein", "Smith", "Smyth", "Begum", "Kowalska", "Ali", "Smith-Grace"];
const DATES: &[&str] = &[
    "",
    "2016-03-09",
    "2016-09-03",
    "2016-01-01",
    "2016-03-19",
    "2017-03-09",
    "31/02/2016",
    "2009-11-30",
];
const PARENTS: &[&str] = &["", "Sana Begum", "Ms Smith", "Smith Anna", "Anna Kowalska"];

prop_compose! {
    fn stated()(
        forename in one_of(GIVEN),
        middle_names in one_of(GIVEN),
        surname in one_of(FAMILY),
        known_as in one_of(&["", "Bill", "Ali", "Gracie"]),
        date_of_birth in one_of(DATES),
        expected_date in one_of(&["", "2016-03-20", "2026-05-20"]),
        sex in one_of(&["", "M", "F", "U"]),
        address in one_of(&["", "12 Mill Lane", "14 Mill Ln", "Flat 2, 12 Mill Lane"]),
        postcodes in (
            one_of(&["", "HX1 2XQ", "HX1 2", "HX12XR", "OL14 5ZZ"]),
            one_of(&["", "HX1 2XQ"]),
        ),
        numbers in (
            one_of(&["", "9990000018", "9990000026", "9990000019"]),
            one_of(&["", "E381203117001", "E381203117002"]),
        ),
        parents in (one_of(PARENTS), one_of(PARENTS)),
        phone in one_of(&["", "07700900123", "07700900124"]),
    ) -> Stated {
        Stated {
            forename, middle_names, surname, full_name: String::new(), known_as, date_of_birth,
            expected_date, unborn: false, stated_on: None, sex, address, town: String::new(),
            postcode: postcodes.0, previous_postcode: postcodes.1,
            nhs_number: numbers.0, upn: numbers.1, other_id: String::new(),
            mother_name: parents.0, father_name: parents.1, phone,
        }
    }
}

fn weight(one: &Stated, two: &Stated) -> f32 {
    match_weight(&MODEL, &standardise(one), &standardise(two))
}

fn person(number: u128) -> PersonId {
    PersonId(uuid::Uuid::from_u128(number))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn weights_are_symmetric_and_the_evidence_adds_up(one in stated(), two in stated()) {
        let (one, two) = (standardise(&one), standardise(&two));
        let (there, back) = (explain(&MODEL, &one, &two), explain(&MODEL, &two, &one));
        prop_assert_eq!(&there, &back);
        let sum: f32 = there.evidence.iter().map(|evidence| evidence.bits).sum();
        prop_assert!((sum - there.weight).abs() < 1e-3);
    }

    #[test]
    fn an_agreeing_name_or_number_never_lowers_the_weight(one in stated(), two in stated()) {
        let (one, two) = (standardise(&one), standardise(&two));
        let cases: [fn(&mut Profile, &Profile); 4] = [
            |one, two| one.forenames = two.forenames,
            |one, two| one.middle_names = two.middle_names,
            |one, two| one.nhs_number = two.nhs_number,
            |one, two| one.upn = two.upn,
        ];
        for (number, agree) in cases.into_iter().enumerate() {
            let (mut without, mut with) = (one, one);
            agree(&mut without, &Profile::default());
            agree(&mut with, &two);
            let weigh = |one: &Profile| match_weight(&MODEL, one, &two);
            let (less, more) = (weigh(&without), weigh(&with));
            prop_assert!(more >= less - 1e-4, "case {}: {} then {}", number, less, more);
        }
    }

    #[test]
    fn an_agreeing_household_never_lowers_the_weight(one in stated(), two in stated()) {
        let cases: [fn(&mut Stated) -> &mut String; 4] = [
            |stated| &mut stated.mother_name,
            |stated| &mut stated.father_name,
            |stated| &mut stated.phone,
            |stated| &mut stated.address,
        ];
        for field in cases {
            let (mut without, mut other) = (one.clone(), two.clone());
            field(&mut without).clear();
            let mut with = without.clone();
            field(&mut with).clone_from(field(&mut other));
            let (before, after) = (standardise(&without), standardise(&with));
            let other = standardise(&other);
            let weigh = |one: &Profile| match_weight(&MODEL, one, &other);
            let agreed = compare(&before, &other) != compare(&after, &other);
            prop_assert!(!agreed || weigh(&after) >= weigh(&before) - 1e-3);
        }
    }

    #[test]
    fn home_and_birthday_alone_are_never_linked_by_the_machine(
        home in stated(),
        names in prop::sample::subsequence(vec!["Imogen", "Robyn", "Florence", "Oscar", ""], 2),
    ) {
        let bare = Stated {
            middle_names: String::new(), known_as: String::new(), nhs_number: String::new(),
            upn: String::new(), date_of_birth: "2016-03-09".to_owned(), ..home
        };
        let one = Stated { forename: names[0].to_owned(), ..bare.clone() };
        let two = Stated { forename: names[1].to_owned(), ..bare };
        let verdict = judge(&MODEL, &standardise(&one), &[(person(1), standardise(&two))]);
        prop_assert_ne!(verdict.state, LinkState::Linked);
    }

    #[test]
    fn an_unreadable_date_never_counts_against_a_child(one in stated(), two in stated()) {
        let without = Stated { date_of_birth: String::new(), expected_date: String::new(), ..one };
        let unreadable = Stated { date_of_birth: "39/19/2o16".to_owned(), ..without.clone() };
        prop_assert!(weight(&unreadable, &two) >= weight(&without, &two));
    }

    #[test]
    fn the_order_of_candidates_changes_nothing(
        child in stated(),
        others in prop::collection::vec(stated(), 0..8),
        turn in 0_usize..8,
    ) {
        let mut candidates: Vec<(PersonId, Profile)> =
            others
                .iter()
                .zip(1..)
                .map(|(one, number)| (person(number), standardise(one)))
                .collect();
        let child = standardise(&child);
        let first = judge(&MODEL, &child, &candidates);
        candidates.reverse();
        if !candidates.is_empty() {
            let turn = turn % candidates.len();
            candidates.rotate_left(turn);
        }
        prop_assert_eq!(first, judge(&MODEL, &child, &candidates));
    }

    #[test]
    fn which_of_two_mentions_came_first_does_not_change_whether_they_are_linked(
        one in stated(),
        two in stated(),
    ) {
        let (one, two) = (standardise(&one), standardise(&two));
        let first = judge(&MODEL, &one, &[(person(1), two)]);
        let second = judge(&MODEL, &two, &[(person(2), one)]);
        prop_assert_eq!((first.state, first.weight), (second.state, second.weight));
    }

    #[test]
    fn a_stored_profile_reads_back_as_written(one in stated()) {
        let profile = standardise(&one);
        prop_assert_eq!(Profile::decode(&profile.encode()), Ok(profile));
    }

    #[test]
    fn a_stored_profile_is_short_whatever_was_stated(
        texts in prop::collection::vec("\\PC{0,120}", 16),
        words in prop::collection::vec("[a-z]{15,25}( [a-z]{15,25}){3}", 6),
    ) {
        let take = |number: usize| texts[number].clone();
        let long = |number: usize| words[number].clone();
        for stated in [
            Stated {
                forename: take(0), middle_names: take(1), surname: take(2), full_name: take(3),
                known_as: take(4), date_of_birth: take(5), expected_date: take(6), unborn: true,
                stated_on: None, sex: take(7), address: take(8), town: take(9),
                postcode: take(9), previous_postcode: take(10),
                nhs_number: take(11), upn: take(12), other_id: take(12), mother_name: take(13),
                father_name: take(14), phone: take(15),
            },
            Stated {
                forename: long(0), middle_names: long(1), surname: long(2), known_as: long(3),
                mother_name: long(4), father_name: long(5), phone: "07700900123".to_owned(),
                address: "Flat 1024, 1024 Featherstonehaugh Street".to_owned(),
                postcode: "HX1 2XQ".to_owned(), previous_postcode: "OL14 5ZZ".to_owned(),
                nhs_number: "9990000018".to_owned(), upn: "E381203117001".to_owned(),
                date_of_birth: "2016-03-09".to_owned(), ..Stated::default()
            },
        ] {
            let stored = standardise(&stated).encode();
            prop_assert!(stored.len() <= LIMIT);
            let read = Profile::decode(&stored).expect("what was written is read");
            prop_assert_eq!(read.encode(), stored);
        }
    }

    #[test]
    fn damaged_bytes_never_panic(
        one in stated(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut stored = standardise(&one).encode();
        let place = at.index(stored.len());
        stored[place] = byte;
        let damaged = [Profile::decode(&stored), Profile::decode(&noise)];
        let cut = Profile::decode(&stored[..place]);
        for profile in damaged.into_iter().chain([cut]).flatten() {
            // What is read of it can be compared and stored again.
            match_weight(&MODEL, &profile, &standardise(&one));
            prop_assert!(profile.encode().len() <= LIMIT);
        }
    }
}
