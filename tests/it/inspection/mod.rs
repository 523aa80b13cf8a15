//! The report of the inspection of June 2013, as scenarios: what went wrong there must be
//! impossible here, or be seen. Each is named by its paragraph, and asks the real gateway over HTTP
//! and AMQP only. `findings.rs` lists each finding with the scenarios that answer it, or why none
//! can.

mod coverage;
mod decisions;
mod early_help;
mod family;
mod findings;
mod front;
mod history;
mod never_held;
mod oversight;
mod queues;
mod senders;
mod teams;
mod watching;

/// Makes each of these functions a test, and lists their names for `coverage.rs`.
macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        pub(super) const SCENARIOS: &[&str] = &[$(stringify!($name)),+];

        mod scenario {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name().await;
            })+
        }
    };
}
use scenarios;

/// Every scenario of this folder.
const ALL: [&[&str]; 10] = [
    decisions::SCENARIOS,
    early_help::SCENARIOS,
    family::SCENARIOS,
    history::SCENARIOS,
    never_held::SCENARIOS,
    oversight::SCENARIOS,
    queues::SCENARIOS,
    senders::SCENARIOS,
    teams::SCENARIOS,
    watching::SCENARIOS,
];
