//! Where somebody goes who has signed in.

use crate::domain::Role;

/// The page that was asked for before, where it is one of ours and no other site's; else where
/// people of this role begin.
pub(super) fn next(asked: &str, role: Role) -> String {
    if is_ours(asked) { asked.to_owned() } else { home(role).to_owned() }
}

/// A path of this gateway and nothing else: browsers read `//`, `/\` and control characters as the
/// beginning of another site's address.
pub(super) fn is_ours(asked: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '?');
    let path = asked.starts_with('/') && !asked.starts_with("//");
    path && asked.len() <= 200 && asked.chars().all(plain) && !asked.starts_with("/sign-in")
}

fn home(role: Role) -> &'static str {
    match role {
        Role::Sender => "/refer",
        Role::Operations => "/ops",
        _ => "/account",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for ours in ["/refer", "/refer/0190-a/check", "/refer/sent/ABCDE-FGHJK?now"] {
            assert_eq!(next(ours, Role::Sender), ours);
        }
        for other in [
            "",
            "refer",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "/refer@evil.example",
            "/refer:8080",
            "/sign-in",
            "/refer%0d%0aset-cookie",
        ] {
            assert_eq!(next(other, Role::Sender), "/refer", "{other}");
        }
    }
}
