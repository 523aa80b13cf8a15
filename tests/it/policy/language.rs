//! What an expression means is what CEL says it means: generated expressions, lowered and
//! evaluated here, and interpreted by the `cel` crate, must agree on generated facts.

use super::*;
use cel::{Context, Program, Value as Cel};
use frontdoor::domain::expression::Expr;
use frontdoor::domain::facts::{Fact, FactId, Facts, Shape, Table};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn table() -> &'static Table {
    CALDERDALE.facts.table()
}

fn names() -> Vec<&'static str> {
    table().facts().iter().map(|fact| fact.name).collect()
}

fn quoted(fact: &Fact, value: &String) -> String {
    match fact.shape {
        Shape::Count { .. } => value.clone(),
        _ => format!("\"{value}\""),
    }
}

/// A comparison of a fact that CEL accepts; the loader may still want an unknown age to be named.
fn comparison() -> impl Strategy<Value = String> {
    let signs = select(vec!["==", "!=", "<", "<=", ">", ">="]);
    (select(names()), signs, vec(any::<Index>(), 1..4), any::<bool>()).prop_map(
        |(name, sign, picks, turned)| {
            let (_, fact) = table().find(name).expect("a fact");
            let values: Vec<String> =
                picks.iter().map(|pick| quoted(fact, pick.get(&fact.values[..]))).collect();
            let text = match (fact.shape, picks.len()) {
                (Shape::Codes, 1) => format!("{name} {} []", if turned { "==" } else { "!=" }),
                (Shape::Codes, _) => format!("{} in {name}", values[0]),
                (_, 3) => format!("{name} in [{}]", values.join(", ")),
                (Shape::Choice, _) if turned => format!("{} == {name}", values[0]),
                (Shape::Choice, _) => format!("{name} != {}", values[0]),
                (Shape::Count { .. }, _) if turned => format!("{} {sign} {name}", values[0]),
                (Shape::Count { .. }, _) => format!("{name} {sign} {}", values[0]),
            };
            match name {
                // Naming the unknown age satisfies the loader and changes nothing in CEL.
                "age" => format!("(age == -1 && {text} || age >= 0 && {text})"),
                _ => text,
            }
        },
    )
}

fn expression() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![9 => comparison(), 1 => select(vec!["true".to_owned(), "false".to_owned()])];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} || {b})")),
        ]
    })
}

/// Facts with a value each, as masks and as CEL values.
fn facts() -> impl Strategy<Value = (Facts, Vec<(&'static str, Cel)>)> {
    vec((any::<Index>(), any::<u128>()), table().facts().len()).prop_map(|picks| {
        let mut facts = table().nothing();
        let mut values = Vec::new();
        for (index, (fact, (pick, codes))) in table().facts().iter().zip(picks).enumerate() {
            let id = FactId(u8::try_from(index).expect("few facts"));
            let chosen = pick.index(fact.values.len());
            let value = match fact.shape {
                Shape::Codes => {
                    // Empty now and then, and never all.
                    let held = if chosen == 0 { 0 } else { codes & fact.all() };
                    facts.set(id, held);
                    let names = fact.values.iter().enumerate();
                    let names = names.filter(|(bit, _)| held >> bit & 1 == 1);
                    let names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
                    Cel::from(names)
                }
                Shape::Choice => {
                    facts.set(id, 1 << chosen);
                    Cel::from(fact.values[chosen].as_str())
                }
                Shape::Count { lowest } => {
                    facts.set(id, 1 << chosen);
                    Cel::from(i64::from(lowest) + i64::try_from(chosen).expect("small"))
                }
            };
            values.push((fact.name, value));
        }
        (facts, values)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lowered_expressions_mean_what_cel_says(
        source in expression(), given in vec(facts(), 4)
    ) {
        let lowered = Expr::compile(&source, table());
        let lowered = match lowered {
            Ok(lowered) => lowered,
            Err(fault) => return Err(TestCaseError::reject(fault.what)),
        };
        let program = Program::compile(&source).expect("CEL reads what we read");
        for (facts, values) in given {
            let mut context = Context::default();
            for (name, value) in values {
                context.add_variable_from_value(name, value);
            }
            let expected = program.execute(&context).expect("CEL evaluates it");
            prop_assert_eq!(Cel::Bool(lowered.holds(&facts)), expected, "{}", source);
        }
    }
}

#[test]
fn every_shipped_expression_is_cel() {
    let text = std::fs::read_to_string(calderdale_dir().join("thresholds.yaml")).expect("a file");
    let lines: Vec<&str> = text.lines().collect();
    let mut seen = 0;
    for (index, line) in lines.iter().enumerate() {
        if line.trim() == "when: >-" {
            let body = lines[index + 1..].iter().take_while(|line| line.starts_with("      "));
            let source: Vec<&str> = body.map(|line| line.trim()).collect();
            let source = source.join(" ");
            Program::compile(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
            seen += 1;
        }
    }
    assert!(seen > CALDERDALE.policy.rules.len(), "rules and advice");
}
