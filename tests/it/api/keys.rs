//! Who may call what.

use super::{World, problem};
use frontdoor::access::{Owner, OwnerKind};
use frontdoor::domain::Timestamp;
use frontdoor::domain::time::Env as _;
use std::sync::atomic::Ordering;

/// One call for each kind of holder, and a key of each other kind.
fn calls(world: &World) -> [(&'static str, &'static str, [&str; 2]); 9] {
    let agency = [world.masstt.as_str(), world.operator.as_str()];
    let destination = [world.school.as_str(), world.operator.as_str()];
    let operations = [world.school.as_str(), world.masstt.as_str()];
    [
        ("POST", "/v1/referrals", agency),
        ("POST", "/v1/referrals/validate", agency),
        ("GET", "/v1/referrals/2", agency),
        ("POST", "/v1/referrals/2/information", agency),
        ("GET", "/v1/referrals/2/document", destination),
        ("POST", "/v1/referrals/2/acknowledgement", destination),
        ("GET", "/v1/destinations/masstt/messages", destination),
        ("GET", "/v1/deliveries", operations),
        ("GET", "/metrics", operations),
    ]
}

#[tokio::test]
async fn without_a_key_that_works_every_call_is_401_and_with_the_wrong_kind_403() {
    let world = World::start().await;
    let (prefix, secret) = world.school.split_at(world.school.len() - 4);
    let wrong = format!("{prefix}{}", if secret == "AAAA" { "BBBB" } else { "AAAA" });
    for (method, path, others) in calls(&world) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let call = || world.client.request(method.clone(), format!("{}{path}", world.url));
        let none = call().send().await.unwrap();
        assert_eq!(none.headers()["www-authenticate"], "Bearer realm=\"frontdoor\"");
        problem(none, 401, "not-authenticated").await;
        for bad in [wrong.as_str(), "x", "", "fd_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] {
            let answer = call().bearer_auth(bad).send().await.unwrap();
            assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            problem(answer, 401, "not-authenticated").await;
        }
        let basic = call().basic_auth("any", Some(&world.school)).send().await.unwrap();
        problem(basic, 401, "not-authenticated").await;
        for other in others {
            let answer = call().bearer_auth(other).send().await.unwrap();
            problem(answer, 403, "not-permitted").await;
        }
    }
    assert!(world.intake.received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_key_of_an_agency_that_is_inactive_or_not_configured_opens_nothing() {
    let world = World::start().await;
    for owner in ["closed", "unheard-of"] {
        let key = world.access.issue(&Owner::new(OwnerKind::Agency, owner), None).await.unwrap();
        let answer = world.post("/v1/referrals", key.reveal()).body("{}").send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
}

#[tokio::test]
async fn what_an_agency_in_testing_sends_is_kept_for_people_and_is_no_referral() {
    let world = World::start().await;
    let owner = Owner::new(OwnerKind::Agency, "academy");
    let key = world.access.issue(&owner, None).await.unwrap();
    for path in ["/v1/referrals", "/v1/referrals/22222-22222/information"] {
        let path = path.replace("22222-22222", &super::fakes::reference().to_string());
        let answer = world.post(&path, key.reveal()).body("{}").send().await.unwrap();
        let told = problem(answer, 403, "testing").await;
        assert!(told["detail"].as_str().unwrap().contains("/v1/referrals/validate"), "{told}");
        let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
        assert_eq!(kept.refusal.kind.code(), "testing");
        assert_eq!((kept.submission.body.as_slice(), kept.extent.whole), (b"{}".as_slice(), true));
        assert_eq!(kept.about.is_some(), path.ends_with("information"));
    }
    assert!(world.intake.received.lock().unwrap().is_empty());
    let path = "/v1/referrals/validate";
    assert_eq!(world.post(path, key.reveal()).body("{}").send().await.unwrap().status(), 200);
    assert!(world.intake.kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn keys_overlap_expire_and_are_revoked() {
    let world = World::start().await;
    let owner = Owner::new(OwnerKind::Agency, "school");
    let soon = world.env.now().plus_seconds(60);
    let next = world.access.issue(&owner, Some(soon)).await.unwrap();
    let status = async |key: String| {
        world.post("/v1/referrals", &key).body("{}").send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(world.school.clone()).await, 201);
    assert_eq!(status(next.reveal().to_owned()).await, 201);
    world.env.pass(60);
    assert_eq!(status(next.reveal().to_owned()).await, 401);
    assert_eq!(status(world.school.clone()).await, 201);
    let id = &world.school["fd_".len().."fd_".len() + 12];
    assert!(world.access.revoke(id).await.unwrap());
    assert!(!world.access.revoke("nonsense").await.unwrap());
    assert_eq!(status(world.school.clone()).await, 401);
}

#[tokio::test]
async fn keys_issued_elsewhere_are_noticed_and_a_store_that_is_down_locks_nobody_out() {
    let world = World::start().await;
    let store = world.store.as_ref();
    let elsewhere = frontdoor::access::keys::issue(store, &*world.env, OwnerKind::Agency, "school");
    let key = elsewhere.await.unwrap();
    let status = || async {
        let request = world.post("/v1/referrals", key.as_ref()).body("{}");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status().await, 401);
    world.access.refresh().await.unwrap();
    assert_eq!(status().await, 201);
    world.store.down.store(true, Ordering::SeqCst);
    assert!(world.access.refresh().await.is_err());
    assert_eq!(status().await, 201);
}

#[tokio::test]
async fn only_the_hash_of_a_secret_is_kept() {
    let world = World::start().await;
    let secret = world.school.as_bytes()[16..].to_vec();
    for row in world.store.keys.lock().unwrap().iter() {
        assert_eq!(row.hash.len(), 32);
        assert!(!row.hash.windows(8).any(|window| secret.starts_with(window)));
        assert!(!format!("{row:?}").contains(&world.school[16..]));
        assert!(row.created_at > Timestamp(0));
    }
}
