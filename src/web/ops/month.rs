//! The report for the safeguarding partnership's board: one month, as counts that tell of nobody.

use super::sheets::{Sheet, Words};
use super::suppress::{Told, may_tell, suppress, suppress_both};
use crate::followup::figures::percent;
use crate::store::totals::{CONCLUDED, DECIDED_IN, HEARD, SCORE};
use crate::store::{Tally, Within};
use std::collections::BTreeMap;

/// What stands for a count that is hidden.
const HIDDEN: &str = "*";

type Counts<'a> = BTreeMap<&'a str, i64>;

/// Sums of one kind, by what is taken of each.
fn sums<'a>(
    totals: &'a [(Tally, i64)],
    what: &str,
    by: impl Fn(&'a Tally) -> &'a str,
) -> Counts<'a> {
    let mut sums = Counts::new();
    for (tally, count) in totals.iter().filter(|(tally, _)| tally.what == what) {
        *sums.entry(by(tally)).or_default() += count;
    }
    sums
}

fn values(counts: &Counts<'_>) -> Vec<i64> {
    counts.values().copied().collect()
}

fn shown(count: Option<i64>) -> String {
    count.map_or_else(|| HIDDEN.to_owned(), |count| count.to_string())
}

/// All tables of the report.
pub(super) fn sheets(words: Words<'_>, totals: &[(Tally, i64)]) -> Vec<Sheet> {
    let levels = sums(totals, "routed", |tally| &tally.level);
    let teams = sums(totals, "routed", |tally| &tally.destination);
    let [of_levels, of_teams] = suppress_both(&values(&levels), &values(&teams));
    let names = levels.keys().map(|code| words.level(code)).collect();
    let levels = counted(
        words,
        ("levels", "ops-board-levels"),
        ["ops-level-of-need", "ops-referrals"],
        names,
        &of_levels,
    );
    let names = teams.keys().map(|id| words.team(id)).collect();
    let teams = counted(
        words,
        ("teams", "ops-board-teams"),
        ["ops-team", "ops-referrals"],
        names,
        &of_teams,
    );
    vec![agencies(words, totals), levels, teams, decided(words, totals), followed(words, totals)]
}

/// Names and counts, and their sum.
fn counted(
    words: Words<'_>,
    (id, caption): (&'static str, &'static str),
    columns: [&str; 2],
    names: Vec<String>,
    told: &Told,
) -> Sheet {
    let counts = told.counts.iter().chain([&told.total]).map(|count| shown(*count));
    let names = names.into_iter().chain([words.say("ops-all")]);
    Sheet {
        id,
        caption,
        hint: "ops-board-hidden",
        columns: words.columns(&columns, 1),
        rows: names.zip(counts).map(|(name, count)| vec![name, count]).collect(),
        chart: None,
    }
}

/// With one more column.
fn with(words: Words<'_>, mut sheet: Sheet, name: &str, cells: Vec<Option<i64>>) -> Sheet {
    sheet.columns.extend(words.columns(&[name], 0));
    for (row, cell) in sheet.rows.iter_mut().zip(cells) {
        row.push(shown(cell));
    }
    sheet
}

/// Received, and how complete. Of whom the count is hidden, the mean is as well; and the mean of
/// all, which would tell it.
fn agencies(words: Words<'_>, totals: &[(Tally, i64)]) -> Sheet {
    let received = sums(totals, "received", |tally| tally.agency.as_str());
    let scores = sums(totals, SCORE, |tally| tally.agency.as_str());
    let told = suppress(&values(&received));
    let mean = |sum: i64, count: i64| (count > 0).then(|| (sum + count / 2) / count);
    let mut means: Vec<Option<i64>> = Vec::new();
    for ((agency, count), shown) in received.iter().zip(&told.counts) {
        means.push(shown.and_then(|_| mean(scores.get(agency).copied().unwrap_or(0), *count)));
    }
    let all = mean(scores.values().sum(), received.values().sum());
    means.push(all.filter(|_| !told.hides()));
    let names = received.keys().map(|id| words.agency(id)).collect();
    let sheet = counted(
        words,
        ("agencies", "ops-board-agencies"),
        ["ops-agency", "ops-referrals"],
        names,
        &told,
    );
    with(words, sheet, "ops-mean", means)
}

/// Decisions, and the share within a day where it tells of no small number on either side.
fn decided(words: Words<'_>, totals: &[(Tally, i64)]) -> Sheet {
    let all = sums(totals, DECIDED_IN, |tally| &tally.destination);
    let soon = |tally: &Tally| Within::parse(&tally.level).is_some_and(|step| step <= Within::Day);
    let mut within = Counts::new();
    for (tally, count) in totals.iter().filter(|(one, _)| one.what == DECIDED_IN && soon(one)) {
        *within.entry(&tally.destination).or_default() += count;
    }
    let told = suppress(&values(&all));
    let share = |part: i64, whole: i64| {
        let tells = whole > 0 && may_tell(part) && may_tell(whole - part);
        tells.then(|| percent(part, whole))
    };
    let mut shares: Vec<Option<i64>> = Vec::new();
    for ((team, count), shown) in all.iter().zip(&told.counts) {
        let part = within.get(team).copied().unwrap_or(0);
        shares.push(shown.and_then(|_| share(part, *count)));
    }
    let hidden = told.hides() || shares.contains(&None);
    let whole = share(within.values().sum(), all.values().sum());
    shares.push(whole.filter(|_| !hidden));
    let names = all.keys().map(|id| words.team(id)).collect();
    let sheet = counted(
        words,
        ("decisions", "ops-board-decisions"),
        ["ops-team", "ops-decisions"],
        names,
        &told,
    );
    with(words, sheet, "ops-within-a-day", shares)
}

/// Of what was received: with whom somebody is, and what was answered. What is left must not be a
/// small number either.
fn followed(words: Words<'_>, totals: &[(Tally, i64)]) -> Sheet {
    let agencies = sums(totals, "received", |tally| tally.agency.as_str());
    let received = suppress(&values(&agencies)).total;
    let of = |what| {
        let done: i64 = sums(totals, what, |tally| tally.agency.as_str()).values().sum();
        received.filter(|all| may_tell(done) && may_tell((all - done).abs())).map(|_| done)
    };
    let rows = [
        ("ops-received", received),
        ("ops-acknowledged", of(HEARD)),
        ("ops-outcome", of(CONCLUDED)),
    ];
    Sheet {
        id: "followed",
        caption: "ops-board-followed",
        hint: "ops-board-hidden",
        columns: words.columns(&["ops-state", "ops-referrals"], 1),
        rows: rows.map(|(name, count)| vec![words.say(name), shown(count)]).to_vec(),
        chart: None,
    }
}
