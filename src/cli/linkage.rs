//! `frontdoor linkage evaluate`

use super::{Result, say};
use crate::linkage::{self, Model};
use anyhow::Context;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;

/// Linkage without a database.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor linkage evaluate --people records.csv \
                        --referrals referrals.csv --predictions out.jsonl")]
pub(super) enum Linkage {
    /// Link a file of referrals against a file of people.
    Evaluate {
        #[arg(long)]
        people: PathBuf,
        #[arg(long)]
        referrals: PathBuf,
        /// One line of JSON for each referral, its candidates best first.
        #[arg(long)]
        predictions: PathBuf,
        /// A model made by training, instead of the one shipped.
        #[arg(long)]
        model: Option<PathBuf>,
    },
}

impl Linkage {
    pub(super) fn run(self) -> Result {
        let Linkage::Evaluate { people, referrals, predictions, model } = self;
        let model = match model {
            Some(path) => Model::parse(&std::fs::read_to_string(path)?)?,
            None => Model::shipped(),
        };
        let open = |path: &PathBuf| {
            File::open(path)
                .map(BufReader::new)
                .with_context(|| format!("{} cannot be opened", path.display()))
        };
        let mut out = BufWriter::new(File::create(&predictions)?);
        let stats = linkage::evaluate(open(&people)?, open(&referrals)?, &mut out, &model)?;
        for fault in &stats.faults {
            say(fault.to_string());
        }
        say(format!(
            "{} referrals and {} people, {} pairs compared: {} linked, {} possible, {} new.",
            stats.referrals, stats.people, stats.compared, stats.linked, stats.possible, stats.new
        ));
        say(format!("Predictions written to {}.", predictions.display()));
        Ok(())
    }
}
