//! One test binary; sub-modules mirror URLs and stages.

mod api;
mod faults;
mod harness;
mod intake;
mod privacy;
mod same_instant;
mod store;
mod tidy;
