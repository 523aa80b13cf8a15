//! One test binary; sub-modules mirror URLs and stages.

#![expect(unreachable_pub, reason = "in one binary `pub` speaks to its own modules")]
#![expect(clippy::disallowed_methods, reason = "names that no other run has")]
#![expect(
    clippy::err_expect,
    clippy::option_map_unit_fn,
    clippy::manual_is_multiple_of,
    reason = "said plainly"
)]
#![expect(clippy::unwrap_used, reason = "a test may end where it cannot go on")]

mod adapters;
mod api;
mod arbitrary;
mod broker;
mod browser;
mod documents;
mod faults;
mod harness;
mod inspection;
mod intake;
mod linkage;
mod notices;
mod pages;
mod policy;
mod privacy;
mod same_instant;
mod simulation;
mod store;
mod tidy;
mod web;
