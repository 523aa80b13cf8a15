//! From CEL's syntax tree to masks.

use super::{Expr, ExprFault};
use crate::domain::facts::{Fact, FactId, Shape, Table};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr as Cel, LiteralValue, operators as op};
use cel::parser::Parser;

/// Longest expression that is read, in bytes.
const LONGEST: usize = 4_000;
/// Deepest nesting of brackets.
const DEEPEST: u16 = 40;

pub(super) fn compile(source: &str, table: &Table) -> Result<Expr, ExprFault> {
    if source.len() > LONGEST {
        return Err(fault("is too long", "split the rule into several"));
    }
    let parser = Parser::new().max_recursion_depth(DEEPEST);
    let tree = parser.parse(source).map_err(|errors| {
        let first = errors.errors.first();
        let line = first.map_or(1, |e| usize::try_from(e.pos.0).unwrap_or(1).max(1));
        let text = first.map_or("it cannot be read", |e| e.msg.lines().next().unwrap_or_default());
        ExprFault {
            line,
            what: format!("is not CEL: {text}"),
            mend: "write comparisons of facts joined by &&, || and !, for example \
                   danger_now == \"yes\" || \"16A\" in concerns"
                .to_owned(),
        }
    })?;
    let (expr, unsaid) = Lowering { table }.lower(&tree, true)?.settle();
    match unsaid {
        None => Ok(expr),
        Some(fact) => Err(unsaid_unknown(table.fact(fact))),
    }
}

fn fault(what: &str, mend: &str) -> ExprFault {
    ExprFault { line: 1, what: what.to_owned(), mend: mend.to_owned() }
}

fn unsaid_unknown(fact: &Fact) -> ExprFault {
    let unknown = &fact.values[0];
    let name = fact.name;
    fault(
        &format!("compares {name} so that an unknown {name}, which is {unknown}, would count"),
        &format!(
            "say what unknown does: add `{name} >= 0 &&` to leave it out, or \
             `{name} == {unknown} ||` to count it in"
        ),
    )
}

/// An expression on its way down, with what it does with an unknown count.
enum Low {
    Const(bool),
    /// `unsaid`: accepts an unknown count, by a comparison that does not name it.
    Any {
        fact: FactId,
        mask: u128,
        unsaid: bool,
    },
    None(FactId, u128),
    All(Vec<Low>),
    Either(Vec<Low>),
}

impl Low {
    /// The finished expression, and the first fact whose unknown value slips in.
    fn settle(self) -> (Expr, Option<FactId>) {
        let several = |parts: Vec<Low>| {
            let mut first = None;
            let settle = |part: Low| {
                let (expr, unsaid) = part.settle();
                first = first.or(unsaid);
                expr
            };
            let parts: Vec<Expr> = parts.into_iter().map(settle).collect();
            (parts, first)
        };
        match self {
            Low::Const(value) => (Expr::Const(value), None),
            Low::Any { fact, mask, unsaid } => (Expr::Any(fact, mask), unsaid.then_some(fact)),
            Low::None(fact, mask) => (Expr::None(fact, mask), None),
            Low::All(parts) => {
                let (parts, unsaid) = several(parts);
                (Expr::All(parts), unsaid)
            }
            Low::Either(parts) => {
                let (parts, unsaid) = several(parts);
                (Expr::Either(parts), unsaid)
            }
        }
    }
}

struct Lowering<'a> {
    table: &'a Table,
}

impl Lowering<'_> {
    /// Lowers to an expression that holds when `tree` is `wanted`.
    fn lower(&self, tree: &IdedExpr, wanted: bool) -> Result<Low, ExprFault> {
        match &tree.expr {
            Cel::Literal(LiteralValue::Boolean(value)) => Ok(Low::Const(*value.inner() == wanted)),
            Cel::Call(call) if call.target.is_none() => self.call(call, wanted),
            Cel::Ident(name) => {
                self.fact(name)?;
                let text = format!("uses {name} by itself");
                Err(fault(&text, &format!("compare it: {name} == \"yes\"")))
            }
            _ => Err(not_in_the_subset()),
        }
    }

    fn call(&self, call: &CallExpr, wanted: bool) -> Result<Low, ExprFault> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_NOT, [inner]) => self.lower(inner, !wanted),
            // De Morgan: `!(a && b)` is `!a || !b`.
            (op::LOGICAL_AND, parts) => self.join(parts, wanted, wanted),
            (op::LOGICAL_OR, parts) => self.join(parts, wanted, !wanted),
            (op::IN, [left, right]) => self.member(left, right, wanted),
            (name, [left, right]) => match comparison(name) {
                Some(compare) => self.compare(left, compare, right, wanted),
                None => Err(not_in_the_subset()),
            },
            _ => Err(not_in_the_subset()),
        }
    }

    fn join(&self, parts: &[IdedExpr], wanted: bool, all: bool) -> Result<Low, ExprFault> {
        let mut joined: Vec<Low> = Vec::new();
        for part in parts {
            match (self.lower(part, wanted)?, all) {
                (Low::All(inner), true) | (Low::Either(inner), false) => {
                    inner.into_iter().for_each(|one| self.merge(&mut joined, one, all));
                }
                (one, _) => self.merge(&mut joined, one, all),
            }
        }
        Ok(if all { Low::All(joined) } else { Low::Either(joined) })
    }

    /// Adds a test to its siblings; two of the same fact of one value become one.
    fn merge(&self, joined: &mut Vec<Low>, one: Low, all: bool) {
        let Low::Any { fact, mask, unsaid } = one else {
            joined.push(one);
            return;
        };
        let is_set = self.table.fact(fact).shape == Shape::Codes;
        for sibling in joined.iter_mut() {
            let Low::Any { fact: same, mask: held, unsaid: slips } = sibling else { continue };
            if *same != fact || (is_set && all) {
                continue;
            }
            // Bit 0 of a count is its unknown value, where it has one.
            let either_names_it = (*held & 1 != 0 && !*slips) || (mask & 1 != 0 && !unsaid);
            *held = if all { *held & mask } else { *held | mask };
            *slips = (*slips || unsaid) && *held & 1 != 0 && !either_names_it;
            return;
        }
        joined.push(Low::Any { fact, mask, unsaid });
    }

    /// `"code" in set` or `fact in [values]`.
    fn member(&self, left: &IdedExpr, right: &IdedExpr, wanted: bool) -> Result<Low, ExprFault> {
        match (&left.expr, &right.expr) {
            (_, Cel::Ident(name)) => {
                let (id, found) = self.fact(name)?;
                if found.shape != Shape::Codes {
                    let text = format!("looks into {name}, which has one value");
                    return Err(fault(&text, &format!("write {name} in [\"…\", \"…\"]")));
                }
                let mask = bit_of(found, left)?;
                Ok(if wanted { any(id, mask, false) } else { Low::None(id, mask) })
            }
            (Cel::Ident(name), Cel::List(list)) => {
                let (id, found) = self.fact(name)?;
                if found.shape == Shape::Codes {
                    let text = format!("asks whether all of {name} is in a list");
                    return Err(fault(&text, &format!("write \"…\" in {name} || \"…\" in {name}")));
                }
                let bits = list.elements.iter().map(|value| bit_of(found, value));
                let mask = bits.collect::<Result<Vec<_>, _>>()?.into_iter().fold(0, |a, b| a | b);
                Ok(one_of(id, found, mask, wanted, !wanted))
            }
            _ => Err(fault("uses `in` without a fact", "write \"16A\" in concerns")),
        }
    }

    fn compare(
        &self,
        left: &IdedExpr,
        compare: Compare,
        right: &IdedExpr,
        wanted: bool,
    ) -> Result<Low, ExprFault> {
        let (name, value, compare) = match (&left.expr, &right.expr) {
            (Cel::Ident(_), Cel::Ident(_)) => {
                return Err(fault("compares two facts", "compare a fact with a value"));
            }
            (Cel::Ident(name), _) => (name, right, compare),
            (_, Cel::Ident(name)) => (name, left, compare.turned()),
            (Cel::Literal(_), Cel::Literal(_)) => {
                return Err(fault("compares no fact", "compare a fact with a value"));
            }
            _ => return Err(not_in_the_subset()),
        };
        let (id, found) = self.fact(name)?;
        match (found.shape, compare) {
            (Shape::Codes, Compare::Equal | Compare::NotEqual) => {
                if !matches!(&value.expr, Cel::List(list) if list.elements.is_empty()) {
                    let text = format!("compares {name} with something other than []");
                    return Err(fault(&text, &format!("write \"…\" in {name}, or {name} != []")));
                }
                let some = (compare == Compare::NotEqual) == wanted;
                Ok(if some { any(id, found.all(), false) } else { Low::None(id, found.all()) })
            }
            (Shape::Choice, Compare::Equal | Compare::NotEqual) => {
                let mask = bit_of(found, value)?;
                Ok(one_of(id, found, mask, (compare == Compare::Equal) == wanted, false))
            }
            (Shape::Count { lowest }, _) => {
                let number = whole_number(value).ok_or_else(|| wrong_value(found))?;
                if compare == Compare::Equal || compare == Compare::NotEqual {
                    bit_of(found, value)?;
                }
                let accepted = (0_i64..)
                    .zip(&found.values)
                    .filter(|(offset, _)| compare.holds(i64::from(lowest) + offset, number));
                let mask = accepted.fold(0, |mask, (offset, _)| mask | 1_u128 << offset);
                let names_it = if wanted { Compare::Equal } else { Compare::NotEqual };
                Ok(one_of(id, found, mask, wanted, compare != names_it))
            }
            _ => Err(fault(
                &format!("orders {name}, which is not a number"),
                &format!("use == or in with {name}"),
            )),
        }
    }

    fn fact(&self, name: &str) -> Result<(FactId, &Fact), ExprFault> {
        self.table.find(name).ok_or_else(|| {
            let known: Vec<&str> = self.table.facts().iter().map(|fact| fact.name).collect();
            let mend = format!("use a declared fact: {}", known.join(", "));
            fault(&format!("reads {name}, which is no fact"), &mend)
        })
    }
}

fn any(fact: FactId, mask: u128, unsaid: bool) -> Low {
    Low::Any { fact, mask, unsaid }
}

/// A test of a fact of one value. `indirect`: the accepted values were not named one by one.
fn one_of(id: FactId, fact: &Fact, mask: u128, wanted: bool, indirect: bool) -> Low {
    let mask = if wanted { mask } else { fact.all() & !mask };
    let has_unknown = matches!(fact.shape, Shape::Count { lowest } if lowest < 0);
    any(id, mask, indirect && has_unknown && mask & 1 != 0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    /// The same comparison with its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Compare::Less => Compare::Greater,
            Compare::LessEqual => Compare::GreaterEqual,
            Compare::Greater => Compare::Less,
            Compare::GreaterEqual => Compare::LessEqual,
            same => same,
        }
    }

    fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Compare::Equal => left == right,
            Compare::NotEqual => left != right,
            Compare::Less => left < right,
            Compare::LessEqual => left <= right,
            Compare::Greater => left > right,
            Compare::GreaterEqual => left >= right,
        }
    }
}

fn comparison(name: &str) -> Option<Compare> {
    Some(match name {
        op::EQUALS => Compare::Equal,
        op::NOT_EQUALS => Compare::NotEqual,
        op::LESS => Compare::Less,
        op::LESS_EQUALS => Compare::LessEqual,
        op::GREATER => Compare::Greater,
        op::GREATER_EQUALS => Compare::GreaterEqual,
        _ => return None,
    })
}

fn whole_number(tree: &IdedExpr) -> Option<i64> {
    match &tree.expr {
        Cel::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
        Cel::Call(call) if call.func_name == op::NEGATE => {
            call.args.first().and_then(whole_number)?.checked_neg()
        }
        _ => None,
    }
}

/// The bit of a literal, which must be a value that the fact can have.
fn bit_of(fact: &Fact, tree: &IdedExpr) -> Result<u128, ExprFault> {
    let bit = match (&tree.expr, fact.shape) {
        (Cel::Literal(LiteralValue::String(text)), Shape::Choice | Shape::Codes) => {
            fact.bit(text.inner())
        }
        (_, Shape::Count { .. }) => whole_number(tree).and_then(|n| fact.bit(&n.to_string())),
        _ => None,
    };
    bit.ok_or_else(|| wrong_value(fact))
}

fn wrong_value(fact: &Fact) -> ExprFault {
    let text = format!("compares {} with a value that it never has", fact.name);
    fault(&text, &format!("use one of: {}", fact.values.join(", ")))
}

fn not_in_the_subset() -> ExprFault {
    fault(
        "uses a part of CEL that rules may not use",
        "use only ==, !=, <, <=, >, >=, in, &&, ||, !, brackets, texts, numbers and facts",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts;

    fn table() -> Table {
        Table::new(&["upper".to_owned()], &["weapons".to_owned()])
    }

    fn compiled(source: &str) -> Result<Expr, ExprFault> {
        compile(source, &table())
    }

    #[test]
    fn negation_disappears_and_tests_of_one_fact_become_one() {
        let expr = compiled("!(agreement == \"yes\" || agreement == \"no\")").expect("sound");
        let unknown = table().fact(facts::AGREEMENT).bit("unknown").expect("a value");
        assert_eq!(expr, Expr::All(vec![Expr::Any(facts::AGREEMENT, unknown)]));
    }

    #[test]
    fn an_unknown_age_never_slips_into_a_comparison() {
        for source in ["age < 13", "!(age >= 13)", "age != 3", "!(age == 3)", "!(age in [3])"] {
            let fault = compiled(source).expect_err(source);
            assert!(fault.mend.contains("say what unknown does"), "{source}: {fault:?}");
        }
        for source in ["age >= 0 && age < 13", "age == -1 || age < 13", "age > 12", "age in [3]"] {
            compiled(source).unwrap_or_else(|fault| panic!("{source}: {fault:?}"));
        }
    }

    #[test]
    fn what_is_no_part_of_the_language_says_how_to_mend_it() {
        for source in [
            "completeness > 3",
            "ethnicity == \"APKN\"",
            "agreement",
            "agreement == \"maybe\"",
            "\"99Z\" in concerns",
            "concerns.exists(c, c == \"16A\")",
            "size(concerns) > 1",
            "danger_now == \"yes\" ? true : false",
            "age + 1 > 3",
            "age == link",
            "danger_now < \"yes\"",
            "\"yes\" in danger_now",
            "concerns == [\"16A\"]",
            "1 == 1",
            "((",
            "",
        ] {
            let fault = compiled(source).expect_err(source);
            assert!(!fault.what.is_empty() && !fault.mend.is_empty(), "{source}");
        }
    }

    #[test]
    fn an_outermost_condition_is_required() {
        let expr = compiled("agreement == \"yes\" && (link == \"new\" || unborn == \"no\")");
        let expr = expr.expect("sound");
        let yes = table().fact(facts::AGREEMENT).bit("yes").expect("a value");
        assert!(expr.requires(facts::AGREEMENT, yes));
        assert!(!expr.requires(facts::LINK, 1));
    }
}
