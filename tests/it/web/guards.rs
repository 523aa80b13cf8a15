//! What nobody can do to somebody else. Each of these fails when its guard is taken out.

use super::browser::{Browser, SENDER, account, value_of};
use crate::harness::{Gateway, Home};
use reqwest::StatusCode;

/// A gateway with people of two organisations, each signed in at a browser of their own.
struct Town {
    /// What the gateway keeps goes with it.
    _home: Home,
    gateway: Gateway,
    ada: Browser,
    /// A colleague of Ada's, and a lead of theirs.
    bea: Browser,
    lena: Browser,
    /// A lead of another organisation.
    hal: Browser,
}

async fn town() -> Town {
    let home = Home::sqlite().await;
    let of = |agency: &'static str, lead: bool| -> Vec<&'static str> {
        let more: &[&str] = if lead { &["--lead"] } else { &[] };
        [&["--role", "sender", "--agency", agency], more].concat()
    };
    let mut initial = Vec::new();
    for (name, more) in [
        ("ada", SENDER.to_vec()),
        ("bea", SENDER.to_vec()),
        ("lena", of("school-ridgeway", true)),
        ("hal", of("police-west", true)),
    ] {
        initial.push((name, account(&home, name, &more).await));
    }
    let gateway = home.start().await;
    let mut people = Vec::new();
    for (name, initial) in initial {
        let mut browser = Browser::at(&gateway);
        browser.set_up(name, &initial).await;
        people.push(browser);
    }
    let [ada, bea, lena, hal] = <[Browser; 4]>::try_from(people).ok().expect("four");
    Town { _home: home, gateway, ada, bea, lena, hal }
}

/// Begins a referral; the address of its draft.
async fn begun(who: &mut Browser) -> String {
    let begun = who.send("/refer", "/refer", &[("danger", "no")]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    begun.to.strip_suffix("/worry").expect("the first page").to_owned()
}

/// Writes what a referral cannot be without.
async fn written(who: &mut Browser, draft: &str, worry: &str) {
    let page = format!("{draft}/worry");
    who.send(&page, &page, &[("worry", worry)]).await;
    let page = format!("{draft}/child/0");
    who.send(&page, &page, &[("given", "Ben"), ("family", "Moor"), ("age", "7")]).await;
    let page = format!("{draft}/you");
    let done = who.send(&page, &page, &[("name", "Ada"), ("telephone", "01632 960101")]).await;
    assert_eq!(done.to, format!("{draft}/check"));
}

async fn sent(who: &mut Browser, draft: &str) -> String {
    let done = who.send(&format!("{draft}/check"), &format!("{draft}/send"), &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    done.to.trim_end_matches("?now").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_another_page_sends_does_nothing() {
    let Town { _home, gateway, mut ada, mut bea, .. } = town().await;
    let draft = begun(&mut ada).await;
    written(&mut ada, &draft, "thin coat").await;
    let check = format!("{draft}/check");
    let (own, foreign) = (ada.csrf(&check).await, bea.csrf("/refer").await);
    let forms = [
        (format!("{draft}/worry"), vec![("worry", "changed")]),
        (format!("{draft}/remove"), vec![("of", "child"), ("n", "0")]),
        (format!("{draft}/discard"), vec![]),
        (format!("{draft}/send"), vec![]),
        ("/refer".to_owned(), vec![("danger", "no")]),
        ("/account/codes".to_owned(), vec![("proof", super::browser::PASSWORD)]),
        ("/sign-out".to_owned(), vec![]),
    ];
    for (path, form) in &forms {
        for csrf in ["", "AAAA", foreign.as_str()] {
            let answer = ada.post(path, &[form.as_slice(), &[("csrf", csrf)]].concat()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} with {csrf}");
        }
        for site in ["cross-site", "same-site"] {
            ada.site = site;
            let answer = ada.post(path, &[form.as_slice(), &[("csrf", &own)]].concat()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} from {site}");
        }
        ada.site = "same-origin";
    }
    let page = ada.get(&check).await;
    assert!(page.text.contains("thin coat") && page.text.contains("NOT SENT"), "nothing is done");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_another_has_written_or_sent() {
    let Town { _home, gateway, mut ada, mut bea, mut lena, mut hal } = town().await;
    let (open, draft) = (begun(&mut ada).await, begun(&mut ada).await);
    written(&mut ada, &open, "not for others").await;
    written(&mut ada, &draft, "not for others").await;
    let reference = sent(&mut ada, &draft).await;
    let more = format!("{reference}/more");
    for (who, other) in [("a colleague", &mut bea), ("another's lead", &mut hal)] {
        let csrf = other.csrf("/refer").await;
        for path in ["", "/check", "/worry", "/child/0"].map(|end| format!("{open}{end}")) {
            assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND, "{path} for {who}");
        }
        for end in ["/worry", "/send", "/remove", "/discard", "/take-over"] {
            let form = [("csrf", csrf.as_str()), ("worry", "x"), ("of", "child"), ("n", "0")];
            let answer = other.post(&format!("{open}{end}"), &form).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{end} for {who}");
        }
        assert_eq!(other.get(&reference).await.status, StatusCode::NOT_FOUND, "for {who}");
        let form = [("csrf", csrf.as_str()), ("more", "x"), ("once", "12345678")];
        assert_eq!(other.post(&more, &form).await.status, StatusCode::NOT_FOUND, "for {who}");
        assert!(!other.get("/refer").await.text.contains("Ben Moor"), "in no list for {who}");
    }
    // The lead of their own sees what was sent, and can take over what was not; not more.
    assert_eq!(lena.get(&reference).await.status, StatusCode::OK);
    assert_eq!(lena.get(&format!("{open}/check")).await.status, StatusCode::NOT_FOUND);
    let list = lena.get("/refer").await.text;
    assert!(list.contains(&format!("{open}/take-over")) && !list.contains("not for others"));
    let kept = ada.get(&format!("{open}/check")).await.text;
    assert!(kept.contains("not for others"), "as it was");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_a_colleague_is_seen_by_its_author_alone() {
    let Town { _home, gateway, mut ada, mut lena, .. } = town().await;
    let draft = begun(&mut ada).await;
    written(&mut ada, &draft, "about Mr Invented").await;
    let page = format!("{draft}/worry");
    let ticked = [("worry", "about Mr Invented"), ("trusted", "trusted-person")];
    ada.send(&page, &page, &ticked).await;
    assert!(!lena.get("/refer").await.text.contains(&draft), "in no list while it is open");
    let reference = sent(&mut ada, &draft).await;
    let list = lena.get("/refer").await.text;
    let number = reference.rsplit('/').next().expect("a reference");
    assert!(!list.contains(number) && !list.contains("Ben Moor"), "in no list once it is sent");
    assert_eq!(lena.get(&reference).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.get(&reference).await.status, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_writes_is_text_on_every_page() {
    let Town { _home, gateway, mut ada, .. } = town().await;
    let draft = begun(&mut ada).await;
    const CANARY: &str = "\"'><script>canary()</script><img src=x onerror=canary()>";
    // Every field of every page, as its own page names it.
    for page in [
        "worry",
        "happened",
        "body",
        "child/0",
        "unborn/0",
        "child-words/0",
        "child-now/0",
        "child-home/0",
        "child-services/0",
        "child-about/0",
        "child-contact/0",
        "person/0",
        "person-safety/0",
        "person-contact/0",
        "told",
        "quiet",
        "well",
        "life",
        "earlier",
        "visits",
        "you",
    ] {
        let path = format!("{draft}/{page}");
        let shown = ada.get(&path).await.text;
        let names: Vec<String> = shown
            .split(" name=\"")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
            .filter(|name| {
                !["csrf", "taken-out", "not-known", "viewport", "theme-color"].contains(&&**name)
            })
            .collect();
        let form: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), CANARY)).collect();
        let form = [form.as_slice(), &[("anyway", "yes")]].concat();
        let answer = ada.send(&path, &path, &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}: {}", answer.text);
        for address in [path.clone(), format!("{draft}/check"), "/refer".to_owned()] {
            let text = ada.get(&address).await.text;
            assert!(!text.contains("<script>canary") && !text.contains("<img src=x"), "{address}");
        }
        assert!(
            names.is_empty() || ada.get(&path).await.text.contains("canary()"),
            "{page} keeps it"
        );
    }
    let reference = sent(&mut ada, &draft).await;
    for address in [reference, "/refer".to_owned()] {
        let text = ada.get(&address).await.text;
        assert!(!text.contains("<script>canary") && text.contains("</html>"), "{address}");
    }
    // What an address says is said nowhere.
    let text = ada.get("/refer/%3Cscript%3Ecanary()").await.text;
    assert!(!text.contains("canary"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_does_not_ask_cannot_be_written() {
    let Town { _home, gateway, mut ada, .. } = town().await;
    let draft = begun(&mut ada).await;
    written(&mut ada, &draft, "thin coat").await;
    let page = format!("{draft}/child/0");
    for extra in ["nhs", "state", "closed", "author", "agency", "reference", "/worry", "children"] {
        let form = [("given", "Ben"), (extra, "foreign words")];
        ada.send(&page, &page, &form).await;
    }
    assert!(!ada.get(&format!("{draft}/check")).await.text.contains("foreign words"));
    // Neither a child of a list that is not there, nor more than a person writes.
    for end in ["child/7", "child/99999999999999999999", "child/-1", "worry/0", "person", "nothing"]
    {
        let path = format!("{draft}/{end}");
        assert_eq!(ada.get(&path).await.status, StatusCode::NOT_FOUND, "{end}");
    }
    let csrf = ada.csrf(&page).await;
    let long = "x".repeat(400_000);
    let answer = ada.post(&page, &[("csrf", &csrf), ("given", &long)]).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    assert!(answer.text.contains("</html>"), "and says so by a page");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_is_sent_once_however_often_it_is_pressed() {
    let Town { _home, gateway, mut ada, .. } = town().await;
    let draft = begun(&mut ada).await;
    written(&mut ada, &draft, "thin coat").await;
    let first = sent(&mut ada, &draft).await;
    // The form of the check, pressed again, leads to what was sent.
    let csrf = ada.csrf("/refer").await;
    let again = ada.post(&format!("{draft}/send"), &[("csrf", &csrf)]).await;
    assert_eq!((again.status, again.to.as_str()), (StatusCode::SEE_OTHER, draft.as_str()));
    assert_eq!(ada.get(&draft).await.to, first);
    let page = ada.get(&first).await.text;
    let once = value_of(&page, "once").expect("a form");
    let csrf = value_of(&page, "csrf").expect("a form");
    for words in ["an aunt has called", "an aunt has called", "an uncle has called as well"] {
        let form = [("csrf", csrf.as_str()), ("once", &once), ("more", words)];
        let answer = ada.post(&format!("{first}/more"), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{words}: {}", answer.text);
    }
    gateway.stop().await;
}
