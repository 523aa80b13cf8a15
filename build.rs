//! Lists what `scripts/front-end` has built, for `src/web/assets.rs` to serve from memory.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the front end is built, from the package's folder.
const BUILT: &str = "target/front-end";

fn main() -> Result<(), Box<dyn Error>> {
    tell(&format!("rerun-if-changed={BUILT}"))?;
    tell("rerun-if-changed=build.rs")?;
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let files = list(&package.join(BUILT));
    if files.is_empty() {
        return tell("error=the front end is not built: run scripts/install-missing front-end");
    }
    let mut code = format!("pub(super) static ASSETS: [Asset; {}] = [\n", files.len());
    for file in files {
        code.push_str(&entry(&file).ok_or("a file of the front end has no hash in its name")?);
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("assets.rs"), code)?;
    Ok(())
}

/// Says something to cargo.
fn tell(what: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(io::stdout(), "cargo::{what}")?)
}

/// The files that have a compressed copy beside them, in the order of their names.
fn list(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| compressed(path).exists())
        .collect();
    files.sort();
    files
}

fn compressed(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.gz", path.display()))
}

/// `frontdoor-0123456789ab.css` is asked for by pages as `frontdoor.css`.
fn entry(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (stem, extension) = name.rsplit_once('.')?;
    let (plain, _hash) = stem.rsplit_once('-')?;
    let mut code = String::new();
    writeln!(
        code,
        "Asset {{ plain: \"{plain}.{extension}\", name: {name:?}, bytes: include_bytes!({path:?}), \
         gzip: include_bytes!({:?}) }},",
        compressed(path)
    )
    .ok()?;
    Some(code)
}
