//! What is known of an address, and what never is: on both stores, and through the whole pipeline.

use super::gateway::Gateway;
use super::homes::Home;
use super::household::together;
use super::matches::{imogen, import_of, of, perhaps};
use super::on_both;
use super::rows::{at, batch, link, person, referral, write};
use frontdoor::domain::{ChildHistory, LinkState, PersonId, Reference, ReferralId, Word};
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    residents_are_whom_the_links_say_over_all_their_records,
    what_is_read_of_an_address_is_bounded,
    what_is_added_to_a_referral_tells_its_homes_anew,
    another_child_at_the_address_counts_also_at_the_same_instant,
    a_family_does_not_count_itself_at_its_address,
    a_withheld_address_leaves_no_trace_and_is_not_looked_up,
    an_address_that_the_records_protect_counts_for_nobody,
    a_shared_address_is_nobodys_home,
    whoever_was_told_apart_counts_for_neither,
    a_decision_tells_a_count_and_nobody,
    what_is_known_of_the_address_is_shown_also_of_a_child_who_may_be_somebody,
);

const HOME: Token = Token(77);

fn home(token: Token, of: &ReferralRow, child: u16) -> HomeRow {
    HomeRow { token, at: of.received_at, referral: of.id, child }
}

/// Who lives there: the referral, the person, whether it is recent, restricted, of the address.
async fn residents(store: &dyn Store) -> Vec<(ReferralId, PersonId, bool, bool, bool)> {
    let mut tx = store.begin().await.expect("begins");
    let under = tx.residents(&[HOME, HOME], at(-10)).await.expect("reads");
    drop(tx);
    let ahead = store.residents(&[HOME], at(-10)).await.expect("reads");
    let told = |rows: Vec<Resident>| {
        let row =
            |one: Resident| (one.referral, one.person, one.recent, one.restricted, one.address);
        let mut rows: Vec<_> = rows.into_iter().map(row).collect();
        rows.sort_unstable();
        rows
    };
    let (under, ahead) = (told(under), told(ahead));
    assert_eq!(under, ahead);
    ahead
}

async fn residents_are_whom_the_links_say_over_all_their_records(at_home: Home) {
    let store = at_home.store().await;
    let store = store.as_ref();
    let [one, mut staff, merged, perhaps, mut hidden] = [(); 5].map(|()| person(&[1]));
    (staff.restricted, hidden.restricted) = (true, true);
    hidden.restriction = Some(frontdoor::domain::decision::Restriction::Address);
    let [first, mut old, second, third] = [(); 4].map(|()| referral());
    old.received_at = at(-11);
    let of_second = LinkRow { child: 1, ..link(&second, perhaps.id, LinkState::Possible) };
    let written = Batch {
        referrals: vec![first.clone(), old.clone(), second.clone(), third.clone()],
        persons: vec![one.clone(), staff.clone(), merged.clone(), perhaps, hidden.clone()],
        links: vec![
            link(&first, one.id, LinkState::New),
            link(&old, one.id, LinkState::Linked),
            link(&second, merged.id, LinkState::Linked),
            of_second,
            link(&third, hidden.id, LinkState::Linked),
        ],
        homes: vec![
            home(HOME, &first, 0),
            home(Token(78), &first, 0),
            home(HOME, &old, 0),
            home(HOME, &second, 0),
            home(HOME, &second, 1),
            home(HOME, &third, 0),
        ],
        ..batch()
    };
    write(store, &written).await;
    let in_order = |mut rows: Vec<(ReferralId, PersonId, bool, bool, bool)>| {
        rows.sort_unstable();
        rows
    };
    let others = [
        (first.id, one.id, true, false, false),
        (old.id, one.id, false, false, false),
        (third.id, hidden.id, true, true, true),
    ];
    let of_merged = (second.id, merged.id, true, false, false);
    assert_eq!(residents(store).await, in_order([&others[..], &[of_merged]].concat()));
    let merges = vec![Merge { person: merged.id, into: Some(staff.id), as_of: Some(at(1)) }];
    let events = vec![Event::new("people.imported", "frontdoor")];
    store.feed(&Feed { merges, events, ..Feed::default() }, at(1)).await.expect("is told");
    let of_survivor = (second.id, staff.id, true, true, false);
    assert_eq!(residents(store).await, in_order([&others[..], &[of_survivor]].concat()));
    // It was not that child after all.
    let not = LinkRow { state: LinkState::Separate, ..link(&third, hidden.id, LinkState::Linked) };
    write(store, &Batch { links: vec![not], ..batch() }).await;
    assert_eq!(residents(store).await, in_order([&others[..2], &[of_survivor]].concat()));
}

async fn what_is_read_of_an_address_is_bounded(at_home: Home) {
    let store = at_home.store().await;
    let store = store.as_ref();
    let sent: Vec<ReferralRow> =
        (0..1_000).map(|number| ReferralRow { received_at: at(number), ..referral() }).collect();
    let child = person(&[1]);
    let written = Batch {
        persons: vec![child.clone()],
        links: sent.iter().map(|row| link(row, child.id, LinkState::Linked)).collect(),
        homes: sent.iter().map(|row| home(HOME, row, 0)).collect(),
        referrals: sent.clone(),
        ..batch()
    };
    write(store, &written).await;
    let read: Vec<ReferralId> = residents(store).await.into_iter().map(|one| one.0).collect();
    let mut newest: Vec<ReferralId> = sent[1_000 - RESIDENTS..].iter().map(|row| row.id).collect();
    newest.sort_unstable();
    assert_eq!(read, newest);
}

const ROW: &str = "12 Invented Row";

fn lives_at(lines: &str, given: &str, born: &str) -> Value {
    json!({"index": 0, "given_name": given, "family_name": format!("Family of {given}"),
        "date_of_birth": born, "address": {"lines": lines, "postcode": "HX1 2XQ"}})
}

fn otis() -> Value {
    lives_at(ROW, "Otis", "2014-05-05")
}

fn zara() -> Value {
    lives_at("12, invented row", "Zara", "2019-11-30")
}

impl Gateway {
    /// What the first child was decided with.
    async fn known_of(&self, of: Reference) -> ChildHistory {
        self.decided(of).await.made.expect("is kept").history.remove(0)
    }

    async fn at_address(&self, of: Reference) -> u32 {
        self.known_of(of).await.address_contacts_12m
    }
}

async fn what_is_added_to_a_referral_tells_its_homes_anew(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let nowhere = json!({"index": 0, "given_name": "Otis", "date_of_birth": "2014-05-05"});
    let first = gateway.refer("school-ridgeway", nowhere).await;
    let homes = "SELECT CAST(count(*) AS text) FROM home";
    assert_eq!(at_home.texts(homes).await, ["0"]);
    gateway.inform(first, json!({"index": 0, "address": otis()["address"]})).await;
    assert_eq!(at_home.texts(homes).await, ["1"]);
    let second = gateway.refer("police-west", zara()).await;
    assert_eq!(gateway.at_address(second).await, 1);
    gateway.inform(first, json!({"index": 0, "address": {"withheld_from": ["Invented"]}})).await;
    assert_eq!(at_home.texts(homes).await, ["1"], "of the second alone");
    let third = gateway.refer("school-ridgeway", lives_at(ROW, "Kai", "2011-01-02")).await;
    assert_eq!(gateway.at_address(third).await, 1);
}

async fn another_child_at_the_address_counts_also_at_the_same_instant(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let (one, other) = futures::future::join(
        gateway.refer("police-west", otis()),
        gateway.refer("school-ridgeway", zara()),
    )
    .await;
    let counted = (gateway.at_address(one).await, gateway.at_address(other).await);
    assert!([(0, 1), (1, 0)].contains(&counted), "{counted:?}");
    let third = gateway.refer("school-ridgeway", lives_at(ROW, "Kai", "2011-01-02")).await;
    assert_eq!(gateway.at_address(third).await, 2);
    assert_eq!(gateway.known_of(third).await.link, LinkState::New);
    let fired = gateway.fired(third).await;
    for rule in ["address-known", "address-contact-after-contact"] {
        assert!(fired.contains(&rule.to_owned()), "{fired:?}");
    }
    let next_door = lives_at("14 Invented Row", "Nell", "2012-02-03");
    let next_door = gateway.refer("school-ridgeway", next_door).await;
    assert_eq!(gateway.at_address(next_door).await, 0);
}

async fn a_family_does_not_count_itself_at_its_address(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let both = together(&gateway, &[otis(), zara()], "Invented: both were late.").await;
    let counts = async |of: Reference| {
        let made = gateway.made_with(of).await.into_iter();
        let counts = made.map(|one| (one.household_referrals_12m, one.address_contacts_12m));
        counts.collect::<Vec<_>>()
    };
    assert_eq!(counts(both).await, [(0, 0), (0, 0)]);
    // The household's referral, and the child's own.
    let hers = gateway.refer("police-west", zara()).await;
    assert_eq!(counts(hers).await, [(0, 0)]);
    let his = gateway.refer("police-west", otis()).await;
    assert_eq!(counts(his).await, [(1, 0)]);
    // Whoever has moved in is another; with her, one of the family.
    let kai = || lives_at(ROW, "Kai", "2011-01-02");
    let moved_in = gateway.refer("school-ridgeway", kai()).await;
    assert_eq!(counts(moved_in).await, [(0, 3)]);
    let all = together(&gateway, &[kai(), zara(), otis()], "Invented: nobody was in.").await;
    assert_eq!(counts(all).await, [(3, 0), (2, 0), (2, 0)]);
}

async fn a_withheld_address_leaves_no_trace_and_is_not_looked_up(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let mut hidden = otis();
    hidden["address"]["withheld_from"] = json!(["Invented Father"]);
    gateway.refer("police-west", hidden).await;
    assert_eq!(at_home.texts("SELECT CAST(count(*) AS text) FROM home").await, ["0"]);
    let first = gateway.refer("school-ridgeway", lives_at(ROW, "Kai", "2011-01-02")).await;
    assert_eq!(gateway.at_address(first).await, 0, "nobody lives there");
    let mut hidden = zara();
    hidden["address"]["withheld_from"] = json!(["Invented Father"]);
    let second = gateway.refer("police-west", hidden).await;
    assert_eq!(gateway.at_address(second).await, 0, "nobody asks");
}

const PROTECTED: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,\
    case_status,case_team,restricted\n\
    R1,lcs,Imogen,Hollins,2016-03-09,12 Invented Row,HX1 2XQ,9990006504,none,,address\n\
    R2,lcs,Nell,Invented,2011-05-21,12 Invented Row,HX1 2XQ,9990006512,none,,staff\n";

/// One of the records.
fn recorded(given: &str, family: &str, born: &str, nhs_number: &str) -> Value {
    let mut child = lives_at(ROW, given, born);
    (child["family_name"], child["nhs_number"]) = (json!(family), json!(nhs_number));
    child
}

async fn an_address_that_the_records_protect_counts_for_nobody(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    import_of(&gateway, PROTECTED, 2).await;
    gateway.refer("school-ridgeway", otis()).await;
    let imogen = || recorded("Imogen", "Hollins", "2016-03-09", "9990006504");
    let protected = gateway.refer("police-west", imogen()).await;
    let known = gateway.known_of(protected).await;
    assert_eq!((known.link, known.address_contacts_12m), (LinkState::Linked, 0));
    let second = gateway.refer("school-ridgeway", zara()).await;
    let known = gateway.known_of(second).await;
    assert_eq!((known.address_contacts_12m, known.address_restricted), (1, false), "of Otis");
    // Restricted for another reason it counts, and is not shown.
    let staff = recorded("Nell", "Invented", "2011-05-21", "9990006512");
    gateway.refer("police-west", staff).await;
    let third = gateway.refer("school-ridgeway", lives_at(ROW, "Kai", "2011-01-02")).await;
    let known = gateway.known_of(third).await;
    assert_eq!((known.address_contacts_12m, known.address_restricted), (3, true));
    assert!(gateway.reason(third, "address-known").await.restricted);
}

async fn a_shared_address_is_nobodys_home(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let store = gateway.store.as_ref();
    let first = gateway.refer("school-ridgeway", otis()).await;
    assert_eq!(gateway.at_address(gateway.refer("police-west", zara()).await).await, 1);
    // Twenty-one live there.
    let token = at_home.texts("SELECT CAST(min(token) AS text) FROM home").await.remove(0);
    let token = Token(token.parse().expect("a number"));
    let (people, sent): (Vec<PersonRow>, Vec<ReferralRow>) =
        (0..19).map(|_| (person(&[]), referral())).unzip();
    let pairs = || sent.iter().zip(&people);
    let written = Batch {
        links: pairs().map(|(row, child)| link(row, child.id, LinkState::New)).collect(),
        homes: sent.iter().map(|row| home(token, row, 0)).collect(),
        referrals: sent.clone(),
        persons: people.clone(),
        ..batch()
    };
    write(store, &written).await;
    let another = gateway.refer("school-ridgeway", lives_at(ROW, "Kai", "2011-01-02")).await;
    assert_eq!(gateway.at_address(another).await, 0);
    assert!(!gateway.fired(first).await.contains(&"address-known".to_owned()));
}

async fn whoever_was_told_apart_counts_for_neither(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let first = gateway.refer("school-ridgeway", otis()).await;
    let wrong = gateway.refer("police-west", otis()).await;
    let (his, state) = gateway.person(wrong).await;
    assert_eq!(state, LinkState::Linked);
    gateway.settled(of(wrong, his), Word::Separate, false).await;
    assert_eq!(gateway.at_address(wrong).await, 0, "he is not the other's history");
    // Nor the other his, when he is referred again: the machine knows no longer who it is.
    let (other, _) = gateway.person(wrong).await;
    let mut tx = gateway.store.begin().await.expect("begins");
    let rows = tx.histories(&[other], at(0), &[]).await.expect("reads");
    assert_eq!(rows[0].apart, [his]);
    drop(tx);
    let brother = together(&gateway, &[otis(), zara()], "Invented: both were late.").await;
    assert_eq!(gateway.made_with(brother).await[0].address_contacts_12m, 0);
    assert!(gateway.at_address(first).await == 0);
}

async fn a_decision_tells_a_count_and_nobody(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    let first = gateway.refer("school-ridgeway", otis()).await;
    let (his, _) = gateway.person(first).await;
    let second = gateway.refer("police-west", zara()).await;
    let decided = serde_json::to_string(&gateway.decided(second).await).expect("plain data");
    assert!(decided.contains("address-known"));
    for telling in [his.to_string(), first.to_string(), "Otis".to_owned(), "invented row".into()] {
        assert!(!decided.to_lowercase().contains(&telling.to_lowercase()), "{telling}");
    }
    // What a sender may learn says nothing of it.
    let alone = gateway.decided(second).await.alone.children.remove(0);
    assert!(alone.reasons.iter().all(|reason| reason.rule.as_str() != "address-known"));
}

async fn what_is_known_of_the_address_is_shown_also_of_a_child_who_may_be_somebody(at_home: Home) {
    let gateway = Gateway::over(&at_home).await;
    gateway.refer("school-ridgeway", imogen()).await;
    gateway.refer("school-ridgeway", otis()).await;
    let mut may_be = perhaps();
    may_be["address"] = otis()["address"].clone();
    let reference = gateway.refer("police-west", may_be).await;
    assert_eq!(gateway.known_of(reference).await.link, LinkState::Possible);
    assert!(gateway.reason(reference, "re-referral").await.unreviewed, "it may be her history");
    assert!(!gateway.reason(reference, "address-known").await.unreviewed);
}
