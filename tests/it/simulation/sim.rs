//! What every simulated part shares: dice, time, faults, the journal and the findings.

use super::dice::Dice;
use super::journal::Journal;
use frontdoor::domain::Timestamp;
use frontdoor::domain::time::Env;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// 2026-01-05T09:00:00Z, when every simulation begins.
const BEGIN: i64 = 1_767_603_600_000_000;

/// How often faults happen, in a thousand; drawn anew for each seed, with whole kinds left out, so
/// that seeds differ in character (swarm testing: Groce et al., ISSTA 2012).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weather {
    /// A statement does not reach the database.
    pub statement: u64,
    /// A commit's answer is lost, before or after it took hold.
    pub commit: u64,
    /// A process dies at a named point.
    pub point: u64,
    /// A publish's confirm is lost, with or without the message.
    pub confirm: u64,
    /// A message comes twice, or long after it was sent.
    pub repeat: u64,
    /// The broker refuses a message.
    pub nack: u64,
    /// A receiver lets its lease run out.
    pub abandon: u64,
    /// Mean seconds between random kills, queue deletions, outages and time jumps; 0 for never.
    pub kill_every: u64,
    pub delete_every: u64,
    pub outage_every: u64,
    pub jump_every: u64,
}

impl Weather {
    fn draw(dice: &mut Dice) -> Self {
        let mut rate = |most: u64| if dice.below(3) == 0 { 0 } else { dice.below(most) + 1 };
        Weather {
            statement: rate(8),
            commit: rate(40),
            point: rate(40),
            confirm: rate(60),
            repeat: rate(60),
            nack: rate(40),
            abandon: rate(150),
            kill_every: rate(12),
            delete_every: rate(40),
            outage_every: rate(40),
            jump_every: rate(60),
        }
    }
}

/// How much was done.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Submissions handed to a lane, repeats counted.
    pub submissions: AtomicU64,
    /// Messages handed to the broker, repeats counted.
    pub published: AtomicU64,
    /// Messages leased, taken or acknowledged by receivers.
    pub received: AtomicU64,
    /// Calls of the store.
    pub statements: AtomicU64,
    /// Faults of any kind.
    pub faults: AtomicU64,
}

impl Counts {
    pub(super) fn add(&self, other: &Counts) {
        let add = |to: &AtomicU64, from: &AtomicU64| {
            to.fetch_add(from.load(Ordering::Relaxed), Ordering::Relaxed);
        };
        add(&self.submissions, &other.submissions);
        add(&self.published, &other.published);
        add(&self.received, &other.received);
        add(&self.statements, &other.statements);
        add(&self.faults, &other.faults);
    }

    /// Everything that crossed from one simulated part to another.
    pub(super) fn operations(&self) -> u64 {
        let parts = [&self.submissions, &self.published, &self.received, &self.statements];
        parts.iter().map(|part| part.load(Ordering::Relaxed)).sum()
    }
}

pub(super) fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}

/// One simulated world's common part.
pub(super) struct Sim {
    pub seed: u64,
    pub weather: Weather,
    pub counts: Counts,
    /// The broker confirms what it does not have, now and then: what no gateway survives.
    pub planted: bool,
    dice: Mutex<Dice>,
    journal: Mutex<Journal>,
    findings: Mutex<Vec<String>>,
    started: Instant,
    jumped: AtomicI64,
    latest: AtomicI64,
    calm: AtomicBool,
}

impl Sim {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let weather = Weather::draw(&mut dice);
        Self::with(seed, dice, weather)
    }

    /// With a fault that breaks an invariant.
    pub(super) fn planted(seed: u64) -> Self {
        Sim { planted: true, ..Self::new(seed) }
    }

    /// Without any fault.
    pub(super) fn calm(seed: u64) -> Self {
        Self::with(seed, Dice::new(seed), Weather::default())
    }

    fn with(seed: u64, dice: Dice, weather: Weather) -> Self {
        Sim {
            seed,
            weather,
            counts: Counts::default(),
            planted: false,
            dice: Mutex::new(dice),
            journal: Mutex::default(),
            findings: Mutex::default(),
            started: Instant::now(),
            jumped: AtomicI64::new(0),
            latest: AtomicI64::new(BEGIN),
            calm: AtomicBool::new(false),
        }
    }

    /// The wall clock, jumps included.
    pub(super) fn now(&self) -> Timestamp {
        let now = BEGIN + self.elapsed() + self.jumped.load(Ordering::Relaxed);
        self.latest.fetch_max(now, Ordering::Relaxed);
        Timestamp(now)
    }

    /// The latest that the wall clock ever said.
    pub(super) fn latest(&self) -> Timestamp {
        Timestamp(self.latest.load(Ordering::Relaxed))
    }

    /// Microseconds since the beginning, without jumps.
    pub(super) fn elapsed(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn jump(&self, seconds: i64) {
        self.jumped.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
        self.note("time-jump", 0, seconds.cast_unsigned());
    }

    /// Whoever looks after the clocks sets them to where they had been before they went back.
    pub(super) fn set_right(&self) {
        let behind = self.latest().0 - self.now().0;
        if behind > 0 {
            self.jump(behind / 1_000_000 + 1);
        }
    }

    pub(super) fn dice(&self) -> MutexGuard<'_, Dice> {
        held(&self.dice)
    }

    pub(super) fn below(&self, end: u64) -> u64 {
        self.dice().below(end)
    }

    /// Whether a fault of this rate (in a thousand) happens now; never once all is calm.
    pub(super) fn fault(&self, per_mille: u64) -> bool {
        let happens = per_mille > 0 && !self.is_calm() && self.below(1000) < per_mille;
        count(&self.counts.faults, usize::from(happens));
        happens
    }

    /// No more faults from here.
    pub(super) fn heal(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.note("healed", 0, 0);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    pub(super) async fn sleep_ms(&self, from: u64, to: u64) {
        let millis = from + self.below(to - from + 1);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    pub(super) fn note(&self, what: &'static str, who: u64, about: u64) {
        held(&self.journal).note(self.elapsed(), what, who, about);
    }

    pub(super) fn digest(&self) -> (u64, u64) {
        held(&self.journal).digest()
    }

    /// An invariant does not hold.
    pub(super) fn found(&self, finding: impl Into<String>) {
        let mut findings = held(&self.findings);
        // The first tell the story; the rest follow from them.
        if findings.len() < 5 {
            findings.push(finding.into());
        }
    }

    pub(super) fn has_findings(&self) -> bool {
        !held(&self.findings).is_empty()
    }

    /// What was found, with the way to see it again; `None` when all is well.
    pub(super) fn report(&self) -> Option<String> {
        let findings = held(&self.findings);
        (!findings.is_empty()).then(|| {
            format!(
                "seed {} breaks an invariant:\n- {}\n{:?}\nthe last events:\n{}\nto replay: \
                 FRONTDOOR_SIM_SEED={} cargo test --test it simulation",
                self.seed,
                findings.join("\n- "),
                self.weather,
                held(&self.journal).tail(),
                self.seed,
            )
        })
    }
}

/// The guard, also after a simulated crash unwound through it.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One run of one gateway process. When it is dead nothing it calls ever answers.
#[derive(Clone)]
pub(super) struct Process {
    pub sim: Arc<Sim>,
    /// Gateway number.
    pub number: usize,
    /// How often that gateway was started.
    pub run: u64,
    alive: Arc<AtomicBool>,
    /// Tells the supervisor which run has died.
    died: mpsc::UnboundedSender<u64>,
}

impl Process {
    pub(super) fn new(
        sim: Arc<Sim>,
        number: usize,
        run: u64,
        died: mpsc::UnboundedSender<u64>,
    ) -> Self {
        Process { sim, number, run, alive: Arc::new(AtomicBool::new(true)), died }
    }

    /// Waits for ever once the process is dead: it takes part in nothing any more.
    pub(super) async fn alive(&self) {
        if !self.is_alive() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    pub(super) fn kill(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    pub(super) fn note(&self, what: &'static str, about: u64) {
        self.sim.note(what, self.number as u64, about);
    }
}

impl Env for Process {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn entropy(&self, into: &mut [u8]) {
        let mut dice = self.sim.dice();
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&dice.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// The process may die here: it unwinds, as no code after this point may run.
    fn reached(&self, point: &'static str) {
        if !self.is_alive() || self.sim.fault(self.sim.weather.point) {
            self.note(point, 0);
            self.kill();
            let _ = self.died.send(self.run);
            std::panic::resume_unwind(Box::new("the process dies"));
        }
    }
}
