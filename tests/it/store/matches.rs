//! A person's word on a match, through the whole pipeline and both stores.

use super::gateway::Gateway;
use super::homes::{Home, ring};
use super::on_both;
use frontdoor::app::{OsEnv, import_people};
use frontdoor::audit::ChainName;
use frontdoor::domain::decision::Restriction;
use frontdoor::domain::matching::WrongBy;
use frontdoor::domain::{DestinationId, LinkState, MatchId, PersonId, Reference, Timestamp, Word};
use frontdoor::pipeline::{Decided, Heard, Said};
use frontdoor::store::seal::Dossier;
use frontdoor::store::work::Settled;
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    a_separated_child_is_one_of_its_own_and_what_was_wrong_is_taken_back,
    what_is_lower_waits_for_a_person,
    a_separated_pair_is_never_offered_again,
    two_told_apart_are_left_to_a_person,
    a_possible_one_is_linked_and_whoever_was_made_is_no_candidate,
    no_two_children_are_chained_through_a_third,
    separating_undoes_linking_and_linking_undoes_separating,
    saying_it_again_changes_nothing,
    what_is_not_there_or_taken_is_not_decided,
    matches_are_listed_as_they_stand_in_pages,
    whoever_counted_it_takes_what_is_lower_by_their_own_match,
    an_adopted_record_is_possible_and_never_linked_by_the_machine,
);

pub(super) fn imogen() -> Value {
    json!({
        "index": 0,
        "given_name": "Imogen",
        "family_name": "Hollins",
        "date_of_birth": "2016-03-09",
        "nhs_number": "9990006504",
    })
}

/// Fits the machine's idea of Imogen, without being sure.
pub(super) fn perhaps() -> Value {
    json!({
        "index": 0,
        "given_name": "Imogen",
        "family_name": "Hollins",
    })
}

impl Gateway {
    pub(super) async fn say(&self, of: MatchId, word: Word, lower: bool) -> Heard {
        let by = br#"{"by": {"name": "Invented Osei", "role": "Duty"}, "reason": "seen"}"#;
        let actor = DestinationId::new("masstt");
        let said = Said { of, word, lower: None, by: by.to_vec(), actor };
        let heard = self.hear_as_read(said, lower).await;
        // As the gateway does by itself.
        self.newsreader().round().await.expect("is heard");
        heard
    }

    pub(super) async fn settled(&self, of: MatchId, word: Word, lower: bool) -> Settled {
        match self.say(of, word, lower).await {
            Heard::Settled(settled) => settled,
            other => panic!("{other:?}"),
        }
    }

    /// What waits for a person.
    pub(super) async fn open(&self) -> Vec<MatchId> {
        let rows = self.store.matches(MatchState::Open, None, 100).await.expect("reads");
        rows.into_iter().map(|row| row.id).collect()
    }

    pub(super) async fn decided(&self, reference: Reference) -> Decided {
        let row = self.stored(reference).await.0.row;
        let bytes = ring().open_record(&Dossier::name(row.id), &row.record).expect("opens");
        let dossier = Dossier::from_bytes(&bytes).expect("a dossier");
        serde_json::from_slice(&dossier.decision).expect("a decision")
    }

    pub(super) async fn history(&self, of: PersonId) -> (u32, u32, i16) {
        let rows = self.store.histories(&[of], Timestamp(0)).await.expect("reads");
        rows.first().map_or((0, 0, 0), |row| (row.referrals, row.agencies, row.highest_level))
    }

    pub(super) async fn chronology(&self, of: PersonId) -> Vec<Reference> {
        let rows = self.store.chronology(of).await.expect("reads");
        rows.into_iter().map(|row| row.reference).collect()
    }

    pub(super) async fn state_of(&self, of: MatchId) -> Option<LinkState> {
        let (_, links) = self.stored(of.reference).await;
        let pair = links.iter().find(|l| l.child == of.child && l.person == of.person);
        pair.map(|link| link.state)
    }

    /// The messages that a referral's destinations were sent, in order.
    pub(super) async fn told(&self, reference: Reference) -> Vec<Value> {
        let mut told = Vec::new();
        for row in self.stored(reference).await.0.deliveries {
            let message = self.store.message(row.id).await.expect("reads").expect("there");
            told.push(serde_json::from_slice(&message.payload).expect("JSON"));
        }
        told
    }

    /// The first possible match of a referral's child.
    pub(super) async fn possible(&self, reference: Reference) -> MatchId {
        let (_, links) = self.stored(reference).await;
        let link = links.iter().find(|link| link.state == LinkState::Possible);
        let link = link.expect("someone possible");
        MatchId { reference, child: link.child, person: link.person }
    }
}

/// Imogen by three agencies: the machine makes one person of them.
pub(super) async fn three(gateway: &Gateway) -> ([Reference; 3], PersonId) {
    let first = gateway.refer("school-ridgeway", imogen()).await;
    let second = gateway.refer("police-west", imogen()).await;
    let third = gateway.refer("school-ridgeway", more("sex", json!("F"))).await;
    let person = gateway.person(first).await.0;
    for reference in [second, third] {
        assert_eq!(gateway.person(reference).await, (person, LinkState::Linked));
    }
    ([first, second, third], person)
}

pub(super) fn more(member: &str, value: Value) -> Value {
    let mut child = imogen();
    child[member] = value;
    child
}

pub(super) fn of(reference: Reference, person: PersonId) -> MatchId {
    MatchId { reference, child: 0, person }
}

async fn a_separated_child_is_one_of_its_own_and_what_was_wrong_is_taken_back(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([first, second, third], person) = three(&gateway).await;
    assert_eq!(gateway.history(person).await.0, 3);
    let re_referral = "re-referral".to_owned();
    assert!(gateway.fired(second).await.contains(&re_referral));
    let before = gateway.decided(third).await;

    let settled = gateway.settled(of(second, person), Word::Separate, false).await;
    assert_eq!((settled.state, settled.confirmed), (LinkState::Separate, true));
    let (own, state) = gateway.person(second).await;
    assert_eq!((own, state), (settled.person, LinkState::New));
    assert_ne!(own, person);
    assert_eq!(gateway.history(person).await.0, 2);
    assert_eq!(gateway.history(own).await.0, 1);
    assert_eq!(gateway.chronology(person).await, [first, third]);
    assert_eq!(gateway.chronology(own).await, [second]);
    assert!(!gateway.fired(second).await.contains(&re_referral), "the wrong history is gone");
    let third_fired = gateway.fired(third).await;
    assert!(third_fired.contains(&re_referral), "the first one still is the child's history");
    assert!(!third_fired.contains(&"several-agencies-worry".to_owned()), "{third_fired:?}");
    assert!(before.full.children[0].level.rank <= gateway.decided(third).await.full.level.rank);

    // Everyone who was sent the second, and the third that had counted it; not the first.
    for (reference, kind) in [(second, Some("joined")), (third, Some("counted")), (first, None)] {
        let (stored, _) = gateway.stored(reference).await;
        let told = gateway.told(reference).await;
        let taken: Vec<&Value> =
            told.iter().filter(|one| one["data"].get("withdrawn").is_some()).collect();
        let mut sent: Vec<&str> =
            stored.deliveries.iter().map(|row| row.destination.as_str()).collect();
        sent.sort_unstable();
        sent.dedup();
        // Whoever is not statutory was never sent a history, and does not learn of one.
        let statutory = |id: &&str| {
            let known = gateway.rules.directory.destinations.get(&DestinationId::new(id));
            known.is_some_and(|known| known.statutory)
        };
        sent.retain(statutory);
        assert!(!sent.is_empty());
        let Some(kind) = kind else {
            assert!(taken.is_empty());
            continue;
        };
        let mut to: Vec<&str> =
            taken.iter().filter_map(|one| one["data"]["destination"].as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, sent);
        for one in taken {
            let what = &one["data"]["withdrawn"];
            assert_eq!(one["type"], "referral.updated.v1");
            assert_eq!(what["person"], person.to_string());
            assert_eq!((&what["kind"], &what["why"]), (&json!(kind), &json!("separated")));
            assert!(Timestamp::parse(what["since"].as_str().expect("a time")).is_some());
        }
    }
    listed(&gateway, person, [second, third]).await;
}

async fn listed(gateway: &Gateway, person: PersonId, [joined, counted]: [Reference; 2]) {
    let rows = gateway.store.withdrawals(None, 100).await.expect("reads");
    let of = |reference| rows.iter().filter(move |row| row.reference == reference);
    assert!(of(joined).count() > 0 && of(counted).count() > 0);
    assert_eq!(of(joined).count() + of(counted).count(), rows.len());
    for row in of(joined) {
        assert_eq!((row.withdrawal.kind, row.withdrawal.person), (WrongBy::Joined, person));
        assert!(row.withdrawal.sent_at <= row.withdrawal.at);
        assert_eq!(row.delivered_at, None);
    }
    assert!(of(counted).all(|row| row.withdrawal.kind == WrongBy::Counted));
    let desk = gateway.store.chain(ChainName::Desk, 0, 99).await.expect("reads");
    let events = desk.iter().map(|link| String::from_utf8_lossy(&link.events));
    let events: String = events.collect();
    assert!(events.contains("match.decided") && events.contains("history.withdrawn"), "{events}");
    let next = rows[0].withdrawal.message;
    let rest = gateway.store.withdrawals(Some(next), 100).await.expect("reads");
    assert_eq!(rest, rows[1..]);
}

pub(super) const ON_A_PLAN: &str = "record_id,source,forename,surname,dob,address,postcode,\
    nhs_number,case_status,case_team\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,cp,\
    locality.halifax-central\n";

pub(super) async fn import(gateway: &Gateway, people: &str) {
    import_of(gateway, people, 1).await;
}

pub(super) async fn import_of(gateway: &Gateway, people: &str, count: usize) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), people).expect("is written");
    let (store, env) = (gateway.store.as_ref(), OsEnv::new());
    let imported = import_people(store, &ring(), &env, file.path()).await;
    assert_eq!(imported.expect("imports").loaded, count);
}

async fn what_is_lower_waits_for_a_person(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, ON_A_PLAN).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let (person, state) = gateway.person(reference).await;
    assert_eq!(state, LinkState::Linked);
    assert!(gateway.fired(reference).await.contains(&"open-plan".to_owned()));
    let (before, _) = gateway.stored(reference).await;
    let destinations = |decided: &Decided| {
        let routes = decided.full.routes.iter();
        let mut to: Vec<_> = routes.map(|route| route.destination.to_string()).collect();
        to.sort_unstable();
        to
    };
    let sent = destinations(&gateway.decided(reference).await);
    assert!(sent.contains(&"locality.halifax-central".to_owned()), "{sent:?}");

    let settled = gateway.settled(of(reference, person), Word::Separate, false).await;
    let proposed: Value =
        serde_json::from_slice(&settled.proposed.expect("a proposal")).expect("JSON");
    let (kept, _) = gateway.stored(reference).await;
    assert_eq!((&kept.row.level, kept.row.priority), (&before.row.level, before.row.priority));
    assert_eq!(destinations(&gateway.decided(reference).await), sent);
    let fired = gateway.fired(reference).await;
    assert!(!fired.contains(&"open-plan".to_owned()), "its reason is gone");
    assert!(fired.contains(&"history-withdrawn".to_owned()), "{fired:?}");
    let routed = gateway.decided(reference).await.full.routes;
    let rules = routed.iter().flat_map(|route| &route.rules);
    assert!(rules.into_iter().all(|rule| rule.as_str() != "open-plan"));
    assert_ne!(proposed["children"][0]["level_of_need"]["code"], before.row.level);
    let panel = json!("locality.halifax-central");
    let to = proposed["destinations"].as_array().expect("a list");
    assert!(to.contains(&json!("masstt")) && !to.contains(&panel), "{proposed}");

    // Nothing added later brings the wrong history back, nor lowers.
    gateway.inform(reference, json!({"index": 0, "sex": "F"})).await;
    let (added, _) = gateway.stored(reference).await;
    assert_eq!(added.row.level, before.row.level);
    assert!(!gateway.fired(reference).await.contains(&"open-plan".to_owned()));

    let lowered = gateway.settled(of(reference, person), Word::Separate, true).await;
    assert_eq!(lowered.proposed, None);
    let (after, _) = gateway.stored(reference).await;
    assert_ne!(after.row.level, before.row.level);
    let left = destinations(&gateway.decided(reference).await);
    assert!(left.len() < sent.len() && !left.contains(&"locality.halifax-central".to_owned()));
    // And once more changes nothing.
    assert_eq!(gateway.events("decision.lowered").await.len(), 1);
    gateway.settled(of(reference, person), Word::Separate, true).await;
    assert_eq!(gateway.stored(reference).await.0.row, after.row);
    assert_eq!(gateway.events("decision.lowered").await.len(), 1);
}

async fn a_separated_pair_is_never_offered_again(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, _], person) = three(&gateway).await;
    gateway.settled(of(second, person), Word::Separate, false).await;
    let own = gateway.person(second).await.0;
    gateway.add(second, more("school", json!("Ridgeway"))).await;
    assert_eq!(gateway.person(second).await, (own, LinkState::New));
    assert_eq!(gateway.state_of(of(second, person)).await, Some(LinkState::Separate));

    // Whoever is taken for the one is not offered the other.
    let linked = gateway.refer("school-ridgeway", perhaps()).await;
    gateway.settled(of(linked, own), Word::Link, false).await;
    gateway.inform(linked, json!({"index": 0, "nhs_number": "9990006504"})).await;
    assert_eq!(gateway.person(linked).await, (own, LinkState::Linked));
    let (_, links) = gateway.stored(linked).await;
    let other = links.iter().find(|link| link.person == person);
    assert!(other.is_none_or(|link| link.state != LinkState::Linked), "{links:?}");
}

async fn two_told_apart_are_left_to_a_person(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, _], person) = three(&gateway).await;
    gateway.settled(of(second, person), Word::Separate, false).await;
    let own = gateway.person(second).await.0;
    let next = gateway.refer("police-west", more("sex", json!("F"))).await;
    assert_eq!(gateway.person(next).await.1, LinkState::New);
    for one in [person, own] {
        assert_eq!(gateway.state_of(of(next, one)).await, Some(LinkState::Possible));
    }
}

async fn a_possible_one_is_linked_and_whoever_was_made_is_no_candidate(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.refer("school-ridgeway", imogen()).await;
    let person = gateway.person(first).await.0;
    let second = gateway.refer("police-west", perhaps()).await;
    let made = gateway.person(second).await.0;
    assert_eq!(gateway.possible(second).await, of(second, person));
    let settled = gateway.settled(of(second, person), Word::Link, false).await;
    assert_eq!((settled.state, settled.person), (LinkState::Linked, person));
    assert_eq!(gateway.person(second).await, (person, LinkState::Linked));
    assert_eq!(gateway.history(person).await.0, 2);
    assert_eq!(gateway.history(made).await.0, 0);
    assert!(gateway.fired(second).await.contains(&"re-referral".to_owned()));
    let told = gateway.told(second).await;
    assert!(told.iter().any(|one| one["type"] == "referral.updated.v1"));

    let third = gateway.refer("police-west", more("sex", json!("F"))).await;
    let (_, links) = gateway.stored(third).await;
    assert!(links.iter().all(|link| link.person != made), "{links:?}");
    // A person's link stays, whatever is added.
    gateway.add(second, json!({"index": 0, "date_of_birth": "2009-01-01"})).await;
    assert_eq!(gateway.person(second).await, (person, LinkState::Linked));
    let (_, links) = gateway.stored(second).await;
    let link = links.iter().find(|link| link.person == person).expect("the link");
    assert!(link.decision.is_some(), "it is still the person's word");
}

/// A is B, by a person; C was taken for A by the machine. Nobody has said that C is B.
async fn no_two_children_are_chained_through_a_third(home: Home) {
    let gateway = Gateway::over(&home).await;
    let known = gateway.refer("school-ridgeway", imogen()).await;
    let person = gateway.person(known).await.0;
    let middle = gateway.refer("police-west", perhaps()).await;
    let made = gateway.person(middle).await.0;
    let far = gateway.refer("school-ridgeway", perhaps()).await;
    let far_match = of(far, made);
    if gateway.person(far).await.0 != made {
        gateway.settled(far_match, Word::Link, false).await;
    }
    assert_eq!(gateway.person(far).await.0, made);
    gateway.settled(of(middle, person), Word::Link, false).await;
    assert_eq!(gateway.person(middle).await.0, person);
    assert_eq!(gateway.person(far).await.0, made, "it stays where it was");
    assert_eq!(gateway.state_of(of(far, person)).await, Some(LinkState::Possible));
    assert_eq!(gateway.chronology(person).await, [known, middle]);
    assert_eq!(gateway.chronology(made).await, [far]);
    // The one that is left has others: it is still a candidate.
    gateway.settled(of(middle, person), Word::Separate, false).await;
    assert_eq!(gateway.person(middle).await.0, made, "back with its own");
    assert_eq!(gateway.chronology(made).await, [middle, far]);
    // Whoever is the other one cannot be that person, as long as the word stands.
    let far_and_person = of(far, person);
    assert!(!gateway.open().await.contains(&far_and_person));
    gateway.settled(of(middle, person), Word::NotSure, false).await;
    assert!(gateway.open().await.contains(&far_and_person));
}

async fn everyones(gateway: &Gateway, all: &[Reference]) -> Vec<(PersonId, (u32, u32, i16))> {
    let mut histories = Vec::new();
    for reference in all {
        let person = gateway.person(*reference).await.0;
        histories.push((person, gateway.history(person).await));
    }
    histories
}

async fn separating_undoes_linking_and_linking_undoes_separating(home: Home) {
    let gateway = Gateway::over(&home).await;
    let (all, person) = three(&gateway).await;
    let possible = gateway.refer("police-west", perhaps()).await;
    let all = [all.as_slice(), &[possible]].concat();
    let before = everyones(&gateway, &all).await;
    for _ in 0..2 {
        gateway.settled(of(possible, person), Word::Link, false).await;
        assert_eq!(gateway.history(person).await.0, 4);
        gateway.settled(of(possible, person), Word::Separate, false).await;
        assert_eq!(everyones(&gateway, &all).await, before);
    }
    for round in 0..2 {
        gateway.settled(of(all[1], person), Word::Separate, false).await;
        assert_eq!(gateway.history(person).await.0, 2, "{round}");
        gateway.settled(of(all[1], person), Word::Link, false).await;
        assert_eq!(everyones(&gateway, &all).await, before, "{round}");
    }
}

async fn saying_it_again_changes_nothing(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, third], person) = three(&gateway).await;
    for (reference, word) in [(second, Word::Separate), (third, Word::Link), (third, Word::NotSure)]
    {
        let first = gateway.settled(of(reference, person), word, false).await;
        let said = gateway.events("match.said-again").await.len();
        let told = gateway.told(reference).await.len();
        let again = gateway.settled(of(reference, person), word, false).await;
        assert_eq!(first, again);
        assert_eq!(gateway.told(reference).await.len(), told);
        // But that it was said, and what was answered, is on record.
        let events = gateway.events("match.said-again").await;
        assert_eq!(events.len(), said + 1, "{word:?}");
        assert_eq!(events[said].person, Some(person));
        assert_eq!(events[said].detail.as_deref(), Some(word.as_str()));
    }
    assert_eq!(gateway.person(third).await, (person, LinkState::Linked));
    // Not sure of a separated pair: it is possible again.
    let unsure = gateway.settled(of(second, person), Word::NotSure, false).await;
    assert_eq!((unsure.state, unsure.confirmed), (LinkState::Possible, false));
}

async fn what_is_not_there_or_taken_is_not_decided(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([first, second, _], person) = three(&gateway).await;
    let nobody = PersonId(uuid::Uuid::from_u128(1));
    let unknown = Reference::from_entropy(3);
    for id in [of(second, nobody), of(unknown, person), of(first, person)] {
        assert_eq!(gateway.say(id, Word::Separate, false).await, Heard::Unknown, "{id}");
    }
    // A child that is somebody by a person's word is not somebody else as well.
    gateway.settled(of(second, person), Word::Separate, false).await;
    let fourth = gateway.refer("police-west", more("sex", json!("F"))).await;
    let own = gateway.person(second).await.0;
    gateway.settled(of(fourth, own), Word::Link, false).await;
    assert_eq!(gateway.say(of(fourth, person), Word::Link, false).await, Heard::Taken);
}

async fn matches_are_listed_as_they_stand_in_pages(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, third], person) = three(&gateway).await;
    let possible = gateway.refer("police-west", perhaps()).await;
    let list = async |state, after| {
        let rows = gateway.store.matches(state, after, 100).await.expect("reads");
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(list(MatchState::Open, None).await, [of(possible, person)]);
    assert_eq!(list(MatchState::Unconfirmed, None).await, [of(second, person), of(third, person)]);
    assert!(list(MatchState::Decided, None).await.is_empty());
    gateway.settled(of(second, person), Word::Separate, false).await;
    gateway.settled(of(third, person), Word::Link, false).await;
    assert!(list(MatchState::Unconfirmed, None).await.is_empty());
    let decided = list(MatchState::Decided, None).await;
    assert_eq!(decided, [of(second, person), of(third, person)]);
    let id = gateway.stored(second).await.0.row.id;
    let after = (id, 0, person);
    assert_eq!(list(MatchState::Decided, Some(after)).await, [of(third, person)]);
}

async fn whoever_counted_it_takes_what_is_lower_by_their_own_match(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([first, second, third], person) = three(&gateway).await;
    gateway.settled(of(second, person), Word::Separate, false).await;
    let before = gateway.decided(third).await;
    let lower = before.proposed.expect("the third had counted the second");
    assert!(lower.level.rank < before.full.level.rank);
    let asked = gateway.settled(of(third, person), Word::Link, false).await;
    assert!(asked.proposed.is_some(), "a word by itself lowers nothing");
    assert_eq!(gateway.decided(third).await.full, before.full);
    let taken = gateway.settled(of(third, person), Word::Link, true).await;
    assert_eq!(taken.proposed, None);
    assert_eq!(gateway.decided(third).await.full, lower);
    // Of the referral that made the person, what is proposed can be asked as well.
    let own = gateway.settled(of(first, person), Word::Link, false).await;
    assert_eq!((own.state, own.proposed), (LinkState::New, None));
}

async fn an_adopted_record_is_possible_and_never_linked_by_the_machine(home: Home) {
    let gateway = Gateway::over(&home).await;
    let adopted = ON_A_PLAN
        .replace("case_team\n", "case_team,restricted\n")
        .replace("halifax-central\n", "halifax-central,adoption\n");
    import(&gateway, &adopted).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    assert_eq!(gateway.person(reference).await.1, LinkState::New);
    let person = gateway.possible(reference).await.person;
    let record = gateway.store.person(person).await.expect("reads").expect("there");
    assert!(record.restricted && record.fed);
    assert_eq!(record.restriction, Some(Restriction::Adoption));
    assert!(gateway.fired(reference).await.contains(&"possible-open-case".to_owned()));
    let (stored, _) = gateway.stored(reference).await;
    assert!(stored.deliveries.iter().any(|row| row.destination.as_str() == "masstt"));
}
