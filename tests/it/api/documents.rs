//! `/v1/referrals/{reference}/documents` over a store in memory: who may, and what is refused.

use super::fakes::FakeStore;
use super::{Setup, World, delivery, problem};
use async_trait::async_trait;
use frontdoor::api::{AdmissionSettings, ApiSettings};
use frontdoor::audit::ChainName;
use frontdoor::domain::{
    AttachmentId, AttachmentState, LinkState, Reference, ReferralId, Timestamp,
};
use frontdoor::store::error::Result;
use frontdoor::store::{
    Attached, AttachmentCount, AttachmentRow, AttachmentStore, DeliveryState, NewAttachment,
    StoredLink, Verdict,
};
use futures::stream;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[async_trait]
impl AttachmentStore for FakeStore {
    async fn attach(&self, new: &NewAttachment) -> Result<Attached> {
        let mut all = self.attachments.lock().unwrap();
        let same = |one: &&NewAttachment| one.row.referral == new.row.referral;
        if let Some(before) = all.iter().filter(same).find(|one| one.body == new.body) {
            return Ok(Attached::Repeat(Box::new(before.row.clone())));
        }
        if new.key.is_some() && all.iter().any(|one| one.key == new.key) {
            return Ok(Attached::KeyReused);
        }
        if all.iter().filter(same).count() >= usize::try_from(new.most.0).unwrap() {
            return Ok(Attached::Full);
        }
        all.push(new.clone());
        Ok(Attached::Kept)
    }

    async fn attachments(&self, of: ReferralId) -> Result<Vec<AttachmentRow>> {
        let all = self.attachments.lock().unwrap();
        Ok(all.iter().filter(|one| one.row.referral == of).map(|one| one.row.clone()).collect())
    }

    async fn attachment_content(&self, id: AttachmentId) -> Result<Option<Vec<u8>>> {
        let all = self.attachments.lock().unwrap();
        Ok(all.iter().find(|one| one.row.id == id).map(|one| one.content.clone()))
    }

    async fn claim_scans(
        &self,
        _: Timestamp,
        _: Timestamp,
        _: usize,
    ) -> Result<Vec<AttachmentRow>> {
        Ok(Vec::new())
    }

    async fn scanned(&self, _: &AttachmentRow, _: &Verdict, _: Timestamp) -> Result<bool> {
        Ok(false)
    }

    async fn scan_failed(
        &self,
        _: &AttachmentRow,
        _: &'static str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<()> {
        Ok(())
    }

    async fn attachments_to_tell(
        &self,
        _: Option<AttachmentId>,
        _: usize,
    ) -> Result<Vec<(AttachmentId, Reference)>> {
        Ok(Vec::new())
    }

    async fn attachment_counts(&self, _: Timestamp) -> Result<Vec<AttachmentCount>> {
        Ok(Vec::new())
    }
}

const PDF: &[u8] = b"%PDF-1.7\nRobin is cold";
const POLICE: &str = "101";

impl World {
    fn path(reference: Reference) -> String {
        format!("/v1/referrals/{reference}/documents")
    }

    fn attach(&self, to: Reference, name: &str, body: &[u8]) -> reqwest::RequestBuilder {
        let disposition = format!("attachment; filename=\"{name}\"");
        let post = self.post(&World::path(to), &self.school);
        post.header("Content-Disposition", disposition).body(body.to_vec())
    }

    async fn attached(&self, to: Reference, name: &str, body: &[u8]) -> Value {
        let answer = self.attach(to, name, body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["location"].to_str().unwrap(), World::path(to));
        answer.json().await.unwrap()
    }

    /// As the scanner's word is kept.
    fn scanned(&self, as_is: AttachmentState) {
        for one in self.store.attachments.lock().unwrap().iter_mut() {
            one.row.state = as_is;
        }
    }

    fn events(&self) -> Vec<String> {
        let audited = self.store.audited.lock().unwrap();
        let of = audited.iter().filter(|(chain, event)| {
            assert_eq!(*chain, ChainName::Desk);
            event.kind.starts_with("attachment.")
        });
        let told = |event: &frontdoor::audit::Event| {
            let detail = event.detail.clone().unwrap_or_default();
            format!("{} {} {detail}", event.kind, event.actor)
        };
        of.map(|(_, event)| told(event)).collect()
    }
}

#[tokio::test]
async fn a_document_is_kept_sealed_and_its_sender_sees_how_it_stands() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let kept = world.attached(reference, "body map.pdf", PDF).await;
    assert_eq!(kept["reference"], reference.to_string());
    assert_eq!(kept["name"], "body map.pdf");
    assert_eq!((&kept["type"], &kept["size"]), (&json!("application/pdf"), &json!(PDF.len())));
    assert_eq!(kept["state"], "quarantined");
    assert!(kept.get("advice").is_none(), "{kept}");
    {
        let all = world.store.attachments.lock().unwrap();
        let sealed = &all[0];
        assert!(!sealed.content.windows(5).any(|part| part == b"Robin"));
        assert!(!sealed.row.record.body.windows(4).any(|part| part == b"body"));
    }
    let list: Value = world
        .get(&World::path(reference), &world.school)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(list["documents"][0]["id"], kept["id"]);
    assert_eq!(list["documents"][0]["name"], "body map.pdf");
    // The same again is the same, and not another.
    let again = world.attach(reference, "other.pdf", PDF).send().await.unwrap();
    assert_eq!(again.status(), 200);
    let again: Value = again.json().await.unwrap();
    assert_eq!((&again["id"], &again["name"]), (&kept["id"], &kept["name"]));
    // Of a picture its sender is told what never to send.
    let picture = world.attached(reference, "mark.jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0").await;
    assert!(picture["advice"][0].as_str().unwrap().contains(POLICE), "{picture}");
    world.scanned(AttachmentState::Infected);
    let list: Value = world
        .get(&World::path(reference), &world.school)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(list["documents"][0]["state"], "infected");
    assert!(list["documents"][0]["ask"].as_str().unwrap().contains("clean copy"), "{list}");
}

#[tokio::test]
async fn another_agencys_referral_and_none_are_told_apart_by_nothing() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    world.attached(reference, "one.pdf", PDF).await;
    let mut told = Vec::new();
    for path in [World::path(reference), World::path(Reference::from_entropy(99))] {
        let get = world.get(&path, &world.police).send().await.unwrap();
        let post = world.post(&path, &world.police).body(PDF).send().await.unwrap();
        for answer in [get, post] {
            let mut document = problem(answer, 404, "not-found").await;
            document["instance"] = Value::Null;
            told.push(document);
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let nonsense = world.post("/v1/referrals/nonsense/documents", &world.school).body(PDF);
    problem(nonsense.send().await.unwrap(), 404, "not-found").await;
    assert_eq!(world.store.attachments.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_taken_says_what_to_do_and_leaves_an_event() {
    let world = World::with(Setup {
        settings: ApiSettings {
            document_timeout: Duration::from_millis(300),
            ..Default::default()
        },
        ..Setup::default()
    })
    .await;
    let reference = world.store_referral(1);
    for (body, rule) in [
        (&b""[..], "empty"),
        (b"MZ\x90\0\x03", "unknown-kind"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "other-picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1........", "old-or-protected"),
    ] {
        let answer = world.attach(reference, "one.pdf", body).send().await.unwrap();
        let told = problem(answer, 415, "document-kind").await;
        assert_eq!(told["faults"][0]["rule"], rule, "{told}");
        assert!(told["faults"][0]["ask"].as_str().is_some_and(|ask| ask.len() > 20), "{told}");
        assert!(told["detail"].as_str().unwrap().contains(POLICE), "{told}");
    }
    for (said, rule) in
        [("multipart/form-data; boundary=x", "one-file"), ("application/json", "content-type")]
    {
        let body = world.attach(reference, "one.pdf", PDF).header("Content-Type", said);
        let told = problem(body.send().await.unwrap(), 415, "document-kind").await;
        assert_eq!(told["faults"][0]["rule"], rule);
    }
    let large = world.attach(reference, "one.pdf", &vec![b'x'; (10 << 20) + 1]);
    let told = problem(large.send().await.unwrap(), 413, "document-too-large").await;
    assert!(told["detail"].as_str().unwrap().contains(POLICE), "{told}");
    let zipped = world.attach(reference, "one.pdf", PDF).header("Content-Encoding", "gzip");
    problem(zipped.send().await.unwrap(), 415, "content-encoding").await;
    let key = world.attach(reference, "one.pdf", PDF).header("Idempotency-Key", "two words");
    problem(key.send().await.unwrap(), 400, "idempotency-key").await;
    let slow = reqwest::Body::wrap_stream(stream::pending::<std::io::Result<Vec<u8>>>());
    let slow = world.post(&World::path(reference), &world.school).body(slow);
    problem(slow.send().await.unwrap(), 408, "slow-body").await;
    assert!(world.store.attachments.lock().unwrap().is_empty());
    let refused = |why: &str| format!("attachment.refused school {why}");
    let kinds = ["empty", "unknown-kind", "other-picture", "old-or-protected"].map(refused);
    let others = ["one-file", "content-type", "too-large"].map(refused);
    assert_eq!(world.events(), [kinds.as_slice(), others.as_slice()].concat());
}

#[tokio::test]
async fn a_key_is_for_one_file_and_a_referral_has_so_many() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let keyed = |key: &str, body: &[u8]| {
        world.attach(reference, "one.txt", body).header("Idempotency-Key", key.to_owned())
    };
    assert_eq!(keyed("k", b"one").send().await.unwrap().status(), 201);
    assert_eq!(keyed("k", b"one").send().await.unwrap().status(), 200);
    let reused = problem(keyed("k", b"two").send().await.unwrap(), 409, "key-reused").await;
    assert_eq!(reused["first"], reference.to_string());
    for n in 2..=20 {
        world.attached(reference, "one.txt", format!("number {n}").as_bytes()).await;
    }
    let full = world.attach(reference, "one.txt", b"one more").send().await.unwrap();
    let told = problem(full, 409, "documents-full").await;
    assert!(told["detail"].as_str().unwrap().contains(POLICE), "{told}");
    // What is there already is there.
    assert_eq!(world.attach(reference, "one.txt", b"one").send().await.unwrap().status(), 200);
    let events = world.events();
    assert_eq!(events, ["attachment.refused school key-reused", "attachment.refused school full"]);
}

#[tokio::test]
async fn a_team_that_sees_all_reads_what_is_clean_and_nobody_else_anything() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    {
        let mut referrals = world.store.referrals.lock().unwrap();
        let stored = referrals.get_mut(&reference).expect("stored");
        stored.deliveries.push(delivery(stored.row.id, "panel", 2, DeliveryState::Delivered));
    }
    let kept = world.attached(reference, "K\u{f6}rper \u{2018}map\u{2019}.pdf", PDF).await;
    let id = kept["id"].as_str().unwrap();
    let path = format!("{}/{id}", World::path(reference));
    let held = world.get(&path, &world.masstt).send().await.unwrap();
    let told = problem(held, 409, "document-unscanned").await;
    assert!(told["detail"].as_str().unwrap().contains("telephone the agency"), "{told}");
    world.scanned(AttachmentState::Infected);
    let held = world.get(&path, &world.masstt).send().await.unwrap();
    problem(held, 409, "document-infected").await;
    world.scanned(AttachmentState::Clean);
    // Nothing was read so far.
    assert!(world.events().is_empty());
    let read = world.get(&path, &world.masstt).send().await.unwrap();
    assert_eq!(read.status(), 200);
    let header = |name: &str| read.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(header("cache-control"), "no-store");
    let disposition = header("content-disposition");
    assert!(disposition.starts_with("attachment; filename*=UTF-8''K"), "{disposition}");
    assert_eq!(read.bytes().await.unwrap(), PDF);
    assert_eq!(world.events(), [format!("attachment.read masstt {id}")]);

    // A panel that was sent the referral reads it cut, and a file cannot be cut.
    let document = format!("/v1/referrals/{reference}/document");
    let cut: Value = world.get(&document, &world.panel).send().await.unwrap().json().await.unwrap();
    assert!(cut.get("documents").is_none(), "{cut}");
    problem(world.get(&path, &world.panel).send().await.unwrap(), 404, "not-found").await;
    let whole: Value =
        world.get(&document, &world.masstt).send().await.unwrap().json().await.unwrap();
    assert_eq!(whole["documents"][0]["id"], id);
    // The named few were not sent it, and nothing of it is restricted.
    problem(world.get(&path, &world.named).send().await.unwrap(), 404, "not-found").await;
    problem(world.get(&path, &world.school).send().await.unwrap(), 403, "not-permitted").await;
    let list = world.get(&World::path(reference), &world.masstt).send().await.unwrap();
    problem(list, 403, "not-permitted").await;
    // Under another referral it is not there.
    let other = format!("{}/{id}", World::path(world.store_referral(2)));
    problem(world.get(&other, &world.masstt).send().await.unwrap(), 404, "not-found").await;
    for nonsense in ["x", "00000000-0000-0000-0000-000000000000"] {
        let path = format!("{}/{nonsense}", World::path(reference));
        problem(world.get(&path, &world.masstt).send().await.unwrap(), 404, "not-found").await;
    }
    let head = world.client.head(format!("{}{path}", world.url)).bearer_auth(&world.masstt);
    assert_eq!(head.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn the_named_few_read_what_concerns_a_restricted_record_and_no_read_goes_unaudited() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let id = world.attached(reference, "one.pdf", PDF).await["id"].as_str().unwrap().to_owned();
    world.scanned(AttachmentState::Clean);
    let path = format!("{}/{id}", World::path(reference));
    let restricted = super::matches::person(1);
    world.store.people.lock().unwrap().insert(restricted, super::matches::record(restricted, true));
    world.store.links.lock().unwrap().push(StoredLink {
        child: 0,
        person: restricted,
        record: restricted,
        seq: 1,
        state: LinkState::Linked,
        weight: 9.0,
        level_rank: 3,
        decision: None,
    });
    assert_eq!(world.get(&path, &world.named).send().await.unwrap().status(), 200);
    assert_eq!(world.events(), [format!("attachment.read named {id}")]);
    world.store.audit_down.store(true, Ordering::SeqCst);
    problem(world.get(&path, &world.masstt).send().await.unwrap(), 503, "unavailable").await;
}

#[tokio::test]
async fn documents_have_places_of_their_own_and_take_none_of_a_referral() {
    let admission = AdmissionSettings { documents: 1, ..Default::default() };
    let world = World::with(Setup {
        settings: ApiSettings { admission, ..Default::default() },
        rate_per_minute: 4,
        ..Setup::default()
    })
    .await;
    let reference = world.store_referral(1);
    // Five reads a minute for each submission: documents are counted among the reads.
    let (begun, wait) = tokio::sync::oneshot::channel::<()>();
    let body = stream::once(async move {
        let _ = wait.await;
        Ok::<_, std::io::Error>(PDF.to_vec())
    });
    let post = world.post(&World::path(reference), &world.school);
    let first = tokio::spawn(post.body(reqwest::Body::wrap_stream(body)).send());
    let mut crowded = world.attach(reference, "two.txt", b"two").send().await.unwrap();
    // Until the first has its place: it was only just sent.
    for _ in 0..15 {
        if crowded.status() == 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        crowded = world.attach(reference, "two.txt", b"two").send().await.unwrap();
    }
    problem(crowded, 503, "overloaded").await;
    let referral =
        world.post("/v1/referrals", &world.school).json(&json!({})).send().await.unwrap();
    assert_eq!(referral.status(), 201);
    begun.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), 201);
}

#[tokio::test]
async fn a_testing_agency_attaches_nothing() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let owner = frontdoor::access::Owner::new(frontdoor::access::OwnerKind::Agency, "academy");
    let key = world.access.issue(&owner, None).await.expect("issued").reveal().to_owned();
    let answer = world.post(&World::path(reference), &key).body(PDF).send().await.unwrap();
    problem(answer, 403, "testing").await;
}

#[tokio::test]
async fn a_file_in_a_form_is_the_file() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    let form = |content: &[u8]| {
        let head = "--xyz\r\nContent-Disposition: form-data; name=\"document\"; \
                    filename=\"map.pdf\"\r\nContent-Type: application/pdf\r\n\r\n";
        let body = [head.as_bytes(), content, b"\r\n--xyz--\r\n"].concat();
        let post = world.post(&World::path(reference), &world.school).body(body);
        post.header("Content-Type", "multipart/form-data; boundary=xyz")
    };
    let kept = form(PDF).send().await.unwrap();
    assert_eq!(kept.status(), 201);
    let kept: Value = kept.json().await.unwrap();
    assert_eq!((&kept["name"], &kept["size"]), (&json!("map.pdf"), &json!(PDF.len())));
    // It is the same file, whichever way it comes.
    assert_eq!(world.attach(reference, "map.pdf", PDF).send().await.unwrap().status(), 200);
    let most = [PDF, &vec![b' '; (10 << 20) - PDF.len()]].concat();
    assert_eq!(form(&most).send().await.unwrap().status(), 201);
    let over = form(&[&most[..], b"x"].concat()).send().await.unwrap();
    problem(over, 413, "document-too-large").await;
}
