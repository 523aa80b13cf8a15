//! Every address and method that is answered, in one table: what is served and what is documented
//! are compared by a test.

use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use super::{
    acknowledge, adapt, alarms, chronology, clocks, decision, deliveries, docs, document,
    documents, health, inform, matches, messages, metrics, openapi, outcome, problems, quality,
    redrive, rehearse, second_looks, status, submit, take, withdrawals,
};
use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route};
use std::sync::Arc;

/// One address.
pub struct Entry {
    pub pattern: &'static str,
    /// `HEAD` is answered wherever it changes nothing; `OPTIONS` everywhere.
    pub methods: Vec<Method>,
    resource: Resource,
}

/// The API's addresses, all of them in the OpenAPI document.
pub fn table() -> Vec<Entry> {
    vec![
        write("/v1/referrals", submit::handle),
        write("/v1/referrals/validate", rehearse::handle),
        write("/v1/adapters/{adapter}/referrals", adapt::handle),
        read("/v1/referrals/{reference}", status::handle),
        write("/v1/referrals/{reference}/information", inform::handle),
        // Each GET of a document is an audited read, and each GET of messages leases them: there
        // is no HEAD that does neither.
        entry("/v1/referrals/{reference}/document", vec![get(document::handle)]),
        entry(
            "/v1/referrals/{reference}/documents",
            vec![get(documents::list), post(documents::attach)],
        ),
        entry("/v1/referrals/{reference}/documents/{document}", vec![get(documents::read)]),
        write("/v1/referrals/{reference}/acknowledgement", acknowledge::handle),
        write("/v1/referrals/{reference}/outcome", outcome::handle),
        entry("/v1/destinations/{id}/messages", vec![get(messages::handle)]),
        write("/v1/destinations/{id}/messages/{message}/ack", take::handle),
        read("/v1/clocks", clocks::handle),
        read("/v1/quality", quality::own),
        // Good examples are an audited read: there is no HEAD.
        entry("/v1/quality/agencies", vec![get(quality::agencies)]),
        read("/v1/quality/teams", quality::teams),
        // Audited reads: there is no HEAD.
        entry("/v1/matches", vec![get(matches::handle)]),
        write("/v1/matches/{match}/decision", decision::handle),
        entry("/v1/people/{person}/chronology", vec![get(chronology::handle)]),
        read("/v1/withdrawals", withdrawals::handle),
        read("/v1/second-looks", second_looks::list),
        write("/v1/second-looks/{id}", second_looks::record),
        read("/v1/alarms", alarms::handle),
        read("/v1/deliveries", deliveries::handle),
        write("/v1/deliveries/{id}/redrive", redrive::handle),
        read("/v1/openapi.json", openapi::handle),
        read("/health/live", health::live),
        read("/health/ready", health::ready),
        read("/metrics", metrics::handle),
        read("/problems/{code}", problems::handle),
    ]
}

/// Pages about the API, which it does not document.
pub fn pages() -> Vec<Entry> {
    vec![read("/docs", docs::page), read("/docs/{file}", docs::file)]
}

/// Registers everything, with what the handlers need.
pub fn configure(cfg: &mut ServiceConfig, state: &Arc<ApiState>) {
    cfg.app_data(web::Data::from(Arc::clone(state)));
    cfg.app_data(web::Data::from(Arc::clone(&state.access)));
    for entry in table().into_iter().chain(pages()) {
        cfg.service(entry.resource);
    }
    cfg.default_service(web::to(|| async {
        Err::<HttpResponse, _>(Problem::new(&kind::NO_SUCH_ADDRESS))
    }));
}

type Verb = (Method, Route);

fn get<F, Args>(handler: F) -> Verb
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    (Method::GET, web::get().to(handler))
}

fn post<F, Args>(handler: F) -> Verb
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    (Method::POST, web::post().to(handler))
}

fn read<F, Args>(pattern: &'static str, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let head = (Method::HEAD, web::head().to(handler.clone()));
    entry(pattern, vec![get(handler), head])
}

fn write<F, Args>(pattern: &'static str, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    entry(pattern, vec![post(handler)])
}

fn entry(pattern: &'static str, verbs: Vec<Verb>) -> Entry {
    let methods: Vec<Method> = verbs.iter().map(|(method, _)| method.clone()).collect();
    let mut allow = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    allow.push_str(", OPTIONS");
    let other = move |req: HttpRequest| {
        let allow = allow.clone();
        async move {
            if req.method() == Method::OPTIONS {
                return Ok(HttpResponse::NoContent()
                    .insert_header((header::ALLOW, allow))
                    .finish());
            }
            Err(Problem::new(&kind::METHOD_NOT_ALLOWED).allow(allow))
        }
    };
    let resource = web::resource(pattern).default_service(web::to(other));
    let add = |resource: Resource, (_, route): Verb| resource.route(route);
    let resource = verbs.into_iter().fold(resource, add);
    Entry { pattern, methods, resource }
}
