//! Nothing grows beyond what one reading holds.

use super::source::Source;
use super::{Fault, fault};

const FILE: usize = 500;
const MEDIAN_FILE: usize = 150;
const MAIN: usize = 60;
const FUNCTION: usize = 70;
const COLUMNS: usize = 100;

pub(super) fn file(source: &Source) -> Vec<Fault> {
    let limit = if source.path == "src/main.rs" { MAIN } else { FILE };
    let lines = source.lines_without_tests().len();
    if lines <= limit {
        return Vec::new();
    }
    let what =
        format!("{lines} lines without tests, {limit} are allowed: split it by what it does");
    vec![fault(source, limit + 1, what)]
}

pub(super) fn median<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<Fault> {
    let mut sizes: Vec<_> =
        sources.map(|source| (source.lines_without_tests().len(), source)).collect();
    sizes.sort_by_key(|(lines, _)| *lines);
    match sizes.get(sizes.len() / 2) {
        Some((lines, source)) if *lines > MEDIAN_FILE => {
            let what = format!("the median file has {lines} lines, {MEDIAN_FILE} are the aim");
            vec![fault(source, 1, what)]
        }
        _ => Vec::new(),
    }
}

pub(super) fn lines(source: &Source) -> Vec<Fault> {
    (1..)
        .zip(source.text.lines())
        .filter(|(_, text)| text.chars().count() > COLUMNS)
        .map(|(line, _)| fault(source, line, format!("wider than {COLUMNS} columns: break it")))
        .collect()
}

pub(super) fn functions(source: &Source) -> Vec<Fault> {
    let lines: Vec<&str> = source.code.lines().collect();
    let mut faults = Vec::new();
    for (start, text) in lines.iter().enumerate() {
        let Some(name) = function_name(text) else { continue };
        let length = body(&lines[start..]).iter().filter(|line| !line.trim().is_empty()).count();
        if length > FUNCTION {
            let what =
                format!("`{name}` has {length} lines, {FUNCTION} are allowed: take a step out");
            faults.push(fault(source, start + 1, what));
        }
    }
    faults
}

fn function_name(line: &str) -> Option<&str> {
    let at = line.find("fn ")?;
    let before = line[..at].trim_end();
    let prefixed = before.is_empty()
        || before.ends_with([')', '{', ';', ']'])
        || ["pub", "async", "const", "unsafe", "extern"].iter().any(|w| before.ends_with(w));
    let name = line[at + 3..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (prefixed && !name.is_empty()).then_some(name)
}

/// From the line with `fn` to the one that closes its braces; nothing for a bare signature.
fn body<'a>(lines: &'a [&'a str]) -> &'a [&'a str] {
    let (mut braces, mut brackets, mut opened) = (0_usize, 0_usize, false);
    for (index, line) in lines.iter().enumerate() {
        let from = if index == 0 { line.find("fn ").unwrap_or(0) } else { 0 };
        for c in line[from..].chars() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                '{' => (braces, opened) = (braces + 1, true),
                '}' => braces = braces.saturating_sub(1),
                ';' if !opened && brackets == 0 => return &[],
                _ => {}
            }
            if opened && braces == 0 {
                return &lines[..=index];
            }
        }
    }
    lines
}

#[cfg(test)]
fn function_of(lines: usize) -> String {
    format!(
        "async fn long(a: [u8; 4])\n{{\n{}}}\nfn next() {{}}\n",
        "    work();\n".repeat(lines - 3)
    )
}

#[test]
fn a_long_function_is_found() {
    let found = functions(&Source::new("src/a.rs", format!("\n{}", function_of(FUNCTION + 1))));
    assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2]);
    assert_eq!(functions(&Source::new("src/a.rs", function_of(FUNCTION))), []);
}

#[test]
fn a_signature_and_a_pointer_are_not_functions() {
    let filler = "// filler\nlet a = 1;\n".repeat(80);
    let text = format!("trait T {{ fn a(b: [u8; 4]); }}\nlet f: fn (u8) = g;\n{filler}");
    assert_eq!(functions(&Source::new("src/a.rs", text)), []);
}

#[test]
fn a_long_file_is_found_and_its_tests_are_not_counted() {
    let code = "let a = 1;\n".repeat(FILE);
    let tests = "#[cfg(test)]\nmod tests {\n    use x;\n}\n";
    assert_eq!(file(&Source::new("src/a.rs", format!("{code}{tests}"))), []);
    assert_eq!(file(&Source::new("src/a.rs", format!("{code}let b = 2;\n"))).len(), 1);
    assert_eq!(file(&Source::new("src/main.rs", "let a = 1;\n".repeat(MAIN + 1))).len(), 1);
}

#[test]
fn a_high_median_is_found() {
    let long = Source::new("src/a.rs", "let a = 1;\n".repeat(MEDIAN_FILE + 1));
    let short = Source::new("src/b.rs", "let a = 1;\n");
    assert_eq!(median([&long, &long, &short].into_iter()).len(), 1);
    assert_eq!(median([&long, &short, &short].into_iter()), []);
}

#[test]
fn a_wide_line_is_found() {
    let wide = format!("ok\n{}\n", "é".repeat(COLUMNS + 1));
    assert_eq!(lines(&Source::new("src/a.rs", wide)).len(), 1);
    assert_eq!(lines(&Source::new("src/a.rs", "é".repeat(COLUMNS))), []);
}
