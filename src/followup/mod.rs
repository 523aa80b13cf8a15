//! After routing: acknowledgement, outcome, clocks, notices.

pub mod acknowledgement;
pub mod clocks;
pub mod feeds;
pub mod forecast;
pub mod notices;
pub mod reading;
pub mod redrive;

pub use clocks::Clocks;
