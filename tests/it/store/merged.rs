//! Records of the authority's that are found to be one person's, and what people and referrals have
//! said of them: read over the family, and as before when the merge is taken back.

use super::gateway::Gateway;
use super::homes::Home;
use super::matches::{imogen, import_of, of};
use super::on_both;
use super::words::say_of_records;
use frontdoor::domain::decision::Restriction;
use frontdoor::domain::matching::WrongBy;
use frontdoor::domain::{LinkState, PersonId, Reference, Word};
use frontdoor::pipeline::{Heard, Intake};
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    a_merge_tells_of_a_plan_and_taking_it_back_withdraws_that,
    what_restricts_one_record_restricts_the_person,
    a_match_of_a_merged_record_is_decided_by_either_name,
    what_only_a_person_has_linked_is_possible_again_when_nobody_is_sure,
    a_history_that_was_wrong_is_counted_again_once,
    two_children_who_become_one_person_keep_what_they_are,
    a_chain_that_is_restated_withdraws_nothing,
    a_plan_that_is_over_is_withdrawn_all_the_same,
    what_came_by_way_of_a_possible_match_is_withdrawn,
    a_merge_that_told_nothing_withdraws_nothing,
    a_word_on_another_record_leaves_the_machine_s_possible,
    not_sure_of_a_merged_person_stays_said,
);

const TWO: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,case_status,\
    case_team,restricted\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,none,,\n\
    R2,lcs,Zofia,Invented,2011-05-21,9 Made Up Row,HX1 2AB,9990006512,cp,\
    locality.halifax-central,staff\n";

/// Another child altogether.
fn zofia() -> Value {
    json!({"given_name": "Zofia", "family_name": "Invented", "date_of_birth": "2011-05-21",
        "nhs_number": "9990006512", "address": {"lines": ["9 Made Up Row"], "postcode": "HX1 2AB"}})
}

/// Both records, each with a referral: of Imogen, whose record is no plan's, and of Zofia.
async fn two(gateway: &Gateway) -> [(Reference, PersonId); 2] {
    import_of(gateway, TWO, 2).await;
    let mut both = Vec::new();
    for (agency, child) in [("school-ridgeway", imogen()), ("police-west", zofia())] {
        let reference = gateway.refer(agency, child).await;
        let (person, state) = gateway.person(reference).await;
        assert_eq!(state, LinkState::Linked);
        both.push((reference, person));
    }
    [both[0], both[1]]
}

impl Gateway {
    async fn has_a_plan(&self, reference: Reference) -> bool {
        self.fired(reference).await.contains(&"open-plan".to_owned())
    }
}

async fn a_merge_tells_of_a_plan_and_taking_it_back_withdraws_that(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), (second, other)] = two(&gateway).await;
    assert!(!gateway.has_a_plan(reference).await);
    let before = gateway.stored(reference).await.0;
    say_of_records(&gateway, one, Some(other), 1).await;
    assert!(gateway.has_a_plan(reference).await, "the survivor's plan is hers");
    assert_eq!(gateway.history(one).await.0, 2);
    let told = gateway.told(reference).await.len();
    assert!(told > before.deliveries.len());
    assert!(gateway.store.withdrawals(None, 9).await.expect("reads").is_empty());

    say_of_records(&gateway, one, None, 2).await;
    assert!(!gateway.has_a_plan(reference).await);
    assert!(gateway.fired(reference).await.contains(&"history-withdrawn".to_owned()));
    assert_eq!(gateway.person(reference).await, (one, LinkState::Linked));
    let withdrawn = gateway.store.withdrawals(None, 9).await.expect("reads");
    // Each had counted the other's.
    for pair in [(reference, other), (second, one)] {
        assert!(withdrawn.iter().any(|row| (row.reference, row.withdrawal.person) == pair));
    }
    for row in &withdrawn {
        let pair = (row.reference, row.withdrawal.person);
        assert!([(reference, other), (second, one)].contains(&pair), "{row:?}");
        assert_eq!(row.withdrawal.kind, WrongBy::Counted);
    }
    let updates = gateway.told(reference).await;
    let last = updates.last().expect("an update");
    assert_eq!(last["type"], "referral.updated.v1");
    assert_eq!(last["data"]["withdrawn"]["person"], other.to_string());
    // What rose stays until a person has it lowered.
    let (now, _) = gateway.stored(reference).await;
    assert!(now.row.level_rank >= before.row.level_rank);
}

async fn what_restricts_one_record_restricts_the_person(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(_, open), (_, staff)] = two(&gateway).await;
    let read = async |id| gateway.store.person(id).await.expect("reads").expect("there");
    let restricted = async |id| {
        let rows = gateway.store.histories(&[id], frontdoor::domain::Timestamp(0)).await;
        rows.expect("reads")[0].restricted
    };
    assert!(!read(open).await.restricted && !restricted(open).await);
    // The survivor is the open one.
    say_of_records(&gateway, staff, Some(open), 1).await;
    for id in [open, staff] {
        let person = read(id).await;
        assert_eq!((person.id, person.restricted), (open, true));
        assert_eq!(person.restriction, Some(Restriction::Staff));
        assert!(restricted(id).await);
    }
    say_of_records(&gateway, staff, None, 2).await;
    assert!(!read(open).await.restricted && !restricted(open).await);
    assert!(read(staff).await.restricted && restricted(staff).await);
}

async fn a_match_of_a_merged_record_is_decided_by_either_name(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), (_, other)] = two(&gateway).await;
    let unconfirmed = async || {
        let rows = gateway.store.matches(MatchState::Unconfirmed, None, 9).await.expect("reads");
        rows.into_iter().find(|row| row.id.reference == reference)
    };
    say_of_records(&gateway, one, Some(other), 1).await;
    let listed = unconfirmed().await.expect("listed");
    assert_eq!((listed.id.person, listed.record), (other, one));
    // The desk asks by the survivor; whoever had the page before asks by the record.
    for person in [one, other] {
        let heard = gateway.say(of(reference, person), Word::Link, false).await;
        assert!(matches!(heard, Heard::Settled(_)), "{heard:?}");
        assert_eq!(gateway.person(reference).await, (other, LinkState::Linked));
        assert_eq!(unconfirmed().await, None);
    }
    // The person saw the survivor's record: the word is of that one.
    say_of_records(&gateway, one, None, 2).await;
    assert_eq!(gateway.person(reference).await, (other, LinkState::Linked));
    assert!(gateway.open().await.contains(&of(reference, one)), "a person looks again");
}

async fn what_only_a_person_has_linked_is_possible_again_when_nobody_is_sure(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), _] = two(&gateway).await;
    gateway.settled(of(reference, one), Word::Separate, false).await;
    let own = gateway.person(reference).await.0;
    gateway.settled(of(reference, one), Word::Link, false).await;
    let unsure = gateway.settled(of(reference, one), Word::NotSure, false).await;
    assert_eq!((unsure.state, unsure.confirmed), (LinkState::Possible, false));
    assert_eq!(gateway.person(reference).await, (own, LinkState::New));
    assert!(gateway.open().await.contains(&of(reference, one)));
    assert!(!gateway.store.withdrawals(None, 9).await.expect("reads").is_empty());
}

/// Two gateways hear of it, and the first one stops after the first referral.
async fn a_history_that_was_wrong_is_counted_again_once(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), (_, other)] = two(&gateway).await;
    say_of_records(&gateway, one, Some(other), 1).await;
    let wrong = Recount {
        seq: 0,
        referral: gateway.stored(reference).await.0.row.id,
        reference,
        person: other,
        since: frontdoor::domain::Timestamp(1),
        decision: Some(frontdoor::domain::DecisionId(uuid::Uuid::from_u128(5))),
    };
    let event = Event::new("history.withdrawn", "frontdoor");
    let batch = Batch { recounts: vec![wrong], desk: vec![event], ..Batch::default() };
    super::rows::write(gateway.store.as_ref(), &batch).await;
    let (first, second) = (gateway.newsreader(), gateway.newsreader());
    let (first, second) = tokio::join!(first.round(), second.round());
    first.and(second).expect("hear");
    let rows = gateway.store.withdrawals(None, 99).await.expect("reads");
    let (stored, _) = gateway.stored(reference).await;
    let mut told: Vec<_> = rows.iter().map(|row| row.destination.clone()).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), rows.len(), "each destination once: {rows:?}");
    assert!(!rows.is_empty() && stored.deliveries.len() > rows.len());
    assert!(gateway.store.recounts(None, 9).await.expect("reads").is_empty());
}

/// What people see of withdrawals, by referral and whose history it was.
async fn withdrawn(gateway: &Gateway) -> Vec<(Reference, PersonId)> {
    let rows = gateway.store.withdrawals(None, 999).await.expect("reads");
    let mut pairs: Vec<_> = rows.iter().map(|row| (row.reference, row.withdrawal.person)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Both records are one person's, and the referral has two children, who were taken for them.
async fn two_children_who_become_one_person_keep_what_they_are(home: Home) {
    let gateway = Gateway::over(&home).await;
    import_of(&gateway, TWO, 2).await;
    let body = json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [imogen(), zofia()],
        "worry": "Invented: two children were not collected.",
        "danger_now": "no",
    });
    let submission = gateway.submission("school-ridgeway", &body);
    let reference = super::gateway::accepted(gateway.pipeline.receive(submission).await);
    let settled = async || {
        let (_, links) = gateway.stored(reference).await;
        let mut settled: Vec<_> = links.into_iter().filter(|one| one.state.is_settled()).collect();
        settled.sort_by_key(|one| one.child);
        settled.iter().map(|one| (one.child, one.record, one.decision)).collect::<Vec<_>>()
    };
    let before = settled().await;
    let [(0, one, None), (1, other, None)] = before[..] else { panic!("{before:?}") };
    let second = frontdoor::domain::MatchId { reference, child: 1, person: other };
    gateway.settled(second, Word::Link, false).await;
    let confirmed = settled().await;
    for (person, into) in [(other, one), (one, other)] {
        say_of_records(&gateway, person, Some(into), if person == other { 1 } else { 3 }).await;
        gateway.add(reference, json!({"index": 0, "school": format!("Room {person}")})).await;
        assert_eq!(settled().await, confirmed, "nobody is made anew");
        say_of_records(&gateway, person, None, if person == other { 2 } else { 4 }).await;
        assert_eq!(settled().await, confirmed);
    }
}

/// M is S, S is T; then the records say at once that M is T.
async fn a_chain_that_is_restated_withdraws_nothing(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, m), (_, t)] = two(&gateway).await;
    let third = "record_id,source,forename,surname,dob\nR3,lcs,Wren,Madeup,2012-02-03\n";
    import_of(&gateway, third, 1).await;
    let wren = json!({"given_name": "Wren", "family_name": "Madeup",
        "date_of_birth": "2012-02-03"});
    let known = gateway.refer("police-west", wren).await;
    let (_, links) = gateway.stored(known).await;
    let of_records = async |links: Vec<StoredLink>| {
        for link in links {
            let person = gateway.store.person(link.person).await.expect("reads").expect("there");
            if person.fed {
                return person.id;
            }
        }
        panic!("nobody is found");
    };
    let s = of_records(links).await;
    say_of_records(&gateway, s, Some(t), 1).await;
    say_of_records(&gateway, m, Some(s), 2).await;
    assert!(gateway.has_a_plan(reference).await, "of whom it is by way of another");
    say_of_records(&gateway, m, Some(t), 3).await;
    assert_eq!(withdrawn(&gateway).await, []);
    assert!(gateway.has_a_plan(reference).await);
    // What was counted before that is still known when it is taken back.
    say_of_records(&gateway, m, None, 4).await;
    assert!(!gateway.has_a_plan(reference).await);
    assert!(withdrawn(&gateway).await.contains(&(reference, t)));
}

/// The plan is over by the time that the merge is found wrong.
async fn a_plan_that_is_over_is_withdrawn_all_the_same(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), (_, other)] = two(&gateway).await;
    say_of_records(&gateway, one, Some(other), 1).await;
    assert!(gateway.has_a_plan(reference).await);
    let closed = Feed {
        closed: vec![(other, frontdoor::domain::Timestamp(i64::MAX / 2))],
        events: vec![Event::new("people.imported", "frontdoor")],
        ..Feed::default()
    };
    let now = frontdoor::domain::Timestamp(1_800_000_000_000_000);
    gateway.store.feed(&closed, now).await.expect("is closed");
    say_of_records(&gateway, one, None, 2).await;
    assert!(!gateway.has_a_plan(reference).await);
    assert!(withdrawn(&gateway).await.contains(&(reference, other)));
}

/// The child only may be the merged one.
async fn what_came_by_way_of_a_possible_match_is_withdrawn(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(_, one), (_, other)] = two(&gateway).await;
    let reference = gateway.refer("police-west", super::matches::perhaps()).await;
    assert!(gateway.open().await.contains(&of(reference, one)), "it is possible");
    say_of_records(&gateway, one, Some(other), 1).await;
    let may_have_a_case =
        async || gateway.fired(reference).await.contains(&"possible-open-case".to_owned());
    assert!(may_have_a_case().await);
    say_of_records(&gateway, one, None, 2).await;
    assert!(!may_have_a_case().await);
    assert!(withdrawn(&gateway).await.contains(&(reference, other)));
}

/// Nobody was told anything by the merge: nothing is taken back.
async fn a_merge_that_told_nothing_withdraws_nothing(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(_, one), (_, other)] = two(&gateway).await;
    let third = "record_id,source,forename,surname,dob,nhs_number,address,postcode\n\
        R3,lcs,Wren,Madeup,2012-02-03,9990006520,7 Nowhere Fold,HX2 9XY\n";
    import_of(&gateway, third, 1).await;
    let wren = json!({"given_name": "Wren", "family_name": "Madeup",
        "date_of_birth": "2012-02-03", "nhs_number": "9990006520",
        "address": {"lines": ["7 Nowhere Fold"], "postcode": "HX2 9XY"}});
    let known = gateway.refer("police-west", wren).await;
    let (s, state) = gateway.person(known).await;
    assert_eq!(state, LinkState::Linked);
    // M moves from one family to another: the other one's own children never counted the first.
    say_of_records(&gateway, one, Some(other), 1).await;
    say_of_records(&gateway, one, Some(s), 2).await;
    assert!(withdrawn(&gateway).await.iter().all(|(reference, _)| *reference != known));
}

/// The child is linked by the machine to the survivor; a person had said that it is not the other.
async fn a_word_on_another_record_leaves_the_machine_s_possible(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), (_, other)] = two(&gateway).await;
    // Zofia's record is offered and refused, as a person could: it was never possible by itself.
    let (stored, _) = gateway.stored(reference).await;
    let mut not = super::rows::link(&stored.row, other, LinkState::Separate);
    not.decision = Some(frontdoor::domain::DecisionId(uuid::Uuid::from_u128(5)));
    let event = Event::new("match.decided", "masstt");
    let batch = Batch { links: vec![not], desk: vec![event], ..Batch::default() };
    super::rows::write(gateway.store.as_ref(), &batch).await;
    say_of_records(&gateway, other, Some(one), 1).await;
    let (own, state) = gateway.person(reference).await;
    assert!(own != one && state == LinkState::New, "the word holds for both");
    say_of_records(&gateway, other, None, 2).await;
    assert_eq!(gateway.state_of(of(reference, other)).await, Some(LinkState::Separate));
    assert!(gateway.open().await.contains(&of(reference, one)), "the machine's may be right");
}

/// A word on the survivor outlives what the judge writes, and what is added.
async fn not_sure_of_a_merged_person_stays_said(home: Home) {
    let gateway = Gateway::over(&home).await;
    let [(reference, one), (_, other)] = two(&gateway).await;
    gateway.settled(of(reference, one), Word::Separate, false).await;
    say_of_records(&gateway, one, Some(other), 1).await;
    let unsure = gateway.settled(of(reference, other), Word::NotSure, false).await;
    assert_eq!(unsure.state, LinkState::Possible);
    let open = of(reference, other);
    assert!(gateway.open().await.contains(&open));
    gateway.add(reference, json!({"index": 0, "school": "Invented Lane"})).await;
    assert!(gateway.open().await.contains(&open), "whatever is added");
}
