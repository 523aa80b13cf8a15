//! What goes between the gateway and a worker: frames of a length (32 bits, big-endian) and so
//! many bytes. A job is a frame of JSON and a frame that is the body; answers are frames of JSON.

use crate::adapter::folder::Folder;
use crate::adapter::manifest::Decoder;
use crate::adapter::told::Told;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Longest frame.
const FRAME: usize = 64 << 20;

/// What a worker is told.
#[derive(Serialize, Deserialize)]
pub(super) enum Tell {
    /// First of all, once.
    Load(Vec<Folder>),
    /// The body follows in a frame of its own.
    Work(Task),
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub adapter: String,
    pub decoder: Decoder,
    pub agency: String,
    /// Items that are done already.
    pub skip: usize,
    /// Items that are announced together.
    pub batch: usize,
}

/// What a worker answers.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    /// The adapters are in order, or why they are not.
    Loaded(Vec<String>),
    /// The body as a whole cannot be decoded. The end of the job.
    Refused(Refused),
    /// The items that it works on next, as they were decoded.
    Next(Vec<Announced>),
    /// What they became.
    Done(Vec<Outcome>),
    End,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Announced {
    /// The item's place, e.g. `row 4`; empty for a whole document.
    pub at: String,
    /// What was sent of it, in base64; empty where it is the whole body.
    pub raw: String,
    /// What an answer in the sender's manner repeats of it.
    pub head: Value,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Outcome {
    Made { document: Value, provenance: BTreeMap<String, Vec<String>>, shape: Vec<Told> },
    Refused(Refused),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Refused {
    /// Of `RefusalKind`.
    pub code: String,
    pub faults: Vec<Told>,
}

pub(super) fn write_frame(into: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    into.write_all(&length(bytes)?.to_be_bytes())?;
    into.write_all(bytes)
}

/// `None` where nothing more comes.
pub(super) fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut bytes = vec![0; checked(head)?];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

pub(super) async fn send_frame(
    into: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
) -> io::Result<()> {
    into.write_all(&length(bytes)?.to_be_bytes()).await?;
    into.write_all(bytes).await
}

pub(super) async fn receive_frame(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    from.read_exact(&mut head).await?;
    let mut bytes = vec![0; checked(head)?];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    let fits = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= FRAME);
    fits.ok_or_else(|| io::Error::other("a frame is too long"))
}

fn checked(head: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length <= FRAME { Ok(length) } else { Err(io::Error::other("a frame is too long")) }
}
