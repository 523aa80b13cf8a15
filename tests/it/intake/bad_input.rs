//! Whatever arrives gets a refusal that says where and what to do, or is read as a plain reader
//! would read it. Never a panic, and never a word of what was sent.

use super::{naive, shape};
use frontdoor::adapter::json;
use frontdoor::domain::refusal::{Refusal, RefusalKind};
use frontdoor::domain::{Referral, Unread};
use frontdoor::validation::Validator;
use serde_json::{Value, json as value};

/// Stands in names, words and keys of the bodies, and must stand in no refusal.
const CANARY: &str = "Quetzalcoatlus";

fn receive(validator: &Validator, body: &[u8]) -> Result<(Referral, Vec<Unread>), Refusal> {
    validator.validate(json::read(body)?)
}

/// Every refusal points somewhere, asks for something, and repeats nothing.
fn check_refusal(refusal: &Refusal) {
    assert!(!refusal.faults.is_empty());
    for fault in &refusal.faults {
        assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'), "{}", fault.pointer);
        assert!(!fault.rule.is_empty() && fault.ask.len() > 20);
    }
    let told = format!("{refusal:?} {} {}", refusal.kind.title(), refusal.kind.code());
    assert!(!told.contains(&CANARY[..6]), "{told}");
}

#[test]
fn bodies_that_cannot_be_read_are_refused_by_kind() {
    use RefusalKind::{DuplicateKey, NotReadable, TooDeep};
    let nested = "{\"children\":".repeat(5_000) + &"}".repeat(5_000);
    let long = format!("{{\"notes\":[{}]}}", vec!["\"n\""; 5_000].join(","));
    let utf16: Vec<u8> = "{\"worry\":\"x\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: [(RefusalKind, &str, &[u8]); 17] = [
        (NotReadable, "incomplete", b""),
        (NotReadable, "incomplete", b" \n"),
        (NotReadable, "incomplete", b"{\"referrer\":{\"name\":\"Quetzalcoatlus"),
        (NotReadable, "json", b"\0\0\0\0"),
        (NotReadable, "json", b"{\"worry\":\"a\0b\"}"),
        (NotReadable, "json", b"<referral>Quetzalcoatlus</referral>"),
        (NotReadable, "json", b"{'worry':'Quetzalcoatlus'}"),
        (NotReadable, "json", b"{\"worry\":\"Quetzalcoatlus\",}"),
        (NotReadable, "json", b"{\"worry\":\"\\ud800\"}"),
        (NotReadable, "json", b"{\"worry\":NaN}"),
        (NotReadable, "trailing-content", b"{}Quetzalcoatlus"),
        (NotReadable, "encoding", b"{\"worry\":\"Quetzalcoatlus caf\xe9\"}"),
        (NotReadable, "json", &utf16),
        (NotReadable, "object", b"[{\"worry\":\"Quetzalcoatlus\"}]"),
        (DuplicateKey, "duplicate-key", b"{\"Quetzalcoatlus\":1,\"Quetzalcoatlus\":2}"),
        (TooDeep, "depth", nested.as_bytes()),
        (TooDeep, "list-length", long.as_bytes()),
    ];
    let validator = Validator::new();
    for (kind, rule, body) in bodies {
        let refusal = receive(&validator, body).expect_err(rule);
        check_refusal(&refusal);
        assert_eq!((refusal.kind, refusal.faults[0].rule.as_str()), (kind, rule));
    }
}

#[test]
fn a_truncated_body_is_refused_at_every_length() {
    let validator = Validator::new();
    let body = &bodies()[1];
    for length in 0..body.trim_end().len() {
        let refusal = receive(&validator, &body.as_bytes()[..length]).expect_err("refused");
        check_refusal(&refusal);
        assert_eq!(refusal.kind, RefusalKind::NotReadable);
    }
}

#[test]
fn a_body_of_megabytes_is_read_or_refused_within_the_limits() {
    let validator = Validator::new();
    let mut document: Value = serde_json::from_str(&bodies()[0]).expect("json");
    document["worry"] = "x".repeat(5_000_000).into();
    assert!(receive(&validator, document.to_string().as_bytes()).is_ok());
    document["notes"] = vec![value!({"text": vec!["n"; 900]}); 900].into();
    let refusal = receive(&validator, document.to_string().as_bytes()).expect_err("refused");
    assert_eq!(refusal.faults[0].rule, "node-count");
}

#[test]
fn wrong_types_everywhere_are_kept_as_stated_or_refused_for_the_facts_alone() {
    let validator = Validator::new();
    let shape = shape::referral();
    for wrong in [value!(0), value!(true), value!([[]]), value!({"x": null}), value!("\u{0}")] {
        let document = shape.filled(&|_| wrong.clone());
        match validator.validate(document.clone()) {
            Ok((referral, _)) => {
                assert_eq!(Some(referral.document()), naive::canonical(&shape, &document));
            }
            Err(refusal) => assert_eq!(refusal.kind, RefusalKind::BelowMinimum),
        }
    }
}

#[test]
fn ten_thousand_mutations_are_each_refused_or_read_as_a_plain_reader_would() {
    let validator = Validator::new();
    let shape = shape::referral();
    let (mut read, mut refused) = (0, 0);
    for (round, body) in mutated(0x5eed_f00d).take(10_000).enumerate() {
        match receive(&validator, &body) {
            Err(refusal) => {
                check_refusal(&refusal);
                let plain = std::str::from_utf8(&body).ok().and_then(naive::parse);
                let unreadable =
                    refusal.faults[0].rule != "object" && refusal.kind == RefusalKind::NotReadable;
                assert!(!(unreadable && plain.is_some()), "a plain reader reads round {round}");
                refused += 1;
            }
            Ok((referral, unread)) => {
                let text = std::str::from_utf8(&body).expect("what is read is UTF-8");
                let plain = naive::parse(text).expect("what is read is JSON");
                let document = referral.document();
                assert_eq!(Some(&document), naive::canonical(&shape, &plain).as_ref());
                assert_eq!(Referral::read(document).0, referral, "round {round}");
                assert!(!format!("{referral:?} {unread:?}").contains(&CANARY[..6]));
                read += 1;
            }
        }
    }
    assert!(read > 1_000 && refused > 1_000, "{read} read, {refused} refused");
}

/// Valid bodies, each changed up to three times; the same seed gives the same.
pub(super) fn mutated(seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let (bodies, mut dice) = (bodies(), Dice(seed));
    (0..).map(move |round| {
        let mut body = bodies[round % bodies.len()].clone().into_bytes();
        for _ in 0..=dice.below(3) {
            mutate(&mut body, &mut dice);
        }
        body
    })
}

/// The example referrals, one with everything stated, and the canary throughout.
fn bodies() -> Vec<String> {
    let mut bodies = Vec::new();
    for entry in super::examples::manifest() {
        let mut document = serde_json::from_str(&super::examples::body(&entry)).expect("json");
        mark(&mut document);
        bodies.push(serde_json::to_string_pretty(&document).expect("serialises"));
    }
    let everything = shape::referral().filled(&|_| value!(CANARY));
    bodies.push(everything.to_string());
    bodies.push(value!({CANARY: {"children": [1.50, {CANARY: "x"}]}, "worry": 1e3}).to_string());
    bodies
}

/// Adds the canary to every text of some length.
fn mark(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > 12 => *text = format!("{text} {CANARY}"),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(members) => members.values_mut().for_each(mark),
        _ => {}
    }
}

fn mutate(body: &mut Vec<u8>, dice: &mut Dice) {
    const TOKENS: [&str; 19] = [
        "[[\"x\"]]",
        "null",
        "[]",
        "{}",
        "1e999",
        "-0",
        "1.50",
        "\"\"",
        "\"\\ud800\"",
        "\\u0000",
        "\0",
        "\"",
        "{",
        "]",
        ",",
        ":",
        "true",
        "\u{feff}",
        "12345678901234567890123",
    ];
    if body.is_empty() {
        body.extend_from_slice(b"{}");
    }
    let at = dice.below(body.len());
    let to = (at + dice.below(40)).min(body.len());
    let valid = TOKENS[dice.below(8)].as_bytes();
    match dice.below(9) {
        0 => body[at] ^= 1 << dice.below(8),
        1 => drop(body.drain(at..to)),
        2 => body.truncate(at),
        3 => {
            let copy = body[at..to].to_vec();
            let onto = dice.below(body.len());
            body.splice(onto..onto, copy);
        }
        4 => drop(body.splice(at..at, TOKENS[dice.below(TOKENS.len())].bytes())),
        // The rest keep the body JSON most of the time.
        5 => replace_value(body, at, valid),
        6 => replace_value(body, at, b"{\"unreadable\":\"x\",\"more\":7.0}"),
        7 => rename_key(body, at),
        _ => body[at] = body[dice.below(body.len())],
    }
}

/// Replaces the first string after `at` that stands as a value.
fn replace_value(body: &mut Vec<u8>, at: usize, token: &[u8]) {
    let Some(colon) = find(body, at, b": \"").or_else(|| find(body, at, b":\"")) else { return };
    let Some(open) = find(body, colon, b"\"") else { return };
    let Some(close) = find(body, open + 1, b"\"") else { return };
    body.splice(open..=close, token.iter().copied());
}

/// Changes the case of the first letter of the first key after `at`.
fn rename_key(body: &mut [u8], at: usize) {
    if let Some(end) = find(body, at, b"\":") {
        let start = body[..end].iter().rposition(|b| *b == b'"').map_or(0, |quote| quote + 1);
        body[start] = body[start].to_ascii_uppercase();
    }
}

fn find(body: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    body[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
}

/// xorshift64*: the same seed gives the same mutations.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).expect("31 bits") % limit.max(1)
    }
}
