//! Adults of one family who turn up in another, through the whole pipeline and both stores.

use super::gateway::{Gateway, accepted};
use super::homes::Home;
use super::matches::{ON_A_PLAN, imogen, import, of};
use super::on_both;
use frontdoor::app::OsEnv;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::time::Env;
use frontdoor::domain::{AdultWord, LinkState, Reference, Word};
use frontdoor::pipeline::{AdultWatch, Intake, Outcome};
use frontdoor::store::lane::{LaneParts, lane, offload_in_place};
use frontdoor::store::*;
use serde_json::{Value, json};
use std::time::Duration;

on_both!(
    whoever_harmed_one_familys_children_is_seen_in_the_next,
    whoever_is_first_named_as_a_partner_is_seen_when_he_is_accused_elsewhere,
    a_mother_is_seen_with_other_children,
    the_same_child_again_is_no_news,
    a_wrong_link_hides_the_adults_only_until_it_is_parted,
    a_restricted_childs_family_is_told_to_nobody_but_the_named,
    a_name_alone_is_no_match,
    a_follower_that_was_stopped_goes_on_and_tells_nothing_twice,
    a_persons_word_is_kept_and_not_asked_for_again,
    an_addition_brings_new_adults,
    an_addition_takes_away_whom_it_has_no_more,
    who_is_accused_later_is_told_again_unless_told_apart,
    what_is_refused_or_tried_out_leaves_no_adults,
    the_gateway_follows_adults_by_itself,
);

pub(super) fn child(name: &str, family: &str) -> Value {
    json!({"given_name": name, "family_name": family, "date_of_birth": "2016-03-09"})
}

pub(super) fn william() -> Value {
    json!({
        "name": "William Pike",
        "relationship": "mother's partner",
        "date_of_birth": "1985-06-12",
        "lives_with_child": "yes",
    })
}

pub(super) fn accused() -> Value {
    with(william(), "alleged_to_have_harmed", json!("yes"))
}

pub(super) fn with(mut value: Value, member: &str, new: Value) -> Value {
    value[member] = new;
    value
}

impl Gateway {
    fn watch(&self) -> AdultWatch {
        let (stages, lane) = (self.pipeline.stages.clone(), self.pipeline.lane.clone());
        AdultWatch { store: self.store.clone(), stages, lane }
    }

    pub(super) async fn compare(&self) -> usize {
        self.watch().round().await.expect("is compared")
    }

    /// Also sent to a panel, which is not statutory.
    pub(super) async fn family(&self, child: Value, at: &str, people: Value) -> Reference {
        let body = body(child, at, people);
        accepted(self.pipeline.receive(self.submission("school-ridgeway", &body)).await)
    }

    /// What each destination was told of adults, in order.
    pub(super) async fn adults_told(&self, reference: Reference) -> Vec<(String, Value)> {
        let told = self.told(reference).await.into_iter();
        let of_adults = told.filter(|one| one["data"].get("adults").is_some());
        of_adults
            .map(|one| {
                assert_eq!(one["type"], "referral.updated.v1");
                assert_eq!(one["data"]["purpose"], "possible-adult");
                let to = one["data"]["destination"].as_str().expect("a destination");
                (to.to_owned(), one["data"]["adults"].clone())
            })
            .collect()
    }

    pub(super) async fn adults_in(&self, state: MatchState) -> Vec<AdultMatch> {
        self.store.adult_matches(state, None, 99).await.expect("reads")
    }

    async fn tell_apart(&self, one: &AdultMatch, word: AdultWord) -> bool {
        let (of, by) = (one.row.id, super::rows::sealed("who and why"));
        let event = Event::new("adult.decided", "masstt").about(one.row.later.referral);
        let decision = AdultDecision { of, word, by, event };
        self.store.decide_adults(decision, OsEnv::new().now()).await.expect("is kept")
    }
}

fn body(child: Value, at: &str, people: Value) -> Value {
    json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [child],
        "household": {"address": {"lines": [at], "postcode": "HX1 2XQ"}, "people": people},
        "worry": format!("Invented: there is a new man at {at}."),
        "concerns": ["11A"],
        "danger_now": "no",
    })
}

async fn whoever_harmed_one_familys_children_is_seen_in_the_next(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let moved = with(william(), "name", json!("Billy PIKE"));
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([moved])).await;
    let before = gateway.stored(second).await.0;
    assert!(before.deliveries.iter().any(|row| row.destination.as_str() == "cse-panel"));
    assert_eq!(gateway.compare().await, 2);
    let told = gateway.adults_told(second).await;
    let [(to, adults)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(to, "masstt");
    let one = &adults[0];
    assert_eq!((&one["role"], &one["other"]["role"]), (&json!("carer"), &json!("alleged")));
    assert_eq!(one["other"]["reference"], first.to_string());
    assert_eq!((&one["state"], &one["unconfirmed"]), (&json!("possible"), &json!(true)));
    let bars = one["evidence"].as_array().expect("bars");
    let birth = bars.iter().find(|bar| bar["field"] == "birth").expect("a bar");
    assert_eq!(birth["level"], "exact");
    assert!(one["probability"].as_f64().expect("a number") >= 0.5, "{one}");
    let text = adults.to_string().to_lowercase();
    assert!(!text.contains("pike") && !text.contains("1985"), "{text}");
    // Nothing was decided by it, and the earlier referral's teams are told nothing.
    let after = gateway.stored(second).await.0;
    assert_eq!(after.row, before.row);
    assert_eq!(after.deliveries.len(), before.deliveries.len() + 1);
    assert_eq!(gateway.adults_told(first).await, []);
    let update = after.deliveries.iter().find(|row| row.purpose.as_str() == "possible-adult");
    assert!(update.expect("an update").due_at > OsEnv::new().now());
    let chain = gateway.store.chain(ChainName::Intake, 0, 99).await.expect("reads");
    let events = |link: &frontdoor::audit::StoredLinkOfChain| link.events.clone();
    let events: Vec<u8> = chain.iter().flat_map(events).collect();
    assert!(String::from_utf8_lossy(&events).contains("adult.possible"));
    let open = gateway.adults_in(MatchState::Open).await;
    assert_eq!((open.len(), open[0].reference, open[0].other), (1, second, first));
    assert!(open[0].row.alleged && open[0].said.is_none());
    assert_eq!(gateway.compare().await, 0);
}

async fn whoever_is_first_named_as_a_partner_is_seen_when_he_is_accused_elsewhere(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([william()])).await;
    assert_eq!(gateway.compare().await, 1);
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([accused()])).await;
    assert_eq!(gateway.compare().await, 1);
    let told = gateway.adults_told(second).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1[0]["role"], "alleged");
    assert_eq!(told[0].1[0]["other"]["reference"], first.to_string());
}

async fn a_mother_is_seen_with_other_children(home: Home) {
    let gateway = Gateway::over(&home).await;
    let named = with(child("Ada", "Earnshaw"), "mother_name", json!("Leanne Earnshaw"));
    let mother = json!({
        "name": "Ms EARNSHAW, Leanne",
        "relationship": "Mother",
        "telephone": "07700 900123",
    });
    let grandmother = json!({
        "name": "June Earnshaw", "relationship": "Grandmother", "date_of_birth": "1955-01-02",
    });
    let first = json!([mother.clone(), grandmother.clone()]);
    let first = gateway.family(named, "1 Mill Lane", first).await;
    let second = json!([mother, grandmother]);
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", second).await;
    gateway.compare().await;
    let told = gateway.adults_told(second).await;
    let [(_, adults)] = told.as_slice() else { panic!("{told:?}") };
    let roles: Vec<_> = adults.as_array().expect("a list").iter().map(|a| &a["role"]).collect();
    assert_eq!(roles, ["mother"], "a grandmother of two families is no news");
    assert_eq!(adults[0]["other"]["reference"], first.to_string());
}

async fn the_same_child_again_is_no_news(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.family(imogen(), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(imogen(), "9 Ash Grove", json!([accused()])).await;
    assert_eq!(gateway.person(second).await, (gateway.person(first).await.0, LinkState::Linked));
    gateway.compare().await;
    assert_eq!(gateway.adults_told(second).await, []);
    assert!(gateway.adults_in(MatchState::Open).await.is_empty());
    // Another family is told of it once.
    let third = gateway.family(child("Ben", "Sugden"), "3 Dale Street", json!([william()])).await;
    gateway.compare().await;
    assert_eq!(gateway.adults_told(third).await[0].1.as_array().expect("a list").len(), 1);
}

async fn a_wrong_link_hides_the_adults_only_until_it_is_parted(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.family(imogen(), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(imogen(), "9 Ash Grove", json!([william()])).await;
    let (person, _) = gateway.person(first).await;
    assert_eq!(gateway.compare().await, 2);
    assert_eq!(gateway.adults_told(second).await, []);
    gateway.settled(of(second, person), Word::Separate, false).await;
    assert_eq!(gateway.compare().await, 1, "those of the child that was parted");
    assert_eq!(gateway.adults_told(second).await.len(), 1);
    assert_eq!(gateway.compare().await, 0);
}

async fn a_restricted_childs_family_is_told_to_nobody_but_the_named(home: Home) {
    let gateway = Gateway::over(&home).await;
    let adopted = ON_A_PLAN
        .replace("case_team\n", "case_team,restricted\n")
        .replace("halifax-central\n", "halifax-central,adoption\n");
    import(&gateway, &adopted).await;
    let first = gateway.family(imogen(), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    gateway.compare().await;
    let told = gateway.adults_told(second).await;
    let [(to, adults)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((to.as_str(), &adults[0]["restricted"]), ("masstt", &json!(true)));
    assert!(adults[0]["ask"].is_string());
    assert!(adults[0].get("other").is_none() && adults[0].get("evidence").is_none(), "{adults}");
    assert!(!adults.to_string().contains(&first.to_string()));
}

async fn a_name_alone_is_no_match(home: Home) {
    let gateway = Gateway::over(&home).await;
    let named = json!({"name": "Osbert Quillfeather", "alleged_to_have_harmed": "yes"});
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([named.clone()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([named])).await;
    assert_eq!(gateway.compare().await, 2);
    assert_eq!(gateway.adults_told(second).await, []);
    assert!(gateway.adults_in(MatchState::Open).await.is_empty());
}

async fn a_follower_that_was_stopped_goes_on_and_tells_nothing_twice(home: Home) {
    let gateway = Gateway::over(&home).await;
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
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
    let dying = AdultWatch { store: gateway.store.clone(), stages, lane: ended };
    assert!(dying.round().await.is_err());
    assert_eq!(gateway.adults_told(second).await, []);
    assert_eq!(gateway.compare().await, 2);
    assert_eq!(gateway.adults_told(second).await.len(), 1);
    // As if it had ended before it had noted whom it compared.
    home.sql("UPDATE adult SET compared = false").await;
    assert_eq!(gateway.compare().await, 2);
    assert_eq!(gateway.adults_told(second).await.len(), 1);
    assert_eq!(gateway.adults_in(MatchState::Open).await.len(), 1);
}

async fn a_persons_word_is_kept_and_not_asked_for_again(home: Home) {
    let gateway = Gateway::over(&home).await;
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    gateway.compare().await;
    let one = gateway.adults_in(MatchState::Open).await.remove(0);
    assert!(gateway.tell_apart(&one, AdultWord::NotTheSame).await);
    assert!(!gateway.tell_apart(&one, AdultWord::NotTheSame).await, "said already");
    home.sql("UPDATE adult SET compared = false").await;
    gateway.compare().await;
    assert!(gateway.adults_in(MatchState::Open).await.is_empty());
    assert!(gateway.adults_in(MatchState::Unconfirmed).await.is_empty());
    let decided = gateway.adults_in(MatchState::Decided).await;
    assert_eq!(decided[0].said.map(|said| said.0), Some(AdultWord::NotTheSame));
    assert_eq!(gateway.adults_told(second).await.len(), 1);
    // A later word holds, and the one before is kept.
    assert!(gateway.tell_apart(&one, AdultWord::Same).await);
    let now = gateway.store.adult_match(one.row.id).await.expect("reads").expect("there");
    assert_eq!(now.said.map(|said| said.0), Some(AdultWord::Same));
    let words = home.texts("SELECT word FROM adult_decision ORDER BY number").await;
    assert_eq!(words, ["not-the-same", "not-the-same", "same-person"], "whoever said it");
    let desk = gateway.store.chain(ChainName::Desk, 0, 9).await.expect("reads");
    assert_eq!(desk.len(), 3);
    let after = Some(one.row.id);
    let next = gateway.store.adult_matches(MatchState::Decided, after, 9).await.expect("reads");
    assert!(next.is_empty());
}

async fn an_addition_brings_new_adults(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([accused()])).await;
    gateway.compare().await;
    assert_eq!(gateway.adults_told(second).await, []);
    let more = json!({"household": {"people": [william()]}});
    let submission = gateway.submission("school-ridgeway", &more);
    accepted(gateway.pipeline.inform(first, submission).await);
    assert_eq!(gateway.compare().await, 1);
    assert_eq!(gateway.adults_told(second).await.len(), 1, "on the later referral");
    assert_eq!(gateway.adults_told(first).await, []);
    // The same people again are the same.
    let more = json!({"worry": "He was there again."});
    let submission = gateway.submission("school-ridgeway", &more);
    accepted(gateway.pipeline.inform(first, submission).await);
    assert_eq!(gateway.compare().await, 1);
    assert_eq!(gateway.adults_told(second).await.len(), 1);
}

async fn an_addition_takes_away_whom_it_has_no_more(home: Home) {
    let gateway = Gateway::over(&home).await;
    let named = with(child("Ada", "Earnshaw"), "mother_name", json!("Leanne Earnshaw"));
    let first = gateway.family(named, "1 Mill Lane", json!([william()])).await;
    let places = async || home.texts("SELECT CAST(n AS text) FROM adult ORDER BY n").await;
    assert_eq!(places().await, ["0", "10000"]);
    let mother = json!({
        "name": "Leanne Earnshaw", "relationship": "Mother", "date_of_birth": "1990-05-01",
    });
    let more = json!({"household": {"people": [mother]}});
    let submission = gateway.submission("school-ridgeway", &more);
    accepted(gateway.pipeline.inform(first, submission).await);
    assert_eq!(places().await, ["0", "1"], "she is one person");
    let outdated = "SELECT 'x' FROM adult_token WHERE n = 10000";
    assert!(home.texts(outdated).await.is_empty());
    assert_eq!(home.texts("SELECT DISTINCT CAST(n AS text) FROM adult_token").await.len(), 2);
}

async fn who_is_accused_later_is_told_again_unless_told_apart(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([william()])).await;
    let people = json!([william()]);
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", people.clone()).await;
    let third = gateway.family(child("Cy", "Noble"), "3 Dale Street", people).await;
    gateway.compare().await;
    let open = gateway.adults_in(MatchState::Open).await;
    assert_eq!(open.len(), 3);
    for one in open.iter().filter(|one| one.reference == third) {
        gateway.tell_apart(one, AdultWord::NotTheSame).await;
    }
    let told = async |of| gateway.adults_told(of).await.len();
    assert_eq!((told(second).await, told(third).await), (1, 1));
    let more = json!({"household": {"people": [accused()]}});
    let submission = gateway.submission("school-ridgeway", &more);
    accepted(gateway.pipeline.inform(first, submission).await);
    gateway.compare().await;
    assert_eq!((told(second).await, told(third).await), (2, 1));
    let open = gateway.adults_in(MatchState::Open).await;
    assert_eq!(open.len(), 1, "the graver one stands for both");
    assert!(open[0].row.alleged);
}

async fn what_is_refused_or_tried_out_leaves_no_adults(home: Home) {
    let gateway = Gateway::over(&home).await;
    let mut body = body(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()]));
    gateway.pipeline.rehearse(&gateway.submission("school-ridgeway", &body)).expect("a receipt");
    for member in ["worry", "concerns", "danger_now"] {
        body[member] = Value::Null;
    }
    let refused = gateway.pipeline.receive(gateway.submission("school-ridgeway", &body)).await;
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    assert_eq!(gateway.compare().await, 0);
    assert!(home.texts("SELECT 'x' FROM adult_token").await.is_empty());
}

async fn the_gateway_follows_adults_by_itself(home: Home) {
    let gateway = Gateway::over(&home).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let following = tokio::spawn(gateway.watch().run(stopped));
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    let told = async {
        while gateway.adults_told(second).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("within seconds");
    stop.send_replace(true);
    following.await.expect("it stops");
}
