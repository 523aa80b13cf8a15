//! After routing: acknowledgement, outcome, clocks, notices.

pub mod clocks;

pub use clocks::Clocks;
