//! `POST /v1/referrals/{reference}/acknowledgement`: a named person has the referral. Only this
//! stops the acknowledgement clock. Saying it again changes nothing.

use super::admission::{Class, overloaded};
use super::body::{self, BodyFault, BodyLimits};
use super::catalogue as kind;
use super::document::sent_to;
use super::problem::Problem;
use super::state::ApiState;
use super::submission::text;
use crate::access::DestinationPrincipal;
use crate::domain::{DestinationId, Reference, Timestamp};
use crate::followup::acknowledgement::acknowledge;
use crate::pipeline::media_type;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value};

/// Bytes of the body.
const BODY: usize = 16 << 10;
/// Characters of a name or a role.
const WORDS: usize = 200;

#[derive(Serialize)]
struct Answer<'a> {
    reference: Reference,
    destination: &'a DestinationId,
    status: &'static str,
    acknowledged_at: Timestamp,
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_destination(&caller)?;
    let person = read_person(&state, &req, payload).await?;
    let stored = sent_to(&state, &caller, &path).await?;
    let destination = &caller.destination.id;
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    let acknowledged_at =
        acknowledge(store, &state.keys, env, &stored, destination, &person).await?;
    Ok(HttpResponse::Ok().json(Answer {
        reference: stored.row.reference,
        destination,
        status: "acknowledged",
        acknowledged_at,
    }))
}

/// Reads `{"name": …, "role": …}`; JSON to be sealed.
async fn read_person(
    state: &ApiState,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<Vec<u8>, Problem> {
    let limits = BodyLimits { bytes: BODY, time: state.settings.body_timeout };
    let (mut memory, mut bytes) = (state.admission.reservation(Class::Other), Vec::new());
    body::read(payload, None, limits, &mut memory, &mut bytes).await.map_err(
        |fault| match fault {
            BodyFault::TooLarge(_) => Problem::new(&kind::TOO_LARGE)
                .detail("An acknowledgement holds a name and a role, at most 16 KiB"),
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
    let body: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|_| Problem::new(&kind::NOT_READABLE).detail("Send {\"name\": …, \"role\": …}"))?;
    let mut problem = Problem::new(&kind::NAME_NEEDED);
    let mut missing = false;
    let mut person = Map::new();
    for (member, pointer, ask) in [
        ("name", "/name", "Give the person's name, at most 200 characters"),
        ("role", "/role", "Give the person's role, at most 200 characters"),
    ] {
        let words = body.get(member).and_then(Value::as_str);
        match words.filter(|words| !is_blank(words) && words.chars().count() <= WORDS) {
            Some(words) => drop(person.insert(member.to_owned(), words.trim().into())),
            None => {
                problem = problem.fault(pointer, "text", ask);
                missing = true;
            }
        }
    }
    if missing {
        return Err(problem);
    }
    Ok(Value::Object(person).to_string().into_bytes())
}

/// Nothing but white space and separators.
fn is_blank(words: &str) -> bool {
    words.chars().all(|c| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}
