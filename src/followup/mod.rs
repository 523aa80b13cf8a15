//! After routing: acknowledgement, outcome, clocks, notices.

pub mod acknowledgement;
pub mod alarms;
pub mod clocks;
pub mod consistency;
pub mod feeds;
pub mod figures;
pub mod forecast;
pub mod notices;
pub mod oversight;
pub mod pauses;
pub mod quality;
pub mod reading;
pub mod redrive;
pub mod scanning;
mod second_decision;
pub mod second_looks;

mod fresh;
mod rounds;

pub use clocks::Clocks;
pub use oversight::Oversight;
