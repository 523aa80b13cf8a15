//! One test binary; sub-modules mirror URLs and stages.

mod api;
mod arbitrary;
mod broker;
mod faults;
mod harness;
mod intake;
mod policy;
mod privacy;
mod same_instant;
mod simulation;
mod store;
mod tidy;
