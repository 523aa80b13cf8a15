//! What counts as whose history, without a store.

use super::*;
use crate::domain::decision::CaseStatus;
use uuid::Uuid;

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

fn contact(number: u128, agency: &str, level_rank: i16) -> Contact {
    let referral = ReferralId(Uuid::from_u128(number));
    Contact { referral, agency: AgencyId::new(agency), level_rank }
}

fn known(number: u128, contacts: Vec<Contact>, kin: Vec<Relative>) -> HistoryRow {
    HistoryRow {
        person: person(number),
        case_status: CaseStatus::None,
        case_team: None,
        referrals: count(contacts.len()),
        agencies: 1,
        highest_level: 3,
        restricted: false,
        adoption: false,
        address: false,
        apart: Vec::new(),
        stepped_down: false,
        contacts,
        kin,
    }
}

fn stored(rows: Vec<HistoryRow>) -> Stored {
    Stored::of(rows, Vec::new())
}

fn histories(within: &Within, links: &[ChildLink], stored: &Stored) -> Vec<ChildHistory> {
    within.histories(links, &vec![ChildProfile::default(); links.len()], stored)
}

fn linked(number: u128) -> ChildLink {
    ChildLink {
        state: LinkState::Linked,
        person: person(number),
        fresh: false,
        weight: 12.0,
        decision: None,
        possible: Vec::new(),
        failed: false,
    }
}

fn row(child: u16, of: u128, referral: u128) -> LinkRow {
    let Contact { referral, agency, level_rank } = contact(referral, "police", 4);
    LinkRow {
        referral,
        child,
        person: person(of),
        state: LinkState::Linked,
        weight: 12.0,
        at: crate::domain::Timestamp(0),
        agency,
        level_rank,
        decision: None,
    }
}

fn household(history: &ChildHistory) -> (u32, u32, i16, bool) {
    (
        history.household_referrals_12m,
        history.household_agencies_12m,
        history.household_highest_level_12m,
        history.household_restricted,
    )
}

#[test]
fn a_referral_of_several_brothers_counts_once_and_the_childs_own_not_at_all() {
    let (both, own) = (contact(10, "school", 3), contact(11, "police", 5));
    let brother = |number, restricted| {
        let contacts = vec![contact(10, "school", 3), contact(20, "health", 4)];
        Relative { person: person(number), restricted, contacts }
    };
    let kin = vec![brother(2, false), brother(3, true)];
    let stored = stored(vec![known(1, vec![own, both], kin)]);
    let all = histories(&Within::default(), &[linked(1)], &stored);
    assert_eq!(household(&all[0]), (1, 1, 4, true));
}

#[test]
fn the_other_children_of_the_referral_are_brothers() {
    let before = vec![contact(10, "school", 3), contact(11, "police", 5)];
    let stored = stored(vec![known(2, before, Vec::new())]);
    let baby = ChildLink { state: LinkState::New, fresh: true, ..linked(1) };
    let all = histories(&Within::default(), &[baby, linked(2)], &stored);
    assert_eq!((household(&all[0]), all[0].link), ((2, 2, 5, false), LinkState::New));
    assert_eq!(household(&all[1]), (0, 0, 0, false));
}

#[test]
fn whoever_only_may_be_somebody_is_nobodys_brother() {
    let stored = stored(vec![known(2, vec![contact(10, "school", 3)], Vec::new())]);
    let state = LinkState::Possible;
    let perhaps = ChildLink { state, fresh: true, possible: vec![(person(2), 5.0)], ..linked(3) };
    let all = histories(&Within::default(), &[linked(1), perhaps], &stored);
    assert_eq!(household(&all[0]), (0, 0, 0, false));
    assert_eq!(all[1].referrals_12m, 1);
}

#[test]
fn what_earlier_items_of_a_batch_say_counts_once() {
    let stored = stored(vec![known(1, vec![contact(10, "school", 3)], Vec::new())]);
    let mut within = Within::default();
    // Both in one referral, and the second in another.
    within.remember(&[], &[row(0, 1, 30), row(1, 2, 30)], &[]);
    within.remember(&[], &[row(0, 2, 31)], &[]);
    let all = histories(&within, &[linked(1)], &stored);
    assert_eq!(household(&all[0]), (1, 1, 4, false));
    let own = (all[0].referrals_12m, all[0].agencies_12m, all[0].highest_level_12m);
    assert_eq!(own, (2, 2, 4));
    let all = histories(&within, &[linked(2)], &stored);
    assert_eq!((household(&all[0]), all[0].referrals_12m), ((1, 1, 3, false), 2));
}

#[test]
fn a_list_longer_than_a_family_makes_no_brothers() {
    let stored = stored(vec![known(99, vec![contact(10, "school", 3)], Vec::new())]);
    let mut links: Vec<ChildLink> = (1..=20).map(linked).collect();
    links.push(linked(99));
    let all = histories(&Within::default(), &links, &stored);
    assert!(all.iter().all(|history| household(history) == (0, 0, 0, false)));
}

const HOME: Token = Token(7);

fn resident(number: u128, referral: u128) -> Resident {
    Resident {
        token: HOME,
        referral: ReferralId(Uuid::from_u128(referral)),
        person: person(number),
        recent: true,
        restricted: false,
        address: false,
        apart: Vec::new(),
    }
}

/// Referrals of others at the home of a child who is linked to the first person.
fn at_home(within: &Within, rows: Vec<HistoryRow>, residents: Vec<Resident>) -> (u32, bool) {
    let stored = Stored::of(rows, residents);
    let child = ChildProfile { homes: vec![HOME], ..ChildProfile::default() };
    let history = within.histories(&[linked(1)], &[child], &stored).remove(0);
    (history.address_contacts_12m, history.address_restricted)
}

#[test]
fn referrals_of_others_at_the_address_count_each_once() {
    let none = Within::default();
    let two = vec![resident(2, 20), resident(3, 20), resident(3, 21)];
    assert_eq!(at_home(&none, Vec::new(), two.clone()), (2, false));
    let old = vec![Resident { recent: false, ..resident(2, 20) }];
    assert_eq!(at_home(&none, Vec::new(), old), (0, false));
    let mut elsewhere = two.clone();
    elsewhere.iter_mut().for_each(|one| one.token = Token(8));
    assert_eq!(at_home(&none, Vec::new(), elsewhere), (0, false));
    let mut within = Within::default();
    let there = ChildProfile { homes: vec![HOME], ..ChildProfile::default() };
    within.remember(&[there], &[row(0, 4, 22)], &[]);
    assert_eq!(at_home(&within, Vec::new(), two), (3, false));
}

#[test]
fn the_child_and_its_family_are_no_others_at_their_address() {
    let kin = vec![Relative { person: person(2), restricted: false, contacts: Vec::new() }];
    let own = known(1, vec![contact(10, "school", 3)], kin);
    // Its own, its sister's, and another child's in a referral of its own.
    let there = vec![resident(1, 9), resident(2, 20), resident(5, 10)];
    assert_eq!(at_home(&Within::default(), vec![own], there), (0, false));
}

#[test]
fn whoever_was_told_apart_is_not_counted_whichever_way_it_was_said() {
    let mut own = known(1, Vec::new(), Vec::new());
    own.apart = vec![person(2)];
    let told = Resident { apart: vec![person(1)], ..resident(3, 21) };
    let there = vec![resident(2, 20), told, resident(4, 22)];
    assert_eq!(at_home(&Within::default(), vec![own], there), (1, false));
}

#[test]
fn a_hostel_is_nobodys_home() {
    let there = |number: u128| (2..2 + number).map(|one| resident(one, 100 + one)).collect();
    assert_eq!(at_home(&Within::default(), Vec::new(), there(20)), (20, false));
    assert_eq!(at_home(&Within::default(), Vec::new(), there(21)), (0, false));
}

#[test]
fn a_record_that_is_restricted_counts_unless_its_address_is_why() {
    let none = Within::default();
    let staff = vec![Resident { restricted: true, ..resident(2, 20) }];
    assert_eq!(at_home(&none, Vec::new(), staff), (1, true));
    let hidden = vec![Resident { restricted: true, address: true, ..resident(2, 20) }];
    assert_eq!(at_home(&none, Vec::new(), hidden), (0, false));
    let own = HistoryRow { address: true, ..known(1, Vec::new(), Vec::new()) };
    assert_eq!(at_home(&none, vec![own], vec![resident(2, 20)]), (0, false));
}
