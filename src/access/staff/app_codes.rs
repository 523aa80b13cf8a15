//! Codes of an authenticator app (RFC 6238): six digits, thirty seconds, one step early or late.

use super::tokens::SessionToken;
use crate::domain::{StaffId, Timestamp};
use crate::store::keys::KeyRing;
use totp_rs::{Builder, Secret};

/// Bytes of a secret, as RFC 4226 recommends.
const SECRET: usize = 20;

/// What somebody puts into their app, as text and as what a picture of it holds.
pub struct AppSecret {
    secret: Vec<u8>,
    issuer: String,
    account: String,
}

impl AppSecret {
    /// Made from the session in which it is shown: it is the same however often the page is
    /// loaded, another one next time, and kept only once its first code was right.
    pub(super) fn offered(ring: &KeyRing, staff: StaffId, session: &SessionToken) -> Vec<u8> {
        let half = |label| session.derive(ring, label, &staff.to_string());
        let mut secret = [half("app-secret.1"), half("app-secret.2")].concat();
        secret.truncate(SECRET);
        secret
    }

    pub(super) fn new(secret: Vec<u8>, issuer: &str, account: &str) -> Self {
        AppSecret { secret, issuer: issuer.to_owned(), account: account.to_owned() }
    }

    /// To type in: groups of four.
    pub fn text(&self) -> String {
        let text = self.base32();
        let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }

    /// To be made a picture of.
    pub fn url(&self) -> String {
        let (issuer, account) = (encoded(&self.issuer), encoded(&self.account));
        let secret = self.base32();
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
    }

    fn base32(&self) -> String {
        Secret::from(self.secret.as_slice()).to_base32()
    }
}

/// Everything but what no URL gives a meaning to.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The step of time whose code this is; none where it is not of now, or of a step beside.
pub(super) fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.0 / 1_000_000).ok()?;
    let app = Builder::new().with_secret(Secret::from(secret)).build().ok()?;
    i64::try_from(app.check(code, seconds)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's appendix B; the last six of its eight digits.
    const RFC: &[u8] = b"12345678901234567890";
    const CODES: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn the_codes_are_those_of_rfc_6238_one_step_early_or_late() {
        for (at, code) in CODES {
            for late in -120..=120 {
                let now = Timestamp((at + late) * 1_000_000);
                let steps = (at + late).div_euclid(30) - at.div_euclid(30);
                let expected = (steps.abs() <= 1).then_some(at / 30);
                if at + late >= 0 {
                    assert_eq!(step_of(RFC, code, now), expected, "{at} {late}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_code_is_no_code() {
        for code in ["", "28708", "2870820", "28708a", "２８７０８２", "000000"] {
            assert_eq!(step_of(RFC, code, Timestamp(59_000_000)), None, "{code}");
        }
        assert_eq!(step_of(b"short", "287082", Timestamp(59_000_000)), None);
        assert_eq!(step_of(RFC, "287082", Timestamp(-1_000_000)), None);
    }

    #[test]
    fn a_secret_is_told_as_text_and_as_a_url() {
        let app = AppSecret::new(RFC.to_vec(), "Front door", "ann@ridgeway.example");
        assert_eq!(app.text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            app.url(),
            "otpauth://totp/Front%20door:ann%40ridgeway.example\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Front%20door"
        );
    }
}
