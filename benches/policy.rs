//! Deciding with a hundred rules, and replay: a sealed referral (2.4 KB) opened, read, and decided
//! under two policies of a hundred rules. Run with `cargo bench --bench policy`.
//!
//! Aims: decide under 100 µs; replay 5,000 referrals a second and more.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use frontdoor::adapter::json;
use frontdoor::app::OsEnv;
use frontdoor::config;
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::{
    AgencyId, ChildHistory, LinkState, Reference, Referral, ReferralId, RuleId, Timestamp,
};
use frontdoor::pipeline::{Decided, Made, Replay};
use frontdoor::store::ReferralRow;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::seal::Dossier;
use frontdoor::threshold::{Policy, decide_facts, merge};
use frontdoor::validation::Validator;
use std::hint::black_box;
use std::path::Path;

const BODY: &[u8] = include_bytes!("../examples/referrals/02-sexual-exploitation.json");

/// Wednesday 14 January 2026, 10:30.
const AT: Timestamp = Timestamp(1_768_386_600_000_000);

/// As many as a replay reads at a time.
const PAGE: usize = 512;

/// The shipped rules, some of them again under other names.
fn a_hundred_rules() -> Policy {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
    let mut policy = config::load(&dir).expect("the shipped settings are in order").policy;
    let shipped = policy.rules.clone();
    for rule in shipped.iter().cycle().take(100_usize.saturating_sub(shipped.len())) {
        let id = RuleId::new(&format!("{}-again", rule.id));
        policy.rules.push(frontdoor::threshold::Rule { id, ..rule.clone() });
    }
    assert!(policy.rules.len() >= 100);
    policy
}

fn referral() -> Referral {
    let document = json::read(BODY).expect("the example is JSON");
    Validator::new().validate(document).expect("the example is accepted").0
}

fn known(children: usize) -> Vec<ChildHistory> {
    let known = ChildHistory {
        link: LinkState::Linked,
        case_status: CaseStatus::Cin,
        referrals_12m: 2,
        agencies_12m: 2,
        highest_level_12m: 4,
        ..ChildHistory::default()
    };
    vec![known; children]
}

/// As the lane stores it.
fn stored(policy: &Policy, ring: &KeyRing) -> ReferralRow {
    let (referral, env) = (referral(), OsEnv::new());
    let history = known(referral.children.len());
    let facts = policy.reader.read(&referral, AT);
    let alone = decide_facts(policy, &facts, &[], AT);
    let full = merge(policy, &alone, decide_facts(policy, &facts, &history, AT));
    let made = Some(Made { at: AT, read_at: AT, history });
    let (level, priority, respond_by) = (full.level.clone(), full.priority, full.respond_by);
    let decided =
        Decided { alone, full, proposed: None, by_people: Vec::new(), doubts: Vec::new(), made };
    let dossier = Dossier {
        raw: BODY.to_vec(),
        canonical: serde_json::to_vec(&referral.document()).expect("plain data"),
        decision: serde_json::to_vec(&decided).expect("plain data"),
        receipt: serde_json::to_vec(&decided.alone).expect("plain data"),
        ..Dossier::default()
    };
    let id = ReferralId::from_parts(AT, [7; 10]);
    ReferralRow {
        id,
        reference: Reference::from_entropy(7),
        agency: AgencyId::new("school-ridgeway"),
        received_at: AT,
        respond_by,
        level: level.code,
        level_rank: level.rank,
        priority,
        score: 50,
        policy_hash: policy.hash.clone(),
        revision: 0,
        record: ring.seal_record(&Dossier::name(id), &dossier.to_bytes(), &env),
    }
}

fn deciding(c: &mut Criterion) {
    let policy = a_hundred_rules();
    let referral = referral();
    let facts = policy.reader.read(&referral, AT);
    let history = known(facts.len());
    let mut group = c.benchmark_group("a hundred rules");
    group.bench_function("read the facts", |b| {
        b.iter(|| policy.reader.read(black_box(&referral), AT));
    });
    group.bench_function("decide", |b| {
        b.iter(|| decide_facts(&policy, black_box(&facts), &[], AT));
    });
    group.bench_function("decide with history", |b| {
        b.iter(|| decide_facts(&policy, black_box(&facts), &history, AT));
    });
    group.finish();
}

fn replaying(c: &mut Criterion) {
    let policy = a_hundred_rules();
    let ring = KeyRing::for_tests(7);
    let rows = vec![stored(&policy, &ring); PAGE];
    let mut other = policy.clone();
    other.rules.truncate(99);
    let replay = Replay::new(ring, policy, other, None);
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one", |b| b.iter(|| replay.decide(black_box(&rows[0]))));
    group.throughput(Throughput::Elements(u64::try_from(PAGE).expect("small")));
    group.bench_function("a page, on every processor", |b| {
        b.iter(|| replay.decide_all(black_box(&rows)));
    });
    group.finish();
}

criterion_group!(benches, deciding, replaying);
criterion_main!(benches);
