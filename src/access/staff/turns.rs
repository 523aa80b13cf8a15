//! How many tries are looked at at once. Each takes memory and a processor for its hash, and a
//! connection of those that the lane has: referrals need theirs.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At once, of whoever comes.
const ANYBODY: usize = 2;
/// At once, of whoever is known: in a browser with a mark, or after the right password. Whoever
/// comes in numbers has neither, and does not hold them up.
const KNOWN: usize = 1;
/// So many wait; the next is refused at once, since a browser waits no longer either.
const WAITING: usize = 20;

/// Whose turn it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Anybody,
    Known,
}

/// The two lines.
#[derive(Clone)]
pub(super) struct Turns {
    anybody: Places,
    known: Places,
}

#[derive(Clone)]
struct Places {
    /// In the line, those whose turn it is among them.
    in_line: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
}

/// Somebody's turn, until it is dropped.
pub(super) struct Turn {
    _at_once: OwnedSemaphorePermit,
    _in_line: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Self {
        let places = |at_once| Places {
            in_line: Arc::new(Semaphore::new(at_once + WAITING)),
            at_once: Arc::new(Semaphore::new(at_once)),
        };
        Turns { anybody: places(ANYBODY), known: places(KNOWN) }
    }
}

impl Turns {
    /// Waits for a turn; `None` at once where too many do.
    pub(super) async fn take(&self, line: Line) -> Option<Turn> {
        let places = match line {
            Line::Anybody => &self.anybody,
            Line::Known => &self.known,
        };
        let in_line = places.in_line.clone().try_acquire_owned().ok()?;
        let at_once = places.at_once.clone().acquire_owned().await.ok()?;
        Some(Turn { _at_once: at_once, _in_line: in_line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn two_have_a_turn_twenty_wait_and_the_next_is_refused_at_once() {
        let turns = Turns::default();
        let [first, _second] = [Line::Anybody; 2].map(|line| turns.take(line).now_or_never());
        assert!(first.as_ref().is_some_and(Option::is_some));
        let mut waiting: Vec<_> = (0..20).map(|_| Box::pin(turns.take(Line::Anybody))).collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        assert!(turns.take(Line::Anybody).now_or_never().is_some_and(|turn| turn.is_none()));
        // Whoever is known waits for nobody but others who are.
        let known = turns.take(Line::Known).now_or_never();
        assert!(known.as_ref().is_some_and(Option::is_some));
        assert!(turns.take(Line::Known).now_or_never().is_none());
        // Whoever does not stay leaves the line, and a turn that is over is the next one's.
        drop(waiting.pop());
        assert!(turns.take(Line::Anybody).now_or_never().is_none());
        drop(first);
        assert!((&mut waiting[0]).now_or_never().is_some_and(|turn| turn.is_some()));
    }
}
