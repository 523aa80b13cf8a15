//! Tables.
#![no_main]

use frontdoor_fuzz::adapter::decode::csv::Rows;
use frontdoor_fuzz::adapter::located::Step;
use frontdoor_fuzz::check::{self, Items, Pointers};
use frontdoor_fuzz::swell;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::io::Read;

fuzz_target!(|bytes: &[u8]| {
    let items = check::decoder(bytes, Pointers::Ours, |bytes| rows(bytes));
    let pieces = rows(Pieces(bytes));
    assert!(items == pieces, "a table that comes in pieces is another");
    let mut last = 0;
    for row in items.iter().flatten() {
        let Step::Row(row) = row.place.step() else { panic!("{} is no row", row.place) };
        assert!(*row > last, "row {row} stands after row {last}");
        last = *row;
    }
});

fn rows(table: impl Read) -> Items {
    match Rows::open(table) {
        Ok(rows) => rows.collect(),
        Err(refusal) => vec![Err(refusal)],
    }
}

/// Gives a few bytes at a time.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = 1 + self.0.len() % 7;
        let piece = out.len().min(most);
        self.0.read(&mut out[..piece])
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    swell::mutate(data, size, max_size, seed)
});
