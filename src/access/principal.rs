//! Who is calling, as extractors of handlers: a handler that asks for an `AgencyPrincipal` cannot
//! be reached by anyone else.

use super::rate::{Quota, Standing, TooMany};
use super::table::{Access, Owner, OwnerKind};
use crate::domain::agency::{Agency, AgencyState, Destination};
use crate::domain::{AgencyId, DestinationId};
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::cell::{Cell, OnceCell};
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

/// Why a caller may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("Send your key as `Authorization: Bearer <key>`")]
    NoKey,
    #[error("The key is not known, has expired or was revoked; ask the authority for a new one")]
    BadKey,
    #[error("The key works, but its holder is not active here; ask the authority to activate it")]
    Inactive,
    #[error("The key works, but this address is for holders of another kind of key")]
    WrongHolder,
}

impl Denied {
    /// 401 when another key might help, 403 when this one is understood and not enough.
    pub fn status(self) -> StatusCode {
        match self {
            Denied::NoKey | Denied::BadKey => StatusCode::UNAUTHORIZED,
            Denied::Inactive | Denied::WrongHolder => StatusCode::FORBIDDEN,
        }
    }

    /// `WWW-Authenticate` of a 401 (RFC 6750 §3).
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Denied::NoKey => Some("Bearer realm=\"frontdoor\""),
            Denied::BadKey => Some("Bearer realm=\"frontdoor\", error=\"invalid_token\""),
            Denied::Inactive | Denied::WrongHolder => None,
        }
    }
}

impl ResponseError for Denied {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if let Some(challenge) = self.challenge() {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        response.finish()
    }
}

/// What is learned of a call while it is handled; the outermost middleware puts an empty one into
/// the request and reads it when the call is over, however it ended.
#[derive(Clone, Default)]
pub struct CallSlot(Rc<Slot>);

#[derive(Default)]
struct Slot {
    caller: OnceCell<Arc<str>>,
    standing: Cell<Option<Standing>>,
    route: OnceCell<String>,
}

impl CallSlot {
    /// The agency or destination, once known; of operations only that it is they.
    pub fn caller(&self) -> Option<&str> {
        self.0.caller.get().map(AsRef::as_ref)
    }

    pub fn standing(&self) -> Option<Standing> {
        self.0.standing.get()
    }

    /// Keeps the pattern of the route, for calls that are cut off before they answer.
    pub fn enter(&self, req: &HttpRequest) {
        self.0.route.get_or_init(|| req.match_pattern().unwrap_or_default());
    }

    pub fn route(&self) -> Option<&str> {
        self.0.route.get().map(String::as_str)
    }

    fn of(req: &HttpRequest) -> Self {
        let slot = req.extensions().get::<CallSlot>().cloned().unwrap_or_default();
        slot.enter(req);
        slot
    }

    fn count(&self, outcome: Result<Standing, TooMany>) -> Result<(), TooMany> {
        let standing = outcome.map_err(|over| over.standing);
        self.0.standing.set(Some(standing.unwrap_or_else(|standing| standing)));
        outcome.map(drop)
    }
}

/// A partner agency that is configured and not inactive.
pub struct AgencyPrincipal {
    pub agency: Arc<Agency>,
    access: web::Data<Access>,
    slot: CallSlot,
}

impl AgencyPrincipal {
    /// Counts this call against the agency's quota.
    pub fn spend(&self, quota: Quota) -> Result<(), TooMany> {
        let rate = self.agency.rate_per_minute;
        self.slot.count(self.access.limits.agency(&self.agency.id.0, rate, quota))
    }
}

/// A receiving team's system.
pub struct DestinationPrincipal {
    pub destination: Arc<Destination>,
    access: web::Data<Access>,
    slot: CallSlot,
}

impl DestinationPrincipal {
    /// Counts this call against the destination's quota.
    pub fn spend(&self) -> Result<(), TooMany> {
        let outcome = self.access.limits.other(OwnerKind::Destination, &self.destination.id.0);
        self.slot.count(outcome)
    }
}

/// Someone who runs the gateway.
pub struct OperationsPrincipal {
    pub name: Arc<str>,
    access: web::Data<Access>,
    slot: CallSlot,
}

impl OperationsPrincipal {
    /// Counts this call against the operator's quota.
    pub fn spend(&self) -> Result<(), TooMany> {
        self.slot.count(self.access.limits.other(OwnerKind::Operations, &self.name))
    }
}

/// The holder of the bearer key, who must be of the wanted kind.
fn holder(
    req: &HttpRequest,
    wanted: OwnerKind,
) -> Result<(Owner, web::Data<Access>, CallSlot), Denied> {
    let access = req.app_data::<web::Data<Access>>().ok_or(Denied::NoKey)?;
    let slot = CallSlot::of(req);
    let presented = req.headers().get(header::AUTHORIZATION).ok_or(Denied::NoKey)?;
    let presented = presented.to_str().map_err(|_| Denied::BadKey)?;
    let (scheme, key) = presented.split_once(' ').ok_or(Denied::NoKey)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::NoKey);
    }
    let owner = access.owner_of(key.trim()).ok_or(Denied::BadKey)?;
    slot.0.caller.get_or_init(|| match owner.kind {
        OwnerKind::Agency | OwnerKind::Destination => Arc::clone(&owner.id),
        // Those who run the gateway are people: their names stay out of metrics.
        OwnerKind::Operations => OwnerKind::Operations.as_str().into(),
    });
    if owner.kind != wanted {
        return Err(Denied::WrongHolder);
    }
    Ok((owner, access.clone(), slot))
}

impl FromRequest for AgencyPrincipal {
    type Error = Denied;
    type Future = Ready<Result<Self, Denied>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(holder(req, OwnerKind::Agency).and_then(|(owner, access, slot)| {
            let agency = access.directory.load().agencies.get(&AgencyId(owner.id)).cloned();
            let agency = agency.filter(|agency| agency.state != AgencyState::Inactive);
            Ok(AgencyPrincipal { agency: agency.ok_or(Denied::Inactive)?, access, slot })
        }))
    }
}

impl FromRequest for DestinationPrincipal {
    type Error = Denied;
    type Future = Ready<Result<Self, Denied>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(holder(req, OwnerKind::Destination).and_then(|(owner, access, slot)| {
            let id = DestinationId(owner.id);
            let destination = access.directory.load().destinations.get(&id).cloned();
            let destination = destination.ok_or(Denied::Inactive)?;
            Ok(DestinationPrincipal { destination, access, slot })
        }))
    }
}

impl FromRequest for OperationsPrincipal {
    type Error = Denied;
    type Future = Ready<Result<Self, Denied>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(holder(req, OwnerKind::Operations).map(|(owner, access, slot)| OperationsPrincipal {
            name: owner.id,
            access,
            slot,
        }))
    }
}

/// The operator behind HTTP Basic credentials, for browsers: any user name, the key as password.
pub fn identify_basic(access: &Access, req: &HttpRequest) -> Option<Arc<str>> {
    let presented = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = presented.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (_, key) = decoded.split_once(':')?;
    let owner = access.owner_of(key)?;
    (owner.kind == OwnerKind::Operations).then_some(owner.id)
}
