//! Whether a refusal repeats what was sent.
//!
//! A run of the input that also stands in the refusal may be the sender's, or a word of our own
//! that the sender happened to use. So the run is changed in the input, letter by letter, and it
//! is read again: only what was copied from it changes with it.

use std::collections::HashSet;

/// Bytes of the runs that are looked for.
const RUN: usize = 6;
/// Letters and digits among them; fewer tell no name.
const TELLING: usize = 4;

type Run = [u8; RUN];

/// Holds that `refusals`, read from the bytes by `read`, repeat none of them.
pub fn none(bytes: &[u8], refusals: &[String], read: impl Fn(&[u8]) -> Vec<String>) {
    if refusals.is_empty() {
        return;
    }
    let ours: HashSet<Run> = refusals.iter().flat_map(|text| runs(text.as_bytes())).collect();
    // Few runs begin as one of ours does, and only these are worth a hash.
    let mut begins = vec![false; 1 << 16];
    ours.iter().for_each(|run| begins[beginning(run)] = true);
    // Without the zero bytes, UTF-16 shows its runs too.
    let shown: Vec<(usize, u8)> =
        bytes.iter().copied().enumerate().filter(|(_, byte)| *byte != 0).collect();
    let mut looked_into: HashSet<Run> = HashSet::new();
    for window in shown.windows(RUN) {
        let run: Run = std::array::from_fn(|at| window[at].1);
        let telling = || run.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() >= TELLING;
        if begins[beginning(&run)] && telling() && ours.contains(&run) && looked_into.insert(run) {
            let refused = read(&changed(bytes, &shown, run));
            let other = run.map(next);
            let copied = refused.iter().flat_map(|text| runs(text.as_bytes())).any(|r| r == other);
            assert!(
                !copied || ours.contains(&other),
                "{:?} is repeated by {refusals:?}",
                String::from_utf8_lossy(&run)
            );
        }
    }
}

fn beginning(run: &Run) -> usize {
    usize::from(u16::from_be_bytes([run[0], run[1]]))
}

fn runs(text: &[u8]) -> impl Iterator<Item = Run> {
    text.windows(RUN).filter_map(|window| window.try_into().ok())
}

/// The bytes with another run wherever this one stands.
fn changed(bytes: &[u8], shown: &[(usize, u8)], run: Run) -> Vec<u8> {
    let mut other = bytes.to_vec();
    for window in shown.windows(RUN).filter(|w| w.iter().map(|(_, byte)| byte).eq(&run)) {
        for (at, byte) in window {
            other[*at] = next(*byte);
        }
    }
    other
}

/// Another letter or digit of the same kind.
fn next(byte: u8) -> u8 {
    match byte {
        b'a'..=b'y' | b'A'..=b'Y' | b'0'..=b'8' => byte + 1,
        b'z' | b'Z' => byte - 25,
        b'9' => b'0',
        _ => byte,
    }
}
