//! XML.
#![no_main]

use frontdoor_fuzz::adapter::decode::xml;
use frontdoor_fuzz::check::{self, Pointers};
use frontdoor_fuzz::swell;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes: &[u8]| check::one(xml::read(bytes));
    check::decoder(bytes, Pointers::Elements, read);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    swell::mutate(data, size, max_size, seed)
});
