//! Looking for marked values: as they are, in either case, as hexadecimal, base64, UTF-16, escaped,
//! and inside compressed streams.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::io::Read;

/// Words that occur nowhere else. Long enough that no chance match is thinkable.
pub const NAME: &str = "Zyxquorvane";
pub const SURNAME: &str = "Mirkwhistleton";
pub const STREET: &str = "Quillfeatherly Crossing";
pub const WORRY: &str = "grublesnatched marmalade";
pub const TELEPHONE: &str = "01632 960747";
pub const WITHHELD: &str = "Brackenthorpe Underlode";

const WORDS: [&str; 6] = [NAME, SURNAME, STREET, WORRY, TELEPHONE, WITHHELD];

pub struct Canaries {
    patterns: Vec<(String, Vec<u8>)>,
    search: AhoCorasick,
}

impl Canaries {
    pub fn new() -> Canaries {
        let patterns: Vec<(String, Vec<u8>)> = WORDS.iter().flat_map(|w| encodings(w)).collect();
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostFirst)
            .build(patterns.iter().map(|(_, bytes)| bytes))
            .expect("patterns");
        Canaries { patterns, search }
    }

    /// Which pattern is found, in the bytes or in a compressed stream within them.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.search.find(bytes).map(|found| found.pattern().as_usize());
        let found = found.or_else(|| {
            inflated(bytes)
                .iter()
                .find_map(|plain| self.search.find(plain).map(|found| found.pattern().as_usize()))
        });
        found.map(|index| self.patterns[index].0.as_str())
    }

    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(pattern) = self.find(bytes) {
            panic!("{pattern} is in {place}");
        }
    }
}

fn encodings(word: &str) -> Vec<(String, Vec<u8>)> {
    let mut out = vec![(format!("«{word}» in clear"), word.as_bytes().to_vec())];
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    out.push((format!("«{word}» as hexadecimal"), hex.into_bytes()));
    let little: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = word.encode_utf16().flat_map(u16::to_be_bytes).collect();
    out.push((format!("«{word}» as UTF-16LE"), little));
    out.push((format!("«{word}» as UTF-16BE"), big));
    out.push((format!("«{word}» percent-encoded"), word.replace(' ', "%20").into_bytes()));
    for skip in 0..3 {
        // In base64 a word looks different at each of three alignments; its ends depend on its
        // neighbours and are left out.
        let padded = [vec![0u8; skip], word.as_bytes().to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let inner = &text[if skip == 0 { 0 } else { 4 }..text.len() - 2];
            out.push((format!("«{word}» as base64"), inner.as_bytes().to_vec()));
        }
    }
    out
}

/// Everything that inflates: gzip and zlib streams found by their first bytes.
fn inflated(bytes: &[u8]) -> Vec<Vec<u8>> {
    const MOST: u64 = 1 << 20;
    let mut out = Vec::new();
    for (at, pair) in bytes.windows(2).enumerate() {
        let mut plain = Vec::new();
        let read = match pair {
            [0x1f, 0x8b] => {
                flate2::read::GzDecoder::new(&bytes[at..]).take(MOST).read_to_end(&mut plain)
            }
            [0x78, 0x01 | 0x5e | 0x9c | 0xda] => {
                flate2::read::ZlibDecoder::new(&bytes[at..]).take(MOST).read_to_end(&mut plain)
            }
            _ => continue,
        };
        let _ = read;
        if plain.len() > 16 {
            out.push(plain);
        }
    }
    out
}

#[test]
fn a_canary_is_found_however_it_is_written() {
    use std::io::Write;
    let canaries = Canaries::new();
    let hidden = format!("before {SURNAME} after");
    let utf16: Vec<u8> = hidden.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = hidden.bytes().map(|byte| format!("{byte:02X}")).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(hidden.repeat(3).as_bytes()).expect("compresses");
    let gzip = [b"xx".to_vec(), gzip.finish().expect("compresses")].concat();
    for skip in 0..3 {
        let text = STANDARD_NO_PAD.encode(&hidden.as_bytes()[skip..]);
        assert!(canaries.find(text.as_bytes()).is_some(), "base64, {skip} skipped");
    }
    for bytes in [hidden.clone().into_bytes(), utf16, hex.into_bytes(), gzip] {
        assert!(canaries.find(&bytes).is_some());
    }
    assert_eq!(canaries.find(b"nothing of the kind"), None);
}
