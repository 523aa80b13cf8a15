//! Where a browser's request comes from: from a page of ours or another's, and from which address.

use actix_web::HttpRequest;
use actix_web::http::header;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Whether a request that changes something was made by a page of this site, and not by another
/// that a person has open: also before there is a session, where no form has a token that means
/// anything (another site could sign somebody in under a name of its own).
///
/// Browsers say so in `Sec-Fetch-Site`, which no page can set. Older ones say in `Origin` whose
/// page it was, though `null` where the page had `Referrer-Policy: no-referrer`. Whoever says
/// neither is refused. Something in front must pass `Host` on as it came.
pub fn same_origin(request: &HttpRequest) -> bool {
    let said = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = said("sec-fetch-site") {
        // `none`: the person, by the browser's own buttons.
        return matches!(site, "same-origin" | "none");
    }
    let host =
        said(header::HOST.as_str()).or_else(|| request.uri().authority().map(|a| a.as_str()));
    let origin = said(header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    let same = |of: &str, host: &str| !host.is_empty() && of.eq_ignore_ascii_case(host);
    origin.zip(host).is_some_and(|((_, of), host)| same(of, host))
}

/// The person's own address. Behind a proxy (`http.behind_proxy`) it is the last of
/// `X-Forwarded-For`, which the proxy appends; whatever stands before was written by anybody, as is
/// the whole header where no proxy is configured.
pub fn address(request: &HttpRequest, behind_proxy: bool) -> IpAddr {
    let told = request.headers().get_all("x-forwarded-for").next_back();
    let last = told.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    let last = last.filter(|_| behind_proxy).and_then(|text| read(text.trim()));
    let peer = request.peer_addr().map(|peer| peer.ip());
    last.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical()
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    plain.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|of| of.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn with(headers: &[(&'static str, &str)]) -> HttpRequest {
        let peer = "192.0.2.1:4000".parse().expect("an address");
        let request = TestRequest::post().uri("/sign-in").peer_addr(peer);
        let add = |request: TestRequest, (name, value): &(&'static str, &str)| {
            request.append_header((*name, *value))
        };
        headers.iter().fold(request, add).to_http_request()
    }

    #[test]
    fn what_another_sites_page_sends_is_told_from_what_ours_send() {
        const HOST: (&str, &str) = ("host", "door.example:8080");
        let from =
            |headers: &[(&'static str, &str)]| same_origin(&with(&[&[HOST], headers].concat()));
        for (site, ours) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("", false),
        ] {
            assert_eq!(from(&[("sec-fetch-site", site)]), ours, "{site}");
            // It is believed before the other, which a page's policy can hide.
            let both = [("sec-fetch-site", site), ("origin", "null")];
            assert_eq!(from(&both), ours, "{site}");
        }
        for (origin, ours) in [
            ("https://door.example:8080", true),
            ("https://Door.example:8080", true),
            ("https://door.example", false),
            ("https://door.example:8080.evil.example", false),
            ("https://evil.example", false),
            ("door.example:8080", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(from(&[("origin", origin)]), ours, "{origin}");
        }
        assert!(!from(&[]), "whoever says nothing");
        assert!(!same_origin(&with(&[("host", ""), ("origin", "https://")])));
    }

    #[test]
    fn an_address_is_the_one_that_the_proxy_saw() {
        let of =
            |headers: &[(&'static str, &str)], proxy| address(&with(headers), proxy).to_string();
        const FORWARDED: &str = "x-forwarded-for";
        let forged = [(FORWARDED, "203.0.113.9, 198.51.100.7")];
        assert_eq!(of(&forged, false), "192.0.2.1", "no proxy is configured");
        assert_eq!(of(&forged, true), "198.51.100.7");
        let twice = [(FORWARDED, "203.0.113.9"), (FORWARDED, "198.51.100.8")];
        assert_eq!(of(&twice, true), "198.51.100.8");
        for (told, read) in [
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("198.51.100.7:443", "198.51.100.7"),
            ("unknown", "192.0.2.1"),
            ("198.51.100.7,", "192.0.2.1"),
        ] {
            assert_eq!(of(&[(FORWARDED, told)], true), read, "{told}");
        }
        assert_eq!(of(&[], true), "192.0.2.1");
    }
}
