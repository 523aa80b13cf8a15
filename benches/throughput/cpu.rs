//! Processor time and memory of processes, from `/proc`.

use anyhow::{Context, Result};
use std::path::PathBuf;

/// The processes measured.
pub struct Pids {
    gateway: u32,
    postgres: u32,
    rabbitmq: u32,
}

impl Pids {
    pub fn of(gateway: u32) -> Result<Pids> {
        let dir = std::env::var("FRONTDOOR_TEST_SERVICES_DIR")
            .context("run this through scripts/with-services")?;
        let pid = |name: &str| -> Result<u32> {
            let file = PathBuf::from(&dir).join(name).join("pid");
            Ok(std::fs::read_to_string(file)?.trim().parse()?)
        };
        Ok(Pids { gateway, postgres: pid("postgres")?, rabbitmq: pid("rabbitmq")? })
    }
}

/// Processor seconds, user and system together.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub gateway: f64,
    pub postgres: f64,
    pub rabbitmq: f64,
}

impl Usage {
    pub fn now(pids: &Pids) -> Result<Usage> {
        Ok(Usage {
            gateway: tree_seconds(pids.gateway)?,
            postgres: tree_seconds(pids.postgres)?,
            rabbitmq: tree_seconds(pids.rabbitmq)?,
        })
    }

    pub fn since(&self, before: &Usage) -> Usage {
        Usage {
            gateway: self.gateway - before.gateway,
            postgres: self.postgres - before.postgres,
            rabbitmq: self.rabbitmq - before.rabbitmq,
        }
    }
}

/// Ticks a second in `/proc/*/stat` on Linux.
const TICKS: f64 = 100.0;

/// Seconds of a process, its reaped children, and all living descendants.
fn tree_seconds(root: u32) -> Result<f64> {
    let mut total = 0.0;
    let mut left = vec![root];
    while let Some(pid) = left.pop() {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let (_, fields) = stat.rsplit_once(')').context("a stat line")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), here from the third on.
        for field in &fields[11..15] {
            total += field.parse::<f64>()? / TICKS;
        }
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
            let children = std::fs::read_to_string(task.path().join("children"));
            left.extend(
                children.unwrap_or_default().split_whitespace().flat_map(str::parse::<u32>),
            );
        }
    }
    Ok(total)
}

fn status_megabytes(pid: u32, field: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(field)).context("a memory line")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kilobytes / 1024.0)
}

pub fn resident_megabytes(pid: u32) -> Result<f64> {
    status_megabytes(pid, "VmRSS:")
}

pub fn peak_megabytes(pid: u32) -> Result<f64> {
    status_megabytes(pid, "VmHWM:")
}
