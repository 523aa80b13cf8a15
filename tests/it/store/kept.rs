//! What a decision was made with is kept beside it, sealed, so that it can be made again.

use super::gateway::Gateway;
use super::homes::Home;
use super::matches::{imogen, import_of, more, of, three};
use super::on_both;
use super::words::say_of_records;
use frontdoor::audit::ChainName;
use frontdoor::domain::{LinkState, Reference, Timestamp, Word};
use frontdoor::pipeline::Made;
use serde_json::json;

on_both!(
    what_was_known_is_kept_with_each_decision_and_an_addition_has_its_own_time,
    a_separation_keeps_the_history_without_what_was_wrong,
    a_wrong_history_that_changed_nothing_is_kept_no_longer_and_nobody_is_told,
);

impl Gateway {
    async fn made(&self, reference: Reference) -> Made {
        self.decided(reference).await.made.expect("it is kept")
    }

    /// Link of the only child, and how many referrals by how many agencies came before.
    async fn known(&self, reference: Reference) -> (LinkState, u32, u32) {
        let [child] = self.made(reference).await.history.try_into().expect("one child");
        (child.link, child.referrals_12m, child.agencies_12m)
    }

    /// As JSON tells it: to the millisecond.
    async fn received_at(&self, reference: Reference) -> Timestamp {
        let told = self.stored(reference).await.0.row.received_at.to_string();
        Timestamp::parse(&told).expect("a time")
    }
}

async fn what_was_known_is_kept_with_each_decision_and_an_addition_has_its_own_time(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([first, second, third], _) = three(&gateway).await;
    assert_eq!(gateway.known(first).await, (LinkState::New, 0, 0));
    assert_eq!(gateway.known(second).await, (LinkState::Linked, 1, 1));
    assert_eq!(gateway.known(third).await, (LinkState::Linked, 2, 2));
    let made = gateway.made(third).await;
    let received_at = gateway.received_at(third).await;
    assert_eq!((made.at, made.read_at), (received_at, received_at));

    gateway.add(first, json!({"index": 0, "sex": "F"})).await;
    assert_eq!(gateway.known(first).await.1, 2, "both came meanwhile");
    let made = gateway.made(first).await;
    assert!(made.at > gateway.received_at(first).await);
    assert_eq!(made.at, made.read_at);
}

async fn a_separation_keeps_the_history_without_what_was_wrong(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, third], person) = three(&gateway).await;
    gateway.settled(of(second, person), Word::Separate, false).await;
    assert_eq!(gateway.known(second).await.1, 0);
    assert_eq!(gateway.known(third).await, (LinkState::Linked, 1, 1));
    let made = gateway.made(third).await;
    assert_eq!(made.at, gateway.received_at(third).await);
}

const TWO: &str = "record_id,source,forename,surname,dob,nhs_number\n\
    R1,lcs,Imogen,Hollins,2016-03-09,9990006504\n\
    R2,lcs,Zofia,Invented,2011-05-21,9990006512\n";

async fn a_wrong_history_that_changed_nothing_is_kept_no_longer_and_nobody_is_told(home: Home) {
    let gateway = Gateway::over(&home).await;
    import_of(&gateway, TWO, 2).await;
    let first = gateway.refer("police-west", imogen()).await;
    let zofia = json!({"given_name": "Zofia", "family_name": "Invented",
        "date_of_birth": "2011-05-21", "nhs_number": "9990006512"});
    let other = gateway.refer("police-west", zofia).await;
    let (one, other) = (gateway.person(first).await.0, gateway.person(other).await.0);
    say_of_records(&gateway, other, Some(one), 1).await;
    let again = gateway.refer("police-west", more("sex", json!("F"))).await;
    assert_eq!(gateway.known(again).await, (LinkState::Linked, 2, 1));
    let told = gateway.told(again).await.len();
    say_of_records(&gateway, other, None, 2).await;
    assert_eq!(gateway.known(again).await, (LinkState::Linked, 1, 1));
    assert_eq!(gateway.told(again).await.len(), told);
    let mut events = String::new();
    for link in gateway.store.chain(ChainName::Desk, 0, 99).await.expect("reads") {
        events += &String::from_utf8_lossy(&link.events);
    }
    assert!(events.contains("history.counted-again"), "{events}");
}
