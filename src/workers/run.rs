//! One job: its items in their order, whatever becomes of the workers.

use super::pool::{Pool, Process, Turn};
use super::wire::{Announced, Answer, Outcome, Refused, Task, Tell};
use crate::adapter::manifest::Decoder;
use crate::adapter::told::Told;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Items that a worker takes on together.
const BATCH: usize = 50;
/// Time for each item of a batch beside the limit, which is for one that takes long.
const EACH: Duration = Duration::from_millis(20);

/// What is to be read.
#[derive(Clone)]
pub struct Job {
    pub adapter: String,
    pub decoder: Decoder,
    /// Whose columns are meant.
    pub agency: String,
    pub body: Arc<Vec<u8>>,
}

/// A part of what came of a job.
pub enum Piece {
    Items(Vec<Made>),
    /// The body as a whole, or the rest of it, cannot be decoded.
    Refused {
        code: String,
        faults: Vec<Told>,
    },
    /// The body, or the rest of it, broke its worker while it was decoded.
    Broke,
}

/// One item and what became of it.
pub struct Made {
    /// Its place, e.g. `row 4`; empty for a whole document.
    pub at: String,
    /// What was sent of it: a row under its header, an item of a list; empty where it is the whole
    /// body.
    pub raw: Vec<u8>,
    /// What an answer in the sender's manner repeats of it.
    pub head: Value,
    pub fate: Fate,
}

pub enum Fate {
    Made {
        document: Value,
        provenance: BTreeMap<String, Vec<String>>,
        shape: Vec<Told>,
    },
    Refused {
        code: String,
        faults: Vec<Told>,
    },
    /// Its worker looped, swelled or fell over it.
    Broke,
}

/// A job under way. Dropping it gives it up.
pub struct Run {
    pool: Arc<Pool>,
    _turn: Turn,
    job: Job,
    limit: Duration,
    /// The worker that has this job.
    process: Option<Process>,
    done: usize,
    /// Up to here items are taken on one by one: one of them has broken a worker.
    careful: usize,
    under_way: Vec<Announced>,
    /// How many items were done when a worker broke last, of which no one item was to blame yet.
    broke_before: Option<usize>,
    over: bool,
}

impl Run {
    pub(super) fn new(pool: Arc<Pool>, turn: Turn, job: Job, limit: Duration) -> Run {
        Run {
            pool,
            _turn: turn,
            job,
            limit,
            process: None,
            done: 0,
            careful: 0,
            under_way: Vec::new(),
            broke_before: None,
            over: false,
        }
    }

    /// The next piece; `None` at the end. After a piece that is not `Items` there is none.
    ///
    /// # Errors
    /// When no worker can be started.
    pub async fn next(&mut self) -> io::Result<Option<Piece>> {
        while !self.over {
            let (mut process, asked) = match self.process.take() {
                Some(process) => (process, true),
                None => (self.pool.process().await?, false),
            };
            let limit = self.limit + EACH * u32::try_from(self.batch()).unwrap_or(1);
            let answer = tokio::time::timeout(limit, self.hear(&mut process, asked)).await;
            match answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(Answer::Next(items)) => {
                    self.under_way = items;
                    self.process = Some(process);
                }
                Ok(Answer::Done(outcomes)) if outcomes.len() == self.under_way.len() => {
                    return Ok(Some(self.made(process, outcomes).await));
                }
                Ok(Answer::Refused(Refused { code, faults })) => {
                    self.over = true;
                    self.pool.put_back(process);
                    return Ok(Some(Piece::Refused { code, faults }));
                }
                Ok(Answer::End) => {
                    self.over = true;
                    self.pool.put_back(process);
                }
                Ok(Answer::Done(_) | Answer::Loaded(_)) | Err(_) => {
                    process.kill().await;
                    if let Some(piece) = self.broke() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
        Ok(None)
    }

    fn batch(&self) -> usize {
        if self.done < self.careful { 1 } else { BATCH }
    }

    /// Asks for the job, where the worker was not asked, and hears its next answer.
    async fn hear(&self, process: &mut Process, asked: bool) -> io::Result<Answer> {
        if !asked {
            let task = Tell::Work(Task {
                adapter: self.job.adapter.clone(),
                decoder: self.job.decoder,
                agency: self.job.agency.clone(),
                skip: self.done,
                batch: self.batch(),
            });
            process.send(&[&serde_json::to_vec(&task)?, &self.job.body]).await?;
        }
        process.receive().await
    }

    async fn made(&mut self, process: Process, outcomes: Vec<Outcome>) -> Piece {
        let announced = std::mem::take(&mut self.under_way);
        let was_careful = self.done < self.careful;
        self.done += outcomes.len();
        if was_careful && self.done >= self.careful {
            // It would go on one by one: another takes on whole batches again.
            process.kill().await;
        } else {
            self.process = Some(process);
        }
        let made = announced.into_iter().zip(outcomes).map(|(item, outcome)| {
            let fate = match outcome {
                Outcome::Made { document, provenance, shape } => {
                    Fate::Made { document, provenance, shape }
                }
                Outcome::Refused(Refused { code, faults }) => Fate::Refused { code, faults },
            };
            made(item, fate)
        });
        Piece::Items(made.collect())
    }

    /// A worker looped, swelled or fell. Of several items it is found out which is to blame; one
    /// alone, or the body where none was announced, is when a second worker breaks over it too.
    fn broke(&mut self) -> Option<Piece> {
        let adapter = self.job.adapter.as_str();
        tracing::warn!(code = "adapter-worker-broke", adapter, "a worker broke and is replaced");
        metrics::counter!("frontdoor_adapter_workers_broken_total").increment(1);
        let mut under_way = std::mem::take(&mut self.under_way);
        let again = self.broke_before == Some(self.done);
        match (under_way.len(), under_way.pop()) {
            (1, Some(item)) if again => {
                self.done += 1;
                Some(Piece::Items(vec![made(item, Fate::Broke)]))
            }
            (0, _) if again => {
                self.over = true;
                Some(Piece::Broke)
            }
            // It may have been the machine's doing: once more, in another worker.
            (0 | 1, _) => {
                self.broke_before = Some(self.done);
                self.careful = self.careful.max(self.done + 1);
                None
            }
            (several, _) => {
                self.careful = self.done + several;
                None
            }
        }
    }
}

fn made(item: Announced, fate: Fate) -> Made {
    let raw = BASE64_STANDARD.decode(&item.raw).unwrap_or_default();
    Made { at: item.at, raw, head: item.head, fate }
}
