//! Somebody at a browser, as far as the server can tell: cookies are kept, forms are sent with what
//! their page gave them.

use crate::harness::{Gateway, Home};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;
use totp_rs::{Builder, Secret};

pub(super) const PASSWORD: &str = "lantern pickle orbit";

/// What an answer was.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Where it leads, if anywhere.
    pub(super) to: String,
    pub(super) text: String,
    pub(super) cookies: Vec<String>,
}

pub(super) struct Browser {
    client: Client,
    url: String,
    pub(super) cookies: BTreeMap<String, String>,
    /// What the browser says of whose page has asked.
    pub(super) site: &'static str,
}

impl Browser {
    pub(super) fn at(gateway: &Gateway) -> Browser {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none());
        Browser {
            client: client.build().expect("a client"),
            url: gateway.url.clone(),
            cookies: BTreeMap::new(),
            site: "same-origin",
        }
    }

    async fn ask(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; "));
        let request = request.header("accept", "text/html").header("sec-fetch-site", self.site);
        let response = request.send().await.expect("an answer");
        let header = |name: &str| -> Vec<String> {
            let all = response.headers().get_all(name).iter();
            all.map(|value| value.to_str().expect("text").to_owned()).collect()
        };
        let (status, to, cookies) = (response.status(), header("location"), header("set-cookie"));
        for cookie in &cookies {
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            match value.is_empty() {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let text = response.text().await.expect("a body");
        Answer { status, to: to.join(""), text, cookies }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.ask(self.client.get(format!("{}{path}", self.url))).await
    }

    /// Sends a form exactly as it is given.
    pub(super) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask(self.client.post(format!("{}{path}", self.url)).form(form)).await
    }

    /// Sends a form with the token that a page has given.
    pub(super) async fn send(&mut self, page: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let page = self.get(page).await.text;
        let csrf = value_of(&page, "csrf").expect("a form with a token");
        let taken_out = value_of(&page, "taken-out").unwrap_or_default();
        let hidden = [("csrf", csrf.as_str()), ("taken-out", &taken_out)];
        self.post(path, &[form, &hidden].concat()).await
    }

    pub(super) async fn csrf(&mut self, page: &str) -> String {
        let page = self.get(page).await;
        value_of(&page.text, "csrf").expect("a form with a token")
    }

    /// Sets a new account up; what is shown to be kept: the app's secret, and codes.
    pub(super) async fn set_up(&mut self, name: &str, initial: &str) -> Kept {
        let given = [("name", name), ("password", initial)];
        let begun = self.post("/sign-in", &given).await;
        assert_eq!((begun.status, begun.to.as_str()), (StatusCode::SEE_OTHER, "/sign-in/set-up"));
        let page = self.get("/sign-in/set-up").await.text;
        let secret = between(&page, "<strong class=\"fd-code\">", "<").map(|s| s.replace(' ', ""));
        let code = secret.as_deref().map(app_code).unwrap_or_default();
        let form = [("password", PASSWORD), ("code", &code)];
        let done = self.send("/sign-in/set-up", "/sign-in/set-up", &form).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        let codes = done.text.split("<li class=\"fd-code\">").skip(1);
        let codes = codes.filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()));
        Kept { codes: codes.collect() }
    }
}

/// What somebody is given to keep.
pub(super) struct Kept {
    pub(super) codes: Vec<String>,
}

fn app_code(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).expect("base 32");
    let app = Builder::new().with_secret(secret).build().expect("an app");
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_secs();
    app.generate(now).to_string()
}

pub(super) fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(found, _)| found)
}

/// What a hidden field of a page holds.
pub(super) fn value_of(page: &str, name: &str) -> Option<String> {
    between(page, &format!("name=\"{name}\" value=\""), "\"").map(str::to_owned)
}

/// Makes an account; its initial password.
pub(super) async fn account(home: &Home, name: &str, more: &[&str]) -> String {
    let begin = ["staff", "add", name, "--name", name, "--json"];
    let told = home.run(&[begin.as_slice(), more].concat()).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    told["initial_password"].as_str().expect("a password").to_owned()
}

pub(super) const SENDER: [&str; 4] = ["--role", "sender", "--agency", "school-ridgeway"];
