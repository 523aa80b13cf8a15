//! XML 1.0 (fifth edition) to located values, strictly, without losing or guessing.
//!
//! `<a:PPN xmlns:a="x" grade="2">Seen <b>now</b> at home<b/></a:PPN>` is read as
//! `{"PPN": {"@grade": "2", "#text": "Seen at home", "b": [{"#text": "now"}, {}]}}`:
//!
//! - The whole is an object with one member, named as the outermost element.
//! - An element is an object: its attributes as `@name`, its own text, if any, as `#text`, then
//!   its child elements, those of one name always as one list, in the order of their first.
//! - Names are local names: prefixes are dropped, and `xmlns` declarations are no members. So two
//!   attributes that differ in their prefix only are the same attribute twice, and refused.
//! - Text between two child elements is one piece, trimmed; pieces are joined by one blank. CDATA
//!   is text. Comments and processing instructions are skipped, and do not part a piece.
//! - An attribute's value is not trimmed; line breaks and tabs in it are blanks (section 3.3.3).
//! - The five predefined entities and references by number are resolved. Any other entity and any
//!   DOCTYPE are refused, so nothing expands and nothing is fetched.
//! - UTF-8, US-ASCII, ISO-8859-1 and windows-1252 are read as declared, UTF-16 by its byte order
//!   mark. ISO-8859-1 is read as windows-1252, as the WHATWG Encoding Standard has it.
//! - Places are XPaths of local names, `/PPN/Person[2]/@grade`; a text has its element's place.
//! - Size is bounded by [`LIMITS`] and [`ATTRIBUTES`]; text is as long as the body may be.

use crate::adapter::json::LIMITS;
use crate::adapter::located::{Data, Located, Place, Step};
use crate::domain::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use quick_xml::errors::IllFormedError::{
    MismatchedEndTag, MissingDoctypeName, UnclosedReference, UnmatchedEndTag,
};
use quick_xml::errors::SyntaxError::{InvalidBangMarkup, UnclosedDoctype};
use quick_xml::{Error, escape::resolve_xml_entity, events::Event};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Attributes of one element, `xmlns` declarations counted.
const ATTRIBUTES: usize = 200;

/// White space as XML has it (section 2.3). A no-break space is text.
const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// Reads one document.
///
/// # Errors
/// `NotReadable` (rules `encoding`, `xml`, `incomplete`, `trailing-content`, `doctype`, `entity`),
/// `DuplicateKey` (`duplicate-key`) or `TooDeep` (`depth`, `node-count`, `list-length`,
/// `attribute-count`, `key-length`), with line and column, and the innermost open element as an
/// XPath; where none is open, or the bytes are no text, that is empty.
pub fn read(bytes: &[u8]) -> Result<Located, Refusal> {
    let text = decode(bytes)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut document = Document { text, at: 0, nodes: 0, open: Vec::new(), root: None };
    document.read().map_err(|stop| {
        let pointer = document.open.last().map(|open| open.place.to_string()).unwrap_or_default();
        refuse(&pointer, &text[..text.floor_char_boundary(document.at)], stop)
    })
}

/// Why reading stops. In the ask, `#` is where the limit goes.
#[derive(Clone, Copy)]
struct Stop {
    kind: RefusalKind,
    rule: &'static str,
    ask: &'static str,
    limit: usize,
}

impl Stop {
    const fn unread(rule: &'static str, ask: &'static str) -> Self {
        Stop { kind: RefusalKind::NotReadable, rule, ask, limit: 0 }
    }

    const fn beyond(limit: usize, rule: &'static str, ask: &'static str) -> Self {
        Stop { kind: RefusalKind::TooDeep, rule, ask, limit }
    }
}

const MISDECLARED: Stop =
    Stop::unread("encoding", "Declare the encoding that the bytes are in, best UTF-8");
const OTHER_ENCODING: Stop =
    Stop::unread("encoding", "Encode the document as UTF-8; its encoding is not read here");
const NO_CHARACTER: Stop =
    Stop::unread("encoding", "Encode the document as UTF-8 and declare that; a byte is no text");
const MARKUP: Stop =
    Stop::unread("xml", "Write < in text as &lt;, and mend the name, comment or ]]> at fault");
const DECLARATION: Stop =
    Stop::unread("xml", "Put the XML declaration at the very start, with its version first");
const ATTRIBUTE: Stop =
    Stop::unread("xml", "Write each attribute as name=\"value\" after a blank, < in it as &lt;");
const END_TAG: Stop =
    Stop::unread("xml", "Close each element by its own name, and before the element around it");
const FORBIDDEN: Stop = Stop::unread("xml", "XML 1.0 does not allow this character; take it out");
const TEXT_OUTSIDE: Stop = Stop::unread("xml", "Put all text within the outermost element");
const INCOMPLETE: Stop =
    Stop::unread("incomplete", "The XML ends before all is closed; send the whole document again");
const TRAILING: Stop =
    Stop::unread("trailing-content", "Send one outermost element and nothing after it");
const DOCTYPE: Stop = Stop::unread("doctype", "Leave out the DOCTYPE; none is read here");
const ENTITY: Stop =
    Stop::unread("entity", "Write & as &amp;, and other characters as such or by number");
const NUMBERED: Stop =
    Stop::unread("entity", "This reference by number stands for no character that XML 1.0 allows");
const TWICE: Stop = Stop {
    kind: RefusalKind::DuplicateKey,
    ..Stop::unread("duplicate-key", "Give each attribute once, prefixes not counted; one is twice")
};
const DEPTH: Stop = Stop::beyond(LIMITS.depth, "depth", "Nest elements at most # deep");
const NODES: Stop =
    Stop::beyond(LIMITS.nodes, "node-count", "Send at most # elements, attributes and texts");
const CHILDREN: Stop =
    Stop::beyond(LIMITS.items, "list-length", "Give an element at most # children of one name");
const MANY_ATTRIBUTES: Stop =
    Stop::beyond(ATTRIBUTES, "attribute-count", "Give an element at most # attributes");
const NAME: Stop = Stop::beyond(LIMITS.key_bytes, "key-length", "Use names of at most # bytes");

/// The refusal at a place, and after all text that stood before it.
fn refuse(pointer: &str, before: &str, stop: Stop) -> Refusal {
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let ask = stop.ask.replace('#', &stop.limit.to_string());
    let ask = format!("{ask} (line {line}, column {column})");
    let fault = Unread { pointer: pointer.to_owned(), rule: stop.rule.to_owned(), ask };
    Refusal { kind: stop.kind, faults: vec![fault] }
}

/// A document that is being read.
struct Document<'a> {
    text: &'a str,
    /// Where what is being read begins; after a stop, the byte that it is about.
    at: usize,
    nodes: usize,
    /// The elements around it, outermost first.
    open: Vec<Open>,
    root: Option<(Rc<str>, Located)>,
}

/// An element whose end has not come yet.
struct Open {
    name: Rc<str>,
    place: Place,
    /// The names of all attributes that came, `xmlns` declarations too.
    written: BTreeSet<String>,
    attributes: Vec<(Rc<str>, Located)>,
    children: Vec<(Rc<str>, Vec<Located>)>,
    /// Where in `children` each name stands.
    names: BTreeMap<Rc<str>, usize>,
    /// The pieces that are complete.
    text: String,
    piece: String,
}

impl Document<'_> {
    fn read(&mut self) -> Result<Located, Stop> {
        let mut source = quick_xml::Reader::from_str(self.text);
        loop {
            let event = source.read_event();
            let event = event.map_err(|error| self.no_xml(&error, source.error_position()))?;
            let end = usize::try_from(source.buffer_position()).unwrap_or(usize::MAX);
            let raw = self.text.get(self.at..end).unwrap_or_default();
            self.hold(raw.find(|c| !is_allowed(c)), FORBIDDEN)?;
            match event {
                Event::Start(tag) => self.start(&tag)?,
                Event::Empty(tag) => self.start(&tag).and_then(|()| self.end())?,
                Event::End(_) => self.end()?,
                Event::Text(text) => self.characters(&text)?,
                Event::CData(text) => self.own_text()?.push_str(&text),
                Event::GeneralRef(name) => self.own_text()?.push(resolved(&name)?),
                Event::Decl(tag) if self.at == 0 && declaration(&tag).is_some() => {}
                Event::Decl(_) => return Err(DECLARATION),
                Event::DocType(_) => return Err(DOCTYPE),
                Event::Comment(_) => {
                    // All but the last hyphen; section 2.5 does not allow a third one there.
                    let inner = raw.get(4..raw.len().saturating_sub(2)).unwrap_or_default();
                    self.hold(inner.find("--").map(|at| at + 4), MARKUP)?;
                }
                Event::PI(_) => {}
                Event::Eof => break,
            }
            self.at = end;
        }
        self.at = self.text.len();
        let root = self.root.take().ok_or(INCOMPLETE)?;
        Ok(Located::new(Data::Object(vec![root]), Place::document()))
    }

    /// What the parser's error means for the sender.
    fn no_xml(&mut self, error: &Error, at: u64) -> Stop {
        self.at = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let goes_on = rest.get(1..).is_some_and(|rest| rest.contains(['<', '&']));
        match error {
            Error::Syntax(UnclosedDoctype) | Error::IllFormed(MissingDoctypeName) => DOCTYPE,
            Error::Syntax(InvalidBangMarkup) if rest.contains('>') => MARKUP,
            Error::Syntax(_) => INCOMPLETE,
            Error::IllFormed(_) if self.root.is_some() => TRAILING,
            Error::IllFormed(UnclosedReference) if goes_on => ENTITY,
            Error::IllFormed(UnclosedReference) => INCOMPLETE,
            Error::IllFormed(MismatchedEndTag { .. } | UnmatchedEndTag(_)) => END_TAG,
            _ => MARKUP,
        }
    }

    /// Why something other than an element stands outside the outermost element.
    fn outside(&self) -> Stop {
        if self.root.is_some() { TRAILING } else { TEXT_OUTSIDE }
    }

    /// Stops where a fault was found, so many bytes on.
    fn hold(&mut self, found: Option<usize>, stop: Stop) -> Result<(), Stop> {
        self.at += found.unwrap_or_default();
        if found.is_some() { Err(stop) } else { Ok(()) }
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > LIMITS.nodes { Err(NODES) } else { Ok(()) }
    }

    /// The text of the innermost open element, to go on with.
    fn own_text(&mut self) -> Result<&mut String, Stop> {
        let outside = self.outside();
        self.open.last_mut().map(|open| &mut open.piece).ok_or(outside)
    }

    fn characters(&mut self, text: &str) -> Result<(), Stop> {
        if self.open.is_empty() {
            return self.hold(text.find(|c| !BLANK.contains(&c)), self.outside());
        }
        self.hold(text.find("]]>"), MARKUP)?;
        self.own_text()?.push_str(text);
        Ok(())
    }

    /// A piece of text is complete, for an element begins or ends.
    fn end_piece(&mut self) -> Result<(), Stop> {
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        let piece = std::mem::take(&mut open.piece);
        let piece = piece.trim_matches(BLANK);
        if piece.is_empty() {
            return Ok(());
        }
        if !open.text.is_empty() {
            open.text.push(' ');
        }
        open.text.push_str(piece);
        self.count()
    }

    /// A start tag, without its angle brackets.
    fn start(&mut self, tag: &str) -> Result<(), Stop> {
        if self.root.is_some() {
            return Err(TRAILING);
        }
        self.end_piece()?;
        if self.open.len() == LIMITS.depth {
            return Err(DEPTH);
        }
        let name = tag.split(BLANK).next().unwrap_or_default();
        let local = local_name(name)?;
        self.count()?;
        let mut open = match self.open.last_mut() {
            Some(parent) => parent.child(local)?,
            None => Open::new(local.into(), Place::document(), 1),
        };
        let read = Attributes(&tag[name.len()..]).try_for_each(|attribute| {
            let (name, value) = attribute?;
            self.count()?;
            open.attribute(name, value)
        });
        self.open.push(open);
        read
    }

    fn end(&mut self) -> Result<(), Stop> {
        self.end_piece()?;
        let (name, element) = self.open.pop().ok_or(END_TAG)?.close();
        match self.open.last_mut() {
            None => self.root = Some((name, element)),
            Some(parent) => {
                let at = parent.names.get(&name).and_then(|at| parent.children.get_mut(*at));
                at.ok_or(END_TAG)?.1.push(element);
            }
        }
        Ok(())
    }
}

impl Open {
    fn new(name: Rc<str>, parent: Place, nth: usize) -> Self {
        let place = Place::of(Step::Element(parent, Rc::clone(&name), nth));
        let (written, attributes) = (BTreeSet::new(), Vec::new());
        let (children, names) = (Vec::new(), BTreeMap::new());
        let (text, piece) = (String::new(), String::new());
        Open { name, place, written, attributes, children, names, text, piece }
    }

    /// A child of this name that begins.
    fn child(&mut self, name: &str) -> Result<Open, Stop> {
        let at = self.names.get(name).copied().unwrap_or(self.children.len());
        if at == self.children.len() {
            let name: Rc<str> = name.into();
            self.names.insert(Rc::clone(&name), at);
            self.children.push((name, Vec::new()));
        }
        let group = self.children.get(at).filter(|(_, list)| list.len() < LIMITS.items);
        let (name, list) = group.ok_or(CHILDREN)?;
        Ok(Open::new(Rc::clone(name), self.place.clone(), list.len() + 1))
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), Stop> {
        let local = local_name(name)?;
        let declares = name == "xmlns" || name.starts_with("xmlns:");
        if self.written.len() == ATTRIBUTES {
            return Err(MANY_ATTRIBUTES);
        }
        if !self.written.insert(if declares { name } else { local }.to_owned()) {
            return Err(TWICE);
        }
        let value = attribute_value(value)?;
        let place = Place::of(Step::Attribute(self.place.clone(), local.into()));
        if !declares {
            self.attributes.push((format!("@{local}").into(), Located::text(&value, place)));
        }
        Ok(())
    }

    fn close(self) -> (Rc<str>, Located) {
        let mut members = self.attributes;
        if !self.text.is_empty() {
            members.push(("#text".into(), Located::text(&self.text, self.place.clone())));
        }
        members.extend(self.children.into_iter().map(|(name, list)| {
            // All of a name is where the first of them is: `/PPN/Person`.
            let place = Place::of(Step::Element(self.place.clone(), Rc::clone(&name), 1));
            (name, Located::new(Data::List(list), place))
        }));
        (self.name, Located::new(Data::Object(members), self.place))
    }
}

/// The attributes in what is left of a tag: name and raw value.
struct Attributes<'a>(&'a str);

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(&'a str, &'a str), Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = part(self.0);
        let ended = self.0.trim_start_matches(BLANK).is_empty();
        self.0 = part.map_or("", |(_, _, rest)| rest);
        (!ended).then_some(part.map(|(name, value, _)| (name, value)).ok_or(ATTRIBUTE))
    }
}

/// The first attribute's name and raw value, and what stands after it.
fn part(left: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = left.strip_prefix(BLANK)?.split_once('=')?;
    let rest = rest.trim_start_matches(BLANK);
    let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let (value, rest) = rest.strip_prefix(quote)?.split_once(quote)?;
    Some((name.trim_matches(BLANK), value, rest))
}

/// References resolved, and white space made blanks.
fn attribute_value(raw: &str) -> Result<String, Stop> {
    if raw.contains('<') {
        return Err(ATTRIBUTE);
    }
    let mut value = String::with_capacity(raw.len());
    for (nth, part) in raw.split('&').enumerate() {
        let mut text = part;
        if nth > 0 {
            let (name, after) = part.split_once(';').ok_or(ENTITY)?;
            value.push(resolved(name)?);
            text = after;
        }
        value.extend(text.chars().map(|c| if BLANK.contains(&c) { ' ' } else { c }));
    }
    Ok(value)
}

/// What stands between `&` and `;` as the character it is for (sections 4.1 and 4.6).
fn resolved(name: &str) -> Result<char, Stop> {
    if let Some(text) = resolve_xml_entity(name) {
        return text.chars().next().ok_or(ENTITY);
    }
    let number = name.strip_prefix('#').ok_or(ENTITY)?;
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    // The parser below would take a sign.
    let number = digits.chars().all(|c| c.is_digit(radix)).then_some(digits);
    let number = number.and_then(|digits| u32::from_str_radix(digits, radix).ok());
    number.and_then(char::from_u32).filter(|c| is_allowed(*c)).ok_or(NUMBERED)
}

/// The names and values between the `<?` and the `?>` of an XML declaration; `None` for what is
/// none, as section 2.8 has it.
fn declaration(tag: &str) -> Option<Vec<(&str, &str)>> {
    let parts: Vec<_> = Attributes(tag.strip_prefix("xml")?).collect::<Result<_, _>>().ok()?;
    parts.first().is_some_and(|(name, _)| *name == "version").then_some(parts)
}

/// The name without its prefix, where it is one (Namespaces in XML 1.0, section 4).
fn local_name(name: &str) -> Result<&str, Stop> {
    if name.len() > LIMITS.key_bytes {
        return Err(NAME);
    }
    let (prefix, local) = name.split_once(':').unwrap_or((name, name));
    if is_name(prefix) && is_name(local) { Ok(local) } else { Err(MARKUP) }
}

/// Section 2.3, without the colon.
fn is_name(name: &str) -> bool {
    let goes_on = |c| {
        matches!(c, '-' | '.' | '0'..='9' | '\u{b7}')
            || matches!(c, '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
    };
    name.starts_with(begins_name) && name.chars().all(|c| begins_name(c) || goes_on(c))
}

fn begins_name(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Section 2.2.
fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The document as text, its line ends as section 2.11 has them.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let marked = bytes.strip_prefix(b"\xEF\xBB\xBF");
    let body = marked.unwrap_or(bytes);
    let text = match body {
        // UTF-32, or UTF-16 without its mark.
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..] => {
            return Err(refuse("", "", OTHER_ENCODING));
        }
        [0xFF, 0xFE, units @ ..] => utf_16(units, u16::from_le_bytes)?,
        [0xFE, 0xFF, units @ ..] => utf_16(units, u16::from_be_bytes)?,
        _ => match declared(body).as_deref().unwrap_or("utf-8") {
            "utf-8" | "utf8" => utf_8(body)?,
            "us-ascii" | "ascii" if body.is_ascii() => utf_8(body)?,
            "us-ascii" | "ascii" | "utf-16" => return Err(refuse("", "", MISDECLARED)),
            _ if marked.is_some() => return Err(refuse("", "", MISDECLARED)),
            "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" => windows_1252(body)?,
            _ => return Err(refuse("", "", OTHER_ENCODING)),
        },
    };
    if !text.contains('\r') {
        return Ok(text);
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n").into())
}

/// The encoding that the XML declaration names, in small letters, where it names any.
fn declared(bytes: &[u8]) -> Option<String> {
    let inner = bytes.strip_prefix(b"<?")?;
    let end = inner.windows(2).position(|pair| pair == b"?>")?;
    let parts = declaration(std::str::from_utf8(&inner[..end]).ok()?)?;
    let (_, name) = parts.into_iter().find(|(name, _)| *name == "encoding")?;
    Some(name.to_ascii_lowercase())
}

fn utf_8(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        refuse("", before, error.error_len().map_or(INCOMPLETE, |_| NO_CHARACTER))
    })
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Refusal> {
    let (pairs, half) = bytes.as_chunks();
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(character.map_err(|_| refuse("", &text, NO_CHARACTER))?);
    }
    if !half.is_empty() {
        return Err(refuse("", &text, INCOMPLETE));
    }
    let fits = declared(text.as_bytes()).is_none_or(|name| name.starts_with("utf-16"));
    if fits { Ok(text.into()) } else { Err(refuse("", "", MISDECLARED)) }
}

/// The characters of 0x80 to 0x9F (unicode.org, CP1252.TXT); U+FFFD where there is none.
const FROM_80: &str = "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}Ž\u{fffd}\u{fffd}‘’“”•–—˜™š›œ\u{fffd}žŸ";

fn windows_1252(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let special = |byte: u8| FROM_80.chars().nth(usize::from(byte.checked_sub(0x80)?));
    let text: String = bytes.iter().map(|b| special(*b).unwrap_or(char::from(*b))).collect();
    match text.split_once('\u{fffd}') {
        Some((before, _)) => Err(refuse("", before, NO_CHARACTER)),
        None => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests;
