//! A page with everything wrong, which the driver must find, each by its name.

use super::{Page, look_at, told};
use actix_web::{App, HttpResponse, HttpServer, web};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src http://127.0.0.1:9";

/// It draws nothing from anywhere else: nobody listens at port 9 of this machine.
const BROKEN: &str = r#"<!DOCTYPE html>
<html lang="en-GB">
<head><meta charset="utf-8"><title>Broken</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body>
<main><h1>Broken</h1>
<img src="http://127.0.0.1:9/elsewhere.png" width="2000" height="20">
<input type="text">
<div style="display: none">hidden by an inline style</div>
<script>document.title = 'ran';</script>
</main>
</body>
</html>
"#;

fn serve() -> String {
    let broken = || async {
        let policy = ("content-security-policy", POLICY);
        HttpResponse::Ok().content_type("text/html").insert_header(policy).body(BROKEN)
    };
    let server = HttpServer::new(move || App::new().route("/broken", web::get().to(broken)))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a free port");
    let address = *server.addrs().first().expect("an address");
    tokio::spawn(server.run());
    format!("http://{address}/broken")
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_found() {
    let page = Page { name: "broken".to_owned(), url: serve(), status: 404, password: None };
    let seen = look_at(vec![page], "screenshots-broken").await;
    let faults = seen.iter().flat_map(told).collect::<Vec<_>>().join("\n");
    let everywhere = ["status 200", "scrolls sideways: <img"];
    let looked_into = [everywhere.as_slice(), &["axe image-alt", "axe label"]].concat();
    for (view, expected) in [
        ("(desktop)", looked_into.as_slice()),
        ("(phone)", &everywhere),
        ("(narrow)", &everywhere),
        ("(narrow, without JavaScript)", &looked_into),
    ] {
        for fault in expected {
            let told = format!("broken {view}: {fault}");
            assert!(faults.contains(&told), "{told} is not found in\n{faults}");
        }
    }
    for policy in ["style-src", "default-src"] {
        assert!(faults.contains(policy), "{policy} is not found in\n{faults}");
    }
    for told in [
        "broken (desktop): scripts do not run",
        "broken (all): asks elsewhere: http://127.0.0.1:9/elsewhere.png",
        "broken (all, without JavaScript): asks elsewhere: http://127.0.0.1:9/elsewhere.png",
    ] {
        assert!(faults.contains(told), "{told} is not found in\n{faults}");
    }
}
