//! CSV (RFC 4180): a row for each row that was sent, so that whoever keeps the table can lay the
//! two side by side. UTF-8 without a byte order mark.
//!
//! A refusal of the whole file is one row with an empty `row`. A cell that a spreadsheet would run
//! as a formula begins with an apostrophe (OWASP, CSV injection): the sender's own ids and headings
//! come back in it.

use super::{Accepted, Answer, Outcome, Problem, Verdict, destinations, fault, list, text};
use serde_json::Value;

pub(super) const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

const HEADER: &str = "row,status,reference,respond_by,level_of_need,priority,destinations,\
                      missing,faults,message_id\r\n";

pub(super) fn one(verdict: &Verdict) -> Answer {
    let body = [header(), row(verdict)].concat();
    Answer { status: verdict.outcome.status(), content_type: MEDIA_TYPE, body }
}

pub(super) fn header() -> Vec<u8> {
    HEADER.as_bytes().to_vec()
}

pub(super) fn row(verdict: &Verdict) -> Vec<u8> {
    let word = verdict.outcome.word().to_owned();
    let mut cells = vec![verdict.at.trim_start_matches("row ").to_owned(), word];
    cells.extend(match &verdict.outcome {
        Outcome::Accepted(given) => accepted(given),
        Outcome::Refused(problem) => refused(problem),
    });
    cells.push(verdict.message_id.clone().unwrap_or_default());
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(",")).into_bytes()
}

/// From `reference` to `faults`.
fn accepted(accepted: &Accepted) -> [String; 7] {
    let receipt = &accepted.receipt;
    let children = list(receipt, "/children");
    let each = |pointer: &str| joined(children.iter().map(|child| text(child, pointer).to_owned()));
    let ask = |one: &Value| text(one, "/ask").to_owned();
    [
        accepted.reference.clone(),
        text(receipt, "/respond_by").to_owned(),
        each("/level_of_need/code"),
        each("/priority"),
        joined(children.iter().flat_map(destinations)),
        joined(list(receipt, "/completeness/missing").iter().map(ask)),
        joined(accepted.unread.iter().map(fault)),
    ]
}

fn refused(problem: &Problem) -> [String; 7] {
    let faults = std::iter::once(problem.text()).chain(problem.faults.iter().map(fault));
    let mut row: [String; 7] = Default::default();
    let [reference, .., last] = &mut row;
    reference.push_str(problem.reference.as_deref().unwrap_or_default());
    last.push_str(&joined(faults));
    row
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("; ")
}

/// One cell, harmless and quoted where it must be.
fn cell(text: &str) -> String {
    // Some spreadsheets read the wide forms as the plain ones, and skip blanks before either.
    let runs = text.starts_with(['\t', '\r', '\n'])
        || text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let text = if runs { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
