//! `completeness.yaml`: what is asked for, and how much it would help.

use super::fault::Fault;
use super::source::Source;
use crate::completeness::{Item, Scorer, is_a_place};
use crate::domain::expression::Expr;
use crate::domain::facts::{Role, Table};
use crate::threshold::possible::{Possible, possible};
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    items: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    pointer: Spanned<String>,
    weight: u16,
    applies: Option<Spanned<String>>,
    ask: String,
    who: Vec<String>,
}

pub(super) fn read(source: &Source, table: &Table, faults: &mut Vec<Fault>) -> Option<Scorer> {
    let file: File = source.yaml(faults)?;
    let mut items: Vec<Item> = Vec::new();
    for entry in file.items {
        let line = usize::try_from(entry.id.referenced.line()).unwrap_or(0);
        let id = entry.id.value;
        if items.iter().any(|item| item.id == id) {
            let mend = "give each item an id of its own";
            faults.push(source.fault(line, format!("item {id} is listed twice"), mend));
        }
        let pointer = entry.pointer.value;
        let place: Vec<String> = pointer.split('/').skip(1).map(str::to_owned).collect();
        let stars = place.iter().filter(|segment| *segment == "*").count();
        if !is_a_place(&place) || stars > 1 {
            let line = usize::try_from(entry.pointer.referenced.line()).unwrap_or(line);
            let what = format!("{pointer} is no place that one answer is asked for");
            let mend = "write it like /worry or /children/*/date_of_birth";
            faults.push(source.fault(line, what, mend));
        }
        let applies = entry.applies.and_then(|text| applies(source, &text, table, faults));
        let (ask, who) = (entry.ask, entry.who);
        items.push(Item { id, place, weight: entry.weight, applies, ask, who });
    }
    Some(Scorer::new(items))
}

fn applies(
    source: &Source,
    text: &Spanned<String>,
    table: &Table,
    faults: &mut Vec<Fault>,
) -> Option<Expr> {
    let line = usize::try_from(text.referenced.line()).unwrap_or(0);
    match Expr::compile(&text.value, table) {
        Ok(expr) => {
            // A score is shown to the sender, who must not learn whether a child is known.
            if expr.reads().iter().any(|id| table.fact(*id).role == Role::History) {
                let mend = "let applies read only what the submission says";
                faults.push(source.fault(line, "an item depends on history", mend));
            }
            if matches!(possible(table, &[&expr], &[]), Possible::No) {
                let mend = "write || where one of several is enough, or take the item out";
                let what = "an item applies to nobody: its condition excludes itself";
                faults.push(source.fault(line, what, mend));
            }
            Some(expr)
        }
        Err(fault) => {
            let line = line + fault.line - 1;
            faults.push(source.fault(line, format!("applies {}", fault.what), fault.mend));
            None
        }
    }
}
