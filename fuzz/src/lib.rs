//! What the fuzz targets share. The two rooms that read an agency's bytes are compiled into this
//! library as they stand, without the server around them: so the whole of it is built in minutes,
//! and instrumented to the last parser.

#[path = "../../src/adapter/mod.rs"]
pub mod adapter;
#[path = "../../src/domain/mod.rs"]
pub mod domain;

pub mod check;
pub mod echo;
pub mod memory;
pub mod shipped;
pub mod swell;
