//! Adapt: what an agency sends becomes canonical JSON, or a refusal that says how to mend it.
//!
//! Here nothing is judged: whether the document is enough to accept is `validation`'s business.
//! A refusal says where and by which rule, and never repeats what was sent: not a value, nor a
//! key that the schema does not declare, for a key is the sender's own text.

pub mod answer;
pub mod decode;
pub mod engine;
pub mod folder;
pub mod json;
pub mod leftover;
pub mod located;
pub mod manifest;
pub mod map;
pub mod media_type;
mod shape;
pub mod told;
