//! `frontdoor`: parse the command line, call a role.

use clap::Parser;
use frontdoor::cli::{self, Cli, Ended};
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(ended) = cli.work() {
        return exit(ended);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    exit(runtime.block_on(cli::run(cli)))
}

fn exit(ended: cli::Result) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Findings) => ExitCode::from(1),
        Err(Ended::Failed(error)) => failed(&error),
    }
}

/// Says what went wrong, with its causes, on standard error.
fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "frontdoor: {error:#}");
    ExitCode::from(2)
}
