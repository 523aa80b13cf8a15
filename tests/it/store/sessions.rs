//! Sessions: when they end, that nobody can slip one under somebody, and forms that are sent twice.

use super::homes::{Home, ring};
use super::on_both;
use super::staff::*;
use frontdoor::access::staff::*;
use frontdoor::domain::time::Env as _;
use frontdoor::store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

on_both!(
    a_session_ends_when_nothing_is_asked_for_and_at_last_in_any_case,
    how_long_sessions_last_is_a_setting,
    a_session_says_when_it_ends_and_what_a_page_asks_for_by_itself_does_not_prolong_it,
    whoever_begins_anew_ends_what_was_begun_but_not_when_they_press_twice,
    what_a_clock_that_was_wrong_began_opens_nothing,
    what_nobody_needs_any_more_is_taken_away_a_page_at_a_time,
    every_step_has_a_token_of_its_own_and_only_its_hash_is_kept,
    whoever_signs_out_is_out_and_so_is_everybody_whose_sessions_are_ended,
    a_form_is_of_one_session,
    a_form_that_is_sent_often_does_it_once_and_gets_the_first_answer,
    a_form_whose_sender_does_not_stay_is_done_and_one_that_died_is_done_again,
);

const MINUTE: i64 = 60;

async fn a_session_ends_when_nothing_is_asked_for_and_at_last_in_any_case(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    world.pass(30 * MINUTE - 1);
    let session = world.session(&ada.token).await.expect("just in time");
    world.pass(30 * MINUTE);
    assert!(world.session(&ada.token).await.is_none(), "left alone");
    assert!(world.session(&ada.token).await.is_none(), "asking does not wake it");

    let token = world.signed_in(ADA, &ada.codes[0]).await;
    let begun = world.session(&token).await.expect("signed in").signed_in_at;
    for _ in 0..(12 * 60 / 20 - 1) {
        world.pass(20 * MINUTE);
        assert!(world.session(&token).await.is_some());
    }
    world.pass(20 * MINUTE - 1);
    let last = world.session(&token).await.expect("just in time");
    assert_eq!(last.ends_at, begun.plus_seconds(12 * 3_600), "it says when it ends");
    world.pass(1);
    assert!(world.session(&token).await.is_none(), "after twelve hours");
    assert!(!last.is_csrf(&session.csrf) && last.is_csrf(&last.csrf));

    // The time between the two steps is limited as well.
    let (half, _) = world.begun(ADA, PASSWORD).await;
    world.pass(30 * MINUTE);
    let late = world.desk.second_step(&half, &ada.codes[1], HERE).await.expect("answers");
    assert!(matches!(late, Stepped::Over), "{late:?}");
}

async fn how_long_sessions_last_is_a_setting(home: Home) {
    let world = World::with(&home, SessionLimits { idle: 120, absolute: 200 }).await;
    let ada = world.set_up(ADA).await;
    world.pass(119);
    assert!(world.session(&ada.token).await.is_some());
    world.pass(80);
    assert!(world.session(&ada.token).await.is_some());
    world.pass(1);
    assert!(world.session(&ada.token).await.is_none());
}

async fn a_session_says_when_it_ends_and_what_a_page_asks_for_by_itself_does_not_prolong_it(
    home: Home,
) {
    let world = World::with(&home, SessionLimits { idle: 100, absolute: 1_000 }).await;
    let ada = world.set_up(ADA).await;
    let ends = async |seen: bool| {
        let asked = if seen {
            world.desk.session(&ada.token).await
        } else {
            world.desk.peek(&ada.token).await
        };
        let session = asked.expect("answers");
        session.map(|session| session.ends_at.seconds_since(world.hand.now()))
    };
    assert_eq!(ends(true).await, Some(100.0));
    world.pass(9);
    assert_eq!(ends(true).await, Some(91.0), "not noted, and it says so");
    world.pass(1);
    assert_eq!(ends(false).await, Some(90.0));
    assert_eq!(ends(true).await, Some(100.0));
    world.pass(99);
    assert_eq!(ends(false).await, Some(1.0));
    world.pass(1);
    assert_eq!(ends(false).await, None);
}

async fn whoever_begins_anew_ends_what_was_begun_but_not_when_they_press_twice(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let waits = async |token: &SessionToken| world.desk.half(token).await.expect("").is_some();
    let (first, _) = world.begun(ADA, PASSWORD).await;
    let (second, _) = world.begun(ADA, PASSWORD).await;
    assert!(waits(&first).await && waits(&second).await);
    world.pass(11);
    let (third, _) = world.begun(ADA, PASSWORD).await;
    assert!(!waits(&first).await && !waits(&second).await && waits(&third).await);
    let over = world.desk.second_step(&first, &ada.codes[0], HERE).await.expect("answers");
    assert_eq!(over, Stepped::Over);
    assert!(world.session(&ada.token).await.is_some(), "what is open stays open");
}

async fn what_a_clock_that_was_wrong_began_opens_nothing(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    world.pass(-120);
    assert!(world.session(&ada.token).await.is_some(), "clocks differ a little");
    world.pass(-1);
    assert!(world.session(&ada.token).await.is_none());
}

async fn what_nobody_needs_any_more_is_taken_away_a_page_at_a_time(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let rows = async || {
        let count = |table| format!("SELECT CAST(count(*) AS TEXT) FROM {table}");
        let mut rows = Vec::new();
        for table in ["sign_in_failure", "session", "form_press"] {
            rows.extend(home.texts(&count(table)).await);
        }
        rows.join(" ")
    };
    for n in 0..5 {
        world.refused(&format!("name{n}"), "not the password").await;
        world.store.press([n; 16], world.hand.now(), world.hand.now()).await.expect("is noted");
    }
    assert_eq!(rows().await, "6 2 5", "five names at one place");
    assert_eq!(world.desk.tidy(4).await.expect("tidies"), 0);
    world.pass(24 * 3_600 + 1);
    assert_eq!(world.desk.tidy(4).await.expect("tidies"), 4);
    assert_eq!(rows().await, "2 2 5");
    world.pass(30 * 24 * 3_600);
    assert_eq!(world.desk.tidy(4).await.expect("tidies"), 4);
    assert_eq!(world.desk.tidy(4).await.expect("tidies"), 1);
    assert_eq!(rows().await, "0 0 0");
}

async fn every_step_has_a_token_of_its_own_and_only_its_hash_is_kept(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    // Somebody puts a token of their choice under hers: it opens nothing, before and after.
    let planted = SessionToken::presented("planted");
    assert!(world.session(&planted).await.is_none());
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let (other, _) = world.begun(ADA, PASSWORD).await;
    let done = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    let Stepped::Done { token, .. } = done else { panic!("{done:?}") };
    assert!(half != other && half != token && other != token);
    for dead in [&planted, &half, &other] {
        assert!(world.session(dead).await.is_none());
    }
    let kept = if home.is_sqlite() { "hex(key)" } else { "upper(encode(key, 'hex'))" };
    let kept = home.texts(&format!("SELECT {kept} FROM session")).await;
    assert_eq!(kept.len(), 5, "the set-up's two, and three");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<String>();
    for token in [&half, &other, &token, &ada.token] {
        let hash = ring().token16("session", "", token.reveal().as_bytes());
        assert!(kept.contains(&hex(&hash)) && token.reveal().len() == 43);
    }
}

async fn whoever_signs_out_is_out_and_so_is_everybody_whose_sessions_are_ended(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let otto = world.set_up(OTTO).await;
    let second = world.signed_in(ADA, &ada.codes[0]).await;
    let session = world.session(&ada.token).await.expect("signed in");
    world.desk.sign_out(&session).await.expect("ends");
    assert!(world.session(&ada.token).await.is_none());
    assert!(world.session(&second).await.is_some(), "her other browser stays");
    let third = world.signed_in(ADA, &ada.codes[1]).await;
    let (half, _) = world.begun(ADA, PASSWORD).await;
    world.desk.end_sessions(ADA, By::CommandLine).await.expect("ends");
    for token in [&second, &third, &half] {
        assert!(world.session(token).await.is_none());
    }
    assert!(world.desk.half(&half).await.expect("answers").is_none());
    assert!(world.session(&otto.token).await.is_some(), "nobody else's");
    world.signed_in(ADA, &ada.codes[2]).await;
}

async fn a_form_is_of_one_session(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let one = world.session(&ada.token).await.expect("signed in").holder;
    let other = world.signed_in(ADA, &ada.codes[0]).await;
    let other = world.session(&other).await.expect("signed in").holder;
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let half = world.desk.half(&half).await.expect("answers").expect("waits").holder;
    for (mine, others) in [(one, [other, half]), (other, [one, half]), (half, [one, other])] {
        let token = mine.form(&*world.hand);
        assert!(mine.is_form(&token) && token != mine.form(&*world.hand));
        for holder in others {
            assert!(!holder.is_form(&token));
            let foreign = once(&world, holder, &token, "nothing").await.expect("answers");
            assert_eq!(foreign, Once::Foreign);
        }
        for made_up in ["", "é", &token[1..]] {
            assert!(!mine.is_form(made_up), "{made_up}");
        }
    }
}

/// Sends a form; what it does takes a moment, and answers with `answer`.
async fn once(
    world: &World,
    holder: Holder,
    token: &str,
    answer: &str,
) -> Result<Once, StoreError> {
    let answer = answer.to_owned();
    let act = |key: String| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        match answer.as_str() {
            "fails" => Err(StoreError::Unavailable(key)),
            _ => Ok(format!("{answer} {key}").into_bytes()),
        }
    };
    world.desk.once(holder, "refer", token, act).await
}

fn text(answer: Result<Once, StoreError>) -> String {
    match answer {
        Ok(Once::Answered(answer)) => String::from_utf8(answer).expect("text"),
        other => panic!("{other:?}"),
    }
}

async fn a_form_that_is_sent_often_does_it_once_and_gets_the_first_answer(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let holder = world.session(&ada.token).await.expect("signed in").holder;
    let (form, next) = (holder.form(&*world.hand), holder.form(&*world.hand));
    let presses = (0..6).map(|n| {
        let (world, form) = (&world, &form);
        async move { text(once(world, holder, form, &format!("press {n}")).await) }
    });
    let answers = futures::future::join_all(presses).await;
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    assert_eq!(text(once(&world, holder, &form, "later").await), answers[0]);

    // What fails is done again, and is known by the same key.
    let Err(StoreError::Unavailable(key)) = once(&world, holder, &next, "fails").await else {
        panic!("it fails")
    };
    assert_eq!(text(once(&world, holder, &next, "second").await), format!("second {key}"));
    assert!(!answers[0].contains(&key), "another form is another");
}

async fn a_form_whose_sender_does_not_stay_is_done_and_one_that_died_is_done_again(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let holder = world.session(&ada.token).await.expect("signed in").holder;
    let (form, next) = (holder.form(&*world.hand), holder.form(&*world.hand));
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let act = |_| async move {
        begins.notify_one();
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, StoreError>(b"first ".to_vec())
    };
    tokio::select! {
        biased;
        () = begun.notified() => {}
        _ = world.desk.once(holder, "refer", &form, act) => panic!("it takes longer"),
    }
    assert!(text(once(&world, holder, &form, "second").await).starts_with("first "));

    // The process died with it: nobody knows for a minute, then it is done again.
    let key = ring().token16("form-sent", "refer", next.as_bytes());
    let now = world.hand.now();
    world.store.press(key, now, now).await.expect("is noted");
    assert_eq!(once(&world, holder, &next, "early").await.expect("answers"), Once::Underway);
    world.pass(61);
    assert!(text(once(&world, holder, &next, "late").await).starts_with("late "));
}
