//! `POST /v1/deliveries/{id}/redrive`: a failing or dead message is sent again, now.

use super::catalogue as kind;
use super::problem::Problem;
use super::state::ApiState;
use crate::access::OperationsPrincipal;
use crate::domain::MessageId;
use crate::followup::redrive::{Redriven, redrive};
use crate::store::DeliveryState;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct Answer {
    id: MessageId,
    state: &'static str,
}

pub(super) async fn handle(
    state: web::Data<ApiState>,
    caller: OperationsPrincipal,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let _place = state.admit_operations(&caller)?;
    let unknown = || Problem::new(&kind::NOT_FOUND);
    let id = MessageId(Uuid::try_parse(&path).map_err(|_| unknown())?);
    let (store, env) = (state.store.as_ref(), state.env.as_ref());
    match redrive(store, env, id, &caller.name).await? {
        Redriven::Again => {
            let state = DeliveryState::Delivering.as_str();
            Ok(HttpResponse::Accepted().json(Answer { id, state }))
        }
        Redriven::Left(_) => Err(Problem::new(&kind::NOT_FAILING)),
        Redriven::Unknown => Err(unknown()),
    }
}
