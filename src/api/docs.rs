//! `/docs`: the OpenAPI description as a page. Everything it needs is served from here.

use super::catalogue as kind;
use super::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use std::sync::{Arc, OnceLock};

/// Scripts and styles from here only; the interface draws its symbols from `data:` images and
/// styles its own elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>frontdoor API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png" sizes="32x32">
</head>
<body>
<main id="swagger-ui"></main>
<noscript><p>This page draws <a href="/v1/openapi.json">the OpenAPI document</a> with JavaScript.
Without it, read the document itself.</p></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"#;

const START: &str = "window.ui = SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
";

/// Files of the interface that the page asks for.
const FILES: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// A file of the interface, taken out of the library once: requests share its bytes.
struct File {
    content_type: String,
    bytes: Bytes,
}

static TAKEN: [OnceLock<Option<File>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

fn taken(name: &str) -> Option<&'static File> {
    let index = FILES.iter().position(|known| *known == name)?;
    let take = || {
        let config = Arc::new(utoipa_swagger_ui::Config::from("/v1/openapi.json"));
        let file = utoipa_swagger_ui::serve(FILES[index], config).ok().flatten()?;
        let (content_type, bytes) = (file.content_type, file.bytes.into_owned().into());
        Some(File { content_type, bytes })
    };
    TAKEN[index].get_or_init(take).as_ref()
}

pub(super) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(PAGE)
}

pub(super) async fn file(path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let missing = || Problem::new(&kind::NO_SUCH_ADDRESS);
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "public, max-age=86400"));
    if path.as_str() == "start.js" {
        return Ok(response.content_type("text/javascript; charset=utf-8").body(START));
    }
    let file = taken(&path).ok_or_else(missing)?;
    Ok(response.content_type(file.content_type.as_str()).body(file.bytes.clone()))
}
