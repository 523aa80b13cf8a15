//! Which media types the canonical decoder reads.

use crate::domain::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};

/// Accepts `application/json` (RFC 8259) or no media type at all; a `charset`, where one is
/// given, must be UTF-8 or its subset US-ASCII.
///
/// # Errors
/// [`RefusalKind::MediaType`] for anything else, agency formats such as `application/fhir+json`
/// included: those have addresses of their own.
pub fn check(media_type: Option<&str>) -> Result<(), Refusal> {
    let Some(stated) = media_type else { return Ok(()) };
    let mut parts = stated.split(';').map(str::trim);
    let named = parts.next().unwrap_or_default();
    let charset_holds = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| known.eq_ignore_ascii_case(value))
        }
        _ => true,
    });
    if charset_holds && (named.is_empty() || named.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Refusal {
        kind: RefusalKind::MediaType,
        faults: vec![Unread {
            pointer: String::new(),
            rule: "media-type".to_owned(),
            ask: "Send the referral as application/json in UTF-8; another format goes to its \
                  own adapter's address"
                .to_owned(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf_8_is_read_however_the_header_is_written() {
        for stated in [
            None,
            Some(""),
            Some("application/json"),
            Some("Application/JSON; charset=UTF-8"),
            Some("application/json;charset=\"utf-8\"; profile=x"),
        ] {
            assert_eq!(check(stated), Ok(()), "{stated:?}");
        }
    }

    #[test]
    fn another_format_or_character_set_is_refused_without_repeating_the_header() {
        for stated in ["text/csv", "application/fhir+json", "application/json; charset=utf-16"] {
            let refusal = check(Some(stated)).expect_err(stated);
            assert_eq!(refusal.kind, RefusalKind::MediaType);
            assert!(!refusal.faults[0].ask.contains(stated));
        }
    }
}
