//! Words noticed in free text: a transparent list of phrases by topic, with negations told apart.
//!
//! A phrase is noticed wherever its words stand in order; `*` at a word's end stands for any
//! ending. It counts as negated only when a negation reaches it through filler words of the same
//! clause ("no evidence of sexual abuse"), or when a plain denial follows ("self-harm: none").
//! Anything else between them, as in "did not want him to touch her", leaves it noticed: to read
//! a text that says nothing costs a social worker a minute. What stands within a harmless turn of
//! phrase ("knife skills") is not noticed at all.

use std::collections::{HashMap, HashSet};

/// One topic of the list.
#[derive(Clone, Debug)]
pub struct Topic {
    pub id: String,
    pub phrases: Vec<String>,
}

/// Words that turn a phrase round.
#[derive(Clone, Debug, Default)]
pub struct Negations {
    /// `no`, `not`, `never` …
    pub before: Vec<String>,
    /// Words that may stand between a negation and a phrase: `evidence`, `of`, `any` …
    pub fillers: Vec<String>,
    /// Denials that follow a phrase; one of a single word must end its clause.
    pub after: Vec<String>,
    /// Turns of phrase in which what would be noticed says nothing.
    pub harmless: Vec<String>,
}

/// Topics found, as bits in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Words {
    pub noticed: u128,
    /// Found, but each time negated.
    pub negated: u128,
}

/// The list, ready to search.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    topics: Vec<String>,
    phrases: Vec<Phrase>,
    /// First two letters of a phrase's first word to the phrases that begin so.
    by_start: HashMap<[u8; 2], Vec<usize>>,
    before: HashSet<String>,
    fillers: HashSet<String>,
    after: Vec<Vec<String>>,
    harmless: Vec<Vec<String>>,
}

#[derive(Clone, Debug)]
struct Phrase {
    topic: usize,
    words: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    any_ending: bool,
}

impl Pattern {
    fn fits(&self, word: &str) -> bool {
        match self.any_ending {
            true => word.starts_with(&self.text),
            false => word == self.text,
        }
    }
}

/// One text, lower case, cut into words; an empty word ends a clause.
#[derive(Default)]
struct Cut {
    letters: String,
    words: Vec<(usize, usize)>,
}

impl Cut {
    fn of(text: &str) -> Self {
        let mut cut = Cut::default();
        cut.take(text);
        cut
    }

    fn take(&mut self, text: &str) {
        self.letters.clear();
        self.words.clear();
        let mut start = 0;
        for c in text.chars() {
            match c {
                '\'' | '’' | '‘' => {}
                c if c.is_ascii_alphanumeric() => self.letters.push(c.to_ascii_lowercase()),
                c if c.is_alphanumeric() => self.letters.extend(c.to_lowercase()),
                c => {
                    self.end_word(&mut start);
                    if matches!(c, '.' | ',' | ';' | '!' | '?' | '\n' | '\r') {
                        self.words.push((start, start));
                    }
                }
            }
        }
        self.end_word(&mut start);
    }

    fn end_word(&mut self, start: &mut usize) {
        let end = self.letters.len();
        if end > *start {
            self.words.push((*start, end));
            *start = end;
        }
    }

    /// The word at a place; empty at the end of a clause, and beyond the text.
    fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |(start, end)| &self.letters[*start..*end])
    }
}

fn start_of(word: &str) -> Option<[u8; 2]> {
    word.as_bytes().get(..2)?.try_into().ok()
}

impl Phrases {
    /// At most 128 topics; a phrase's first word needs two letters. Returns the phrase at fault.
    pub fn new(topics: Vec<Topic>, negations: Negations) -> Result<Self, String> {
        let mut list = Phrases {
            before: negations.before.into_iter().collect(),
            fillers: negations.fillers.into_iter().collect(),
            after: negations.after.iter().map(|text| words_of(text)).collect(),
            harmless: negations.harmless.iter().map(|text| words_of(text)).collect(),
            ..Default::default()
        };
        for (topic, Topic { id, phrases }) in topics.into_iter().enumerate() {
            for text in phrases {
                let words = patterns(&text);
                let first = words.first().and_then(|word| start_of(&word.text));
                let Some(start) = first.filter(|_| topic < 128) else {
                    return Err(text);
                };
                list.by_start.entry(start).or_default().push(list.phrases.len());
                list.phrases.push(Phrase { topic, words });
            }
            list.topics.push(id);
        }
        Ok(list)
    }

    /// Names of the topics, in order.
    pub fn topics(&self) -> Vec<String> {
        self.topics.clone()
    }

    /// Searches every text that `visit` hands over.
    pub fn find<'a>(&self, visit: impl FnOnce(&mut dyn FnMut(&'a str))) -> Words {
        let mut found = Words::default();
        let mut cut = Cut::default();
        visit(&mut |text| {
            cut.take(text);
            self.find_in(&cut, &mut found);
        });
        found.negated &= !found.noticed;
        found
    }

    fn find_in(&self, cut: &Cut, found: &mut Words) {
        for at in 0..cut.words.len() {
            let starts = start_of(cut.word(at)).and_then(|start| self.by_start.get(&start));
            for phrase in starts.into_iter().flatten().map(|index| &self.phrases[*index]) {
                let mut words = phrase.words.iter().enumerate();
                let end = at + phrase.words.len();
                let stands = words.all(|(offset, word)| word.fits(cut.word(at + offset)));
                if stands && !self.is_harmless(cut, at, end) {
                    let bit = 1_u128 << phrase.topic;
                    match self.is_negated(cut, at, end) {
                        true => found.negated |= bit,
                        false => found.noticed |= bit,
                    }
                }
            }
        }
    }

    /// Whether a harmless turn of phrase holds all of the words.
    fn is_harmless(&self, cut: &Cut, start: usize, end: usize) -> bool {
        let stands_at = |turn: &[String], at: usize| {
            turn.iter().enumerate().all(|(offset, word)| cut.word(at + offset) == word)
        };
        let holds = |turn: &Vec<String>| {
            (end.saturating_sub(turn.len())..=start).any(|at| stands_at(turn, at))
        };
        self.harmless.iter().any(holds)
    }

    fn is_negated(&self, cut: &Cut, start: usize, end: usize) -> bool {
        for index in (0..start).rev() {
            let word = cut.word(index);
            if self.before.contains(word) {
                return true;
            }
            if !self.fillers.contains(word) {
                break;
            }
        }
        self.after.iter().any(|denial| {
            let mut words = denial.iter().enumerate();
            let follows = words.all(|(offset, word)| cut.word(end + offset) == word);
            follows && (denial.len() > 1 || cut.word(end + 1).is_empty())
        })
    }
}

fn words_of(text: &str) -> Vec<String> {
    let cut = Cut::of(text);
    let words = (0..cut.words.len()).map(|index| cut.word(index).to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn patterns(text: &str) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for part in text.split_whitespace() {
        let words = words_of(part);
        let last = words.len().saturating_sub(1);
        for (index, text) in words.into_iter().enumerate() {
            patterns.push(Pattern { text, any_ending: index == last && part.ends_with('*') });
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Phrases {
        let topic = |id: &str, phrases: &[&str]| Topic {
            id: id.to_owned(),
            phrases: phrases.iter().map(|p| (*p).to_owned()).collect(),
        };
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
        let topics = vec![
            topic("sexual", &["sexual* abuse*", "touch* her", "rape*"]),
            topic("self-harm", &["self-harm*", "kill herself"]),
        ];
        let negations = Negations {
            before: words(&["no", "not", "never"]),
            fillers: words(&["evidence", "of", "any", "been", "sign"]),
            after: words(&["none", "no", "ruled out"]),
            harmless: words(&["rape seed oil"]),
        };
        Phrases::new(topics, negations).expect("a sound list")
    }

    fn found(text: &str) -> (u128, u128) {
        let words = list().find(|scan| scan(text));
        (words.noticed, words.negated)
    }

    #[test]
    fn a_phrase_is_noticed_whatever_its_case_endings_and_punctuation() {
        for text in ["She was Sexually abused", "SEXUAL   ABUSE", "“rape”", "sexual-abuse"] {
            assert_eq!(found(text), (1, 0), "{text}");
        }
        assert_eq!(found("says she'll kill herself; self harming"), (2, 0));
        assert_eq!(found("a happy child, sexual health lesson"), (0, 0));
    }

    #[test]
    fn a_plain_negation_in_the_same_clause_is_told_apart() {
        for text in [
            "no evidence of sexual abuse",
            "she has never been sexually abused",
            "Sexual abuse: none. All well",
            "sexual abuse ruled out by the hospital",
        ] {
            assert_eq!(found(text), (0, 1), "{text}");
        }
    }

    #[test]
    fn a_negation_of_something_else_leaves_the_phrase_noticed() {
        for text in [
            "she did not want him to touch her",
            "no one believed the rape",
            "Dad is not home, sexual abuse is feared",
            "no evidence of sexual abuse then. Sexual abuse disclosed today",
            "rape no one believed",
        ] {
            assert_eq!(found(text), (1, 0), "{text}");
        }
    }

    #[test]
    fn what_a_harmless_turn_of_phrase_holds_is_not_noticed_and_what_goes_beyond_it_is() {
        for text in ["cooks with rape-seed oil", "rape seed oil", "Rape seed oil. All well"] {
            assert_eq!(found(text), (0, 0), "{text}");
        }
        for text in ["rape seed", "rape. Seed oil", "rape seed oil, she said rape", "rape"] {
            assert_eq!(found(text), (1, 0), "{text}");
        }
    }

    #[test]
    fn a_phrase_without_two_letters_to_begin_with_is_a_fault() {
        let topics = vec![Topic { id: "x".into(), phrases: vec!["a lot".into()] }];
        assert_eq!(Phrases::new(topics, Negations::default()).err().as_deref(), Some("a lot"));
    }
}
