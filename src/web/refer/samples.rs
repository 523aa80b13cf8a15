//! The form in every state, with invented people.

use super::answers::{Fault, faults};
use super::flow::Step;
use super::home::{self, Line, dangers};
use super::questions::{PAGES, page_named};
use super::{Help, check, pages, sent};
use crate::domain::receipt::{Completeness, Missing};
use crate::domain::{Receipt, Reference, Timestamp};
use crate::pipeline::drafts::{Content, Draft};
use crate::pipeline::{SenderTold, SenderView, ToldOutcome};
use crate::web::page::{Frame, Link};
use crate::web::samples::Sample;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

/// Every page empty and filled in is one sample each: they are the same template.
pub const SAMPLES: &[Sample] = &[
    Sample { name: "refer-home", make: |frame| home(frame, false, false) },
    Sample { name: "refer-home-wrong", make: |frame| home(frame, true, false) },
    Sample { name: "refer-home-full", make: |frame| home(frame, false, true) },
    Sample { name: "refer-danger", make: |frame| page(frame, "danger", State::Filled) },
    Sample { name: "refer-danger-wrong", make: |frame| page(frame, "danger", State::Wrong) },
    Sample { name: "refer-telephone", make: |frame| page(frame, "telephone", State::Empty) },
    Sample { name: "refer-worry", make: |frame| page(frame, "worry", State::Filled) },
    Sample { name: "refer-worry-wrong", make: |frame| page(frame, "worry", State::Wrong) },
    Sample { name: "refer-signs", make: |frame| page(frame, "signs", State::Filled) },
    Sample { name: "refer-happened", make: |frame| page(frame, "happened", State::Filled) },
    Sample { name: "refer-body", make: |frame| page(frame, "body", State::Filled) },
    Sample { name: "refer-concerns", make: |frame| page(frame, "concerns", State::Filled) },
    Sample { name: "refer-child", make: |frame| page(frame, "child", State::Filled) },
    Sample { name: "refer-child-wrong", make: |frame| page(frame, "child", State::Wrong) },
    Sample { name: "refer-unborn", make: |frame| page(frame, "unborn", State::Filled) },
    Sample { name: "refer-child-words", make: |frame| page(frame, "child-words", State::Filled) },
    Sample { name: "refer-child-now", make: |frame| page(frame, "child-now", State::NotKnown) },
    Sample { name: "refer-child-home", make: |frame| page(frame, "child-home", State::Filled) },
    Sample { name: "refer-child-services", make: |f| page(f, "child-services", State::NotKnown) },
    Sample { name: "refer-child-about", make: |frame| page(frame, "child-about", State::Filled) },
    Sample { name: "refer-child-contact", make: |f| page(f, "child-contact", State::Filled) },
    Sample { name: "refer-person", make: |frame| page(frame, "person", State::Filled) },
    Sample { name: "refer-person-safety", make: |f| page(f, "person-safety", State::Filled) },
    Sample { name: "refer-person-contact", make: |f| page(f, "person-contact", State::Empty) },
    Sample { name: "refer-told", make: |frame| page(frame, "told", State::Filled) },
    Sample { name: "refer-quiet", make: |frame| page(frame, "quiet", State::Filled) },
    Sample { name: "refer-well", make: |frame| page(frame, "well", State::Filled) },
    Sample { name: "refer-life", make: |frame| page(frame, "life", State::Filled) },
    Sample { name: "refer-earlier", make: |frame| page(frame, "earlier", State::Empty) },
    Sample { name: "refer-visits", make: |frame| page(frame, "visits", State::Filled) },
    Sample { name: "refer-you", make: |frame| page(frame, "you", State::Filled) },
    Sample { name: "refer-you-wrong", make: |frame| page(frame, "you", State::Wrong) },
    Sample { name: "refer-check", make: |frame| check(frame, filled(), false) },
    Sample { name: "refer-check-short", make: |frame| check(frame, Map::new(), false) },
    Sample { name: "refer-check-wrong", make: |frame| check(frame, Map::new(), true) },
    Sample { name: "refer-done", make: |frame| sent_page(frame, true) },
    Sample { name: "refer-one-sent", make: |frame| sent_page(frame, false) },
];

/// When everything in the samples happens.
const AT: Timestamp = Timestamp(1_768_386_600_000_000);
const CSRF: &str = "sample";

#[derive(Clone, Copy, PartialEq)]
enum State {
    Empty,
    Filled,
    NotKnown,
    Wrong,
}

fn signed_in(frame: Frame) -> Frame {
    let home = Link { text: frame.say("refer-home"), address: "/refer", current: false };
    Frame {
        signed_in: Some("Ada Lumb".to_owned()),
        csrf: CSRF.to_owned(),
        navigation: vec![home],
        exit: true,
        ..frame
    }
}

fn home(frame: Frame, wrong: bool, full: bool) -> HttpResponse {
    let frame = signed_in(frame);
    let line = |about: &str, reference: &str| Line {
        address: "/refer/sent/AAAAA-AAAAA".to_owned(),
        about: about.to_owned(),
        reference: reference.to_owned(),
        when: "Friday 3 July 2026 at 09:59".to_owned(),
    };
    let some = |line: Line| if full { vec![line] } else { Vec::new() };
    let page = home::Page {
        wrong,
        dangers: dangers(&frame),
        drafts: some(line("Ben Moor", "")),
        colleagues: some(line("Carol Webb", "")),
        sent: some(line("Dot Vale", "AAAAA-AAAAA")),
        csrf: CSRF.to_owned(),
        frame: &frame,
    };
    frame.answer(StatusCode::OK, &page)
}

fn helps() -> Vec<Help> {
    let ask = "Write down what the child said, in the child's own words".to_owned();
    vec![Help { ask, address: Some("#".to_owned()) }]
}

/// Something in every field.
fn filled() -> Map<String, Value> {
    let filled = json!({
        "danger_now": "unknown",
        "worry": "Ben came in without a coat again.\nHe said that nobody was at home.",
        "indicators": ["child-alone", "trusted-person"],
        "concerns": ["16A"],
        "harm": [{"what": "A bruise", "body_map": "Left ear, outer edge, about 2 cm"}],
        "children": [{
            "given_name": "Ben", "family_name": "Moor", "date_of_birth": "2018-03-04",
            "unborn": "yes", "expected_date": "2026-09-01", "own_words": "I was on my own.",
            "seen": "yes", "seen_on": "2026-07-02", "location_now": "At school", "sex": "M",
            "address": {"lines": "1 Test Street", "withheld_from": ["Dan Moor", "Ed Moor"]},
            "disabilities": ["AUT"],
        }],
        "household": {"people": [{
            "name": "Cass Moor", "relationship": "mother", "alleged_to_have_harmed": "not-known",
        }]},
        "agreement": {"informed": "yes", "agreed": "refused"},
        "do_not_alert": "no",
        "domains": {"going_well": "Comes every day", "scale": 4, "parenting": "Tired"},
        "worker_safety": {"dogs": "yes"},
        "referrer": {"name": "Ada Lumb", "role": "Designated safeguarding lead"},
    });
    filled.as_object().cloned().unwrap_or_default()
}

/// Whatever the page asks is said to be not known.
fn not_known(step: Step) -> Map<String, Value> {
    let mut answers = Map::new();
    super::answers::write(&mut answers, step, &super::answers::Sent(Vec::new()), true);
    answers
}

fn draft(answers: Map<String, Value>) -> Draft {
    Draft::for_samples(Content { answers, author: "Ada Lumb".to_owned(), ..Content::default() })
}

fn page(frame: Frame, id: &str, state: State) -> HttpResponse {
    let frame = signed_in(frame);
    let step = Step { page: page_named(id).unwrap_or(&PAGES[0]), n: 0 };
    let answers = match state {
        State::Filled => filled(),
        State::NotKnown => not_known(step),
        State::Empty => Map::new(),
        State::Wrong => json!({"children": [{"date_of_birth": "31/2/2015", "estimated_age": "x"}]})
            .as_object()
            .cloned()
            .unwrap_or_default(),
    };
    let wrong: Vec<Fault> = if state == State::Wrong { faults(&answers, step) } else { Vec::new() };
    let draft = draft(answers);
    let page = pages::page_of(&frame, &draft, step, &wrong, helps(), CSRF);
    frame.answer(StatusCode::OK, &page)
}

fn check(frame: Frame, answers: Map<String, Value>, wrong: bool) -> HttpResponse {
    let frame = signed_in(frame);
    let draft = draft(answers);
    let faults = if wrong { helps() } else { Vec::new() };
    frame.answer(StatusCode::OK, &check::page_of(&frame, &draft, faults, helps(), CSRF))
}

fn sent_page(frame: Frame, just_sent: bool) -> HttpResponse {
    let frame = signed_in(frame);
    let missing = Missing {
        pointer: "/children/0/own_words".to_owned(),
        ask: "Write down what the child said".to_owned(),
        weight: 6,
    };
    let receipt = Receipt {
        reference: Reference::from_entropy(7),
        status: "received".to_owned(),
        received_at: AT,
        respond_by: AT.plus_seconds(86_400),
        completeness: Completeness { score: 60, missing: vec![missing], unread: Vec::new() },
        advice: vec!["If a child is in danger now, telephone 999.".to_owned()],
        children: Vec::new(),
    };
    let outcome = ToldOutcome {
        code: "assessment".to_owned(),
        label: "A social worker is assessing".to_owned(),
        at: AT,
        message: Some("We have begun. Thank you for telling us.".to_owned()),
    };
    let after = if just_sent { "now" } else { "more" };
    let told = SenderTold {
        outcome: (!just_sent).then_some(outcome),
        asked: vec![(AT, "Which school does Ben's brother go to?".to_owned())],
        ..SenderTold::default()
    };
    let view = SenderView::of(receipt, &[], told);
    let page = sent::page_of(&frame, view, after, "once".to_owned(), CSRF.to_owned());
    frame.answer(StatusCode::OK, &page)
}
