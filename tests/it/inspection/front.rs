//! The gateway as the people around it meet it: agencies refer, teams read and record, and time
//! passes. Scenarios ask it over HTTP; what else they do is to configure it, to start it, and to
//! let hours pass that no test can wait for.

use crate::harness::{Gateway, Home, http};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::collections::BTreeMap;
use std::time::Duration;

/// One gateway with keys of the agencies and teams of a scenario.
pub(super) struct Front {
    pub(super) home: Home,
    pub(super) gateway: Gateway,
    keys: BTreeMap<String, String>,
}

/// Who runs the gateway, among the teams of a scenario.
pub(super) const OPERATORS: &str = "operators";

/// A referral that was accepted, with what its sender was told.
pub(super) struct Sent {
    pub(super) reference: String,
    pub(super) receipt: Value,
}

impl Sent {
    pub(super) fn of(receipt: Value) -> Sent {
        let reference = receipt["reference"].as_str().expect("a reference").to_owned();
        Sent { reference, receipt }
    }

    fn child(&self) -> &Value {
        &self.receipt["children"][0]
    }

    /// The level that is suggested for the first child.
    pub(super) fn level(&self) -> &str {
        self.child()["level_of_need"]["code"].as_str().expect("a level")
    }

    pub(super) fn priority(&self) -> &str {
        self.child()["priority"].as_str().expect("a priority")
    }

    /// For what a team gets it, if it does.
    pub(super) fn purpose(&self, team: &str) -> Option<&str> {
        let to = self.child()["destinations"].as_array().expect("a list");
        to.iter().find(|one| one["id"] == team).and_then(|one| one["purpose"].as_str())
    }

    /// Places that the sender is asked to fill in.
    pub(super) fn asked_for(&self) -> Vec<&str> {
        let missing = self.receipt["completeness"]["missing"].as_array().expect("a list");
        missing.iter().filter_map(|one| one["pointer"].as_str()).collect()
    }

    /// Elapsed minutes from the receipt until somebody must have responded.
    pub(super) fn minutes_to_respond(&self) -> i64 {
        minutes_between(&self.receipt["received_at"], &self.receipt["respond_by"])
    }
}

pub(super) fn time(stated: &Value) -> jiff::Timestamp {
    stated.as_str().and_then(|text| text.parse().ok()).expect("a time")
}

pub(super) fn minutes_between(from: &Value, to: &Value) -> i64 {
    // What is due counts from the receipt, and a clock starts with the commit, moments later.
    (time(to).as_second() - time(from).as_second() + 30) / 60
}

impl Front {
    /// A gateway with SQLite and the embedded broker.
    pub(super) async fn open(agencies: &[&str], teams: &[&str]) -> Front {
        Front::over(Home::sqlite().await, agencies, teams).await
    }

    pub(super) async fn over(home: Home, agencies: &[&str], teams: &[&str]) -> Front {
        Front::with(home, agencies, teams, &[]).await
    }

    pub(super) async fn with(
        home: Home,
        agencies: &[&str],
        teams: &[&str],
        env: &[(&str, &str)],
    ) -> Front {
        let agencies = agencies.iter().map(|id| ("--agency", *id));
        let kind = |id| if id == OPERATORS { "--operations" } else { "--destination" };
        let owners = agencies.chain(teams.iter().map(|id| (kind(*id), *id)));
        let keys = owners.map(async |(kind, id)| (id.to_owned(), home.key(kind, id).await));
        let keys = join_all(keys).await.into_iter().collect();
        let gateway = home.start_with(env).await;
        Front { home, gateway, keys }
    }

    pub(super) fn key(&self, of: &str) -> &str {
        self.keys.get(of).unwrap_or_else(|| panic!("no key of {of}"))
    }

    /// What an address answers to whoever holds the key.
    pub(super) async fn asks(&self, who: &str, path: &str) -> (u16, Value) {
        let (status, text) = self.reads(who, path).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub(super) async fn reads(&self, who: &str, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.gateway.url);
        let answer = http::client().get(url).bearer_auth(self.key(who)).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    pub(super) async fn says(&self, who: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.gateway.url);
        let answer = http::client().post(url).bearer_auth(self.key(who)).json(body).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// An agency sends a referral, which is accepted.
    pub(super) async fn refers(&self, agency: &str, story: Value) -> Sent {
        let (status, receipt) = self.says(agency, "/v1/referrals", &story).await;
        assert_eq!(status, 201, "{receipt}");
        Sent::of(receipt)
    }

    /// What would become of a referral; nothing is stored.
    pub(super) async fn would(&self, agency: &str, story: Value) -> Sent {
        let (status, receipt) = self.says(agency, "/v1/referrals/validate", &story).await;
        assert_eq!(status, 200, "{receipt}");
        let reference = String::new();
        Sent { reference, receipt }
    }

    /// Its sender adds something; the receipt as it is then.
    pub(super) async fn adds(&self, agency: &str, sent: &Sent, more: Value) -> Sent {
        let path = format!("/v1/referrals/{}/information", sent.reference);
        let (status, receipt) = self.says(agency, &path, &more).await;
        assert_eq!(status, 200, "{receipt}");
        Sent::of(receipt)
    }

    /// What its sender sees.
    pub(super) async fn status(&self, agency: &str, sent: &Sent) -> Value {
        self.asks(agency, &format!("/v1/referrals/{}", sent.reference)).await.1
    }

    /// The document that a team reads; nothing where the referral is none of its business.
    pub(super) async fn sees(&self, team: &str, sent: &Sent) -> Option<Value> {
        let path = format!("/v1/referrals/{}/document", sent.reference);
        let (status, document) = self.asks(team, &path).await;
        assert!(status == 200 || status == 404, "{status} {document}");
        (status == 200).then_some(document)
    }

    pub(super) async fn document(&self, team: &str, sent: &Sent) -> Value {
        self.sees(team, sent).await.unwrap_or_else(|| panic!("{team} cannot read it"))
    }

    /// The rules that a team is told of, of the first child.
    pub(super) async fn rules(&self, team: &str, sent: &Sent) -> Vec<String> {
        let document = self.document(team, sent).await;
        let reasons = document["decision"]["children"][0]["reasons"].as_array().expect("reasons");
        let rule = |reason: &Value| reason["rule"].as_str().unwrap_or_default().to_owned();
        reasons.iter().map(rule).collect()
    }

    /// A team records an outcome, which stands.
    pub(super) async fn records(&self, team: &str, sent: &Sent, outcome: Value) -> Value {
        let path = format!("/v1/referrals/{}/outcome", sent.reference);
        let (status, answer) = self.says(team, &path, &outcome).await;
        assert_eq!(status, 201, "{answer}");
        answer
    }

    /// An outcome cannot stand: the places of what is wrong with it.
    pub(super) async fn refused(&self, team: &str, sent: &Sent, outcome: Value) -> Vec<String> {
        let path = format!("/v1/referrals/{}/outcome", sent.reference);
        let (status, answer) = self.says(team, &path, &outcome).await;
        assert_eq!(status, 422, "{answer}");
        let faults = answer["faults"].as_array().expect("faults");
        faults.iter().filter_map(|fault| fault["pointer"].as_str().map(str::to_owned)).collect()
    }

    /// A team's open clock of this kind for a referral.
    pub(super) async fn clock(&self, team: &str, sent: &Sent, kind: &str) -> Option<Value> {
        let (status, page) = self.asks(team, "/v1/clocks?limit=500").await;
        assert_eq!(status, 200, "{page}");
        let clocks = page["clocks"].as_array().expect("a list").iter();
        let mut of = clocks.filter(|one| one["reference"] == sent.reference.as_str());
        of.find(|one| one["clock"] == kind).cloned()
    }

    /// A message about a referral in a team's queue for which this holds.
    pub(super) async fn message(
        &self,
        team: &str,
        sent: &Sent,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let path = format!("/v1/destinations/{team}/messages?limit=100");
        let about = json!(sent.reference);
        for _ in 0..150 {
            let (_, page) = self.asks(team, &path).await;
            let all = page["messages"].as_array().cloned().unwrap_or_default();
            let events = all.into_iter().map(|one| one["event"].clone());
            let mut of = events.filter(|event| event["subject"] == about);
            if let Some(found) = of.find(|event| holds(event)) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{team} is never sent it")
    }

    /// The authority's own records are loaded.
    pub(super) async fn imports(home: &Home, people: &str) {
        let file = home.dir.path().join("people.csv");
        std::fs::write(&file, people).expect("is written");
        home.run(&["people", "import", &file.display().to_string()]).await;
    }

    /// So many hours go by: whatever happened is that much longer ago.
    pub(super) async fn hours_pass(&self, hours: i64) {
        let by = hours * 3_600_000_000;
        let earlier = [
            ("clock", &["started_at", "amber_at", "due_at", "next_at", "ended_at"][..]),
            ("outbox", &["created_at", "due_at", "delivered_at", "alerted_at"]),
            ("referral", &["received_at", "respond_by"]),
            ("link", &["at"]),
            ("outcome", &["at"]),
            ("tally", &["hour"]),
            ("tally_delta", &["hour"]),
            ("second_look_week", &["week", "drawn_at"]),
        ];
        let mut db = SqliteConnection::connect(&self.home.database_url).await.expect("it opens");
        for (table, columns) in earlier {
            let sets: Vec<_> = columns.iter().map(|one| format!("{one} = {one} - {by}")).collect();
            let statement = format!("UPDATE {table} SET {}", sets.join(", "));
            let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await;
            done.expect("time passes");
        }
    }

    /// The same gateway stops and starts again.
    pub(super) async fn again(mut self) -> Front {
        assert_eq!(self.gateway.stop().await, Some(0));
        self.gateway = self.home.start().await;
        self
    }

    pub(super) async fn close(self) {
        assert_eq!(self.gateway.stop().await, Some(0));
    }
}

/// An invented child.
pub(super) fn child(name: &str) -> Value {
    json!({
        "given_name": name,
        "family_name": "Invented",
        "date_of_birth": "2016-03-09",
        "address": {"lines": "1 Test Street", "postcode": "HX1 1AA"},
    })
}

/// A teacher's referral of a child of whom nothing is ticked, but for what is said here.
pub(super) fn story(name: &str, says: Value) -> Value {
    let plain = json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [child(name)],
        "worry": "Invented: lessons were missed.",
        "danger_now": "no",
    });
    with(plain, says)
}

/// What is said of a family that asks for early help and agrees to it.
pub(super) fn early_help() -> Value {
    json!({"request": "early-help", "agreement": {"informed": "yes", "agreed": "yes"}})
}

/// One object with the members of another.
pub(super) fn with(mut body: Value, more: Value) -> Value {
    for (member, value) in more.as_object().expect("an object") {
        body[member] = value.clone();
    }
    body
}

pub(super) fn without(mut body: Value, member: &str) -> Value {
    body.as_object_mut().expect("an object").remove(member);
    body
}

pub(super) fn worker() -> Value {
    json!({"name": "Invented Osei", "role": "Social worker", "worker_type": "permanent"})
}

pub(super) fn managers() -> Value {
    json!({
        "manager": {"name": "Invented Adeyemi", "role": "Team manager"},
        "second_manager": {"name": "Invented Byrne", "role": "Service manager"},
    })
}

/// An outcome that says all that a decision of social work must say.
pub(super) fn decision(code: &str, level: &str) -> Value {
    json!({
        "outcome": code,
        "level_of_need": level,
        "rationale": "The invented reasons",
        "evidence": "What the school saw",
        "history_considered": {"considered": true},
        "child_view": {"considered": false, "why_not": "Not seen yet"},
        "by": worker(),
    })
}

/// An outcome that says why, and no more.
pub(super) fn plain(code: &str) -> Value {
    json!({"outcome": code, "rationale": "The invented reasons", "by": worker()})
}

/// A case is handed over.
pub(super) fn transfer(to: &str) -> Value {
    let more = json!({
        "to": to,
        "history_considered": {"considered": true},
        "manager": managers()["manager"],
    });
    with(plain("transfer"), more)
}

/// Looks again and again until something is there.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..150 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("never: {what}")
}
