//! Room to be furnished.
pub mod settings;
