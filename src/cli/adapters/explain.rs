use super::example::{Item, outcome};
use super::{Result, open, say};
use anyhow::{Context, anyhow};
use std::path::{Path, PathBuf};

/// Show what a file becomes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor adapters explain school-csv export.csv --agency \
                        school-ridgeway")]
pub(super) struct Explain {
    /// The adapter's name.
    name: String,
    /// A file as an agency would send it.
    file: PathBuf,
    /// Whose columns are meant.
    #[arg(long)]
    agency: Option<String>,
    /// Which encoding it is, by the extension of the adapter's example files; else the file's own.
    #[arg(long)]
    extension: Option<String>,
}

impl Explain {
    pub(super) fn run(self, dir: &Path) -> Result {
        let (_, adapter) = open(dir, &self.name)?;
        let bytes = std::fs::read(&self.file)
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        let own = self.file.extension().and_then(|extension| extension.to_str());
        let extension = self.extension.as_deref().or(own).unwrap_or_default();
        let known = adapter.manifest.reads.iter();
        let reads = known.clone().find(|reads| reads.extension == extension).ok_or_else(|| {
            let known: Vec<&str> = known.map(|reads| reads.extension.as_str()).collect();
            anyhow!("say with --extension what the file is: {}", known.join(" or "))
        })?;
        let outcome = outcome(&adapter, reads.decoder, &bytes, self.agency.as_deref());
        if let Some(refusal) = &outcome.refused {
            say(format!("The whole is refused ({}):", refusal.kind.code()));
            for fault in &refusal.faults {
                say(format!("  {}  [{}] {}", fault.pointer, fault.rule, fault.ask));
            }
        }
        outcome.items.iter().try_for_each(explain)
    }
}

fn explain(item: &Item) -> Result {
    say(format!("── {} ──", if item.at.is_empty() { "the document" } else { &item.at }));
    if let Some(decoded) = &item.decoded {
        say("decoded:");
        say(serde_json::to_string_pretty(&decoded.plain())?);
    }
    if let Some(made) = &item.made {
        say("becomes:");
        say(serde_json::to_string_pretty(&made.document)?);
        say("made from:");
        for (pointer, places) in &made.provenance {
            let from = if places.is_empty() { "the adapter".to_owned() } else { places.join(", ") };
            say(format!("  {pointer}  ←  {from}"));
        }
    }
    let (verdict, faults) = match &item.result {
        Ok(unread) => ("accepted".to_owned(), unread),
        Err((kind, faults)) => (format!("refused ({kind})"), faults),
    };
    say(format!("{verdict}, faults: {}", faults.len()));
    for fault in faults {
        say(format!("  {}  [{}] {}", fault.at, fault.rule, fault.ask));
    }
    Ok(())
}
