//! Whatever people say of matches, in whatever order, with referrals and information in between:
//! each child is one person, each history is that of its referrals, and a word stands until a
//! person says otherwise.

use super::gateway::Gateway;
use super::homes::Home;
use super::matches::{imogen, import_of, of, perhaps};
use super::on_both;
use super::rows::{ahead, batch, person, write};
use frontdoor::app::OsEnv;
use frontdoor::domain::time::Env;
use frontdoor::domain::{LinkState, MatchId, PersonId, Reference, Timestamp, Word};
use frontdoor::pipeline::Heard;
use frontdoor::store::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    whatever_is_said_a_word_stands,
    whatever_is_said_a_word_stands_again,
    whatever_is_said_a_word_stands_once_more,
    whoever_is_left_is_seen_by_a_batch_under_way,
    two_people_at_once_are_heard_one_after_the_other,
    whoever_may_be_the_one_that_is_left_may_be_the_other,
);

const STEPS: usize = 40;

/// Records of one child, of a like one and of hers under another address.
const RECORDS: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504\n\
    R2,lcs,Immy,Hollins,2016-03-09,11 Invented Row,HX1 2AB,\n\
    R3,lcs,Imogen,Hollin,2016-03-09,4 Dale Street,HX3 6DP,\n";

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

/// What is true, as far as people have said.
#[derive(Default)]
struct World {
    all: Vec<Reference>,
    /// The last word of a person on a child and a record.
    words: BTreeMap<(Reference, PersonId), Word>,
    /// The authority's records.
    records: Vec<PersonId>,
    merged: BTreeMap<PersonId, PersonId>,
    merges: i64,
}

impl World {
    fn survivor(&self, person: PersonId) -> PersonId {
        self.merged.get(&person).map_or(person, |into| self.survivor(*into))
    }

    fn one_person(&self, one: PersonId, other: PersonId) -> bool {
        self.survivor(one) == self.survivor(other)
    }

    /// A word is of the record that its speaker saw; a person's link to another record of the same
    /// person has come to it.
    fn hear(&mut self, id: MatchId, word: Word) {
        let elsewhere: Vec<_> = self
            .words
            .iter()
            .filter(|((of, record), said)| {
                *of == id.reference && **said == Word::Link && self.one_person(*record, id.person)
            })
            .map(|(key, _)| *key)
            .collect();
        self.words.retain(|key, _| !elsewhere.contains(key));
        self.words.insert((id.reference, id.person), word);
    }

    async fn check(&self, gateway: &Gateway, step: &str) {
        let mut people: BTreeMap<PersonId, Vec<Reference>> = BTreeMap::new();
        for reference in &self.all {
            let (_, links) = gateway.stored(*reference).await;
            let settled: Vec<_> = links.iter().filter(|link| link.state.is_settled()).collect();
            let [one] = settled.as_slice() else { panic!("{step}: {links:?}") };
            people.entry(one.person).or_default().push(*reference);
            let mut each = BTreeSet::new();
            for link in &links {
                assert_eq!(self.survivor(link.person), link.person, "{step}: {link:?}");
                assert!(each.insert(link.person), "{step}: {links:?}");
            }
            let said = || self.words.iter().filter(|((of, _), _)| of == reference);
            for ((_, record), word) in said() {
                let is = self.one_person(one.person, *record);
                let linked = |((_, other), word): (&(_, PersonId), &Word)| {
                    *word == Word::Link && self.one_person(*other, *record)
                };
                match word {
                    Word::Link => assert!(is, "{step}: a person's link stands: {links:?}"),
                    Word::Separate => assert!(!is || said().any(linked), "{step}: {links:?}"),
                    Word::NotSure => {}
                }
            }
        }
        let open = gateway.open().await;
        assert_eq!(open.iter().collect::<BTreeSet<_>>().len(), open.len(), "{step}: {open:?}");
        for id in open {
            assert_eq!(self.survivor(id.person), id.person, "{step}: {id}");
            let word = self.words.get(&(id.reference, id.person));
            assert_ne!(word, Some(&Word::Separate), "{step}: {id}");
        }
        for (person, referrals) in people {
            let counted = gateway.history(person).await.0;
            assert_eq!(usize::try_from(counted).expect("small"), referrals.len(), "{step}");
            let others = self.records.iter().filter(|one| self.one_person(**one, person));
            for record in others.chain([&person]) {
                assert_eq!(gateway.chronology(*record).await, referrals, "{step}");
            }
        }
        assert!(gateway.store.recounts(None, 9).await.expect("reads").is_empty(), "{step}");
    }
}

async fn whatever_is_said_a_word_stands(home: Home) {
    words_stand(&home, 100).await;
}

async fn whatever_is_said_a_word_stands_again(home: Home) {
    words_stand(&home, 102).await;
}

async fn whatever_is_said_a_word_stands_once_more(home: Home) {
    words_stand(&home, 106).await;
}

async fn words_stand(home: &Home, seed: u64) {
    let gateway = Gateway::over(home).await;
    import_of(&gateway, RECORDS, 3).await;
    let (mut dice, mut world) = (Dice(seed), World::default());
    for number in 0..STEPS {
        let step = match dice.below(7) {
            _ if world.all.len() < 4 => refer(&gateway, &mut dice, &mut world).await,
            0 => refer(&gateway, &mut dice, &mut world).await,
            1 => {
                let reference = world.all[dice.below(world.all.len())];
                let word = format!("room {number}");
                gateway.add(reference, json!({"index": 0, "school": word})).await;
                format!("information on {reference}")
            }
            2 => merge(&gateway, &mut dice, &mut world).await,
            _ => speak(&gateway, &mut dice, &mut world).await,
        };
        world.check(&gateway, &format!("step {number}: {step}")).await;
    }
    while let Some((record, _)) = world.merged.pop_first() {
        tell(&gateway, &mut world, record, None).await;
        world.check(&gateway, &format!("{record} is its own again")).await;
    }
}

async fn refer(gateway: &Gateway, dice: &mut Dice, world: &mut World) -> String {
    let number = world.all.len();
    let mut child = if dice.below(3) == 0 { perhaps() } else { imogen() };
    // The same body again would be the same referral.
    child["school"] = json!(format!("Invented {number}"));
    let agency = ["school-ridgeway", "police-west"][dice.below(2)];
    let reference = gateway.refer(agency, child).await;
    world.all.push(reference);
    let (_, links) = gateway.stored(reference).await;
    for link in links {
        let person = gateway.store.person(link.person).await.expect("reads").expect("there");
        if person.fed && !world.records.contains(&person.id) {
            world.records.push(person.id);
        }
    }
    format!("{reference}")
}

/// The authority says that two records are one person's, or that one is its own.
async fn merge(gateway: &Gateway, dice: &mut Dice, world: &mut World) -> String {
    let (count, merged) = (world.records.len(), world.merged.len());
    if count > 0 && merged > 0 && dice.below(2) == 0 {
        let record = *world.merged.keys().nth(dice.below(merged)).expect("there");
        world.merged.remove(&record);
        tell(gateway, world, record, None).await;
        return format!("{record} is its own");
    }
    let free: Vec<PersonId> =
        world.records.iter().filter(|one| !world.merged.contains_key(one)).copied().collect();
    if free.len() < 2 {
        return "nothing to merge".to_owned();
    }
    let first = dice.below(free.len());
    let second = (first + 1 + dice.below(free.len() - 1)) % free.len();
    world.merged.insert(free[first], free[second]);
    tell(gateway, world, free[first], Some(free[second])).await;
    format!("{} is {}", free[first], free[second])
}

async fn tell(gateway: &Gateway, world: &mut World, person: PersonId, into: Option<PersonId>) {
    world.merges += 1;
    say_of_records(gateway, person, into, world.merges).await;
}

/// The authority says that a record is another's, or its own; `place` of what it has said so far.
pub(super) async fn say_of_records(
    gateway: &Gateway,
    person: PersonId,
    into: Option<PersonId>,
    place: i64,
) {
    let now = OsEnv::new().now();
    let as_of = Some(now.plus_seconds(place));
    let events = vec![Event::new("people.imported", "frontdoor")];
    let merges = vec![Merge { person, into, as_of }];
    gateway.store.feed(&Feed { merges, events, ..Feed::default() }, now).await.expect("is told");
    while gateway.newsreader().round().await.expect("is heard") > 0 {}
}

async fn speak(gateway: &Gateway, dice: &mut Dice, world: &mut World) -> String {
    let reference = world.all[dice.below(world.all.len())];
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
        Heard::Settled(_) => world.hear(id, word),
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
