//! Signing in while others guess: what waits, for how long, and what that tells.

use super::homes::Home;
use super::on_both;
use super::staff::*;
use frontdoor::access::staff::*;
use frontdoor::domain::Timestamp;
use frontdoor::domain::time::Env as _;
use std::time::{Duration, Instant};

on_both!(
    a_name_that_nobody_has_is_answered_like_any_other,
    whoever_guesses_waits_and_the_tenth_failure_locks_for_a_while,
    what_others_guess_keeps_nobody_out,
    a_mark_is_no_way_in_and_is_of_one_name,
    several_people_share_a_browser,
    an_address_that_guesses_at_many_names_waits_and_an_own_account_does_not_clear_it,
    whoever_has_the_password_and_guesses_at_the_second_step_waits_wherever_they_are,
    a_second_step_has_five_tries_and_then_the_password_is_due_again,
    of_many_tries_at_once_few_are_looked_at,
    a_crowd_is_refused_at_once_and_whoever_is_known_gets_in,
    a_request_that_is_dropped_leaves_no_count,
    a_gateway_whose_clock_is_behind_waits_as_well,
    a_code_of_the_app_is_taken_once_and_none_before_it,
    the_code_with_which_an_account_was_set_up_counts_as_taken,
);

const WRONG: &str = "not the password";

async fn answer(world: &World, name: &str, password: &str, from: Caller<'_>) -> SignedIn {
    world.desk.sign_in(name, password, from).await.expect("answers")
}

/// Until when a refused sign-in waits, in seconds from now.
fn waits(world: &World, answer: &SignedIn) -> Option<f64> {
    let SignedIn::Refused(refused) = answer else { panic!("{answer:?}") };
    refused.until.map(|until| until.seconds_since(world.hand.now()))
}

async fn a_name_that_nobody_has_is_answered_like_any_other(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    world.set_up(OTTO).await;
    world.desk.disable(OTTO, By::CommandLine).await.expect("is disabled");
    for step in 0..14 {
        let mut answers = Vec::new();
        for (n, name) in (1..).zip([ADA, OTTO, "nobody@ridgeway.example", ""]) {
            answers.push(answer(&world, name, WRONG, from(n)).await);
        }
        assert!(answers.iter().all(|one| *one == answers[0]), "{step}: {answers:?}");
        assert!(matches!(answers[0], SignedIn::Refused(_)));
        world.pass(70);
    }
    // The right password of a disabled account is answered like a wrong one.
    world.pass(24 * 3_600);
    let disabled = answer(&world, OTTO, PASSWORD, from(7)).await;
    assert_eq!(disabled, answer(&world, "nobody", PASSWORD, from(8)).await);
}

async fn whoever_guesses_waits_and_the_tenth_failure_locks_for_a_while(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let mut seen = Vec::new();
    for _ in 0..10 {
        let wait = waits(&world, &answer(&world, ADA, WRONG, HERE).await);
        seen.push(wait.unwrap_or_default());
        if let Some(wait) = wait {
            // Not looked at before, even the right password, and asking does not make it longer.
            let early = answer(&world, ADA, PASSWORD, HERE).await;
            assert_eq!(waits(&world, &early), Some(wait));
            assert!(matches!(early, SignedIn::Refused(Refused { looked_at: false, .. })));
            world.pass(wait as i64);
        }
    }
    assert_eq!(seen, [0.0, 0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 900.0]);
    assert_eq!(world.times_told("sign-in.locked").await, 1);
    assert!(matches!(answer(&world, ADA, PASSWORD, HERE).await, SignedIn::Next { .. }));
    // It took back its own failure, and no other.
    assert_eq!(waits(&world, &answer(&world, ADA, WRONG, HERE).await), Some(900.0));
}

/// Somebody who tries whenever they are let, and asks all the while.
async fn guess_on(world: &World, name: &str, from: Caller<'_>) {
    for _ in 0..12 {
        let guess = answer(world, name, WRONG, from).await;
        world.pass(waits(world, &guess).unwrap_or_default() as i64);
    }
    answer(world, name, WRONG, from).await;
}

async fn what_others_guess_keeps_nobody_out(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    // From anywhere else it costs her nothing.
    guess_on(&world, ADA, from(2)).await;
    assert!(waits(&world, &answer(&world, ADA, PASSWORD, from(2)).await).is_some());
    assert!(matches!(answer(&world, ADA, PASSWORD, HERE).await, SignedIn::Next { .. }));
    // At the same school a browser that does not know her waits, and hers does not.
    guess_on(&world, ADA, HERE).await;
    assert!(waits(&world, &answer(&world, ADA, PASSWORD, HERE).await).is_some());
    let known = Caller { marks: Some(&ada.marks), ..HERE };
    let SignedIn::Next { token, .. } = answer(&world, ADA, PASSWORD, known).await else {
        panic!("she was kept out")
    };
    let done = world.desk.second_step(&token, &ada.codes[0], known).await.expect("answers");
    let Stepped::Done { marks, .. } = done else { panic!("{done:?}") };
    // Nor is whoever was given a password anew, wherever they are.
    let initial = world.desk.reset(ADA, By::CommandLine).await.expect("is reset");
    let first = answer(&world, ADA, initial.reveal(), HERE).await;
    assert!(matches!(first, SignedIn::Next { step: Step::SetUp, .. }), "{first:?}");
    let known = Caller { marks: Some(&marks), ..HERE };
    assert!(waits(&world, &answer(&world, ADA, PASSWORD, known).await).is_some(), "mark is over");
}

async fn a_mark_is_no_way_in_and_is_of_one_name(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let known = Caller { marks: Some(&ada.marks), ..HERE };
    for _ in 0..3 {
        answer(&world, ADA, WRONG, known).await;
    }
    assert!(waits(&world, &answer(&world, ADA, PASSWORD, known).await).is_some());
    // A renewed one is the same browser.
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let done = world.desk.second_step(&half, &ada.codes[0], known).await.expect("answers");
    assert!(matches!(done, Stepped::Refused(_)), "it waits there as well: {done:?}");
    world.pass(2);
    let done = world.desk.second_step(&half, &ada.codes[0], known).await.expect("answers");
    let Stepped::Done { marks, .. } = done else { panic!("{done:?}") };
    assert_ne!(marks, ada.marks);
    answer(&world, ADA, WRONG, known).await;
    let renewed = Caller { marks: Some(&marks), ..HERE };
    assert!(waits(&world, &answer(&world, ADA, PASSWORD, renewed).await).is_some());
    let known = Caller { marks: Some(&marks), ..from(9) };
    for _ in 0..3 {
        answer(&world, OTTO, WRONG, known).await;
    }
    assert!(waits(&world, &answer(&world, OTTO, WRONG, from(9)).await).is_some());
}

async fn several_people_share_a_browser(home: Home) {
    let world = World::over(&home).await;
    let (ada, otto) = (world.set_up(ADA).await, world.set_up(OTTO).await);
    let here = Caller { marks: Some(&otto.marks), ..HERE };
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let done = world.desk.second_step(&half, &ada.codes[0], here).await.expect("answers");
    let Stepped::Done { marks, .. } = done else { panic!("{done:?}") };
    for name in [ADA, OTTO] {
        guess_on(&world, name, HERE).await;
        let known = Caller { marks: Some(&marks), ..HERE };
        let signed_in = answer(&world, name, PASSWORD, known).await;
        assert!(matches!(signed_in, SignedIn::Next { .. }), "{name}: {signed_in:?}");
    }
}

async fn an_address_that_guesses_at_many_names_waits_and_an_own_account_does_not_clear_it(
    home: Home,
) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let guess = async |n: usize| answer(&world, &format!("name{n}"), WRONG, HERE).await;
    for n in 0..22 {
        assert_eq!(waits(&world, &guess(n).await), None, "{n}: a school has many who mistype");
    }
    // Of names that nobody has, only the first is told.
    assert_eq!(world.times_told("sign-in.tried").await, 1);
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let done = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    assert!(matches!(done, Stepped::Done { .. }));
    assert_eq!(waits(&world, &guess(90).await), Some(2.0), "signing in has not cleared it");
    assert_eq!(waits(&world, &guess(91).await), Some(2.0));
    assert_eq!(waits(&world, &answer(&world, "name92", WRONG, from(2)).await), None);
    world.pass(24 * 3_600);
    assert_eq!(waits(&world, &guess(93).await), None, "a day later it is forgotten");
}

async fn whoever_has_the_password_and_guesses_at_the_second_step_waits_wherever_they_are(
    home: Home,
) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    world.pass(60);
    let mut looked_at = 0;
    // They give the password again before each guess, and come from everywhere.
    for n in 0..30 {
        let SignedIn::Next { token, .. } = answer(&world, OTTO, PASSWORD, from(n)).await else {
            panic!("the password is right")
        };
        let guess = world.desk.second_step(&token, &format!("{n:06}"), from(n)).await;
        let Stepped::Refused(refused) = guess.expect("answers") else { panic!("guessed") };
        looked_at += usize::from(refused.looked_at);
    }
    assert_eq!(looked_at, 3);
    // His own browser does not wait for them.
    let known = Caller { marks: Some(&otto.marks), ..HERE };
    let code = app_code(otto.secret.as_deref().expect("an app"), world.hand.now());
    let (half, _) = world.begun(OTTO, PASSWORD).await;
    let done = world.desk.second_step(&half, &code, known).await.expect("answers");
    assert!(matches!(done, Stepped::Done { .. }), "{done:?}");
}

async fn a_second_step_has_five_tries_and_then_the_password_is_due_again(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let (half, _) = world.begun(ADA, PASSWORD).await;
    for n in 0..5 {
        let wrong = world.desk.second_step(&half, "000000", HERE).await.expect("answers");
        assert!(matches!(wrong, Stepped::Refused(_)), "{n}: {wrong:?}");
        world.pass(60);
    }
    assert!(world.desk.half(&half).await.expect("answers").is_none());
    let over = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    assert_eq!(over, Stepped::Over);
    // It forgives only itself: the five stay counted.
    world.signed_in(ADA, &ada.codes[0]).await;
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let wrong = world.desk.second_step(&half, "000000", HERE).await.expect("answers");
    let Stepped::Refused(Refused { until: Some(until), .. }) = wrong else { panic!("{wrong:?}") };
    assert_eq!(until.seconds_since(world.hand.now()), 16.0);
}

async fn of_many_tries_at_once_few_are_looked_at(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let tries = (0..30).map(|_| world.desk.sign_in(ADA, WRONG, HERE));
    for answer in futures::future::join_all(tries).await {
        assert!(matches!(answer.expect("answers"), SignedIn::Refused(_)));
    }
    assert_eq!(world.times_told("sign-in.tried").await, 3);
}

async fn a_crowd_is_refused_at_once_and_whoever_is_known_gets_in(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let known = Caller { marks: Some(&ada.marks), ..HERE };
    let crowd = async {
        let tries = (0..60).map(|n| {
            let (world, name) = (&world, format!("name{n}"));
            async move { answer(world, &name, WRONG, from(n)).await }
        });
        let answers = futures::future::join_all(tries).await;
        (answers, Instant::now())
    };
    let here = async {
        // The line is full by now.
        tokio::time::sleep(Duration::from_millis(100)).await;
        (answer(&world, ADA, PASSWORD, known).await, Instant::now())
    };
    let ((answers, crowd_done), (known, known_done)) = tokio::join!(crowd, here);
    let refused = |one: &&SignedIn| {
        matches!(one, SignedIn::Refused(Refused { looked_at: false, until: Some(_) }))
    };
    let refused: Vec<_> = answers.iter().filter(refused).collect();
    assert!((1..=38).contains(&refused.len()), "{}", refused.len());
    assert_eq!(waits(&world, refused[0]), Some(5.0));
    // They were not counted: they come from places of their own.
    assert_eq!(world.times_told("sign-in.tried").await, 60 - refused.len() + 1);
    assert!(matches!(known, SignedIn::Next { .. }), "{known:?}");
    assert!(known_done < crowd_done, "she did not wait for all of them");
}

async fn a_request_that_is_dropped_leaves_no_count(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let counted = || async {
        home.texts("SELECT CAST(sum(count) AS TEXT) FROM sign_in_failure").await.remove(0)
    };
    for begun in 1..=5 {
        let counts = async {
            while world.times_told("sign-in.tried").await < begun {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = counts => {}
            answer = world.desk.sign_in(ADA, PASSWORD, HERE) => {
                assert!(answer.is_ok(), "it was quicker than it could be dropped");
            }
        }
        while world.times_told("sign-in.begun").await < begun + 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(counted().await, "0", "{begun}");
    }
}

async fn a_gateway_whose_clock_is_behind_waits_as_well(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    guess_on(&world, ADA, HERE).await;
    for behind in [60, 60] {
        world.pass(-behind);
        let early = answer(&world, ADA, PASSWORD, HERE).await;
        assert_eq!(waits(&world, &early), Some(900.0), "no wait is longer");
    }
    world.pass(-3_600);
    let answer = answer(&world, ADA, PASSWORD, HERE).await;
    assert!(matches!(answer, SignedIn::Next { .. }), "that clock was wrong: {answer:?}");
}

async fn a_code_of_the_app_is_taken_once_and_none_before_it(home: Home) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    let secret = otto.secret.as_deref().expect("an app");
    world.pass(90);
    let now = world.hand.now();
    let code = |late: i64| app_code(secret, Timestamp(now.0 + late * 1_000_000));
    world.signed_in(OTTO, &code(0)).await;
    for (late, taken) in [(0, false), (-30, false), (30, true), (30, false), (0, false)] {
        let (half, _) = world.begun(OTTO, PASSWORD).await;
        let done = world.desk.second_step(&half, &code(late), HERE).await.expect("answers");
        assert_eq!(matches!(done, Stepped::Done { .. }), taken, "{late}: {done:?}");
        world.pass(if taken { 0 } else { 5 });
    }
}

async fn the_code_with_which_an_account_was_set_up_counts_as_taken(home: Home) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    let code = app_code(otto.secret.as_deref().expect("an app"), world.hand.now());
    let (half, _) = world.begun(OTTO, PASSWORD).await;
    let again = world.desk.second_step(&half, &code, HERE).await.expect("answers");
    assert!(matches!(again, Stepped::Refused(_)), "{again:?}");
}

/// Without a hash for names that nobody has it would take a hundredth of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_as_long_to_refuse_a_name_that_nobody_has() {
    let home = Home::sqlite().await;
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..9 {
        world.pass(24 * 3_600);
        for (name, times) in [(ADA, &mut known), ("nobody@ridgeway.example", &mut unknown)] {
            let begun = Instant::now();
            answer(&world, name, WRONG, from(n)).await;
            times.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    assert!((0.5..2.0).contains(&(unknown / known)), "known {known} s, unknown {unknown} s");
}
