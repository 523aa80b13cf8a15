//! The worker processes: started when they are needed, kept while they work, replaced when not.

use super::run::{Job, Run};
use super::wire::{Answer, Tell, receive_frame, send_frame};
use crate::adapter::engine::Adapter;
use crate::adapter::folder::{Fault, Folder};
use crate::adapter::manifest::Manifest;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest wait for a process to read the adapters.
const LOADING: Duration = Duration::from_secs(20);
/// Longest wait for a free worker.
const WAITING: Duration = Duration::from_secs(10);

/// How workers are started.
#[derive(Clone, Debug)]
pub struct Start {
    /// This program.
    pub program: PathBuf,
    /// What makes it a worker.
    pub arguments: Vec<String>,
    /// How many may work at once, two at least: batches leave one to documents that come alone.
    pub workers: usize,
}

/// Workers that all have the same adapters.
pub struct Pool {
    start: Start,
    load: Vec<u8>,
    manifests: BTreeMap<String, Arc<Manifest>>,
    idle: Mutex<Vec<Process>>,
    places: Arc<Semaphore>,
    batches: Arc<Semaphore>,
}

/// One worker.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The right to one worker for a while.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _batch: Option<OwnedSemaphorePermit>,
}

impl Pool {
    /// Reads all adapters. Workers are started when there is work.
    ///
    /// # Errors
    /// Every fault of an adapter, with file and line.
    pub fn new(start: Start, folders: Vec<Folder>) -> Result<Pool, Vec<Fault>> {
        let (mut manifests, mut faults) = (BTreeMap::new(), Vec::new());
        for folder in &folders {
            match Adapter::read(folder) {
                Ok(adapter) => {
                    manifests.insert(folder.name.clone(), Arc::new(adapter.manifest));
                }
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let load = serde_json::to_vec(&Tell::Load(folders)).expect("texts are plain data");
        let workers = start.workers.max(2);
        Ok(Pool {
            load,
            manifests,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(workers)),
            batches: Arc::new(Semaphore::new(workers - 1)),
            start,
        })
    }

    /// The adapter of this name.
    pub fn manifest(&self, adapter: &str) -> Option<&Arc<Manifest>> {
        self.manifests.get(adapter)
    }

    /// Names of all adapters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.manifests.keys().map(String::as_str)
    }

    /// Begins a job; `None` when no worker is free in time. `batch` says that it may be long.
    pub async fn begin(self: &Arc<Self>, job: Job, batch: bool) -> Option<Run> {
        let turn = tokio::time::timeout(WAITING, async {
            let acquire = |places: &Arc<Semaphore>| places.clone().acquire_owned();
            let of_batches = match batch {
                true => Some(acquire(&self.batches).await.ok()?),
                false => None,
            };
            Some(Turn { _place: acquire(&self.places).await.ok()?, _batch: of_batches })
        });
        let turn = turn.await.ok().flatten()?;
        let limits = self.manifests.get(&job.adapter)?.limits;
        Some(Run::new(self.clone(), turn, job, Duration::from_millis(limits.milliseconds)))
    }

    /// A worker that has read the adapters.
    pub(super) async fn process(&self) -> io::Result<Process> {
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // One that has ended meanwhile is of no use.
            idle.retain_mut(|process| matches!(process.child.try_wait(), Ok(None)));
            idle.pop()
        };
        match idle {
            Some(process) => Ok(process),
            None => tokio::time::timeout(LOADING, self.spawn())
                .await
                .unwrap_or_else(|_| Err(io::Error::other("a worker does not start in time"))),
        }
    }

    async fn spawn(&self) -> io::Result<Process> {
        let mut child = Command::new(&self.start.program)
            .args(&self.start.arguments)
            // It needs no secret of ours.
            .env_clear()
            // The allocator takes a gibibyte at once, and all of it would count as used: within the
            // worker's limit there would be no more to be had, and below it no limit.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            // A signal to the gateway from a terminal is no signal to it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("a worker has no pipe");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut process = Process { child, input, output };
        process.send(&[&self.load]).await?;
        match process.receive().await? {
            Answer::Loaded(faults) if faults.is_empty() => Ok(process),
            Answer::Loaded(faults) => Err(io::Error::other(faults.join("\n"))),
            _ => Err(io::Error::other("a worker speaks out of turn")),
        }
    }

    /// Keeps a worker that has ended its job.
    pub(super) fn put_back(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
    }
}

impl Process {
    pub(super) async fn send(&mut self, frames: &[&[u8]]) -> io::Result<()> {
        for frame in frames {
            send_frame(&mut self.input, frame).await?;
        }
        self.input.flush().await
    }

    pub(super) async fn receive(&mut self) -> io::Result<Answer> {
        Ok(serde_json::from_slice(&receive_frame(&mut self.output).await?)?)
    }

    /// Ends it, whatever it does.
    pub(super) async fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }
}
