//! What receivers, reviewers and auditors see of what people say, through both stores.

use super::gateway::Gateway;
use super::homes::Home;
use super::matches::*;
use super::on_both;
use super::rows::*;
use frontdoor::app::load_rules;
use frontdoor::audit::{ChainName, StoredLinkOfChain};
use frontdoor::config::settings::Settings;
use frontdoor::domain::agency::Destination;
use frontdoor::domain::expression::Expr;
use frontdoor::domain::facts::FactId;
use frontdoor::domain::matching::ProposalHash;
use frontdoor::domain::{DestinationId, LinkState, Reference, Referral, Word};
use frontdoor::pipeline::{Desk, Heard, Intake, Said};
use frontdoor::store::*;
use serde_json::{Value, json};
use std::sync::Arc;

on_both!(
    nothing_is_lowered_but_what_was_read,
    where_nothing_is_lowered_the_audit_says_nothing_of_it,
    a_policy_that_fails_takes_no_reason_away,
    of_a_long_chronology_the_newest_are_kept,
    what_is_known_from_a_restricted_record_is_for_the_named_few,
    that_a_child_may_be_on_a_restricted_plan_is_for_the_named_few,
);

/// The hash of a proposal.
fn hash(proposed: &[u8]) -> ProposalHash {
    let proposed: Value = serde_json::from_slice(proposed).expect("JSON");
    ProposalHash::parse(proposed["hash"].as_str().expect("a hash")).expect("a whole one")
}

impl Gateway {
    /// The `desk` chain's events of a kind.
    pub(super) async fn events(&self, kind: &str) -> Vec<Event> {
        let links = self.store.chain(ChainName::Desk, 0, 10_000).await.expect("reads");
        let read = |link: StoredLinkOfChain| -> Vec<Event> {
            serde_json::from_slice(&link.events).expect("events")
        };
        links.into_iter().flat_map(read).filter(|event| event.kind == kind).collect()
    }

    /// A word; with `lower`, of somebody who reads what is proposed, and takes it.
    pub(super) async fn hear_as_read(&self, said: Said, lower: bool) -> Heard {
        let nothing_read = lower.then_some(ProposalHash([0; 16]));
        match self.pipeline.hear(Said { lower: nothing_read, ..said.clone() }).await {
            Heard::Unread(proposed) => {
                self.pipeline.hear(Said { lower: Some(hash(&proposed)), ..said }).await
            }
            heard => heard,
        }
    }

    async fn confirm(&self, of: frontdoor::domain::MatchId, read: ProposalHash) -> Heard {
        let (by, actor) = (b"{}".to_vec(), DestinationId::new("masstt"));
        let said = Said { of, word: Word::Separate, lower: Some(read), by, actor };
        self.pipeline.hear(said).await
    }
}

/// Between reading a proposal and confirming it, it may change.
async fn nothing_is_lowered_but_what_was_read(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, ON_A_PLAN).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    let id = of(reference, gateway.person(reference).await.0);
    // Nobody can have read what is not proposed yet: the match stands.
    let Heard::Unread(first) = gateway.confirm(id, ProposalHash([0; 16])).await else {
        panic!("lowered unread")
    };
    assert_eq!(gateway.person(reference).await.1, LinkState::Linked);
    assert_eq!(gateway.events("proposal.shown").await.len(), 1);
    assert!(gateway.events("match.decided").await.is_empty());

    let told = gateway.settled(id, Word::Separate, false).await.proposed.expect("a proposal");
    assert_eq!(told, first);
    let shown: Value = serde_json::from_slice(&told).expect("JSON");
    let to = |route: &Value| route["destination"] == "masstt";
    let masstt = shown["routes"].as_array().expect("routes").iter().find(|route| to(route));
    let masstt = masstt.expect("MASSTT has it");
    assert!(masstt["due_at"].is_string() && masstt["purpose"].is_string(), "{shown}");
    // Its sender adds that there is danger, which raises what is proposed as well.
    let danger = json!({"danger_now": "yes", "children": [{"index": 0}]});
    let more = gateway.submission("school-ridgeway", &danger);
    super::gateway::accepted(gateway.pipeline.inform(reference, more).await);
    let before = gateway.decided(reference).await;
    let again = gateway.confirm(id, hash(&told)).await;
    match before.proposal() {
        Some(now) => {
            let Heard::Unread(proposed) = again else { panic!("{again:?}") };
            let proposed: Value = serde_json::from_slice(&proposed).expect("JSON");
            assert_eq!(proposed, now);
            assert_ne!(proposed["hash"], shown["hash"]);
            assert_eq!(gateway.decided(reference).await, before);
            let read = ProposalHash::parse(now["hash"].as_str().expect("a hash"));
            let taken = gateway.confirm(id, read.expect("a whole one")).await;
            assert!(matches!(taken, Heard::Settled(_)), "{taken:?}");
        }
        None => panic!("the plan's team is still to be taken off"),
    }
    assert_eq!(gateway.events("decision.lowered").await.len(), 1);
    assert_eq!(gateway.decided(reference).await.proposed, None);
}

async fn where_nothing_is_lowered_the_audit_says_nothing_of_it(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, third], person) = three(&gateway).await;
    let possible = gateway.refer("police-west", perhaps()).await;
    for reference in [second, possible] {
        gateway.settled(of(reference, person), Word::Link, true).await;
    }
    assert_eq!(gateway.events("match.decided").await.len(), 2);
    assert!(gateway.events("decision.lowered").await.is_empty());
    let asked = gateway.settled(of(third, person), Word::Separate, false).await;
    assert!(gateway.events("decision.lowered").await.is_empty());
    assert!(asked.proposed.is_some());
    gateway.settled(of(third, person), Word::Separate, true).await;
    let [lowered] = gateway.events("decision.lowered").await.try_into().expect("one event");
    assert_eq!(lowered.actor, "masstt");
    assert_eq!(lowered.referral, Some(gateway.stored(third).await.0.row.id));
    let said = gateway.events("match.decided").await.pop().expect("the word");
    assert!(said.detail.expect("its id").ends_with(&lowered.detail.expect("the word's id")));
}

async fn a_policy_that_fails_takes_no_reason_away(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ([_, second, third], person) = three(&gateway).await;
    let (fired, before) = (gateway.fired(second).await, gateway.decided(second).await);
    let counted = (gateway.fired(third).await, gateway.told(third).await.len());
    let mut broken = load_rules(&Settings::default()).expect("the configuration is sound");
    // There is no such fact: whatever reads it panics.
    broken.policy.rules[0].when = Expr::Any(FactId(250), 1);
    gateway.pipeline.stages.rules.store(Arc::new(broken));
    let told = gateway.told(second).await.len();
    gateway.settled(of(second, person), Word::Separate, false).await;
    assert_eq!(gateway.fired(second).await, fired);
    let after = gateway.decided(second).await;
    assert_eq!(after.full.failure.as_deref(), Some("policy-failed"));
    assert_eq!((&after.full.level, &after.full.routes), (&before.full.level, &before.full.routes));
    assert!(gateway.told(second).await.len() > told, "those who have it are told");
    assert_eq!(gateway.person(second).await.1, LinkState::New, "the word stands");
    // The other one that had counted it waits for a policy that can tell.
    assert_eq!((gateway.fired(third).await, gateway.told(third).await.len()), counted);
    assert_eq!(gateway.store.recounts(None, 9).await.expect("reads").len(), 1);

    // Once the policy is mended it is decided, and the word's own when somebody asks again.
    gateway.pipeline.stages.rules.store(gateway.rules.clone());
    gateway.settled(of(second, person), Word::Separate, false).await;
    assert_eq!(gateway.decided(second).await.full.failure, None);
    assert!(!gateway.fired(second).await.contains(&"re-referral".to_owned()));
    assert!(!gateway.fired(third).await.contains(&"several-agencies-worry".to_owned()));
    assert!(gateway.told(third).await.len() > counted.1);
    assert!(gateway.store.recounts(None, 9).await.expect("reads").is_empty());
}

async fn of_a_long_chronology_the_newest_are_kept(home: Home) {
    let store = home.store().await;
    let one = person(&[1]);
    let referrals: Vec<ReferralRow> =
        (0..1003).map(|number| ReferralRow { received_at: at(number), ..referral() }).collect();
    let links = referrals.iter().map(|row| link(row, one.id, LinkState::Linked)).collect();
    let persons = vec![one.clone()];
    let all: Vec<_> = referrals.iter().map(|row| row.reference).collect();
    write(store.as_ref(), &Batch { referrals, persons, links, ..batch() }).await;
    let read = store.chronology(one.id).await.expect("reads");
    assert_eq!(read.len(), CHRONOLOGY + 1, "one more, so that the cut is seen");
    let read: Vec<_> = read.into_iter().map(|row| row.reference).collect();
    assert_eq!(read, all[2..], "oldest first, and the newest of all");
}

/// Imogen's record, restricted.
fn of_staff() -> String {
    let titles = ON_A_PLAN.replace("case_team\n", "case_team,restricted\n");
    titles.replace("halifax-central\n", "halifax-central,staff\n")
}

/// Of each destination's first message: level, and rules.
async fn messages(gateway: &Gateway, reference: Reference) -> Vec<(String, Value, Value)> {
    let told = gateway.told(reference).await.into_iter().map(|one| {
        let data = &one["data"];
        let to = data["destination"].as_str().expect("an id").to_owned();
        (to, data["level_of_need"]["code"].clone(), data["rules"].clone())
    });
    told.collect()
}

/// What a destination reads of a stored decision.
async fn read(gateway: &Gateway, reference: Reference, to: &str, named: bool) -> Value {
    let destination = &gateway.rules.directory.destinations[&DestinationId::new(to)];
    let to = Destination { restricted: named, ..Destination::clone(destination) };
    let decided = gateway.decided(reference).await;
    let (referral, _) = Referral::read(json!({"children": [imogen()]}));
    gateway.rules.routing.cut(&referral, &to, &decided.full)["decision"].clone()
}

async fn what_is_known_from_a_restricted_record_is_for_the_named_few(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, &of_staff()).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    assert_eq!(gateway.person(reference).await.1, LinkState::Linked);
    let sent = messages(&gateway, reference).await;
    // It goes where it would go, as high as it would be, and does not say why.
    assert!(sent.iter().any(|(to, ..)| to == "locality.halifax-central"), "{sent:?}");
    for (to, level, rules) in &sent {
        assert_eq!(level, "5", "{to}");
        assert!(!rules.to_string().contains("open-plan"), "{to}: {rules}");
        let by_record = to == "masstt" || to == "locality.halifax-central";
        assert!(!by_record || rules.to_string().contains("restricted-record"), "{to}: {rules}");
    }
    for to in ["masstt", "locality.halifax-central"] {
        let shown = read(&gateway, reference, to, false).await;
        assert_eq!(shown["children"][0]["level_of_need"]["code"], "5");
        let text = shown.to_string();
        assert!(!text.contains("plan") && !text.contains("CLA"), "{text}");
        assert!(text.contains("ask that team"), "{text}");
        let named = read(&gateway, reference, to, true).await.to_string();
        assert!(named.contains("open-plan"), "{named}");
    }
    // Later information: the update says no more.
    gateway.inform(reference, json!({"index": 0, "sex": "F"})).await;
    let updates: Vec<Value> = gateway.told(reference).await.into_iter().skip(sent.len()).collect();
    assert!(!updates.is_empty());
    for update in updates {
        assert_eq!(update["type"], "referral.updated.v1");
        assert!(!update.to_string().contains("open-plan"), "{update}");
    }
    // A named team is told in its messages as well.
    let mut rules = load_rules(&Settings::default()).expect("the configuration is sound");
    let masstt = rules.directory.destinations.get_mut(&DestinationId::new("masstt"));
    Arc::make_mut(masstt.expect("there")).restricted = true;
    gateway.pipeline.stages.rules.store(Arc::new(rules));
    let next = gateway.refer("police-west", imogen()).await;
    let sent = messages(&gateway, next).await;
    let named = sent.iter().find(|(to, ..)| to == "masstt").expect("MASSTT has it");
    assert!(named.2.to_string().contains("open-plan"), "{named:?}");
    let other = sent.iter().find(|(to, ..)| to == "locality.halifax-central").expect("the team");
    assert!(!other.2.to_string().contains("open-plan"), "{other:?}");
}

async fn that_a_child_may_be_on_a_restricted_plan_is_for_the_named_few(home: Home) {
    let gateway = Gateway::over(&home).await;
    import(&gateway, &of_staff().replace(",staff\n", ",adoption\n")).await;
    let reference = gateway.refer("school-ridgeway", imogen()).await;
    gateway.possible(reference).await;
    assert!(gateway.fired(reference).await.contains(&"possible-open-case".to_owned()));
    let masstt = messages(&gateway, reference).await.into_iter().find(|(to, ..)| to == "masstt");
    let rules = masstt.expect("MASSTT has it").2.to_string();
    assert!(!rules.contains("possible-open-case"), "{rules}");
    let shown = read(&gateway, reference, "masstt", false).await.to_string();
    assert!(shown.contains("restricted-record") && !shown.contains("open-case"), "{shown}");
    let named = read(&gateway, reference, "masstt", true).await.to_string();
    assert!(named.contains("possible-open-case"), "{named}");
}
