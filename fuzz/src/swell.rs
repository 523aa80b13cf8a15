//! A mutation that libFuzzer lacks: a piece of the input many times over. It reaches the limits of
//! lists, columns and repetitions, and what takes the square of its input in time or memory.

use libfuzzer_sys::fuzzer_mutate;

/// One mutation of so many is this one.
const EVERY: u32 = 256;
const PIECE: usize = 64;

/// As a custom mutator has it.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if !seed.is_multiple_of(EVERY) || size == 0 || size >= max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut left = seed / EVERY;
    let mut draw = |below: usize| {
        left = left.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(left >> 8).unwrap_or_default() % below
    };
    let from = draw(size);
    let length = 1 + draw(PIECE.min(size - from));
    let most = (max_size - size) / length;
    let times = most.min(1 << draw(14));
    let end = from + length;
    data.copy_within(end..size, end + length * times);
    for nth in 1..=times {
        data.copy_within(from..end, from + length * nth);
    }
    size + length * times
}
