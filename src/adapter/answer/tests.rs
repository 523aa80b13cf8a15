use super::*;
use crate::adapter::decode::json::Style;
use crate::adapter::decode::{hl7v2 as hl7, json as documents};
use serde_json::json;

const MESSAGE: &str = "MSH|^~\\&|MATERNITY|RXX^Canary Trust|FRONTDOOR|LA|20261124103900||\
    REF^I12^REF_I12|MSG00001|P|2.5\rRF1|P|S||||R-77^RXX\rPRD|RP|Canary&van^Ada||1 Test Street\r\
    PID|1||9990000018^^^NHS^NH||O\\T\\K\\F\\MSH^Tilly||20190304|F|||1 Test Street\r";
const UUID: &str = "0f9b2a34-1c56-4d78-9eab-1234567890cd";

fn request() -> Request {
    Request { id: UUID.to_owned(), at: "2026-07-01T10:40:00.000Z".to_owned() }
}

fn told(at: &str, rule: &str, ask: &str) -> Told {
    Told { at: at.to_owned(), rule: rule.to_owned(), ask: ask.to_owned() }
}

fn accepted(at: &str, unread: Vec<Told>) -> Verdict {
    let receipt = json!({
        "reference": "6KQ2M-9DRTA", "status": "received", "advice": ["Dial 999 | now"],
        "received_at": "2026-07-01T10:40:00.000Z", "respond_by": "2026-07-01T14:40:00.000Z",
        "completeness": { "score": 80, "missing": [{ "ask": "Add a school, or say none" }] },
        "children": [{
            "level_of_need": { "code": "5", "label": "Significant harm" },
            "priority": "immediate", "destinations": [{ "id": "masstt", "purpose": "strategy" }],
        }],
    });
    let (reference, what) = ("6KQ2M-9DRTA".to_owned(), What::New);
    let outcome = Outcome::Accepted(Accepted { status: 201, reference, receipt, what, unread });
    Verdict { at: at.to_owned(), message_id: Some("=R-77".to_owned()), outcome }
}

fn refused(status: u16, at: &str, faults: Vec<Told>) -> Verdict {
    let own = str::to_owned;
    let duty = Duty { in_hours: own("01632 960001"), out_of_hours: own("01632 960002") };
    let (code, title) = (own("below-minimum"), own("One fact is missing"));
    let (detail, reference) = (Some(own("Say who refers.")), None);
    let retry_after = Some(30).filter(|_| status == 503);
    let outcome = Problem { status, code, title, detail, faults, duty, reference, retry_after };
    Verdict { at: own(at), message_id: None, outcome: Outcome::Refused(outcome) }
}

fn answer(manner: Manner, head: &Value, verdict: &Verdict) -> (u16, String) {
    let answer = one(manner, head, verdict, &request());
    (answer.status, String::from_utf8(answer.body).expect("UTF-8"))
}

fn document(manner: Manner, head: &Value, verdict: &Verdict) -> (u16, Value) {
    let (status, body) = answer(manner, head, verdict);
    (status, serde_json::from_str(&body).expect("JSON"))
}

const DUTY: &str = "Duty team: telephone 01632 960001, out of hours 01632 960002.";

#[test]
fn hl7_is_answered_with_the_referral_that_was_sent_and_nothing_more_of_it() {
    let head = head(Manner::Hl7v2, &hl7::read(MESSAGE.as_bytes()).expect("read"));
    let verdict = accepted("", vec![told("PID-7", "date", "Write a date")]);
    let (status, body) = answer(Manner::Hl7v2, &head, &verdict);
    let expected = "MSH|^~\\&|FRONTDOOR|LA|MATERNITY|RXX^Canary Trust|20260701104000+0000||\
        RRI^I12^RRI_I12|FD789eab1234567890cd|P|2.5||||||UNICODE UTF-8\rMSA|AA|MSG00001\r\
        ERR||PID^1^7^1|102^Data type error^HL70357|W|date|||Write a date\r\
        RF1|P^Pending^HL70283|S^STAT^HL70280||||R-77^RXX|||20260701104000+0000||6KQ2M-9DRTA\r\
        PRD|RP|Canary&van^Ada\rPID|1||9990000018^^^NHS^NH||O\\T\\K\\F\\MSH^Tilly\r\
        NTE|1||Received under the reference 6KQ2M-9DRTA. Nobody has decided on it yet.\r\
        NTE|2||Dial 999 \\F\\ now\r\
        NTE|3||Somebody must have answered you by 15:40 on 1 July 2026. If nobody has, ring.\r\
        NTE|4||Child 1: level of need 5, Significant harm, is suggested, and a social worker \
        decides; priority immediate; goes to masstt (strategy).\r\
        NTE|5||It would help to add: Add a school, or say none\r\
        NTE|6||Not read: PID-7: Write a date\r";
    assert_eq!((status, body.as_str()), (201, expected));
    assert!(hl7::read(body.as_bytes()).is_ok());
}

#[test]
fn hl7_errors_name_field_and_telephone_and_cannot_be_broken_out_of() {
    let faults = vec![
        told("PID[2]-5[3].1.2, NTE", "minimum-child", "Add a name\rMSA|AA|1"),
        told("segment 4", "hl7v2", "Begin \u{1c}anew"),
    ];
    let (status, body) = answer(Manner::Hl7v2, &Value::Null, &refused(422, "", faults));
    let expected = format!(
        "MSH|^~\\&|||||20260701104000+0000||ACK^I12^ACK|FD789eab1234567890cd|P|2.5||||||\
         UNICODE UTF-8\rMSA|AE||One fact is missing\r\
         ERR|||101^Required field missing^HL70357|E|below-minimum|||One fact is missing. Say who \
         refers. {DUTY}||||^WPN^PH^^^^^^^^^01632 960001~^WPN^PH^^^^^^^^^01632 960002\r\
         ERR||PID^2^5^3^1^2~NTE^1|101^Required field missing^HL70357|E|minimum-child|||\
         Add a name\\.br\\MSA\\F\\AA\\F\\1\r\
         ERR|||100^Segment sequence error^HL70357|E|hl7v2||segment 4|Begin  anew\r"
    );
    assert_eq!((status, body), (422, expected));
    let (_, busy) = answer(Manner::Hl7v2, &Value::Null, &refused(503, "", Vec::new()));
    assert!(busy.contains("\rMSA|AR|") && busy.contains("Try again after 30 seconds. Duty"));
}

#[test]
fn a_message_that_cannot_be_decoded_is_answered_by_its_own_id() {
    let broken = b"\x0bMSH|^~\\&|MATERNITY|RXX|||||REF^I12|MSG00007|P|2.5\rPI";
    assert!(hl7::read(broken).is_err());
    let head = head_of_undecoded(Manner::Hl7v2, broken);
    let (_, body) = answer(Manner::Hl7v2, &head, &refused(400, "", Vec::new()));
    assert!(body.contains("|MATERNITY|RXX|") && body.contains("\rMSA|AE|MSG00007|"), "{body}");
    let batch = b"BHS|^~\\&|MATERNITY\rMSH|^~\\&|MATERNITY|RXX|||||REF^I12|MSG00007|P|2.5\rPI";
    for other in [&b""[..], batch, b"MSH", b"PID|1", &[b'M'; 9_000], b"MSH|^^^^|x"] {
        assert_eq!(head_of_undecoded(Manner::Hl7v2, other), Value::Null);
    }
}

#[test]
fn fhir_is_answered_as_a_receiver_in_bars_does() {
    let sent = json!({ "resourceType": "Bundle", "id": "b", "entry": [{ "resource": {
        "resourceType": "MessageHeader", "id": "m-1", "source": { "endpoint": "urn:them" },
        "eventCoding": { "system": "urn:s", "code": "servicerequest-request" },
        "destination": [{ "endpoint": "urn:us" }],
    } }] });
    let decoded = documents::read(sent.to_string().as_bytes(), Style::FhirPath).expect("read");
    let verdict = accepted("", vec![told("Patient.birthDate", "date", "Write a date")]);
    let (status, bundle) = document(Manner::Fhir, &head(Manner::Fhir, &decoded), &verdict);
    assert_eq!((status, &bundle["type"], &bundle["id"]), (200, &json!("message"), &json!(UUID)));
    let [header, outcome, task] = [0_usize, 1, 2].map(|nth| &bundle["entry"][nth]);
    assert_eq!(header["resource"]["response"]["identifier"], "m-1");
    assert_eq!(header["resource"]["response"]["details"]["reference"], outcome["fullUrl"]);
    assert_eq!(header["resource"]["focus"][0]["reference"], task["fullUrl"]);
    assert_eq!(header["resource"]["eventCoding"]["code"], "servicerequest-response");
    assert_eq!(header["resource"]["source"]["endpoint"], "urn:us");
    assert_eq!(header["resource"]["destination"][0]["endpoint"], "urn:them");
    let warning = &outcome["resource"]["issue"][1];
    assert_eq!((&warning["severity"], &warning["code"]), (&json!("warning"), &json!("value")));
    assert_eq!(warning["expression"], json!(["Patient.birthDate"]));
    assert_eq!(task["resource"]["status"], "received");
    assert_eq!(task["resource"]["restriction"]["period"]["end"], "2026-07-01T14:40:00.000Z");
    let verdict = refused(422, "", vec![told("", "minimum-child", "Add a \"Patient\"")]);
    let (status, outcome) = document(Manner::Fhir, &Value::Null, &verdict);
    let details = &outcome["issue"][0]["details"];
    assert_eq!((status, &outcome["resourceType"]), (422, &json!("OperationOutcome")));
    assert_eq!(details["coding"][0]["code"], "REC_UNPROCESSABLE_ENTITY");
    assert!(details["text"].as_str().is_some_and(|text| text.ends_with(DUTY)));
    assert_eq!(outcome["issue"][1]["diagnostics"], "Add a \"Patient\"");
    assert_eq!(outcome["issue"][1]["expression"], Value::Null);
}

#[test]
fn csv_has_a_row_for_a_row_and_runs_nothing() {
    let header = "row,status,reference,respond_by,level_of_need,priority,destinations,missing,\
        faults,message_id\r\n";
    assert_eq!(Batch::begin(Manner::Csv), header.as_bytes());
    let row =
        |verdict: &Verdict| String::from_utf8(Batch::item(Manner::Csv, verdict)).expect("UTF-8");
    assert_eq!(
        row(&accepted("row 4", Vec::new())),
        "4,accepted,6KQ2M-9DRTA,2026-07-01T14:40:00.000Z,5,immediate,masstt (strategy),\
         \"Add a school, or say none\",,'=R-77\r\n"
    );
    let faults = vec![told("row 5, column A (\"DOB\")", "date", "Write it")];
    let expected = format!(
        "5,refused,,,,,,,\"One fact is missing. Say who refers. {DUTY}; \
         row 5, column A (\"\"DOB\"\"): Write it\",\r\n"
    );
    assert_eq!(row(&refused(422, "row 5", faults)), expected);
    let (status, whole) = answer(Manner::Csv, &Value::Null, &refused(400, "", Vec::new()));
    assert!(status == 400 && whole.starts_with(header) && whole.contains("\r\n,refused,,"));
    for id in ["+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"] {
        let verdict = Verdict { message_id: Some(id.to_owned()), ..accepted("", Vec::new()) };
        assert!(row(&verdict).trim_end_matches(['"', '\r', '\n']).ends_with(&format!("'{id}")));
    }
}

#[test]
fn json_is_the_receipt_or_the_problem_and_a_batch_is_lines() {
    let (status, receipt) = document(
        Manner::Json,
        &Value::Null,
        &accepted("", vec![told("/dob", "date", "Write a date")]),
    );
    assert_eq!((status, &receipt["what"]), (201, &json!("accepted")));
    assert_eq!(receipt["unread"], json!([{ "at": "/dob", "rule": "date", "ask": "Write a date" }]));
    assert_eq!(receipt["completeness"]["score"], 80);
    let (status, problem) = document(Manner::Json, &Value::Null, &refused(422, "", Vec::new()));
    let expected = json!({
        "type": "/problems/below-minimum", "title": "One fact is missing", "status": 422,
        "detail": "Say who refers.", "instance": UUID,
        "duty": { "in_hours": "01632 960001", "out_of_hours": "01632 960002" },
    });
    assert_eq!((status, problem), (422, expected));
    let mut counts = Counts::new();
    let items = [accepted("/0", Vec::new()), refused(422, "/1\n{}", Vec::new())];
    let mut lines = Batch::begin(Manner::Json);
    for verdict in &items {
        *counts.entry(verdict.outcome.word()).or_default() += 1;
        lines.extend(Batch::item(Manner::Json, verdict));
    }
    lines.extend(Batch::end(Manner::Json, &counts));
    let lines = String::from_utf8(lines).expect("UTF-8");
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert_eq!((lines.len(), &lines[0]["at"], &lines[1]["status"]), (3, &json!("/0"), &json!(422)));
    assert_eq!(lines[2], json!({ "counts": { "accepted": 1, "refused": 1 } }));
}
