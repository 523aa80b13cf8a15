//! Whether each line of a map matters: without it, some example must fail.

use super::{Result, say};
use anyhow::Context;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time for all examples of one adapter; a map that lost the end of a recursion takes for ever.
const LIMIT: Duration = Duration::from_secs(30);

/// The lines that no example needs, from 1; every `step`th line is asked about.
pub(super) fn needless(dir: &Path, name: &str, step: usize) -> Result<Vec<usize>> {
    let map = std::fs::read_to_string(dir.join(name).join("map.jq"))?;
    let lines: Vec<&str> = map.lines().collect();
    let said = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let asked = (1..=lines.len()).filter(|n| said(lines[n - 1])).step_by(step.max(1));
    let todo = Mutex::new(asked.collect::<Vec<_>>());
    let found = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = || -> anyhow::Result<()> {
            let copy = tempfile::tempdir()?;
            super::new::copy(&dir.join(name), &copy.path().join(name))?;
            while let Some(line) = todo.lock().ok().and_then(|mut todo| todo.pop()) {
                let without = lines.iter().enumerate().filter(|(at, _)| *at != line - 1);
                let text: Vec<&str> = without.map(|(_, line)| *line).collect();
                std::fs::write(copy.path().join(name).join("map.jq"), text.join("\n"))?;
                if passes(copy.path(), name)?
                    && let Ok(mut found) = found.lock()
                {
                    found.push(line);
                }
            }
            Ok(())
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().try_for_each(|one| one.join().unwrap_or(Ok(())))
    })?;
    let mut found = found.into_inner().unwrap_or_default();
    found.sort_unstable();
    for line in &found {
        say(format!(
            "{name}/map.jq:{line}: no example needs this line: {}",
            lines[line - 1].trim()
        ));
    }
    Ok(found)
}

/// In a process of its own, which may loop or overflow.
fn passes(dir: &Path, name: &str) -> anyhow::Result<bool> {
    let mut child = Command::new(std::env::current_exe().context("this program is not found")?)
        .args(["adapters", "test", name, "--adapters"])
        .arg(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    wait(&mut child)
}

fn wait(child: &mut Child) -> anyhow::Result<bool> {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
