//! The canonical decoder, and the same with places as JSON pointers.
#![no_main]

use frontdoor_fuzz::adapter::decode::json::{self as located, Style};
use frontdoor_fuzz::adapter::json;
use frontdoor_fuzz::check::{self, Pointers};
use frontdoor_fuzz::swell;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes: &[u8]| check::one(located::read(bytes, Style::Pointer));
    let items = check::decoder(bytes, Pointers::Ours, read);
    let plain = json::read(bytes);
    match (items.first(), &plain) {
        (Some(Ok(located)), Ok(plain)) => assert_eq!(located.plain(), *plain),
        (Some(Err(located)), Err(plain)) => assert_eq!(located, plain),
        _ => panic!("one decoder reads what the other does not"),
    }
    let Ok(plain) = plain else { return };
    // Nothing is read that another parser would not read, and what is written reads the same.
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let other: Value = serde_json::from_slice(body).expect("is JSON");
    assert!(alike(&plain, &other), "{plain} is not {other}");
    assert_eq!(json::read(plain.to_string().as_bytes()), Ok(plain));
});

/// The same but for numbers, which we keep as they were written.
fn alike(ours: &Value, other: &Value) -> bool {
    match (ours, other) {
        (Value::Array(ours), Value::Array(other)) => {
            ours.len() == other.len() && ours.iter().zip(other).all(|(a, b)| alike(a, b))
        }
        (Value::Object(ours), Value::Object(other)) => {
            ours.len() == other.len()
                && ours.iter().all(|(key, value)| other.get(key).is_some_and(|o| alike(value, o)))
        }
        (Value::String(written), Value::Number(number)) => {
            written.parse::<f64>().ok() == number.as_f64()
        }
        _ => ours == other,
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    swell::mutate(data, size, max_size, seed)
});
