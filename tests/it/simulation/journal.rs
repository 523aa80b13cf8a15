//! What happened, in order: a hash of all of it, and the last of it in words.

use super::dice::mix;
use std::collections::VecDeque;

/// Events kept to be shown with a failure.
const KEPT: usize = 80;

#[derive(Clone, Copy, Debug)]
struct Event {
    micros: i64,
    what: &'static str,
    who: u64,
    about: u64,
}

/// Two runs of one seed have equal hashes.
#[derive(Debug, Default)]
pub(super) struct Journal {
    hash: u64,
    count: u64,
    last: VecDeque<Event>,
}

impl Journal {
    pub(super) fn note(&mut self, micros: i64, what: &'static str, who: u64, about: u64) {
        let name = what.bytes().fold(0u64, |hash, byte| hash.wrapping_mul(31) ^ u64::from(byte));
        for part in [micros.cast_unsigned(), name, who, about] {
            self.hash = mix(self.hash ^ part);
        }
        self.count += 1;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(Event { micros, what, who, about });
    }

    /// Hash and number of all events.
    pub(super) fn digest(&self) -> (u64, u64) {
        (self.hash, self.count)
    }

    /// The last events, one a line: simulated seconds, what, who, about what.
    pub(super) fn tail(&self) -> String {
        let lines = self.last.iter().map(|event| {
            let seconds = event.micros as f64 / 1e6;
            format!("  {seconds:>12.3}  {:<22} {:>4} {:016x}", event.what, event.who, event.about)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
