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
use frontdoor::pipeline::Heard;
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    a_merge_tells_of_a_plan_and_taking_it_back_withdraws_that,
    what_restricts_one_record_restricts_the_person,
    a_match_of_a_merged_record_is_decided_by_either_name,
    what_only_a_person_has_linked_is_possible_again_when_nobody_is_sure,
    a_history_that_was_wrong_is_counted_again_once,
);

const TWO: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,case_status,\
    case_team,restricted\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,none,,\n\
    R2,lcs,Zofia,Invented,2011-05-21,9 Made Up Row,HX1 2AB,9990006512,cp,\
    locality.halifax-central,staff\n";

/// Another child altogether.
fn zofia() -> Value {
    json!({"name": {"forename": "Zofia", "surname": "Invented"}, "date_of_birth": "2011-05-21",
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
        decision: None,
    };
    let event = Event::new("history.withdrawn", "frontdoor");
    let batch = Batch { recounts: vec![wrong], desk: vec![event], ..Batch::default() };
    super::rows::write(gateway.store.as_ref(), &batch).await;
    let (first, second) = (gateway.newsreader(), gateway.newsreader());
    let (first, second) = tokio::join!(first.round(), second.round());
    assert!(first.expect("hears") + second.expect("hears") > 0);
    let rows = gateway.store.withdrawals(None, 99).await.expect("reads");
    let (stored, _) = gateway.stored(reference).await;
    let mut told: Vec<_> = rows.iter().map(|row| row.destination.clone()).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), rows.len(), "each destination once: {rows:?}");
    assert!(!rows.is_empty() && stored.deliveries.len() > rows.len());
    assert!(gateway.store.recounts(None, 9).await.expect("reads").is_empty());
}
