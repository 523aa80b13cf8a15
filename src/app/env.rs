//! The wall clock, and randomness that the operating system seeds.

use crate::domain::Timestamp;
use crate::domain::time::Env;

/// The operating system's clock, and a generator for keys and ids that it seeds and reseeds.
#[derive(Default)]
pub struct OsEnv {
    kill: Option<KillPoint>,
}

/// Where a test asked this process to die: a named point, and after how many passes.
struct KillPoint {
    point: String,
    left: std::sync::atomic::AtomicU32,
}

impl OsEnv {
    /// In debug builds `FRONTDOOR_TEST_KILL_AT=point:passes` ends the process with SIGKILL there.
    pub fn new() -> Self {
        let asked = std::env::var("FRONTDOOR_TEST_KILL_AT").ok().filter(|_| cfg!(debug_assertions));
        let kill = asked.as_deref().and_then(|asked| asked.split_once(':')).map(|(point, left)| {
            let left = left.parse().unwrap_or(1);
            KillPoint { point: point.to_owned(), left: left.into() }
        });
        OsEnv { kill }
    }
}

impl Env for OsEnv {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_jiff(jiff::Timestamp::now())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
    fn entropy(&self, into: &mut [u8]) {
        rand::Rng::fill_bytes(&mut rand::rng(), into);
    }

    fn reached(&self, point: &'static str) {
        use std::sync::atomic::Ordering;
        let Some(kill) = self.kill.as_ref().filter(|kill| kill.point == point) else { return };
        if kill.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let me = std::process::id().to_string();
            let _ = std::process::Command::new("kill").args(["-KILL", &me]).status();
            std::process::abort();
        }
    }
}
