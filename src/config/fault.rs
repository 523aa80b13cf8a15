//! What is wrong with a setting, where, and what would mend it.

use std::fmt;

/// A fault in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// File name within the authority's folder.
    pub file: String,
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    pub what: String,
    pub mend: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}. To mend it: {}.", self.file, self.line, self.what, self.mend)
    }
}
