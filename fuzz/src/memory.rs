//! Memory per input. Whoever reads a body of a mebibyte has 256 MiB (`worker_memory`).

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a whole body may be while it is made a document of: half of what there is.
pub const MAKING: usize = 128 << 20;

/// What a decoder may take for so many bytes: of the 256 MiB their part, so that what would not fit
/// is found while it is still small, and a little that all may take.
pub fn decoding(bytes: usize) -> usize {
    (8 << 20) + bytes * 248
}

/// Does the work and sees that it held no more than so many bytes.
pub fn within<T>(most: usize, work: impl FnOnce() -> T) -> T {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let done = work();
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    assert!(peak <= most, "{peak} bytes of memory, where {most} are the most");
    done
}
