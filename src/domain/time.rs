//! Instants, and the two things that stages may not reach for: a clock and entropy (invariant 12).

use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds since 1970-01-01T00:00:00Z. RFC 3339 in UTC where people and JSON see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// As a `jiff` instant; instants out of its range are clamped to its ends.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    pub fn from_jiff(at: jiff::Timestamp) -> Self {
        Timestamp(at.as_microsecond())
    }

    pub fn plus_seconds(self, seconds: i64) -> Self {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The day in UTC.
    pub fn date(self) -> jiff::civil::Date {
        jiff::tz::Offset::UTC.to_datetime(self.to_jiff()).date()
    }

    /// Seconds from `earlier` to here; negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Timestamp) -> f64 {
        (self.0 - earlier.0) as f64 / 1e6
    }

    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(Self::from_jiff)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

/// The wall clock and the source of randomness, as parameters of everything that needs them.
pub trait Env: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Fills with random bytes; from the operating system outside simulations.
    fn entropy(&self, into: &mut [u8]);

    /// A named point has been reached: tests and simulations may stop the process here.
    fn reached(&self, _point: &'static str) {}

    /// A random whole number.
    fn entropy_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The random part of an id.
    fn entropy_id(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.entropy(&mut bytes);
        bytes
    }
}
