//! Pages for people. Server-rendered, without requests to anyone else, and usable without
//! JavaScript.

mod board;
pub mod ops;

pub use board::{Board, Snapshot};
pub use ops::{OpsState, configure};
