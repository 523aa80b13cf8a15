//! `GET /v1/openapi.json` and `/docs`: what is served is what is documented.

use super::World;
use frontdoor::api::routes;
use serde_json::Value;
use std::collections::BTreeSet;

/// Methods that the OpenAPI document leaves to HTTP.
const IMPLIED: &str = "HEAD";

#[tokio::test]
async fn what_is_served_is_documented_and_what_is_documented_is_served() {
    let world = World::start().await;
    let document: Value =
        world.get("/v1/openapi.json", "").send().await.unwrap().json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("an item").keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let served: BTreeSet<String> = routes::table()
        .iter()
        .flat_map(|entry| {
            let methods = entry.methods.iter().filter(|method| method.as_str() != IMPLIED);
            methods.map(|method| format!("{method} {}", entry.pattern)).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(documented, served);
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_is_named_once() {
    let world = World::start().await;
    let document: Value =
        world.get("/v1/openapi.json", "").send().await.unwrap().json().await.unwrap();
    let (mut references, mut names) = (Vec::new(), Vec::new());
    walk(&document, &mut references, &mut names);
    assert!(references.len() > 50 && names.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

fn walk(value: &Value, references: &mut Vec<String>, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value.as_str()) {
                    ("$ref", Some(target)) => references.push(target.to_owned()),
                    ("operationId", Some(name)) => names.push(name.to_owned()),
                    _ => walk(value, references, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, references, names)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_asks_nobody_else_for_anything() {
    let world = World::start().await;
    let page = world.get("/docs", "").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("connect-src 'self'") && policy.contains("script-src 'self'"));
    let mut text = page.text().await.unwrap();
    text += &world.get("/docs/start.js", "").send().await.unwrap().text().await.unwrap();
    assert!(text.contains("/v1/openapi.json"));
    assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("\"//"));
    for (file, kind) in [
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("favicon-32x32.png", "image/png"),
    ] {
        assert!(text.contains(&format!("/docs/{file}")), "{file}");
        let answer = world.get(&format!("/docs/{file}"), "").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let found = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(found.starts_with(kind), "{found}");
    }
}
