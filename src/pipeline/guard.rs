//! A stage that panics stops itself and nothing else.

use crate::telemetry::metric;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a stage; `None` when it panicked. Stages change nothing outside themselves, so that what
/// one leaves behind is never half done.
pub(super) fn guarded<T>(name: &'static str, stage: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(stage));
    if done.is_err() {
        tracing::error!(stage = name, "a stage failed; what it worked on goes to people");
        metrics::counter!(metric::STAGE_FAILURES, "stage" => name).increment(1);
    }
    done.ok()
}
