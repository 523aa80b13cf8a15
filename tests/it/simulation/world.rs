//! A whole deployment: gateways that die and start again, senders, receivers, and the faults of a
//! seed; then everything heals, comes to rest and is looked at.

use super::broker::{Exchange, SimBroker};
use super::invariants;
use super::judge::SimJudge;
use super::outbox::RelayView;
use super::receivers::Receiver;
use super::senders::Senders;
use super::sim::{Process, Sim, held};
use super::spec::{DESTINATIONS, MASSTT, Population, destination};
use super::store::{Database, SimStore};
use frontdoor::broker::{DeadLetters, Relay, relay};
use frontdoor::domain::DestinationId;
use frontdoor::followup::Clocks;
use frontdoor::store::lane::{Lane, LaneParts, lane, offload_in_place};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub(super) const GATEWAYS: usize = 3;
/// Submissions that may wait in a gateway's lane.
const QUEUE: usize = 96;

/// What is shared by all parts of a world.
pub(super) struct World {
    pub sim: Arc<Sim>,
    pub database: Arc<Database>,
    pub exchange: Arc<Exchange>,
    pub gates: Arc<Mutex<Vec<Option<Lane>>>>,
    /// To each gateway's supervisor: the run that is to end, or [`ANY`].
    deaths: Vec<mpsc::UnboundedSender<u64>>,
}

/// Whichever run it is.
const ANY: u64 = u64::MAX;

/// A running gateway process; dropping it is the end of all its tasks.
struct Gateway {
    process: Process,
    tasks: JoinSet<()>,
    relay: relay::RelayHandle,
    stop: watch::Sender<bool>,
}

impl Gateway {
    /// A shutdown in good order, as far as it gets in twelve seconds.
    async fn drain(&mut self) {
        self.process.note("drain", self.process.run);
        self.relay.shutdown();
        self.stop.send_replace(true);
        let rest = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(12), rest).await;
    }
}

impl World {
    /// A world whose gateways are kept running by tasks of `tasks`.
    pub(super) fn start(sim: Sim, tasks: &mut JoinSet<()>) -> Arc<Self> {
        let exchange = Arc::new(Exchange::default());
        exchange.declare();
        let gates = Arc::new(Mutex::new(vec![None; GATEWAYS]));
        let (deaths, supervised): (Vec<_>, Vec<_>) =
            (0..GATEWAYS).map(|_| mpsc::unbounded_channel()).unzip();
        let world = Arc::new(World {
            sim: Arc::new(sim),
            database: Arc::default(),
            exchange,
            gates,
            deaths,
        });
        for (number, deaths) in supervised.into_iter().enumerate() {
            tasks.spawn(world.clone().supervise(number, deaths));
        }
        world
    }

    pub(super) fn broker(&self, process: &Process) -> SimBroker {
        SimBroker {
            exchange: self.exchange.clone(),
            database: self.database.clone(),
            process: process.clone(),
        }
    }

    /// A process that takes part in nothing and never dies, for those outside the gateways.
    fn outside(&self) -> Process {
        Process::new(self.sim.clone(), GATEWAYS, 0, self.deaths[0].clone())
    }

    /// Starts a gateway: the lane, the relay, the dead letters and the clocks, as `serve` does.
    fn boot(&self, number: usize, run: u64) -> Gateway {
        let died = self.deaths[number].clone();
        let process = Process::new(self.sim.clone(), number, run, died);
        process.note("start", run);
        let env = Arc::new(process.clone());
        let store = SimStore { database: self.database.clone(), process: process.clone() };
        let view = Arc::new(RelayView { store: store.clone(), exchange: self.exchange.clone() });
        let broker = Arc::new(self.broker(&process));
        let masstt = DestinationId::new(MASSTT);
        let (relay, relay_handle) = Relay::new(relay::Parts {
            store: view.clone(),
            broker: broker.clone(),
            env: env.clone(),
            masstt: masstt.clone(),
        });
        let parts = LaneParts {
            store: Arc::new(store),
            judge: Arc::new(SimJudge { env: env.clone() }),
            env: env.clone(),
            offload: offload_in_place(),
            handover: Some(Arc::new(relay_handle.handover.clone())),
        };
        let (entrance, runner) = lane(parts, QUEUE);
        let (stop, stopped) = watch::channel(false);
        let letters =
            DeadLetters { store: view.clone(), mailbox: broker, env: env.clone(), masstt };
        let clocks = Clocks { store: view, env, escalation: Arc::new(Quiet) };
        let mut tasks = JoinSet::new();
        tasks.spawn(runner);
        tasks.spawn(relay.run());
        tasks.spawn(letters.run(stopped.clone()));
        tasks.spawn(clocks.run(stopped));
        held(&self.gates)[number] = Some(entrance);
        Gateway { process, tasks, relay: relay_handle, stop }
    }

    /// Keeps a gateway running: what dies is gone for a while, and starts again.
    async fn supervise(self: Arc<Self>, number: usize, mut deaths: mpsc::UnboundedReceiver<u64>) {
        let mut run = 0;
        loop {
            let mut gateway = self.boot(number, run);
            while deaths.recv().await.is_some_and(|dead| dead != run && dead != ANY) {}
            held(&self.gates)[number] = None;
            if run.is_multiple_of(2) {
                gateway.drain().await;
            }
            gateway.process.kill();
            // What it was just doing at the database or the broker may still take effect there.
            self.sim.sleep_ms(0, 3).await;
            drop(gateway);
            self.sim.sleep_ms(10, 3000).await;
            run += 1;
        }
    }

    /// Seconds until the next fault of a kind that comes every so often; for ever if it does not.
    async fn until_next(&self, every: u64) {
        match every {
            0 => std::future::pending().await,
            every => self.sim.sleep_ms(1, every * 2000).await,
        }
    }

    async fn kills(self: Arc<Self>) {
        loop {
            self.until_next(self.sim.weather.kill_every).await;
            if self.sim.is_calm() {
                return;
            }
            let number = usize::try_from(self.sim.below(GATEWAYS as u64)).expect("few");
            self.sim.note("kill", number as u64, 0);
            let _ = self.deaths[number].send(ANY);
        }
    }

    async fn deletions(self: Arc<Self>) {
        loop {
            self.until_next(self.sim.weather.delete_every).await;
            if self.sim.is_calm() {
                return;
            }
            let index = usize::try_from(self.sim.below(DESTINATIONS.len() as u64)).expect("few");
            self.sim.note("delete-queue", index as u64, 0);
            self.exchange.delete(&destination(index));
        }
    }

    async fn outages(self: Arc<Self>) {
        loop {
            self.until_next(self.sim.weather.outage_every).await;
            if self.sim.is_calm() {
                return;
            }
            let of_store = self.sim.below(2) == 0;
            let down = if of_store { &self.database.down } else { &self.exchange.down };
            self.sim.note("outage", u64::from(of_store), 0);
            down.store(true, Ordering::Relaxed);
            self.sim.sleep_ms(100, 15_000).await;
            down.store(false, Ordering::Relaxed);
        }
    }

    async fn jumps(self: Arc<Self>) {
        loop {
            self.until_next(self.sim.weather.jump_every).await;
            if self.sim.is_calm() {
                return;
            }
            match self.sim.below(4) {
                0 => self.sim.jump(3600),
                1 => self.sim.jump(40),
                2 => self.sim.jump(-60),
                _ => self.sim.jump(-3600),
            }
        }
    }

    /// Everything that goes wrong by itself.
    pub(super) fn brew(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        tasks.spawn(self.clone().kills());
        tasks.spawn(self.clone().deletions());
        tasks.spawn(self.clone().outages());
        tasks.spawn(self.clone().jumps());
    }

    /// Receiving teams' systems.
    pub(super) fn receive(&self, tasks: &mut JoinSet<()>) {
        for index in 0..DESTINATIONS.len() {
            let (sim, broker) = (self.sim.clone(), self.broker(&self.outside()));
            let receiver = Receiver { sim, broker, destination: destination(index) };
            tasks.spawn(receiver.run());
        }
    }

    pub(super) fn senders(&self, population: Population) -> Arc<Senders> {
        Arc::new(Senders {
            sim: self.sim.clone(),
            database: self.database.clone(),
            gates: self.gates.clone(),
            ledger: Mutex::default(),
            population,
            serial: AtomicU64::new(1),
        })
    }

    /// Waits until nothing is open in the outbox and nothing is in a queue.
    pub(super) async fn rest(&self) {
        for _ in 0..7200 {
            if self.sim.has_findings() {
                return;
            }
            let open = self.database.tables().open.len();
            if open == 0 && self.exchange.depth() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let open = self.database.tables().open.len();
        let depth = self.exchange.depth();
        self.sim.found(format!("no rest: {open} messages in the outbox, {depth} in queues"));
    }
}

/// How much a world does: senders, and operations of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub senders: u64,
    pub operations: u64,
}

impl World {
    /// One seed's whole story: a storm, then calm, rest, and a look at everything.
    pub(super) async fn live(sim: Sim, size: Size) -> Arc<Sim> {
        let mut tasks = JoinSet::new();
        let world = World::start(sim, &mut tasks);
        let sim = world.sim.clone();
        world.brew(&mut tasks);
        world.receive(&mut tasks);
        let people = (size.senders * size.operations / 2).max(1);
        let crowd = if sim.below(8) == 0 { 2 } else { 64 };
        let agencies = world.senders(Population { people, crowd });
        let mut working = JoinSet::new();
        for _ in 0..size.senders {
            let agencies = agencies.clone();
            working.spawn(async move { agencies.work(size.operations).await });
        }
        let storm = Duration::from_secs(10 + sim.below(120));
        let _ = tokio::time::timeout(storm, all(&mut working)).await;
        sim.heal();
        // Leases given before a clock went back an hour would run for that hour.
        sim.set_right();
        all(&mut working).await;
        world.rest().await;
        if !sim.has_findings() {
            // Acknowledgement clocks run out, and tallies are folded.
            sim.jump(3 * 24 * 3600);
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.rest().await;
            let ledger = std::mem::take(&mut *held(&agencies.ledger));
            invariants::check(&world, &ledger);
        }
        tasks.shutdown().await;
        sim
    }
}

async fn all(working: &mut JoinSet<()>) {
    while let Some(ended) = working.join_next().await {
        ended.expect("senders do not panic");
    }
}

/// Nobody is told of clocks.
struct Quiet;

impl frontdoor::followup::clocks::Escalation for Quiet {
    fn repeat_seconds(&self, _: frontdoor::domain::Priority) -> i64 {
        3600
    }

    fn whom(&self, _: &DestinationId, _: usize) -> Vec<frontdoor::domain::Whom> {
        Vec::new()
    }
}
