//! Agencies' formats are read, and their maps run, in processes of their own: a map that loops or
//! swells, or a document that breaks a decoder, costs one process and one item, which is kept.
//!
//! A worker is this same program, with an empty environment, no files and no network of its own
//! making; it is sent the adapters' texts, then one job after another.

mod child;
mod pool;
mod run;
mod wire;

pub use child::work;
pub use pool::{Pool, Start};
pub use run::{Fate, Job, Made, Piece, Run};
