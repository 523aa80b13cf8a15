//! The life of a referral: receive → adapt → validate → score → link → decide → route,
//! and then follow up.

pub mod domain;

// The stages, in the order in which a referral travels.
pub mod adapter;
pub mod completeness;
pub mod linkage;
pub mod routing;
pub mod threshold;
pub mod validation;

pub mod workers;

pub mod pipeline;

pub mod audit;
pub mod broker;
pub mod store;

pub mod access;
pub mod api;
pub mod followup;
pub mod web;

pub mod app;
pub mod cli;
pub mod config;
pub mod telemetry;
