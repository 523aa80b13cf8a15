//! Sessions: when they end, that nobody can slip one under somebody, and forms that are sent twice.

use super::homes::Home;
use super::on_both;
use super::staff::*;
use frontdoor::access::staff::*;

on_both!(
    a_session_ends_when_nothing_is_asked_for_and_at_last_in_any_case,
    how_long_sessions_last_is_a_setting,
    every_step_has_a_token_of_its_own_and_only_its_hash_is_kept,
    whoever_signs_out_is_out_and_so_is_everybody_whose_sessions_are_ended,
    a_form_is_of_one_session,
    a_form_that_is_sent_twice_does_it_once_and_gets_the_first_answer,
    a_form_that_is_sent_many_times_at_once_is_first_once,
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
    assert_ne!(session.csrf, last.csrf);

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
        let hash = <sha2::Sha256 as sha2::Digest>::digest(token.reveal().as_bytes());
        assert!(kept.contains(&hex(hash.as_slice())) && token.reveal().len() == 43);
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
    let ended = world.desk.end_sessions(session.staff, "command-line").await.expect("ends");
    assert_eq!(ended, 3);
    for token in [&second, &third, &half] {
        assert!(world.session(token).await.is_none());
    }
    assert!(world.desk.step(&half).await.expect("answers").is_none());
    assert!(world.session(&otto.token).await.is_some(), "nobody else's");
}

async fn a_form_is_of_one_session(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let one = world.session(&ada.token).await.expect("signed in");
    let other = world.signed_in(ADA, &ada.codes[0]).await;
    let other = world.session(&other).await.expect("signed in");
    assert!(one.is_csrf(&one.csrf) && !one.is_csrf(&other.csrf) && !one.is_csrf(""));
    let (half, _) = world.begun(ADA, PASSWORD).await;
    assert!(world.desk.is_csrf(&half, &world.desk.csrf(&half)));
    assert!(!world.desk.is_csrf(&half, &one.csrf) && !one.is_csrf(&world.desk.csrf(&half)));

    let token = world.desk.form(&one, "refer");
    let send = async |session: &Session, form: &str, token: &str| {
        world.desk.send_form(session, form, token).await.expect("answers")
    };
    for (session, form, token) in [
        (&other, "refer", token.as_str()),
        (&one, "decide", token.as_str()),
        (&one, "refer", &token[1..]),
        (&one, "refer", ""),
        (&one, "refer", "é"),
    ] {
        assert_eq!(send(session, form, token).await, Sent::Foreign, "{form} {token}");
    }
    assert!(matches!(send(&one, "refer", &token).await, Sent::First(_)));
}

async fn a_form_that_is_sent_twice_does_it_once_and_gets_the_first_answer(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let session = world.session(&ada.token).await.expect("signed in");
    let (form, next) = (world.desk.form(&session, "refer"), world.desk.form(&session, "refer"));
    let send =
        async |token: &str| world.desk.send_form(&session, "refer", token).await.expect("answers");
    let Sent::First(sending) = send(&form).await else { panic!("not the first") };
    assert_eq!(send(&form).await, Sent::Underway);
    for answer in [b"the first".as_slice(), b"another"] {
        world.desk.answer_form(&sending, answer).await.expect("keeps");
    }
    assert_eq!(send(&form).await, Sent::Again(b"the first".to_vec()));
    let Sent::First(second) = send(&next).await else { panic!("another form is another") };
    assert_ne!(second.key(), sending.key());

    // The process died with it: after a minute it is the first again, under the same key.
    world.pass(60);
    assert_eq!(send(&next).await, Sent::Underway);
    world.pass(1);
    assert_eq!(send(&next).await, Sent::First(second));
    assert_eq!(send(&next).await, Sent::Underway);
    assert_eq!(send(&form).await, Sent::Again(b"the first".to_vec()), "as long as it is kept");
}

async fn a_form_that_is_sent_many_times_at_once_is_first_once(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let session = world.session(&ada.token).await.expect("signed in");
    let form = world.desk.form(&session, "refer");
    let presses = (0..8).map(|_| world.desk.send_form(&session, "refer", &form));
    let sent = futures::future::join_all(presses).await;
    let first = sent.iter().filter(|one| matches!(one, Ok(Sent::First(_)))).count();
    assert_eq!((first, sent.iter().filter(|one| one.is_ok()).count()), (1, 8));
}
