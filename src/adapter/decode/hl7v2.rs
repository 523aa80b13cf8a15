//! HL7 version 2 messages in their delimited form (HL7 v2.5 chapter 2, sections 2.5 to 2.7 and
//! 2.15.9), such as the referral REF^I12.
//!
//! `PID|1||9990001234^^^NHS~77^^^LOC||Canary&van^Ash` becomes
//!
//! ```json
//! {"segments": [{"segment": "PID", "1": [{"1": "1"}],
//!     "3": [{"1": "9990001234", "4": "NHS"}, {"1": "77", "4": "LOC"}],
//!     "5": [{"1": {"1": "Canary", "2": "van"}, "2": "Ash"}]}]}
//! ```
//!
//! - A field is a list of its repetitions, each an object of its components; a component is text,
//!   or an object when it has subcomponents. What is empty is no member; an empty repetition
//!   before others is an empty object, so that the others keep their numbers. MSH-1 and MSH-2 are
//!   plain text.
//! - `""` means that the sender deletes a value, and becomes null.
//! - Escapes `\F\ \S\ \T\ \R\ \E\ \X0D\ \.br\` are resolved, highlighting `\H\ \N\` is dropped, and
//!   any other is kept as written.
//! - Segments end with CR, LF or CRLF; the framing bytes of MLLP around a message are tolerated.
//! - Encoding: what MSH-18 names among `ASCII`, `UNICODE UTF-8` and `8859/1` (read as its superset
//!   Windows-1252); else UTF-8 where the bytes are that, and Windows-1252 where they are not and
//!   MSH-18 names nothing. A byte order mark says UTF-8 whatever MSH-18 names.

#[cfg(test)]
mod tests;

use super::csv::windows_1252;
use crate::adapter::located::{Data, Located, Place, Step};
use crate::domain::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use std::collections::HashMap;
use std::rc::Rc;

/// Segments of a message.
const SEGMENTS: usize = 2_000;
/// The highest number of a field.
const FIELDS: usize = 500;
const REPETITIONS: usize = 200;
/// Components of a repetition, and subcomponents of a component.
const COMPONENTS: usize = 100;
/// Fields, repetitions, components and subcomponents of a message, those without text counted.
/// The other limits alone would let a body of a mebibyte take more memory than its reader has.
const PARTS: usize = 50_000;

/// Reads one message.
///
/// # Errors
/// `NotReadable` (rules `hl7v2` and `encoding`) or `TooDeep` (`limit`), with the place as
/// `PID-3[2]`, or `segment 4` where the segment has no name that could be told.
pub fn read(bytes: &[u8]) -> Result<Located, Refusal> {
    let text = decode(bytes)?;
    // An empty line is what stands within CRLF, or somebody's layout.
    let mut lines = text.split(['\r', '\n']).filter(|line| !line.trim().is_empty());
    let header = lines.next().unwrap_or_default();
    if header.get(..3).is_some_and(is_batch) {
        return Err(one_message("segment 1"));
    }
    let Some(after_name) = header.strip_prefix("MSH") else {
        let ask = "Begin the message with its segment MSH";
        return Err(refusal(RefusalKind::NotReadable, "segment 1", "hl7v2", ask));
    };
    let separators = Separators::read(after_name)?;
    if text.chars().filter(|sign| separators.part(*sign)).count() > PARTS {
        return Err(limit(&Place::document(), PARTS, "fields and components in one message"));
    }
    let mut reader = Reader { separators, seen: HashMap::new() };
    let mut segments = vec![reader.header(after_name)?];
    for (number, line) in (2..).zip(lines) {
        if number > SEGMENTS {
            return Err(limit(&Place::document(), SEGMENTS, "segments in one message"));
        }
        segments.push(reader.segment(line, number)?);
    }
    let segments = Located::new(Data::List(segments), Place::document());
    Ok(Located::new(Data::Object(vec![("segments".into(), segments)]), Place::document()))
}

/// The characters that separate, and the one that escapes; the last two may be left out by a
/// message that has no need of them (v2.5 section 2.5.4).
#[derive(Clone, Copy)]
struct Separators {
    field: char,
    component: char,
    repetition: char,
    escape: Option<char>,
    subcomponent: Option<char>,
}

impl Separators {
    /// From MSH-1 and MSH-2, which is what follows the name.
    fn read(after_name: &str) -> Result<Self, Refusal> {
        let segment = Place::of(Step::Segment("MSH".into(), 1));
        let wrong = |field| {
            let at = Place::of(Step::HlField(segment.clone(), field, 1)).to_string();
            let ask = "Name the separators after MSH, each a different sign, as in MSH|^~\\&|";
            refusal(RefusalKind::NotReadable, &at, "hl7v2", ask)
        };
        let mut characters = after_name.chars();
        let field = characters.next().filter(char::is_ascii_punctuation).ok_or_else(|| wrong(1))?;
        let others: Vec<char> = characters.take_while(|c| *c != field).take(6).collect();
        let differ = (1..).zip(&others).all(|(next, c)| !others[next..].contains(c));
        // The fifth says where text was cut off (v2.7); nothing needs it here.
        if !(2..=5).contains(&others.len())
            || !others.iter().all(char::is_ascii_punctuation)
            || !differ
        {
            return Err(wrong(2));
        }
        let (component, repetition) = (others[0], others[1]);
        let (escape, subcomponent) = (others.get(2).copied(), others.get(3).copied());
        Ok(Separators { field, component, repetition, escape, subcomponent })
    }
}

struct Reader<'a> {
    separators: Separators,
    /// How many segments of each name there were.
    seen: HashMap<&'a str, usize>,
}

impl<'a> Reader<'a> {
    fn header(&mut self, after_name: &'a str) -> Result<Located, Refusal> {
        let place = self.place("MSH");
        let field = self.separators.field;
        // Behind MSH-1 stand MSH-2, MSH-3 and so on, separated by MSH-1.
        let mut fields = after_name[field.len_utf8()..].split(field);
        let own = [field.to_string(), fields.next().unwrap_or_default().to_owned()];
        let mut members = vec![named("MSH", &place)];
        for (number, text) in (1..).zip(own) {
            let at = Place::of(Step::HlField(place.clone(), number, 1));
            members.push((key(number), Located::text(&text, at)));
        }
        self.fields(&mut members, &place, (3..).zip(fields))?;
        Ok(Located::new(Data::Object(members), place))
    }

    fn segment(&mut self, line: &'a str, number: usize) -> Result<Located, Refusal> {
        let (name, rest) = line.split_once(self.separators.field).unwrap_or((line, ""));
        let is_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if name.len() != 3 || !name.bytes().all(is_name) {
            let ask = "Begin each line with the name of a segment, three capital letters or \
                       digits; a line break inside a field is written \\.br\\";
            let at = format!("segment {number}");
            return Err(refusal(RefusalKind::NotReadable, &at, "hl7v2", ask));
        }
        let place = self.place(name);
        if name == "MSH" || is_batch(name) {
            return Err(one_message(&place.to_string()));
        }
        let mut members = vec![named(name, &place)];
        self.fields(&mut members, &place, (1..).zip(rest.split(self.separators.field)))?;
        Ok(Located::new(Data::Object(members), place))
    }

    /// The place of the next segment of this name.
    fn place(&mut self, name: &'a str) -> Place {
        let nth = self.seen.entry(name).or_default();
        *nth += 1;
        Place::of(Step::Segment(name.into(), *nth))
    }

    fn fields<'t>(
        &self,
        members: &mut Vec<(Rc<str>, Located)>,
        segment: &Place,
        fields: impl Iterator<Item = (usize, &'t str)>,
    ) -> Result<(), Refusal> {
        for (number, text) in fields {
            if number > FIELDS {
                return Err(limit(segment, FIELDS, "fields in one segment"));
            }
            if text.contains('\0') {
                let at = Place::of(Step::HlField(segment.clone(), number, 1)).to_string();
                let ask = "This field holds a zero byte, which is no text; leave it out";
                return Err(refusal(RefusalKind::NotReadable, &at, "encoding", ask));
            }
            if let Some(field) = self.field(segment, number, text)? {
                members.push((key(number), field));
            }
        }
        Ok(())
    }

    /// The list of repetitions; `None` when there is nothing in them.
    fn field(
        &self,
        segment: &Place,
        number: usize,
        text: &str,
    ) -> Result<Option<Located>, Refusal> {
        let field = Place::of(Step::HlField(segment.clone(), number, 1));
        let mut repetitions = Vec::new();
        let mut stated = 0;
        for (nth, repetition) in (1..).zip(text.split(self.separators.repetition)) {
            if nth > REPETITIONS {
                return Err(limit(&field, REPETITIONS, "repetitions of one field"));
            }
            let place = Place::of(Step::HlField(segment.clone(), number, nth));
            let components = self.components(&place, repetition)?;
            if !components.is_empty() {
                stated = nth;
            }
            repetitions.push(Located::new(Data::Object(components), place));
        }
        repetitions.truncate(stated);
        Ok((stated > 0).then(|| Located::new(Data::List(repetitions), field)))
    }

    fn components(&self, at: &Place, text: &str) -> Result<Vec<(Rc<str>, Located)>, Refusal> {
        let separator = self.separators.subcomponent;
        parts(at, text, self.separators.component, "components", |place, component| {
            let Some(separator) = separator.filter(|separator| component.contains(*separator))
            else {
                return Ok(self.leaf(component));
            };
            let leaf = |_: &Place, subcomponent: &str| Ok(self.leaf(subcomponent));
            let parts = parts(place, component, separator, "subcomponents", leaf)?;
            Ok((!parts.is_empty()).then_some(Data::Object(parts)))
        })
    }

    fn leaf(&self, text: &str) -> Option<Data> {
        match text {
            "" => None,
            "\"\"" => Some(Data::Null),
            _ => Some(Data::Text(self.unescape(text).into())),
        }
    }

    fn unescape(&self, text: &str) -> String {
        let Some(escape) = self.separators.escape else { return text.to_owned() };
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once(escape) {
            out.push_str(before);
            let Some((name, next)) = after.split_once(escape) else {
                out.push(escape);
                rest = after;
                break;
            };
            rest = next;
            if let Some(found) = self.separators.escaped(name) {
                out.extend(found);
            } else if let Some((found, next)) = hexadecimal(after, escape) {
                out.push_str(&found);
                rest = next;
            } else {
                out.extend([escape]);
                out.push_str(name);
                out.extend([escape]);
            }
        }
        out + rest
    }
}

impl Separators {
    /// Whether this sign parts one value from another.
    fn part(self, sign: char) -> bool {
        [self.field, self.component, self.repetition].contains(&sign)
            || self.subcomponent == Some(sign)
    }

    /// What the escape of this name stands for, an empty option for what is dropped; `None` when
    /// the name is not known.
    fn escaped(&self, name: &str) -> Option<Option<char>> {
        match name {
            "F" => Some(Some(self.field)),
            "S" => Some(Some(self.component)),
            "R" => Some(Some(self.repetition)),
            "E" => Some(self.escape),
            "T" => self.subcomponent.map(Some),
            ".br" => Some(Some('\n')),
            "H" | "N" => Some(None),
            _ => None,
        }
    }
}

/// Reads `X0D\` and further `\X0A\` right behind it, which may write one character together.
/// Gives their text, or all as written where they are no text, and what follows; `None` when this
/// is another escape.
fn hexadecimal(after: &str, escape: char) -> Option<(String, &str)> {
    let (mut bytes, mut rest) = hexadecimal_bytes(after, escape)?;
    while let Some((more, next)) =
        rest.strip_prefix(escape).and_then(|another| hexadecimal_bytes(another, escape))
    {
        bytes.extend(more);
        rest = next;
    }
    let text = String::from_utf8(bytes).or_else(|no| windows_1252(no.as_bytes()).ok_or(()));
    let as_written = || format!("{escape}{}", &after[..after.len() - rest.len()]);
    let text = text.ok().filter(|text| !text.contains('\0')).unwrap_or_else(as_written);
    Some((text, rest))
}

/// The bytes of one `X0D0A\`, and what follows it.
fn hexadecimal_bytes(after: &str, escape: char) -> Option<(Vec<u8>, &str)> {
    let (digits, next) = after.strip_prefix('X')?.split_once(escape)?;
    let bytes: Vec<u8> = digits.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
    (!bytes.is_empty()).then_some((bytes, next))
}

/// The byte that two hexadecimal digits write.
fn byte(pair: &[u8]) -> Option<u8> {
    let [high, low] = pair else { return None };
    let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(*high)? * 16 + digit(*low)?)
}

/// The parts of a text, by number, those that are not empty.
fn parts(
    at: &Place,
    text: &str,
    separator: char,
    what: &str,
    part: impl Fn(&Place, &str) -> Result<Option<Data>, Refusal>,
) -> Result<Vec<(Rc<str>, Located)>, Refusal> {
    let mut members = Vec::new();
    for (number, text) in (1..).zip(text.split(separator)) {
        if number > COMPONENTS {
            return Err(limit(at, COMPONENTS, what));
        }
        let place = Place::of(Step::HlPart(at.clone(), number));
        if let Some(data) = part(&place, text)? {
            members.push((key(number), Located::new(data, place)));
        }
    }
    Ok(members)
}

/// The message's text, without what frames it.
fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let before = bytes.iter().take_while(|b| matches!(b, 0x0b | b'\r' | b'\n')).count();
    let body = &bytes[before..];
    let after = body.iter().rev().take_while(|b| matches!(b, 0x1c | b'\r' | b'\n')).count();
    let body = &body[..body.len() - after];
    let wrong = |ask| Err(refusal(RefusalKind::NotReadable, "", "encoding", ask));
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return wrong("This looks like UTF-16; encode the message as UTF-8");
    }
    let utf8 = |bytes| std::str::from_utf8(bytes).ok().map(str::to_owned);
    if let Some(body) = body.strip_prefix(b"\xef\xbb\xbf") {
        let body = utf8(body).map(|text| text.trim_start_matches('\u{b}').to_owned());
        return body.map_or_else(|| wrong("These bytes are not UTF-8; encode them so"), Ok);
    }
    let named = character_set(body);
    let text = match named {
        b"ASCII" => utf8(body).filter(|text| text.is_ascii()),
        b"8859/1" => windows_1252(body),
        b"" => utf8(body).or_else(|| windows_1252(body)),
        _ => utf8(body),
    };
    match (text, named) {
        (Some(text), _) => Ok(text),
        (None, b"") => wrong("These bytes are no text that we know; encode the message as UTF-8"),
        (None, _) => {
            let ask = "These bytes are not in the character set that MSH-18 names, or we do not \
                       read that one; encode the message as UTF-8 and name it UNICODE UTF-8";
            Err(refusal(RefusalKind::NotReadable, "MSH-18", "encoding", ask))
        }
    }
}

/// What MSH-18 names, or nothing.
fn character_set(body: &[u8]) -> &[u8] {
    let header = body.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let (Some(field), Some(repetition)) = (header.get(3), header.get(5)) else { return b"" };
    let value = header.split(|b| b == field).nth(17).unwrap_or_default();
    value.split(|b| b == repetition).next().unwrap_or_default().trim_ascii()
}

fn key(number: usize) -> Rc<str> {
    number.to_string().into()
}

fn named(name: &str, place: &Place) -> (Rc<str>, Located) {
    ("segment".into(), Located::text(name, place.clone()))
}

/// Segments that only a file of several messages has.
fn is_batch(name: &str) -> bool {
    matches!(name, "FHS" | "BHS" | "BTS" | "FTS")
}

fn one_message(pointer: &str) -> Refusal {
    let ask = "Send one message at a time, from its MSH to its last segment, without FHS or BHS";
    refusal(RefusalKind::NotReadable, pointer, "hl7v2", ask)
}

fn limit(place: &Place, most: usize, what: &str) -> Refusal {
    let ask = format!("Send at most {most} {what}");
    refusal(RefusalKind::TooDeep, &place.to_string(), "limit", &ask)
}

fn refusal(kind: RefusalKind, pointer: &str, rule: &str, ask: &str) -> Refusal {
    let (pointer, rule, ask) = (pointer.to_owned(), rule.to_owned(), ask.to_owned());
    Refusal { kind, faults: vec![Unread { pointer, rule, ask }] }
}
