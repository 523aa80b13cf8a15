//! Every page and every role: who is shown what.

use super::browser::{Browser, SENDER, account};
use crate::harness::Home;
use reqwest::StatusCode;
use std::collections::BTreeSet;
use std::path::Path;

/// The roles that open a page, besides nobody.
#[derive(Clone, Copy, Debug, PartialEq)]
enum For {
    /// Anybody, also who is not signed in.
    Anybody,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever refers.
    Sender,
    /// A key of operations, or an open demonstration: by no account yet.
    OperationsKey,
    /// Whoever is between the two steps.
    BetweenSteps,
}

use For::{Anybody, BetweenSteps, OperationsKey, Sender, SignedIn};

/// Every address of `src/web`, as it is registered there.
const TABLE: &[(&str, For)] = &[
    ("/assets/{name}", Anybody),
    ("/privacy", Anybody),
    ("/ops", OperationsKey),
    ("/ops/live", OperationsKey),
    ("/sign-in", Anybody),
    ("/sign-in/code", BetweenSteps),
    ("/sign-in/set-up", BetweenSteps),
    ("/sign-out", SignedIn),
    ("/account", SignedIn),
    ("/account/codes", SignedIn),
    ("/refer", Sender),
    ("/refer/sent/{reference}", Sender),
    ("/refer/sent/{reference}/more", Sender),
    ("/refer/{draft}", Sender),
    ("/refer/{draft}/check", Sender),
    ("/refer/{draft}/send", Sender),
    ("/refer/{draft}/remove", Sender),
    ("/refer/{draft}/discard", Sender),
    ("/refer/{draft}/take-over", Sender),
    ("/refer/{draft}/{page}", Sender),
    ("/refer/{draft}/{page}/{n}", Sender),
];

#[test]
fn no_address_is_served_that_the_table_does_not_name() {
    let mut registered = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("samples.rs") {
                let text = std::fs::read_to_string(path).expect("text");
                let found = text.split("web::resource(\"").skip(1);
                registered
                    .extend(found.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    let named: BTreeSet<String> = TABLE.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(registered, named);
}

/// What stands in the place of a part of an address.
fn filled(path: &str, draft: &str) -> String {
    path.replace("{draft}", draft)
        .replace("{reference}", "AAAAA-AAAAA")
        .replace("{page}", "worry")
        .replace("{name}", "none.css")
        .replace("/{n}", "/0")
}

/// How a request was answered, as far as it tells who may.
#[derive(Debug, PartialEq)]
enum Shown {
    /// It was let through, to whatever is or is not there.
    Through,
    /// To the sign-in.
    SignIn,
    /// Not for this role, or the session is over.
    Stopped,
    /// A key is asked for.
    Key,
}

/// `None` where there is nothing of this method at the address.
async fn shown(browser: &mut Browser, method: &str, path: &str) -> Option<Shown> {
    let answer = match method {
        "GET" => browser.get(path).await,
        // Without its token, which is looked at after who it is.
        _ => browser.post(path, &[]).await,
    };
    match answer.status {
        StatusCode::METHOD_NOT_ALLOWED => None,
        StatusCode::SEE_OTHER if answer.to.starts_with("/sign-in") => Some(Shown::SignIn),
        StatusCode::FORBIDDEN => Some(Shown::Stopped),
        StatusCode::UNAUTHORIZED => Some(Shown::Key),
        _ => Some(Shown::Through),
    }
}

fn expected(whom: For, role: Option<&str>, method: &str, path: &str) -> Shown {
    let nobody = if method == "GET" { Shown::SignIn } else { Shown::Stopped };
    match (whom, role) {
        (Anybody, _) => Shown::Through,
        (OperationsKey, _) => Shown::Key,
        // Whoever is signed in, or not at all, begins again; a form without its token is refused.
        (BetweenSteps, _) if method == "GET" => Shown::SignIn,
        (BetweenSteps, _) if path == "/sign-in/code" => Shown::SignIn,
        (BetweenSteps, None) => Shown::SignIn,
        (BetweenSteps, Some(_)) => Shown::Through,
        (SignedIn | Sender, None) => nobody,
        (SignedIn, Some(_)) | (Sender, Some("sender")) => Shown::Through,
        (Sender, Some(_)) => Shown::Stopped,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_for_its_roles_alone() {
    let home = Home::sqlite().await;
    let team = ["--destination", "masstt"];
    let role = |role: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        [&["--role", role], more].concat()
    };
    let accounts = [
        ("sender", SENDER.to_vec()),
        ("screener", role("screener", &team)),
        ("checker-police", role("checker-police", &team)),
        ("manager", role("manager", &team)),
        ("coordinator", role("coordinator", &team)),
        ("operations", role("operations", &[])),
        ("auditor", role("auditor", &[])),
        ("administrator", role("administrator", &[])),
    ];
    let mut initial = Vec::new();
    for (name, more) in &accounts {
        initial.push(account(&home, name, more).await);
    }
    let gateway = home.start().await;
    let mut people = vec![(None, Browser::at(&gateway))];
    for ((name, _), initial) in accounts.iter().zip(&initial) {
        let mut browser = Browser::at(&gateway);
        browser.set_up(name, initial).await;
        people.push((Some(*name), browser));
    }
    let draft = "0190a000-0000-7000-8000-000000000000";
    for (path, whom) in TABLE.iter().filter(|(path, _)| *path != "/sign-out") {
        for (role, browser) in &mut people {
            for method in ["GET", "POST"] {
                let address = filled(path, draft);
                let Some(answer) = shown(browser, method, &address).await else { continue };
                let wanted = expected(*whom, *role, method, path);
                assert_eq!(answer, wanted, "{method} {path} for {role:?}");
            }
        }
    }
    gateway.stop().await;
}
