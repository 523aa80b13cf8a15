//! What is kept, and how it is written: traits for two homes, PostgreSQL and SQLite.
//!
//! The only room with SQL. Personal data enters it sealed or as blind tokens (invariant 8); every
//! change of state is written in one transaction with its audit events (invariant 9).

pub mod error;
pub mod keys;
pub mod lane;
mod linking;
pub mod rows;
pub mod seal;
pub mod traits;
pub mod work;

pub use error::StoreError;
pub use rows::*;
pub use traits::*;
