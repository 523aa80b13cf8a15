//! A load generator that costs little: raw HTTP/1.1 over kept connections.

use anyhow::{Context, Result, bail};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Numbers of children go up over the whole run, so that no body repeats.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// An invented child.
pub struct Child {
    pub given_name: String,
    pub family_name: String,
    pub born: String,
    pub street: String,
    pub postcode: String,
}

impl Child {
    pub fn number(n: u32) -> Child {
        let mixed = n.wrapping_mul(2_654_435_761);
        let (day, month, year) = (mixed % 28 + 1, mixed / 32 % 12 + 1, 2008 + mixed / 512 % 17);
        Child {
            given_name: word(mixed / 7, 3),
            family_name: word(n, 4),
            born: format!("{year}-{month:02}-{day:02}"),
            street: format!("{} {} Street", n % 180 + 1, word(mixed / 11, 3)),
            // 6,300 postcodes: some sixteen people to each, as in a town.
            postcode: format!(
                "HX{} {}{}{}",
                mixed % 7 + 1,
                mixed / 64 % 9 + 1,
                letter(mixed / 1024 % 20),
                letter(mixed / 32_768 % 5)
            ),
        }
    }
}

fn letter(n: u32) -> char {
    char::from(b"ABDEFGHJLNPQRSTUWXYZ"[n as usize % 20])
}

/// A pronounceable word of some syllables.
fn word(mut n: u32, syllables: usize) -> String {
    const FIRST: &[u8] = b"bdfghklmnprstvw";
    const SECOND: &[u8] = b"aeiou";
    let mut out = String::new();
    for _ in 0..syllables {
        out.push(FIRST[n as usize % FIRST.len()] as char);
        n /= 15;
        out.push(SECOND[n as usize % SECOND.len()] as char);
        n = n / 5 + 7;
    }
    out[..1].to_uppercase() + &out[1..]
}

/// A body of about 2.2 KB. Every fifth child is one of those imported.
pub fn body(n: u32) -> String {
    body_about(if n.is_multiple_of(5) { n % 100_000 } else { 200_000 + n }, n)
}

/// The same about a certain child.
fn body_about(child: u32, n: u32) -> String {
    let child = Child::number(child);
    let concern = ["16A", "3B", "4B", "17A"][n as usize % 4];
    let story = "The class teacher has noticed over some weeks that things are not as they were. \
                 Lunch is often missing, clothes are thin for the weather, and the child is tired. "
        .repeat(8);
    serde_json::json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead",
                     "telephone": "01632 960123", "email": "dsl@ridgeway.example", "source": "2A"},
        "children": [{
            "given_name": child.given_name, "family_name": child.family_name,
            "date_of_birth": child.born, "sex": "F",
            "address": {"lines": child.street, "town": "Halifax", "postcode": child.postcode},
            "school": {"name": "Ridgeway School", "code": "100001"},
            "language": "en", "interpreter": "no", "seen": "yes", "seen_alone": "yes",
            "own_words": "I do not like going home on Fridays.",
            "mother_name": format!("Mary {}", child.family_name),
        }],
        "household": {"people": [
            {"name": format!("Mary {}", child.family_name), "relationship": "mother",
             "lives_with_child": "yes", "parental_responsibility": "yes",
             "agreement": {"informed": "yes", "agreed": "no", "reason": "wants to think"}}]},
        "worry": story, "concerns": [concern], "danger_now": "no",
        "domains": {"going_well": "Attends every day and has close friends."},
        "source_message_id": format!("B-{n}"),
    })
    .to_string()
}

pub fn body_size() -> usize {
    body(1).len()
}

/// How the load is laid on.
#[derive(Clone, Copy)]
pub struct Shape {
    connections: usize,
    seconds: u64,
    /// Submissions a second over all connections; none sends as fast as answers come.
    rate: Option<f64>,
}

impl Shape {
    pub fn flat_out(connections: usize, seconds: u64) -> Shape {
        Shape { connections, seconds, rate: None }
    }

    pub fn paced(connections: usize, seconds: u64, rate: f64) -> Shape {
        Shape { connections, seconds, rate: Some(rate) }
    }
}

pub struct Report {
    pub accepted: u64,
    pub refused: u64,
    pub per_second: f64,
    /// Milliseconds from when a request was due to its answer, sorted.
    latencies: Vec<f64>,
}

impl Report {
    pub fn percentile(&self, part: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * part) as usize).copied().unwrap_or_default()
    }
}

pub async fn run(url: &str, key: &str, shape: Shape) -> Result<Report> {
    let address: Arc<str> = url.strip_prefix("http://").context("an http address")?.into();
    let key: Arc<str> = key.into();
    let started = Instant::now();
    let until = started + Duration::from_secs(shape.seconds);
    let tasks: Vec<_> = (0..shape.connections)
        .map(|index| {
            let (address, key) = (address.clone(), key.clone());
            tokio::spawn(async move { connection(&address, &key, shape, index, until).await })
        })
        .collect();
    let mut report = Report { accepted: 0, refused: 0, per_second: 0.0, latencies: Vec::new() };
    for task in tasks {
        let (latencies, refused) = task.await??;
        report.accepted += latencies.len() as u64;
        report.refused += refused;
        report.latencies.extend(latencies);
    }
    report.per_second = report.accepted as f64 / started.elapsed().as_secs_f64();
    report.latencies.sort_by(f64::total_cmp);
    Ok(report)
}

/// Median milliseconds of requests about children who are known and about others who are not,
/// sent in turn over one connection: what a sender could measure (invariant 6).
pub async fn known_and_unknown(url: &str, key: &str, each: u32) -> Result<(f64, f64)> {
    let address = url.strip_prefix("http://").context("an http address")?;
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..2 * each {
        let (times, child) = match n % 2 {
            // Imported, and not sent before.
            0 => (&mut known, 5 * (n / 2) + 1),
            _ => (&mut unknown, 5_000_000 + n),
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let request = request(address, key, number, &body_about(child, number));
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        if status != 201 {
            bail!("answered with {status}");
        }
        times.push(sent.elapsed().as_secs_f64() * 1000.0);
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    Ok((median(known), median(unknown)))
}

async fn connection(
    address: &str,
    key: &str,
    shape: Shape,
    index: usize,
    until: Instant,
) -> Result<(Vec<f64>, u64)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut refused) = (Vec::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    let gap = shape.rate.map(|rate| Duration::from_secs_f64(shape.connections as f64 / rate));
    let mut due = Instant::now()
        + gap.map_or(Duration::ZERO, |gap| gap.mul_f64(index as f64 / shape.connections as f64));
    while due < until {
        tokio::time::sleep_until(due.into()).await;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let request = request(address, key, number, &body(number));
        let sent = if gap.is_some() { due } else { Instant::now() };
        stream.write_all(request.as_bytes()).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        if status == 201 {
            latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
        } else {
            refused += 1;
        }
        due = gap.map_or_else(Instant::now, |gap| due + gap);
    }
    Ok((latencies, refused))
}

fn request(address: &str, key: &str, n: u32, body: &str) -> String {
    format!(
        "POST /v1/referrals HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: b-{n}\r\nContent-Length: {}\r\n\r\n\
         {body}",
        body.len()
    )
}

/// Reads one answer with a Content-Length and returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the connection was closed");
        }
        filled += read;
        let text = &buffer[..filled];
        let Some(head) = text.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head_text = std::str::from_utf8(&text[..head])?.to_ascii_lowercase();
        let length = head_text.split("content-length:").nth(1).context("a length")?;
        let length: usize = length.split("\r\n").next().context("a length")?.trim().parse()?;
        if filled >= head + 4 + length {
            return Ok(head_text.get(9..12).context("a status")?.parse()?);
        }
    }
}
