//! Alarms about how agencies refer: which stand, whom they are told, and how often, in both stores.

use super::gateway::Gateway;
use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::app::load_rules;
use frontdoor::audit::{ChainName, Event};
use frontdoor::config::settings::Settings;
use frontdoor::domain::alarms::{AlarmKind, AlarmName};
use frontdoor::domain::refusal::{Extent, Refusal, RefusalKind};
use frontdoor::domain::time::Env;
use frontdoor::domain::{
    AgencyId, DestinationId, NoticeId, NoticeKind, Priority, RoleId, Timestamp, Whom,
};
use frontdoor::followup::alarms::AlarmWatch;
use frontdoor::pipeline::Intake;
use frontdoor::store::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

on_both!(
    what_stands_takes_the_place_of_what_stood_and_is_told_once_a_week,
    two_gateways_tell_once,
    the_first_and_the_last_of_what_came_are_found,
    an_agency_is_silent_only_after_it_has_referred_for_as_long,
    an_agency_that_never_referred_is_silent_once_it_could_have_for_as_long,
    what_an_agency_in_testing_sends_is_no_refusal_that_counts,
    nobody_in_private_fostering_for_six_months_is_an_alarm,
);

const DAY: i64 = 86_400;

fn name(kind: AlarmKind, agency: &str) -> AlarmName {
    AlarmName { kind, agency: Some(AgencyId::new(agency)) }
}

fn notice(now: Timestamp) -> NoticeRow {
    NoticeRow {
        id: NoticeId(uuid::Uuid::new_v4()),
        whom: Whom::Role(RoleId::new("duty-manager")),
        kind: NoticeKind::Alarm,
        destination: DestinationId::new("masstt"),
        referral: None,
        refusal: None,
        message: None,
        priority: Priority::Standard,
        since: now,
        due_at: now,
        created_at: now,
    }
}

async fn settle(store: &dyn Store, standing: &[AlarmName], day: i64) {
    let now = at(day * DAY);
    let (notice, again) = (notice(now), at((day - 7) * DAY));
    store.settle_alarms(standing, Some(&notice), again, now).await.expect("settles");
}

async fn told(store: &dyn Store) -> i64 {
    store.open_notices().await.expect("reads").iter().map(|notices| notices.count).sum()
}

async fn events(store: &dyn Store, kind: &str) -> Vec<String> {
    let links = store.chain(ChainName::Delivery, 0, 999).await.expect("reads");
    let all = links
        .iter()
        .flat_map(|link| serde_json::from_slice::<Vec<Event>>(&link.events).expect("events"));
    let of_kind = all.filter(|event| event.kind == kind);
    of_kind.filter_map(|event| event.detail).collect()
}

async fn what_stands_takes_the_place_of_what_stood_and_is_told_once_a_week(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let silent = name(AlarmKind::Silence, "police-west");
    let everybody = AlarmName { kind: AlarmKind::PrivateFostering, agency: None };
    let both = [silent.clone(), everybody.clone()];
    settle(store, &both, 0).await;
    settle(store, &both, 6).await;
    assert_eq!(told(store).await, 1, "of two at once one notice tells, and none the same week");
    assert_eq!(events(store, "alarm.raised").await, ["silence police-west", "private-fostering"]);
    assert_eq!(events(store, "notice.written").await.len(), 1);
    settle(store, &both, 7).await;
    assert_eq!(told(store).await, 2, "a week later again");
    settle(store, std::slice::from_ref(&everybody), 8).await;
    assert_eq!(events(store, "alarm.ended").await, ["silence police-west"]);
    let row = |name: &AlarmName, since: i64, ended: Option<i64>| AlarmRow {
        name: name.clone(),
        since: at(since * DAY),
        ended_at: ended.map(|day| at(day * DAY)),
        told_at: Some(at(7 * DAY)),
    };
    let rows = store.alarms().await.expect("reads");
    assert_eq!(rows, [row(&everybody, 0, None), row(&silent, 0, Some(8))]);
    // Raised again within the week: shown, and not told again yet.
    settle(store, &both, 9).await;
    let rows = store.alarms().await.expect("reads");
    assert_eq!(rows, [row(&everybody, 0, None), row(&silent, 9, None)]);
    assert_eq!(told(store).await, 2);
    // Nobody is named: it stands, and is told when somebody is.
    let flood = [name(AlarmKind::Flood, "school-a")];
    store.settle_alarms(&flood, None, at(3 * DAY), at(10 * DAY)).await.expect("settles");
    assert_eq!(told(store).await, 2);
    settle(store, &flood, 11).await;
    assert_eq!(told(store).await, 3);
}

async fn two_gateways_tell_once(home: Home) {
    let [one, other] = home.two().await;
    let standing = [name(AlarmKind::Refusals, "school-a"), name(AlarmKind::Flood, "school-b")];
    for day in [0, 7, 14] {
        let both = (settle(one.as_ref(), &standing, day), settle(other.as_ref(), &standing, day));
        tokio::join!(both.0, both.1);
    }
    assert_eq!(told(one.as_ref()).await, 3);
    assert_eq!(events(one.as_ref(), "alarm.raised").await.len(), 2);
}

/// What came of an agency on a day, folded.
async fn came(store: &dyn Store, what: &str, agency: &str, destination: &str, day: i64) {
    let tally = Tally {
        hour: at(day * DAY),
        agency: AgencyId::new(agency),
        destination: destination.to_owned(),
        ..tally(what)
    };
    write(store, &Batch { tallies: vec![(tally, 1)], ..batch() }).await;
    store.fold_tallies(99).await.expect("folds");
}

async fn the_first_and_the_last_of_what_came_are_found(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let first = async |agency: Option<&str>| {
        let agency = agency.map(AgencyId::new);
        store.first_received(agency.as_ref()).await.expect("reads")
    };
    assert_eq!(first(None).await, None);
    for (what, agency, destination, day) in [
        ("refused", "police", "", 0),
        ("received", "school", "", 3),
        ("received", "police", "", 5),
        ("received", "school", "", 6),
        ("routed", "school", "private-fostering", 3),
        ("delivered", "school", "private-fostering", 8),
        ("routed", "school", "masstt", 9),
    ] {
        came(store, what, agency, destination, day).await;
    }
    assert_eq!(first(None).await, Some(at(3 * DAY)));
    assert_eq!(first(Some("school")).await, Some(at(3 * DAY)));
    assert_eq!(first(Some("police")).await, Some(at(5 * DAY)));
    assert_eq!(first(Some("nobody")).await, None);
    let private_fostering = DestinationId::new("private-fostering");
    let since = async |day: i64| {
        store.routed_since(&private_fostering, at(day * DAY)).await.expect("reads")
    };
    assert_eq!([since(0).await, since(3).await, since(4).await], [true, true, false]);
    let tallies = vec![(
        Tally { hour: at(5 * DAY), destination: "private-fostering".to_owned(), ..tally("routed") },
        1,
    )];
    write(store, &Batch { tallies, ..batch() }).await;
    assert_eq!([since(5).await, since(6).await], [true, false], "what is not folded counts");
}

/// A clock that is set by the test.
struct Hand(AtomicI64, AtomicU8);

impl Env for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn entropy(&self, into: &mut [u8]) {
        into.fill(self.1.fetch_add(1, Ordering::SeqCst));
    }
}

/// The watch of Calderdale, some days after the first.
struct Watching {
    store: Arc<dyn Store>,
    hand: Arc<Hand>,
    watch: AlarmWatch,
}

impl Watching {
    /// Over these agencies alone.
    async fn over(home: &Home, agencies: &[&str]) -> Watching {
        let store = home.store().await;
        let mut rules = load_rules(&Settings::default()).expect("the configuration is sound");
        rules.directory.agencies.retain(|id, _| agencies.contains(&id.as_str()));
        let directory = Arc::new(arc_swap::ArcSwap::from_pointee(rules.directory));
        let hand = Arc::new(Hand(AtomicI64::new(at(0).0), AtomicU8::new(1)));
        let masstt = DestinationId::new("masstt");
        let watch = AlarmWatch::new(store.clone(), hand.clone(), directory, masstt);
        Watching { store, hand, watch }
    }

    /// `kind agency: what was seen` of each alarm that stands, after a look.
    async fn on(&self, day: i64) -> Vec<String> {
        self.hand.0.store(at(day * DAY + 60).0, Ordering::SeqCst);
        self.watch.look().await.expect("looks");
        let alarms = self.watch.now().await.expect("reads");
        let tell = |alarm: &frontdoor::followup::alarms::Alarm| {
            assert!(alarm.since.is_some(), "it was noted");
            let agency = alarm.agency.as_ref().map_or("all", |id| id.as_str());
            format!("{} {agency}: {}", alarm.kind.as_str(), alarm.says)
        };
        alarms.iter().map(tell).collect()
    }
}

async fn an_agency_is_silent_only_after_it_has_referred_for_as_long(home: Home) {
    let agencies = ["health-royal-trust", "gp-hebden", "childrens-centres"];
    let watching = Watching::over(&home, &agencies).await;
    let none: [String; 0] = [];
    assert_eq!(watching.on(0).await, none, "nobody has begun");
    let store = watching.store.as_ref();
    // Expected twelve a week.
    came(store, "received", "health-royal-trust", "", 0).await;
    // Of whom nothing is expected.
    came(store, "received", "gp-hebden", "", 0).await;
    assert_eq!(watching.on(34).await, none, "five weeks are not over");
    came(store, "received", "health-royal-trust", "", 34).await;
    let silent = "silence health-royal-trust: 1 referral in 5 weeks, 60 expected";
    assert_eq!(watching.on(36).await, [silent]);
    assert_eq!(watching.on(37).await, [silent]);
    assert_eq!(told(store).await, 1, "by the role that the configuration names, once a week");
    let to = store.open_notices().await.expect("reads");
    assert_eq!(to[0].whom, Whom::Role(RoleId::new("duty-manager")));
    for _ in 0..25 {
        came(store, "received", "health-royal-trust", "", 37).await;
    }
    for _ in 0..3 {
        came(store, "refused", "childrens-centres", "", 37).await;
    }
    let silent = "silence health-royal-trust: 26 referrals in 5 weeks, 60 expected";
    let flood = "flood health-royal-trust: 26 referrals in 7 days, 12 expected";
    let refused = "refusals childrens-centres: 3 of 3 submissions refused in 7 days";
    assert_eq!(watching.on(38).await, [refused, silent, flood]);
    // What is new is told at once; what was told this week not again.
    assert_eq!(told(store).await, 2);
    for _ in 0..17 {
        came(store, "received", "health-royal-trust", "", 46).await;
    }
    assert_eq!(watching.on(47).await, none);
    assert_eq!(events(store, "alarm.ended").await.len(), 3);
}

async fn nobody_in_private_fostering_for_six_months_is_an_alarm(home: Home) {
    let watching = Watching::over(&home, &["gp-hebden"]).await;
    let store = watching.store.as_ref();
    came(store, "received", "gp-hebden", "", 0).await;
    let none: [String; 0] = [];
    assert_eq!(watching.on(170).await, none, "six months are not over since the first referral");
    let alarm = "private-fostering all: no child in private fostering was referred in 6 months";
    assert_eq!(watching.on(190).await, [alarm]);
    came(store, "routed", "gp-hebden", "private-fostering", 191).await;
    assert_eq!(watching.on(192).await, none);
    assert_eq!(watching.on(360).await, none);
    assert_eq!(watching.on(191 + 190).await, [alarm]);
}

async fn an_agency_that_never_referred_is_silent_once_it_could_have_for_as_long(home: Home) {
    let watching = Watching::over(&home, &["school-ridgeway", "gp-hebden"]).await;
    let store = watching.store.as_ref();
    let none: [String; 0] = [];
    assert_eq!(watching.on(0).await, none);
    assert_eq!(watching.on(34).await, none, "five weeks are not over since it became active");
    // Of the other nothing is expected.
    let silent = "silence school-ridgeway: 0 referrals in 5 weeks, 5 expected";
    assert_eq!(watching.on(36).await, [silent]);
    // When each was seen as active first stands, however often it is looked.
    let both = [AgencyId::new("gp-hebden"), AgencyId::new("school-ridgeway")];
    let noted = watching.hand.now();
    store.note_active(&both, noted).await.expect("notes");
    for agency in &both {
        let since = store.active_since(agency).await.expect("reads");
        assert_eq!(since, Some(at(60)), "{agency}");
    }
    assert_eq!(events(store, "agency.active").await.len(), 2);
    assert_eq!(store.active_since(&AgencyId::new("nobody")).await.expect("reads"), None);
    // Who has begun is measured by what came since.
    came(store, "received", "school-ridgeway", "", 36).await;
    assert_eq!(watching.on(37).await, none);
}

async fn what_an_agency_in_testing_sends_is_no_refusal_that_counts(home: Home) {
    let gateway = Gateway::over(&home).await;
    for kind in [RefusalKind::Testing, RefusalKind::Testing, RefusalKind::NotReadable] {
        let body = serde_json::json!(kind.code());
        let submission = gateway.submission("school-ridgeway", &body);
        let extent = Extent::whole(&submission.body);
        let refusal = Refusal { kind, faults: Vec::new() };
        gateway.pipeline.refuse(submission, None, refusal, extent).await;
    }
    let counted = gateway.store.counted(Timestamp(0), Grain::Day).await.expect("reads");
    let counted: Vec<_> = counted.iter().map(|one| (one.what.as_str(), one.count)).collect();
    assert_eq!(counted, [("refused", 1)]);
}
