//! The words of all pages, by name: `messages/en.ftl`, over which an authority may lay words of its
//! own (`messages.ftl` in its folder). They are in the format of Project Fluent, and read at start.

use anyhow::{Context, Result, anyhow, bail};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What pages say where an authority says nothing else.
const OURS: &str = include_str!("../../messages/en.ftl");
/// Its name in faults.
const OURS_AT: &str = "messages/en.ftl";
/// An authority's own words, in its folder.
pub const THEIRS: &str = "messages.ftl";

/// Ready to be said.
pub struct Texts(FluentBundle<FluentResource>);

impl Texts {
    /// Ours alone.
    ///
    /// # Errors
    /// When a message cannot be read.
    pub fn ours() -> Result<Self> {
        Self::with(None)
    }

    /// Ours, and over them what stands in the authority's folder, if anything does.
    ///
    /// # Errors
    /// When the file cannot be read, or says something that no page asks for.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(THEIRS);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::with(Some(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::ours(),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    fn with(theirs: Option<&str>) -> Result<Self> {
        let english = "en-GB".parse().context("a language")?;
        let mut bundle = FluentBundle::new_concurrent(vec![english]);
        // The marks around what is filled in are for text that runs from right to left.
        bundle.set_use_isolating(false);
        let twice = |faults: Vec<FluentError>| anyhow!("{OURS_AT}: {faults:?}");
        bundle.add_resource(parse(OURS_AT, OURS)?).map_err(twice)?;
        if let Some(theirs) = theirs {
            let read = parse(THEIRS, theirs)?;
            compare(&entries(OURS), theirs)?;
            bundle.add_resource_overriding(read);
        }
        Ok(Texts(bundle))
    }

    /// The message of this name.
    pub fn say(&self, name: &str) -> String {
        self.format(name, None)
    }

    /// The message of this name, where there is one: not every question has a hint.
    pub fn say_if_any(&self, name: &str) -> Option<String> {
        self.0.has_message(name).then(|| self.say(name))
    }

    /// The message of this name, with one thing filled in.
    pub fn fill(&self, name: &str, blank: &str, value: &str) -> String {
        let mut args = FluentArgs::new();
        args.set(blank.to_owned(), value.to_owned());
        self.format(name, Some(&args))
    }

    /// A test finds every name that is asked for and is not there; until then people see the name.
    fn format(&self, name: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.0.get_message(name).and_then(|message| message.value()) else {
            tracing::error!(code = "message-missing", name, "no message has this name");
            return format!("[{name}]");
        };
        let mut faults = Vec::new();
        self.0.format_pattern(pattern, args, &mut faults).into_owned()
    }
}

fn parse(file: &str, text: &str) -> Result<FluentResource> {
    FluentResource::try_new(text.to_owned()).map_err(|(_, faults)| {
        let at = |offset: usize| {
            1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
        };
        let told = faults.iter().map(|fault| {
            format!(
                "{file}:{}: cannot be read: {}; write `name = words` on one line, and further \
                 lines of the same message indented",
                at(fault.pos.start),
                fault.kind
            )
        });
        anyhow!("{}", told.collect::<Vec<_>>().join("\n"))
    })
}

/// One message as it stands in a file.
#[derive(Debug, Default)]
struct Entry<'a> {
    line: usize,
    /// What is filled in, each as `$name`.
    blanks: BTreeSet<&'a str>,
}

/// A message begins at the first column; whatever is indented belongs to it.
fn entries(text: &str) -> BTreeMap<&str, Entry<'_>> {
    let mut found: BTreeMap<&str, Entry<'_>> = BTreeMap::new();
    let mut of = "";
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = text;
        if let Some((name, rest)) = text.split_once('=')
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            (of, words) = (name.trim(), rest);
            found.entry(of).or_default().line = line;
        }
        let blanks = words.split('$').skip(1).map(|after| {
            let ends = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
            &after[..ends.unwrap_or(after.len())]
        });
        if !text.starts_with('#') && !of.is_empty() {
            found.entry(of).or_default().blanks.extend(blanks);
        }
    }
    found
}

/// Whatever an authority says must be asked for by a page, and fill in no more than the page knows.
fn compare(ours: &BTreeMap<&str, Entry<'_>>, theirs: &str) -> Result<()> {
    for (name, entry) in entries(theirs) {
        let line = entry.line;
        let Some(known) = ours.get(name) else {
            bail!(
                "{THEIRS}:{line}: no page says `{name}`: take a name from {OURS_AT}, or leave it \
                 out"
            );
        };
        if let Some(blank) = entry.blanks.difference(&known.blanks).next() {
            bail!(
                "{THEIRS}:{line}: `{name}` cannot fill in `${blank}`: use only what {OURS_AT} \
                 fills in there"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Texts, entries};

    #[test]
    fn an_authority_s_words_go_over_ours() {
        let texts = Texts::with(Some("duty-title = Ring us\n")).expect("in order");
        assert_eq!(texts.say("duty-title"), "Ring us");
        let ours = Texts::ours().expect("in order");
        assert_ne!(ours.say("duty-title"), "Ring us");
        assert_eq!(texts.say("layout-skip"), ours.say("layout-skip"));
    }

    #[test]
    fn a_fault_names_the_file_the_line_and_a_mend() {
        for (text, told) in [
            ("# Ours\nduty-titel = Ring us\n", "messages.ftl:2: no page says `duty-titel`"),
            ("duty-title = Ring { $number }\n", "messages.ftl:1: `duty-title` cannot fill in"),
            ("duty-title = Ring us\n\nnothing at all\n", "messages.ftl:3: cannot be read"),
        ] {
            let fault = Texts::with(Some(text)).err().expect("a fault").to_string();
            assert!(fault.contains(told), "{fault}");
        }
    }

    #[test]
    fn a_message_s_lines_and_blanks_are_found() {
        let text = "# a = { $no }\na = one { $two }\n    and { $three-3 }\nb = four\n";
        let found = entries(text);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found["a"].blanks.iter().copied().collect::<Vec<_>>(), ["three-3", "two"]);
        assert_eq!((found["a"].line, found["b"].line), (2, 4));
    }
}
