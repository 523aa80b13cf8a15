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

/// Making a document of much takes seconds in a program that counts its every branch.
const SWOLLEN: usize = 16 * 1024;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let most = if size < SWOLLEN { max_size.min(SWOLLEN) } else { max_size };
    swell::mutate(data, size, most, seed)
});
