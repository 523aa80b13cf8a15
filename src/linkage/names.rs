//! A name as it is compared: folded text, the families of names it belongs to, and its sound.

use super::text::{Few, Text, mark};
use rapidfuzz::distance::{jaro, osa};
use rphonetic::DoubleMetaphone;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word of a name.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Name {
    /// Folded: lower case, no diacritics, no apostrophes.
    pub text: Text<20>,
    /// Marks of the families of names it belongs to (nicknames, spellings, endings).
    pub families: Few<u16, 3>,
    /// Mark of its Double Metaphone code; 0 when it has none.
    pub sound: u16,
    /// The letters it has, one bit each: most names are told apart by these alone.
    letters: u32,
    /// Mark of the text itself: a name may be the one that others stand for.
    own: u16,
    second_name: bool,
    prefix: bool,
}

/// How two names agree, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Agreement {
    Exact,
    /// A nickname or another spelling of the same name.
    Family,
    /// A slip or two of the keys apart.
    Typo,
    /// They sound alike.
    Sound,
    /// One is the other's initial.
    Initial,
    /// Much alike, no more.
    Similar,
    Apart,
}

/// Jaro similarity from which two names are much alike.
const SIMILAR: f64 = 0.82;

impl Name {
    /// A name from one folded word.
    pub fn new(word: &str) -> Self {
        let mut families = Few::default();
        for root in roots(word) {
            families.add(mark(root));
        }
        Self::assemble(Text::new(word), families, mark_of_sound(word))
    }

    /// A name from its stored parts.
    pub(super) fn assemble(text: Text<20>, families: Few<u16, 3>, sound: u16) -> Self {
        let of = |marks: &[u16]| families.as_slice().iter().any(|family| marks.contains(family));
        let (second_name, prefix) = (of(&MARKS.second_names), of(&MARKS.prefixes));
        let letters = letters(text.as_bytes());
        Name { text, families, sound, letters, own: mark(text.as_str()), second_name, prefix }
    }

    /// Symmetric. Allocates nothing.
    pub fn agree(&self, other: &Name) -> Agreement {
        let (one, two) = (self.text.as_bytes(), other.text.as_bytes());
        if one == two {
            return Agreement::Exact;
        }
        let (ours, theirs) = (self.families.as_slice(), other.families.as_slice());
        let shared = ours.iter().any(|family| theirs.contains(family));
        if shared || ours.contains(&other.own) || theirs.contains(&self.own) {
            return Agreement::Family;
        }
        if one.len() == 1 || two.len() == 1 {
            let same = one.first() == two.first();
            return if same { Agreement::Initial } else { Agreement::Apart };
        }
        let (only_one, only_two) =
            (missing(self.letters, other.letters), missing(other.letters, self.letters));
        if only_one.max(only_two) <= 2 && a_slip_apart(one, two) {
            return Agreement::Typo;
        }
        if self.sound != 0 && self.sound == other.sound {
            return Agreement::Sound;
        }
        if !may_be_similar(one.len(), only_one, two.len(), only_two) {
            return Agreement::Apart;
        }
        // The order of arguments must not matter, to the last bit.
        let (one, two) = if one <= two { (one, two) } else { (two, one) };
        let args = jaro::Args::default().score_cutoff(SIMILAR);
        let alike = jaro::similarity_with_args(one.iter().copied(), two.iter().copied(), &args);
        if alike.is_some() { Agreement::Similar } else { Agreement::Apart }
    }

    /// The best agreement between any of these and any of those; `None` when either is empty.
    pub fn best(these: &[Name], those: &[Name]) -> Option<Agreement> {
        let pairs = these.iter().flat_map(|this| those.iter().map(move |that| this.agree(that)));
        pairs.min()
    }

    /// The marks under which how often it is borne is counted: its families', or its own.
    pub(super) fn counted(&self) -> &[u16] {
        let families = self.families.as_slice();
        if families.is_empty() { std::slice::from_ref(&self.own) } else { families }
    }

    /// Whether it is one of the second names that come and go, or that very many bear.
    pub fn is_second_name(&self) -> bool {
        self.second_name
    }

    /// Whether it is an honorific that stands before the name in use.
    pub fn is_prefix(&self) -> bool {
        self.prefix
    }
}

/// The letters and digits of a text, one bit each (a few share one).
fn letters(text: &[u8]) -> u32 {
    text.iter().fold(0, |all, byte| all | 1 << (byte & 31))
}

/// How many letters of `these` are not among `those`.
fn missing(these: u32, those: u32) -> usize {
    usize::try_from((these & !those).count_ones()).unwrap_or(usize::MAX)
}

/// Whether the Jaro similarity can reach [`SIMILAR`] at all: a letter that the other lacks is never
/// matched. Saves the work for most pairs, and changes nothing.
fn may_be_similar(one: usize, only_one: usize, two: usize, only_two: usize) -> bool {
    let matched = one.saturating_sub(only_one).min(two.saturating_sub(only_two)) as f64;
    (matched / one as f64 + matched / two as f64 + 1.0) / 3.0 >= SIMILAR
}

/// One slip of the keys (two in long text): insertion, deletion, substitution or transposition.
pub(super) fn a_slip_apart(one: &[u8], two: &[u8]) -> bool {
    let (short, long) = (one.len().min(two.len()), one.len().max(two.len()));
    let allowed = match (short, long) {
        (7.., _) => 2,
        (_, 4..) => 1,
        _ => return false,
    };
    within_slips(one, two, allowed)
}

fn within_slips(one: &[u8], two: &[u8], allowed: usize) -> bool {
    let (these, those) = (letters(one), letters(two));
    // Each slip brings in at most one letter that the other lacks.
    if one.len().abs_diff(two.len()) > allowed
        || missing(these, those).max(missing(those, these)) > allowed
    {
        return false;
    }
    let args = osa::Args::default().score_cutoff(allowed);
    osa::distance_with_args(one.iter().copied(), two.iter().copied(), &args).is_some()
}

/// Lists of words that a profile is standardised with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub titles: Vec<String>,
    pub unborn: Vec<String>,
    pub unknown: Vec<String>,
    pub joining: Vec<String>,
    pub particles: Vec<String>,
    second_names: Vec<String>,
    prefixes: Vec<String>,
    endings: Vec<(String, String)>,
    pub streets: Vec<Vec<String>>,
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    toml::from_str(include_str!("data/words.toml")).expect("words.toml is read by a test")
});

/// The families of names, from the data files: form → first words of its lines.
static FAMILIES: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let files = [include_str!("data/transliterations.txt"), include_str!("data/nicknames.txt")];
    let mut families: HashMap<_, Vec<_>> = HashMap::new();
    for line in files.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
        let mut forms = line.split_whitespace();
        let Some(root) = forms.next() else { continue };
        for form in std::iter::once(root).chain(forms) {
            let roots = families.entry(form).or_default();
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
    }
    families
});

/// Every spelling, of six letters or more, of an honorific or a second name, with its root.
static LISTED_FORMS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let listed = WORDS.second_names.iter().chain(&WORDS.prefixes);
    let listed: Vec<&str> = listed.map(String::as_str).collect();
    let forms = FAMILIES.iter().filter(|(form, _)| form.len() >= 6);
    let mut forms: Vec<_> = forms
        .filter_map(|(form, roots)| {
            Some((*form, *roots.iter().find(|root| listed.contains(root))?))
        })
        .collect();
    forms.sort_unstable();
    forms
});

struct Marks {
    second_names: Vec<u16>,
    prefixes: Vec<u16>,
}

static MARKS: LazyLock<Marks> = LazyLock::new(|| {
    let marks = |words: &[String]| words.iter().map(|word| mark(word)).collect();
    Marks { second_names: marks(&WORDS.second_names), prefixes: marks(&WORDS.prefixes) }
});

/// The families of names that a folded word belongs to, at most three.
pub fn roots(word: &str) -> Vec<&str> {
    if let Some(roots) = FAMILIES.get(word) {
        return roots.iter().take(3).copied().collect();
    }
    let listed = WORDS.second_names.iter().chain(&WORDS.prefixes);
    if let Some(word) = listed.map(String::as_str).find(|listed| *listed == word) {
        return vec![word];
    }
    stem(word).or_else(|| nearly_listed(word)).into_iter().collect()
}

/// The honorific or second name that a word is a slip away from. Those that so many bear are told
/// from others' names even when they are mistyped.
fn nearly_listed(word: &str) -> Option<&'static str> {
    if word.len() < 6 {
        return None;
    }
    let near =
        LISTED_FORMS.iter().find(|(form, _)| within_slips(form.as_bytes(), word.as_bytes(), 1));
    near.map(|(_, root)| *root)
}

/// What remains of a family name when the ending of its gender is cut.
fn stem(word: &str) -> Option<&str> {
    let endings = WORDS.endings.iter().flat_map(|(one, two)| [one, two]);
    let cut = endings.filter(|ending| !ending.is_empty());
    let mut stems = cut.filter_map(|ending| word.strip_suffix(ending.as_str()));
    stems.find(|stem| stem.len() >= 4)
}

/// The Double Metaphone code (primary, at most six letters) of a folded word.
pub(super) fn sound(word: &str) -> String {
    static METAPHONE: LazyLock<DoubleMetaphone> = LazyLock::new(|| DoubleMetaphone::new(Some(6)));
    // The crate was made for Latin letters; other scripts are compared by their letters alone.
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return String::new();
    }
    METAPHONE.double_metaphone(word).primary()
}

fn mark_of_sound(word: &str) -> u16 {
    let code = sound(word);
    if code.len() < 2 { 0 } else { mark(&code) }
}

/// Compatibility decomposition, diacritics folded, lower case, apostrophes dropped; whatever is
/// not a letter, a digit or a comma becomes a blank.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.nfkd().filter(|char| !is_combining_mark(*char)) {
        match char {
            '\'' | '’' | '‘' | '`' | 'ʼ' | '´' | '.' => {}
            ',' => out.push(','),
            _ if char.is_alphanumeric() => {
                for lower in char.to_lowercase().filter(|char| !is_combining_mark(*char)) {
                    match lower {
                        'ł' => out.push('l'),
                        'ø' => out.push('o'),
                        'đ' | 'ð' => out.push('d'),
                        'ı' => out.push('i'),
                        'ħ' => out.push('h'),
                        'ß' => out.push_str("ss"),
                        'æ' => out.push_str("ae"),
                        'œ' => out.push_str("oe"),
                        'þ' => out.push_str("th"),
                        other => out.push(other),
                    }
                }
            }
            _ => out.push(' '),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(one: &str, two: &str) -> Agreement {
        let (one, two) = (Name::new(&fold(one)), Name::new(&fold(two)));
        assert_eq!(one.agree(&two), two.agree(&one));
        one.agree(&two)
    }

    #[test]
    fn the_word_lists_are_read() {
        assert!(WORDS.titles.iter().any(|title| title == "mrs"));
        assert!(FAMILIES.len() > 1_000);
    }

    #[test]
    fn nicknames_spellings_and_endings_are_of_one_family() {
        for (one, two) in [
            ("Bill", "William"),
            ("Alex", "Alexandra"),
            ("Mohammed", "Muhammad"),
            ("Hussein", "Hussain"),
            ("Nováková", "Novák"),
            ("Kowalska", "Kowalski"),
            ("Łukasz", "Lukas"),
        ] {
            assert_eq!(agree(one, two), Agreement::Family, "{one} {two}");
        }
        assert_eq!(agree("Alexander", "Alexandra"), Agreement::Typo);
        assert_eq!(agree("Grace", "Oscar"), Agreement::Apart);
    }

    #[test]
    fn accents_apostrophes_and_case_do_not_matter() {
        assert_eq!(agree("O'Brien", "OBRIEN"), Agreement::Exact);
        assert_eq!(agree("Zoë", "zoe"), Agreement::Exact);
    }

    #[test]
    fn slips_of_the_keys_and_sounds_are_told_from_other_names() {
        assert_eq!(agree("Smith", "Smiht"), Agreement::Typo);
        assert_eq!(agree("Quinn", "Quynn"), Agreement::Typo);
        assert_eq!(agree("Saville", "Sutcliffe"), Agreement::Apart);
        assert_eq!(agree("Whyte", "Wite"), Agreement::Sound);
        assert_eq!(agree("Philpotts", "Filpots"), Agreement::Sound);
        assert_eq!(agree("J", "Jack"), Agreement::Initial);
        assert_eq!(agree("Ali", "Ava"), Agreement::Apart);
    }

    #[test]
    fn second_names_and_prefixes_are_known_in_every_spelling() {
        assert!(Name::new("khatun").is_second_name());
        assert!(Name::new("mohd").is_prefix());
        assert!(!Name::new("smith").is_second_name());
    }
}
