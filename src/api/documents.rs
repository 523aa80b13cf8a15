//! `/v1/referrals/{reference}/documents`: a sender attaches files and sees how they stand; a team
//! that sees the referral whole reads those that are clean. Each read is in the audit chain before
//! a byte is sent.

use super::admission::{Class, overloaded};
use super::body::{self, BodyFault, BodyLimits};
use super::catalogue as kind;
use super::document::readable;
use super::form::{self, Sent};
use super::problem::Problem;
use super::state::ApiState;
use super::submission::{content_length, encoded, idempotency_key, text};
use crate::access::{AgencyPrincipal, DestinationPrincipal, Quota};
use crate::domain::agency::AgencyState;
use crate::domain::{AttachmentId, AttachmentState, Reference, ReferralId};
use crate::followup::reading::attachment_read;
use crate::pipeline::documents::{CLEAN_COPY, Listed, Offered, TELEPHONE, Taken, Unfit};
use crate::store::{AttachmentRow, StoreError};
use actix_web::http::header::{
    self, ContentDisposition, DispositionParam, DispositionType, ExtendedValue, HeaderMap,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

/// Said of every picture that is taken, and of what is not.
const PICTURES: &str = "Never send an indecent image of a child, and do not copy or pass it on: \
    call the police on 101, or on 999 where a child is in danger";

#[derive(Serialize)]
struct Answer {
    reference: Reference,
    #[serde(flatten)]
    document: Listed,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advice: Vec<&'static str>,
}

#[derive(Serialize)]
struct List {
    reference: Reference,
    documents: Vec<Listed>,
}

/// `POST`: one file, as the body or in a form.
pub(super) async fn attach(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    path: web::Path<String>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    // They are not counted against referrals, and have places of their own.
    caller.spend(Quota::Reads)?;
    let _place = state.admission.admit(Class::Document)?;
    if caller.agency.state == AgencyState::Testing {
        return Err(Problem::new(&kind::TESTING));
    }
    let (reference, referral) = own(&state, &caller, &path).await?;
    let headers = req.headers();
    let idempotency_key = idempotency_key(headers);
    let idempotency_key = idempotency_key.map_err(|()| Problem::new(&kind::IDEMPOTENCY_KEY))?;
    if encoded(headers) {
        return Err(Problem::new(&kind::CONTENT_ENCODING));
    }
    let (mut memory, mut body) = (state.admission.reservation(Class::Document), Vec::new());
    let in_form = form::is_form(headers);
    let around = if in_form { form::AROUND } else { 0 };
    let bytes = state.documents.limits.bytes + around;
    let limits = BodyLimits { bytes, time: state.settings.document_timeout };
    let announced = content_length(headers);
    let sent = match body::read(payload, announced, limits, &mut memory, &mut body).await {
        Ok(()) if in_form => form::file_of(headers, body).await.ok_or(Taken::Unfit(Unfit::Form)),
        Ok(()) => Ok(bare(headers, body)),
        Err(BodyFault::TooLarge(_)) => Err(Taken::TooLarge),
        Err(fault) => return Err(not_read(fault)),
    };
    let (documents, agency) = (&state.documents, caller.agency.id.clone());
    let taken = match sent {
        Ok(Sent { name, media_type, content }) => {
            let offered = Offered { referral, agency, name, media_type, content, idempotency_key };
            documents.take(offered).await?
        }
        Err(not_taken) => documents.not_taken(referral, &agency, not_taken).await?,
    };
    answer(reference, taken)
}

/// Another agency's reference and one that does not exist are told apart by nothing.
async fn own(
    state: &ApiState,
    caller: &AgencyPrincipal,
    path: &str,
) -> Result<(Reference, ReferralId), Problem> {
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let reference = Reference::parse(path).ok_or_else(unknown)?;
    let referral = state.documents.own(reference, &caller.agency.id).await?;
    Ok((reference, referral.ok_or_else(unknown)?))
}

fn not_read(fault: BodyFault) -> Problem {
    match fault {
        BodyFault::TooLarge(_) => Problem::new(&kind::DOCUMENT_TOO_LARGE),
        BodyFault::Slow => Problem::new(&kind::SLOW_BODY),
        BodyFault::Broken => Problem::new(&kind::INCOMPLETE),
        BodyFault::Crowded => overloaded(),
    }
}

fn answer(reference: Reference, taken: Taken) -> Result<HttpResponse, Problem> {
    let (document, repeat) = match taken {
        Taken::Kept { document, repeat } => (document, repeat),
        Taken::KeyReused => return Err(Problem::new(&kind::KEY_REUSED).first(reference)),
        Taken::TooLarge => return Err(Problem::new(&kind::DOCUMENT_TOO_LARGE)),
        Taken::Full => return Err(Problem::new(&kind::DOCUMENTS_FULL)),
        Taken::Unfit(why) => {
            return Err(Problem::new(&kind::DOCUMENT_KIND).fault("", why.rule(), why.ask()));
        }
    };
    let advice = if document.kind.is_picture() { vec![PICTURES] } else { Vec::new() };
    let mut response = if repeat { HttpResponse::Ok() } else { HttpResponse::Created() };
    let list = format!("/v1/referrals/{reference}/documents");
    response.insert_header((header::LOCATION, list));
    Ok(response.json(Answer { reference, document, advice }))
}

/// The file that a body is, and its name.
fn bare(headers: &HeaderMap, content: Vec<u8>) -> Sent {
    let given = headers.get(header::CONTENT_DISPOSITION);
    let given = given.and_then(|given| ContentDisposition::from_raw(given).ok());
    let name = given.as_ref().and_then(form::name_of);
    Sent { name, media_type: text(headers, &header::CONTENT_TYPE), content }
}

/// `GET`: what its sender has attached, and how it stands.
pub(super) async fn list(
    state: web::Data<ApiState>,
    caller: AgencyPrincipal,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_agency(&caller, Class::Other)?;
    let (reference, referral) = own(&state, &caller, &path).await?;
    let documents = state.documents.list(referral, CLEAN_COPY).await?;
    Ok(HttpResponse::Ok().json(List { reference, documents }))
}

/// What a team that sees the referral whole is shown of what was attached.
pub(super) async fn listed(state: &ApiState, of: ReferralId) -> Result<Vec<Listed>, StoreError> {
    state.documents.list(of, TELEPHONE).await
}

/// `GET …/{id}`: the bytes, for a team that sees the referral whole.
pub(super) async fn read(
    state: web::Data<ApiState>,
    caller: DestinationPrincipal,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    caller.spend()?;
    let _place = state.admission.admit(Class::Document)?;
    let (reference, id) = path.into_inner();
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let id = AttachmentId(Uuid::try_parse(&id).map_err(|_| unknown())?);
    let (stored, _) = readable(&state, &caller, &reference).await?;
    if !caller.destination.sees_all() {
        return Err(unknown());
    }
    let all = state.documents.store.attachments(stored.row.id).await?;
    let row = all.into_iter().find(|row| row.id == id).ok_or_else(unknown)?;
    match row.state {
        AttachmentState::Clean => {}
        AttachmentState::Quarantined => return Err(Problem::new(&kind::DOCUMENT_UNSCANNED)),
        AttachmentState::Infected => return Err(Problem::new(&kind::DOCUMENT_INFECTED)),
    }
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    attachment_read(store, env, &row, &caller.destination.id).await?;
    let content = state.documents.content(&row).await?;
    handed_out(&state, row, content)
}

/// As a file that is saved: no browser shows it, guesses what it is, or runs anything in it.
fn handed_out(
    state: &ApiState,
    row: AttachmentRow,
    content: Vec<u8>,
) -> Result<HttpResponse, Problem> {
    let name = state.documents.listed(row.clone())?.name.into_bytes();
    let name = ExtendedValue {
        charset: header::Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name,
    };
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::FilenameExt(name)],
    };
    Ok(HttpResponse::Ok()
        .content_type(row.kind.media_type())
        .insert_header(disposition)
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(content))
}
