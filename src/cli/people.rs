//! `frontdoor people import`

use super::{Ended, Result, say};
use crate::app::{self, Import, Imported, Progress};
use crate::config::settings::Settings;
use crate::domain::Timestamp;
use crate::domain::time::Env;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;

/// Seconds between two lines that tell how far an import is, where there is no terminal.
const EVERY: f64 = 5.0;

/// Existing records to link against.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor people import examples/people.csv")]
pub(super) enum People {
    /// Load records from a file of comma-separated values, or of JSON objects, one a line.
    ///
    /// A record already loaded is replaced, but never by an older statement. A command that was
    /// stopped goes on where it was when it is given again.
    Import {
        /// CSV, or JSON where the name ends in `.ndjson`. The columns, or the members of each
        /// object: `record_id`, and as many as there are of `source`, `forename`, `middle_names`,
        /// `surname`, `full_name`, `known_as`, `dob`, `edd`, `sex`, `address`, `postcode`,
        /// `prev_postcode`, `nhs_number`, `upn`, `mother_name`, `father_name`, `phone`,
        /// `case_status` (none, open, cin, cp, cla), `case_team`, `case_worker`, `restricted`
        /// (yes, no) and `as_of`.
        file: PathBuf,
        /// The file tells what changed: `op` is add, change, merge or close, `merged_into` names
        /// the surviving record of the same source, and `as_of` is needed.
        #[arg(long)]
        delta: bool,
        /// Print what was done as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl People {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let People::Import { file, delta, json } = self;
        let store = app::open_store(&settings).await?;
        let ring = app::open_keys(&settings, store.as_ref()).await?;
        let env = app::OsEnv::new();
        let shown = Shown::new(&env);
        let progress = |progress| shown.at(progress);
        let (store, ring, file) = (store.as_ref(), &ring, file.as_path());
        let import = Import { store, ring, env: &env, file, delta, progress: &progress };
        let imported = import.run().await;
        shown.end();
        let imported = imported?;
        if json {
            say(serde_json::to_string_pretty(&imported)?);
        } else {
            tell(&imported);
        }
        if imported.unread == 0 { Ok(()) } else { Err(Ended::Findings) }
    }
}

fn tell(imported: &Imported) {
    for line in imported.faults.iter().chain(&imported.passed_over) {
        say(line);
    }
    if let Some(line) = imported.resumed_after {
        say(format!("Resumed after line {line}, where an earlier run had ended."));
    }
    let Imported { loaded, merged, closed, unread, over, .. } = imported;
    say(format!(
        "{loaded} people loaded, {merged} merged, {closed} closed, {unread} rows not read, \
         {over} passed over."
    ));
}

/// How far the import is: a bar on a terminal, otherwise a line every few seconds.
struct Shown<'a> {
    env: &'a dyn Env,
    began: Timestamp,
    bar: Option<ProgressBar>,
    told: Mutex<Timestamp>,
}

impl<'a> Shown<'a> {
    fn new(env: &'a dyn Env) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let look = "{bar:40} {percent}%  {msg}  {eta} left";
            let style = ProgressStyle::with_template(look);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        });
        let began = env.now();
        Shown { env, began, bar, told: Mutex::new(began) }
    }

    fn at(&self, progress: Progress) {
        let Progress { bytes, of, rows } = progress;
        let now = self.env.now();
        let rate = rows as f64 / now.seconds_since(self.began).max(0.001);
        let message = format!("{rows} rows, {rate:.0} a second");
        if let Some(bar) = &self.bar {
            bar.set_length(of);
            bar.set_position(bytes);
            bar.set_message(message);
            return;
        }
        let Ok(mut told) = self.told.lock() else { return };
        if now.seconds_since(*told) >= EVERY {
            *told = now;
            let part = 100 * bytes / of.max(1);
            let _ = writeln!(std::io::stderr(), "{part} %: {message}");
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
