//! Numbers as a table: what a page shows, what its chart is drawn from, and what a CSV file holds.

use crate::domain::{AgencyId, DestinationId, Directory};
use crate::web::texts::Texts;

/// Rows that a page shows; a CSV file has them all.
const SHOWN: usize = 250;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name in addresses, file names and ids.
    pub id: &'static str,
    /// The message of its caption, and of what is to be known to read it.
    pub caption: &'static str,
    pub hint: &'static str,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    /// How charts.mjs draws it, if it does.
    pub chart: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub text: String,
    pub number: bool,
}

impl Sheet {
    /// What the page shows.
    pub fn shown(&self) -> &[Vec<String>] {
        &self.rows[..self.rows.len().min(SHOWN)]
    }

    /// How many rows only the file has.
    pub fn left_out(&self) -> usize {
        self.rows.len().saturating_sub(SHOWN)
    }

    /// Whether cells of a column stand to the right.
    pub fn is_number(&self, column: &usize) -> bool {
        self.columns.get(*column).is_some_and(|column| column.number)
    }

    /// As RFC 4180 has it. What a spreadsheet would take for a formula is text.
    pub fn csv(&self) -> String {
        let head: Vec<String> = self.columns.iter().map(|column| column.text.clone()).collect();
        let lines = std::iter::once(&head).chain(&self.rows).map(|row| {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            format!("{}\r\n", cells.join(","))
        });
        lines.collect()
    }
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

/// How things are called on pages.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub texts: &'a Texts,
    pub directory: &'a Directory,
}

impl Words<'_> {
    pub(super) fn say(&self, name: &str) -> String {
        self.texts.say(name)
    }

    /// Columns by the names of their messages; numbers from one on.
    pub(super) fn columns(&self, names: &[&str], numbers_from: usize) -> Vec<Column> {
        let column = |(at, name): (usize, &&str)| Column {
            text: self.texts.say(name),
            number: at >= numbers_from,
        };
        names.iter().enumerate().map(column).collect()
    }

    /// As the configuration calls it now; its id where it is no longer there.
    pub(super) fn agency(&self, id: &str) -> String {
        let known = self.directory.agencies.get(&AgencyId::new(id));
        known.map_or_else(|| id.to_owned(), |agency| agency.name.clone())
    }

    pub(super) fn team(&self, id: &str) -> String {
        let known = self.directory.destinations.get(&DestinationId::new(id));
        known.map_or_else(|| id.to_owned(), |team| team.name.clone())
    }

    pub(super) fn level(&self, code: &str) -> String {
        match code {
            "" => self.texts.say("ops-no-level"),
            code => self.texts.fill("ops-level", "code", code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_all_rows_and_no_formula() {
        let column = |text: &str| Column { text: text.to_owned(), number: false };
        let row = |name: &str| vec![name.to_owned(), "1".to_owned()];
        let mut rows = vec![row("School, \"A\""), row("=HYPERLINK(1)")];
        rows.extend((0..SHOWN).map(|_| row("b")));
        let columns = vec![column("Agency"), column("Referrals")];
        let (caption, hint) = ("c", "h");
        let sheet = Sheet { id: "s", caption, hint, columns, rows, chart: None };
        let text = sheet.csv();
        let begins = "Agency,Referrals\r\n\"School, \"\"A\"\"\",1\r\n'=HYPERLINK(1),1\r\nb,1\r\n";
        assert!(text.starts_with(begins), "{text}");
        assert_eq!(text.lines().count(), SHOWN + 3);
        assert_eq!((sheet.shown().len(), sheet.left_out()), (SHOWN, 2));
    }
}
