//! `GET /v1/openapi.json`: the description of this API, with the referral's schema inside.

use super::state::ApiState;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value};

const SOURCE: &str = include_str!("../../schemas/openapi.yaml");
/// Name of the referral's schema among the components.
const REFERRAL: &str = "Referral";

#[derive(Debug, thiserror::Error)]
pub enum OpenApiError {
    #[error("the OpenAPI document cannot be read: {0}")]
    Document(String),
    #[error("the referral's schema cannot be read: {0}; it must be a JSON object")]
    Schema(String),
}

/// The description, put together once at start.
#[derive(Clone)]
pub struct OpenApi {
    document: Value,
    json: web::Bytes,
}

impl OpenApi {
    /// `referral_schema` is a JSON Schema 2020-12 document. Its definitions move to the components,
    /// because many readers of OpenAPI follow references from the document's root only.
    pub fn build(referral_schema: &str) -> Result<Self, OpenApiError> {
        let mut document: Value = serde_saphyr::from_str(SOURCE)
            .map_err(|why| OpenApiError::Document(why.to_string()))?;
        let mut schema: Map<String, Value> = serde_json::from_str(referral_schema)
            .map_err(|why| OpenApiError::Schema(why.to_string()))?;
        for only_at_a_root in ["$schema", "$id"] {
            schema.remove(only_at_a_root);
        }
        let definitions = schema.remove("$defs").unwrap_or_default();
        let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        let schemas = schemas
            .ok_or_else(|| OpenApiError::Document("it has no components/schemas".to_owned()))?;
        if let Value::Object(definitions) = definitions {
            for (name, mut definition) in definitions {
                point_to_components(&mut definition);
                schemas.insert(format!("{REFERRAL}.{name}"), definition);
            }
        }
        let mut schema = Value::Object(schema);
        point_to_components(&mut schema);
        schemas.insert(REFERRAL.to_owned(), schema);
        let json = document.to_string().into();
        Ok(OpenApi { document, json })
    }

    pub fn document(&self) -> &Value {
        &self.document
    }
}

/// Turns references within the referral's schema into references to the components.
fn point_to_components(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(target) if key == "$ref" => *target = component(target),
                    other => point_to_components(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_components),
        _ => {}
    }
}

fn component(target: &str) -> String {
    match target.strip_prefix("#/$defs/") {
        Some(name) => format!("#/components/schemas/{REFERRAL}.{name}"),
        None if target == "#" => format!("#/components/schemas/{REFERRAL}"),
        None => target.to_owned(),
    }
}

pub(super) async fn handle(state: web::Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-cache"))
        .content_type("application/json")
        .body(state.document.json.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_referrals_definitions_become_components_and_references_follow() {
        let schema = r##"{"$schema": "x", "$id": "y", "type": "object",
            "properties": {"a": {"$ref": "#/$defs/name"}},
            "$defs": {"name": {"anyOf": [{"$ref": "#/$defs/name"}, {"$ref": "#"}]}}}"##;
        let built = OpenApi::build(schema).expect("builds");
        let at = |pointer: &str| built.document().pointer(pointer).cloned().unwrap_or_default();
        let own = "#/components/schemas/Referral.name";
        assert_eq!(at("/components/schemas/Referral/properties/a/$ref"), own);
        assert_eq!(at("/components/schemas/Referral.name/anyOf/0/$ref"), own);
        assert_eq!(
            at("/components/schemas/Referral.name/anyOf/1/$ref"),
            "#/components/schemas/Referral"
        );
        assert!(at("/components/schemas/Referral/$id").is_null());
    }
}
