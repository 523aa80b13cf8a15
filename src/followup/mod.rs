//! After routing: acknowledgement, outcome, clocks, notices.

pub mod acknowledgement;
pub mod clocks;
pub mod reading;

pub use clocks::Clocks;
