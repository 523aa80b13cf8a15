//! `frontdoor worker`: what the gateway starts to read agencies' formats.

use super::{Cli, Command, Ended};
use crate::workers;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use std::io::{BufReader, BufWriter};

/// Read agencies' documents for a gateway; it starts this by itself.
#[derive(Debug, clap::Args)]
pub(super) struct Worker {
    /// Bytes of memory that this process may use.
    #[arg(long)]
    memory: u64,
}

impl Cli {
    /// Works, when that is what was asked for: without a runtime, settings or threads.
    pub fn work(&self) -> Option<super::Result> {
        let Command::Worker(worker) = &self.command else { return None };
        Some(worker.run())
    }
}

impl Worker {
    fn run(&self) -> super::Result {
        let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
        let limited = setrlimit(Resource::Data, limit(self.memory))
            // No file of its own, and no dump of what it held.
            .and_then(|()| setrlimit(Resource::Nofile, limit(3)))
            .and_then(|()| setrlimit(Resource::Core, limit(0)));
        // Whatever it does, it ends with the gateway.
        let limited = limited.and_then(|()| set_parent_process_death_signal(Some(Signal::KILL)));
        limited.map_err(|error| Ended::Failed(error.into()))?;
        let mut input = BufReader::new(std::io::stdin().lock());
        let mut output = BufWriter::new(std::io::stdout().lock());
        workers::work(&mut input, &mut output)?;
        Ok(())
    }
}
