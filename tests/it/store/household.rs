//! Brothers and sisters, and what was stepped down: on both stores, and through the whole pipeline.

use super::gateway::{Gateway, accepted};
use super::homes::Home;
use super::matches::{imogen, import_of, of};
use super::on_both;
use super::rows::{at, batch, contact, link, person, referral, sealed, token16, write};
use super::words::say_of_records;
use frontdoor::domain::{
    AgencyId, ChildHistory, Children, DestinationId, LinkState, OutcomeCode, OutcomeId, PersonId,
    Reason, Reference, ReferralId, Word,
};
use frontdoor::pipeline::Intake;
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    brothers_and_sisters_are_children_of_the_same_referral,
    brothers_and_sisters_are_known_over_all_their_records,
    what_is_read_of_a_family_is_bounded,
    what_may_be_and_what_was_said_again_crowds_nobody_out,
    whoever_may_be_a_child_has_no_brothers_to_count_again,
    the_newest_referrals_of_a_sister_count_also_at_the_same_instant,
    a_baby_has_the_history_of_the_brother_it_is_referred_with,
    a_wrong_history_is_taken_back_from_brothers_and_sisters,
    a_merge_that_is_taken_back_is_taken_back_from_brothers_and_sisters,
    brothers_and_sisters_who_counted_nothing_are_sent_nothing,
    what_is_known_of_a_restricted_sister_is_not_shown,
    a_case_is_stepped_down_for_the_children_whom_that_concerns,
);

fn bram() -> Value {
    json!({
        "index": 0,
        "given_name": "Bram",
        "family_name": "Hollins",
        "date_of_birth": "2019-05-02",
        "nhs_number": "9990001189",
    })
}

fn baby() -> Value {
    json!({
        "index": 0,
        "given_name": "Wren",
        "family_name": "Hollins",
        "date_of_birth": "2026-09-14",
        "nhs_number": "9990008868",
    })
}

async fn known(store: &dyn Store, child: PersonId, except: &[ReferralId]) -> HistoryRow {
    let mut tx = store.begin().await.expect("begins");
    let mut rows = tx.histories(&[child], at(-10), except).await.expect("reads");
    rows.pop().expect("is known")
}

/// Two children of one referral.
fn both(of: &ReferralRow, one: PersonId, other: PersonId) -> [LinkRow; 2] {
    let second = LinkRow { child: 1, ..link(of, other, LinkState::New) };
    [link(of, one, LinkState::New), second]
}

/// A case stepped down for some of a referral's children.
fn lowers(of: &ReferralRow, children: &[u16], place: i64) -> OutcomeRow {
    OutcomeRow {
        id: OutcomeId::from_parts(at(place), [u8::try_from(children[0]).expect("is small"); 10]),
        referral: of.id,
        destination: DestinationId::new("masstt"),
        code: OutcomeCode::new("step-down"),
        children: Children::of(children),
        level: None,
        suggested_rank: 4,
        told: false,
        lowers: true,
        at: at(place),
        body: token16(1),
        record: sealed("an outcome"),
    }
}

/// What the authority's records say of a merge.
async fn merged(store: &dyn Store, person: PersonId, into: Option<PersonId>, place: i64) {
    let merges = vec![Merge { person, into, as_of: Some(at(place)) }];
    let events = vec![Event::new("people.imported", "frontdoor")];
    store.feed(&Feed { merges, events, ..Feed::default() }, at(place)).await.expect("is told");
}

fn in_order(mut contacts: Vec<Contact>) -> Vec<Contact> {
    contacts.sort_unstable_by_key(|one| one.referral);
    contacts
}

async fn brothers_and_sisters_are_children_of_the_same_referral(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (child, mut sister, cousin) = (person(&[1]), person(&[2]), person(&[3]));
    sister.restricted = true;
    let (shared, mut alone, mut edge, mut old) = (referral(), referral(), referral(), referral());
    (alone.agency, alone.level_rank) = (AgencyId::new("police"), 5);
    edge.received_at = at(-10);
    (old.received_at, old.level_rank) = (at(-11), 9);
    let [own, with_sister] = both(&shared, child.id, sister.id);
    let links = vec![
        own,
        with_sister.clone(),
        link(&alone, sister.id, LinkState::Linked),
        link(&edge, sister.id, LinkState::Linked),
        // Linked of late, and received before the time asked about.
        LinkRow { at: at(0), ..link(&old, sister.id, LinkState::Linked) },
        // Whoever only may be a child of the same referral is no brother or sister.
        LinkRow { child: 2, ..link(&shared, cousin.id, LinkState::Possible) },
        link(&old, cousin.id, LinkState::New),
    ];
    let written = Batch {
        referrals: vec![shared.clone(), alone.clone(), edge.clone(), old],
        persons: vec![child.clone(), sister.clone(), cousin],
        links,
        ..batch()
    };
    write(store, &written).await;
    let read = known(store, child.id, &[]).await;
    assert_eq!((read.referrals, read.restricted, read.stepped_down), (1, false, false));
    assert_eq!(read.contacts, [contact(&shared)]);
    let contacts = in_order(vec![contact(&shared), contact(&alone), contact(&edge)]);
    let expected = Relative { person: sister.id, restricted: true, contacts };
    assert_eq!(read.kin, [expected]);
    // Without a referral of hers; and without the one by which she is a sister.
    let without = known(store, child.id, &[alone.id]).await.kin;
    assert_eq!(without[0].contacts, in_order(vec![contact(&shared), contact(&edge)]));
    assert_eq!(known(store, child.id, &[shared.id]).await.kin, []);
    // What was said of her later: it was somebody else.
    let not_she = LinkRow { state: LinkState::Separate, ..with_sister };
    write(store, &Batch { links: vec![not_she], ..batch() }).await;
    assert_eq!(known(store, child.id, &[]).await.kin, []);
}

async fn brothers_and_sisters_are_known_over_all_their_records(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let [one, two, sister, mut hers] = [(); 4].map(|()| person(&[1]));
    hers.restricted = true;
    let (shared, apart, alone) = (referral(), referral(), referral());
    let mut links = both(&shared, one.id, sister.id).to_vec();
    // Two children of one referral who are found to be one are not their own brother.
    links.extend(both(&apart, one.id, two.id));
    links.push(link(&alone, hers.id, LinkState::Linked));
    let written = Batch {
        referrals: vec![shared.clone(), apart.clone(), alone.clone()],
        persons: vec![one.clone(), two.clone(), sister.clone(), hers.clone()],
        links,
        ..batch()
    };
    write(store, &written).await;
    assert_eq!(known(store, two.id, &[]).await.kin.len(), 1, "the other child of that referral");
    merged(store, one.id, Some(two.id), 1).await;
    merged(store, sister.id, Some(hers.id), 1).await;
    for asked in [one.id, two.id] {
        let read = known(store, asked, &[]).await;
        assert_eq!(read.contacts, in_order(vec![contact(&shared), contact(&apart)]));
        let contacts = in_order(vec![contact(&shared), contact(&alone)]);
        assert_eq!(read.kin, [Relative { person: hers.id, restricted: true, contacts }]);
    }
    merged(store, sister.id, None, 2).await;
    let read = known(store, two.id, &[]).await.kin;
    let contacts = vec![contact(&shared)];
    assert_eq!(read, [Relative { person: sister.id, restricted: false, contacts }]);
}

/// Fifty are enough to know a family by, and what counts does not grow beyond it; whoever is the
/// thirtieth of a list is nobody's brother.
async fn what_is_read_of_a_family_is_bounded(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (child, brother, thirtieth) = (person(&[1]), person(&[2]), person(&[3]));
    let sent: Vec<ReferralRow> = (0..1_000).map(|_| referral()).collect();
    let mut links: Vec<LinkRow> =
        sent.iter().flat_map(|row| both(row, child.id, brother.id)).collect();
    let last = LinkState::New;
    links.push(LinkRow { child: 30, ..link(&sent[999], thirtieth.id, last) });
    let people = vec![child.clone(), brother.clone(), thirtieth.clone()];
    let follow = FollowRows { outcomes: vec![lowers(&sent[0], &[0], -9)], ..FollowRows::default() };
    write(store, &Batch { referrals: sent, persons: people, links, follow, ..batch() }).await;
    let read = known(store, child.id, &[]).await;
    assert_eq!((read.referrals, read.contacts.len()), (1_000, 50));
    assert_eq!(read.kin.iter().map(|one| one.person).collect::<Vec<_>>(), [brother.id]);
    assert_eq!(read.kin[0].contacts, read.contacts, "the same fifty");
    assert!(read.stepped_down, "by the first of a thousand");
    assert_eq!(known(store, thirtieth.id, &[]).await.kin, []);
}

/// Hundreds of referrals whose child may be one of these, and a referral that was added to again
/// and again: the family's history is read all the same.
async fn what_may_be_and_what_was_said_again_crowds_nobody_out(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (child, sister) = (person(&[1]), person(&[2]));
    let (shared, hers, his) = (referral(), referral(), referral());
    let mut links = both(&shared, child.id, sister.id).to_vec();
    links.extend([link(&hers, sister.id, LinkState::Linked)]);
    let again = LinkRow { at: at(1), ..link(&his, child.id, LinkState::Linked) };
    links.push(again.clone());
    let strange: Vec<ReferralRow> = (0..300).map(|_| referral()).collect();
    let may_be = |row, person| LinkRow { at: at(1), ..link(row, person, LinkState::Possible) };
    links.extend(strange.iter().flat_map(|row| [child.id, sister.id].map(|one| may_be(row, one))));
    let mut referrals = vec![shared.clone(), hers.clone(), his.clone()];
    referrals.extend(strange);
    let outcomes = vec![lowers(&shared, &[0], -9)];
    let follow = FollowRows { outcomes, ..FollowRows::default() };
    let persons = vec![child.clone(), sister.clone()];
    write(store, &Batch { referrals, persons, links, follow, ..batch() }).await;
    for _ in 0..60 {
        write(store, &Batch { links: vec![again.clone()], ..batch() }).await;
    }
    let read = known(store, child.id, &[]).await;
    assert!(read.stepped_down);
    assert_eq!(read.contacts, in_order(vec![contact(&shared), contact(&his)]));
    let contacts = in_order(vec![contact(&shared), contact(&hers)]);
    assert_eq!(read.kin, [Relative { person: sister.id, restricted: false, contacts }]);
    // Told apart she is no sister, however long ago she was one.
    let not_she = LinkRow { child: 1, ..link(&shared, sister.id, LinkState::Separate) };
    write(store, &Batch { links: vec![not_she], ..batch() }).await;
    let read = known(store, child.id, &[]).await;
    assert!(read.stepped_down && read.kin.is_empty());
    // Nor was his what was not his.
    let not_he = link(&shared, child.id, LinkState::Separate);
    write(store, &Batch { links: vec![not_he], ..batch() }).await;
    assert!(!known(store, child.id, &[]).await.stepped_down);
}

/// When a history was wrong the brothers' referrals are decided again, also of one who no longer
/// is: he counted it while he was. Whoever was referred with a child who only may be the person
/// counted nothing, nor did the rest of a long list.
async fn whoever_may_be_a_child_has_no_brothers_to_count_again(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let people = [(); 6].map(|()| person(&[1]));
    let [one, other, brother, stranger, first, last] = people.clone().map(|row| row.id);
    let sent = [(); 7].map(|()| referral());
    let [family, strange, school, alone @ ..] = &sent;
    let listed = |child, person| LinkRow { child, ..link(school, person, LinkState::New) };
    let mut links = both(family, one, brother).to_vec();
    links.push(link(strange, one, LinkState::Possible));
    links.push(LinkRow { child: 1, ..link(strange, stranger, LinkState::New) });
    // The twentieth of a list is a brother of the first, and not of the one after.
    links.extend([listed(0, first), listed(19, one), listed(20, last)]);
    let after = alone.iter().zip([brother, stranger, first, last]);
    links.extend(after.map(|(row, person)| link(row, person, LinkState::Linked)));
    let no_more = [
        LinkRow { child: 1, ..link(family, brother, LinkState::Left) },
        LinkRow { child: 19, ..link(school, one, LinkState::Separate) },
    ];
    write(store, &Batch { persons: people.to_vec(), ..batch() }).await;
    merged(store, one, Some(other), 1).await;
    write(store, &Batch { referrals: sent.to_vec(), links, ..batch() }).await;
    write(store, &Batch { links: no_more.to_vec(), ..batch() }).await;
    let mut tx = store.begin().await.expect("begins");
    let counted = tx.counted_by_kin(one, 0).await.expect("reads");
    drop(tx);
    let expected = [family, strange, school, &alone[0], &alone[2]].map(|row| row.id);
    assert_eq!(ids(counted.into_iter().map(|(id, _)| id)), ids(expected));
    // The same when the authority takes a merge back.
    merged(store, one, None, 2).await;
    let recounts = store.recounts(None, 100).await.expect("reads");
    assert_eq!(ids(recounts.iter().map(|one| one.referral)), ids(expected));
}

fn ids(all: impl IntoIterator<Item = ReferralId>) -> Vec<ReferralId> {
    let all: std::collections::BTreeSet<ReferralId> = all.into_iter().collect();
    all.into_iter().collect()
}

/// A referral of several children by a school.
pub(super) async fn together(gateway: &Gateway, children: &[Value], worry: &str) -> Reference {
    let mut children = children.to_vec();
    for (index, child) in children.iter_mut().enumerate() {
        child["index"] = json!(index);
    }
    let body = json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": children,
        "worry": worry,
        "danger_now": "no",
    });
    accepted(gateway.pipeline.receive(gateway.submission("school-ridgeway", &body)).await)
}

const LATE: &str = "Invented: both were late.";

impl Gateway {
    async fn knows_of_household(&self, of: Reference) -> bool {
        self.fired(of).await.iter().any(|rule| rule == "household-known")
    }

    /// What each child was decided with.
    pub(super) async fn made_with(&self, of: Reference) -> Vec<ChildHistory> {
        self.decided(of).await.made.expect("is kept").history
    }

    pub(super) async fn reason(&self, of: Reference, rule: &str) -> Reason {
        let children = self.decided(of).await.full.children.into_iter();
        let mut reasons = children.flat_map(|child| child.reasons);
        reasons.find(|reason| reason.rule.as_str() == rule).expect("fires")
    }
}

async fn the_newest_referrals_of_a_sister_count_also_at_the_same_instant(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = together(&gateway, &[imogen(), bram()], LATE).await;
    assert!(!gateway.knows_of_household(first).await);
    let (one, other) = futures::future::join(
        gateway.refer("police-west", imogen()),
        gateway.refer("police-west", bram()),
    )
    .await;
    let fired = (gateway.knows_of_household(one).await, gateway.knows_of_household(other).await);
    assert!(fired.0 != fired.1, "whichever came second has the other before it: {fired:?}");
}

async fn a_baby_has_the_history_of_the_brother_it_is_referred_with(home: Home) {
    let gateway = Gateway::over(&home).await;
    // Two contacts, and one of both: of the baby it is the first.
    together(&gateway, &[imogen(), bram()], LATE).await;
    gateway.refer("police-west", bram()).await;
    let all = together(&gateway, &[baby(), bram(), imogen()], "Invented: nobody was in.").await;
    let made = gateway.made_with(all).await;
    let household =
        made.iter().map(|one| (one.household_referrals_12m, one.household_agencies_12m));
    assert_eq!(household.collect::<Vec<_>>(), [(2, 2), (0, 0), (1, 1)]);
    let (of_baby, of_sister) = (&made[0], &made[2]);
    assert_eq!((of_baby.link, of_baby.referrals_12m), (LinkState::New, 0));
    assert_eq!((of_sister.link, of_sister.referrals_12m), (LinkState::Linked, 1));
    assert!(gateway.fired(all).await.contains(&"household-several-agencies".to_owned()));
}

async fn a_wrong_history_is_taken_back_from_brothers_and_sisters(home: Home) {
    let gateway = Gateway::over(&home).await;
    together(&gateway, &[imogen(), bram()], LATE).await;
    let wrong = gateway.refer("police-west", imogen()).await;
    let person = gateway.person(wrong).await.0;
    let brothers = gateway.refer("school-ridgeway", bram()).await;
    assert!(gateway.knows_of_household(brothers).await);
    gateway.settled(of(wrong, person), Word::Separate, false).await;
    assert!(!gateway.knows_of_household(brothers).await, "it was not his sister");
    assert_eq!(gateway.made_with(brothers).await[0].household_referrals_12m, 0);
    let told = gateway.told(brothers).await;
    let last = told.last().expect("an update");
    assert_eq!(last["data"]["withdrawn"]["person"], person.to_string());
}

async fn brothers_and_sisters_who_counted_nothing_are_sent_nothing(home: Home) {
    let gateway = Gateway::over(&home).await;
    together(&gateway, &[imogen(), bram()], LATE).await;
    let wrong = together(&gateway, &[imogen(), bram()], "Invented: late again.").await;
    let (_, links) = gateway.stored(wrong).await;
    let hers = links.iter().find(|link| link.child == 0 && link.state == LinkState::Linked);
    let person = hers.expect("is linked").person;
    let brothers = gateway.refer("police-west", bram()).await;
    assert!(!gateway.knows_of_household(brothers).await, "in both he was himself");
    let before = gateway.told(brothers).await.len();
    gateway.settled(of(wrong, person), Word::Separate, false).await;
    assert_eq!(gateway.told(brothers).await.len(), before);
    assert!(!gateway.fired(brothers).await.contains(&"history-withdrawn".to_owned()));
}

const SISTERS: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,\
    case_status,case_team,restricted\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,none,,\n\
    R2,lcs,Zofia,Invented,2011-05-21,9 Made Up Row,HX1 2AB,9990006512,none,,staff\n";

fn zofia() -> Value {
    json!({"given_name": "Zofia", "family_name": "Invented", "date_of_birth": "2011-05-21",
        "nhs_number": "9990006512", "address": {"lines": ["9 Made Up Row"], "postcode": "HX1 2AB"}})
}

async fn a_merge_that_is_taken_back_is_taken_back_from_brothers_and_sisters(home: Home) {
    let gateway = Gateway::over(&home).await;
    import_of(&gateway, SISTERS, 2).await;
    let first = together(&gateway, &[imogen(), bram()], LATE).await;
    let elsewhere = gateway.refer("police-west", zofia()).await;
    let (_, links) = gateway.stored(first).await;
    let her = links.iter().find(|link| link.state == LinkState::Linked).expect("is linked").person;
    let other = gateway.person(elsewhere).await.0;
    say_of_records(&gateway, other, Some(her), 1).await;
    let brothers = gateway.refer("school-ridgeway", bram()).await;
    assert!(gateway.knows_of_household(brothers).await, "both records are his sister's");
    say_of_records(&gateway, other, None, 2).await;
    assert!(!gateway.knows_of_household(brothers).await);
}

async fn what_is_known_of_a_restricted_sister_is_not_shown(home: Home) {
    let gateway = Gateway::over(&home).await;
    import_of(&gateway, SISTERS, 2).await;
    together(&gateway, &[zofia(), bram()], LATE).await;
    gateway.refer("police-west", zofia()).await;
    let brothers = gateway.refer("school-ridgeway", bram()).await;
    let reason = gateway.reason(brothers, "household-known").await;
    assert!(reason.history && reason.restricted, "{reason:?}");
    // What is his own is shown.
    let own = gateway.decided(brothers).await.full.children.remove(0).reasons;
    assert!(own.iter().any(|reason| reason.history && !reason.restricted), "{own:?}");
    for told in gateway.told(brothers).await {
        assert!(!told["data"].to_string().contains("household-known"), "{told}");
    }
    // As it is also where she is in the same referral.
    let all = together(&gateway, &[baby(), zofia()], "Invented: nobody was in.").await;
    assert!(gateway.reason(all, "household-known").await.restricted);
}

async fn a_case_is_stepped_down_for_the_children_whom_that_concerns(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let [one, other, far] = [(); 3].map(|()| person(&[1]));
    let sent = referral();
    let mut links = both(&sent, one.id, other.id).to_vec();
    links.push(LinkRow { child: 70, ..link(&sent, far.id, LinkState::New) });
    // Of the first child it was so before the time asked about.
    let outcomes = vec![lowers(&sent, &[0], -11), lowers(&sent, &[1], -9)];
    let follow = FollowRows { outcomes, ..FollowRows::default() };
    let persons = vec![one.clone(), other.clone(), far.clone()];
    let referrals = vec![sent.clone()];
    write(store, &Batch { referrals, persons, links, follow, ..batch() }).await;
    let lowered = async |child: &PersonRow| known(store, child.id, &[]).await.stepped_down;
    assert_eq!((lowered(&one).await, lowered(&other).await), (false, true));
    assert!(!lowered(&far).await);
    let outcomes = vec![lowers(&sent, &[70], -9)];
    let follow = FollowRows { outcomes, ..FollowRows::default() };
    write(store, &Batch { follow, ..batch() }).await;
    assert!(lowered(&far).await && !lowered(&one).await);
}
