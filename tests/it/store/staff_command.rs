//! `frontdoor staff`.

use crate::harness::Home;
use serde_json::Value;

const ADD: [&str; 10] = [
    "staff",
    "add",
    "ada@ridgeway.example",
    "--name",
    "Ada Invented",
    "--role",
    "sender",
    "--agency",
    "school-ridgeway",
    "--json",
];

async fn json(home: &Home, args: &[&str]) -> Value {
    serde_json::from_str(&home.run(args).await).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_made_listed_disabled_and_reset() {
    let on = crate::harness::Services::shared();
    for home in [Home::sqlite().await, Home::full(&on).await] {
        let told = json(&home, &ADD).await;
        let first = told["initial_password"].as_str().expect("a password").to_owned();
        assert_eq!((first.len(), first.matches('-').count()), (23, 3), "{first}");
        let screener = ["--role", "screener", "--destination", "masstt"];
        let otto = [["staff", "add", "otto", "--name", "Otto Invented"].as_slice(), &screener];
        let text = home.run(&otto.concat()).await;
        assert!(text.contains("shown once: "), "{text}");

        home.run(&["staff", "end-sessions", "ada@ridgeway.example"]).await;
        let (code, text) = home.try_run(&ADD).await;
        assert!(code == 2 && text.contains("signs in with this name already"), "{code}: {text}");
        let list = json(&home, &["staff", "list", "--json"]).await;
        let told: Vec<_> = list.as_array().expect("a list").iter().collect();
        let line = |one: &Value| {
            ["sign_in", "name", "role", "agency", "destination", "state"]
                .map(|name| one[name].as_str().unwrap_or("—").to_owned())
                .join(" ")
        };
        assert_eq!(told.len(), 2);
        let ada = "ada@ridgeway.example Ada Invented sender school-ridgeway — new";
        assert_eq!(line(told[0]), ada);
        assert_eq!(line(told[1]), "otto Otto Invented screener — masstt new");

        home.run(&["staff", "disable", "ADA@ridgeway.example"]).await;
        let table = home.run(&["staff", "list"]).await;
        assert!(table.contains("disabled") && table.contains("Otto Invented"), "{table}");
        let again = json(&home, &["staff", "reset", "ada@ridgeway.example", "--json"]).await;
        assert_eq!(again["id"], told[0]["id"]);
        let second = again["initial_password"].as_str().expect("a password").to_owned();
        assert_ne!(first, second);
        let table = home.run(&["staff", "list"]).await;
        assert!(!table.contains(&first) && !table.contains(&second), "{table}");
        home.run(&["audit", "verify"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_together_is_refused_with_what_to_say_instead() {
    let home = Home::sqlite().await;
    let add = ["staff", "add", "otto", "--name", "Otto Invented", "--role"];
    for (more, said) in [
        (["sender"].as_slice(), "a sender refers for an agency"),
        (&["sender", "--agency", "school-riggeway"], "agencies.toml has no school-riggeway"),
        (&["sender", "--destination", "masstt"], "a sender refers for an agency"),
        (&["screener", "--agency", "school-ridgeway"], "works for a receiving team"),
        (&["checker-police", "--destination", "mast"], "destinations.toml has no mast"),
        (&["auditor", "--destination", "masstt"], "belongs to no agency"),
        (&["manager", "--destination", "masstt", "--lead"], "a manager is none"),
        (&["teacher"], "checker-early-help"),
    ] {
        let (code, text) = home.try_run(&[add.as_slice(), more].concat()).await;
        assert!(code == 2 && text.contains(said), "{more:?}: {code} {text}");
    }
    for command in ["disable", "reset", "end-sessions"] {
        let (code, text) = home.try_run(&["staff", command, "otto"]).await;
        assert!(code == 2 && text.contains("staff list"), "{command}: {code} {text}");
    }
    assert_eq!(json(&home, &["staff", "list", "--json"]).await, serde_json::json!([]));
    let help = home.run(&["staff", "--help"]).await;
    assert!(help.contains("Example: frontdoor staff add"), "{help}");
}
