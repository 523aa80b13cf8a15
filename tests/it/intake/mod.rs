//! From bytes to an accepted referral, or to a refusal that says how to mend it.

mod bad_input;
mod examples;
mod minimum;
mod naive;
mod reading;
mod receipt;
mod schema;
mod shape;
