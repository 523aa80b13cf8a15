//! Which room may use which: ARCHITECTURE.md in a form that fails.

use super::source::Source;
use super::{Fault, fault};

const ANYTHING: &[&str] = &["*"];

const STAGES: [&str; 6] =
    ["adapter", "validation", "completeness", "linkage", "threshold", "routing"];

/// What each room may use beside itself. Stages see the domain only; the shell of the program
/// (`app`, `cli`, `main`, `lib`) sees everything.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("adapter", &["domain"]),
    ("validation", &["domain"]),
    ("completeness", &["domain"]),
    ("linkage", &["domain"]),
    ("threshold", &["domain"]),
    ("routing", &["domain"]),
    ("audit", &["domain"]),
    ("telemetry", &[]),
    ("config", &["domain", "stages"]),
    ("pipeline", &["domain", "stages", "store", "audit", "config", "telemetry"]),
    ("store", &["domain", "audit", "telemetry"]),
    ("broker", &["domain", "store", "telemetry"]),
    ("access", &["domain", "store", "audit", "config", "telemetry"]),
    ("followup", &["domain", "store", "audit", "config", "telemetry"]),
    ("workers", &["domain", "adapter", "telemetry"]),
    (
        "api",
        &[
            "domain",
            "adapter",
            "workers",
            "store",
            "pipeline",
            "followup",
            "access",
            "config",
            "telemetry",
        ],
    ),
    ("web", &["domain", "store", "pipeline", "followup", "access", "config", "telemetry"]),
    ("app", ANYTHING),
    ("cli", ANYTHING),
    ("main", ANYTHING),
    ("lib", ANYTHING),
];

fn allowed(room: &str) -> Option<&'static [&'static str]> {
    DIRECTIONS.iter().find(|(name, _)| *name == room).map(|(_, uses)| *uses)
}

pub(super) fn between_rooms(source: &Source) -> Vec<Fault> {
    let room = source.room();
    let Some(uses) = allowed(room) else {
        let what =
            format!("`{room}` is a new room: say in tests/it/tidy/directions.rs what it may use");
        return vec![fault(source, 1, what)];
    };
    let may = |other: &str| {
        other == room
            || uses == ANYTHING
            || uses.contains(&other)
            || (uses.contains(&"stages") && STAGES.contains(&other))
    };
    rooms_named(source)
        .into_iter()
        .filter(|(_, other)| allowed(other).is_some() && !may(other))
        .map(|(line, other)| {
            let what = format!(
                "`{room}` may not use `{other}`: take what it needs as a parameter, \
                                or move this code to a room that may (ARCHITECTURE.md)"
            );
            fault(source, line, what)
        })
        .collect()
}

/// The rooms after each `crate::`, alone or in braces.
fn rooms_named(source: &Source) -> Vec<(usize, String)> {
    let lines = source.lines_without_tests();
    let mut found = Vec::new();
    for (index, (line, text)) in lines.iter().enumerate() {
        for (at, _) in text.match_indices("crate::") {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = &text[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                None => found.push((*line, name(rest))),
                Some(group) => {
                    let more = lines[index + 1..].iter().map(|(_, text)| *text);
                    let group: String = std::iter::once(group).chain(more).collect();
                    found.extend(heads(&group).into_iter().map(|head| (*line, head)));
                }
            }
        }
    }
    found
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first name of each item of an open brace's list: `a::{b, c}, d}` gives `a` and `d`.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

/// A library, and where its types may be named.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("actix", &["src/api", "src/web", "src/access", "src/app.rs", "src/app/pages.rs"]),
    ("lapin", &["src/broker/rabbitmq"]),
    ("sqlx", &["src/store", "src/app.rs"]),
    ("lettre", &["src/followup/notices/smtp.rs"]),
];

pub(super) fn libraries(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (line, text) in source.lines_without_tests() {
        for (library, homes) in LIBRARIES {
            let named = text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == *library || word.starts_with(&format!("{library}_")));
            if named && !homes.iter().any(|home| source.path.starts_with(home)) {
                let what =
                    format!("{library} stays in {}: use our own types here", homes.join(", "));
                faults.push(fault(source, line, what));
            }
        }
    }
    faults
}

/// Statements are written in capitals here, which prose is not.
pub(super) fn sql(source: &Source) -> Vec<Fault> {
    const BEGINS: [(&str, &str); 5] = [
        ("SELECT ", " FROM "),
        ("INSERT ", " INTO "),
        ("UPDATE ", " SET "),
        ("DELETE ", " FROM "),
        ("WITH ", " AS "),
    ];
    if source.path.starts_with("src/store/") {
        return Vec::new();
    }
    let last = source.lines_without_tests().last().map_or(0, |(line, _)| *line);
    source
        .strings
        .iter()
        .filter(|(line, text)| {
            let words = format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "));
            let statement = |(verb, then): &(&str, &str)| {
                words[1..].starts_with(verb) && words[verb.len()..].contains(then)
            };
            *line <= last && BEGINS.iter().any(statement)
        })
        .map(|(line, _)| {
            fault(
                source,
                *line,
                "SQL is written under src/store/ only: add a method to a store trait",
            )
        })
        .collect()
}

#[cfg(test)]
fn faulty_lines(rule: fn(&Source) -> Vec<Fault>, path: &str, text: &str) -> Vec<usize> {
    rule(&Source::new(path, text)).into_iter().map(|fault| fault.line).collect()
}

#[test]
fn a_stage_may_not_use_another() {
    let bad = "use crate::domain::Referral;\nuse crate::routing::Envelope;\n";
    assert_eq!(faulty_lines(between_rooms, "src/linkage/mod.rs", bad), [2]);
    let path = "fn f() { crate::store::open() }";
    assert_eq!(faulty_lines(between_rooms, "src/domain/child.rs", path), [1]);
    assert!(faulty_lines(between_rooms, "src/cli/serve.rs", path).is_empty());
    let macro_of_the_crate = "crate::record! {}\npub(in crate::domain) fn f() {}";
    assert!(faulty_lines(between_rooms, "src/domain/child.rs", macro_of_the_crate).is_empty());
}

#[test]
fn a_list_in_braces_is_read() {
    let bad = "use crate::{domain::{self, Child},\n    linkage};\n";
    assert_eq!(faulty_lines(between_rooms, "src/routing.rs", bad), [1]);
    assert!(faulty_lines(between_rooms, "src/pipeline/mod.rs", bad).is_empty());
}

#[test]
fn tests_and_comments_may_name_anything() {
    let good =
        "/// See `crate::web::form`.\n#[cfg(test)]\nmod tests {\n    use crate::store::X;\n}\n";
    assert!(faulty_lines(between_rooms, "src/domain/child.rs", good).is_empty());
}

#[test]
fn a_new_room_needs_a_decision() {
    assert_eq!(faulty_lines(between_rooms, "src/annexe/mod.rs", ""), [1]);
}

#[test]
fn a_library_outside_its_room_is_found() {
    let bad = "use lapin::Channel;\nuse actix_web::web;\n";
    assert_eq!(faulty_lines(libraries, "src/broker/relay.rs", bad), [1, 2]);
    assert_eq!(faulty_lines(libraries, "src/broker/rabbitmq/mod.rs", bad), [2]);
    assert!(faulty_lines(libraries, "src/store/mod.rs", "let x = \"lapin\"; // sqlx\n").is_empty());
}

#[test]
fn sql_outside_the_store_is_found() {
    let bad =
        "let a = \"\n  SELECT id\n  FROM people\";\nlet b = \"SELECT your school FROM a list\";";
    assert_eq!(faulty_lines(sql, "src/api/mod.rs", bad), [1, 4]);
    assert!(faulty_lines(sql, "src/store/postgres/people.rs", bad).is_empty());
    let prose = "let a = \"Select a school from the list\";";
    assert!(faulty_lines(sql, "src/web/form.rs", prose).is_empty());
}
