//! Late truth: what the authority's records tell after a referral, through the whole pipeline and
//! both stores.

use super::gateway::Gateway;
use super::homes::{Home, ring};
use super::matches::{ON_A_PLAN, imogen, import, more, of, perhaps};
use super::on_both;
use frontdoor::app::OsEnv;
use frontdoor::audit::ChainName;
use frontdoor::domain::time::Env;
use frontdoor::domain::{LinkState, Reference, Word};
use frontdoor::pipeline::Newsreader;
use frontdoor::store::lane::{LaneParts, lane, offload_in_place};
use frontdoor::store::seal::Dossier;
use frontdoor::store::*;
use serde_json::{Value, json};
use std::time::Duration;

on_both!(
    an_unborn_child_is_possibly_the_one_whose_birth_is_told,
    a_plan_told_later_of_a_child_who_was_new_is_put_before_masstt,
    an_update_of_an_old_referral_has_a_clock_of_its_own,
    a_plan_that_begins_later_raises_what_was_linked_and_is_told_once,
    whoever_would_be_chained_is_left_to_a_person,
    an_adopted_child_s_record_is_never_linked_later_either,
    a_separated_pair_is_not_joined_again,
    a_child_of_another_name_is_left_alone,
    what_was_not_heard_to_its_end_is_heard_again,
    a_feed_that_says_nothing_new_is_no_news,
    the_gateway_follows_by_itself,
);

impl Gateway {
    async fn hear_news(&self) -> usize {
        self.newsreader().round().await.expect("is heard")
    }

    /// Destinations that were told of the referral again, in order.
    async fn updated(&self, reference: Reference) -> Vec<String> {
        let told = self.told(reference).await;
        let updates = told.iter().filter(|one| one["type"] == "referral.updated.v1");
        let to = updates.filter_map(|one| one["data"]["destination"].as_str());
        let mut to: Vec<String> = to.map(str::to_owned).collect();
        to.sort_unstable();
        to
    }

    async fn intake_events(&self) -> String {
        let links = self.store.chain(ChainName::Intake, 0, 99).await.expect("reads");
        links.iter().map(|link| String::from_utf8_lossy(&link.events).into_owned()).collect()
    }
}

/// Imogen as the authority's records know her before there is a plan.
fn without_a_plan() -> String {
    ON_A_PLAN.replace(",cp,locality.halifax-central", ",none,")
}

async fn an_unborn_child_is_possibly_the_one_whose_birth_is_told(home: Home) {
    let gateway = Gateway::over(&home).await;
    let today = OsEnv::new().now().date();
    let due = today.saturating_add(jiff::Span::new().days(20));
    let unborn = json!({
        "index": 0,
        "unborn": "yes",
        "expected_date": due.to_string(),
        "family_name": "Hollins",
        "mother_name": "Kelly Hollins",
        "address": {"lines": ["4 Dale Street"], "postcode": "HX3 6DP"},
    });
    let reference = gateway.refer("school-ridgeway", unborn).await;
    let (made, state) = gateway.person(reference).await;
    assert_eq!(state, LinkState::New);
    let birth = format!(
        "record_id,source,forename,surname,dob,address,postcode,mother_name,case_status\n\
         R7,lcs,Robyn,Hollins,{today},4 Dale Street,HX3 6DP,Kelly Hollins,none\n"
    );
    import(&gateway, &birth).await;
    assert_eq!(gateway.hear_news().await, 1);
    let born = gateway.possible(reference).await;
    assert_ne!(born.person, made);
    assert_eq!(gateway.person(reference).await, (made, LinkState::New));
    assert!(!gateway.updated(reference).await.is_empty(), "whoever was sent it is told");
    let open = gateway.store.matches(MatchState::Open, None, 9).await.expect("reads");
    assert_eq!(open.iter().map(|row| row.id).collect::<Vec<_>>(), [born]);
    let events = gateway.intake_events().await;
    assert!(events.contains("match.possible") && events.contains("referral.decided-again"));
    assert_eq!(gateway.hear_news().await, 0);
    // A person confirms it as any other.
    let settled = gateway.settled(born, Word::Link, false).await;
    assert_eq!((settled.state, settled.person), (LinkState::Linked, born.person));
}

async fn a_plan_told_later_of_a_child_who_was_new_is_put_before_masstt(home: Home) {
    let gateway = Gateway::over(&home).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let made = gateway.person(reference).await.0;
    let (before, _) = gateway.stored(reference).await;
    import(&gateway, ON_A_PLAN).await;
    assert_eq!(gateway.hear_news().await, 1);
    let (after, _) = gateway.stored(reference).await;
    assert!(after.row.level_rank > before.row.level_rank);
    assert!(after.row.respond_by <= before.row.respond_by);
    assert_eq!(after.row.revision, before.row.revision, "its sender has added nothing");
    assert!(gateway.fired(reference).await.contains(&"open-plan".to_owned()));
    assert!(gateway.updated(reference).await.contains(&"masstt".to_owned()));
    // The machine's link, which nobody has confirmed; who was made for the child is nobody.
    let (person, state) = gateway.person(reference).await;
    assert_eq!((state, person == made), (LinkState::Linked, false));
    let unconfirmed = gateway.store.matches(MatchState::Unconfirmed, None, 9).await.expect("reads");
    assert_eq!(unconfirmed.iter().map(|row| row.id).collect::<Vec<_>>(), [of(reference, person)]);
    let next = gateway.refer("police-west", imogen()).await;
    assert_eq!(gateway.person(next).await, (person, LinkState::Linked));
    let (_, links) = gateway.stored(next).await;
    assert!(links.iter().all(|link| link.person != made), "{links:?}");
    // A person's word gives the child back to whom it was.
    gateway.settled(of(reference, person), Word::Separate, false).await;
    assert_eq!(gateway.person(reference).await, (made, LinkState::New));
}

/// Two children of earlier referrals may be one: linking the one would chain the other.
async fn whoever_would_be_chained_is_left_to_a_person(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.refer("school-ridgeway", imogen()).await;
    let second = gateway.refer("police-west", perhaps()).await;
    let (_, links) = gateway.stored(second).await;
    assert!(links.iter().any(|link| link.state == LinkState::Possible), "{links:?}");
    import(&gateway, ON_A_PLAN).await;
    gateway.hear_news().await;
    let known = gateway.possible(first).await.person;
    assert!(gateway.fired(first).await.contains(&"possible-open-case".to_owned()));
    for reference in [first, second] {
        assert_eq!(gateway.person(reference).await.1, LinkState::New);
        assert_eq!(gateway.state_of(of(reference, known)).await, Some(LinkState::Possible));
    }
}

async fn an_adopted_child_s_record_is_never_linked_later_either(home: Home) {
    let gateway = Gateway::over(&home).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let adopted = ON_A_PLAN
        .replace("case_team\n", "case_team,restricted\n")
        .replace("halifax-central\n", "halifax-central,adoption\n");
    import(&gateway, &adopted).await;
    gateway.hear_news().await;
    assert_eq!(gateway.person(reference).await.1, LinkState::New);
    assert_eq!(gateway.possible(reference).await.child, 0);
}

async fn an_update_of_an_old_referral_has_a_clock_of_its_own(home: Home) {
    let gateway = Gateway::over(&home).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let (stored, _) = gateway.stored(reference).await;
    let bytes = ring().open_record(&Dossier::name(stored.row.id), &stored.row.record);
    let mut dossier = Dossier::from_bytes(&bytes.expect("opens")).expect("a dossier");
    let mut decided: Value = serde_json::from_slice(&dossier.decision).expect("JSON");
    let long_ago = json!("2020-01-01T00:00:00Z");
    for decision in ["alone", "full"] {
        for route in decided[decision]["routes"].as_array_mut().expect("a list") {
            route["due_at"] = long_ago.clone();
        }
    }
    dossier.decision = serde_json::to_vec(&decided).expect("JSON");
    let (key, env) = (&stored.row.record.wrapped_key, OsEnv::new());
    let name = Dossier::name(stored.row.id);
    let record = ring().seal_more(&name, key, &dossier.to_bytes(), &env).expect("seals");
    let hex: String = record.iter().map(|byte| format!("{byte:02x}")).collect();
    let value = if home.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
    home.sql(&format!("UPDATE referral SET record = {value}")).await;

    import(&gateway, ON_A_PLAN).await;
    gateway.hear_news().await;
    let now = env.now();
    let (stored, _) = gateway.stored(reference).await;
    let updates = stored.deliveries.iter().filter(|row| row.sequence > 1);
    assert!(updates.clone().count() > 0);
    assert!(updates.into_iter().all(|row| row.due_at > now), "{:?}", stored.deliveries);
}

async fn a_plan_that_begins_later_raises_what_was_linked_and_is_told_once(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, &without_a_plan()).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    assert_eq!(gateway.person(reference).await.1, LinkState::Linked);
    import(&gateway, ON_A_PLAN).await;
    assert_eq!(gateway.hear_news().await, 1);
    assert!(gateway.fired(reference).await.contains(&"open-plan".to_owned()));
    assert_eq!(gateway.stored(reference).await.0.row.level, "5");
    let told = gateway.told(reference).await;
    let to = |team: &str| told.iter().filter(|one| one["data"]["destination"] == team).count();
    assert_eq!((to("masstt"), to("locality.halifax-central")), (2, 1));
    // Closed and begun again, it says no more than before.
    import(&gateway, &without_a_plan()).await;
    import(&gateway, ON_A_PLAN).await;
    assert_eq!(gateway.hear_news().await, 1);
    assert_eq!(gateway.told(reference).await.len(), told.len());
}

async fn a_separated_pair_is_not_joined_again(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, &without_a_plan()).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let person = gateway.person(reference).await.0;
    gateway.settled(of(reference, person), Word::Separate, false).await;
    let own = gateway.person(reference).await;
    let told = gateway.told(reference).await.len();
    import(&gateway, &ON_A_PLAN.replace("HX3 6DP", "HX1 1AA")).await;
    assert_eq!(gateway.hear_news().await, 1);
    assert_eq!(gateway.state_of(of(reference, person)).await, Some(LinkState::Separate));
    assert_eq!(gateway.person(reference).await, own);
    assert_eq!(gateway.told(reference).await.len(), told);
    assert!(!gateway.fired(reference).await.contains(&"open-plan".to_owned()));
}

async fn a_child_of_another_name_is_left_alone(home: Home) {
    let gateway = Gateway::over(&home).await;
    let sibling = json!({
        "index": 0,
        "given_name": "Rowan",
        "family_name": "Hollins",
        "date_of_birth": "2012-11-20",
        "address": {"lines": ["4 Dale Street"], "postcode": "HX3 6DP"},
    });
    let reference = gateway.refer("school-ridgeway", sibling).await;
    let told = gateway.told(reference).await.len();
    import(&gateway, ON_A_PLAN).await;
    assert_eq!(gateway.hear_news().await, 1);
    assert_eq!(gateway.stored(reference).await.1.len(), 1);
    assert_eq!(gateway.told(reference).await.len(), told);
}

/// The gateway ends between the news and the lane; another takes over.
async fn what_was_not_heard_to_its_end_is_heard_again(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.refer("school-ridgeway", imogen()).await;
    let second = gateway.refer("police-west", perhaps()).await;
    import(&gateway, ON_A_PLAN).await;
    let (stages, env) = (gateway.pipeline.stages.clone(), gateway.pipeline.env.clone());
    let parts = LaneParts {
        store: gateway.store.clone(),
        judge: stages.clone(),
        env,
        offload: offload_in_place(),
        handover: None,
    };
    let (ended, run) = lane(parts, 4);
    drop(run);
    let dying = Newsreader { store: gateway.store.clone(), stages, lane: ended };
    assert!(dying.round().await.is_err());
    assert!(gateway.updated(first).await.is_empty());
    assert_eq!(gateway.hear_news().await, 1);
    let (one, two) = (gateway.told(first).await, gateway.told(second).await);
    assert!(gateway.updated(first).await.contains(&"masstt".to_owned()));
    assert!(gateway.updated(second).await.contains(&"masstt".to_owned()));
    // As if it had ended before it had noted that they were heard.
    home.sql("INSERT INTO news SELECT 7, id FROM person WHERE source IS NOT NULL").await;
    assert_eq!(gateway.hear_news().await, 1);
    assert_eq!(gateway.told(first).await, one, "nothing is told twice");
    assert_eq!(gateway.told(second).await, two);
}

async fn a_feed_that_says_nothing_new_is_no_news(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, ON_A_PLAN).await;
    let news = async || gateway.store.news(9).await.expect("reads").len();
    assert_eq!(news().await, 0, "there was no referral yet");
    let reference = gateway.refer("school-ridgeway", more("sex", json!("F"))).await;
    import(&gateway, ON_A_PLAN).await;
    import(&gateway, &without_a_plan()).await;
    assert_eq!(news().await, 0, "nothing new, and a plan that ended");
    import(&gateway, ON_A_PLAN).await;
    assert_eq!(news().await, 1);
    assert_eq!(gateway.hear_news().await, 1);
    assert!(gateway.fired(reference).await.contains(&"open-plan".to_owned()));
    assert_eq!(news().await, 0);
}

async fn the_gateway_follows_by_itself(home: Home) {
    let gateway = Gateway::over(&home).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let following = tokio::spawn(gateway.newsreader().run(stopped));
    import(&gateway, ON_A_PLAN).await;
    let told = async {
        while gateway.updated(reference).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("within seconds");
    stop.send_replace(true);
    following.await.expect("it stops");
}
