//! Every adapter that is shipped, from bytes to canonical documents.
#![no_main]

use frontdoor_fuzz::shipped::{self, Sent};
use frontdoor_fuzz::swell;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};

fuzz_target!(init: shipped::load(), |bytes: &[u8]| -> Corpus {
    match Sent::read(bytes) {
        Some(sent) if shipped::check(&sent) => Corpus::Keep,
        _ => Corpus::Reject,
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    swell::mutate(data, size, max_size, seed)
});
