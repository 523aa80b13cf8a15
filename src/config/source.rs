//! One configuration file, read as TOML or YAML with the lines of what it says.

use super::fault::Fault;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::path::Path;

/// A file's text.
pub(super) struct Source {
    name: &'static str,
    text: String,
}

impl Source {
    pub(super) fn read(dir: &Path, name: &'static str, faults: &mut Vec<Fault>) -> Option<Source> {
        match std::fs::read_to_string(dir.join(name)) {
            // Line ends and blanks at them say nothing: the same settings have the same hash.
            Ok(text) => {
                let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
                Some(Source { name, text: lines.join("\n") + "\n" })
            }
            Err(error) => {
                faults.push(Fault {
                    file: name.to_owned(),
                    line: 0,
                    what: format!("cannot be read: {}", error.kind()),
                    mend: "put the file in the authority's folder, in UTF-8, readable".to_owned(),
                });
                None
            }
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn fault(
        &self,
        line: usize,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Fault {
        Fault { file: self.name.to_owned(), line, what: what.into(), mend: mend.into() }
    }

    /// The line of a byte offset, from 1.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// The line on which a text stands first; 0 where it stands nowhere.
    pub(super) fn line_of(&self, text: &str) -> usize {
        self.text.find(text).map_or(0, |offset| self.line_at(offset))
    }

    pub(super) fn toml<T: DeserializeOwned>(&self, faults: &mut Vec<Fault>) -> Option<T> {
        match toml::from_str(&self.text) {
            Ok(read) => Some(read),
            Err(error) => {
                let line = error.span().map_or(0, |span| self.line_at(span.start));
                let what = first_line(error.message());
                faults.push(self.fault(line, what, "follow the examples at the head of the file"));
                None
            }
        }
    }

    pub(super) fn yaml<T: DeserializeOwned>(&self, faults: &mut Vec<Fault>) -> Option<T> {
        match serde_saphyr::from_str(&self.text) {
            Ok(read) => Some(read),
            Err(error) => {
                let line = error.location().map_or(0, |at| at.line());
                let what = first_line(&error.to_string());
                let line = usize::try_from(line).unwrap_or(0);
                faults.push(self.fault(line, what, "follow the examples at the head of the file"));
                None
            }
        }
    }

    /// A day as written, `YYYY-MM-DD`.
    pub(super) fn day(
        &self,
        text: Option<&str>,
        line: usize,
        faults: &mut Vec<Fault>,
    ) -> Option<Date> {
        let text = text?;
        let day = text.parse().ok();
        if day.is_none() {
            faults.push(self.fault(line, format!("{text} is no day"), "write it as YYYY-MM-DD"));
        }
        day
    }
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("cannot be read").to_owned()
}

/// Hash of several files, names included.
pub(super) fn digest(sources: &[&Source]) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        for part in [source.name, &source.text] {
            hash.update(u64::try_from(part.len()).unwrap_or(0).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
