//! Until when a certificate is good: the one thing that is read of it, from its DER.
//!
//!     Certificate ::= SEQUENCE { tbs SEQUENCE {
//!         [0] version (optional), serial, signature, issuer,
//!         validity SEQUENCE { notBefore Time, notAfter Time }, … }, … }

use crate::domain::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When it ends; `None` of what is no certificate.
pub(super) fn ends(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, tbs, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (tag, _, rest) = element(tbs)?;
    // The serial number, or the version before it.
    let rest = if tag == VERSION { element(rest)?.2 } else { rest };
    let (_, _, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?;
    let (_, validity, _) = element(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    read(tag, std::str::from_utf8(time).ok()?)
}

/// The first element: its tag, what it holds, and what comes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ ..=0x7f => (usize::from(short), rest),
        // So many bytes of length; more than four are no certificate.
        long => {
            let count = usize::from(long & 0x7f);
            if !(1..=4).contains(&count) {
                return None;
            }
            let (length, rest) = rest.split_at_checked(count)?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` until 2049, and `YYYYMMDDHHMMSSZ` after it.
fn read(tag: u8, text: &str) -> Option<Timestamp> {
    let (century, digits) = match tag {
        UTC_TIME if text.get(..2)? < "50" => ("20", text),
        UTC_TIME => ("19", text),
        GENERALIZED_TIME => ("", text),
        _ => return None,
    };
    let digits = format!("{century}{}", digits.strip_suffix('Z')?);
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(year: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(year, 2, 28);
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn a_certificate_tells_when_it_ends() {
        for year in [2027, 2049, 2050, 2199] {
            let end = Timestamp::parse(&format!("{year}-02-28T00:00:00Z"));
            assert_eq!(ends(&made(year)), end, "{year}");
        }
    }

    #[test]
    fn what_is_no_certificate_ends_never_and_breaks_nothing() {
        let whole = made(2027);
        for cut in 0..200 {
            assert_eq!(ends(&whole[..cut]), None);
        }
        assert_eq!(ends(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]), None);
        assert_eq!(ends(b"-----BEGIN CERTIFICATE-----"), None);
    }
}
