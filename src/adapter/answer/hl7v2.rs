//! HL7 version 2.5 in its delimited form (chapters 2 and 11): RRI^I12 for what was accepted, ACK
//! for what was not.
//!
//! - RRI: MSH MSA [ERR] RF1 PRD PID NTE. ERR is no part of RRI_I12, and whoever does not expect a
//!   segment ignores it (2.6.2), so that NTE says the same in words.
//! - ACK: MSH MSA ERR. `AE` where the document is at fault; `AR` where it is not, and the same may
//!   be sent again.
//! - Sender and receiver change places; MSA-2, RF1-6, PRD and PID come from the message that is
//!   answered. Separators are ours, `|^~\&`, and the text is UTF-8 (MSH-18).
//! - The media type is that of HL7 over HTTP (HAPI), section 2.4; IANA has one for XML only.

use super::{
    Accepted, Answer, Outcome, Problem, Request, Told, Verdict, fault, lines, list, priority, text,
};
use crate::adapter::decode::hl7v2;
use crate::adapter::located::{Data, Located};
use crate::domain::{Priority, Timestamp};
use serde_json::{Map, Value, json};

const MEDIA_TYPE: &str = "x-application/hl7-v2+er7; charset=utf-8";
/// Bytes in which the first segment is looked for.
const HEADER: usize = 4_096;
/// Nobody has more providers than this in one referral.
const PROVIDERS: usize = 20;

/// Of MSH and RF1 what tells messages apart; of PRD and PID only what their receiver must find.
pub(super) fn head(decoded: &Located) -> Value {
    let segments = match decoded.get("segments").map(|segments| &segments.data) {
        Some(Data::List(segments)) => segments.as_slice(),
        _ => &[],
    };
    let of = |name: &'static str| {
        let is = move |segment: &&Located| {
            let own = segment.get("segment").map(|own| &own.data);
            matches!(own, Some(Data::Text(own)) if **own == *name)
        };
        segments.iter().filter(is)
    };
    let first = |name, fields: &[&str]| of(name).next().map(|segment| kept(segment, fields));
    let providers = of("PRD").take(PROVIDERS).map(|segment| kept(segment, &["1", "2", "7"]));
    json!({
        "MSH": first("MSH", &["3", "4", "5", "6", "9", "10", "11", "12"]),
        "RF1": first("RF1", &["6"]),
        "PRD": providers.collect::<Vec<_>>(),
        "PID": first("PID", &["3", "5"]),
    })
}

/// Of a message that could not be decoded, its first segment alone, where that can be. A batch is
/// no message: whoever sent it must not think that one of its messages is meant.
pub(super) fn head_of_undecoded(body: &[u8]) -> Value {
    let within = &body[..body.len().min(HEADER)];
    let within = within.strip_prefix("\u{feff}".as_bytes()).unwrap_or(within);
    let begins = within.iter().position(|byte| !matches!(byte, 0x0b | b'\r' | b'\n' | b' '));
    let message = &within[begins.unwrap_or(within.len())..];
    if !message.starts_with(b"MSH") {
        return Value::Null;
    }
    let header = message.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    hl7v2::read(header.unwrap_or_default()).map_or(Value::Null, |decoded| head(&decoded))
}

fn kept(segment: &Located, fields: &[&str]) -> Value {
    let field = |name: &&str| Some(((*name).to_owned(), segment.get(name)?.plain()));
    Value::Object(fields.iter().filter_map(field).collect::<Map<_, _>>())
}

pub(super) fn one(head: &Value, verdict: &Verdict, request: &Request) -> Answer {
    let (status, body) = match &verdict.outcome {
        Outcome::Accepted(given) => (given.status, accepted(head, verdict, given, request)),
        Outcome::Refused(problem) => (problem.status, refused(head, problem, request)),
    };
    Answer { status, content_type: MEDIA_TYPE, body: body.into_bytes() }
}

fn accepted(head: &Value, verdict: &Verdict, accepted: &Accepted, request: &Request) -> String {
    let mut out = header(head, "RRI", "RRI_I12", request);
    let answered = field(head, "/MSH/10");
    out += &segment(&format!("MSA|AA|{answered}"));
    out.extend(accepted.unread.iter().map(|told| error("W", told)));
    let own_id = escaped(verdict.message_id.as_deref().unwrap_or_default());
    let theirs = [field(head, "/RF1/6"), own_id, answered].into_iter().find(|id| !id.is_empty());
    let urgency = match priority(&accepted.receipt) {
        Priority::Immediate => "S^STAT",
        Priority::Urgent => "A^ASAP",
        Priority::Standard => "R^Routine",
    };
    // Table 0283 has no word for "received"; the first NTE says that nobody has decided.
    out += &segment(&format!(
        "RF1|P^Pending^HL70283|{urgency}^HL70280||||{}|||{}||{}",
        theirs.unwrap_or_default(),
        time(text(&accepted.receipt, "/received_at")),
        escaped(&accepted.reference),
    ));
    out += &people(head);
    let unread = accepted.unread.iter().map(|told| format!("Not read: {}", fault(told)));
    for (note, nth) in lines(accepted).into_iter().chain(unread).zip(1_usize..) {
        out += &segment(&format!("NTE|{nth}||{}", escaped(&note)));
    }
    out
}

/// PRD and PID, which RRI^I12 demands, as far as they were sent.
fn people(head: &Value) -> String {
    let provider = |one: &Value| {
        segment(&format!("PRD|{}|{}|||||{}", field(one, "/1"), field(one, "/2"), field(one, "/7")))
    };
    let mut out: String = list(head, "/PRD").iter().map(provider).collect();
    if out.is_empty() {
        out = segment("PRD|RP^Referring Provider^HL70286");
    }
    out + &segment(&format!("PID|1||{}||{}", field(head, "/PID/3"), field(head, "/PID/5")))
}

fn refused(head: &Value, problem: &Problem, request: &Request) -> String {
    let mut out = header(head, "ACK", "ACK", request);
    // Not because of what was sent: who we are to each other, how busy it is, a defect here.
    let later = matches!(problem.status, 401 | 403 | 408 | 429 | 500..);
    let code = if later { "AR" } else { "AE" };
    out += &segment(&format!("MSA|{code}|{}|{}", field(head, "/MSH/10"), escaped(&problem.title)));
    // ERR-12, two work telephones, unformatted (XTN-2, XTN-3 and XTN-12).
    let telephone = |number: &str| format!("^WPN^PH^^^^^^^^^{}", escaped(number));
    out += &segment(&format!(
        "ERR|||{}|E|{}|||{}||||{}~{}",
        condition(&problem.code),
        escaped(&problem.code),
        escaped(&problem.text()),
        telephone(&problem.duty.in_hours),
        telephone(&problem.duty.out_of_hours),
    ));
    out.extend(problem.faults.iter().map(|told| error("E", told)));
    out
}

fn header(head: &Value, kind: &str, structure: &str, request: &Request) -> String {
    let one_of = |pointer, known: &[&'static str]| {
        known.iter().copied().find(|word| *word == text(head, pointer))
    };
    let event = one_of("/MSH/9/0/2", &["I13", "I14", "I15"]).unwrap_or("I12");
    let processing = one_of("/MSH/11/0/1", &["D", "T"]).unwrap_or("P");
    let versions = ["2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"];
    let version = one_of("/MSH/12/0/1", &versions).unwrap_or("2.5");
    // MSH-10 holds twenty characters (v2.5 section 2.15.9.10); a UUID's end is its random part.
    let id: Vec<char> = request.id.chars().filter(char::is_ascii_alphanumeric).collect();
    let id: String = id.iter().skip(id.len().saturating_sub(18)).collect();
    segment(&format!(
        "MSH|^~\\&|{}|{}|{}|{}|{}||{kind}^{event}^{structure}|FD{id}|{processing}|{version}||||||\
         UNICODE UTF-8",
        field(head, "/MSH/5"),
        field(head, "/MSH/6"),
        field(head, "/MSH/3"),
        field(head, "/MSH/4"),
        time(&request.at),
    ))
}

/// A segment, whose fields are escaped already, to its end.
fn segment(fields: &str) -> String {
    format!("{}\r", fields.trim_end_matches('|'))
}

fn error(severity: &str, told: &Told) -> String {
    let places: Option<Vec<String>> = told.at.split(", ").map(location).collect();
    // A place that is none of a field goes where text may stand.
    let words = if places.is_none() { escaped(&told.at) } else { String::new() };
    segment(&format!(
        "ERR||{}|{}|{severity}|{}||{words}|{}",
        places.unwrap_or_default().join("~"),
        condition(&told.rule),
        escaped(&told.rule),
        escaped(&told.ask),
    ))
}

/// `PID[2]-5[3].1.2` as ERL: segment, its sequence, field, repetition, component, subcomponent.
fn location(place: &str) -> Option<String> {
    let (segment, rest) = place.split_once('-').unwrap_or((place, ""));
    let (name, nth) = numbered(segment)?;
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if name.len() != 3 || !name.bytes().all(is_name) {
        return None;
    }
    let mut out = format!("{name}^{nth}");
    if rest.is_empty() {
        return Some(out);
    }
    let mut parts = rest.split('.');
    let (field, repetition) = numbered(parts.next()?)?;
    out += &format!("^{}^{repetition}", field.parse::<u16>().ok()?);
    let parts: Vec<u16> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    for part in &parts {
        out += &format!("^{part}");
    }
    (parts.len() <= 2).then_some(out)
}

/// `NTE[2]` is the second `NTE`; without a number it is the first.
fn numbered(text: &str) -> Option<(&str, u16)> {
    let Some((name, number)) = text.split_once('[') else { return Some((text, 1)) };
    Some((name, number.strip_suffix(']')?.parse().ok()?))
}

/// The condition of table 0357 that is nearest to a rule or to a problem's code. 207 is its word
/// for what none of the others covers.
fn condition(rule: &str) -> String {
    let (code, words) = match rule {
        "hl7v2" | "not-readable" => ("100", "Segment sequence error"),
        "below-minimum" => ("101", "Required field missing"),
        _ if rule.starts_with("minimum-") => ("101", "Required field missing"),
        "media-type" | "content-encoding" => ("200", "Unsupported message type"),
        "not-found" => ("204", "Unknown key identifier"),
        "key-reused" => ("205", "Duplicate key identifier"),
        "indicator" | "sex" | "primary-need" | "abuse-category" | "yes-no" | "danger" => {
            ("103", "Table value not found")
        }
        _ if rule.ends_with("-code") => ("103", "Table value not found"),
        "date" | "postcode" | "nhs-number" | "upn" | "upn-missing" | "small-number" | "text"
        | "encoding" | "object" | "type" | "shape" => ("102", "Data type error"),
        _ => ("207", "Application internal error"),
    };
    format!("{code}^{words}^HL70357")
}

/// RFC 3339 in UTC as an HL7 time; empty for what is no time.
fn time(at: &str) -> String {
    let at = Timestamp::parse(at).map(|at| at.to_jiff().strftime("%Y%m%d%H%M%S").to_string());
    at.map(|at| at + "+0000").unwrap_or_default()
}

/// A decoded field, written again with our separators.
fn field(head: &Value, pointer: &str) -> String {
    let component = |value: &Value| parts(value, "&", leaf);
    let repetition = |value: &Value| parts(value, "^", component);
    list(head, pointer).iter().map(repetition).collect::<Vec<_>>().join("~")
}

/// Members `1`, `2` and so on in their order, or a text that has no parts.
fn parts(value: &Value, separator: &str, part: impl Fn(&Value) -> String) -> String {
    let Value::Object(members) = value else { return leaf(value) };
    let last = members.keys().filter_map(|key| key.parse::<u8>().ok()).max().unwrap_or_default();
    let all = (1..=last).map(|number| members.get(&number.to_string()).map(&part));
    all.map(Option::unwrap_or_default).collect::<Vec<_>>().join(separator)
}

fn leaf(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::String(text) => escaped(text),
        _ => String::new(),
    }
}

/// Text that neither ends its field nor its segment, nor the message's frame (MLLP).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '|' => out.push_str("\\F\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '\\' => out.push_str("\\E\\"),
            '\r' | '\n' => out.push_str("\\.br\\"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
