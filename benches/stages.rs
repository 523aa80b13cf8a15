//! The stages on one typical referral (2.4 KB), each alone. Run with `cargo bench --bench stages`.
//!
//! Aims: decode under 15 µs, validate (facts and reading) under 40 µs, score under 20 µs, decide
//! with the authority's rules under 100 µs.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use frontdoor::adapter::json;
use frontdoor::app::OsEnv;
use frontdoor::config::{self, Authority};
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::{
    AgencyId, ChildHistory, LinkState, PersonId, Referral, ReferralId, Timestamp,
};
use frontdoor::linkage::{self, Model, Profile, standardise};
use frontdoor::store::keys::KeyRing;
use frontdoor::store::seal::Dossier;
use frontdoor::threshold::decide_facts;
use frontdoor::validation::Validator;
use std::hint::black_box;
use std::path::Path;

const BODY: &[u8] = include_bytes!("../examples/referrals/02-sexual-exploitation.json");

fn intake(c: &mut Criterion) {
    let validator = Validator::new();
    let document = json::read(BODY).expect("the example is JSON");
    let (referral, _) = validator.validate(document.clone()).expect("the example is accepted");

    c.bench_function("decode", |b| b.iter(|| json::read(black_box(BODY))));
    c.bench_function("validate", |b| {
        b.iter_batched(
            || document.clone(),
            |document| validator.validate(document),
            BatchSize::SmallInput,
        );
    });
    c.bench_function("read", |b| {
        b.iter_batched(|| document.clone(), Referral::read, BatchSize::SmallInput);
    });
    c.bench_function("write", |b| b.iter(|| black_box(&referral).document()));
    c.bench_function("compile schema", |b| b.iter(Validator::new));
}

/// Wednesday 14 January 2026, 10:30.
const AT: Timestamp = Timestamp(1_768_386_600_000_000);

fn calderdale() -> Authority {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
    config::load(&dir).expect("the shipped settings are in order")
}

fn referral() -> Referral {
    let document = json::read(BODY).expect("the example is JSON");
    Validator::new().validate(document).expect("the example is accepted").0
}

fn judging(c: &mut Criterion) {
    let (authority, referral) = (calderdale(), referral());
    let facts = authority.facts.read(&referral, AT);
    let known = ChildHistory {
        link: LinkState::Linked,
        case_status: CaseStatus::Cin,
        referrals_12m: 2,
        agencies_12m: 2,
        highest_level_12m: 4,
        ..ChildHistory::default()
    };
    let history = vec![known; facts.len()];
    let (policy, scorer) = (&authority.policy, &authority.completeness);
    c.bench_function("facts", |b| b.iter(|| authority.facts.read(black_box(&referral), AT)));
    c.bench_function("score", |b| b.iter(|| scorer.score(black_box(&referral), &facts, &[])));
    c.bench_function("decide", |b| b.iter(|| decide_facts(policy, black_box(&facts), &[], AT)));
    c.bench_function("decide with history", |b| {
        b.iter(|| decide_facts(policy, black_box(&facts), &history, AT));
    });
}

/// A child like `n` others.
fn profile(n: u32) -> Profile {
    standardise::standardise(&standardise::Stated {
        forename: ["Imogen", "Immy", "Isaac", "Ada"][n as usize % 4].to_owned(),
        surname: ["Crossdale", "Crosdale", "Hollins"][n as usize % 3].to_owned(),
        date_of_birth: format!("2016-03-{:02}", n % 28 + 1),
        address: format!("{} Mill Lane", n % 90 + 1),
        postcode: "HX1 2XQ".to_owned(),
        mother_name: "Leanne Crossdale".to_owned(),
        ..standardise::Stated::default()
    })
}

fn linking(c: &mut Criterion) {
    let (model, referral) = (Model::shipped(), referral());
    let child = profile(0);
    let env = OsEnv::new();
    let candidates: Vec<(PersonId, Profile)> =
        (0..200).map(|n| (PersonId::from_parts(AT, [n as u8; 10]), profile(n))).collect();
    let ring = KeyRing::for_tests(7);
    c.bench_function("profile and blind tokens", |b| {
        b.iter(|| {
            let profile = linkage::profile_of(&referral.children[0], &referral.household, None);
            let keys = linkage::keys(&profile);
            keys.iter().map(|key| ring.token(key)).collect::<Vec<_>>()
        });
    });
    for count in [12, 200] {
        let name = format!("link among {count} candidates");
        let some = &candidates[..count];
        c.bench_function(&name, |b| b.iter(|| linkage::judge(&model, black_box(&child), some)));
    }
    let (person, bytes) = (candidates[0].0, child.encode());
    let sealed = ring.seal_profile(person, &bytes, &env);
    c.bench_function("open a sealed profile", |b| {
        b.iter(|| ring.open_profile(person, black_box(&sealed)));
    });
}

fn sealing(c: &mut Criterion) {
    let (ring, env) = (KeyRing::for_tests(7), OsEnv::new());
    let canonical = serde_json::to_vec(&referral().document()).expect("JSON");
    let id = ReferralId::from_parts(AT, [1; 10]);
    let dossier = Dossier {
        raw: BODY.to_vec(),
        provenance: Vec::new(),
        canonical,
        decision: vec![b'd'; 800],
        receipt: vec![b'r'; 900],
        added: Vec::new(),
    };
    let (name, plain) = (Dossier::name(id), dossier.to_bytes());
    let sealed = ring.seal_record(&name, &plain, &env);
    c.bench_function("seal a referral", |b| {
        b.iter(|| ring.seal_record(&name, black_box(&plain), &env));
    });
    c.bench_function("open a referral", |b| b.iter(|| ring.open_record(&name, black_box(&sealed))));
    let agency = AgencyId::new("school");
    c.bench_function("token of a body", |b| {
        b.iter(|| ring.token16("body", agency.as_str(), black_box(BODY)));
    });
}

criterion_group!(benches, intake, judging, linking, sealing);
criterion_main!(benches);
