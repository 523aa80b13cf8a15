//! Styles, scripts and pictures, from memory. Each has the hash of its content in its name, so a
//! browser may keep it for ever; `scripts/front-end` builds them and `build.rs` lists them.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};

/// One file.
pub(super) struct Asset {
    /// As pages ask for it, without the hash.
    plain: &'static str,
    name: &'static str,
    bytes: &'static [u8],
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A year in seconds, the longest that caches count.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Where pages find a file, e.g. `frontdoor.css`. A test asks for whatever templates ask for.
pub(super) fn address(plain: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.plain == plain);
    found.map_or_else(String::new, |asset| format!("/assets/{}", asset.name))
}

pub(super) async fn serve(name: web::Path<String>, req: HttpRequest) -> HttpResponse {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name.as_str()) else {
        return HttpResponse::NotFound().finish();
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type(asset.name))
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::VARY, "accept-encoding"));
    if takes_gzip(&req) {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
        return response.body(Bytes::from_static(asset.gzip));
    }
    response.body(Bytes::from_static(asset.bytes))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn takes_gzip(req: &HttpRequest) -> bool {
    let encodings = req.headers().get_all(header::ACCEPT_ENCODING);
    let named = encodings.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    named.map(str::trim).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        name.trim() == "gzip" && weight.trim().trim_end_matches(['0', '.']) != "q="
    })
}
