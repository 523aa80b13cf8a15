//! The pure stages on one typical referral (2.4 KB). Run with `cargo bench --bench stages`.
//!
//! Aims: decode under 15 µs, validate (facts and reading) under 40 µs.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use frontdoor::adapter::json;
use frontdoor::domain::Referral;
use frontdoor::validation::Validator;
use std::hint::black_box;

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

criterion_group!(benches, intake);
criterion_main!(benches);
