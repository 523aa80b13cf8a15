//! What every store must do: one suite, run on a SQLite file and on PostgreSQL.

mod additions;
mod addresses;
mod adult_bounds;
mod adults;
mod alarms;
mod attachments;
mod audit;
mod beside;
mod clocks;
mod command_line;
mod delta;
mod desks;
mod drafts;
mod feeds;
mod folding;
mod followed;
mod gateway;
mod handed;
mod homes;
mod household;
mod import;
mod kept;
mod keys;
mod lane;
mod matches;
mod merged;
mod news;
mod notices;
mod outcomes;
mod pauses;
mod policy_replay;
mod quality;
mod queue;
mod reads;
mod redrive;
mod relay;
mod replayed;
mod rows;
mod same_numbers;
mod schema;
mod second_looks;
mod seen;
mod sessions;
mod sign_in;
mod staff;
mod staff_command;
mod totals;
mod words;

/// Runs each named function once with a home of its own in each database.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::store::homes::Home::sqlite().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::store::homes::Home::postgres().await).await;
            })+
        }
    };
}
use on_both;
