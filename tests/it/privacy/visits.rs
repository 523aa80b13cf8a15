//! Sends marked values through every route, and keeps what was said in answer.

use super::search::{Canaries, NAME, STREET, SURNAME, TELEPHONE, WITHHELD, WORRY};
use crate::harness::{Gateway, Home, http};
use serde_json::{Value, json};
use std::time::Duration;

/// Keys of everyone who visits. Issued before the gateway starts: with SQLite nobody else may have
/// the file while it runs.
pub struct Keys {
    agency: String,
    police: String,
    health: String,
    masstt: String,
    operations: String,
}

impl Keys {
    pub async fn issue(home: &Home) -> Keys {
        Keys {
            agency: home.key("--agency", "school-ridgeway").await,
            police: home.key("--agency", "police-west").await,
            health: home.key("--agency", "health-royal-trust").await,
            masstt: home.key("--destination", "masstt").await,
            operations: home.key("--operations", "duty").await,
        }
    }
}

/// What was said to those who may not see personal data.
pub struct Visits {
    pub operations: String,
    pub said: Vec<(String, Vec<u8>)>,
}

fn marked() -> Value {
    json!({
        "referrer": {"name": format!("{NAME} Teacher"), "telephone": TELEPHONE},
        "children": [{
            "given_name": NAME, "family_name": SURNAME, "date_of_birth": format!("{NAME} 2019"),
            "nhs_number": SURNAME, "sex": STREET,
            "address": {"lines": STREET, "postcode": WITHHELD, "withheld_from": [WITHHELD]},
            "own_words": WORRY,
        }],
        "household": {"people": [{"name": WITHHELD, "relationship": "father"}]},
        "worry": WORRY,
        "concerns": ["11A", SURNAME],
        "danger_now": WORRY,
        SURNAME: NAME,
    })
}

/// Bodies that are refused, each for another reason, all marked.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let whole = marked().to_string();
    vec![
        ("below the minimum", json!({"children": [{"given_name": NAME}]}).to_string().into_bytes()),
        ("truncated", whole.as_bytes()[..whole.len() - 7].to_vec()),
        ("a key twice", format!("{{\"{NAME}\": 1, \"{NAME}\": \"{SURNAME}\"}}").into_bytes()),
        ("not JSON", format!("<name>{NAME} {SURNAME}</name>").into_bytes()),
        ("wrong encoding", [NAME.as_bytes(), &[0xff, 0xfe], SURNAME.as_bytes()].concat()),
        ("too deep", [vec![b'['; 500], NAME.as_bytes().to_vec()].concat()),
        ("an unknown escape", format!("{{\"worry\": \"\\q{WORRY}\"}}").into_bytes()),
        ("too large", format!("{{\"worry\": \"{}\"}}", WORRY.repeat(80_000)).into_bytes()),
    ]
}

/// Marked documents in agencies' own formats, accepted ones and others: adapter, media type, body.
fn in_own_formats() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let row = format!(
        "Incident Text,Forename,Surname,DOB,Address,Postcode,House\r\n\
         {WORRY},{NAME},{SURNAME},{NAME} 2019,{STREET},{WITHHELD},{TELEPHONE}\r\n\
         {WORRY},\"{NAME},cut off\r\n"
    );
    let notice = json!({
        "occurrence_no": "13260020077", "force": NAME, "narrative": WORRY, "grade": SURNAME,
        "persons": [{"role": "child", "name": NAME, "dob": SURNAME}], "left_over": STREET,
    });
    let bundle = json!({
        "resourceType": "Bundle", "type": "message",
        "entry": [{"resource": {
            "resourceType": "Patient", "name": [{"family": SURNAME, "given": [NAME]}],
            "birthDate": NAME, "address": [{"line": [STREET], "postalCode": WITHHELD}],
        }}, {"resource": {
            "resourceType": "ServiceRequest", "status": SURNAME,
            "note": [{"text": WORRY}], "requester": {"display": NAME},
        }}],
    });
    let message = format!(
        "MSH|^~\\&|E|RWY|F|381|20260301031200||REF^I12|E9|P|2.4\r\
         PRD|RP|{NAME}^Dr\r\
         PID|1||{SURNAME}^^^NHS||{SURNAME}^{NAME}||{NAME}|F|||{STREET}^^{TELEPHONE}\r\
         NTE|1||{WORRY}\r"
    );
    let broken = format!("<PPN><Narrative>{WORRY}</Name></PPN>");
    let (csv, hl7, json) = ("text/csv", "x-application/hl7-v2+er7", "application/json");
    let bodies = [
        ("school-csv", csv, row.clone()),
        ("school-csv", csv, row.replace("Incident Text", "Said").replace("Forename", "First")),
        ("police-ppn", json, notice.to_string()),
        ("police-ppn", json, format!("[{notice}, {notice}, 7]")),
        ("police-ppn", "text/xml", broken),
        ("police-ppn", csv, row),
        ("health-fhir", "application/fhir+json", bundle.to_string()),
        ("health-fhir", "application/fhir+json", bundle.to_string().replace("WORRY", "}")),
        ("health-hl7v2", hl7, message.clone()),
        ("health-hl7v2", hl7, message.replace("NTE|1||", "NTE 1 ")),
        ("no-such", json, notice.to_string()),
    ];
    bodies.into_iter().map(|(adapter, kind, body)| (adapter, kind, body.into_bytes())).collect()
}

impl Visits {
    pub async fn make(keys: Keys, gateway: &Gateway, canaries: &Canaries) -> Visits {
        let Keys { agency, police, health, masstt, operations } = keys;
        let mut visits = Visits { operations, said: Vec::new() };
        let reference = visits.send(gateway, &agency).await;
        for (adapter, kind, body) in in_own_formats() {
            let key = match adapter {
                "school-csv" => &agency,
                "police-ppn" => &police,
                _ => &health,
            };
            visits.send_own(gateway, adapter, key, kind, body).await;
        }
        visits.stray(gateway, &agency).await;
        visits.receive(gateway, &masstt, &reference, canaries).await;
        visits
    }

    /// Posts everything a sender can post; returns the accepted referral's reference.
    async fn send(&mut self, gateway: &Gateway, key: &str) -> String {
        let client = http::client();
        let (url, body) = (&gateway.url, marked());
        let (status, receipt) =
            http::post_referral(&client, url, key, Some("k1"), &body).await.expect("an answer");
        assert_eq!(status, 201, "{receipt}");
        self.said.push(("the receipt".to_owned(), receipt.to_string().into_bytes()));
        let reference = receipt["reference"].as_str().expect("a reference").to_owned();
        let paths = [
            "/v1/referrals/validate".to_owned(),
            format!("/v1/referrals/{reference}/information"),
            "/v1/referrals".to_owned(),
        ];
        for path in &paths {
            for (why, body) in refused() {
                let request = client.post(format!("{url}{path}")).bearer_auth(key).body(body);
                let request = request.header("Content-Type", "application/json");
                self.hear(&format!("{path}, {why}"), request).await;
            }
        }
        let information = client.post(format!("{url}{}", paths[1])).bearer_auth(key);
        self.hear("information", information.json(&marked())).await;
        for body in [WORRY.as_bytes().to_vec(), [b"%PDF-1.7 ", WORRY.as_bytes()].concat()] {
            let file = client.post(format!("{url}/v1/referrals/{reference}/documents"));
            let name = format!("attachment; filename=\"{NAME} {SURNAME}.txt\"");
            let file = file.header("Content-Disposition", name).bearer_auth(key).body(body);
            // Its sender is told its own name for it, and nobody else: heard, and not kept.
            assert_eq!(file.send().await.expect("an answer").status(), 201);
        }
        let macros = client.post(format!("{url}/v1/referrals/{reference}/documents"));
        let macros = macros.header("Content-Type", format!("text/{SURNAME}")).bearer_auth(key);
        self.hear("a file that is refused", macros.body(WORRY)).await;
        let status = client.get(format!("{url}/v1/referrals/{reference}")).bearer_auth(key);
        self.hear("the sender's view", status).await;
        reference
    }

    /// Posts a document in an agency's own format. RRI^I12 repeats the names in its PID by
    /// standard, to its sender alone: it is heard, and not kept.
    async fn send_own(
        &mut self,
        gateway: &Gateway,
        adapter: &str,
        key: &str,
        kind: &str,
        body: Vec<u8>,
    ) {
        let url = format!("{}/v1/adapters/{adapter}/referrals", gateway.url);
        let request = http::client().post(url).bearer_auth(key).header("Content-Type", kind);
        let before = self.said.len();
        self.hear(adapter, request.body(body)).await;
        assert_eq!(self.said.len(), before + 1, "{adapter} is answered");
        if adapter == "health-hl7v2" {
            self.said.pop();
        }
    }

    /// Marked values where none belong: paths, queries, headers, credentials.
    async fn stray(&mut self, gateway: &Gateway, key: &str) {
        let client = http::client();
        let url = &gateway.url;
        let places = [
            format!("{url}/v1/referrals/{SURNAME}"),
            format!("{url}/v1/people/{SURNAME}?name={NAME}"),
            format!("{url}/{NAME}/{SURNAME}"),
            format!("{url}/v1/destinations/{SURNAME}/messages"),
        ];
        for place in places {
            self.hear("a stray path", client.get(&place).bearer_auth(key)).await;
            self.hear("a stray path", client.get(&place).bearer_auth(SURNAME)).await;
        }
        let request = client.post(format!("{url}/v1/referrals")).bearer_auth(key);
        let request = request.header("Idempotency-Key", format!("{NAME} {SURNAME}"));
        let request = request.header("X-Request-Id", SURNAME).header("traceparent", NAME);
        let request = request.header("Content-Type", format!("text/{NAME}"));
        self.hear("stray headers", request.body("{}")).await;
    }

    /// The receiving team sees what it must; the messages themselves tell nothing.
    async fn receive(
        &mut self,
        gateway: &Gateway,
        key: &str,
        reference: &str,
        canaries: &Canaries,
    ) {
        let client = http::client();
        let url = &gateway.url;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let messages = client.get(format!("{url}/v1/destinations/masstt/messages"));
        self.hear("messages", messages.bearer_auth(key)).await;
        let document = client.get(format!("{url}/v1/referrals/{reference}/document"));
        let document = document.bearer_auth(key).send().await.expect("an answer");
        assert_eq!(document.status(), 200);
        let document = document.bytes().await.expect("a body");
        assert!(canaries.find(&document).is_some(), "the document holds what was sent");
    }

    async fn hear(&mut self, what: &str, request: reqwest::RequestBuilder) {
        // A server that answers before it has read an oversized body may close the connection.
        if let Ok(answer) = request.send().await {
            // The request id is the sender's own and comes back in a header by contract.
            let status = answer.status();
            assert_ne!(status, 500, "{what}");
            let body = answer.bytes().await.unwrap_or_default();
            self.said.push((format!("{what} ({status})"), body.to_vec()));
        }
    }
}
