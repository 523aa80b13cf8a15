//! `frontdoor linkage evaluate|train|calibrate`

use super::{Result as Answer, say};
use crate::linkage::calibrate::{calibrated, decided, judged, keep_cautious};
use crate::linkage::evaluate::{Stats, dedupe, evaluate, write};
use crate::linkage::people::{Mapping, People};
use crate::linkage::score::{Best, Score, Scorer, Truth, entity, sweep, true_pairs};
use crate::linkage::train::train;
use crate::linkage::{Model, Profile, written};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Linkage without a database.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor linkage evaluate --people records.csv \
                        --referrals referrals.csv --predictions out.jsonl")]
pub(super) enum Linkage {
    /// Link a file of referrals against a file of people, or a file with itself.
    Evaluate(Evaluate),
    /// Estimate weights from a file of people, without labels, and write a model.
    #[command(after_help = "Example: frontdoor linkage train --people records.csv \
                            --referrals referrals.csv --out linkage-model.toml")]
    Train {
        #[command(flatten)]
        files: Files,
        /// What was referred; without it the people are linked with themselves.
        #[arg(long)]
        referrals: Option<PathBuf>,
        /// Where the model is written; put it into the authority's folder as linkage-model.toml.
        #[arg(long)]
        out: PathBuf,
        /// The model's name, which stands with what it weighs.
        #[arg(long, default_value = "trained")]
        name: String,
    },
    /// Fit a model's probabilities and thresholds to what people decided, or to referrals whose
    /// truth is known.
    #[command(after_help = "Example: frontdoor linkage calibrate --decisions decided.json \
                            --out linkage-model.toml")]
    Calibrate(Calibrate),
}

#[derive(Debug, clap::Args)]
pub(super) struct Files {
    #[arg(long)]
    people: PathBuf,
    /// A model made by training, instead of the one shipped.
    #[arg(long)]
    model: Option<PathBuf>,
    /// A TOML file that says which columns values are made of, where they have other names, such
    /// as `address = ["street_number", "address_1"]`.
    #[arg(long)]
    columns: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Calibrate {
    /// Pages of GET /v1/matches?state=decided.
    #[arg(long, conflicts_with_all = ["people", "referrals", "truth"])]
    decisions: Option<PathBuf>,
    #[arg(long, required_unless_present = "decisions")]
    people: Option<PathBuf>,
    #[arg(long, required_unless_present = "decisions")]
    referrals: Option<PathBuf>,
    /// Columns referral_id, true_record_ids (several parted by semicolons).
    #[arg(long, required_unless_present = "decisions")]
    truth: Option<PathBuf>,
    /// The model to fit, instead of the one shipped.
    #[arg(long)]
    model: Option<PathBuf>,
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    files: Files,
    #[arg(long, required_unless_present = "dedupe")]
    referrals: Option<PathBuf>,
    /// One line of JSON for each referral, its candidates best first; of --dedupe for each pair.
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// Scores the predictions: columns referral_id, true_record_ids, twin_record_ids.
    #[arg(long, conflicts_with = "dedupe")]
    truth: Option<PathBuf>,
    /// Link the people with one another; pairs are scored by ids such as rec-12-org, rec-12-dup-0.
    #[arg(long, conflicts_with = "referrals")]
    dedupe: bool,
    /// Score pairs by such ids in two files, too.
    #[arg(long, conflicts_with = "truth")]
    pairs: bool,
    /// Print the score as JSON.
    #[arg(long)]
    json: bool,
}

impl Linkage {
    pub(super) fn run(self) -> Answer {
        Ok(self.done()?)
    }

    fn done(self) -> Result<()> {
        match self {
            Linkage::Evaluate(evaluate) if evaluate.dedupe => evaluate.link_with_itself(),
            Linkage::Evaluate(evaluate) => evaluate.link(),
            Linkage::Train { files, referrals, out, name } => {
                let people = files.profiles(&files.people)?;
                let referrals = referrals.map(|path| files.profiles(&path)).transpose()?;
                let referrals = referrals.unwrap_or_default();
                let trained = train(&files.model()?, &people, &referrals);
                let mut model = trained.model;
                model.version = name;
                model.provenance = format!(
                    "Weights by `frontdoor linkage train`, without labels, from {} people and {} \
                     referrals:\n{} random pairs, {} pairs of training blocks, of which {:.0} are \
                     expected to be one child's.\nCurve and thresholds of the model before it.",
                    people.len(),
                    referrals.len(),
                    trained.random,
                    trained.blocked,
                    trained.matches
                );
                say(format!("{}\nWritten to {}.", model.provenance, out.display()));
                save(&model, &out)
            }
            Linkage::Calibrate(calibrate) => calibrate.done(),
        }
    }
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    Ok(BufReader::new(file))
}

/// Writes a model that can be read again.
fn save(model: &Model, out: &Path) -> Result<()> {
    let text = written::write(model);
    Model::parse(&text).context("these files do not make a model that could be used")?;
    Ok(std::fs::write(out, text)?)
}

fn model(path: Option<&Path>) -> Result<Model> {
    match path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be opened", path.display()))?;
            Ok(Model::parse(&text)?)
        }
        None => Ok(Model::shipped()),
    }
}

impl Files {
    fn model(&self) -> Result<Model> {
        model(self.model.as_deref())
    }

    fn read(&self, path: &Path) -> Result<People<BufReader<File>>> {
        let mapping = match &self.columns {
            Some(path) => toml::from_str(&std::fs::read_to_string(path)?)?,
            None => Mapping::default(),
        };
        People::mapped(open(path)?, &mapping).with_context(|| path.display().to_string())
    }

    fn profiles(&self, path: &Path) -> Result<Vec<Profile>> {
        let mut profiles: Vec<Profile> = Vec::new();
        for row in self.read(path)? {
            match row {
                Ok(person) => profiles.push(person.profile),
                Err(fault) if fault.lost => return Err(fault).context(path.display().to_string()),
                Err(_) => {}
            }
        }
        crate::linkage::date_all(&mut profiles);
        Ok(profiles)
    }
}

impl Calibrate {
    fn done(&self) -> Result<()> {
        let model = model(self.model.as_deref())?;
        let pairs = match (&self.decisions, &self.people, &self.referrals, &self.truth) {
            (Some(decisions), ..) => decided(open(decisions)?)?,
            (None, Some(people), Some(referrals), Some(truth)) => {
                let truth = Truth::read(open(truth)?)?;
                let (people, referrals) = (open(people)?, open(referrals)?);
                judged(People::new(people)?, People::new(referrals)?, &truth, &model)
            }
            _ => bail!("give --decisions, or --people, --referrals and --truth"),
        };
        if !pairs.iter().any(|pair| pair.same) {
            bail!("no pair is true: do the ids of --truth stand in the other files?");
        }
        let mut fitted = calibrated(&model, &pairs);
        if self.decisions.is_some() {
            keep_cautious(&model, &mut fitted);
        }
        say(format!("{} pairs; written to {}.", pairs.len(), self.out.display()));
        save(&fitted, &self.out)
    }
}

impl Evaluate {
    fn link(&self) -> Result<()> {
        let (model, files) = (self.files.model()?, &self.files);
        let referrals = self.referrals.as_deref().context("give --referrals")?;
        let mut out = self.out()?;
        let truth = match &self.truth {
            Some(path) => Truth::read(open(path)?)?,
            None => Truth::default(),
        };
        let mut scorer = Scorer::new(truth);
        let mut pairs = Vec::new();
        let started = Instant::now();
        let stats = evaluate(files.read(&files.people)?, files.read(referrals)?, &model, |said| {
            scorer.see(&said);
            if self.pairs {
                let same = |id: &str| entity(id) == entity(&said.referral_id);
                let of = said.candidates.iter();
                pairs.extend(of.map(|one| (one.weight, same(&one.record_id), false)));
            }
            out.as_mut().map_or(Ok(()), |out| write(out, &said))
        })?;
        self.tell(&stats, started)?;
        if self.truth.is_some() {
            tell_score(&scorer.score(), self.json)?;
        }
        if self.pairs {
            let known = true_pairs(&ids(files, &files.people)?, Some(&ids(files, referrals)?));
            tell_pairs(pairs, known, self.json)?;
        }
        Ok(())
    }

    fn link_with_itself(&self) -> Result<()> {
        let (model, files) = (self.files.model()?, &self.files);
        let mut out = self.out()?;
        let mut pairs = Vec::new();
        let started = Instant::now();
        let stats = dedupe(files.read(&files.people)?, &model, |one, two, weight| {
            pairs.push((weight, entity(one) == entity(two), false));
            let Some(out) = out.as_mut() else { return Ok(()) };
            let probability = model.probability(weight);
            let pair = serde_json::json!({
                "one": one, "two": two, "probability": probability, "weight": weight,
            });
            writeln!(out, "{pair}")
        })?;
        self.tell(&stats, started)?;
        let known = true_pairs(&ids(files, &files.people)?, None);
        tell_pairs(pairs, known, self.json)
    }

    fn out(&self) -> Result<Option<BufWriter<File>>> {
        Ok(self.predictions.as_ref().map(File::create).transpose()?.map(BufWriter::new))
    }

    /// What was done, unless a file could not be read to its end: then it is worth nothing.
    fn tell(&self, stats: &Stats, started: Instant) -> Result<()> {
        for fault in &stats.faults {
            say(fault.to_string());
        }
        if stats.unread > stats.faults.len() as u64 {
            say(format!("{} rows in all were not read.", stats.unread));
        }
        let seconds = started.elapsed().as_secs_f64();
        if !self.json {
            say(format!(
                "{} referrals and {} people, {} pairs compared in {seconds:.1} s ({:.0} a second): \
                 {} linked, {} possible, {} new.",
                stats.referrals,
                stats.people,
                stats.compared,
                stats.compared as f64 / seconds.max(1e-9),
                stats.linked,
                stats.possible,
                stats.new
            ));
        }
        if let Some(path) = self.predictions.as_ref().filter(|_| !self.json) {
            say(format!("Predictions written to {}.", path.display()));
        }
        match stats.faults.iter().find(|fault| fault.lost) {
            Some(fault) => bail!("a file broke off: {fault}"),
            None => Ok(()),
        }
    }
}

fn ids(files: &Files, path: &Path) -> Result<Vec<String>> {
    Ok(files.read(path)?.filter_map(|person| Some(person.ok()?.id)).collect())
}

fn tell_pairs(mut pairs: Vec<(f32, bool, bool)>, known: usize, json: bool) -> Result<()> {
    pairs.sort_by(|one, two| two.0.total_cmp(&one.0));
    let (best, _) = sweep(&pairs, known);
    if json {
        say(serde_json::to_string(&best)?);
    } else {
        say(format!("Of {known} true pairs, {}.", told(&best)));
    }
    Ok(())
}

fn told(best: &Best) -> String {
    format!(
        "best F1 {:.4} (precision {:.4}, recall {:.4}, {} wrong) from {:.1} bits",
        best.f1, best.precision, best.recall, best.wrong, best.weight
    )
}

fn tell_score(score: &Score, json: bool) -> Result<()> {
    if json {
        say(serde_json::to_string(score)?);
        return Ok(());
    }
    say(format!("{}, {} of them twins.", told(&score.best), score.best.twins));
    say(format!(
        "Recall {:.4} at precision 0.995; first candidate right {:.4}, any {:.4}.",
        score.recall_at_precision_995, score.recall_at_1, score.recall_any
    ));
    say("probability   pairs  stated    true");
    for band in &score.calibration {
        let (from, pairs) = (band.from, band.pairs);
        say(format!("from {from:<6} {pairs:>7}  {:.4}  {:.4}", band.stated, band.true_share));
    }
    Ok(())
}
