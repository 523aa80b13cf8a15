//! Templates, the messages they say, and the headers of every page.

use arc_swap::ArcSwap;
use frontdoor::domain::Directory;
use frontdoor::web::refer;
use frontdoor::web::samples::{self, Sample};
use frontdoor::web::{Front, Texts};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands behind the samples of all pages.
pub fn front() -> Front {
    let directory = Directory {
        authority_name: "Calderdale and the Upper Valley".to_owned(),
        duty_telephone: "01632 960381".to_owned(),
        out_of_hours_telephone: "01632 960999".to_owned(),
        ..Directory::default()
    };
    let texts = Arc::new(Texts::ours().expect("in order"));
    let env = Arc::new(frontdoor::app::OsEnv::new());
    Front { texts, directory: Arc::new(ArcSwap::from_pointee(directory)), env }
}

async fn text(sample: &Sample, front: &Front) -> String {
    let body = sample.answer(front).into_body();
    let bytes = actix_web::body::to_bytes(body).await.unwrap_or_else(|_| panic!("a whole body"));
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// All files of a folder and of those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn source(folder: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("text");
    files(&root.join(folder)).into_iter().map(read).collect()
}

/// What stands in quotation marks right after any of these.
fn quoted_after<'a>(text: &'a str, calls: &[&str]) -> BTreeSet<&'a str> {
    let after = |call: &str| -> Vec<&'a str> {
        text.split(call).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    };
    calls.iter().flat_map(|call| after(call)).collect()
}

/// The names of the messages of a file.
fn names(messages: &str) -> BTreeSet<&str> {
    let lines = messages.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    lines.filter_map(|line| line.split_once(" =")).map(|(name, _)| name).collect()
}

#[test]
fn every_message_that_is_said_exists_and_every_one_that_exists_is_said() {
    let (templates, code) = (source("templates"), source("src/web"));
    let calls = [".say(\"", ".fill(\""];
    let messages = source("messages");
    let known = names(&messages);
    let mut said = quoted_after(&templates, &calls);
    said.extend(quoted_after(&code, &calls));
    // Names in tables are checked by rendering all samples.
    let derived = refer::message_names();
    for (name, optional) in &derived {
        if !optional || known.contains(name.as_str()) {
            said.insert(name);
        }
    }
    let missing: Vec<_> = said.difference(&known).filter(|name| !name.is_empty()).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "add them to messages/en.ftl");
    let named = |name: &&&str| !code.contains(&format!("\"{name}\"")) && !said.contains(**name);
    let unsaid: Vec<_> = known.iter().filter(named).collect();
    assert_eq!(unsaid, Vec::<&&str>::new(), "take them out of messages/en.ftl");
}

#[tokio::test]
async fn every_sample_says_only_messages_that_exist_and_loads_only_files_that_exist() {
    let front = front();
    for sample in samples::all() {
        let text = text(sample, &front).await;
        assert!(text.contains("</html>"), "{}", sample.name);
        let unknown = text.split('[').skip(1).find_map(|rest| {
            let (name, _) = rest.split_once(']')?;
            let like = |c: char| c.is_ascii_lowercase() || c == '-';
            (name.contains('-') && name.chars().all(like)).then_some(name)
        });
        assert_eq!(unknown, None, "{} says a message that does not exist", sample.name);
        assert!(!text.contains("href=\"\"") && !text.contains("src=\"\""), "{}", sample.name);
    }
}

#[tokio::test]
async fn every_page_about_trouble_says_whom_to_telephone() {
    let front = front();
    let troubles = samples::all().filter(|sample| !sample.answer(&front).status().is_success());
    let mut count = 0;
    for sample in troubles {
        let text = text(sample, &front).await;
        let (_, content) = text.split_once("<main").expect("content");
        let (content, _) = content.split_once("</main>").expect("content");
        for part in ["telephone 999", ">01632 960381</a>", "\"tel:01632960999\""] {
            assert!(content.contains(part), "{}: {part}", sample.name);
        }
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn every_page_has_headers_that_keep_a_browser_from_doing_more_than_showing_it() {
    let front = front();
    let mut nonces = BTreeSet::new();
    for sample in samples::all() {
        let answer = sample.answer(&front);
        let header = |name: &str| {
            let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name}"));
            value.to_str().expect("text").to_owned()
        };
        let policy = header("content-security-policy");
        let nonce = policy.split('\'').find(|part| part.starts_with("nonce-")).expect("a nonce");
        assert!(nonces.insert(nonce.to_owned()), "a nonce serves once");
        assert_eq!(
            policy.replace(nonce, "nonce"),
            "default-src 'none'; script-src 'nonce'; style-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert!(header("permissions-policy").contains("camera=()"));
    }
}

#[test]
fn every_template_of_a_page_has_a_sample() {
    let extends = |path: &PathBuf| {
        std::fs::read_to_string(path).expect("text").contains("{% extends \"layout.html\" %}")
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates: Vec<_> = files(&root.join("templates")).into_iter().filter(extends).collect();
    assert!(templates.len() >= 4);
    for path in templates {
        let name = path.strip_prefix(root.join("templates")).expect("a template");
        let name = name.with_extension("").to_string_lossy().replace('/', "-");
        let shown = match name.as_str() {
            "trouble" => "not-found",
            "sample" => "layout",
            "refer-question" => "refer-worry",
            "refer-sent" => "refer-one-sent",
            "signin-password" => "signin-wrong",
            "signin-second" => "signin-by-app",
            "signin-setup" => "signin-set-up",
            "ops-report" => "ops-flow",
            other => other,
        };
        assert!(samples::all().any(|sample| sample.name.starts_with(shown)), "{name} has none");
    }
}

#[test]
fn what_is_installed_from_npm_is_pinned_and_names_no_registry() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("text");
    let lock = read("package-lock.json");
    assert!(!lock.contains("\"resolved\""), "npm install with the .npmrc of this folder");
    let package: serde_json::Value = serde_json::from_str(&read("package.json")).expect("JSON");
    for group in ["dependencies", "devDependencies"] {
        for (name, version) in package[group].as_object().expect("a group") {
            let version = version.as_str().expect("a version");
            assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{name} is not pinned");
        }
    }
}

#[test]
fn the_words_of_the_authority_that_is_shipped_are_in_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
    let texts = Texts::open(&folder).expect("in order");
    assert_ne!(texts.say("layout-service"), Texts::ours().expect("in order").say("layout-service"));
}
