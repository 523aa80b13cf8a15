//! What people do through their team's system: whose system may, and which named person it is.

use super::admission::{Class, overloaded};
use super::body::{self, BodyFault, BodyLimits};
use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use super::submission::text;
use crate::access::{Access, Denied, DestinationPrincipal};
use crate::domain::DestinationId;
use crate::domain::agency::Destination;
use crate::pipeline::media_type;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value};

/// Whether a team may read what another has recorded: what the team for restricted records has, it
/// alone reads.
pub(super) fn may_read(access: &Access, own: &Destination, recorded_by: &DestinationId) -> bool {
    let directory = access.directory.load();
    let known = directory.destinations.get(recorded_by);
    own.restricted || known.is_none_or(|known| !known.restricted)
}

/// Bytes of a body that says a few words, and of one that gives reasons.
const BODY: usize = 16 << 10;
const LONG_BODY: usize = 256 << 10;
/// Characters of a name or a role.
const WORDS: usize = 200;

pub(super) use crate::domain::adults::WHOM_TO_ASK;

/// Only the screening team and the named few who may see restricted records.
pub(super) fn at_the_desk(state: &ApiState, caller: &DestinationPrincipal) -> Result<(), Problem> {
    let team = &caller.destination;
    let may = team.id == state.screening || team.restricted;
    if may { Ok(()) } else { Err(Denied::WrongHolder.into()) }
}

/// Reads a small JSON object; `ask` says what it holds.
pub(super) async fn object(
    state: &ApiState,
    req: &HttpRequest,
    payload: web::Payload,
    ask: &'static str,
) -> Result<Map<String, Value>, Problem> {
    let too_large = "This holds a name, a role and a few words, at most 16 KiB";
    read(state, req, payload, (BODY, too_large), ask).await
}

/// The same, of what may give reasons at length.
pub(super) async fn long_object(
    state: &ApiState,
    req: &HttpRequest,
    payload: web::Payload,
    ask: &'static str,
) -> Result<Map<String, Value>, Problem> {
    read(state, req, payload, (LONG_BODY, "An outcome holds at most 256 KiB"), ask).await
}

async fn read(
    state: &ApiState,
    req: &HttpRequest,
    payload: web::Payload,
    (bytes, too_large): (usize, &'static str),
    ask: &'static str,
) -> Result<Map<String, Value>, Problem> {
    let limits = BodyLimits { bytes, time: state.settings.body_timeout };
    let (mut memory, mut bytes) = (state.admission.reservation(Class::Other), Vec::new());
    body::read(payload, None, limits, &mut memory, &mut bytes).await.map_err(
        |fault| match fault {
            BodyFault::TooLarge(_) => Problem::new(&kind::TOO_LARGE).detail(too_large),
            BodyFault::Slow => Problem::new(&kind::SLOW_BODY),
            BodyFault::Broken => Problem::new(&kind::INCOMPLETE),
            BodyFault::Crowded => overloaded(),
        },
    )?;
    if req.headers().contains_key("content-encoding") {
        return Err(Problem::new(&kind::CONTENT_ENCODING));
    }
    if media_type::check(text(req.headers(), &CONTENT_TYPE).as_deref()).is_err() {
        return Err(Problem::new(&kind::MEDIA_TYPE));
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::new(&kind::NOT_READABLE).detail(ask))
}

/// Reads `name` and `role` of a named person; `at` is where they stand.
pub(super) fn person(body: &Map<String, Value>, at: &str) -> Result<Map<String, Value>, Problem> {
    let mut problem = Problem::new(&kind::NAME_NEEDED);
    let mut missing = false;
    let mut person = Map::new();
    for (member, ask) in [
        ("name", "Give the person's name, at most 200 characters"),
        ("role", "Give the person's role, at most 200 characters"),
    ] {
        match words(body, member, WORDS) {
            Some(words) => drop(person.insert(member.to_owned(), words.into())),
            None => {
                problem = problem.fault(&format!("{at}/{member}"), "text", ask);
                missing = true;
            }
        }
    }
    if missing { Err(problem) } else { Ok(person) }
}

/// A text that says something, up to a number of characters.
pub(super) fn words<'a>(
    body: &'a Map<String, Value>,
    member: &str,
    most: usize,
) -> Option<&'a str> {
    let words = body.get(member).and_then(Value::as_str)?;
    (!is_blank(words) && words.chars().count() <= most).then(|| words.trim())
}

/// Nothing but white space and separators.
fn is_blank(words: &str) -> bool {
    words.chars().all(|c| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}
