//! `manifest.toml`: what an adapter is and what it reads.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An adapter's manifest. Unknown keys are faults, so that a misspelt one is noticed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub title: String,
    /// The kind of agency that sends it, e.g. `police`.
    pub kind: String,
    pub version: String,
    pub answer: Manner,
    /// The first is meant where no media type is sent.
    pub reads: Vec<Reads>,
    #[serde(default)]
    pub limits: Limits,
    /// A canonical document whose members stand where the map gives none.
    #[serde(default)]
    pub defaults: toml::Table,
    /// By rule of the minimum: what to do, in this format's own terms.
    pub asks: BTreeMap<String, String>,
    /// Fields that tell nothing about a child, as of [`super::located::Place::pattern`], with the
    /// reason. What lies below one is ignored with it.
    #[serde(default)]
    pub ignored: BTreeMap<String, String>,
}

/// One encoding of the format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    pub decoder: Decoder,
    pub media_types: Vec<String>,
    /// Of example files.
    pub extension: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decoder {
    /// A list at the top is a batch.
    Json,
    /// JSON whose places are FHIRPaths.
    Fhir,
    Xml,
    /// Each row is an item.
    Csv,
    Hl7v2,
}

/// In whose manner a sender is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    Json,
    Fhir,
    Hl7v2,
    Csv,
}

/// Bounds of one adapter's work.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Of one body.
    pub bytes: usize,
    /// For decoding a document and mapping one item.
    pub milliseconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 1 << 20, milliseconds: 2_000 }
    }
}

/// The rules of the minimum, each of which needs an ask.
pub const MINIMUM: [&str; 3] = ["minimum-referrer", "minimum-child", "minimum-worry"];

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The line, from 1 (0 where no line is at fault), and what is wrong there.
    pub fn read(text: &str) -> Result<Manifest, (usize, String)> {
        let manifest: Manifest = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(0, |before| 1 + before.matches('\n').count());
            (line, error.message().to_owned())
        })?;
        if manifest.reads.is_empty() {
            return Err((0, "give at least one [[reads]]".to_owned()));
        }
        if let Some(rule) = MINIMUM.iter().find(|rule| !manifest.asks.contains_key(**rule)) {
            return Err((0, format!("say under [asks] what to do about {rule}")));
        }
        Ok(manifest)
    }

    /// Which encoding a media type means; the first where there is none. Parameters other than
    /// `charset` are of no concern here, and that one is the decoder's.
    pub fn reads(&self, media_type: Option<&str>) -> Option<&Reads> {
        let named = media_type.and_then(|stated| stated.split(';').next()).map(str::trim);
        match named.filter(|named| !named.is_empty()) {
            None => self.reads.first(),
            Some(named) => self.reads.iter().find(|reads| {
                reads.media_types.iter().any(|known| known.eq_ignore_ascii_case(named))
            }),
        }
    }

    /// Whether a field is declared to tell nothing.
    pub fn ignores(&self, pattern: &str) -> bool {
        let below = |whole: &String| {
            let rest = pattern.strip_prefix(whole.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.', '-']))
        };
        self.ignored.keys().any(below)
    }

    /// The defaults as a canonical document.
    pub fn defaults(&self) -> serde_json::Value {
        serde_json::to_value(&self.defaults).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "title = 'x'\nkind = 'police'\nversion = '1'\nanswer = 'json'\n\
        asks = { minimum-referrer = 'a', minimum-child = 'b', minimum-worry = 'c' }\n\
        ignored = { 'PID-3' = 'z', '/a/*' = 'y' }\n\
        [[reads]]\ndecoder = 'xml'\nmedia_types = ['text/xml']\nextension = 'xml'\n";

    #[test]
    fn a_manifest_is_read_and_a_misspelt_key_is_named_with_its_line() {
        let manifest = Manifest::read(SMALL).expect("reads");
        assert_eq!(manifest.limits.bytes, 1 << 20);
        assert!(manifest.reads(Some("Text/XML; charset=utf-8")).is_some());
        assert!(manifest.reads(None).is_some() && manifest.reads(Some("text/csv")).is_none());
        let (line, what) = Manifest::read(&SMALL.replace("kind", "knid")).expect_err("faulty");
        assert_eq!((line, what.contains("knid")), (2, true), "{what}");
        assert!(Manifest::read(&SMALL.replace("minimum-worry", "worry")).is_err());
    }

    #[test]
    fn what_lies_below_an_ignored_field_is_ignored_with_it() {
        let manifest = Manifest::read(SMALL).expect("reads");
        for ignored in ["PID-3", "PID-3.1", "/a/*/b"] {
            assert!(manifest.ignores(ignored), "{ignored}");
        }
        for kept in ["PID-31", "PID-4", "/a", "/ab"] {
            assert!(!manifest.ignores(kept), "{kept}");
        }
    }
}
