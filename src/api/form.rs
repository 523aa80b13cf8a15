//! A file within a form (RFC 7578), as browsers and many client libraries send it.

use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, ContentDisposition, HeaderMap};
use actix_web::web::Bytes;
use futures::StreamExt as _;
use futures::stream;

/// Bytes of a form around its file: boundaries, and fields that are passed over.
pub(super) const AROUND: usize = 64 << 10;
/// Bytes given to the form's reader at once: fewer than it holds.
const PIECE: usize = 16 << 10;

/// A file, as it came.
#[derive(Default)]
pub(super) struct Sent {
    pub name: Option<String>,
    pub media_type: Option<String>,
    pub content: Vec<u8>,
}

/// Whether a body is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("multipart/form-data")
}

/// The one file of a form; fields without a file's name are passed over. `None` where there is no
/// file or another besides, or the form cannot be read.
pub(super) async fn file_of(headers: &HeaderMap, body: Vec<u8>) -> Option<Sent> {
    let body = Bytes::from(body);
    let pieces = (0..body.len())
        .step_by(PIECE)
        .map(move |from| Ok::<_, PayloadError>(body.slice(from..body.len().min(from + PIECE))));
    let mut form = Multipart::new(headers, stream::iter(pieces));
    let mut found: Option<Sent> = None;
    while let Some(field) = form.next().await {
        let mut field = field.ok()?;
        let name = field.content_disposition().and_then(name_of);
        let mut sent =
            Sent { media_type: field.content_type().map(ToString::to_string), ..Sent::default() };
        while let Some(piece) = field.next().await {
            let piece = piece.ok()?;
            if name.is_some() {
                sent.content.extend_from_slice(&piece);
            }
        }
        if name.is_some() && found.replace(Sent { name, ..sent }).is_some() {
            return None;
        }
    }
    found
}

/// The name that a file came with.
pub(super) fn name_of(given: &ContentDisposition) -> Option<String> {
    let extended = given.get_filename_ext();
    let extended = extended.map(|name| String::from_utf8_lossy(&name.value).into_owned());
    extended.or_else(|| given.get_filename().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    async fn read(body: &[u8]) -> Option<(Option<String>, Option<String>, Vec<u8>)> {
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("multipart/form-data; boundary=xyz");
        headers.insert(CONTENT_TYPE, kind);
        assert!(is_form(&headers));
        let sent = file_of(&headers, body.to_vec()).await?;
        Some((sent.name, sent.media_type, sent.content))
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        let head = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/pdf\r\n\r\n"
        );
        [head.as_bytes(), content, b"\r\n"].concat()
    }

    const FIELD: &[u8] = b"--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n";
    const END: &[u8] = b"--xyz--\r\n";

    #[actix_web::test]
    async fn a_form_has_one_file_and_what_else_stands_in_it_is_passed_over() {
        let large = vec![b'y'; 300_000];
        let form = [FIELD, &file("one.pdf", &large), FIELD, END].concat();
        let kind = Some("application/pdf".to_owned());
        assert_eq!(read(&form).await, Some((Some("one.pdf".to_owned()), kind, large)));
        let two = [file("one.pdf", b"1"), file("two.pdf", b"2"), END.to_vec()].concat();
        assert_eq!(read(&two).await, None);
        assert_eq!(read(&[FIELD, END].concat()).await, None);
        assert_eq!(read(b"%PDF-1.7").await, None);
        assert_eq!(read(&file("cut.pdf", b"1")).await, None);
        assert_eq!(read(b"").await, None);
    }
}
