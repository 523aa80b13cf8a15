//! Whatever people say of matches, in whatever order, with referrals and information in between:
//! each child is one person, each history is that of its referrals, and a word stands until a
//! person says otherwise.

use super::gateway::Gateway;
use super::homes::Home;
use super::matches::{imogen, of, perhaps};
use super::on_both;
use super::rows::{ahead, batch, person, write};
use frontdoor::domain::{LinkState, MatchId, PersonId, Reference, Timestamp, Word};
use frontdoor::pipeline::Heard;
use frontdoor::store::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    whatever_is_said_a_word_stands_and_histories_are_of_their_referrals,
    whoever_is_left_is_seen_by_a_batch_under_way,
    two_people_at_once_are_heard_one_after_the_other,
    whoever_may_be_the_one_that_is_left_may_be_the_other,
);

const STEPS: usize = 40;

/// SplitMix64 (Steele, Lea and Flood).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % most as u64).expect("small")
    }
}

#[derive(Default)]
struct Said {
    all: Vec<Reference>,
    /// Whom a person has said a child is.
    is: BTreeMap<Reference, PersonId>,
    /// Whom a person has said it is not.
    is_not: BTreeSet<(Reference, PersonId)>,
}

impl Said {
    fn hear(&mut self, id: MatchId, word: Word) {
        let (reference, person) = (id.reference, id.person);
        match word {
            Word::Link => {
                self.is.insert(reference, person);
                self.is_not.remove(&(reference, person));
            }
            Word::Separate => {
                self.is.retain(|one, other| (*one, *other) != (reference, person));
                self.is_not.insert((reference, person));
            }
            Word::NotSure => {
                self.is.retain(|one, other| (*one, *other) != (reference, person));
                self.is_not.remove(&(reference, person));
            }
        }
    }

    async fn check(&self, gateway: &Gateway, step: &str) {
        let mut people: BTreeMap<PersonId, Vec<Reference>> = BTreeMap::new();
        for reference in &self.all {
            let (_, links) = gateway.stored(*reference).await;
            let settled: Vec<_> = links.iter().filter(|link| link.state.is_settled()).collect();
            let [one] = settled.as_slice() else { panic!("{step}: {links:?}") };
            people.entry(one.person).or_default().push(*reference);
            if let Some(person) = self.is.get(reference) {
                assert_eq!(one.person, *person, "{step}: a person's link stands");
            }
            for link in links {
                let never = self.is_not.contains(&(*reference, link.person));
                assert!(!never || link.state == LinkState::Separate, "{step}: {link:?}");
            }
        }
        for (person, referrals) in people {
            let counted = gateway.history(person).await.0;
            assert_eq!(usize::try_from(counted).expect("small"), referrals.len(), "{step}");
            assert_eq!(gateway.chronology(person).await, referrals, "{step}");
        }
    }
}

async fn whatever_is_said_a_word_stands_and_histories_are_of_their_referrals(home: Home) {
    let gateway = Gateway::over(&home).await;
    let (mut dice, mut said) = (Dice(20_261_128), Said::default());
    for number in 0..STEPS {
        let step = match dice.below(6) {
            _ if said.all.len() < 4 => refer(&gateway, &mut dice, &mut said).await,
            0 => refer(&gateway, &mut dice, &mut said).await,
            1 => {
                let reference = said.all[dice.below(said.all.len())];
                let word = format!("room {number}");
                gateway.add(reference, json!({"index": 0, "school": word})).await;
                format!("information on {reference}")
            }
            _ => speak(&gateway, &mut dice, &mut said).await,
        };
        said.check(&gateway, &format!("step {number}: {step}")).await;
    }
}

async fn refer(gateway: &Gateway, dice: &mut Dice, said: &mut Said) -> String {
    let number = said.all.len();
    let mut child = if dice.below(3) == 0 { perhaps() } else { imogen() };
    // The same body again would be the same referral.
    child["school"] = json!(format!("Invented {number}"));
    let agency = ["school-ridgeway", "police-west"][dice.below(2)];
    let reference = gateway.refer(agency, child).await;
    said.all.push(reference);
    format!("{reference}")
}

async fn speak(gateway: &Gateway, dice: &mut Dice, said: &mut Said) -> String {
    let reference = said.all[dice.below(said.all.len())];
    let (_, links) = gateway.stored(reference).await;
    let matches: Vec<_> = links
        .iter()
        .filter(|link| {
            use LinkState::{Linked, Possible, Separate};
            matches!(link.state, Linked | Possible | Separate)
        })
        .collect();
    if matches.is_empty() {
        return "nothing to say".to_owned();
    }
    let id = of(reference, matches[dice.below(matches.len())].person);
    let word = [Word::Link, Word::Separate, Word::NotSure][dice.below(3)];
    let lower = dice.below(3) == 0;
    match gateway.say(id, word, lower).await {
        Heard::Settled(_) => said.hear(id, word),
        Heard::Taken if word == Word::Link => {}
        other => panic!("{other:?}"),
    }
    format!("{word:?} of {id}")
}

/// A batch of another gateway that has read ahead learns that somebody is no candidate any more.
async fn whoever_is_left_is_seen_by_a_batch_under_way(home: Home) {
    let store = home.store().await;
    let one = person(&[1]);
    write(store.as_ref(), &Batch { persons: vec![one.clone()], ..batch() }).await;
    let (horizon, found) = ahead(store.as_ref(), &[Token(1)]).await;
    assert_eq!(found.len(), 1);
    let left = Batch { profiles: vec![(one.id, Vec::new())], ..batch() };
    write(store.as_ref(), &left).await;
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(1)]).await.expect("reads");
    assert_eq!(since.len(), 1);
    assert!(since[0].profile.is_empty());
}

async fn two_people_at_once_are_heard_one_after_the_other(home: Home) {
    let (one, two) = (Gateway::over(&home).await, Gateway::over(&home).await);
    let first = one.refer("school-ridgeway", imogen()).await;
    let second = two.refer("police-west", imogen()).await;
    let person = one.person(first).await.0;
    let of = of(second, person);
    for _ in 0..5 {
        let (linked, parted) =
            tokio::join!(one.say(of, Word::Link, false), two.say(of, Word::Separate, false));
        for heard in [linked, parted] {
            assert!(matches!(heard, Heard::Settled(_)), "{heard:?}");
        }
        let (now, state) = one.person(second).await;
        let apart = one.store.histories(&[person], Timestamp(0)).await.expect("reads");
        match state {
            LinkState::Linked => {
                assert_eq!(now, person);
                assert!(apart[0].apart.is_empty());
            }
            _ => assert_eq!(apart[0].apart, [now]),
        }
    }
}

async fn whoever_may_be_the_one_that_is_left_may_be_the_other(home: Home) {
    let gateway = Gateway::over(&home).await;
    let known = gateway.refer("school-ridgeway", imogen()).await;
    let person = gateway.person(known).await.0;
    let middle = gateway.refer("police-west", perhaps()).await;
    let made = gateway.person(middle).await.0;
    let mut child = perhaps();
    child["school"] = json!("Invented");
    let far = gateway.refer("police-west", child).await;
    let own = gateway.person(far).await.0;
    let state = async |id| {
        let (_, links) = gateway.stored(far).await;
        links.iter().find(|link| link.person == id).map(|link| link.state)
    };
    // So that it is possible, and nobody has said anything of it.
    for id in [person, made] {
        gateway.say(of(far, id), Word::NotSure, false).await;
        if state(id).await == Some(LinkState::Linked) {
            gateway.say(of(far, id), Word::Separate, false).await;
            gateway.say(of(far, id), Word::NotSure, false).await;
        }
    }
    let own = if own == made { gateway.person(far).await.0 } else { own };
    assert_eq!(state(made).await, Some(LinkState::Possible));
    gateway.say(of(middle, person), Word::Link, false).await;
    assert_eq!(state(made).await, Some(LinkState::Moved));
    assert_eq!(state(person).await, Some(LinkState::Possible));
    let gone = gateway.say(of(far, made), Word::Link, false).await;
    assert_eq!(gone, Heard::Unknown, "nobody is made somebody who is left");
    gateway.say(of(middle, person), Word::Separate, false).await;
    assert_eq!(state(made).await, Some(LinkState::Possible));
    assert_eq!(gateway.person(far).await.0, own);
}
