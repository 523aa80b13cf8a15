//! Look-up by the lane's own query, comparison and decision by the pipeline's own judge.

use super::{home, lane};
use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use frontdoor::app::{OsEnv, load_rules, open_keys};
use frontdoor::config::settings::Settings;
use frontdoor::domain::PersonId;
use frontdoor::domain::shortlist::shortlist;
use frontdoor::linkage::people::People;
use frontdoor::linkage::{Model, Profile, explain, keys};
use frontdoor::pipeline::Stages;
use frontdoor::store::work::{Candidate, ChildProfile, Judge};
use frontdoor::store::{CandidateRow, Candidates, Store, Token, open};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// Referrals one by one, of all spread evenly.
const ALONE: usize = 5_000;
const BATCH: usize = 256;

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub people: u64,
    pub referrals: usize,
    pub imported_per_second: f64,
    pub candidates: f64,
    /// Milliseconds of look-up, comparison and decision together.
    pub p50: f64,
    pub p99: f64,
    pub lookup_p50: f64,
    pub lookup_p99: f64,
    pub batches_alone: f64,
    pub batches: f64,
    pub lane: f64,
    pub recall: f64,
    pub reached: f64,
    pub memory: f64,
    pub import_memory: f64,
}

/// A referral's child as the pipeline hands it to the lane.
struct Child {
    profile: Profile,
    given: ChildProfile,
    /// Who it is, where the truth says that it is known.
    truth: HashSet<PersonId>,
}

struct Bench {
    store: Arc<dyn Store>,
    stages: Arc<Stages>,
    children: Vec<Child>,
}

pub fn run(url: &str, key: &str, referrals: &str, truth: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let bench = Arc::new(Bench::open(url, key, referrals, truth).await?);
        let mut measured = Measured {
            people: bench.store.count_people().await?,
            referrals: bench.children.len(),
            ..Measured::default()
        };
        // Caches, pools and statements are filled by a part that is not measured.
        bench.alone(&mut measured, 1_000).await?;
        bench.alone(&mut measured, ALONE).await?;
        measured.batches_alone = batches(&bench, 1).await?;
        measured.batches = batches(&bench, 2).await?;
        bench.recall(&mut measured).await?;
        measured.lane = lane::run(bench.store.clone(), bench.stages.clone(), referrals).await?;
        measured.memory = home::peak_megabytes("self")?;
        std::io::stdout().write_all(&serde_json::to_vec(&measured)?)?;
        Ok(())
    })
}

/// As the lane has read them.
struct Known {
    blocks: HashMap<Token, Vec<PersonId>>,
    profiles: HashMap<PersonId, Arc<[u8]>>,
}

impl Known {
    /// The child's shortlist, as in the lane.
    fn candidates(&self, child: &ChildProfile) -> Vec<Candidate> {
        let blocks = child.tokens.iter().filter_map(|token| self.blocks.get(token));
        let people = shortlist(blocks.map(Vec::as_slice).collect());
        let with_profile = |person| Some((person, self.profiles.get(&person)?.clone()));
        people.into_iter().filter_map(with_profile).collect()
    }
}

impl Bench {
    async fn open(url: &str, key: &str, referrals: &str, truth: &str) -> Result<Bench> {
        let mut settings = Settings::default();
        settings.keys.master_key_file = key.into();
        settings.authority.config =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
        let store = open(url).await?;
        let ring = open_keys(&settings, store.as_ref()).await?;
        let rules = Arc::new(ArcSwap::from_pointee(load_rules(&settings)?));
        rules.load().linkage.model.count(store.count_people().await?);
        let stages = Arc::new(Stages { rules, ring, env: Arc::new(OsEnv::new()) });
        let truth = truths(store.as_ref(), &stages, truth).await?;
        let mut children = Vec::new();
        for row in People::new(File::open(referrals)?)? {
            let mut row = row?;
            row.profile.date(Some(stages.env.now().date()));
            let keys = keys(&row.profile);
            let mut tokens: Vec<Token> = keys.iter().map(|key| stages.ring.token(key)).collect();
            tokens.sort_unstable();
            tokens.dedup();
            let profile = row.profile.encode();
            let given = ChildProfile { tokens, profile, ..ChildProfile::default() };
            let truth = truth.get(&row.id).cloned().unwrap_or_default();
            children.push(Child { profile: row.profile, given, truth });
        }
        Ok(Bench { store, stages, children })
    }

    async fn alone(&self, into: &mut Measured, count: usize) -> Result<()> {
        let (mut whole, mut lookups, mut compared) = (Vec::new(), Vec::new(), 0);
        for child in self.children.iter().step_by((self.children.len() / count).max(1)) {
            let started = Instant::now();
            let read = self.store.candidates(&[&child.given.tokens]).await?;
            lookups.push(started.elapsed().as_secs_f64() * 1e3);
            let known = self.opened(read);
            let candidates = known.candidates(&child.given);
            self.stages.link(&child.given, &candidates);
            whole.push(started.elapsed().as_secs_f64() * 1e3);
            compared += candidates.len();
        }
        into.candidates = compared as f64 / whole.len() as f64;
        (into.p50, into.p99) = (percentile(&mut whole, 0.5), percentile(&mut whole, 0.99));
        into.lookup_p50 = percentile(&mut lookups, 0.5);
        into.lookup_p99 = percentile(&mut lookups, 0.99);
        Ok(())
    }

    fn opened(&self, read: Candidates) -> Known {
        let open = |row: &CandidateRow| {
            let profile = self.stages.open_profile(row.person, &row.profile)?;
            Some((row.person, profile.into()))
        };
        let profiles = read.rows.iter().filter_map(open).collect();
        Known { blocks: read.blocks.into_iter().collect(), profiles }
    }

    /// One query for all, as the lane reads ahead; then each is compared and decided.
    async fn batch(&self, first: usize) -> Result<()> {
        let children = &self.children[first..(first + BATCH).min(self.children.len())];
        let tokens: Vec<&[Token]> =
            children.iter().map(|child| child.given.tokens.as_slice()).collect();
        let known = self.opened(self.store.candidates(&tokens).await?);
        for child in children {
            self.stages.link(&child.given, &known.candidates(&child.given));
        }
        Ok(())
    }

    /// How many of those known have a true record as their weightiest candidate, or as any.
    async fn recall(&self, into: &mut Measured) -> Result<()> {
        let (mut known, mut first, mut any) = (0, 0, 0);
        let model = Model::shipped();
        for child in self.children.iter().filter(|child| !child.truth.is_empty()) {
            let read = self.store.candidates(&[&child.given.tokens]).await?;
            let candidates = self.opened(read).candidates(&child.given);
            let weight = |(person, profile): &Candidate| {
                let profile = Profile::decode(profile).ok()?;
                Some((explain(&model, &child.profile, &profile).weight, *person))
            };
            let best = candidates.iter().filter_map(weight);
            let best = best.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            known += 1;
            first += usize::from(best.is_some_and(|(_, person)| child.truth.contains(&person)));
            any += usize::from(candidates.iter().any(|(person, _)| child.truth.contains(person)));
        }
        into.recall = f64::from(first as u32) / f64::from(known.max(1));
        into.reached = f64::from(any as u32) / f64::from(known.max(1));
        Ok(())
    }
}

/// Referrals a second in batches, so many at once.
async fn batches(bench: &Arc<Bench>, at_once: usize) -> Result<f64> {
    let started = Instant::now();
    let firsts: Vec<usize> = (0..bench.children.len()).step_by(BATCH).collect();
    let tasks: Vec<_> = (0..at_once)
        .map(|task| {
            let (bench, firsts) = (bench.clone(), firsts.clone());
            tokio::spawn(async move {
                for first in firsts.into_iter().skip(task).step_by(at_once) {
                    bench.batch(first).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(bench.children.len() as f64 / started.elapsed().as_secs_f64())
}

/// The people that each referral's child truly is, by the referral's id.
async fn truths(
    store: &dyn Store,
    stages: &Stages,
    file: &str,
) -> Result<HashMap<String, HashSet<PersonId>>> {
    let mut rows = csv::Reader::from_path(file)?;
    let mut named: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows.deserialize::<HashMap<String, String>>() {
        let row = row?;
        let records = row.get("true_record_ids").context("true_record_ids")?;
        let records = records.split(';').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        named.push((row.get("referral_id").context("referral_id")?.clone(), records));
    }
    // A record's system is part of what it is known by, and the truth does not name it.
    let mut ids: HashMap<[u8; 16], PersonId> = HashMap::new();
    let all: Vec<&String> = named.iter().flat_map(|(_, records)| records).collect();
    let token = |system: &str, id: &str| stages.ring.token16("person", system, id.as_bytes());
    const SYSTEMS: [&str; 3] = ["lcs", "ehm", "yjs"];
    for some in all.chunks(2_000) {
        let tokens: Vec<_> =
            some.iter().flat_map(|id| SYSTEMS.map(|system| token(system, id))).collect();
        ids.extend(store.known(&tokens).await?.into_iter().map(|known| (known.source, known.id)));
    }
    let person =
        |id: &String| SYSTEMS.iter().find_map(|system| ids.get(&token(system, id)).copied());
    let truth =
        |(id, records): (String, Vec<String>)| (id, records.iter().filter_map(person).collect());
    Ok(named.into_iter().map(truth).collect())
}

fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() as f64 * part) as usize).copied().unwrap_or_default()
}
