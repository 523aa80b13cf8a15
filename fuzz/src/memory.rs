//! Memory per input. Whoever reads a body of a mebibyte has 256 MiB (`worker_memory`), so what a
//! smaller one may take is bounded in proportion, and an input that would not fit is found while
//! it is still small.

use peak_alloc::PeakAlloc;

/// What any input may take, and what each of its bytes may add: 256 MiB for a mebibyte.
const ANY: usize = 8 << 20;
const PER_BYTE: usize = 248;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Does the work for an input of so many bytes, and sees that it held no more than it may.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let done = work();
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    assert!(peak <= ANY + bytes * PER_BYTE, "{peak} bytes of memory for {bytes} that were sent");
    done
}
