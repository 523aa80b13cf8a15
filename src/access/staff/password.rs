//! Passwords: which are taken (NIST SP 800-63B §5.1.1), and how they are kept (argon2id).

use super::initial;
use crate::domain::time::Env;
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::LazyLock;
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Characters of a password.
const SHORTEST: usize = 12;
const LONGEST: usize = 200;
/// A password that is made of fewer different characters is one key held down.
const DIFFERENT: usize = 5;
/// What is left of a password without the name to sign in with has so many characters at least.
const BESIDE_NAME: usize = 8;

/// What everybody tries first; lower case, one a line.
const WORST: &str = include_str!("worst_passwords.txt");

static WORST_SET: LazyLock<HashSet<&str>> = LazyLock::new(|| WORST.lines().collect());

/// Why a password is not taken. There are no rules on which kinds of characters it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("Use at least 12 characters. Three or four words that you alone put together are good")]
    Short,
    #[error("Use at most 200 characters")]
    Long,
    #[error("Choose a password that is not your sign-in name")]
    Name,
    #[error(
        "This is one of the passwords that are tried first. Choose words that you alone would \
             put together"
    )]
    Common,
    #[error("This has the form of a password that was given to you. Choose one of your own")]
    Given,
}

/// Whether somebody with this sign-in name may have this password.
pub fn check(password: &str, sign_in: &str) -> Result<(), Weak> {
    if initial::read(password).is_some() {
        return Err(Weak::Given);
    }
    let password = folded(password);
    match password.chars().count() {
        ..SHORTEST => return Err(Weak::Short),
        length if length > LONGEST => return Err(Weak::Long),
        _ => {}
    }
    let name = folded(sign_in);
    let short_name = name.split('@').next().unwrap_or_default();
    for name in [name.as_str(), short_name].into_iter().filter(|name| name.chars().count() > 2) {
        let rest = password.replace(name, "");
        if rest != *password && rest.chars().count() < BESIDE_NAME {
            return Err(Weak::Name);
        }
    }
    if is_common(&password) { Err(Weak::Common) } else { Ok(()) }
}

fn is_common(password: &str) -> bool {
    let letters: String = password.chars().filter(|c| c.is_alphabetic()).collect();
    let different: HashSet<char> = password.chars().collect();
    different.len() < DIFFERENT
        || WORST_SET.contains(password)
        || WORST_SET.contains(letters.as_str())
        // The same word again and again.
        || WORST_SET.iter().any(|word| !letters.is_empty() && letters.replace(word, "").is_empty())
}

/// As it is compared: of one form, in lower case.
fn folded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.nfkc().collect::<String>().to_lowercase())
}

/// A password as it is kept, with how it was hashed: stronger ways can come later.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PasswordHash {
    /// Salted and not hashed yet.
    fn salted(salt: [u8; 16]) -> Self {
        PasswordHash { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt, hash: [0; 32] }
    }

    /// The hash of a password in this way, with this salt.
    fn of(&self, password: &str) -> [u8; 32] {
        // However a keyboard writes é, it is the same password.
        let password: Zeroizing<String> = Zeroizing::new(password.nfkc().collect());
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32));
        let params = params.expect("these are within what argon2 takes");
        let mut hash = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &self.salt, &mut hash)
            .expect("salt and length are what argon2 takes");
        hash
    }
}

/// As it is to be kept, hashed off the async threads. Whoever asks has a turn (`turns.rs`).
pub(super) async fn hash(password: &str, env: &dyn Env) -> PasswordHash {
    let mut salt = [0; 16];
    env.entropy(&mut salt);
    let mut kept = PasswordHash::salted(salt);
    let (password, way) = (Zeroizing::new(password.to_owned()), kept.clone());
    kept.hash = on_a_thread(move || way.of(&password)).await;
    kept
}

/// Whether it is the password. Where there is none it takes as long to say no.
pub(super) async fn fits(password: &str, kept: Option<&PasswordHash>) -> bool {
    let is_somebody = kept.is_some();
    let kept = kept.cloned().unwrap_or_else(|| PasswordHash::salted([0; 16]));
    let password = Zeroizing::new(password.to_owned());
    let same = move || bool::from(kept.of(&password).as_slice().ct_eq(&kept.hash));
    on_a_thread(same).await && is_somebody
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    struct Still;

    impl Env for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.fill(7);
        }
    }

    #[test]
    fn what_is_long_and_ones_own_is_taken_whatever_it_is_made_of() {
        for good in [
            "lantern pickle orbit",
            "aaaabbbbccccddddeeee",
            "täglich drei Äpfel",
            "394857203948572",
            "ann.teacher and the blue door",
            "!!??;;::..,,--__",
        ] {
            assert_eq!(check(good, "ann.teacher@ridgeway.example"), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_short_long_the_name_or_tried_first_is_not_taken() {
        for (bad, why) in [
            ("eleven char", Weak::Short),
            ("éééééé", Weak::Short),
            (&*"long enough ".repeat(20), Weak::Long),
            ("ann.teacher1!", Weak::Name),
            ("Ann.Teacher@Ridgeway.example", Weak::Name),
            ("1ANN.TEACHER2026", Weak::Name),
            ("password1234", Weak::Common),
            ("Safeguarding2026!", Weak::Common),
            ("Password-Password-1", Weak::Common),
            ("123456789012", Weak::Common),
            ("qwertyuiop12", Weak::Common),
            ("ababababababab", Weak::Common),
            ("ABCDE-fghij-kmnpq-23456", Weak::Given),
        ] {
            assert_eq!(check(bad, "ann.teacher@ridgeway.example"), Err(why), "{bad}");
        }
    }

    #[test]
    fn the_list_of_the_worst_is_in_lower_case_and_sorted_without_repeats() {
        let lines: Vec<&str> = WORST.lines().collect();
        assert!(lines.is_sorted_by(|a, b| a < b), "sort it");
        assert!(lines.iter().all(|line| !line.is_empty() && *folded(line) == **line));
    }

    #[tokio::test]
    async fn a_password_fits_itself_alone_however_its_letters_are_written() {
        let kept = hash("caf\u{e9} lantern orbit", &Still).await;
        assert_eq!((kept.memory_kib, kept.passes, kept.lanes), (19_456, 2, 1));
        assert!(fits("cafe\u{301} lantern orbit", Some(&kept)).await);
        assert!(!fits("cafe lantern orbit", Some(&kept)).await);
        assert!(!fits("", None).await);
        let other = PasswordHash { salt: [8; 16], ..kept.clone() };
        assert!(!fits("caf\u{e9} lantern orbit", Some(&other)).await);
    }
}
