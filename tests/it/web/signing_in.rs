//! Signing in by pages: what a browser is given, and what it is not taken for.

use super::browser::{Browser, PASSWORD, SENDER, account, value_of};
use crate::harness::{Gateway, Home};
use reqwest::StatusCode;

async fn open(name: &str) -> (Home, Gateway, Browser, Vec<String>) {
    let home = Home::sqlite().await;
    let initial = account(&home, name, &SENDER).await;
    let gateway = home.start().await;
    let mut browser = Browser::at(&gateway);
    let kept = browser.set_up(name, &initial).await;
    (home, gateway, browser, kept.codes)
}

/// Both steps; where they lead.
async fn signed_in(browser: &mut Browser, name: &str, code: &str, next: &str) -> String {
    let given = [("name", name), ("password", PASSWORD), ("next", next)];
    let begun = browser.post("/sign-in", &given).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let page = browser.get(&begun.to).await.text;
    let csrf = value_of(&page, "csrf").expect("a form");
    let next = value_of(&page, "next").expect("a form");
    let form = [("csrf", csrf.as_str()), ("code", code), ("next", &next)];
    let done = browser.post("/sign-in/code", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    done.to
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_gives_another_token_and_none_from_outside_is_taken() {
    let (_home, gateway, mut ada, codes) = open("ada").await;
    // What an attacker has put there is not what the session is opened under.
    let mut browser = Browser::at(&gateway);
    browser.cookies.insert("session".to_owned(), "fixed-by-somebody-else".to_owned());
    let begun = browser.post("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(begun.to, "/sign-in/code");
    let half = browser.cookies["session"].clone();
    assert_ne!(half, "fixed-by-somebody-else");
    assert_eq!(browser.get("/refer").await.status, StatusCode::SEE_OTHER, "half opens nothing");
    let form = [("code", codes[0].as_str())];
    let done = browser.send("/sign-in/code", "/sign-in/code", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let whole = browser.cookies["session"].clone();
    assert_ne!(half, whole);
    assert_eq!(browser.get("/refer").await.status, StatusCode::OK);
    for token in [&half, "fixed-by-somebody-else"] {
        let mut other = Browser::at(&gateway);
        other.cookies.insert("session".to_owned(), token.to_owned());
        assert_eq!(other.get("/refer").await.status, StatusCode::SEE_OTHER, "{token}");
    }
    // Signing out ends it for whoever holds it.
    let mut copy = Browser::at(&gateway);
    copy.cookies = browser.cookies.clone();
    browser.send("/account", "/sign-out", &[]).await;
    assert!(!browser.cookies.contains_key("session"));
    assert_eq!(copy.get("/refer").await.status, StatusCode::SEE_OTHER);
    assert_eq!(ada.get("/refer").await.status, StatusCode::OK, "another browser's goes on");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_for_this_site_alone_and_no_script_reads_it() {
    let (_home, gateway, mut ada, codes) = open("ada").await;
    ada.send("/account", "/sign-out", &[]).await;
    let begun = ada.post("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).await;
    let [session] = begun.cookies.as_slice() else { panic!("{:?}", begun.cookies) };
    for part in ["session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(part), "{part} in {session}");
    }
    assert!(!session.contains("Max-Age") && !session.contains("Domain"), "{session}");
    let form = [("code", codes[0].as_str())];
    let done = ada.send("/sign-in/code", "/sign-in/code", &form).await;
    let marks = done.cookies.iter().find(|cookie| cookie.starts_with("marks=")).expect("marks");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=31536000"] {
        assert!(marks.contains(part), "{part} in {marks}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_comes_to_a_page_of_ours() {
    let (_home, gateway, _, codes) = open("ada").await;
    for (code, next, to) in [
        (0, "/refer/sent/AAAAA-AAAAA", "/refer/sent/AAAAA-AAAAA"),
        (1, "//evil.example/", "/refer"),
        (2, "/\\evil.example", "/refer"),
        (3, "https://evil.example/", "/refer"),
        (4, "", "/refer"),
    ] {
        let mut browser = Browser::at(&gateway);
        assert_eq!(signed_in(&mut browser, "ada", &codes[code], next).await, to, "{next}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_get_in_is_told_whom_to_telephone_and_not_why() {
    let (_home, gateway, _, codes) = open("ada").await;
    let mut browser = Browser::at(&gateway);
    let mut told = Vec::new();
    for name in ["ada", "nobody"] {
        let answer = browser.post("/sign-in", &[("name", name), ("password", "wrong words")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        for part in ["telephone 999", "tel:", "There is a problem"] {
            assert!(answer.text.contains(part), "{part}");
        }
        let nonce = answer.text.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next());
        let nonce = nonce.expect("a nonce").to_owned();
        told.push(answer.text.replace(&nonce, "").replace(name, ""));
    }
    assert_eq!(told[0], told[1], "a name that exists is answered as one that does not");
    // A used code, and another site's form.
    signed_in(&mut browser, "ada", &codes[0], "").await;
    let mut again = Browser::at(&gateway);
    again.post("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).await;
    let form = [("code", codes[0].as_str())];
    let answer = again.send("/sign-in/code", "/sign-in/code", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("telephone 999"));
    again.site = "cross-site";
    let answer = again.post("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "nobody is signed in by another's page");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_codes_are_given_for_the_password_alone_and_end_the_old() {
    let (_home, gateway, mut ada, codes) = open("ada").await;
    let refused = ada.send("/account", "/account/codes", &[("proof", "wrong words")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let shown = ada.send("/account", "/account/codes", &[("proof", PASSWORD)]).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    assert_eq!(shown.text.matches("<li class=\"fd-code\">").count(), 10);
    let mut again = Browser::at(&gateway);
    again.post("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).await;
    let form = [("code", codes[0].as_str())];
    let answer = again.send("/sign-in/code", "/sign-in/code", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "the old one is over");
    gateway.stop().await;
}
