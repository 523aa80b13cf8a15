//! A stage that panics stops itself and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a stage; `None` when it panicked. Stages change nothing outside themselves, so that what
/// one leaves behind is never half done.
pub(super) fn guarded<T>(name: &'static str, stage: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(stage));
    if done.is_err() {
        tracing::error!(stage = name, "a stage failed; what it worked on goes to people");
        metrics::counter!("frontdoor_stage_failures_total", "stage" => name).increment(1);
    }
    done.ok()
}
