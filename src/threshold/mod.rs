//! Decide: which level of need is suggested for each child, how quickly people must act, and who
//! they are – with every rule that fired and why.
//!
//! A decision is a function of (referral, history, policy, time): the same again tomorrow, and
//! under another policy. It never fails and never ends in "no further action": each child of each
//! referral is in front of the screening team, whatever else is decided. Completeness is no input.
//!
//! What a policy can do wrong is found when it is loaded ([`check`]): a rule that reads the
//! absence of a concern, that lets an address change a level, or that sends a family to a panel
//! without its agreement is refused before it decides anything. So is a policy whose rules leave
//! a sign to nobody, contradict each other, or do not do what their examples say ([`review`]).

pub mod check;
mod conflicts;
mod decide;
mod examples;
mod gaps;
mod merge;
pub mod outcomes;
pub mod periods;
mod policy;
pub mod possible;
mod recording;
pub mod review;

pub use decide::{decide, decide_facts, decide_for_receipt};
pub use examples::Example;
pub use gaps::{Lane, NeverHeld, NoRule};
pub use merge::{add_route, is_lower, is_lower_child, keep, merge, raise};
pub use outcomes::Outcomes;
pub use policy::{
    Clocks, Note, Policy, Receiver, Rule, Standing, Target, Teams, To, Unless, called, standing,
};
