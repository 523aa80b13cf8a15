//! The real binary, as the people who screen use it: whom a child may be, their word on it, and
//! what that takes back.

use crate::harness::{Gateway, Home, http};
use serde_json::{Value, json};
use std::time::Duration;

const PLAN: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,case_status,\
    case_team,restricted\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,cp,\
    locality.halifax-central,no\n";

struct Desk {
    home: Home,
    gateway: Gateway,
    client: reqwest::Client,
    school: String,
    police: String,
    masstt: String,
    /// The team named for restricted records.
    named: String,
}

impl Desk {
    async fn open(people: Option<&str>) -> Desk {
        let home = Home::sqlite().await;
        let school = home.key("--agency", "school-ridgeway").await;
        let police = home.key("--agency", "police-west").await;
        let masstt = home.key("--destination", "masstt").await;
        let named = home.key("--destination", "restricted-records").await;
        if let Some(people) = people {
            let file = home.dir.path().join("people.csv");
            std::fs::write(&file, people).expect("is written");
            home.run(&["people", "import", &file.display().to_string()]).await;
        }
        let gateway = home.start().await;
        Desk { home, gateway, client: http::client(), school, police, masstt, named }
    }

    async fn refer(&self, key: &str, number: u32, child: Value) -> String {
        let mut body = http::referral(number);
        body["children"][0] = child;
        let sent = http::post_referral(&self.client, &self.gateway.url, key, None, &body).await;
        let (status, receipt) = sent.expect("an answer");
        assert_eq!(status, 201, "{receipt}");
        receipt["reference"].as_str().expect("a reference").to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.gateway.url);
        let answer = self.client.get(url).bearer_auth(&self.masstt).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    async fn say(&self, id: &str, decision: &str) -> Value {
        let url = format!("{}/v1/matches/{id}/decision", self.gateway.url);
        let body = json!({
            "decision": decision,
            "reason": "Invented: spoken to both families",
            "by": {"name": "Invented Osei", "role": "Senior social worker"},
        });
        let answer = self.client.post(url).bearer_auth(&self.masstt).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    }

    async fn rules(&self, reference: &str) -> Vec<String> {
        let document = self.get(&format!("/v1/referrals/{reference}/document")).await;
        let reasons = document["decision"]["children"][0]["reasons"].as_array().expect("reasons");
        let rule = |reason: &Value| reason["rule"].as_str().unwrap_or_default().to_owned();
        let mut rules: Vec<String> = reasons.iter().map(rule).collect();
        let of_route = document["decision"]["rules"].as_array().expect("rules");
        rules.extend(of_route.iter().map(|rule| rule.as_str().unwrap_or_default().to_owned()));
        rules
    }

    async fn chronology(&self, person: &Value) -> Vec<Value> {
        let person = person.as_str().expect("an id");
        let told = self.get(&format!("/v1/people/{person}/chronology")).await;
        let entries = told["entries"].as_array().expect("a list").clone();
        entries.into_iter().map(|entry| entry["reference"].clone()).collect()
    }
}

fn imogen() -> Value {
    json!({
        "given_name": "Imogen",
        "family_name": "Hollins",
        "date_of_birth": "2016-03-09",
        "nhs_number": "9990006504",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_seen_separated_and_taken_back_from_whoever_was_sent_it() {
    let desk = Desk::open(None).await;
    let first = desk.refer(&desk.school, 1, imogen()).await;
    let second = desk.refer(&desk.police, 2, imogen()).await;
    let page = desk.get("/v1/matches?state=unconfirmed").await;
    let [one] = page["matches"].as_array().expect("a list").as_slice() else { panic!("{page}") };
    assert_eq!((&one["reference"], &one["unconfirmed"]), (&json!(second), &json!(true)));
    let last = one["evidence"].as_array().and_then(|bars| bars.last()).expect("bars");
    let (total, weight) = (last["total"].as_f64(), one["weight"].as_f64());
    assert!((total.expect("bits") - weight.expect("bits")).abs() < 0.01, "{one}");
    let words = one.to_string().to_lowercase();
    assert!(!words.contains("imogen") && !words.contains("9990006504"), "{words}");
    let person = one["person"].clone();
    assert_eq!(desk.chronology(&person).await, [json!(first), json!(second)]);
    assert!(desk.rules(&second).await.contains(&"re-referral".to_owned()));

    let told = desk.say(one["id"].as_str().expect("an id"), "separate").await;
    assert_eq!((&told["state"], &told["confirmed"]), (&json!("separate"), &json!(true)));
    assert_eq!(desk.chronology(&person).await, [json!(first)]);
    assert_eq!(desk.chronology(&told["person"]).await, [json!(second)]);
    let rules = desk.rules(&second).await;
    assert!(!rules.contains(&"re-referral".to_owned()), "{rules:?}");
    taken_back(&desk, &second, &person).await;

    // Its sender sees nothing of all this.
    let url = format!("{}/v1/referrals/{second}", desk.gateway.url);
    let seen = desk.client.get(url).bearer_auth(&desk.police).send().await.expect("an answer");
    let seen = seen.text().await.expect("text");
    assert!(!seen.contains("withdrawn") && !seen.contains(person.as_str().expect("an id")));
    desk.gateway.stop().await;
    drop(desk.home);
}

async fn taken_back(desk: &Desk, reference: &str, person: &Value) {
    let mut listed = Value::Null;
    for _ in 0..100 {
        listed = desk.get("/v1/withdrawals").await;
        let rows = listed["withdrawals"].as_array().expect("a list");
        if rows.iter().all(|row| row["delivered"] == true) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let rows = listed["withdrawals"].as_array().expect("a list");
    assert!(rows.iter().any(|row| row["destination"] == "masstt"), "{listed}");
    for row in rows {
        assert_eq!((&row["reference"], &row["person"]), (&json!(reference), person));
        assert_eq!((&row["kind"], &row["delivered"]), (&json!("joined"), &json!(true)));
    }
    let leased = desk.get("/v1/destinations/masstt/messages?limit=100").await;
    let messages = leased["messages"].as_array().expect("a list");
    let taken = messages.iter().find(|one| one["event"]["data"].get("withdrawn").is_some());
    let taken = taken.expect("the message that takes it back");
    assert_eq!(taken["event"]["type"], "referral.updated.v1");
    assert_eq!(taken["event"]["data"]["withdrawn"]["person"], *person);
    assert_eq!(taken["event"]["subject"], reference);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_possible_plan_goes_to_masstt_and_its_history_is_shown_once_it_is_reviewed() {
    let desk = Desk::open(Some(PLAN)).await;
    let known = desk.refer(&desk.school, 1, imogen()).await;
    let perhaps = json!({"given_name": "Imogen", "family_name": "Hollins"});
    let reference = desk.refer(&desk.police, 2, perhaps).await;
    let page = desk.get("/v1/matches").await;
    let one = &page["matches"][0];
    assert_eq!((&one["reference"], &one["state"]), (&json!(reference), &json!("possible")));
    let rules = desk.rules(&reference).await;
    for (rule, shown) in [
        ("possible-open-case", true),
        ("possible-match", true),
        ("re-referral", false),
        ("grave-before", false),
    ] {
        assert_eq!(rules.contains(&rule.to_owned()), shown, "{rule}: {rules:?}");
    }
    assert_eq!(desk.chronology(&one["person"]).await, [json!(known)]);

    let told = desk.say(one["id"].as_str().expect("an id"), "link").await;
    assert_eq!((&told["state"], &told["person"]), (&json!("linked"), &one["person"]));
    let rules = desk.rules(&reference).await;
    for rule in ["open-plan", "re-referral"] {
        assert!(rules.contains(&rule.to_owned()), "{rule}: {rules:?}");
    }
    assert_eq!(desk.chronology(&one["person"]).await, [json!(known), json!(reference)]);
    assert_eq!(desk.get("/v1/matches").await["matches"], json!([]));

    // And taken back again: what is lower is proposed to those who may see it.
    let path = format!("/v1/referrals/{reference}/document");
    let before = desk.get(&path).await["decision"].clone();
    assert!(before.get("proposed").is_none());
    desk.say(one["id"].as_str().expect("an id"), "separate").await;
    let after = desk.get(&path).await["decision"].clone();
    let level = |decision: &Value| decision["children"][0]["level_of_need"]["code"].clone();
    assert_eq!(level(&after), level(&before));
    assert_ne!(after["proposed"]["children"][0]["level_of_need"]["code"], level(&before));
    assert!(!desk.rules(&reference).await.contains(&"open-plan".to_owned()));
    desk.gateway.stop().await;
    drop(desk.home);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_restricted_closes_and_the_named_team_can_be_asked() {
    let desk = Desk::open(Some(PLAN)).await;
    let reference = desk.refer(&desk.school, 1, imogen()).await;
    assert!(desk.rules(&reference).await.contains(&"open-plan".to_owned()));
    let path = format!("/v1/referrals/{reference}/document");
    let url = format!("{}{path}", desk.gateway.url);
    let asked = || desk.client.get(&url).bearer_auth(&desk.named).send();
    assert_eq!(asked().await.expect("an answer").status(), 404, "it is no business of theirs");

    let before = desk.get(&path).await;
    let file = desk.home.dir.path().join("again.csv");
    let closed = PLAN.replace("halifax-central,no", "halifax-central,staff");
    std::fs::write(&file, closed).expect("is written");
    desk.home.run(&["people", "import", &file.display().to_string()]).await;
    let rules = desk.rules(&reference).await;
    assert!(!rules.contains(&"open-plan".to_owned()), "{rules:?}");
    assert!(rules.contains(&"restricted-record".to_owned()), "{rules:?}");
    let after = desk.get(&path).await;
    for member in ["priority", "respond_by"] {
        assert_eq!(after[member], before[member]);
    }
    let level = |document: &Value| document["decision"]["children"][0]["level_of_need"].clone();
    assert_eq!(level(&after), level(&before));
    let open: Value = asked().await.expect("an answer").json().await.expect("JSON");
    assert!(open["decision"].to_string().contains("open-plan"), "{open}");
    desk.gateway.stop().await;
    drop(desk.home);
}
