//! Whether a child can exist of whom some conditions hold and others do not.
//!
//! Every fact has finitely many values, so the question has an answer; it is decided, not sampled.
//! A condition fails where its negation holds, so all is one conjunction. What is certain is put
//! into a [`Case`], which knows for each fact what is still open; where only "one of these" is
//! certain, each is tried in turn. Whether a rule can ever fire, whether one implies another and
//! whether a sign is covered by several together are all this question.
//!
//! It knows no relation between facts, such as that a new child has no earlier referrals: it may
//! call possible what never happens, and never calls impossible what does.

use crate::domain::expression::Expr;
use crate::domain::facts::{Fact, FactId, Facts, Shape, Table};

/// What was found.
#[derive(Clone, Debug)]
pub enum Possible {
    /// Of this child: little more is said of it than must be.
    Yes(Box<Facts>),
    No,
    /// Too many ways to try: the condition should be split.
    TooLarge,
}

/// Most alternatives that are tried for one question.
const MOST: u32 = 5_000;

/// Whether all of `hold` can hold of a child of whom none of `fail` does.
pub fn possible(table: &Table, hold: &[&Expr], fail: &[&Expr]) -> Possible {
    let negated: Vec<Expr> = fail.iter().map(|expr| negation(expr, table)).collect();
    let mut case = Case::open(table);
    let mut choices = Vec::new();
    let all = hold.iter().copied().chain(&negated);
    for expr in all {
        if !case.assume(expr, &mut choices) {
            return Possible::No;
        }
    }
    let mut left = MOST;
    match search(case, choices, &mut left) {
        Some(Some(case)) => Possible::Yes(Box::new(case.child(table))),
        Some(None) => Possible::No,
        None => Possible::TooLarge,
    }
}

/// What holds exactly where `expr` does not.
fn negation(expr: &Expr, table: &Table) -> Expr {
    let each = |parts: &[Expr]| parts.iter().map(|part| negation(part, table)).collect();
    match expr {
        Expr::Const(value) => Expr::Const(!value),
        Expr::Any(fact, mask) if is_set(table, *fact) => Expr::None(*fact, *mask),
        Expr::Any(fact, mask) => Expr::Any(*fact, table.fact(*fact).all() & !mask),
        Expr::None(fact, mask) => Expr::Any(*fact, *mask),
        Expr::All(parts) => Expr::Either(each(parts)),
        Expr::Either(parts) => Expr::All(each(parts)),
    }
}

fn is_set(table: &Table, fact: FactId) -> bool {
    table.fact(fact).shape == Shape::Codes
}

/// What is certain so far.
#[derive(Clone)]
struct Case {
    /// For each fact the values that it may have; of a set, the codes that it may hold.
    open: Vec<u128>,
    /// Sets that hold one of these codes at least.
    held: Vec<(FactId, u128)>,
    sets: Vec<bool>,
}

/// Alternatives of which one must hold.
type Choice<'e> = Vec<&'e Expr>;

impl Case {
    fn open(table: &Table) -> Self {
        let facts = table.facts();
        Case {
            open: facts.iter().map(Fact::all).collect(),
            held: Vec::new(),
            sets: facts.iter().map(|fact| fact.shape == Shape::Codes).collect(),
        }
    }

    fn of(&self, fact: FactId) -> u128 {
        self.open[usize::from(fact.0)]
    }

    fn is_set(&self, fact: FactId) -> bool {
        self.sets[usize::from(fact.0)]
    }

    /// Whether an expression is certain, or certainly false, by what is known so far.
    fn settled(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Const(value) => Some(*value),
            Expr::Any(fact, mask) => self.touches(*fact, *mask),
            Expr::None(fact, mask) => self.touches(*fact, *mask).map(|touches| !touches),
            Expr::All(parts) => self.all(parts, true),
            Expr::Either(parts) => self.all(parts, false).map(|none| !none),
        }
    }

    /// Whether every part is `wanted`.
    fn all(&self, parts: &[Expr], wanted: bool) -> Option<bool> {
        let mut certain = true;
        for part in parts {
            match self.settled(part) {
                Some(value) if value == wanted => {}
                Some(_) => return Some(false),
                None => certain = false,
            }
        }
        certain.then_some(true)
    }

    /// Whether a fact has one of these values.
    fn touches(&self, fact: FactId, mask: u128) -> Option<bool> {
        let open = self.of(fact);
        if open & mask == 0 {
            return Some(false);
        }
        let certain = if self.is_set(fact) {
            let held = self.held.iter().filter(|(of, _)| *of == fact);
            held.into_iter().any(|(_, codes)| codes & open & !mask == 0)
        } else {
            open & !mask == 0
        };
        certain.then_some(true)
    }

    /// Adds what holds; alternatives go to `choices`. False where it cannot hold.
    fn assume<'e>(&mut self, expr: &'e Expr, choices: &mut Vec<Choice<'e>>) -> bool {
        match expr {
            Expr::Const(value) => return *value,
            Expr::Any(fact, mask) if self.is_set(*fact) => self.held.push((*fact, *mask)),
            Expr::Any(fact, mask) => self.open[usize::from(fact.0)] &= mask,
            Expr::None(fact, mask) => self.open[usize::from(fact.0)] &= !mask,
            Expr::All(parts) => return parts.iter().all(|part| self.assume(part, choices)),
            Expr::Either(parts) => choices.push(parts.iter().collect()),
        }
        self.is_possible()
    }

    fn is_possible(&self) -> bool {
        let mut facts = self.open.iter().zip(&self.sets);
        facts.all(|(open, is_set)| *is_set || *open != 0)
            && self.held.iter().all(|(fact, codes)| self.of(*fact) & codes != 0)
    }

    /// A child of this case, of whom nothing is said that need not be.
    fn child(&self, table: &Table) -> Facts {
        let mut child = table.nothing();
        for (place, (fact, open)) in (0_u8..).zip(table.facts().iter().zip(&self.open)) {
            let id = FactId(place);
            if fact.shape != Shape::Codes && child.mask(id) & open == 0 {
                child.set(id, lowest(*open));
            }
        }
        for (fact, codes) in &self.held {
            let has = child.mask(*fact);
            if has & codes == 0 {
                child.set(*fact, has | lowest(codes & self.of(*fact)));
            }
        }
        child
    }
}

fn lowest(mask: u128) -> u128 {
    mask & mask.wrapping_neg()
}

/// A case in which every choice is made; the inner none where there is none, the outer where
/// looking for it takes more than the tries that are `left`.
fn search<'e>(
    mut case: Case,
    mut choices: Vec<Choice<'e>>,
    left: &mut u32,
) -> Option<Option<Case>> {
    // What is certain by now first: where one alternative is left, it holds.
    let mut place = 0;
    while place < choices.len() {
        choices[place].retain(|one| case.settled(one) != Some(false));
        let choice = &choices[place];
        if choice.iter().any(|one| case.settled(one) == Some(true)) {
            choices.swap_remove(place);
            continue;
        }
        match choice.as_slice() {
            [] => return Some(None),
            [only] => {
                let only: &'e Expr = only;
                choices.swap_remove(place);
                if !case.assume(only, &mut choices) {
                    return Some(None);
                }
                place = 0;
            }
            _ => place += 1,
        }
    }
    let fewest = (0..choices.len()).min_by_key(|place| choices[*place].len());
    let Some(fewest) = fewest else { return Some(Some(case)) };
    for one in choices.swap_remove(fewest) {
        *left = left.checked_sub(1)?;
        let (mut tried, mut rest) = (case.clone(), choices.clone());
        if tried.assume(one, &mut rest)
            && let Some(found) = search(tried, rest, left)?
        {
            return Some(Some(found));
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::{AGE, CONCERNS, HARM_STATED, UNBORN, WORDS_NEGATED, WORDS_NOTICED};
    use proptest::prelude::*;

    fn table() -> Table {
        Table::new(&[], &["a".to_owned(), "b".to_owned(), "c".to_owned()])
    }

    /// Small facts of both kinds, so that every child can be looked at.
    const SMALL: [FactId; 4] = [UNBORN, HARM_STATED, WORDS_NOTICED, WORDS_NEGATED];

    fn every_child(table: &Table) -> Vec<Facts> {
        let mut children = vec![table.nothing()];
        for id in SMALL {
            let fact = table.fact(id);
            let values: Vec<u128> = match fact.shape {
                Shape::Codes => (0..=fact.all()).collect(),
                _ => (0..fact.values.len()).map(|bit| 1 << bit).collect(),
            };
            let with = |child: &Facts, value: u128| {
                let mut child = *child;
                child.set(id, value);
                child
            };
            let each = children.iter().flat_map(|child| values.iter().map(|v| with(child, *v)));
            children = each.collect();
        }
        children
    }

    fn condition() -> impl Strategy<Value = Expr> {
        let test =
            (0..SMALL.len(), any::<u128>(), any::<bool>()).prop_map(|(place, mask, none)| {
                let (table, id) = (table(), SMALL[place]);
                let mask = mask & table.fact(id).all();
                if none && is_set(&table, id) { Expr::None(id, mask) } else { Expr::Any(id, mask) }
            });
        let leaf = prop_oneof![9 => test, 1 => any::<bool>().prop_map(Expr::Const)];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let parts = proptest::collection::vec(inner, 0..4);
            prop_oneof![parts.clone().prop_map(Expr::All), parts.prop_map(Expr::Either)]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn what_is_decided_is_what_looking_at_every_child_finds(
            hold in proptest::collection::vec(condition(), 1..4),
            fail in proptest::collection::vec(condition(), 0..4),
        ) {
            let table = table();
            let (hold, fail): (Vec<&Expr>, Vec<&Expr>) =
                (hold.iter().collect(), fail.iter().collect());
            let fits = |child: &Facts| {
                hold.iter().all(|one| one.holds(child)) && !fail.iter().any(|one| one.holds(child))
            };
            let exists = every_child(&table).iter().any(fits);
            match possible(&table, &hold, &fail) {
                Possible::Yes(child) => prop_assert!(exists && fits(&child)),
                Possible::No => prop_assert!(!exists),
                Possible::TooLarge => prop_assert!(false, "these are small"),
            }
        }
    }

    fn compiled(source: &str) -> Expr {
        Expr::compile(source, &table()).expect("sound")
    }

    fn can(hold: &[&str], fail: &[&str]) -> Option<bool> {
        let (hold, fail): (Vec<Expr>, Vec<Expr>) = (
            hold.iter().map(|s| compiled(s)).collect(),
            fail.iter().map(|s| compiled(s)).collect(),
        );
        let (hold, fail): (Vec<&Expr>, Vec<&Expr>) = (hold.iter().collect(), fail.iter().collect());
        match possible(&table(), &hold, &fail) {
            Possible::Yes(_) => Some(true),
            Possible::No => Some(false),
            Possible::TooLarge => None,
        }
    }

    #[test]
    fn a_set_may_hold_one_code_and_lack_another_and_an_age_is_one_number() {
        assert_eq!(can(&["\"16A\" in concerns"], &["\"17A\" in concerns"]), Some(true));
        assert_eq!(can(&["\"16A\" in concerns"], &["concerns != []"]), Some(false));
        assert_eq!(can(&["age > 12", "age >= 0 && age < 13"], &[]), Some(false));
        assert_eq!(can(&["age > 12"], &["age > 13"]), Some(true));
        let both = "\"16A\" in concerns || \"17A\" in concerns";
        let each = ["\"16A\" in concerns", "\"17A\" in concerns"];
        assert_eq!(can(&[both], &each), Some(false), "two rules together cover a third");
    }

    #[test]
    fn of_the_child_that_is_found_no_more_is_said_than_must_be() {
        let expr = compiled("age > 12 && (\"16A\" in concerns || \"17A\" in concerns)");
        let Possible::Yes(child) = possible(&table(), &[&expr], &[]) else { panic!("it can") };
        assert_eq!(child.mask(CONCERNS).count_ones(), 1);
        assert_eq!(Some(child.mask(AGE)), table().fact(AGE).bit("13"));
        assert_eq!(child.mask(UNBORN), table().nothing().mask(UNBORN));
    }

    #[test]
    fn a_condition_with_too_many_ways_is_given_up() {
        // Pigeons: each of eight codes says that it is one of seven, and no two are the same.
        let bit = |pigeon: u32, hole: u32| 1_u128 << (pigeon * 5 + hole);
        let pairs = |(a, b): (u32, u32), hole| {
            let either = [bit(a, hole), bit(b, hole)];
            Expr::Either(either.map(|mask| Expr::None(CONCERNS, mask)).to_vec())
        };
        let mut all: Vec<Expr> =
            (0..8).map(|pigeon| Expr::Any(CONCERNS, 0b11111 << (pigeon * 5))).collect();
        for hole in 0..5 {
            for a in 0..8 {
                all.extend((0..a).map(|b| pairs((a, b), hole)));
            }
        }
        let expr = Expr::All(all);
        assert!(matches!(possible(&table(), &[&expr], &[]), Possible::TooLarge));
    }
}
