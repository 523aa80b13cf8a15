//! Decoders: from an agency's bytes to values that know their places. Nothing is mapped here, and
//! nothing is judged: what a decoder can read it gives whole, and what it cannot read it refuses,
//! saying where and how to mend it, and never repeating what was sent.

pub mod csv;
pub mod hl7v2;
pub mod json;
pub mod xml;
