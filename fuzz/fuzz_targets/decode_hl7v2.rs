//! HL7 version 2.
#![no_main]

use frontdoor_fuzz::adapter::decode::hl7v2;
use frontdoor_fuzz::check::{self, Pointers};
use frontdoor_fuzz::swell;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes: &[u8]| check::one(hl7v2::read(bytes));
    check::decoder(bytes, Pointers::Ours, read);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    swell::mutate(data, size, max_size, seed)
});
