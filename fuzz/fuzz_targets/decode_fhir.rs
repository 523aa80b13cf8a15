//! JSON whose places are FHIRPaths.
#![no_main]

use frontdoor_fuzz::adapter::decode::json::{self, Style};
use frontdoor_fuzz::check::{self, Pointers};
use frontdoor_fuzz::swell;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes: &[u8]| check::one(json::read(bytes, Style::FhirPath));
    let items = check::decoder(bytes, Pointers::Ours, read);
    // Whatever the places are called, the values are those of JSON.
    let plain = json::read(bytes, Style::Pointer).map(|document| document.plain());
    let ours = items.into_iter().next().expect("one document");
    assert_eq!(ours.map(|document| document.plain()), plain);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    swell::mutate(data, size, max_size, seed)
});
