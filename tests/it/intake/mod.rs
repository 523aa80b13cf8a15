//! From bytes to an accepted referral, or to a refusal that says how to mend it.

mod added;
mod bad_input;
mod examples;
mod failures;
mod gateway;
mod minimum;
mod mutations;
mod naive;
mod reading;
mod receipt;
mod refused;
mod schema;
mod shape;
