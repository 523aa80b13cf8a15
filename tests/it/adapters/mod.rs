//! Agencies' own formats: over HTTP, in workers, and the shipped adapters.

mod equivalence;
mod over_http;
mod shipped;
mod workers;

use std::path::{Path, PathBuf};

/// A small adapter of JSON documents, by the name of one that the police may use.
pub(crate) const NOTICE: &str = "police-ppn";
/// A small adapter of tables, by the name of one that schools may use.
pub(crate) const TABLE: &str = "school-csv";

const NOTICE_MAP: &str = r#"{
    referrer: {role: .officer},
    children: [.children[]? | {full_name: .name, date_of_birth: .born}],
    worry: .story,
    source_message_id: .id,
    corrections: [if .state == "withdrawn" then {kind: because(.state; "cancelled")}
                  else empty end],
}"#;

const TABLE_MAP: &str = r#"
    if .Concern == "loop" then def f: f; f
    elif .Concern == "swell" then [limit(100000000; repeat("swollen"))]
    elif .Concern == "fall" then def f: [f]; f
    else . end |
    {referrer: {role: .By}, children: [{full_name: .Pupil, date_of_birth: .DOB}], worry: .Concern,
     source_message_id: .Id}"#;

/// Writes both into `dir` and returns the folder of adapters.
pub(crate) fn small_adapters(dir: &Path) -> PathBuf {
    let folder = dir.join("adapters");
    write(&folder, NOTICE, "json", "json", "application/json", NOTICE_MAP);
    write(&folder, TABLE, "csv", "csv", "text/csv", TABLE_MAP);
    let columns = r#"{"properties": {"Id": {}, "Pupil": {}, "DOB": {}, "Concern": {}, "By": {}}}"#;
    std::fs::write(folder.join(TABLE).join("input.schema.json"), columns).expect("written");
    folder
}

fn write(folder: &Path, name: &str, decoder: &str, answer: &str, media_type: &str, map: &str) {
    let manifest = format!(
        "title = 'small'\nkind = 'school'\nversion = '1'\nanswer = '{answer}'\n\
         asks = {{ minimum-referrer = 'Fill in By', minimum-child = 'Fill in Pupil', \
         minimum-worry = 'Fill in Concern' }}\n\
         limits = {{ bytes = 20000000, milliseconds = 700 }}\n\
         [[reads]]\ndecoder = '{decoder}'\nmedia_types = ['{media_type}']\n\
         extension = '{decoder}'\n"
    );
    let adapter = folder.join(name);
    std::fs::create_dir_all(&adapter).expect("made");
    let files =
        [("manifest.toml", manifest.as_str()), ("input.schema.json", "{}"), ("map.jq", map)];
    for (file, text) in files {
        std::fs::write(adapter.join(file), text).expect("written");
    }
}
