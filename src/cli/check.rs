//! `frontdoor check`

use super::{Ended, Result, say};
use crate::adapter::engine::Adapter;
use crate::adapter::folder;
use crate::config::settings::Settings;
use crate::config::{self, Authority, Fault};
use crate::threshold::review::Decided;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Validate an authority's configuration, and the adapters.
///
/// Everything is decided, not tried out: whether each rule can fire, whether two contradict each
/// other, whether a sign is left to nobody. Each rule's examples are run. docs/policy.md says what
/// the messages mean.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor check --config config/calderdale")]
pub(super) struct Check {
    /// The authority's folder.
    #[arg(long, env = "FRONTDOOR_CONFIG")]
    config: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Serialize)]
struct Report {
    folder: PathBuf,
    in_order: bool,
    /// The policy's hash, as decisions record it.
    policy: Option<String>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
    decided: Option<Decided>,
    milliseconds: f64,
    /// Not looked at while the folder has faults.
    adapters: Option<Adapters>,
}

#[derive(Serialize)]
struct Adapters {
    folder: PathBuf,
    adapters: usize,
    faults: Vec<String>,
}

impl Check {
    pub(super) fn run(self, settings: Settings) -> Result {
        let folder = self.config.unwrap_or_else(|| settings.authority.config.clone());
        let report = report(folder, &settings.adapters.folder);
        if self.json {
            say(serde_json::to_string_pretty(&report)?);
        } else {
            report.tell();
        }
        if report.in_order { Ok(()) } else { Err(Ended::Findings) }
    }
}

fn report(folder: PathBuf, adapters_in: &Path) -> Report {
    let started = Instant::now();
    let loaded = config::load(&folder);
    let milliseconds = started.elapsed().as_secs_f64() * 1_000.0;
    match loaded {
        Ok(authority) => {
            let adapters = adapters(adapters_in, &authority);
            Report {
                folder,
                in_order: adapters.faults.is_empty(),
                policy: Some(authority.hash),
                faults: Vec::new(),
                warnings: authority.warnings,
                decided: Some(authority.decided),
                milliseconds,
                adapters: Some(adapters),
            }
        }
        Err(faults) => Report {
            folder,
            in_order: false,
            policy: None,
            faults,
            warnings: Vec::new(),
            decided: None,
            milliseconds,
            adapters: None,
        },
    }
}

impl Report {
    fn tell(&self) {
        let folder = self.folder.display();
        self.faults.iter().for_each(|fault| say(fault.to_string()));
        if !self.faults.is_empty() {
            say(format!("{} faults in {folder}.", self.faults.len()));
        }
        if let Some(policy) = &self.policy {
            say(format!("{folder} is in order; policy {policy}."));
        }
        self.warnings.iter().for_each(|warning| say(format!("Warning: {warning}")));
        if let Some(decided) = self.decided {
            let Decided { rules, examples, pairs, signs } = decided;
            say(format!(
                "{rules} rules: {examples} examples run, {pairs} pairs of rules compared, {signs} \
                 signs and concerns found to be looked after, in {:.0} ms.",
                self.milliseconds
            ));
        }
        if let Some(Adapters { folder, adapters, faults }) = &self.adapters {
            let folder = folder.display();
            faults.iter().for_each(say);
            say(match faults.len() {
                0 => format!("{adapters} adapters in {folder} are in order."),
                faults => format!("{faults} faults in {folder}."),
            });
        }
    }
}

/// Every adapter must be in order, and each that an agency may use must be there.
fn adapters(dir: &Path, authority: &Authority) -> Adapters {
    let mut faults = Vec::new();
    let folders = folder::read_all(dir).unwrap_or_else(|found| {
        faults.extend(found.iter().map(ToString::to_string));
        Vec::new()
    });
    for folder in &folders {
        if let Err(found) = Adapter::read(folder) {
            faults.extend(found.iter().map(ToString::to_string));
        }
    }
    for partner in authority.agencies.values() {
        let names = partner.agency.adapters.iter();
        for name in names.filter(|name| !folders.iter().any(|folder| folder.name == **name)) {
            let (agency, dir) = (&partner.agency.id, dir.display());
            faults.push(format!(
                "agencies.toml: {agency} may send {name}, which is not in {dir}: add the adapter, \
                 or take it off the list"
            ));
        }
    }
    Adapters { folder: dir.to_owned(), adapters: folders.len(), faults }
}
