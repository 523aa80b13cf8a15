//! The command line: one file per subcommand. The only room that speaks to a terminal.

mod adapters;
mod audit;
mod check;
mod deliveries;
mod demo;
mod destinations;
mod keys;
mod linkage;
mod migrate;
mod people;
mod policy;
mod serve;
mod staff;
mod table;
mod worker;

use crate::config::settings::Settings;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// A multi-agency referral gateway for children's safeguarding.
#[derive(Debug, Parser)]
#[command(name = "frontdoor", version, about, propagate_version = true)]
pub struct Cli {
    /// Settings file (TOML); environment variables FRONTDOOR__SECTION__KEY override it.
    #[arg(long, global = true, env = "FRONTDOOR_SETTINGS")]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway: all roles in one process.
    Serve(serve::Serve),
    /// Apply the database's migrations.
    Migrate(migrate::Migrate),
    /// Validate an authority's configuration; every fault with file, line and a mend.
    Check(check::Check),
    /// Agencies' own formats, each a folder.
    Adapters(adapters::Adapters),
    /// Existing records to link against.
    #[command(subcommand)]
    People(people::People),
    /// What another policy would decide.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Credentials for partner agencies and for receiving teams' systems.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Local accounts of people who sign in.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Linkage without a database.
    #[command(subcommand)]
    Linkage(linkage::Linkage),
    /// The event chains.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Failing or dead deliveries.
    #[command(subcommand)]
    Deliveries(deliveries::Deliveries),
    /// Receiving teams that are sent nothing for a while.
    #[command(subcommand)]
    Destinations(destinations::Destinations),
    #[command(hide = true)]
    Worker(worker::Worker),
    /// The demonstration.
    #[command(subcommand)]
    Demo(demo::Demo),
}

/// Why a command ended without success: 1 for a finding, 2 for a command that could not run.
#[derive(Debug)]
pub enum Ended {
    /// The command ran and found faults, which it has printed.
    Findings,
    /// The command could not run.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Ended {
    fn from(error: E) -> Self {
        Ended::Failed(error.into())
    }
}

/// What commands return.
pub type Result<T = ()> = std::result::Result<T, Ended>;

/// Runs the command that was asked for.
pub async fn run(cli: Cli) -> Result {
    let settings = Settings::load(cli.settings.as_deref())?;
    match cli.command {
        Command::Serve(serve) => serve.run(settings).await,
        Command::Migrate(migrate) => migrate.run(settings).await,
        Command::Check(check) => check.run(settings),
        Command::Adapters(adapters) => adapters.run(),
        Command::People(people) => people.run(settings).await,
        Command::Policy(policy) => policy.run(settings).await,
        Command::Keys(keys) => keys.run(settings).await,
        Command::Staff(staff) => staff.run(settings).await,
        Command::Linkage(linkage) => linkage.run(),
        Command::Audit(audit) => audit.run(settings).await,
        Command::Deliveries(deliveries) => deliveries.run(settings).await,
        Command::Destinations(destinations) => destinations.run(settings).await,
        Command::Worker(_) => Ok(()),
        Command::Demo(demo) => demo.run(settings).await,
    }
}

/// Writes a line to the terminal; a closed pipe ends quietly.
pub(crate) fn say(line: impl AsRef<str>) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.as_ref());
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn every_command_s_arguments_are_told_apart() {
        Cli::command().debug_assert();
    }
}
