//! One test binary; sub-modules mirror URLs and stages.

mod broker;
mod simulation;
