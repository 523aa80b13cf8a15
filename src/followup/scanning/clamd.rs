//! ClamAV's daemon, by its INSTREAM command. The only file that knows how it is spoken.
//!
//! It is spoken here and not by a library: those there are take any answer that contains "OK" for
//! clean, and read an answer of any length.

use super::{ScanFault, Scanner};
use crate::config::documents::ScannerAddress;
use crate::store::Verdict;
use async_trait::async_trait;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for it to take a piece, and for its answer after the last.
const TAKE: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(60);
/// Bytes sent at once.
const PIECE: usize = 64 << 10;
/// Bytes of an answer that are read: one line.
const LINE: u64 = 4 << 10;
/// Characters of what the scanner calls what it found.
const NAME: usize = 120;

/// The daemon.
pub struct Clamd(pub ScannerAddress);

#[async_trait]
impl Scanner for Clamd {
    async fn scan(&self, content: &[u8]) -> Result<Verdict, ScanFault> {
        match &self.0 {
            ScannerAddress::Tcp(place) => {
                let stream = within(CONNECT, TcpStream::connect(place)).await?;
                converse(stream, content).await
            }
            ScannerAddress::Unix(path) => {
                let stream = within(CONNECT, UnixStream::connect(path)).await?;
                converse(stream, content).await
            }
        }
    }
}

async fn within<T>(
    wait: Duration,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, ScanFault> {
    match timeout(wait, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(ScanFault::Unreachable),
        Err(_) => Err(ScanFault::Timeout),
    }
}

/// Sends pieces, each after its length, and a length of zero at the end; then reads one line.
async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    content: &[u8],
) -> Result<Verdict, ScanFault> {
    let sent = send(&mut stream, content).await;
    // It breaks off what is too long for it, and has said so by then.
    let mut answer = Vec::new();
    let mut line = stream.take(LINE);
    let read = within(ANSWER, line.read_to_end(&mut answer)).await;
    let said = understood(&answer);
    match (sent, said) {
        // What it has not seen to the end it has not scanned.
        (Err(fault), None | Some(Ok(Verdict::Clean))) => Err(fault),
        (_, Some(said)) => said,
        (Ok(()), None) => Err(read.err().unwrap_or(ScanFault::NotUnderstood)),
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), content: &[u8]) -> Result<(), ScanFault> {
    within(TAKE, stream.write_all(b"zINSTREAM\0")).await?;
    for piece in content.chunks(PIECE) {
        let length = u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes();
        within(TAKE, stream.write_all(&length)).await?;
        within(TAKE, stream.write_all(piece)).await?;
    }
    within(TAKE, stream.write_all(&0_u32.to_be_bytes())).await?;
    within(TAKE, stream.flush()).await
}

/// What its answer says; `None` where it is none that is known.
fn understood(answer: &[u8]) -> Option<Result<Verdict, ScanFault>> {
    let line = answer.strip_suffix(b"\0")?;
    let line = std::str::from_utf8(line).ok().filter(|line| !line.contains('\0'))?;
    if line.ends_with(" ERROR") {
        return Some(Err(ScanFault::Refused));
    }
    let said = line.strip_prefix("stream: ")?;
    if said == "OK" {
        return Some(Ok(Verdict::Clean));
    }
    let name = said.strip_suffix(" FOUND")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_/:()+".contains(c);
    let known = (1..=NAME).contains(&name.len()) && name.chars().all(plain);
    Some(Ok(Verdict::Infected(if known { name } else { "unnamed" }.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_words_say_that_something_is_clean() {
        let infected = |name: &str| Some(Ok(Verdict::Infected(name.to_owned())));
        assert_eq!(understood(b"stream: OK\0"), Some(Ok(Verdict::Clean)));
        let found = b"stream: Win.Test.EICAR_HDB-1 FOUND\0";
        assert_eq!(understood(found), infected("Win.Test.EICAR_HDB-1"));
        assert_eq!(understood(b"stream: <b>x</b> FOUND\0"), infected("unnamed"));
        let long = format!("stream: {} FOUND\0", "x".repeat(999));
        assert_eq!(understood(long.as_bytes()), infected("unnamed"));
        let limit = b"INSTREAM size limit exceeded. ERROR\0";
        assert_eq!(understood(limit), Some(Err(ScanFault::Refused)));
        for nonsense in [
            &b""[..],
            b"OK\0",
            b"stream: OK",
            b"stream: OKAY\0",
            b"stream: NOT OK\0",
            b"HTTP/1.1 200 OK\r\n\r\n\0",
            b"stream: OK\0stream: X FOUND\0",
            b"\xff\xfe\0",
        ] {
            assert_eq!(understood(nonsense), None, "{nonsense:?}");
        }
    }
}
