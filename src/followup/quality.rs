//! How complete the referrals of each agency are, what they most often lack, and which are good
//! examples (paragraph 37 of the inspection report). It is read after the fact: no referral waits
//! for it, and nothing that is decided of one depends on it.

use super::figures::{Spread, median, percent};
use super::fresh::Fresh;
use crate::domain::receipt::Completeness;
use crate::domain::time::Env;
use crate::domain::{AgencyId, Directory, Reference, ReferralId, Timestamp};
use crate::store::keys::KeyRing;
use crate::store::seal::Dossier;
use crate::store::{
    Counted, Grain, MatchStore, QualityStore, ReadStore, ReferralRow, Scored, Span, StoreError,
    Which, restricted,
};
use arc_swap::ArcSwap;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Newest referrals whose scores are read, and whose receipts are opened: of all agencies, and of
/// one alone.
const SCORES: usize = 20_000;
const RECEIPTS: usize = 2_000;
const OF_ONE: usize = 200;
/// So many sealed records are in memory at once.
const PAGE: usize = 100;
/// Items that are told of what is missing.
const ITEMS: usize = 5;
/// A good example scores at least this, of 100.
const GOOD: u8 = 80;
const EXAMPLES: usize = 3;
/// Of so many it is looked whether a record is restricted.
const LOOKED_AT: usize = 12;
/// Others of its kind with whom an agency is compared, and how many referrals each must have made,
/// so that no one's figure can be worked out.
const OTHERS: usize = 5;
const REFERRED: usize = 10;

/// What is missing from referrals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// A place, with `*` for every child.
    pub pointer: String,
    pub ask: String,
    /// Referrals that lack it, of those that were opened.
    pub referrals: usize,
    pub percent: i64,
}

/// One month's referrals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Month {
    /// `2026-11`, in UTC.
    pub month: String,
    pub referrals: usize,
    #[serde(flatten)]
    pub score: Option<Spread>,
}

/// How one agency refers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    pub referrals: i64,
    pub refused: i64,
    /// Of all that it sent.
    pub refused_percent: i64,
    pub score: Option<Spread>,
    pub months: Vec<Month>,
    /// How many of its referrals were opened to see what is missing.
    pub opened: usize,
    pub missing: Vec<Lacking>,
}

/// An agency with its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfAgency {
    pub agency: AgencyId,
    pub name: String,
    pub kind: String,
    #[serde(flatten)]
    pub figures: Figures,
    /// The best first.
    #[serde(skip)]
    best: Vec<(ReferralId, Example)>,
}

/// A referral that shows how it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    pub reference: Reference,
    pub score: u8,
}

/// How all agencies refer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub since: Timestamp,
    pub as_of: Timestamp,
    /// The newest referrals whose scores were read, and of which it was looked at what is missing.
    pub scores_read: usize,
    pub opened: usize,
    /// There were more than were read or opened.
    pub more: bool,
    pub agencies: Vec<OfAgency>,
}

/// Others of an agency's kind, together: the middle of their own middles.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfKind {
    pub kind: String,
    pub median: f64,
}

/// What an agency sees of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Own {
    pub since: Timestamp,
    pub as_of: Timestamp,
    pub agency: AgencyId,
    #[serde(flatten)]
    pub figures: Figures,
    /// Of the last two whole months; nothing where too few others of the kind have referred.
    pub of_kind: Option<OfKind>,
}

/// Reads how agencies refer.
pub struct Quality {
    store: Arc<dyn QualityStore>,
    reads: Arc<dyn ReadStore>,
    matches: Arc<dyn MatchStore>,
    ring: KeyRing,
    env: Arc<dyn Env>,
    directory: Arc<ArcSwap<Directory>>,
    kept: Fresh<(Date, Option<AgencyId>), Report>,
    medians: Fresh<Date, BTreeMap<AgencyId, f64>>,
}

impl Quality {
    pub fn new(
        (store, reads, matches): (Arc<dyn QualityStore>, Arc<dyn ReadStore>, Arc<dyn MatchStore>),
        ring: KeyRing,
        env: Arc<dyn Env>,
        directory: Arc<ArcSwap<Directory>>,
    ) -> Self {
        let (kept, medians) = (Fresh::default(), Fresh::default());
        Quality { store, reads, matches, ring, env, directory, kept, medians }
    }

    /// The report on what was received from a day on, in UTC: of one agency, or of all.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn since(
        &self,
        day: Date,
        agency: Option<&AgencyId>,
    ) -> Result<Arc<Report>, StoreError> {
        let asked = (day, agency.cloned());
        self.kept.get(asked, self.env.now(), self.read(day, agency)).await
    }

    /// What an agency sees of itself: this month and the two before it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, agency: &AgencyId) -> Result<Own, StoreError> {
        let report = self.since(three_months(self.env.now()), Some(agency)).await?;
        let own = report.agencies.first();
        let of_kind = match own {
            Some(own) => self.of_kind(own).await?,
            None => None,
        };
        Ok(Own {
            since: report.since,
            as_of: report.as_of,
            agency: agency.clone(),
            figures: own.map(|own| own.figures.clone()).unwrap_or_default(),
            of_kind,
        })
    }

    /// How others of an agency's kind refer, where there are enough of them. It is of whole months,
    /// so that it does not move with a single referral of somebody else's.
    async fn of_kind(&self, own: &OfAgency) -> Result<Option<OfKind>, StoreError> {
        let now = self.env.now();
        let day = three_months(now);
        let medians = self.medians.get(day, now, self.medians_since(day)).await?;
        let directory = self.directory.load();
        let is_other = |agency: &AgencyId| {
            let known = directory.agencies.get(agency);
            *agency != own.agency && known.is_some_and(|known| known.kind == own.kind)
        };
        let others = medians.iter().filter(|(agency, _)| is_other(agency));
        let mut others: Vec<f64> = others.map(|(_, median)| *median).collect();
        if others.len() < OTHERS {
            return Ok(None);
        }
        Ok(median(&mut others).map(|median| OfKind { kind: own.kind.clone(), median }))
    }

    /// The middle score of each agency that has referred often enough, up to this month.
    async fn medians_since(&self, day: Date) -> Result<BTreeMap<AgencyId, f64>, StoreError> {
        let until = midnight(self.env.now().date().first_of_month());
        let which = Which { span: Span { since: midnight(day), until }, agency: None };
        let mut scores: BTreeMap<AgencyId, Vec<f64>> = BTreeMap::new();
        for scored in self.store.scores(which, SCORES).await? {
            scores.entry(scored.agency).or_default().push(f64::from(scored.score));
        }
        scores.retain(|_, scores| scores.len() >= REFERRED);
        let middle = |(agency, mut scores): (_, Vec<f64>)| Some((agency, median(&mut scores)?));
        Ok(scores.into_iter().filter_map(middle).collect())
    }

    /// Good examples of an agency, none of which concerns somebody whose record is restricted: that
    /// is looked up as they are told.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn examples(&self, of: &OfAgency) -> Result<Vec<(ReferralId, Example)>, StoreError> {
        let (reads, matches) = (self.reads.as_ref(), self.matches.as_ref());
        let mut told = Vec::new();
        for (id, example) in &of.best {
            if told.len() == EXAMPLES {
                break;
            }
            if restricted(reads, matches, *id).await?.is_empty() {
                told.push((*id, *example));
            }
        }
        Ok(told)
    }

    async fn read(&self, day: Date, agency: Option<&AgencyId>) -> Result<Report, StoreError> {
        let as_of = self.env.now();
        let since = midnight(day);
        // Another gateway's clock may be a little ahead.
        let span = Span { since, until: as_of.plus_seconds(60) };
        let which = Which { span, agency };
        let scores = self.store.scores(which, SCORES);
        let opened = self.open(which, if agency.is_some() { OF_ONE } else { RECEIPTS });
        let counted = self.store.counted(since, Grain::Day);
        let (scores, opened, mut counted) =
            futures::future::try_join3(scores, opened, counted).await?;
        counted.retain(|one| agency.is_none_or(|agency| one.agency == *agency));
        let (read, scores_read) = (opened.len(), scores.len());
        let more = scores_read == SCORES || scores_read > read;
        let mut all = All { directory: &self.directory.load(), agencies: BTreeMap::new() };
        all.gather(scores, opened, counted);
        let agencies = all.agencies.into_values().map(Gathered::told).collect();
        Ok(Report { since, as_of, scores_read, opened: read, more, agencies })
    }

    /// What the newest lack. Sealed records are opened a page at a time, and not kept.
    async fn open(&self, which: Which<'_>, most: usize) -> Result<Vec<Opened>, StoreError> {
        let (mut opened, mut before, mut seen) = (Vec::new(), None, 0);
        while seen < most {
            let rows = self.store.newest(which, before, PAGE).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.id);
            let (ring, read) = (self.ring.clone(), rows.len());
            let opening = tokio::task::spawn_blocking(move || open_all(&ring, rows));
            opened.extend(opening.await.map_err(|_| {
                StoreError::Damaged("a referral could not be opened for a report".to_owned())
            })?);
            seen += read;
            if read < PAGE {
                break;
            }
        }
        Ok(opened)
    }
}

/// Of a referral what a report needs.
struct Opened {
    id: ReferralId,
    agency: AgencyId,
    example: Example,
    completeness: Completeness,
}

/// All agencies, as they are gathered.
struct All<'a> {
    directory: &'a Directory,
    agencies: BTreeMap<AgencyId, Gathered>,
}

impl All<'_> {
    fn of(&mut self, agency: &AgencyId) -> &mut Gathered {
        self.agencies.entry(agency.clone()).or_insert_with(|| {
            let known = self.directory.agencies.get(agency);
            Gathered {
                agency: agency.clone(),
                name: known.map_or_else(|| agency.to_string(), |known| known.name.clone()),
                kind: known.map(|known| known.kind.clone()).unwrap_or_default(),
                ..Gathered::default()
            }
        })
    }

    fn gather(&mut self, scores: Vec<Scored>, opened: Vec<Opened>, counted: Vec<Counted>) {
        for scored in scores {
            self.of(&scored.agency).scores.push((scored.received_at, scored.score));
        }
        for one in opened {
            self.of(&one.agency).opened(one.id, one.example, one.completeness);
        }
        for counted in counted {
            let of = self.of(&counted.agency);
            match counted.what.as_str() {
                "received" => of.received += counted.count,
                _ => of.refused += counted.count,
            }
        }
    }
}

/// What is gathered of one agency.
struct Gathered {
    agency: AgencyId,
    name: String,
    kind: String,
    received: i64,
    refused: i64,
    scores: Vec<(Timestamp, u8)>,
    opened: usize,
    /// By place: the newest way to ask for it, and how many referrals lack it.
    missing: BTreeMap<String, (String, usize)>,
    best: Vec<(ReferralId, Example)>,
}

impl Default for Gathered {
    fn default() -> Self {
        Gathered {
            agency: AgencyId::new(""),
            name: String::new(),
            kind: String::new(),
            received: 0,
            refused: 0,
            scores: Vec::new(),
            opened: 0,
            missing: BTreeMap::new(),
            best: Vec::new(),
        }
    }
}

impl Gathered {
    /// One referral, each item once, however many children lack it.
    fn opened(&mut self, id: ReferralId, example: Example, completeness: Completeness) {
        self.opened += 1;
        let mut seen = BTreeSet::new();
        for missing in completeness.missing {
            let place = of_every_child(&missing.pointer);
            if seen.insert(place.clone()) {
                self.missing.entry(place).or_insert((missing.ask, 0)).1 += 1;
            }
        }
        if example.score >= GOOD {
            self.best.push((id, example));
        }
    }

    fn told(mut self) -> OfAgency {
        let mut missing: Vec<Lacking> = self
            .missing
            .into_iter()
            .map(|(pointer, (ask, referrals))| {
                let percent = percent(number(referrals), number(self.opened));
                Lacking { pointer, ask, referrals, percent }
            })
            .collect();
        missing.sort_by_key(|lacking| Reverse(lacking.referrals));
        missing.truncate(ITEMS);
        let mut by_month: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (at, score) in &self.scores {
            by_month.entry(at.date().strftime("%Y-%m").to_string()).or_default().push(*score);
        }
        let month = |(month, scores): (String, Vec<u8>)| {
            let referrals = scores.len();
            Month { month, referrals, score: Spread::of(scores) }
        };
        self.best.sort_by_key(|(id, example)| (Reverse(example.score), Reverse(*id)));
        self.best.truncate(LOOKED_AT);
        let figures = Figures {
            referrals: self.received,
            refused: self.refused,
            refused_percent: percent(self.refused, self.refused + self.received),
            score: Spread::of(self.scores.iter().map(|(_, score)| *score)),
            months: by_month.into_iter().map(month).collect(),
            opened: self.opened,
            missing,
        };
        let Gathered { agency, name, kind, best, .. } = self;
        OfAgency { agency, name, kind, figures, best }
    }
}

/// What the sender was told last is missing, of each that can be read. One that is damaged must not
/// hide how all the others are.
fn open_all(ring: &KeyRing, rows: Vec<ReferralRow>) -> Vec<Opened> {
    #[derive(Deserialize)]
    struct Told {
        completeness: Completeness,
    }
    let open = |row: ReferralRow| {
        let plain = ring.open_record(&Dossier::name(row.id), &row.record).ok()?;
        let dossier = Dossier::from_bytes(&plain)?;
        let told: Told = serde_json::from_slice(dossier.last_receipt()).ok()?;
        let example = Example { reference: row.reference, score: row.score };
        Some(Opened { id: row.id, agency: row.agency, example, completeness: told.completeness })
    };
    rows.into_iter().filter_map(open).collect()
}

/// `/children/1/date_of_birth` is `/children/*/date_of_birth`.
fn of_every_child(pointer: &str) -> String {
    let is_index = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts = pointer.split('/').map(|part| if is_index(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The first day of the month before the last.
pub fn three_months(now: Timestamp) -> Date {
    now.date().first_of_month().saturating_sub(2.months())
}

/// Where a day begins, UTC.
pub fn midnight(day: Date) -> Timestamp {
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.map_or(Timestamp(i64::MIN), Timestamp::from_jiff)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::receipt::Missing;

    fn one(n: u8, score: u8) -> (ReferralId, Example) {
        let id = ReferralId::from_parts(Timestamp(i64::from(n)), [n; 10]);
        (id, Example { reference: Reference::from_entropy(u64::from(n)), score })
    }

    fn lacks(pointers: &[&str]) -> Completeness {
        let missing = |pointer: &&str| Missing {
            pointer: (*pointer).to_owned(),
            ask: format!("Give {pointer}"),
            weight: 1,
        };
        Completeness { missing: pointers.iter().map(missing).collect(), ..Default::default() }
    }

    #[test]
    fn a_referral_counts_once_however_many_of_its_children_lack_the_same() {
        let mut gathered = Gathered::default();
        let mut opened = |(id, example), lacking: &[&str]| {
            gathered.opened(id, example, lacks(lacking));
        };
        opened(one(3, 79), &["/children/0/sex", "/children/1/sex", "/worry"]);
        opened(one(2, 80), &["/children/4/sex", "/request"]);
        opened(one(1, 90), &["/a", "/b", "/c", "/d"]);
        let told = gathered.told();
        let missing = told.figures.missing;
        let first = Lacking {
            pointer: "/children/*/sex".to_owned(),
            // As the newest was asked.
            ask: "Give /children/0/sex".to_owned(),
            referrals: 2,
            percent: 67,
        };
        assert_eq!((missing.len(), &missing[0]), (ITEMS, &first));
        assert_eq!((missing[1].referrals, missing[1].percent), (1, 33));
        let best: Vec<u8> = told.best.iter().map(|(_, example)| example.score).collect();
        assert_eq!(best, [90, 80]);
    }

    #[test]
    fn three_months_are_this_and_the_two_before() {
        for (now, first) in [
            ("2026-11-30T23:59:59Z", "2026-09-01"),
            ("2026-01-01T00:00:00Z", "2025-11-01"),
            ("2024-04-30T12:00:00Z", "2024-02-01"),
        ] {
            let now = Timestamp::parse(now).expect("a time");
            assert_eq!(three_months(now).to_string(), first);
        }
        let day = "2026-09-01".parse().expect("a day");
        assert_eq!(midnight(day).to_string(), "2026-09-01T00:00:00.000Z");
    }
}
