//! What is kept, and how it is written: traits for two homes, PostgreSQL and SQLite.
//!
//! The only room with SQL. Personal data enters it sealed or as blind tokens (invariant 8); every
//! change of state is written in one transaction with its audit events (invariant 9).

pub mod adults;
pub mod alarms;
pub mod columns;
pub mod error;
pub mod feed;
pub mod follow;
pub mod keys;
mod kin;
pub mod lane;
pub mod matches;
pub mod news;
pub mod notices;
pub mod open;
pub mod patient;
pub mod postgres;
pub mod quality;
pub mod rows;
pub mod seal;
pub mod second_looks;
pub mod sqlite;
pub mod traits;
pub mod work;

mod batch;
mod change;
mod deciding;
mod deliveries;
mod doubting;
mod families;
mod fault;
mod feeding;
mod following;
mod gather;
mod histories;
mod homes;
mod known;
mod linking;
mod match_records;
mod meeting;
mod migrations;
mod pages;
mod records;
mod recounting;
mod recounts;
mod relinking;
mod restricted;
mod settled;
mod standing;
mod statements;
pub mod ticks;
mod written;

pub use crate::audit::{ChainName, Event};
pub use adults::*;
pub use alarms::*;
pub use doubting::{Doubt, Doubts};
pub use error::StoreError;
pub use feed::*;
pub use follow::*;
pub use matches::*;
pub use news::{News, NewsStore, Standing};
pub use notices::*;
pub use open::{open, open_alone};
pub use pages::Span;
pub use quality::*;
pub use recounts::Recount;
pub use restricted::restricted;
pub use rows::*;
pub use second_looks::*;
pub use ticks::{Tick, Ticks};
pub use traits::*;
