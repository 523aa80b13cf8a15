//! What a destination that is not social work under statute receives says nothing of history: the
//! message, the queue it waits in, and the document behind it.

use super::*;
use crate::arbitrary::{early_help, history, referral};
use arc_swap::ArcSwap;
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, ChildHistory, DestinationId, Directory};
use frontdoor::pipeline::{Decided, Rules, Stages};
use frontdoor::store::OutboxRow;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::seal::Dossier;
use frontdoor::store::work::{Judge, Referred, RepeatKey};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

/// The same numbers every time, so that only what was decided differs.
struct Still;

impl Env for Still {
    fn now(&self) -> Timestamp {
        tuesday_morning()
    }

    fn entropy(&self, into: &mut [u8]) {
        into.fill(7);
    }
}

fn stages() -> Stages {
    let destinations = CALDERDALE.destinations.iter();
    let directory = Directory {
        destinations: destinations
            .map(|(id, team)| (id.clone(), team.destination.clone()))
            .collect(),
        ..Directory::default()
    };
    let rules = Rules {
        policy: CALDERDALE.policy.clone(),
        scorer: CALDERDALE.completeness.clone(),
        routing: CALDERDALE.routing.clone(),
        directory,
        outcomes: CALDERDALE.outcomes.clone(),
        linkage: CALDERDALE.linkage.clone(),
    };
    Stages {
        rules: Arc::new(ArcSwap::from_pointee(rules)),
        ring: KeyRing::for_tests(7),
        env: Arc::new(Still),
    }
}

fn statutory(id: &DestinationId) -> bool {
    CALDERDALE.destination(id).is_some_and(|team| team.statutory)
}

/// Messages for those who may not know of history, and what was decided, as it is stored.
fn concluded(
    stages: &Stages,
    document: &Value,
    known: &[ChildHistory],
) -> (Vec<OutboxRow>, Decided, Value) {
    let token = stages.ring.token16("key", "school", b"x");
    let repeat = RepeatKey { key: token, body: token, expires_at: tuesday_morning() };
    let referred = Referred {
        agency: AgencyId::new("school"),
        received_at: tuesday_morning(),
        raw: Vec::new(),
        provenance: Vec::new(),
        referral: read(document),
        completeness: Default::default(),
        children: Vec::new(),
        adults: Vec::new(),
        repeat,
        traceparent: None,
        // Read again by the stages: these are of no policy.
        facts: Vec::new(),
        facts_of: String::new(),
    };
    let concluded = stages.conclude(&referred, &[], known, tuesday_morning()).expect("concludes");
    let row = &concluded.rows.referrals[0];
    let dossier = stages.ring.open_record(&Dossier::name(row.id), &row.record).expect("opens");
    let dossier = Dossier::from_bytes(&dossier).expect("a dossier");
    let decided = serde_json::from_slice(&dossier.decision).expect("a decision");
    let mut outbox = concluded.rows.outbox;
    outbox.retain(|row| !statutory(&row.destination));
    let mut receipt: Value = serde_json::from_slice(&dossier.receipt).expect("a receipt");
    receipt.as_object_mut().expect("an object").remove("reference").expect("a reference");
    (outbox, decided, receipt)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_a_team_that_may_not_know_receives_is_the_same_with_and_without_history(
        document in prop_oneof![referral(), early_help()], known in vec(history(), 3)
    ) {
        let stages = stages();
        let children = read(&document).children.len();
        let (plain, alone, receipt) = concluded(&stages, &document, &[]);
        let (told, decided, told_receipt) = concluded(&stages, &document, &known[..children]);
        // Nor does its sender learn anything (invariant 6), now or when it asks again.
        prop_assert_eq!(receipt, told_receipt);
        prop_assert_eq!(&alone.alone, &decided.alone);
        prop_assert_eq!(plain.len(), told.len());
        for (plain, told) in plain.iter().zip(&told) {
            prop_assert_eq!(&plain.destination, &told.destination);
            prop_assert_eq!(&plain.payload, &told.payload);
            prop_assert_eq!(plain.priority, told.priority);
            prop_assert_eq!(plain.due_at, told.due_at);
            prop_assert_eq!(&plain.level, &told.level);
        }
        let referral = read(&document);
        for team in CALDERDALE.destinations.values().map(|team| &team.destination) {
            let cut = |of: &Decided| {
                CALDERDALE.routing.cut(&referral, team, of.for_whom(team.statutory))
            };
            prop_assert!(team.statutory || cut(&alone) == cut(&decided), "{}", team.id);
        }
    }
}
