//! Information added to a referral, through the whole pipeline and a real store.

use super::gateway::Gateway;
use super::homes::{Home, ring};
use super::on_both;
use super::rows::person;
use frontdoor::app::{OsEnv, import_people};
use frontdoor::domain::{LinkState, Priority};
use serde_json::{Value, json};

on_both!(
    information_that_names_a_child_on_a_plan_brings_in_the_plan,
    a_child_named_by_information_is_known_by_it_to_the_next_sender,
    what_others_said_of_the_child_counts_and_the_referral_itself_does_not,
);

fn unknown() -> Value {
    json!({"description": "unknown child at 14 Example Street"})
}

fn imogen() -> Value {
    json!({
        "index": 0,
        "given_name": "Imogen",
        "family_name": "Hollins",
        "date_of_birth": "2016-03-09",
        "nhs_number": "9990006504",
    })
}

const ON_A_PLAN: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,\
    case_status,case_team\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,cp,\
    locality.halifax-central\n";

async fn information_that_names_a_child_on_a_plan_brings_in_the_plan(home: Home) {
    let gateway = Gateway::over(&home).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), ON_A_PLAN).expect("is written");
    let imported = import_people(gateway.store.as_ref(), &ring(), &OsEnv::new(), file.path()).await;
    assert_eq!(imported.expect("imports").loaded, 1);

    let reference = gateway.refer("school-ridgeway", unknown()).await;
    let (before, links) = gateway.stored(reference).await;
    assert_eq!(before.row.priority, Priority::Standard);
    assert_eq!(links.len(), 1);

    gateway.inform(reference, imogen()).await;
    let (after, links) = gateway.stored(reference).await;
    assert!(gateway.fired(reference).await.contains(&"possible-open-case".to_owned()));
    assert_eq!(after.row.priority, Priority::Urgent);
    let told = after.deliveries.iter().filter(|row| row.destination.as_str() == "masstt");
    assert!(told.into_iter().any(|row| row.sequence == 2 && row.priority == Priority::Urgent));
    let possible = links.iter().filter(|link| link.state == LinkState::Possible);
    assert_eq!(possible.count(), 1, "a reviewer sees whom it may be");

    // And again: what was possible before is no less so.
    gateway.inform(reference, json!({"index": 0, "sex": "F"})).await;
    assert!(gateway.fired(reference).await.contains(&"possible-open-case".to_owned()));
    assert_eq!(gateway.person(reference).await.1, LinkState::New);
}

async fn a_child_named_by_information_is_known_by_it_to_the_next_sender(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.refer("school-ridgeway", unknown()).await;
    let made = gateway.person(first).await.0;
    gateway.inform(first, imogen()).await;
    let second = gateway.refer("police-west", imogen()).await;
    assert_eq!(gateway.person(second).await, (made, LinkState::Linked));
}

async fn what_others_said_of_the_child_counts_and_the_referral_itself_does_not(home: Home) {
    let gateway = Gateway::over(&home).await;
    let alone = gateway.refer("school-ridgeway", imogen()).await;
    gateway.inform(alone, json!({"index": 0, "sex": "F"})).await;
    let re_referral = "re-referral".to_owned();
    assert!(!gateway.fired(alone).await.contains(&re_referral), "it is no history of itself");
    gateway.refer("police-west", imogen()).await;
    gateway.inform(alone, json!({"index": 0, "school": "Ridgeway"})).await;
    assert!(gateway.fired(alone).await.contains(&re_referral));

    // To one person: two referrals of two agencies, each without itself.
    let (made, _) = gateway.person(alone).await;
    let own = gateway.stored(alone).await.0.row;
    let stranger = person(&[]).id;
    let mut tx = gateway.store.begin().await.expect("begins");
    let since = own.received_at.plus_seconds(-60);
    let all = tx.histories(&[made, stranger], since, &[]).await.expect("reads");
    assert_eq!((all.len(), all[0].referrals, all[0].agencies), (1, 2, 2));
    let others = tx.histories(&[made], since, &[own.id]).await.expect("reads");
    assert_eq!((others[0].referrals, others[0].agencies), (1, 1));
}
