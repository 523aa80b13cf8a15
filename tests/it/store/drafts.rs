//! Drafts: theirs alone who may see them, written on in two windows at once, and sent once.

use super::homes::{Home, ring};
use super::on_both;
use super::staff::World;
use frontdoor::domain::draft::DraftState;
use frontdoor::domain::{AgencyId, DraftId, Reference, StaffId};
use frontdoor::pipeline::drafts::{Content, Drafts, TRUSTED_PERSON, Writer};
use frontdoor::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;

on_both!(
    a_draft_is_opened_by_its_author_alone_as_it_was_written,
    two_windows_that_write_at_once_both_stand,
    a_deputy_takes_over_what_is_not_closed,
    what_is_about_a_colleague_is_in_no_list_and_no_count,
    what_was_sent_or_thrown_away_holds_nothing_any_more,
    who_may_see_what_was_sent,
    a_draft_is_sealed_and_what_happens_to_it_is_in_the_chain,
);

const SCHOOL: &str = "school-a";

struct Room {
    drafts: Drafts,
    store: Arc<dyn Store>,
    world: World,
}

impl Room {
    async fn over(home: &Home) -> Room {
        let world = World::over(home).await;
        let store = world.store.clone();
        let drafts = Drafts { store: store.clone(), ring: ring(), env: world.hand.clone() };
        Room { drafts, store, world }
    }

    async fn begun(&self, writer: &Writer, answers: Value) -> DraftId {
        self.world.pass(1);
        self.drafts.begin(writer, content(answers)).await.expect("is kept")
    }

    /// Own open ones, colleagues' open ones, and those sent by either.
    async fn lists(&self, writer: &Writer) -> [Vec<DraftId>; 3] {
        let ids = |drafts: Vec<frontdoor::pipeline::drafts::Draft>| -> Vec<DraftId> {
            drafts.into_iter().map(|draft| draft.id).collect()
        };
        let own = self.drafts.own(writer, DraftState::Open).await.expect("reads");
        let others = self.drafts.of_colleagues(writer).await.expect("reads");
        let mut sent = ids(self.drafts.own(writer, DraftState::Sent).await.expect("reads"));
        sent.extend(ids(self.drafts.sent_by_colleagues(writer).await.expect("reads")));
        [ids(own), others.into_iter().map(|draft| draft.id).collect(), sent]
    }
}

/// With its worry answered, so that it is known not to be about a colleague.
fn content(answers: Value) -> Content {
    Content {
        answers: answers.as_object().cloned().expect("an object"),
        seen: [("worry".to_owned(), 0)].into(),
        ..Content::default()
    }
}

fn writer(n: u128, agency: &str, lead: bool) -> Writer {
    let staff = StaffId(uuid::Uuid::from_u128(n));
    Writer { staff, agency: AgencyId::new(agency), lead, name: format!("Writer {n}") }
}

fn ada() -> Writer {
    writer(1, SCHOOL, false)
}

fn lead() -> Writer {
    writer(2, SCHOOL, true)
}

fn ben() -> Value {
    json!({"worry": "thin coat", "children": [{"given_name": "Ben", "family_name": "Moor"}]})
}

async fn a_draft_is_opened_by_its_author_alone_as_it_was_written(home: Home) {
    let room = Room::over(&home).await;
    let id = room.begun(&ada(), ben()).await;
    let draft = room.drafts.open(&ada(), id).await.expect("reads").expect("hers");
    assert_eq!(
        (draft.state, draft.content.answers["worry"].clone()),
        (DraftState::Open, json!("thin coat"))
    );
    assert_eq!(
        (draft.content.author.as_str(), draft.content.first_child().as_str()),
        ("Writer 1", "Ben Moor")
    );
    let elsewhere = Writer { agency: AgencyId::new("school-b"), ..ada() };
    for other in [lead(), writer(3, SCHOOL, false), elsewhere] {
        assert!(room.drafts.open(&other, id).await.expect("reads").is_none(), "{other:?}");
        let saved = room.drafts.save(&other, id, false, |content| content.answers.clear()).await;
        assert!(saved.expect("reads").is_none());
        room.drafts.discard(&other, id).await.expect("does nothing");
    }
    let nobody = DraftId(uuid::Uuid::nil());
    assert!(room.drafts.open(&ada(), nobody).await.expect("reads").is_none());
    assert!(room.drafts.open(&ada(), id).await.expect("reads").is_some());
}

async fn two_windows_that_write_at_once_both_stand(home: Home) {
    let room = Room::over(&home).await;
    let id = room.begun(&ada(), json!({})).await;
    let write = |name: String| {
        let drafts = &room.drafts;
        async move {
            let put = |content: &mut Content| {
                content.answers.insert(name.clone(), json!("written"));
            };
            drafts.save(&ada(), id, false, put).await
        }
    };
    let all = futures::future::join_all((0..4).map(|n| write(format!("answer-{n}")))).await;
    assert!(all.into_iter().all(|saved| saved.expect("is kept").is_some()));
    let draft = room.drafts.open(&ada(), id).await.expect("reads").expect("hers");
    assert_eq!(draft.content.answers.len(), 4);
}

async fn a_deputy_takes_over_what_is_not_closed(home: Home) {
    let room = Room::over(&home).await;
    let id = room.begun(&ada(), ben()).await;
    assert_eq!(room.lists(&lead()).await, [vec![], vec![id], vec![]]);
    assert_eq!(room.lists(&writer(3, SCHOOL, false)).await, [vec![], vec![], vec![]]);
    let others = [writer(3, SCHOOL, false), writer(4, "school-b", true), ada()];
    for other in others {
        assert!(!room.drafts.take_over(&other, id).await.expect("reads"), "{other:?}");
    }
    assert!(room.drafts.take_over(&lead(), id).await.expect("takes over"));
    assert_eq!(room.lists(&lead()).await, [vec![id], vec![], vec![]]);
    assert!(room.drafts.open(&ada(), id).await.expect("reads").is_none());
    let draft = room.drafts.open(&lead(), id).await.expect("reads").expect("theirs");
    assert_eq!(
        (draft.content.author.as_str(), draft.content.answers["worry"].clone()),
        ("Writer 2", json!("thin coat"))
    );
}

async fn what_is_about_a_colleague_is_in_no_list_and_no_count(home: Home) {
    let room = Room::over(&home).await;
    let id = room.begun(&ada(), ben()).await;
    let open = room.store.open_drafts().await.expect("reads");
    assert_eq!(
        open.iter().map(|(agency, open, _)| (agency.as_str(), *open)).collect::<Vec<_>>(),
        [(SCHOOL, 1)]
    );
    let tick = |content: &mut Content| {
        content.answers.insert("indicators".to_owned(), json!(["child-alone", TRUSTED_PERSON]));
    };
    room.drafts.save(&ada(), id, false, tick).await.expect("is kept");
    assert_eq!(room.lists(&lead()).await, [vec![], vec![], vec![]]);
    assert!(!room.drafts.take_over(&lead(), id).await.expect("reads"));
    assert_eq!(room.store.open_drafts().await.expect("reads"), []);
    assert_eq!(room.lists(&ada()).await, [vec![id], vec![], vec![]]);
    // Also once it is sent, and its answers are gone.
    let reference = Reference::from_entropy(7);
    let draft = room.drafts.open(&ada(), id).await.expect("reads").expect("hers");
    let answers = draft.content.answers;
    room.drafts.sent(&ada(), id, reference, &answers).await.expect("is noted");
    assert_eq!(room.lists(&lead()).await, [vec![], vec![], vec![]]);
    assert_eq!(room.drafts.may_see(&lead(), reference).await.expect("reads"), Some(false));
    assert_eq!(room.drafts.may_see(&ada(), reference).await.expect("reads"), Some(true));
    let begun_closed = room.begun(&ada(), json!({"indicators": [TRUSTED_PERSON]})).await;
    // Before its worry is answered nobody knows whom it is about; and no page opens it by itself.
    let unknown = Content { seen: Default::default(), ..content(ben()) };
    let unknown = room.drafts.begin(&ada(), unknown).await.expect("is kept");
    assert!(!room.lists(&lead()).await[1].contains(&unknown));
    let untick = |content: &mut Content| {
        content.answers.remove("indicators");
    };
    room.drafts.save(&ada(), begun_closed, true, untick).await.expect("is kept");
    assert!(!room.lists(&lead()).await[1].contains(&begun_closed), "stays closed");
    assert!(!room.lists(&lead()).await[1].contains(&begun_closed));
}

async fn what_was_sent_or_thrown_away_holds_nothing_any_more(home: Home) {
    let room = Room::over(&home).await;
    let (sent, thrown) = (room.begun(&ada(), ben()).await, room.begun(&ada(), ben()).await);
    let reference = Reference::from_entropy(7);
    // Whatever was written while it was sent stays, and is answered, to be sent as well.
    let stale = serde_json::Map::new();
    let more = room.drafts.sent(&ada(), sent, reference, &stale).await.expect("reads");
    assert_eq!(more.expect("stays open").state, DraftState::Open);
    let answers = content(ben()).answers;
    room.drafts.sent(&ada(), sent, reference, &answers).await.expect("is noted");
    room.drafts.discard(&ada(), thrown).await.expect("is thrown away");
    for (id, state, about) in
        [(sent, DraftState::Sent, "Ben Moor"), (thrown, DraftState::Discarded, "")]
    {
        let draft = room.drafts.open(&ada(), id).await.expect("reads").expect("hers");
        assert_eq!(
            (draft.state, draft.content.answers.len(), draft.content.about.as_str()),
            (state, 0, about)
        );
        let write = |content: &mut Content| {
            content.answers.insert("worry".to_owned(), json!("more"));
        };
        let saved = room.drafts.save(&ada(), id, false, write).await.expect("reads").expect("hers");
        assert_eq!((saved.state, saved.content.answers.len()), (state, 0), "it stays as it is");
    }
    // Neither undoes the other.
    room.drafts.discard(&ada(), sent).await.expect("does nothing");
    let draft = room.drafts.open(&ada(), sent).await.expect("reads").expect("hers");
    assert_eq!((draft.state, draft.reference), (DraftState::Sent, Some(reference)));
    assert_eq!(room.lists(&ada()).await, [vec![], vec![], vec![sent]]);
}

async fn who_may_see_what_was_sent(home: Home) {
    let room = Room::over(&home).await;
    let id = room.begun(&ada(), ben()).await;
    let reference = Reference::from_entropy(7);
    let may = async |who: &Writer| room.drafts.may_see(who, reference).await.expect("reads");
    assert_eq!(may(&ada()).await, None, "nobody sent it from a screen");
    let answers = content(ben()).answers;
    room.drafts.sent(&ada(), id, reference, &answers).await.expect("is noted");
    for (who, sees) in [
        (ada(), true),
        (lead(), true),
        (writer(3, SCHOOL, false), false),
        (writer(4, "school-b", true), false),
    ] {
        assert_eq!(may(&who).await, Some(sees), "{who:?}");
    }
    assert_eq!(room.lists(&lead()).await, [vec![], vec![], vec![id]]);
}

async fn a_draft_is_sealed_and_what_happens_to_it_is_in_the_chain(home: Home) {
    let room = Room::over(&home).await;
    let id = room.begun(&ada(), ben()).await;
    let row = room.store.draft(id).await.expect("reads").expect("there");
    let stored = [row.record.wrapped_key, row.record.body].concat();
    assert!(!stored.windows(4).any(|bytes| bytes == b"Moor"));
    let write = |content: &mut Content| {
        content.answers.insert("worry".to_owned(), json!("more"));
    };
    room.drafts.save(&ada(), id, false, write).await.expect("is kept");
    // What changes nothing is written nowhere.
    room.drafts.save(&ada(), id, false, write).await.expect("is kept");
    room.drafts.take_over(&lead(), id).await.expect("takes over");
    room.drafts.discard(&lead(), id).await.expect("is thrown away");
    let events = room.world.told().await;
    let told: Vec<(&str, &str)> =
        events.iter().map(|event| (event.kind.as_str(), event.actor.as_str())).collect();
    let (ada, lead) = (ada().staff.to_string(), lead().staff.to_string());
    assert_eq!(
        told,
        [
            ("draft.begun", ada.as_str()),
            ("draft.saved", &ada),
            ("draft.taken-over", &lead),
            ("draft.discarded", &lead),
        ]
    );
    assert!(events.iter().all(|event| event.detail.as_deref() == Some(&*id.to_string())));
}
