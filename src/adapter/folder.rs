//! Adapters' folders on disk: their texts, read whole so that what is judged is what is used.

use std::collections::BTreeMap;
use std::path::Path;

/// Longest file of an adapter; a longer one is no map and no manifest.
const FILE_BYTES: u64 = 1 << 20;

/// The texts of one adapter that its work needs; examples are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Folder {
    pub name: String,
    pub manifest: String,
    pub schema: String,
    pub map: String,
    /// Columns' headings by agency.
    pub columns: BTreeMap<String, String>,
}

/// What is wrong with an adapter, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `police-ppn/map.jq`.
    pub file: String,
    /// From 1; 0 where no line is at fault.
    pub line: usize,
    pub what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// Whether an adapter or an agency may have this name: it is part of paths and addresses.
pub fn is_name(name: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    (1..=64).contains(&name.len()) && name.as_bytes().iter().all(plain)
}

/// Reads every folder in `dir`, in the order of their names.
///
/// # Errors
/// Every file that cannot be read.
pub fn read_all(dir: &Path) -> Result<Vec<Folder>, Vec<Fault>> {
    let fault = |what: String| vec![Fault { file: dir.display().to_string(), line: 0, what }];
    let entries = std::fs::read_dir(dir)
        .map_err(|error| fault(format!("the adapters cannot be read: {}", error.kind())))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    let (mut folders, mut faults) = (Vec::new(), Vec::new());
    for name in names {
        match read_one(dir, &name) {
            Ok(folder) => folders.push(folder),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(folders) } else { Err(faults) }
}

/// Reads the folder of one adapter.
///
/// # Errors
/// Every file that is missing or cannot be read.
pub fn read_one(dir: &Path, name: &str) -> Result<Folder, Vec<Fault>> {
    if !is_name(name) {
        let what = "name the folder in small letters, digits and hyphens, 64 at most";
        return Err(vec![Fault { file: name.to_owned(), line: 0, what: what.to_owned() }]);
    }
    let mut faults = Vec::new();
    let mut read = |file: String| {
        text(&dir.join(name).join(&file)).unwrap_or_else(|what| {
            faults.push(Fault { file: format!("{name}/{file}"), line: 0, what });
            String::new()
        })
    };
    let mut folder = Folder {
        name: name.to_owned(),
        manifest: read("manifest.toml".to_owned()),
        schema: read("input.schema.json".to_owned()),
        map: read("map.jq".to_owned()),
        columns: BTreeMap::new(),
    };
    for agency in columns_of(&dir.join(name).join("columns")) {
        let columns = read(format!("columns/{agency}.toml"));
        folder.columns.insert(agency, columns);
    }
    if faults.is_empty() { Ok(folder) } else { Err(faults) }
}

fn columns_of(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let names =
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    let agency = |name: String| name.strip_suffix(".toml").map(str::to_owned);
    names.filter_map(agency).filter(|agency| is_name(agency)).collect()
}

fn text(path: &Path) -> Result<String, String> {
    let size =
        std::fs::metadata(path).map_err(|error| format!("cannot be read: {}", error.kind()))?;
    if size.len() > FILE_BYTES {
        return Err(format!("is longer than {FILE_BYTES} bytes"));
    }
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot be read as text: {}", error.kind()))
}
