//! `frontdoor people import`

use super::{Ended, Result, say};
use crate::app::{self, Import, Imported, Progress, Whole};
use crate::config::settings::Settings;
use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::linkage::people::as_of;
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
    /// A record already loaded is replaced, but never by an older statement. What the file has no
    /// column for stays as it was; a cell left empty is empty now. A command that was stopped goes
    /// on where it was when it is given again. Where a quotation mark is not closed, what stands
    /// before it is loaded, and the line is told: close it and give the command again.
    Import {
        /// CSV, or JSON where the name ends in `.ndjson`. The columns, or the members of each
        /// object: `record_id`, and as many as there are of `source`, `forename`, `middle_names`,
        /// `surname`, `full_name`, `known_as`, `dob`, `edd`, `sex`, `address`, `postcode`,
        /// `prev_postcode`, `nhs_number`, `upn`, `mother_name`, `father_name`, `phone`,
        /// `case_status` (none, open, cin, cp, cla), `case_team`, `case_worker`, `restricted`
        /// (yes, no, adoption, staff, address) and `as_of`.
        file: PathBuf,
        /// The file tells what changed: `op` is add, change, merge or close, `merged_into` names
        /// the surviving record of the same source, and `as_of` is needed.
        #[arg(long)]
        delta: bool,
        /// The system that keeps the records, where rows do not say it.
        #[arg(long)]
        source: Option<String>,
        /// When the file was true, such as 2026-03-01T06:00:00Z, where rows do not say it. With
        /// it, a delta that has no rows says that nothing has changed until then; name its system
        /// by --source.
        #[arg(long, value_parser = time)]
        as_of: Option<Timestamp>,
        /// Print what was done as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl People {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let People::Import { file, delta, source, as_of, json } = self;
        let store = app::open_store(&settings).await?;
        let ring = app::open_keys(&settings, store.as_ref()).await?;
        let env = app::OsEnv::new();
        let shown = Shown::new(&env);
        let progress = |progress| shown.at(progress);
        let (store, ring, file) = (store.as_ref(), &ring, file.as_path());
        let whole = Whole { source, as_of };
        let import = Import { store, ring, env: &env, file, delta, whole, progress: &progress };
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

fn time(text: &str) -> std::result::Result<Timestamp, &'static str> {
    as_of(text).ok_or("give a time such as 2026-03-01T06:00:00Z")
}

fn tell(imported: &Imported) {
    let Imported { faults, passed_over, undone_merges, .. } = imported;
    for line in faults.iter().chain(passed_over).chain(undone_merges) {
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
    if let Some(line) = imported.broken_off_at {
        say(format!(
            "Broken off at line {line}: NOT loaded to its end, and no feed is newer. What was \
             loaded stays; mend the file and import it again."
        ));
    } else if imported.systems == 0 {
        say("The file does not say when it was true, so no feed is newer: give --as-of, and \
             --source where no row names its system.");
    }
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
