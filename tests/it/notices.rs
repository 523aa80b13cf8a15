//! Somebody is reached: e-mails that the real gateway sends to a mail server of the test's own.

use crate::harness::mail::{Mail, MailServer, Manner};
use crate::harness::{Gateway, Home, Services, http};
use frontdoor::domain::{Address, NoticeId, NoticeKind, Timestamp};
use frontdoor::followup::notices::{Channel, Fault, Letter, Smtp};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const MASSTT: &str = "masstt-duty@example.org";
const DUTY: &str = "duty-manager@example.org";
const NIGHT: &str = "out-of-hours-manager@example.org";
/// What fails is tried again now.
const AGAIN: &str = "UPDATE notice SET next_attempt_at = 0 WHERE state = 'failing' RETURNING whom";
const SIGN_IN: &str = "https://frontdoor.example.org/";

/// One gateway, with keys of a sender, a team and an operator.
struct World {
    home: Home,
    gateway: Gateway,
    school: String,
    masstt: String,
    edt: String,
    operations: String,
}

impl World {
    async fn start(home: Home, smtp: Option<&str>) -> World {
        World::start_with(home, smtp, &[]).await
    }

    async fn start_with(home: Home, smtp: Option<&str>, more: &[(&str, &str)]) -> World {
        let school = home.key("--agency", "school-ridgeway").await;
        let masstt = home.key("--destination", "masstt").await;
        let edt = home.key("--destination", "out-of-hours").await;
        let operations = home.key("--operations", "night").await;
        let mut env = more.to_vec();
        if let Some(smtp) = smtp {
            env.push(("FRONTDOOR__NOTICES__SMTP", smtp));
            env.push(("FRONTDOOR__NOTICES__FROM", "frontdoor@example.org"));
            env.push(("FRONTDOOR__NOTICES__SIGN_IN", SIGN_IN));
        }
        let gateway = home.start_with(&env).await;
        World { home, gateway, school, masstt, edt, operations }
    }

    /// Sends something immediate; its reference.
    async fn refer(&self, body: &Value) -> String {
        let (client, url) = (http::client(), &self.gateway.url);
        let answer = http::post_referral(&client, url, &self.school, Some("one"), body).await;
        let (status, receipt) = answer.expect("an answer");
        assert!(matches!(status, 200 | 201), "{receipt}");
        receipt["reference"].as_str().expect("a reference").to_owned()
    }

    /// A named person at both teams that may have it acknowledges.
    async fn acknowledge(&self, reference: &str) {
        let path = format!("{}/v1/referrals/{reference}/acknowledgement", self.gateway.url);
        for key in [&self.masstt, &self.edt] {
            let person = json!({"name": "Invented Osei", "role": "Duty social worker"});
            let sent = http::client().post(&path).bearer_auth(key).json(&person).send().await;
            // Outside office hours the emergency duty team has it as well.
            let status = sent.expect("an answer").status().as_u16();
            assert!(status == 200 || (status == 404 && key == &self.edt), "{status}");
        }
    }

    /// Behind the gateway's back.
    async fn texts(&self, query: &str) -> Vec<String> {
        let (url, query) = (&self.home.database_url, AssertSqlSafe(query.to_owned()));
        if url.starts_with("sqlite:") {
            let mut db = SqliteConnection::connect(url).await.expect("the file opens");
            sqlx::query_scalar(query).fetch_all(&mut db).await.expect("the query runs")
        } else {
            let mut db = PgConnection::connect(url).await.expect("PostgreSQL answers");
            sqlx::query_scalar(query).fetch_all(&mut db).await.expect("the query runs")
        }
    }

    /// As if everything had been sent, and alerted, so many minutes before.
    async fn pass(&self, minutes: i64) {
        let by = minutes * 60_000_000;
        let query = format!(
            "UPDATE outbox SET created_at = created_at - {by}, alerted_at = alerted_at - {by} \
             WHERE destination = 'masstt' RETURNING state"
        );
        assert!(!self.texts(&query).await.is_empty());
    }

    /// Microseconds from the transaction that wrote a notice to somebody until it was sent.
    async fn until_sent(&self, whom: &str) -> i64 {
        let query = format!(
            "SELECT CAST(sent_at - created_at AS text) FROM notice \
             WHERE state = 'sent' AND whom = '{whom}'"
        );
        for _ in 0..100 {
            if let Some(took) = self.texts(&query).await.first() {
                return took.parse().expect("a number");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing was sent to {whom}")
    }

    async fn get(&self, path: &str) -> String {
        let request = http::client().get(format!("{}{path}", self.gateway.url));
        let answer = request.bearer_auth(&self.operations).send().await.expect("an answer");
        answer.text().await.expect("text")
    }

    /// Waits until the operations page shows all of these.
    async fn shows(&self, parts: &[&str]) {
        for _ in 0..200 {
            let page = self.get("/ops").await;
            if parts.iter().all(|part| page.contains(part)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("/ops never shows {parts:?}:\n{}", self.get("/ops").await);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.gateway.log).expect("a log")
    }
}

fn immediate() -> Value {
    let mut body = http::referral(1);
    body["danger_now"] = json!("yes");
    body
}

fn told(at: &str) -> String {
    let at = jiff::Timestamp::from_microsecond(at.parse().expect("microseconds")).expect("a time");
    let local = TimeZone::get("Europe/London").expect("a zone").to_datetime(at);
    local.strftime("%A %-d %B %Y at %H:%M").to_string()
}

async fn someone_is_paged_at_once(home: Home) {
    let server = MailServer::start(Manner::Takes);
    let world = World::start(home, Some(&server.url())).await;
    let reference = world.refer(&immediate()).await;
    let page = server.next(MASSTT, SOON).await;
    let took = world.until_sent("destination:masstt").await;
    assert!(took < 2_000_000, "it took {took} microseconds");
    let times = "FROM outbox WHERE destination = 'masstt'";
    let since = world.texts(&format!("SELECT CAST(created_at AS text) {times}")).await;
    let due = world.texts(&format!("SELECT CAST(due_at AS text) {times}")).await;
    let expected = format!(
        "Something immediate is waiting for:\n\
         Multi-Agency Safeguarding, Screening and Tasking Team\n\n\
         Reference: {reference}\n\
         Waiting since: {}\n\
         Somebody must have it by: {}\n\n\
         Sign in to read it and to act on it:\n{SIGN_IN}\n\n\
         Managers are alerted until a named person has acknowledged it.\n\
         A machine sent this. Nobody reads what is sent in answer.\n",
        told(&since[0]),
        told(&due[0])
    );
    assert_eq!(page.body().trim_end(), expected.trim_end());
    let subject = format!("frontdoor: something immediate is waiting ({reference})");
    assert_eq!(page.header("Subject"), subject);
    let from = "frontdoor@example.org";
    assert_eq!((page.from.as_str(), page.header("From").as_str()), (from, from));
    assert_eq!(page.header("To"), MASSTT);
    assert_eq!(page.header("Auto-Submitted"), "auto-generated");
    let id = page.header("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@example.org>") && id.len() == 50, "{id}");
    let names: Vec<String> = page.headers().into_iter().map(|(name, _)| name).collect();
    let expected = "From To Subject Date Message-ID MIME-Version Content-Type \
                    Content-Transfer-Encoding Auto-Submitted";
    assert_eq!(names.join(" "), expected, "nothing else is said");

    // Sent again, it is the same referral: nobody is paged twice.
    assert_eq!(world.refer(&immediate()).await, reference);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let others: Vec<Mail> = server.mails();
    assert!(others.iter().all(|mail| mail.to == "edt@example.org"), "{others:?}");
    let metrics = world.get("/metrics").await;
    assert!(metrics.contains("frontdoor_notices_total{state=\"sent\"}"), "{metrics}");
    assert!(!world.log().contains("no-channel"));
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_is_paged_at_once_on_sqlite() {
    someone_is_paged_at_once(Home::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_is_paged_at_once_on_postgresql_and_rabbitmq() {
    someone_is_paged_at_once(Home::full(&Services::shared()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_are_alerted_until_a_named_person_has_it() {
    let server = MailServer::start(Manner::Takes);
    let world = World::start(Home::full(&Services::shared()).await, Some(&server.url())).await;
    let reference = world.refer(&immediate()).await;
    server.next(MASSTT, SOON).await;
    for round in [&[DUTY][..], &[NIGHT], &[DUTY, NIGHT], &[DUTY, NIGHT]] {
        world.pass(15).await;
        for to in round.iter().chain(&[MASSTT]) {
            let alert = server.next(to, SOON).await;
            let what = "nobody has acknowledged something immediate";
            assert_eq!(alert.header("Subject"), format!("frontdoor: {what} ({reference})"));
            let first = "No named person has acknowledged something immediate for:\n\
                         Multi-Agency Safeguarding, Screening and Tasking Team\n";
            assert!(alert.body().starts_with(first), "{}", alert.body());
        }
        let expected = |mail: &Mail| mail.to == "edt@example.org";
        assert!(server.mails().iter().all(expected), "{:?}", server.mails());
    }
    // The server refuses for now, so that something is open when somebody takes the referral over.
    server.becomes(Manner::Refuses);
    world.pass(15).await;
    let (row, fault) = ("<th scope=\"row\">role:duty-manager</th>", "<td>refused</td>");
    world.shows(&[row, fault]).await;
    world.acknowledge(&reference).await;
    let open = "SELECT state FROM notice WHERE state IN ('waiting', 'failing')";
    assert!(world.texts(open).await.is_empty(), "whoever was not told need not be any more");
    server.becomes(Manner::Takes);
    let heard = server.mails().len();
    world.pass(600).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(server.mails().len(), heard, "silence");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_shows_to_operators_and_is_sent_when_it_can_be() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address: SocketAddr = closed.local_addr().expect("an address");
    drop(closed);
    let secret = format!("smtp://gateway:hunter2@{address}");
    let world = World::start(Home::sqlite().await, Some(&secret)).await;
    let reference = world.refer(&immediate()).await;
    let failing = |fault: &str| {
        let row = "<th scope=\"row\">destination:masstt</th><td>failing</td>";
        format!("{row}\n<td>{fault}</td>")
    };
    let alarm = "<p id=\"unsent\" class=\"state lost\" role=\"status\">";
    world.shows(&[&failing("unreachable"), alarm]).await;

    let server = MailServer::at(address, Manner::Refuses, None);
    world.texts(AGAIN).await;
    world.shows(&[&failing("refused")]).await;
    server.becomes(Manner::Hangs);
    world.texts(AGAIN).await;
    world.shows(&[&failing("timeout")]).await;
    server.becomes(Manner::Takes);
    world.texts(AGAIN).await;
    let page = server.next(MASSTT, SOON).await;
    assert!(page.header("Subject").contains(&reference));
    let hidden = "<p id=\"unsent\" class=\"state lost\" role=\"status\" hidden>";
    world.shows(&[hidden, "<tbody id=\"notices\">\n<tr><td colspan=\"5\">Nothing"]).await;
    assert!(!server.proofs().is_empty());
    let log = world.log();
    assert!(log.contains("notice-failed") && !log.contains("hunter2"), "{log}");
    for path in ["/ops", "/metrics"] {
        let said = world.get(path).await;
        assert!(!said.contains("hunter2") && !said.contains("@example.org"), "{path}");
    }
}

/// A notice says whom it is for; where that is, the configuration says when it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_mended_is_used_at_once() {
    let server = MailServer::start(Manner::Takes);
    let mut home = Home::sqlite().await;
    let file = home.own_folder().join("destinations.toml");
    let whole = std::fs::read_to_string(&file).expect("read");
    let contact = "contact = \"missing-children-duty@example.org\"\n";
    assert!(whole.contains(contact), "the test knows how the team is reached");
    std::fs::write(&file, whole.replace(contact, "")).expect("written");
    let world = World::start(home, Some(&server.url())).await;
    let mut body = http::referral(2);
    body["indicators"] = json!(["missing-now"]);
    world.refer(&body).await;
    let row = "<th scope=\"row\">destination:missing-children</th><td>failing</td>";
    world.shows(&[row, "<td>no-contact</td>"]).await;
    std::fs::write(&file, whole).expect("written");
    for _ in 0..50 {
        world.texts(AGAIN).await;
        if server.mails().iter().any(|mail| mail.to == "missing-children-duty@example.org") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("the mended address is not used: {:?}", server.mails());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_operators_are_told_that_nobody_is() {
    let world = World::start(Home::sqlite().await, None).await;
    world.refer(&immediate()).await;
    let told = "<p id=\"no-channel\" class=\"state lost\" role=\"status\">";
    let quiet = "<p id=\"unsent\" class=\"state lost\" role=\"status\" hidden>";
    world.shows(&[told, quiet, "<td>no-channel</td>"]).await;
    assert!(world.log().contains("no mail server is configured"));
}

/// Headers, texts and whom a mail is for hold nothing of what was sent, in any encoding.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_referral_says_is_in_an_e_mail() {
    use crate::privacy::search::{Canaries, NAME, STREET, SURNAME, TELEPHONE, WITHHELD, WORRY};
    let server = MailServer::start(Manner::Takes);
    let world = World::start(Home::sqlite().await, Some(&server.url())).await;
    world
        .refer(&json!({
            "referrer": {"name": NAME, "role": WORRY, "telephone": TELEPHONE},
            "children": [{
                "given_name": NAME, "family_name": SURNAME, "date_of_birth": "2014-05-06",
                "address": {"lines": STREET, "postcode": "HX1 1AA"}, "own_words": WITHHELD,
            }],
            "worry": WORRY, "danger_now": "yes",
        }))
        .await;
    let mut mails = vec![server.next(MASSTT, SOON).await];
    world.pass(15).await;
    mails.push(server.next(DUTY, SOON).await);
    let canaries = Canaries::new();
    for mail in &mails {
        let whole = format!("{} {} {}", mail.from, mail.to, mail.text);
        canaries.assert_absent("an e-mail", whole.as_bytes());
        for told in ["school-ridgeway", "Ridgeway", "danger", "strategy", "level", "2014"] {
            assert!(!whole.contains(told), "{told} is in {whole}");
        }
    }
}

fn letter() -> Letter {
    Letter {
        id: NoticeId(uuid::Uuid::nil()),
        to: Address::parse("duty@example.org").expect("an address"),
        kind: NoticeKind::Immediate,
        team: "Équipe d'accueil".to_owned(),
        reference: None,
        since: Timestamp(0),
        due_at: Timestamp(0),
        at: Timestamp(0),
        sign_in: SIGN_IN.to_owned(),
    }
}

fn smtp(url: &str, in_clear: bool) -> Smtp {
    let from = Address::parse("frontdoor@example.org").expect("an address");
    Smtp::open(url, in_clear, from).expect("a URL")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_no_tls_is_given_nothing_unless_the_settings_say_so() {
    let server = MailServer::start(Manner::Takes);
    let url = server.url().replace("smtp://", "smtp://gateway:hunter2@");
    let refused = smtp(&url, false).send(&letter()).await;
    assert_eq!(refused, Err(Fault::Unreachable));
    let from_the_first_byte = url.replace("smtp://", "smtps://");
    let refused = smtp(&from_the_first_byte, true).send(&letter()).await;
    assert_eq!(refused, Err(Fault::Unreachable));
    assert!(server.mails().is_empty() && server.proofs().is_empty(), "nor a password");
    smtp(&url, true).send(&letter()).await.expect("taken");
    assert_eq!((server.mails().len(), server.proofs().len()), (1, 1));
    let from = || Address::parse("frontdoor@example.org").expect("an address");
    for unreadable in ["", "mail.example.org", "smtp://", "https://mail.example.org"] {
        assert!(Smtp::open(unreadable, true, from()).is_none(), "{unreadable}");
    }
}

/// The gateway trusts whom the machine trusts: here a certificate that the test has made.
#[tokio::test(flavor = "multi_thread")]
async fn e_mails_go_under_tls_with_a_password_to_a_server_that_is_trusted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let home = Home::sqlite().await;
    let trusted = home.dir.path().join("trusted.pem");
    std::fs::write(&trusted, made.cert.pem()).expect("written");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_no_client_auth()
    .with_single_cert(vec![made.cert.der().clone()], key.expect("a key"))
    .expect("a certificate");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = MailServer::at(any, Manner::Takes, Some(Arc::new(tls)));
    let url = format!("smtps://gateway:hunter%212@localhost:{}", server.address.port());
    let trust = [("SSL_CERT_FILE", trusted.to_str().expect("a path"))];
    let world = World::start_with(home, Some(&url), &trust).await;
    world.refer(&immediate()).await;
    server.next(MASSTT, SOON).await;
    let proof = server.proofs().remove(0);
    let plain = "PLAIN AGdhdGV3YXkAaHVudGVyITI=";
    assert_eq!(proof, plain, "gateway and hunter!2");
    // Whom it does not know it gives nothing.
    let stranger = smtp(&url, false).send(&letter()).await;
    assert_eq!(stranger, Err(Fault::Unreachable));
}
