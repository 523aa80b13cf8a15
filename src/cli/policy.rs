//! `frontdoor policy replay`

use super::{Ended, Result, say};
use crate::app;
use crate::audit::{ChainName, Event};
use crate::config::settings::Settings;
use crate::config::{self, Authority};
use crate::domain::time::Env;
use crate::domain::{Reference, ReferralId, Timestamp};
use crate::pipeline::{Otherwise, Replay, Replayed};
use crate::store::{self, ReferralRow, Span, Store, StoreError};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod telling;

use telling::{Counted, Summary, Telling};

/// How many referrals are read at a time.
const PAGE: usize = 512;

/// An authority's policy.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example: frontdoor policy replay --against config/draft --since 2026-09-01"
)]
pub(super) enum Policy {
    /// Decide the stored referrals again under another folder's policy, and show what would be
    /// otherwise, and why.
    ///
    /// Each referral is decided twice, from what is stored of it and what was known when it was
    /// decided: by the policy in use, which is `before`, and by the other one, which is `after`.
    /// Where what is stored is otherwise than `before`, that is counted. Nothing is written but the
    /// event that this was done.
    Replay(Against),
}

#[derive(Debug, clap::Args)]
pub(super) struct Against {
    /// The folder with the other policy.
    #[arg(long)]
    against: PathBuf,
    /// The authority's folder, with the policy in use.
    #[arg(long, env = "FRONTDOOR_CONFIG")]
    config: Option<PathBuf>,
    /// Only referrals received on this day or later, such as 2026-09-01.
    #[arg(long)]
    since: Option<Date>,
    /// Only referrals received on this day or earlier.
    #[arg(long)]
    until: Option<Date>,
    /// Decide `after` by the rules in force on this day, not on the day of receipt: what a change
    /// in law will do, before it comes.
    #[arg(long)]
    in_force: Option<Date>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Policy {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let Policy::Replay(asked) = self;
        let dir = asked.config.clone().unwrap_or_else(|| settings.authority.config.clone());
        let (in_use, other) = (load(&dir)?, load(&asked.against)?);
        let store = app::open_store(&settings).await?;
        let ring = app::open_keys(&settings, store.as_ref()).await?;
        let env = app::OsEnv::new();
        let span = asked.span(env.now())?;
        let told = |day: Date| day.to_string();
        let head = Head {
            in_use: Folder { folder: dir, policy: in_use.hash.clone(), in_force: None },
            against: Folder {
                folder: asked.against.clone(),
                policy: other.hash.clone(),
                in_force: asked.in_force.map(told),
            },
            since: asked.since.map(told),
            until: asked.until.map(told),
        };
        // What is read, is told of before it is read.
        let event =
            Event::new("policy.replayed", "command-line").detail(head.against.policy.clone());
        store.record(ChainName::Desk, vec![event], env.now()).await?;
        let replay = Replay::new(ring, in_use.policy.clone(), other.policy, asked.in_force);
        let run = Run { store, replay: Arc::new(replay), in_use, span };
        let mut telling = Telling::begin(asked.json, &head)?;
        let summary = run.all(&mut telling).await?;
        telling.end(&summary)
    }
}

impl Against {
    fn span(&self, now: Timestamp) -> anyhow::Result<Span> {
        let since = self.since.map(start_of).transpose()?.unwrap_or(Timestamp(0));
        let after = self.until.map(|day| start_of(day.saturating_add(1.day()))).transpose()?;
        Ok(Span { since, until: after.unwrap_or(now) })
    }
}

/// When a day begins in England.
fn start_of(day: Date) -> anyhow::Result<Timestamp> {
    let zone = TimeZone::get("Europe/London")?;
    Ok(Timestamp::from_jiff(zone.to_timestamp(day.to_datetime(Time::midnight()))?))
}

/// Faults are told as `check` tells them.
fn load(dir: &Path) -> Result<Authority> {
    config::load(dir).map_err(|faults| {
        faults.iter().for_each(|fault| say(fault.to_string()));
        say(format!("{} faults in {}.", faults.len(), dir.display()));
        Ended::Findings
    })
}

/// What is compared.
#[derive(Debug, Serialize)]
struct Head {
    in_use: Folder,
    against: Folder,
    since: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct Folder {
    folder: PathBuf,
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<String>,
}

/// One referral that would be decided otherwise.
#[derive(Debug, Serialize)]
struct Told<'a> {
    reference: Reference,
    received_at: Timestamp,
    agency_kind: &'a str,
    history_kept: bool,
    as_stored: bool,
    #[serde(flatten)]
    otherwise: Otherwise,
}

/// One replay under way.
struct Run {
    store: Arc<dyn Store>,
    replay: Arc<Replay>,
    in_use: Authority,
    span: Span,
}

type Page = (Arc<Vec<ReferralRow>>, Vec<std::result::Result<Replayed, StoreError>>);

impl Run {
    /// Page by page: while one is decided the next is read.
    async fn all(&self, telling: &mut Telling) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        let mut rows = self.page(None).await?;
        while let Some(last) = rows.last() {
            let next = self.page(Some(last.id));
            let (next, decided) = tokio::join!(next, self.decide(rows));
            let (rows_decided, decided) = decided?;
            for (row, decided) in rows_decided.iter().zip(decided) {
                self.tell(row, decided, telling, &mut summary).await?;
            }
            rows = next?;
        }
        Ok(summary)
    }

    async fn page(&self, after: Option<ReferralId>) -> anyhow::Result<Vec<ReferralRow>> {
        Ok(self.store.referrals(self.span, after, PAGE).await?)
    }

    async fn decide(&self, rows: Vec<ReferralRow>) -> anyhow::Result<Page> {
        let (replay, rows) = (self.replay.clone(), Arc::new(rows));
        let given = rows.clone();
        let decided = tokio::task::spawn_blocking(move || replay.decide_all(&given)).await?;
        Ok((rows, decided))
    }

    async fn tell(
        &self,
        row: &ReferralRow,
        decided: std::result::Result<Replayed, StoreError>,
        telling: &mut Telling,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let agency = self.in_use.agency(&row.agency);
        let agency_kind = agency.map_or("unknown", |agency| agency.kind.as_str());
        let Ok(decided) = decided else {
            summary.unopened.push(row.reference);
            return Ok(());
        };
        let mut otherwise = decided.otherwise(&BTreeSet::new());
        let counted = Counted {
            agency_kind,
            level: &decided.before.level.code,
            how: otherwise.as_ref().map(|otherwise| otherwise.how),
            history_kept: decided.history_kept,
            as_stored: decided.is_as_stored(),
        };
        summary.count(&counted);
        if otherwise.is_some() && decided.rests_on_history() {
            let (reads, matches) = (self.store.as_ref(), self.store.as_ref());
            let restricted = store::restricted(reads, matches, row.id).await?;
            otherwise = decided.otherwise(&restricted);
        }
        if let Some(otherwise) = otherwise {
            telling.referral(&Told {
                reference: row.reference,
                received_at: row.received_at,
                agency_kind,
                history_kept: counted.history_kept,
                as_stored: counted.as_stored,
                otherwise,
            })?;
        }
        Ok(())
    }
}
