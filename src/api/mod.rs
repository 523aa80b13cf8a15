//! The partner HTTP API: one file per endpoint.
//!
//! A handler authenticates, asks for a place, reads, calls the pipeline or the store, and answers.
//! It decides nothing about a referral. Whatever goes wrong becomes a problem document with the
//! duty numbers in it, and never holds a value that was sent.

mod adapted;
mod admission;
mod adults;
mod body;
pub mod catalogue;
mod context;
mod docs;
mod form;
mod frame;
mod openapi;
mod oversight;
mod people;
mod problem;
pub mod routes;
mod serve;
mod staff;
mod state;
mod submission;

// Endpoints.
mod acknowledge;
mod adapt;
mod alarms;
mod chronology;
mod clocks;
mod decision;
mod deliveries;
mod document;
mod documents;
mod health;
mod inform;
mod matches;
mod messages;
mod metrics;
mod outcome;
mod problems;
mod quality;
mod redrive;
mod rehearse;
mod second_looks;
mod status;
mod submit;
mod take;
mod telling;
mod withdrawals;

pub use admission::{Admission, AdmissionSettings};
pub use health::Readiness;
pub use openapi::{OpenApi, OpenApiError};
pub use people::ForPeople;
pub use problem::{MEDIA_TYPE as PROBLEM_MEDIA_TYPE, Problem};
pub use routes::configure;
pub use serve::{Extra, Listen, Running, serve};
pub use state::{ApiSettings, ApiState, Cut, Document, Letters, LettersError, Vitals};
